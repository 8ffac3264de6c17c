"""The trials in which choices are read."""

from recurra.analysis.shown_trials import test_trials
from recurra.analysis.visit import Visit
from recurra.tasks.base import Task
from recurra.tasks.choices import Choices
from recurra.tasks.trials import Trials


def choices_of(task: Task) -> Choices:
    """What a task says of its choices; an error if it has none by evidence."""
    choices = task.choices()
    if choices is None:
        raise ValueError(
            f"the {task.title} has no choices by evidence; expected one whose choices() says them, such as a "
            "perceptual decision"
        )
    return choices


def choice_trials(visit: Visit, choices: Choices) -> Trials:
    """1,000 trials that no network was trained on; those of the visit where the task is the same."""
    return visit.trials if choices.task == visit.task else test_trials(choices.task, visit.seed)
