"""What is said of a search over hyperparameters: its trials, the best of them, and what fresh networks confirm."""

import math
from collections import Counter

from recurra.analysis.cohorts.tuning import TunedTrial, Tuning
from recurra.wording import number_of, whole_or_three
from recurra.words.sweeps import share_words

STATES = ("finished", "pruned", "failed", "running")
AIMS = {
    "rate": "lower end of the 95 % interval of the share of networks that learned",
    "time": "steps until a network is successful, twice the longest course for one that never is; mean over networks",
    "loss": "validation loss, median over networks",
}


def aim_words(tuning: Tuning) -> str:
    """What the search improved."""
    return AIMS.get(tuning.aim, tuning.aim)


def value_words(value: float) -> str:
    """A value of the aim; a dash where there is none."""
    return "–" if math.isnan(value) else "∞" if math.isinf(value) else whole_or_three(value)


def trials_words(tuning: Tuning) -> str:
    """How many trials there are, and how they ended: "40 trials: 36 finished, 3 pruned, 1 failed"."""
    counts = Counter(trial.state for trial in tuning.trials)
    ended = ", ".join(
        f"{counts[state]} {state}" for state in ("finished", "pruned", "failed", "running") if counts[state]
    )
    missing = tuning.planned - len(tuning)
    rest = f"; {missing} of {tuning.planned} have not begun" if missing else ""
    return f"{number_of(len(tuning), 'trial')}{': ' if ended else ''}{ended}{rest}"


def trial_words(trial: TunedTrial) -> str:
    """How a trial ended: "learned 100 % [56.5, 100]; aim 0.565"."""
    if trial.networks is None:
        return f"failed: {trial.reason}" if trial.reason else trial.state
    return f"learned {share_words(trial.networks.success_rate)}; aim {value_words(trial.value)}"


def best_words(tuning: Tuning) -> str:
    """The best trial; or that there is none."""
    best = tuning.best_trial
    if best is None or best.networks is None:
        return "No trial has a finite value yet."
    count = len(best.networks.rows)
    return (
        f"Best is trial {best.number}: {best.label}. Of its {number_of(count, 'network')} "
        f"{share_words(best.networks.success_rate)} learned; aim {value_words(best.value)}."
    )


def confirmed_words(tuning: Tuning) -> str:
    """What fresh networks confirm, and why that is the number to report."""
    confirmed, best = tuning.confirmed, tuning.best_trial
    if confirmed is None or best is None:
        return "The best values are not confirmed with fresh networks yet: the same command goes on."
    return (
        f"Of {number_of(len(confirmed.rows), 'fresh network')} with these values {share_words(confirmed.success_rate)} "
        f"learned{_beside(tuning)}. Report this number: the search saw neither these networks nor their trials. The "
        f"number of the search is the best of {number_of(len(tuning.finished), 'noisy number')}, and on average too "
        "good (the winner's curse)."
    )


def _beside(tuning: Tuning) -> str:
    """Of an aim other than the rate, its value in the fresh networks."""
    return "" if tuning.aim == "rate" else f"; aim {value_words(tuning.confirmed_value)}"
