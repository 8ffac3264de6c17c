"""The course of training, common to all learning rules: its length, its trials, and when a network ends."""

from dataclasses import dataclass, field

from recurra.checks import check_count, check_positive
from recurra.tasks.base import Task
from recurra.tasks.multi_task import MultiTask
from recurra.training.curricula import Curriculum
from recurra.training.stopping import Never, Stop
from recurra.training.trial_sets import FreshTrials, TrialSet

LARGEST_COUNT = 2**31 - 1  # of steps and trials, which are counted in int32


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of a training, whatever the rule.

    Args:
        steps: training steps in all.
        batch: trials per step.
        trials: fresh trials at every step (`FreshTrials`), or a fixed set repeated in epochs (`FixedTrials`).
        stop: when a network may end early.
        validation_trials: fresh trials on which loss and success are measured after every epoch.
        divergence: a network has diverged when its loss exceeds this many times the loss of a silent network.
        curriculum: stages of the task with other parameters, through which every network goes first; None for none.
    """

    steps: int = 1_500
    batch: int = 32
    trials: TrialSet = field(default_factory=FreshTrials)
    stop: Stop = field(default_factory=Never)
    validation_trials: int = 256
    divergence: float = 100.0
    curriculum: Curriculum | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validation_trials"):
            check_count(name, getattr(self, name), at_most=LARGEST_COUNT)
        check_positive("divergence", self.divergence, infinite=True)
        for name, kind, example in (("trials", TrialSet, "FreshTrials()"), ("stop", Stop, "Never()")):
            check_part(name, getattr(self, name), kind, example)
        if self.curriculum is not None:
            check_part("curriculum", self.curriculum, Curriculum, 'Curriculum({"delay_ms": (50.0, 100.0)})')

    @property
    def epoch_steps(self) -> int:
        """Training steps per epoch, from one checkpoint to the next."""
        return self.trials.epoch_steps(self.batch)

    @property
    def epochs(self) -> int:
        """Number of epochs until the last step."""
        return -(-self.steps // self.epoch_steps)


def check_part(name: str, value: object, kind: type, example: str) -> None:
    """Check that a part of a rule is an instance of its kind."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} is {value!r}; expected {article} {kind.__name__} such as {example}")


def check_choices(loss: str, task: Task) -> None:
    """Check that all outputs that count in a step are those of one softmax, if that is the loss."""
    if loss == "cross_entropy" and isinstance(task, MultiTask) and len({one.outputs for one in task.tasks}) > 1:
        said = ", ".join(f"{name} {one.outputs}" for name, one in zip(task.names, task.tasks, strict=True))
        raise ValueError(f"cross_entropy needs one softmax over all outputs; the tasks have different numbers: {said}")
