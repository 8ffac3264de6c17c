"""Weights of the loss by the periods of a trial: which names and numbers they may have."""

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.checks import check_at_least_zero, nearest
from recurra.tasks.base import Task

PeriodWeights = tuple[tuple[str, float], ...]


def period_weights_of(value: Mapping[str, float] | Sequence[Sequence[Any]]) -> PeriodWeights:
    """The weights as pairs of a name and a number, checked.

    Args:
        value: a mapping from names to numbers, or such pairs.
    """
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        raise TypeError(f'period_weights is {value!r}; expected weights by name, such as {{"fixation": 0.1}}')
    pairs: list[Any] = list(value.items()) if isinstance(value, Mapping) else list(value)
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2 or not isinstance(pair[0], str):
            raise TypeError(f'period_weights has {pair!r}; expected a name and a number, such as ("fixation", 0.1)')
        check_at_least_zero(f"period_weights of {pair[0]!r}", pair[1])
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"period_weights names {next(one for one in names if names.count(one) > 1)!r} twice")
    return tuple((name, float(weight)) for name, weight in pairs)


def check_periods(weights: PeriodWeights, task: Task) -> None:
    """Check that the task has these periods, and that something still counts.

    Args:
        weights: the weights.
        task: what the networks learn.
    """
    known = dict.fromkeys(period.name for period in task.periods)
    for name, _ in weights:
        if name not in known:
            raise ValueError(
                f"period_weights names {name!r}, no period of the {task.title}; {nearest(name, list(known))}"
            )
    if weights and not task.probe().weighted(weights).counts.any():
        raise ValueError(f"period_weights leaves nothing of the {task.title} that counts; raise a weight above 0")
