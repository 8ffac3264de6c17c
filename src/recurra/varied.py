"""Numbers of methods by their keys, such as "model.initializer.gain", and values of their own for every network."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, TypeAlias

from recurra.checks import check_number, nearest

Varied: TypeAlias = tuple[tuple[str, tuple[float, ...]], ...]
PARTS = ("task", "model", "training")


def varied_of(vary: Mapping[str, Sequence[float]] | Varied) -> Varied:
    """Keys of a spec with their values, checked.

    Args:
        vary: a list of numbers by key; value k is that of network k.
    """
    found = []
    for key, values in dict(vary).items():
        part, _, rest = key.partition(".") if isinstance(key, str) else ("", "", "")
        if part not in PARTS or not rest:
            raise ValueError(f"{key!r} cannot vary within a cohort; expected a key such as training.learning_rate")
        if isinstance(values, str) or (not isinstance(values, Sequence) and not hasattr(values, "tolist")):
            raise TypeError(f"vary[{key!r}] is {values!r}; expected a list of numbers, one for each network")
        listed = values.tolist() if hasattr(values, "tolist") else values  # type: ignore[union-attr]
        found.append((key, tuple(check_number(f"vary[{key!r}]", value) for value in listed)))
    return tuple(found)


def value_of(key: str, values: Sequence[float], number: int) -> float:
    """The value of network `number`."""
    if number >= len(values):
        raise ValueError(f"{key} has {len(values)} values; network {number} needs one of its own")
    return values[number]


def with_number(method: Any, key: str, value: float) -> Any:
    """The method with another number at a key; an error in one line if there is no such number.

    Args:
        method: a frozen dataclass.
        key: a full key, such as "model.initializer.gain"; its first part is the method's own.
        value: the number.
    """
    return _changed(method, key, key.split(".")[1:], value, numbers_alone=True)


def with_parameter(method: Any, key: str, value: Any) -> Any:
    """The method with another value of any parameter; an error in one line if there is none of this name.

    Args:
        method: a frozen dataclass.
        key: its name, with dots for parameters of parts, such as "pulses.chance".
        value: the value.
    """
    return _changed(method, key, key.split("."), value, numbers_alone=False)


def _changed(method: Any, key: str, names: Sequence[str], value: Any, numbers_alone: bool) -> Any:
    try:
        return _with(method, names, key, value, numbers_alone)
    except (TypeError, ValueError) as error:
        text = str(error)
        raise ValueError(text if key in text else f"{key}: {text}") from None


def _with(part: Any, names: Sequence[str], key: str, value: Any, numbers_alone: bool) -> Any:
    if not names:
        raise ValueError(f"{key} is no number")
    name, *inner = names
    if isinstance(part, tuple) and name.isdecimal():
        if int(name) >= len(part):
            raise ValueError(f"{key}: there are {len(part)} entries; the first is number 0")
        at = int(name)
        plain = not inner and (isinstance(part[at], float) or not numbers_alone)
        return (*part[:at], value if plain else _with(part[at], inner, key, value, numbers_alone), *part[at + 1 :])
    known = [field.name for field in fields(part) if field.init] if is_dataclass(part) else []
    if name not in known:
        raise ValueError(f"unknown key {key}; {nearest(name, known)}" if known else f"{key} is no number")
    if inner:
        return replace(part, **{name: _with(getattr(part, name), inner, key, value, numbers_alone)})  # type: ignore[type-var]
    hint = typing.get_type_hints(type(part))[name] if numbers_alone else None
    if numbers_alone and hint is not float and not (isinstance(hint, UnionType) and float in typing.get_args(hint)):
        raise ValueError(
            f"{key} cannot vary within a cohort: it is no number, or one that changes shapes or steps; use rc.sweep"
        )
    return replace(part, **{name: value})  # type: ignore[type-var]
