"""What a search over hyperparameters improves: a number of the networks of a trial, and the same in its course."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, cast, final

import numpy as np
from jaxtyping import Float

from recurra.analysis.cohorts.swept import SweptCondition
from recurra.checks import nearest
from recurra.models.cohort import Cohort, History
from recurra.runs.own import is_own, own_name, own_object
from recurra.tasks.rules import SUCCESSFUL
from recurra.training.progress import last_number

Function: TypeAlias = Callable[[Cohort], float]
PENALTY = 2  # times the longest course, for a network that was never successful
UNNAMED = "function "  # before the name of a function that no other process can find


class Aim(abc.ABC):
    """What a search improves."""

    larger: ClassVar[bool]

    @abc.abstractmethod
    def of(self, cohort: Cohort, networks: SweptCondition) -> float:
        """The number of a trained cohort; may be infinite or NaN."""

    @abc.abstractmethod
    def so_far(self, history: History) -> float:
        """What the number would be from the validation trials up to now: trials are pruned by it."""


@final
@dataclass(frozen=True)
class Rate(Aim):
    """The lower end of the 95 % interval (Wilson) of the share of networks that learned their task."""

    larger = True

    def of(self, cohort, networks):
        return networks.success_rate.low

    def so_far(self, history):
        return _right(history)


@final
@dataclass(frozen=True)
class Time(Aim):
    r"""Training steps until a network is successful, the mean over networks: the penalized average (PAR2).

    A network that never is counts as twice the longest course of the search, so that few slow networks are better than
    few quick ones beside others that fail.

    Args:
        longest: training steps of the longest course.

    Source: Hutter, Hoos, Leyton-Brown and Stützle (2009), doi:10.1613/jair.2861, who penalize times so.
    """

    longest: int
    larger = False

    def of(self, cohort, networks):
        return self._mean(networks.column("steps_to_success"))

    def so_far(self, history):
        right = history.on_task(history.success) >= SUCCESSFUL
        first = np.where(right.any(axis=1), history.step[right.argmax(axis=1)], np.nan)
        return self._mean(first)

    def _mean(self, steps: Float[np.ndarray, "network"]) -> float:
        return float(np.where(np.isnan(steps), PENALTY * self.longest, steps).mean())


@final
@dataclass(frozen=True)
class Loss(Aim):
    """The validation loss, the median over networks; infinite for one that diverged or is before the task itself."""

    larger = False

    def of(self, cohort, networks):
        diverged = np.array([row["status"] == "diverged" for row in networks.rows])
        before = np.array([row.get("stages_left", 0) > 0 for row in networks.rows])  # of a curriculum
        return _middle(np.where(diverged | before, np.inf, networks.column("validation_loss")))

    def so_far(self, history):
        return _middle(np.array([last_number(row) for row in history.on_task(history.validation_loss)]))


@final
@dataclass(frozen=True)
class Own(Aim):
    """The number that a function of the user makes of the trained cohort; trials are pruned by their success.

    Args:
        name: its name.
        function: the function; a larger number is better.
    """

    name: str
    function: Function
    larger = True

    def of(self, cohort, networks):
        number = np.asarray(self.function(cohort))
        if number.ndim or not np.issubdtype(number.dtype, np.number) or np.iscomplexobj(number):
            raise TypeError(f"the aim {self.name} returned {number!r}; expected a number")
        return float(number)

    def so_far(self, history):
        return _right(history)


AIMS = ("rate", "time", "loss")


def larger_is_better(name: str) -> bool:
    """Whether a larger value of the aim with this name is better."""
    return name == "rate" or name not in AIMS


def check_aim(name: str) -> None:
    """Check that an aim has one of our names, or that of a function."""
    if name not in AIMS and not is_own(name) and not name.startswith(UNNAMED):
        raise ValueError(f"unknown aim {name!r}; {nearest(name, AIMS)}, or a function of your own as module:function")


def name_of(function: Function) -> str:
    """The name of a function: "module:function" where another process can find it by that."""
    try:
        return own_name(function)
    except (ValueError, AttributeError):
        return UNNAMED + getattr(function, "__qualname__", type(function).__name__)


def aim_named(name: str, longest: int, function: Function | None = None) -> Aim:
    """The aim with a name.

    Args:
        name: "rate", "time", "loss", or a function's name.
        longest: training steps of the longest course of the search.
        function: the function, if it is given and not only named.
    """
    if name in AIMS:
        return {"rate": Rate(), "time": Time(longest), "loss": Loss()}[name]
    if function is None and name.startswith(UNNAMED):
        raise ValueError(
            f"the aim is the {name}, which no other process can find by its name; put it at the top of a file of its "
            "own and name it module:function, or go on in Python with rc.tune(..., aim=function)"
        )
    found: Any = own_object(name, "aim") if function is None else function
    if not callable(found):
        raise ValueError(f"the aim {name} is a {type(found).__name__}; expected a function of a cohort")
    return Own(name, cast(Function, found))


def _right(history: History) -> float:
    """The share of right validation trials, the mean over networks."""
    shares = np.array([last_number(row) for row in history.on_task(history.success)])
    return float(np.nan_to_num(shares).mean())


def _middle(losses: Float[np.ndarray, "network"]) -> float:
    return float(np.median(np.where(np.isnan(losses), np.inf, losses)))
