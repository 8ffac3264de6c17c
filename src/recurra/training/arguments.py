"""What `train` is given, checked."""

from recurra.models.model import Model
from recurra.tasks.base import Task
from recurra.training.rule import LearningRule


def check_kind(name: str, value: object, kind: type) -> None:
    """Check that an argument is an instance of its kind; the message says if it is in the wrong place."""
    if isinstance(value, kind):
        return
    if isinstance(value, type):
        raise TypeError(f"{name} is the class {value.__name__}; expected an instance of it: {value.__name__}()")
    what = f"a {type(value).__name__}" if isinstance(value, (Task, Model, LearningRule)) else repr(value)
    raise TypeError(f"{name} is {what}; expected a {kind.__name__}. The order is train(task, model, rule)")
