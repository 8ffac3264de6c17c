"""Which figures for print a run has, by the name of the file: those of a flip-flop, and those of any other task."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.analysis import Landscape, flow_field, principal_components, states_on
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.attractors import ORBIT
from recurra.analysis.dynamics.program import UNSTABLE
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.plotting.papers import (
    Lines,
    StateSpace,
    Trajectories,
    behaviour,
    cube_walk,
    probe_answers,
    sample_answers,
    state_space,
    trajectories,
)
from recurra.plotting.papers.flow_field import flow_field as flow_figure
from recurra.plotting.papers.landscape import Landmarks, landscape_of_paths, landscape_of_states
from recurra.plotting.papers.lifetimes import lifetimes
from recurra.plotting.papers.program import program
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.lifetimes import lifetimes_scene
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.scales import Scales
from recurra.report.paging import all_known, pages
from recurra.words.findings import FlipFlopFindings, known
from recurra.words.names import network_name

PLANAR = 0.6  # share of the variance in the first two components from which the flow in their plane is drawn
MARGIN = 0.12  # around the paths in that plane, as a share of the larger of their extents
NEAR = 1e-6  # distance over which a direction is measured

Coordinates: TypeAlias = Float[np.ndarray, "*batch coordinate"]
Plan: TypeAlias = dict[str, Callable[[], Figure]]
View: TypeAlias = Callable[[RunRecord, FlipFlopFindings, int], StateSpace]


def flipflop_plan(run: RunRecord, found: FlipFlopFindings, scales: Callable[[], Scales]) -> Plan:
    """How to draw the figures that only a flip-flop has: its bits, the cube walk, the memory states."""
    plan: Plan = {}
    for kind, view in (("components", _along_components), ("bits", _along_bits)):
        for name, part in pages(f"state_space_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, found, view, part)
        for name, part in pages(f"landscape_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, found, view, part, marked=True)
    for name, part in pages("lifetimes", len(run.numbers)):
        plan[name] = lambda part=part: _lifetimes(run, found, part, scales())
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _behaviour(run, at)
        plan[f"cube_walk_{number}"] = lambda at=at: _cube_walk(run, found, at)
        plan[f"program_{number}"] = lambda at=at: _program(run, at)
    return plan


def condition_plan(run: RunRecord) -> Plan:
    """How to draw the figures of other tasks: sample trials, the answer to each condition, the paths of the rates."""
    plan: Plan = {}
    conditions = Conditions.of(run.probe)
    for name, part in pages("trajectories", len(run.numbers)):
        plan[name] = lambda part=part: _trajectories(run, conditions, part)
    for name, part in pages("landscape", len(run.numbers)):
        plan[name] = lambda part=part: _trajectories(run, conditions, part, marked=True)
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _sample_answers(run, at)
        plan[f"probe_{number}"] = lambda at=at: _probe_answers(run, conditions, at)
        plan[f"program_{number}"] = lambda at=at: _program(run, at)
        if "spec" in run.about and where_known(lambda one=run.dossiers[at]: _is_planar(one), False):
            plan[f"flow_field_{number}"] = lambda at=at: _flow_field(run, conditions, at)
    return plan


def _is_planar(dossier: Dossier) -> bool:
    return bool(dossier.pca.explained_variance[:2].sum() >= PLANAR)


def _behaviour(run: RunRecord, at: int) -> Figure:
    return behaviour(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at])


def _cube_walk(run: RunRecord, found: FlipFlopFindings, at: int) -> Figure:
    return cube_walk(found.walk, known(run.dossiers[at].walk).outputs, found.task.states, run.numbers[at])


def _sample_answers(run: RunRecord, at: int) -> Figure:
    return sample_answers(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at])


def _probe_answers(run: RunRecord, conditions: Conditions, at: int) -> Figure:
    probe, outputs = run.probe.isel(condition=conditions.shown), run.dossiers[at].behaviour.probe
    return probe_answers(probe, outputs[conditions.shown], conditions.shown_names, run.numbers[at])


def _trajectories(run: RunRecord, conditions: Conditions, part: range, marked: bool = False) -> Figure:
    """The networks of a page along the principal components of their rates, every network turned its own way."""
    lines, time_ms = _lines(conditions), np.asarray(run.probe["probe_time"])
    if not marked:
        return trajectories(all_known(lambda at: _paths(run, at), part), lines, time_ms)
    pairs = all_known(lambda at: (_paths(run, at), _landmarks(run.dossiers[at], "landscape")), part)
    return landscape_of_paths([paths for paths, _ in pairs], [marks for _, marks in pairs], lines, time_ms)


def _paths(run: RunRecord, at: int) -> Trajectories:
    shares, paths = run.dossiers[at].pca.explained_variance, run.dossiers[at].behaviour.probe_components
    return Trajectories(network_name(run.numbers[at]), _components(shares, paths.shape[-1]), paths)


def _lines(conditions: Conditions) -> Lines:
    return Lines(conditions.names, conditions.colors, conditions.dashed, conditions.shown)


def _landmarks(dossier: Dossier, name: str) -> Landmarks:
    """Fixed points and orbits in at most three coordinates, with the points at rest that only the program has found."""
    found: Landscape = known(getattr(dossier, name))
    reached, saddle = dossier.program, dossier.program.saddle
    begins = found.points[saddle]
    points = np.concatenate([found.points, found.paths[reached.kind != ORBIT, -1]])
    unstable = (reached.kind == UNSTABLE).astype(int)
    return Landmarks(
        points=_in_space(points),
        index=np.concatenate([dossier.fixed_points.index, unstable[reached.kind != ORBIT]]),
        saddle=saddle,
        directions=(_in_space(begins + NEAR * found.branches) - _in_space(begins)) / NEAR,
        orbits=_in_space(found.paths[reached.kind == ORBIT]),
    )


def _lifetimes(run: RunRecord, found: FlipFlopFindings, part: range, scales: Scales) -> Figure:
    kept = all_known(lambda at: (known(run.dossiers[at].lifetimes), run.numbers[at]), part)
    records, numbers = [one for one, _ in kept], [number for _, number in kept]
    limits = known(scales.lifetimes_ms)
    return lifetimes(lifetimes_scene(records, found.task.states, found.task.length_ms, numbers, limits))


def _program(run: RunRecord, at: int) -> Figure:
    return program(graph_scene(run.dossiers[at], run.task, Conditions.of(run.probe), run.numbers[at]))


def _flow_field(run: RunRecord, conditions: Conditions, at: int) -> Figure:
    """The flow in the plane of the first two principal components of the states; in the rate form these are rates."""
    network, points = run.network(at), run.dossiers[at].fixed_points
    states = states_on(network, np.asarray(run.probe["inputs"]))
    pca = principal_components(states, 2)
    paths = pca.project(states)
    low, high = paths.min(axis=(0, 1)), paths.max(axis=(0, 1))
    room = MARGIN * float((high - low).max())
    across, upwards = ((float(low[axis] - room), float(high[axis] + room)) for axis in (0, 1))
    field = flow_field(network, pca.components, pca.center, across, upwards, points.inputs)
    first, second = _components(pca.explained_variance, 2)
    return flow_figure(
        field,
        (first, second),
        network_name(run.numbers[at]),
        paths,
        _lines(conditions),
        field.project(points.states),
        points.index,
    )


def _state_space(run: RunRecord, found: FlipFlopFindings, view: View, part: range, marked: bool = False) -> Figure:
    fourth = view is _along_bits and found.task.bits >= 4
    note = "bit 4 scales the cube: + outside, − inside" if fourth else ""
    signs, time_ms = found.task.states, np.asarray(found.walk["walk_time"])
    if not marked:
        return state_space(all_known(lambda at: view(run, found, at), part), signs, time_ms, note)
    place = "landscape_bits" if view is _along_bits else "landscape"
    pairs = all_known(lambda at: (view(run, found, at), _landmarks(run.dossiers[at], place)), part)
    return landscape_of_states([one for one, _ in pairs], [marks for _, marks in pairs], signs, time_ms, note)


def _along_components(run: RunRecord, found: FlipFlopFindings, at: int) -> StateSpace:
    """A network along the principal components of its rates: every network turned its own way."""
    dossier = run.dossiers[at]
    pca, walk, geometry = dossier.pca, known(dossier.walk), known(dossier.geometry)
    corners = pca.project(geometry.center + found.task.states @ geometry.axes)
    shown = min(3, found.task.bits, corners.shape[1])
    return StateSpace(
        title=network_name(run.numbers[at]),
        axes=_components(pca.explained_variance, shown),
        walk=walk.components[:, :shown],
        states=walk.states_components[:, :shown],
        corners=corners[:, :shown],
    )


def _along_bits(run: RunRecord, found: FlipFlopFindings, at: int) -> StateSpace:
    """A network along the axes of its bits: the cubes of all networks are aligned."""
    dossier, bits = run.dossiers[at], found.task.bits
    walk, _ = known(dossier.walk), known(dossier.geometry)
    return StateSpace(
        title=network_name(run.numbers[at]),
        axes=tuple(f"Bit {axis + 1}" for axis in range(min(3, bits))) if bits > 1 else ("Bit",),
        walk=_in_space(walk.bits),
        states=_in_space(walk.states_bits),
        corners=_in_space(found.task.states.astype(np.float64)),
    )


def _in_space(bits: Coordinates) -> Coordinates:
    """Three coordinates of four bits or more: the fourth scales the others, so that a cube stands within a cube."""
    return bits[..., :3] * (1 + 0.35 * np.clip(bits[..., 3:4], -1.5, 1.5)) if bits.shape[-1] > 3 else bits


def _components(shares: Float[np.ndarray, "component"], count: int) -> tuple[str, ...]:
    return tuple(f"PC {axis + 1} ({100 * share:.0f} %)" for axis, share in enumerate(shares[:count]))
