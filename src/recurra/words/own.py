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
from recurra.wording import whole_or_three

MOST_WORDS, LONGEST = 3, 40  # most texts that a row names, and characters of each
NOTHING = "–"


@dataclass(frozen=True)
class OwnRow:
    """One row of the table: one value of one analysis, over all networks.

    Args:
        analysis: "module:function".
        what: the name of the value.
        summary: median, lowest and highest of a number; how often each text occurs; the shape of an array.
        networks: the number of networks in which the value is known, such as "4" for all or "3 of 4".
        meaning: the description in the docstring of the record; for an analysis that failed on all networks, why.
    """

    analysis: str
    what: str
    summary: str
    networks: str
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
    rows, count = [], len(dossiers)
    for name in dict.fromkeys(name for dossier in dossiers for name in dossier.own):
        every = [one.own.get(name, Failure("")) for one in dossiers]
        fields = [fields_of(record) for record in every if not isinstance(record, Failure)]
        if not fields:
            why = " / ".join(dict.fromkeys(one.reason for one in every if one.reason))
            rows.append(OwnRow(name, NOTHING, NOTHING, f"0 of {count:,}", why))
        for what in dict.fromkeys(key for one in fields for key in one):
            entries = [one[what] for one in fields if what in one]
            values, axes, meaning = [one[0] for one in entries], entries[0][1], entries[0][2]
            words = _shapes(values, axes) if axes else _spread(values)
            networks = f"{len(values):,}" if len(values) == count else f"{len(values):,} of {count:,}"
            rows.append(OwnRow(name, what, words, networks, meaning))
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
        order = np.argsort(-counts, kind="stable")[:MOST_WORDS]
        shown = [str(one).lower() if array.dtype.kind == "b" else _short(str(one)) for one in words[order]]
        told = (
            shown if len(words) == 1 else [f"{one}: {times}" for one, times in zip(shown, counts[order], strict=True)]
        )
        return ", ".join([*told, *(["…"] if len(words) > MOST_WORDS else [])])
    if array.dtype.kind == "c":
        return f"modulus {_range(np.abs(array))}"
    return _range(array.astype(np.float64))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _range(values: np.ndarray) -> str:
    """The median, with the range if numbers differ: "0.52 [0.40, 0.61]"."""
    known = values[~np.isnan(values)]
    if not len(known):
        return NOTHING
    low, middle, high = (whole_or_three(float(one)) for one in (known.min(), np.median(known), known.max()))
    return middle if low == high else f"{middle} [{low}, {high}]"
