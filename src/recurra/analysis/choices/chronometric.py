"""Chronometric curves: how long a network takes to decide, by the strength of the evidence."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from recurra.analysis.choices.psychometric import ENDS
from recurra.analysis.choices.trials import choice_trials, choices_of
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import check_count, check_positive
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials

DRAWS = 1_000  # of the bootstrap


@dataclass(frozen=True)
class Chronometric(Shown):
    """How long one network takes to decide, by the strength of the evidence.

    A trial is decided at the first step from which on the decision variable stays beyond the bound, on one side, until
    the answer is no longer asked for. The reaction time counts from the begin of the evidence.

    Args:
        strength: the levels of the evidence's modulus.
        median_ms: median reaction time of the decided trials, ms; NaN for none.
        low_ms: lower end of its 95 % bootstrap interval, ms.
        high_ms: upper end of the interval, ms.
        decided: number of decided trials.
        undecided: number of trials without a decision.
        bound: beyond which the decision variable is decided.
        answer_ms: when the task asks for the answer, ms from the begin of the evidence.
        unit: of the evidence.
        contexts: the names of the contexts; one that is empty for a task without contexts.
    """

    strength: Float[np.ndarray, "level"]
    median_ms: Float[np.ndarray, "context level"]
    low_ms: Float[np.ndarray, "context level"]
    high_ms: Float[np.ndarray, "context level"]
    decided: Int[np.ndarray, "context level"]
    undecided: Int[np.ndarray, "context level"]
    bound: float
    answer_ms: float
    unit: str
    contexts: Shaped[np.ndarray, "context"]


@of_each_network
def chronometric(
    network: Subject,
    task: Task | None = None,
    *,
    trials: Trials | None = None,
    bound: float | None = None,
    draws: int = DRAWS,
    seed: int | None = None,
) -> Chronometric:
    """The median reaction time by the modulus of the evidence, with bootstrap intervals.

    A trial is decided at the first step from which on the decision variable stays beyond the bound, on one side, until
    the answer is no longer asked for; the reaction time is that step's time from the begin of the evidence, ms. If the
    task asks for silence until a signal to answer, a network that has learned to wait decides after that signal,
    whatever the evidence; `answer_ms` of the record says when it comes.

    Args:
        network: the network, or a cohort.
        task: its task, which must have choices by evidence; not needed where the network knows it.
        trials: fresh trials of `task.choices().task`; if not given, 1,000 that no network was trained on.
        bound: beyond which the decision variable is decided, above 0; if not given, that of the task, 0.5 for answers
            of ±1.
        draws: number of draws of the bootstrap.
        seed: seed of the trials and of the bootstrap; if not given, that of the network's cohort, or 0.

    Raises:
        ValueError: the task has no choices by evidence, or a number makes no sense.
    """
    check_count("draws", draws)
    visit = visit_of(network, task, seed)
    choices = choices_of(visit.task)
    bound = choices.bound if bound is None else bound
    check_positive("bound", bound)
    trials = choice_trials(visit, choices) if trials is None else trials
    variable = choices.variable(visit.network.respond(trials.inputs))
    begin, end = choices.steps(choices.stimulus_ms), choices.steps(choices.answer_ms[1])
    steps, decided = decision_steps(variable[:, begin:end], bound)
    times_ms, random = steps * visit.network.dt_ms, np.random.default_rng(seed_of(visit, None))
    strength, condition = np.unique(np.abs(choices.evidence)), np.asarray(trials.condition)
    rows = []
    for number in range(len(choices.contexts)):
        own = choices.of_context(number)
        for level in strength:
            here = np.isin(condition, own[np.abs(choices.evidence[own]) == level])
            median, low, high = _median(times_ms[here & decided], draws, random)
            rows.append((median, low, high, int((here & decided).sum()), int((here & ~decided).sum())))
    columns = [np.array(column).reshape(len(choices.contexts), -1) for column in zip(*rows, strict=True)]
    return Chronometric(
        strength,
        *columns,
        bound=float(bound),
        answer_ms=choices.answer_ms[0] - choices.stimulus_ms,
        unit=choices.unit,
        contexts=np.array(choices.contexts),
    )


def decision_steps(
    variable: Float[np.ndarray, "trial time"], bound: float
) -> tuple[Int[np.ndarray, "trial"], Bool[np.ndarray, "trial"]]:
    """The first step from which on a variable stays beyond a bound on the side of its end; and whether there is one.

    Args:
        variable: the decision variable, from the begin of the evidence to the end of the answer.
        bound: above 0.
    """
    beyond = variable * np.sign(variable[:, -1:]) > bound
    stays = np.logical_and.accumulate(beyond[:, ::-1], axis=1)[:, ::-1]
    return stays.argmax(axis=1), stays[:, -1]


def _median(
    times_ms: Float[np.ndarray, "trial"], draws: int, random: np.random.Generator
) -> tuple[float, float, float]:
    if not len(times_ms):
        return np.nan, np.nan, np.nan
    drawn = np.median(times_ms[random.integers(len(times_ms), size=(draws, len(times_ms)))], axis=1)
    low, high = np.percentile(drawn, ENDS)
    return float(np.median(times_ms)), float(low), float(high)
