"""A picture of a task's sample trials."""

from pathlib import Path

from recurra.plotting.papers import sample_trials
from recurra.streams import Stream, random_key
from recurra.tasks import Task

ENDINGS = (".png", ".svg", ".pdf")


def write_task_picture(task: Task, seed: int, path: Path, trials: int = 3) -> None:
    """Draw sample trials of a task into a PNG, SVG or PDF file.

    Args:
        task: the task.
        seed: of the trials.
        path: the file to make; its ending says which kind.
        trials: how many are drawn.
    """
    if path.suffix not in ENDINGS:
        raise ValueError(f"{path}: unknown ending {path.suffix!r}; expected one of: {', '.join(ENDINGS)}")
    if path.exists():
        raise ValueError(f"{path} exists; choose another file")
    figure = sample_trials(task.sample(random_key(seed, Stream.test), trials), trials)
    figure.savefig(path, dpi=200)
