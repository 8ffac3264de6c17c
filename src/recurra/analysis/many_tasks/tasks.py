"""The tasks of a network that has learned several."""

from recurra.tasks.base import Task
from recurra.tasks.multi_task import MultiTask


def many_tasks_of(task: Task) -> MultiTask:
    """The task, if it is a `MultiTask`; otherwise an error."""
    if not isinstance(task, MultiTask):
        raise ValueError(f"the task is {type(task).__name__}; expected a MultiTask, of several tasks in one network")
    return task
