"""Which figures for print a run has, by the name of the file: those of a task with memories, and of any other."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, TypeVar

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis.choices.records import ChoiceRecords
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.plotting.papers import (
    behaviour,
    choice_curves,
    cube_walk,
    probe_answers,
    state_space,
    trajectories,
)
from recurra.plotting.papers.flow_field import flow_field
from recurra.plotting.papers.landscape import landscape_of_paths, landscape_of_states
from recurra.plotting.papers.lifetimes import lifetimes
from recurra.plotting.papers.program import program
from recurra.plotting.scenes.choices import chronometric_scene, psychometric_scene
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.flow import flow_scene
from recurra.plotting.scenes.lifetimes import lifetimes_scene
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.signals import bit_signals, probe_signals, trial_signals, walk_scene
from recurra.plotting.scenes.space import (
    MemorySpace,
    PathSpace,
    along_bits,
    along_components,
    drawn_walk,
    paths_scene,
)
from recurra.report.paging import all_known, pages
from recurra.words.memories import MemoryFindings, known

PLANAR = 0.6  # share of the variance in the first two components from which the flow in their plane is drawn

Plan: TypeAlias = dict[str, Callable[[], Figure]]
MemorySpaceScene: TypeAlias = Callable[[Dossier, MemoryFindings, int], MemorySpace]
Space = TypeVar("Space", MemorySpace, PathSpace)


def flipflop_plan(run: RunRecord, findings: MemoryFindings, scales: Callable[[], Scales]) -> Plan:
    """How to draw the figures that only a task with memories has: its bits, the cube walk, the memory states."""
    plan: Plan = {}
    for kind, view in (("components", along_components), ("bits", along_bits)):
        for name, part in pages(f"state_space_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, findings, view, part)
        for name, part in pages(f"landscape_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, findings, view, part, marked=True)
    for name, part in pages("lifetimes", len(run.numbers)):
        plan[name] = lambda part=part: _lifetimes(run, findings, part, scales())
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _behaviour(run, at)
        plan[f"cube_walk_{number}"] = lambda at=at: _cube_walk(run, findings, at)
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
        if (choices := run.dossiers[at].choices) is not None:
            plan[f"choices_{number}"] = lambda choices=choices, number=number: _choices(choices, number)
        if "spec" in run.about and where_known(lambda one=run.dossiers[at]: _is_planar(one), False):
            plan[f"flow_field_{number}"] = lambda at=at: _flow_field(run, conditions, at)
    return plan


def _is_planar(dossier: Dossier) -> bool:
    return bool(dossier.pca.explained_variance[:2].sum() >= PLANAR)


def _behaviour(run: RunRecord, at: int) -> Figure:
    return behaviour(bit_signals(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at]))


def _cube_walk(run: RunRecord, findings: MemoryFindings, at: int) -> Figure:
    walk, outputs = drawn_walk(findings), known(run.dossiers[at].memories).walk.outputs
    return cube_walk(walk_scene(walk, outputs, findings.task.states, run.numbers[at]))


def _sample_answers(run: RunRecord, at: int) -> Figure:
    return behaviour(trial_signals(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at]))


def _probe_answers(run: RunRecord, conditions: Conditions, at: int) -> Figure:
    probe, outputs = run.probe.isel(condition=conditions.shown), run.dossiers[at].behaviour.probe
    return probe_answers(probe_signals(probe, outputs[conditions.shown], conditions.shown_names, run.numbers[at]))


def _choices(choices: ChoiceRecords, number: int) -> Figure:
    panels = psychometric_scene(choices.psychometric), chronometric_scene(choices.chronometric)
    return choice_curves(panels, number)


def _trajectories(run: RunRecord, conditions: Conditions, part: range, marked: bool = False) -> Figure:
    """The networks of a page along the principal components of their rates, every network turned its own way."""
    time_ms = np.asarray(run.probe["probe_time"])

    def scene(at: int) -> PathSpace:
        return paths_scene(run.dossiers[at], conditions, time_ms, run.numbers[at])

    if marked:
        return landscape_of_paths(all_known(lambda at: _with_landmarks(scene(at), run.dossiers[at]), part))
    return trajectories(all_known(lambda at: replace(scene(at), landmarks=None), part))


def _with_landmarks(panel: Space, dossier: Dossier) -> Space:
    """A panel with its landmarks; where what they are made of failed, the reason."""
    _ = dossier.fixed_points, dossier.program, dossier.landscape
    _ = dossier.memories and dossier.memories.landscape_bits
    return panel


def _lifetimes(run: RunRecord, findings: MemoryFindings, part: range, scales: Scales) -> Figure:
    kept = all_known(lambda at: (known(run.dossiers[at].memories).lifetimes, run.numbers[at]), part)
    records, numbers = [one for one, _ in kept], [number for _, number in kept]
    limits = known(scales.lifetimes_ms)
    return lifetimes(lifetimes_scene(records, findings.task.states, findings.task.length_ms, numbers, limits))


def _program(run: RunRecord, at: int) -> Figure:
    return program(graph_scene(run.dossiers[at], run.task, Conditions.of(run.probe), run.numbers[at]))


def _flow_field(run: RunRecord, conditions: Conditions, at: int) -> Figure:
    points, inputs = run.dossiers[at].fixed_points, np.asarray(run.probe["inputs"])
    return flow_field(flow_scene(run.network(at), points, inputs, conditions, run.numbers[at]))


def _state_space(
    run: RunRecord, findings: MemoryFindings, view: MemorySpaceScene, part: range, marked: bool = False
) -> Figure:
    def scene(at: int) -> MemorySpace:
        return view(run.dossiers[at], findings, run.numbers[at])

    if marked:
        return landscape_of_states(all_known(lambda at: _with_landmarks(scene(at), run.dossiers[at]), part))
    return state_space(all_known(lambda at: replace(scene(at), landmarks=None), part))
