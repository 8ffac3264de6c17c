"""The figures that only a task with memories has: its bits, the walk through its memory states, where these lie."""

from collections.abc import Iterator
from functools import partial

from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.plotting.interactive import cube_walk, lifetime_bars, sample_trials, state_space
from recurra.plotting.scenes.lifetimes import lifetimes_scene
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.signals import bit_signals, walk_scene
from recurra.plotting.scenes.space import MemorySpace, along_bits, along_components, drawn_walk
from recurra.report.page import descriptions as say
from recurra.report.page.panel import FINE, PageFigure, PlannedFigure
from recurra.words.memories import MemoryFindings, known


def flipflop_panels(run: RunRecord, findings: MemoryFindings, at: int, name: str) -> Iterator[PlannedFigure]:
    """What the network at position `at` does, and its memory states.

    Args:
        run: the run.
        findings: the records that only a task with memories has.
        at: position of the network.
        name: name of the network.
    """
    number = run.numbers[at]
    yield PlannedFigure(f"trials-{number}", partial(_trials, run, at, name))
    yield PlannedFigure(f"walk-{number}", partial(_walk, run, findings, at, name))
    yield PlannedFigure(f"principal-{number}", partial(_along_components, run, findings, at, name))
    yield PlannedFigure(f"bits-{number}", partial(_along_bits, run, findings, at, name))


def lifetimes_panel(run: RunRecord, findings: MemoryFindings, at: int, name: str, scales: Scales) -> PageFigure:
    """How long the memories of the network at position `at` last.

    Args:
        run: the run.
        findings: the records that only a task with memories has.
        at: position of the network.
        name: name of the network.
        scales: the scales that all networks share.
    """
    lifetimes, number = known(run.dossiers[at].memories).lifetimes, run.numbers[at]
    limits = known(scales.lifetimes_ms)
    scene = lifetimes_scene([lifetimes], findings.task.states, findings.task.length_ms, [number], limits)
    return PageFigure(f"lifetimes-{number}", lifetime_bars(scene), say.lifetimes(name, lifetimes))


def _trials(run: RunRecord, at: int, name: str) -> PageFigure:
    outputs = run.dossiers[at].behaviour.examples
    figure = sample_trials(bit_signals(run.examples, outputs, run.numbers[at]))
    return PageFigure(
        f"trials-{run.numbers[at]}", figure, say.bit_trials(name, run.examples["targets"].values, outputs)
    )


def _walk(run: RunRecord, findings: MemoryFindings, at: int, name: str) -> PageFigure:
    walk, outputs = drawn_walk(findings), known(run.dossiers[at].memories).walk.outputs
    targets, state = walk["targets"].values, walk["memory_state"].values
    figure = cube_walk(walk_scene(walk, outputs, findings.task.states, run.numbers[at]))
    return PageFigure(f"walk-{run.numbers[at]}", figure, say.walk(name, state, targets, outputs[: len(state)]))


def _along_components(run: RunRecord, findings: MemoryFindings, at: int, name: str) -> PageFigure:
    shown = along_components(run.dossiers[at], findings, run.numbers[at])
    return _portrait(run, f"principal-{run.numbers[at]}", shown, _label(run, at, name, shown))


def _along_bits(run: RunRecord, findings: MemoryFindings, at: int, name: str) -> PageFigure:
    shown = along_bits(run.dossiers[at], findings, run.numbers[at])
    label = where_known(lambda: _label(run, at, name, shown), f"{name}: the path of the rates.") + " Axes: the bits."
    return _portrait(run, f"bits-{run.numbers[at]}", shown, label)


def _label(run: RunRecord, at: int, name: str, shown: MemorySpace) -> str:
    """What a state space shows, in words."""
    dossier = run.dossiers[at]
    label = say.state_space(name, known(dossier.memories).geometry, dossier.pca, len(shown.axes))
    return label + (say.landmarks(shown.landmarks) if shown.landmarks else "")


def _portrait(run: RunRecord, key: str, shown: MemorySpace, label: str) -> PageFigure:
    divisions = 2 if len(run.numbers) <= FINE else 1
    return PageFigure(key, state_space(shown, divisions=divisions), label, spatial=len(shown.axes) >= 3)
