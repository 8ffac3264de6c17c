"""The numbers of a method as arrays, so that one compiled program serves all their values, one for every network.

A class says in `varying` which of its fields these are: fields of type float that its equations use as `jax.numpy`
uses an array, without a decision of Python's on their value.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

Method = TypeVar("Method")


def numbers_of(method: Any) -> dict[str, float]:
    """The varying numbers of a dataclass and its parts, by names such as "optimizer.beta1" or "penalties.0.strength".

    Args:
        method: a frozen dataclass; `varying` in its class, if there is one, has the names of its own fields.
    """
    return dict(_numbers(method, ""))


def with_numbers(method: Method, numbers: Mapping[str, Any]) -> Method:
    """The same method with other numbers, which may be arrays and are not checked.

    Args:
        method: a frozen dataclass.
        numbers: by the names of `numbers_of`; the others stay.
    """
    return _with(method, numbers, "")


def without_numbers(method: Method) -> Method:
    """The same method with None in place of its varying numbers: equal for methods that one program serves.

    Args:
        method: a frozen dataclass.
    """
    return with_numbers(method, dict.fromkeys(numbers_of(method)))


def _numbers(part: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(part, tuple):
        for at, one in enumerate(part):
            yield from _numbers(one, f"{path}{at}.")
    elif is_dataclass(part):
        varying = getattr(type(part), "varying", ())
        for field in fields(part):
            value = getattr(part, field.name)
            if field.name in varying:
                yield f"{path}{field.name}", value
            else:
                yield from _numbers(value, f"{path}{field.name}.")


def _with(part: Any, numbers: Mapping[str, Any], path: str) -> Any:
    if isinstance(part, tuple):
        return tuple(_with(one, numbers, f"{path}{at}.") for at, one in enumerate(part))
    if not is_dataclass(part):
        return part
    changed = copy.copy(part)
    for field in fields(part):
        name = f"{path}{field.name}"
        value = numbers[name] if name in numbers else _with(getattr(part, field.name), numbers, f"{name}.")
        object.__setattr__(changed, field.name, value)
    return changed
