"""The curves of learning of a run, with the bounds that its training asked for."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from recurra.models.cohort import History
from recurra.plotting.scenes.learning import LearningCurves, Threshold, learning_scene
from recurra.status import Status
from recurra.tasks import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.training import LearningRule
from recurra.training.stopping import LossBelow, SuccessAbove
from recurra.training.trial_sets import FixedTrials


def trials_seen(history: History, rule: LearningRule) -> Float[np.ndarray, "epoch"]:
    """How many training trials a network had seen at the end of every epoch."""
    if isinstance(rule.trials, FixedTrials):
        return history.step / rule.trials.epoch_steps(rule.batch) * rule.trials.count
    return history.step * rule.batch


def learning_of(
    history: History, numbers: Sequence[int], status: Sequence[Status], task: Task, rule: LearningRule
) -> LearningCurves:
    """The curves with the stop criterion, or with the bounds of the task's publication and of this report."""
    bound, publication = task.published_loss or (None, "")
    loss = None if bound is None else Threshold(bound, f"criterion of {publication}: {bound:g}")
    success = Threshold(SUCCESSFUL, f"learned: {100 * SUCCESSFUL:g} %")
    match rule.stop:
        case LossBelow(bound=bound):
            loss = Threshold(bound, f"stop criterion {bound:g}")
        case SuccessAbove(bound=bound):
            success = Threshold(bound, f"stop criterion {100 * bound:g} %")
    return learning_scene(history, trials_seen(history, rule), numbers, status, loss, success)
