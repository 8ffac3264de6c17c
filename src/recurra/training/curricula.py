"""Curricula: a network begins with an easier task, and moves on when it meets a bound."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np

from recurra.checks import check_array
from recurra.models.cohort import History
from recurra.tasks.base import Task, shapes_of
from recurra.training.stopping import Never, Stop, SuccessAbove
from recurra.varied import with_parameter

Stages = tuple[tuple[str, tuple[Any, ...]], ...]


@final
@dataclass(frozen=True)
class Curriculum:
    """Stages with other parameters that come before the task itself, which is the last stage.

    Every network begins in the first stage. At the end of an epoch in which it meets the bound on validation trials of
    its stage, it moves to the next one, by itself: networks of a cohort may be in different stages. The criterion by
    which its training ends counts in the last stage alone.

    Args:
        stages: parameters of the task by name, each with its value in every stage before the last, such as
            `{"delay_ms": (50.0, 100.0)}`, or an array of numbers, one for each stage; with dots for those of its
            parts, such as "pulses.chance". They may not change the shapes of trials or the time step.
        until: the bound, such as `SuccessAbove(0.9)` or `LossBelow(0.01)`.

    Examples:
        >>> import recurra as rc
        >>> curriculum = rc.Curriculum({"delay_ms": (20.0, 60.0)}, until=rc.SuccessAbove(0.9))
        >>> [stage.delay_ms for stage in curriculum.tasks(rc.PulseMemory(delay_ms=100.0))]
        [20.0, 60.0, 100.0]

    Source: Elman (1993), doi:10.1016/0010-0277(93)90058-4; Bengio et al. (2009), doi:10.1145/1553374.1553380.
    """

    sources: ClassVar[tuple[str, ...]] = ("elman1993", "bengio2009")

    stages: Mapping[str, tuple[Any, ...]] | tuple[tuple[str, tuple[Any, ...]], ...]
    until: Stop = field(default_factory=lambda: SuccessAbove(0.9))

    def __post_init__(self) -> None:
        if isinstance(self.stages, str) or not isinstance(self.stages, Mapping | Sequence):
            raise TypeError(f"stages is {self.stages!r}; expected values of parameters by name, one for each stage")
        object.__setattr__(self, "stages", _stages_of(self.stages))
        if not isinstance(self.until, Stop) or isinstance(self.until, Never):
            raise TypeError(f"until is {self.until!r}; expected a bound such as SuccessAbove(0.9) or LossBelow(0.01)")

    def __len__(self) -> int:
        """The number of stages, the task itself among them."""
        return len(self.pairs[0][1]) + 1

    @property
    def pairs(self) -> Stages:
        """The parameters, each with its values."""
        return self.stages  # type: ignore[return-value]

    def words(self, stage: int) -> str:
        """The parameters of a stage before the last for readers, such as "delay_ms 50".

        Args:
            stage: from 0 on.
        """
        return ", ".join(f"{name} {_word(values[stage])}" for name, values in self.pairs)

    def sentence(self) -> str:
        """The whole course for readers of its learning curves."""
        stages = "; ".join(f"{stage + 1}: {self.words(stage)}" for stage in range(len(self) - 1))
        return (
            f"A curriculum of {len(self)} stages ({stages}; {len(self)}: the task itself): a triangle marks where a "
            f"network met the bound of its stage, {self.until.words()}, and moved to the next; loss and success are "
            "those of the stage."
        )

    def tasks(self, task: Task) -> tuple[Task, ...]:
        """The tasks of all stages, the last of which is the task itself.

        Args:
            task: what is learned in the end.

        Raises:
            ValueError: a parameter is unknown, or has a value that the task does not take or that changes shapes.
        """
        tasks = [self._task(task, stage) for stage in range(len(self) - 1)]
        for stage, (one, following) in enumerate(zip(tasks, [*tasks[1:], task], strict=True)):
            if one == following:
                what = "the task itself, which follows by itself" if following is task else f"stage {stage + 2}"
                raise ValueError(f"stage {stage + 1} of the curriculum ({self.words(stage)}) is {what}; leave it out")
        return (*tasks, task)

    def after(self, left: float, loss: float, success: float) -> int:
        """How many stages are left in the next epoch.

        Args:
            left: in this one; NaN for a network that has ended.
            loss: on validation trials of this stage.
            success: share of these trials that are a success.
        """
        if np.isnan(left):
            return 0
        return max(int(left) - self.until.reached(loss, success), 0)

    def _task(self, task: Task, stage: int) -> Task:
        changed = task
        for name, values in self.pairs:
            changed = with_parameter(changed, name, values[stage])
        where = f"stage {stage + 1} of the curriculum ({self.words(stage)})"
        check_same_shapes(changed, task, where, "a curriculum may not change shapes")
        return changed


def stages_left(curricula: Sequence[Curriculum | None], history: History) -> list[int]:
    """How many stages are left for each network in the epoch that follows.

    Args:
        curricula: of the networks.
        history: their measurements so far.
    """
    if history.stages_left is None:
        return [0] * len(curricula)
    if not len(history.step):
        return [len(one) - 1 if one else 0 for one in curricula]
    last = zip(history.stages_left[:, -1], history.validation_loss[:, -1], history.success[:, -1], strict=True)
    rows = [tuple(map(float, row)) for row in last]
    return [one.after(*row) if one else 0 for one, row in zip(curricula, rows, strict=True)]


def check_same_shapes(changed: Task, task: Task, where: str, why: str) -> None:
    """Raise an error if the trials of a changed task have other shapes or another time step than those of the task.

    Args:
        changed: the task with other parameters.
        task: the task itself.
        where: what changes it, the first words of the error.
        why: its last words.
    """
    if changed == task:
        return
    if changed.dt_ms != task.dt_ms:
        raise ValueError(f"{where} changes dt_ms, the time step of the networks; choose another parameter")
    shapes, expected = _shapes(changed), _shapes(task)
    for what, one in shapes.items():
        if one != expected[what]:
            raise ValueError(
                f"{where} gives {what} of shape {one}, and the task {expected[what]}; {why}: in tasks whose trials are "
                "as long as their periods, let another period take up the change"
            )


def _shapes(task: Task) -> dict[str, tuple[int, ...]]:
    trial = shapes_of(task)
    return {"inputs": trial.inputs.shape, "targets": trial.targets.shape}


def _stages_of(value: object) -> Stages:
    pairs: list[Any] = list(value.items()) if isinstance(value, Mapping) else list(value)  # type: ignore[call-overload]
    found = []
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f'stages has {pair!r}; expected a name and its values, such as ("delay_ms", (50.0, 100.0))')
        name, values = pair
        if isinstance(name, str) and hasattr(values, "tolist"):
            check_array(f"stages[{name!r}]", values, stage=None)
            values = values.tolist()
        if not isinstance(name, str) or isinstance(values, str | bytes) or not isinstance(values, Sequence):
            raise TypeError(f"stages has {name!r}: {values!r}; expected the values of a parameter, one for each stage")
        if not values:
            raise ValueError(f"stages has no value of {name}; expected one for each stage before the task itself")
        found.append((name, tuple(map(_plain, values))))
    if not found:
        raise ValueError('stages is empty; expected parameters of the task, such as {"delay_ms": (50.0, 100.0)}')
    if len({name for name, _ in found}) < len(found):
        raise ValueError("stages names a parameter twice")
    (first, values), *others = found
    for name, other in others:
        if len(other) != len(values):
            raise ValueError(
                f"stages has {len(values)} values of {first} and {len(other)} of {name}; expected as many of each"
            )
    return tuple(found)


def _plain(value: Any) -> Any:
    """A value of one stage without arrays and lists, which have no hash."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(value) if isinstance(value, list) else value


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
