"""The memory that a training needs, known from its sizes before anything is made."""

from recurra.checks import check_memory
from recurra.models.model import Model
from recurra.tasks.base import PIECE, Task
from recurra.training.course import Course
from recurra.training.trial_sets import FixedTrials

STRETCH = 10  # training steps whose batches are drawn at once, between two readings of the losses
DRAWING = 4  # arrays of the size of the trials that exist while they are drawn


def check_size(task: Task, model: Model, course: Course, networks: int, at_once: int | None) -> None:
    """Refuse a training that needs more memory than is free, and name the part that needs it.

    Args:
        task: what the networks learn.
        model: their architecture.
        course: the numbers of trials they learn from.
        networks: number of networks.
        at_once: number of networks computed at a time; None if the engine keeps its rates in pieces.
    """
    units, steps, batch = model.units, task.steps, course.batch
    channels = task.inputs + task.outputs
    trial = 4.0 * steps * (task.inputs + 2 * task.outputs)
    scored = min(course.validation_trials, PIECE)
    weights = 4.0 * 8 * networks * (units**2 + units * channels)
    rates = 4.0 * 6 * (32 / 6 if at_once is None else batch * min(networks, at_once)) * steps * units
    kept = 0 if at_once is None else min(networks, at_once) * units
    answers = 4.0 * scored * steps * (networks * task.outputs + kept)
    batches = trial * (batch * (2 * STRETCH + DRAWING) + scored * DRAWING)  # twice: a program takes them stacked
    check_memory(f"training {networks:,} networks of {units:,} units", weights + rates)
    check_memory(
        f"drawing {course.validation_trials:,} validation trials", weights + rates + 16.0 * course.validation_trials
    )  # a key each, at once
    check_memory(f"batches of {batch:,} trials of {steps:,} steps", weights + rates + batches)
    if isinstance(course.trials, FixedTrials):
        batches += trial * course.trials.count * DRAWING
        check_memory(f"a set of {course.trials.count:,} trials of {steps:,} steps", weights + rates + batches)
    check_memory(f"scoring {networks:,} networks on {scored:,} trials", weights + rates + batches + answers)
