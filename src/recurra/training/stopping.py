"""When the training of a network may end before its last step."""

import abc
from dataclasses import dataclass
from typing import final

from recurra.checks import check_between, check_positive
from recurra.tasks.flipflop import PAPERS_ERROR


class Stop(abc.ABC):
    """The criterion is applied to each network at the end of every epoch."""

    @abc.abstractmethod
    def reached(self, loss: float, success: float) -> bool:
        """Whether to end, given the loss and the share of successes on the validation trials."""

    def words(self) -> str:
        """The criterion for readers, such as "loss below 0.009"."""
        return type(self).__name__


@final
@dataclass(frozen=True)
class Never(Stop):
    """All steps are taken."""

    def reached(self, loss: float, success: float) -> bool:
        return False

    def words(self) -> str:
        return "none"


@final
@dataclass(frozen=True)
class LossBelow(Stop):
    """End as soon as the loss on validation trials is below a bound.

    Args:
        bound: mean squared error.

    Source: Jarne (2024) stops the 3-bit flip-flop at 0.009.
    """

    bound: float = PAPERS_ERROR

    def __post_init__(self) -> None:
        check_positive("bound", self.bound)

    def reached(self, loss: float, success: float) -> bool:
        return loss < self.bound

    def words(self) -> str:
        return f"loss below {self.bound:g}"


@final
@dataclass(frozen=True)
class SuccessAbove(Stop):
    """End as soon as the share of successful validation trials is at least a bound.

    Args:
        bound: share of the validation trials, 0 to 1.
    """

    bound: float = 0.99

    def __post_init__(self) -> None:
        check_between("bound", self.bound, 0, 1)

    def reached(self, loss: float, success: float) -> bool:
        return success >= self.bound

    def words(self) -> str:
        return f"{100 * self.bound:g} % of validation trials right"


STOPS: dict[str, type[Stop]] = {"never": Never, "loss": LossBelow, "success": SuccessAbove}
