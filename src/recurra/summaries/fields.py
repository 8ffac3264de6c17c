"""The fields of any record in words: numbers as they are, arrays by their axes and range."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import jax
import numpy as np
from jax.core import Tracer

from recurra.arrays import axes_in
from recurra.docstrings import parameter_texts
from recurra.shown import Shown
from recurra.summaries.summary import Fact, Summary
from recurra.wording import three, whole_or_three

FEW = 6  # most entries of an array that are all written
NAMED = 4  # most names of a list that are written
LONGEST = 60  # characters of the text of a value that is neither number nor array


def title_of(record: Any) -> str:
    """The class of a record with the lengths of its axes: "FixedPoints (point: 27, state_variable: 100)"."""
    sizes: dict[str, int] = {}
    for field, axes in _axes_of(type(record)).items():
        sizes |= dict(zip(*_sizes(getattr(record, field, None), axes), strict=True))
    told = ", ".join(f"{axis}: {size:,}" for axis, size in sizes.items())
    return f"{type(record).__name__} ({told})" if told else type(record).__name__


def facts_of(record: Any, without: Sequence[str] = ()) -> tuple[Fact, ...]:
    """Every field of a record in a few words, numbers and texts before arrays.

    Args:
        record: a dataclass.
        without: fields that are told otherwise.
    """
    texts, axes = parameter_texts(type(record)), _axes_of(type(record))
    words = getattr(type(record), "flags", {})
    names = [field.name for field in fields(record) if field.name not in without]
    values = {name: record.__dict__.get(name) for name in names}
    order = sorted(names, key=lambda name: np.ndim(values[name]) > 0 if _is_array(values[name]) else False)
    said = {name: texts.get(name, "").replace("`", "") for name in order}  # no Markdown is rendered in a summary
    return tuple(Fact(name, value_words(values[name], axes[name], words.get(name, ())), said[name]) for name in order)


def fields_summary(record: Any) -> Summary:
    """The summary of a record of which nothing more is known than its fields."""
    return Summary(title_of(record), facts=facts_of(record))


def value_words(value: Any, axes: Sequence[str] = (), words: Sequence[str] = ()) -> str:
    """A value in a few words.

    Args:
        value: a number, text, array, record or anything else.
        axes: the names of the axes of an array; a star is before the name of an axis that may be missing.
        words: what its whole numbers stand for, if they stand for words.
    """
    if isinstance(value, Tracer):
        return f"traced {value.aval.str_short()}"
    if _is_array(value) and np.ndim(value) > 0:
        names, _ = _sizes(value, axes)
        whose = ", ".join(names) if names else " × ".join(map(str, np.shape(value)))
        return f"{array_words(np.asarray(value), words)} ({whose})"
    if _is_array(value):
        value = np.asarray(value).item()
    if words and isinstance(value, int) and 0 <= value < len(words):
        return words[value]
    return _plain_words(value)


def _plain_words(value: Any) -> str:
    match value:
        case None | [] | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            text = value or "none"
        case int() | float():
            return whole_or_three(value)
        case complex():
            text = f"{three(value.real)} {'−' if value.imag < 0 else '+'} {three(abs(value.imag))}i"
        case Shown():
            text = type(value).__name__
        case Mapping():
            text = _listed(list(map(str, value))) or "none"
        case [Shown(), *_]:
            text = f"{len(value)} × {type(value[0]).__name__}"
        case list() | tuple():
            text = _listed([_plain_words(one) for one in value])
        case _:
            text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def array_words(array: np.ndarray, words: Sequence[str] = ()) -> str:
    """The entries of an array if they are few, otherwise how often each occurs, or their range.

    Args:
        array: the array.
        words: what its whole numbers stand for, if they stand for words.
    """
    if not array.size:
        return "none"
    if words:
        counts = Counter(words[at] if 0 <= at < len(words) else "not known" for at in array.ravel().tolist())
        return ", ".join(f"{word} {count:,}" for word, count in counts.most_common())
    if array.dtype.kind == "b":
        return f"{int(array.sum()):,} of {array.size:,}"
    if array.dtype.kind not in "iufc":
        return _listed([str(one) for one in array.ravel()[: NAMED + 1]], array.size)
    if array.ndim == 1 and array.size <= FEW:
        return ", ".join(_plain_words(one) for one in array.tolist())
    return _range_words(array)


def _range_words(array: np.ndarray) -> str:
    """The least and the greatest number, and how many entries have none."""
    known = array[~np.isnan(array)]
    if not known.size:
        return "no number"
    sizes = np.abs(known) if np.iscomplexobj(known) else known
    low, high = (whole_or_three(float(one)) for one in (sizes.min(), sizes.max()))
    told = f"{'modulus ' if np.iscomplexobj(known) else ''}{low}{'' if low == high else f' to {high}'}"
    missing = array.size - known.size
    return f"{told}, {missing:,} without a number" if missing else told


def _listed(words: Sequence[str], count: int | None = None) -> str:
    """The first words of a list, and how many more there are."""
    more = (len(words) if count is None else count) - NAMED
    return f"{', '.join(words[:NAMED])}{f' and {more:,} more' if more > 0 else ''}"


def _axes_of(kind: type) -> dict[str, tuple[str, ...]]:
    """The axis names of every field; of a field that may be one of several kinds of arrays, those of the first."""
    hints = get_type_hints(kind)
    first = {field.name: (get_args(hints[field.name]) or (hints[field.name],))[0] for field in fields(kind)}
    return {name: tuple((axes_in(hint) or "").split()) for name, hint in first.items()}


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def _sizes(value: Any, axes: Sequence[str]) -> tuple[list[str], list[int]]:
    """The names and lengths of the axes of an array; none if it does not have the axes that its annotation says."""
    if not _is_array(value):
        return [], []
    shape = list(np.shape(value))
    fixed = [axis for axis in axes if not axis.startswith("*")]
    names = [axis.lstrip("*") for axis in axes] if len(shape) == len(axes) else fixed
    named = names if len(names) == len(shape) else []
    return [name.lstrip("_") for name in named], shape if named else []
