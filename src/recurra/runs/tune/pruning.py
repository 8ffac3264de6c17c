"""When a trial of a search is ended early: it has stood still for the patience, and most finished trials were better.

Networks often learn in a jump after a long plateau, and a trial on its plateau looks hopeless. So both are asked, and
the patience must be as long as a plateau may be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from recurra.models.cohort import History
from recurra.runs.runner import Progress
from recurra.runs.tune.aims import Aim
from recurra.training import Training, TrainingState

FEWEST = 4  # finished trials with which a trial is compared

Course = Mapping[int, float]  # the aim so far after so many training steps


class PrunedError(Exception):
    """A trial is ended early; its run stays as it is after its last epoch."""


def course_of(aim: Aim, history: History) -> dict[int, float]:
    """The aim so far after every epoch.

    Args:
        aim: the aim.
        history: the measurements of all epochs.
    """
    return {
        int(step): aim.so_far(
            History(history.step[: at + 1], **{name: one[:, : at + 1] for name, one in history.curves().items()})
        )
        for at, step in enumerate(history.step)
    }


def is_hopeless(course: Course, others: Sequence[Course], patience: int, larger: bool) -> bool:
    """Whether a trial is to be ended: no progress within the patience, and its best is worse than the others' median.

    Args:
        course: the aim of the trial so far.
        others: the same of the finished trials; those that have no number at the present step are not compared.
        patience: training steps.
        larger: whether a larger value is better.
    """
    sign = 1 if larger else -1
    now = max(course)
    before = [sign * value for step, value in course.items() if step <= now - patience]
    lately = [sign * value for step, value in course.items() if step > now - patience]
    peers = [sign * other[now] for other in others if now in other]
    if not before or len(peers) < FEWEST or max(lately) > max(before):
        return False
    return max(before) < median(peers)


@dataclass(frozen=True)
class Pruning:
    """A `Progress` that ends a trial which is hopeless, and passes everything on.

    Args:
        progress: receives the progress.
        aim: the aim of the search.
        patience: training steps.
        others: the courses of the finished trials.
    """

    progress: Progress
    aim: Aim
    patience: int
    others: Sequence[Course]

    def trained(self, steps: int) -> None:
        self.progress.trained(steps)

    def analysed(self, networks: int) -> None:
        self.progress.analysed(networks)

    def epoch(self, training: Training, state: TrainingState) -> None:
        self.progress.epoch(training, state)
        if state.epoch and not state.ended:
            course = course_of(self.aim, state.history)
            if is_hopeless(course, self.others, self.patience, self.aim.larger):
                raise PrunedError
