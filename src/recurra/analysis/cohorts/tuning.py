"""The record of a search over hyperparameters: its trials, the best of them, and the networks that confirm it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from recurra.analysis.cohorts.difference import json_value
from recurra.analysis.cohorts.swept import SweptCondition, SweptKey, word
from recurra.shown import Shown

TrialState = Literal["finished", "pruned", "failed", "running"]


@dataclass(frozen=True)
class TunedTrial:
    """A trial of a search: the networks of one combination of values.

    Args:
        number: its number, from 0 in the order in which the trials began.
        values: the value of every key.
        label: the values in words.
        folder: its run folder.
        state: "finished"; "pruned", ended early; "failed", with a reason; "running", or to be taken up again.
        value: what the search improves; NaN unless the trial is finished.
        reason: why the trial failed; empty otherwise.
        so_far: what the aim was after so many training steps, of the validation trials.
        networks: the numbers of its networks; None unless the trial is finished.
    """

    number: int
    values: tuple[Any, ...]
    label: str
    folder: Path
    state: TrialState
    value: float
    reason: str
    so_far: Mapping[int, float]
    networks: SweptCondition | None

    @property
    def steps_to_success(self) -> float:
        """The median of the steps until a network was successful, over those that were; infinite if none was."""
        middle = self.networks.median("steps_to_success") if self.networks else math.nan
        return math.inf if math.isnan(middle) else middle


@dataclass(frozen=True)
class Tuning(Shown):
    """A search over hyperparameters.

    The number to report is that of `confirmed`. The value of the best trial is too good: it is the best of many noisy
    numbers.

    Args:
        name: name of the spec.
        path: its folder.
        keys: what varies, with the value of every trial.
        aim: "rate", "time", "loss" or the name of a function.
        larger: whether a larger value of the aim is better.
        planned: number of trials in all.
        trials: those that have begun, in their order.
        best: the spec with the best values, as `rc.preset` gives one: task, model, rule, networks and seed of
            `confirmed`; None as long as no trial is finished.
        confirmed: networks with the best values that the search did not see, trained and tested on other trials; None
            as long as they are not trained.
    """

    name: str
    path: Path
    keys: tuple[SweptKey, ...]
    aim: str
    larger: bool
    planned: int
    trials: tuple[TunedTrial, ...]
    best: Any
    confirmed: SweptCondition | None
    confirmed_value: float

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def finished(self) -> tuple[TunedTrial, ...]:
        """The trials that have a value."""
        return tuple(trial for trial in self.trials if trial.state == "finished")

    @property
    def ranked(self) -> list[TunedTrial]:
        """The finished trials from the best to the worst; of equal ones that whose networks were successful first."""
        return ranked(self.finished, self.larger)

    @property
    def best_trial(self) -> TunedTrial | None:
        """The best of the finished trials; None if none has a finite value."""
        return best_of(self.finished, self.larger)

    def best_so_far(self) -> Float[np.ndarray, "trial"]:
        """The best value of the trials up to each; NaN before the first that is finished."""
        values = np.array([trial.value for trial in self.trials])
        return (np.fmax if self.larger else np.fmin).accumulate(values) if len(values) else values

    def to_dataframe(self) -> pd.DataFrame:
        """One row per trial: `trial`, the values of the keys, `state`, `value`, `learned` with its interval, `reason`.

        `learned`, `learned_low` and `learned_high` are the share of networks that learned, with its 95 % interval
        (Wilson); `validation_loss` and `steps_to_success` are medians over the networks that have the number.
        """
        return pd.DataFrame([self._row(trial) for trial in self.trials])

    def table(self) -> dict[str, Any]:
        """The same and what was confirmed, as plain values for JSON; null for a number that is not known."""
        best, share = self.best_trial, self.confirmed.success_rate if self.confirmed else None
        return {
            "tuning": self.name,
            "aim": self.aim,
            "larger_is_better": self.larger,
            "planned": self.planned,
            "trials": [{key: json_value(value) for key, value in self._row(one).items()} for one in self.trials],
            "best": best.number if best else None,
            "confirmed": {
                "networks": share.total,
                "learned": share.value,
                "learned_low": share.low,
                "learned_high": share.high,
                "value": json_value(self.confirmed_value),
            }
            if share
            else None,
        }

    def _row(self, trial: TunedTrial) -> dict[str, Any]:
        texts = [value if isinstance(value, int | float | str) else word(value) for value in trial.values]
        share = trial.networks.success_rate if trial.networks else None
        medians = ("validation_loss", "steps_to_success")
        return {
            "trial": trial.number,
            **dict(zip((key.key for key in self.keys), texts, strict=True)),
            "state": trial.state,
            "value": trial.value,
            "learned": share.value if share else math.nan,
            "learned_low": share.low if share else math.nan,
            "learned_high": share.high if share else math.nan,
            **{name: trial.networks.median(name) if trial.networks else math.nan for name in medians},
            "reason": trial.reason,
        }


def ranked(finished: Sequence[TunedTrial], larger: bool) -> list[TunedTrial]:
    """Trials from the best to the worst; of equal ones that whose networks were successful first, then the earlier.

    Args:
        finished: trials that have a value.
        larger: whether a larger value is better.
    """
    sign = -1 if larger else 1
    return sorted(finished, key=lambda trial: (sign * trial.value, trial.steps_to_success, trial.number))


def best_of(finished: Sequence[TunedTrial], larger: bool) -> TunedTrial | None:
    """The best trial; None if none has a finite value.

    Args:
        finished: trials that have a value.
        larger: whether a larger value is better.
    """
    return next((trial for trial in ranked(finished, larger) if math.isfinite(trial.value)), None)
