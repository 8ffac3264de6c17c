"""Which figures for print a run has, by the name of the file: those of a flip-flop, and those of any other task."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.plotting.papers import (
    Lines,
    StateSpace,
    Trajectories,
    behaviour,
    cube_walk,
    network_name,
    probe_answers,
    sample_answers,
    state_space,
    trajectories,
)
from recurra.report.conditions import Conditions
from recurra.report.findings import FlipFlopFindings
from recurra.studies.run_record import RunRecord

PAGE = 20  # networks in one figure of state spaces

Coordinates: TypeAlias = Float[np.ndarray, "point coordinate"]
Plan: TypeAlias = dict[str, Callable[[], Figure]]
View: TypeAlias = Callable[[RunRecord, FlipFlopFindings, int], StateSpace]


def flipflop_plan(run: RunRecord, found: FlipFlopFindings) -> Plan:
    """How to draw the figures that only a flip-flop has: its bits, the cube walk, the memory states."""
    plan: Plan = {}
    for kind, view in (("components", _along_components), ("bits", _along_bits)):
        for name, part in _pages(f"state_space_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, found, view, part)
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _behaviour(run, at)
        plan[f"cube_walk_{number}"] = lambda at=at: _cube_walk(run, found, at)
    return plan


def condition_plan(run: RunRecord) -> Plan:
    """How to draw the figures of other tasks: sample trials, the answer to each condition, the paths of the rates."""
    plan: Plan = {}
    conditions = Conditions.of(run.probe)
    for name, part in _pages("trajectories", len(run.numbers)):
        plan[name] = lambda part=part: _trajectories(run, conditions, part)
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _sample_answers(run, at)
        plan[f"probe_{number}"] = lambda at=at: _probe_answers(run, conditions, at)
    return plan


def _behaviour(run: RunRecord, at: int) -> Figure:
    return behaviour(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at])


def _cube_walk(run: RunRecord, found: FlipFlopFindings, at: int) -> Figure:
    return cube_walk(found.walk, found.walks[at].outputs, found.task.states, run.numbers[at])


def _sample_answers(run: RunRecord, at: int) -> Figure:
    return sample_answers(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at])


def _probe_answers(run: RunRecord, conditions: Conditions, at: int) -> Figure:
    probe, outputs = run.probe.isel(condition=conditions.shown), run.dossiers[at].behaviour.probe
    return probe_answers(probe, outputs[conditions.shown], conditions.shown_names, run.numbers[at])


def _trajectories(run: RunRecord, conditions: Conditions, part: range) -> Figure:
    """The networks of a page along the principal components of their rates, every network turned its own way."""
    panels = []
    for at in part:
        paths, shares = run.dossiers[at].behaviour.probe_components, run.dossiers[at].pca.explained_variance
        panels.append(Trajectories(network_name(run.numbers[at]), _components(shares, paths.shape[-1]), paths))
    lines = Lines(conditions.names, conditions.colors, conditions.dashed, conditions.shown)
    return trajectories(panels, lines, np.asarray(run.probe["probe_time"]))


def _pages(name: str, networks: int) -> Iterator[tuple[str, range]]:
    """Names of the figures and positions of the networks in each; one page needs no number."""
    for page, first in enumerate(range(0, networks, PAGE), start=1):
        yield name if networks <= PAGE else f"{name}_{page}", range(first, min(first + PAGE, networks))


def _state_space(run: RunRecord, found: FlipFlopFindings, view: View, part: range) -> Figure:
    fourth = view is _along_bits and found.task.bits >= 4
    note = "bit 4 scales the cube: + outside, − inside" if fourth else ""
    panels = [view(run, found, at) for at in part]
    return state_space(panels, found.task.states, np.asarray(found.walk["walk_time"]), note)


def _along_components(run: RunRecord, found: FlipFlopFindings, at: int) -> StateSpace:
    """A network along the principal components of its rates: every network turned its own way."""
    pca, walk, geometry = run.dossiers[at].pca, found.walks[at], found.geometries[at]
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
    walk, bits = found.walks[at], found.task.bits
    return StateSpace(
        title=network_name(run.numbers[at]),
        axes=tuple(f"Bit {axis + 1}" for axis in range(min(3, bits))) if bits > 1 else ("Bit",),
        walk=_in_space(walk.bits),
        states=_in_space(walk.states_bits),
        corners=_in_space(found.task.states.astype(np.float64)),
    )


def _in_space(bits: Coordinates) -> Coordinates:
    """Three coordinates of four bits or more: the fourth scales the others, so that a cube stands within a cube."""
    return bits[:, :3] * (1 + 0.35 * np.clip(bits[:, 3:4], -1.5, 1.5)) if bits.shape[1] > 3 else bits


def _components(shares: Float[np.ndarray, "component"], count: int) -> tuple[str, ...]:
    return tuple(f"PC {axis + 1} ({100 * share:.0f} %)" for axis, share in enumerate(shares[:count]))
