"""The figures of any task but the flip-flop: sample trials, the answer to each condition, the paths of the rates."""

from collections.abc import Iterator
from functools import partial

from recurra.analysis.choices.records import ChoiceRecords
from recurra.analysis.record import RunRecord
from recurra.plotting.interactive import choice_curves, probe_answers, sample_trials, trajectories
from recurra.plotting.scenes.choices import chronometric_scene, psychometric_scene
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.signals import probe_signals, trial_signals
from recurra.plotting.scenes.space import paths_scene
from recurra.report.page import descriptions as say
from recurra.report.page.panel import PageFigure, PlannedFigure


def condition_panels(run: RunRecord, at: int, name: str) -> Iterator[PlannedFigure]:
    """What the network at position `at` does.

    Args:
        run: the run.
        at: position of the network.
        name: name of the network.
    """
    number, conditions = run.numbers[at], Conditions.of(run.probe)
    if run.task.known:
        yield PlannedFigure(f"trials-{number}", partial(_trials, run, at, name))
        yield PlannedFigure(f"probe-{number}", partial(_probe, run, at, name, conditions))
    if (choices := run.dossiers[at].choices) is not None:
        yield PlannedFigure(f"choices-{number}", partial(_choices, choices, number, name))
    yield PlannedFigure(f"principal-{number}", partial(_trajectories, run, at, name, conditions))


def _trials(run: RunRecord, at: int, name: str) -> PageFigure:
    outputs = run.dossiers[at].behaviour.examples
    figure = sample_trials(trial_signals(run.examples, outputs, run.numbers[at]))
    return PageFigure(f"trials-{run.numbers[at]}", figure, say.trials(name, run.examples, outputs))


def _probe(run: RunRecord, at: int, name: str, conditions: Conditions) -> PageFigure:
    outputs = run.dossiers[at].behaviour.probe[conditions.shown]
    shown, names = run.probe.isel(condition=conditions.shown), conditions.shown_names
    figure = probe_answers(probe_signals(shown, outputs, names, run.numbers[at]))
    return PageFigure(f"probe-{run.numbers[at]}", figure, say.probe(name, shown, outputs, names))


def _choices(choices: ChoiceRecords, number: int, name: str) -> PageFigure:
    shares, times = choices.psychometric, choices.chronometric
    figure = choice_curves((psychometric_scene(shares), chronometric_scene(times)))
    return PageFigure(f"choices-{number}", figure, say.choices(name, shares, times))


def _trajectories(run: RunRecord, at: int, name: str, conditions: Conditions) -> PageFigure:
    dossier, time_ms = run.dossiers[at], run.probe["probe_time"].values
    scene = paths_scene(dossier, conditions, time_ms, run.numbers[at])
    count = len(scene.axes)
    label = say.trajectories(name, dossier.pca, conditions.names, count) + say.landmarks(scene.landmarks)
    return PageFigure(f"principal-{run.numbers[at]}", trajectories(scene), label, spatial=count >= 3)
