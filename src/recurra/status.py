"""The status of a network. Numerical failure is data: it raises no error and does not affect other networks."""

from enum import IntEnum


class Status(IntEnum):
    """Whether the training of a network goes on, or how it ended.

    `training`: not finished. `reached`: it met the stop criterion, and training ended there.
    `finished`: all steps were taken and there was no criterion. `missed`: all steps were taken and the
    criterion was not met. `diverged`: the loss became infinite, NaN or far larger than that of a silent
    network; the weights are those before the failing step.
    """

    training = 0
    reached = 1
    finished = 2
    missed = 3
    diverged = 4

    @property
    def ended(self) -> bool:
        return self is not Status.training
