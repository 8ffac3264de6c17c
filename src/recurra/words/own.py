"""The results of a user's own analyses in a small table: numbers by median and range, arrays by shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Failure
from recurra.analysis.own import OwnRecord, group_of
from recurra.arrays import record_axes
from recurra.docstrings import parameter_texts
from recurra.wording import three

MOST_WORDS = 3  # most texts that a row names


@dataclass(frozen=True)
class OwnRow:
    """One row of the table: one value of one analysis, over all networks.

    Args:
        analysis: "module:function".
        what: the name of the value.
        summary: median and range of a number; how often each text occurs; the shape of an array.
        networks: the number of networks in which the value is known.
        meaning: the description in the docstring of the record.
    """

    analysis: str
    what: str
    summary: str
    networks: int
    meaning: str

    @property
    def group(self) -> str:
        """The group of `run.zarr` that holds the numbers."""
        return group_of(self.analysis)


def fields_of(record: Any) -> dict[str, tuple[Any, tuple[str, ...], str]]:
    """Value, axes and meaning of every field of a record, which is a record class or was read as data."""
    if isinstance(record, OwnRecord):
        return {name: (record.values[name], axes, record.meanings[name]) for name, axes in record.axes.items()}
    texts = parameter_texts(type(record))
    axes = record_axes(type(record))
    return {name: (getattr(record, name), own, texts.get(name, "")) for name, own in axes.items()}


def scalars_of(record: Any) -> dict[str, Any]:
    """The numbers and texts of a record by name, in plain values; a complex number as [real, imaginary]."""
    values = {name: value for name, (value, axes, _) in fields_of(record).items() if not axes}
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return {name: [one.real, one.imag] if isinstance(one, complex) else one for name, one in plain.items()}


def own_table(dossier: Dossier) -> dict[str, Any]:
    """The results of a user's own analyses of one network: numbers and texts, and the axis lengths of arrays."""
    return {
        name: None
        if isinstance(record, Failure)
        else scalars_of(record)
        | {
            key: dict(zip(axes, np.shape(value), strict=True))
            for key, (value, axes, _) in fields_of(record).items()
            if axes
        }
        for name, record in dossier.own.items()
    }


def own_rows(dossiers: Sequence[Dossier]) -> list[OwnRow]:
    """One row per value of a user's own analyses, over all networks in which the value is known."""
    rows = []
    for name in dict.fromkeys(name for dossier in dossiers for name in dossier.own):
        known = [one.own[name] for one in dossiers if not isinstance(one.own.get(name, Failure("")), Failure)]
        fields = [fields_of(record) for record in known]
        for what in dict.fromkeys(key for one in fields for key in one):
            entries = [one[what] for one in fields if what in one]
            values, axes, meaning = [one[0] for one in entries], entries[0][1], entries[0][2]
            words = _shapes(values, axes) if axes else _spread(values)
            rows.append(OwnRow(name, what, words, len(values), meaning))
    return rows


def _shapes(arrays: Sequence[Any], axes: tuple[str, ...]) -> str:
    """The length of every axis, such as "4 × 100 (condition, unit)"; a range where networks differ."""
    sizes = [sorted({np.shape(array)[at] for array in arrays}) for at in range(len(axes))]
    words = [str(one[0]) if len(one) == 1 else f"{one[0]} to {one[-1]}" for one in sizes]
    return f"{' × '.join(words)} ({', '.join(axes)})"


def _spread(values: Sequence[Any]) -> str:
    """Median and range of numbers; how often each text, or each of true and false, occurs."""
    array = np.asarray(values)
    if array.dtype.kind in "bUTO":
        words, counts = np.unique(array.astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        told = [words[at] if len(words) == 1 else f"{words[at]}: {counts[at]}" for at in order[:MOST_WORDS]]
        return ", ".join([*map(str, told), *(["…"] if len(words) > MOST_WORDS else [])])
    if array.dtype.kind == "c":
        return f"modulus {_range(np.abs(array))}"
    return _range(array.astype(np.float64))


def _range(values: np.ndarray) -> str:
    """The median, with the range if there are several numbers: "0.52 [0.40, 0.61]"."""
    known = values[~np.isnan(values)]
    if not len(known):
        return "–"
    low, middle, high = (three(float(one)) for one in (known.min(), np.median(known), known.max()))
    return middle if len(values) == 1 else f"{middle} [{low}, {high}]"
