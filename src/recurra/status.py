"""What became of a network. Numerical failure is data: it never raises and never touches the neighbours."""

from enum import IntEnum


class Status(IntEnum):
    """Where the training of one network stands or how it ended.

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
