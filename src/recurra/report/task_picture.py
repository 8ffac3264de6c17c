"""A picture of a task's sample trials."""

from pathlib import Path

from recurra.plotting.papers import sample_trials
from recurra.report.figures import check_new_picture, write_figure
from recurra.streams import Stream, random_key
from recurra.tasks import Task


def write_task_picture(task: Task, seed: int, path: Path, trials: int = 3) -> None:
    """Draw sample trials of a task into a PNG, SVG or PDF file.

    Args:
        task: the task.
        seed: the seed of the trials.
        path: the file to make; its ending says which kind.
        trials: number of trials that are drawn.
    """
    check_new_picture(path)
    write_figure(sample_trials(task.sample(random_key(seed, Stream.test), trials), trials), path)
