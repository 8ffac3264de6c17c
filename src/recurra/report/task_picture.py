"""A picture of a task's sample trials."""

from pathlib import Path

from recurra.plotting.papers import sample_trials
from recurra.report.figures import METADATA, write_figure
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
    endings = [f".{kind}" for kind in METADATA]
    if path.suffix not in endings:
        raise ValueError(f"{path}: unknown ending {path.suffix!r}; expected one of: {', '.join(endings)}")
    if path.exists():
        raise ValueError(f"{path} exists; choose another file")
    write_figure(sample_trials(task.sample(random_key(seed, Stream.test), trials), trials), path)
