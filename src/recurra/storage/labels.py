"""Labels of stored numbers: unit and meaning, from the docstrings, and the words for which numbers stand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from recurra.arrays import Weights, named_arrays
from recurra.docstrings import parameter_texts

UNITS = {"_ms": "ms", "_hz": "Hz", "_step": "time steps", "_steps": "time steps"}  # by the ending of a name; 1 for none


def labels_of(kind: type, name: str) -> dict[str, Any]:
    """The attributes of a field of a record: `units`, `long_name`, `description`, and the words of its numbers.

    Args:
        kind: the class of the record; its docstring has the meanings, its `flags` the words for numbers.
        name: name of the field.
    """
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "1")
    words = getattr(kind, "flags", {}).get(name)
    texts = parameter_texts(kind)
    return {
        "units": unit,
        "long_name": name.removesuffix("_ms").removesuffix("_hz").replace("_", " "),
        "description": texts.get(name, ""),
        **(word_labels(words) if words else {}),
    }


def word_labels(words: Sequence[str]) -> dict[str, Any]:
    """The attributes that say which word each number stands for, as in the conventions for climate data (CF)."""
    return {
        "flag_values": list(range(len(words))),
        "flag_meanings": " ".join("_".join(word.split()) or "_" for word in words),
    }


def weights_dataset(weights: Weights, networks: Sequence[int] | None = None) -> xr.Dataset:
    """Weights as a dataset whose axes are those that the annotations of their class name, each counted from 0.

    An array with the name of an axis, such as `input`, is called `input_weights`, since xarray has one name for both.

    Args:
        weights: the weights of one network, or of a cohort, with a leading `network` axis.
        networks: for a cohort the numbers of the networks, the coordinate of that axis.
    """
    kind, leading = type(weights), () if networks is None else ("network",)
    every = {axis for axes in kind.axes().values() for axis in axes}
    variables = {
        f"{name}_weights" if name in every else name: (
            (*leading, *kind.axes()[name]),
            np.asarray(array),
            labels_of(kind, name),
        )
        for name, array in named_arrays(weights).items()
    }
    dataset = xr.Dataset(variables)
    places = {axis: np.arange(size) for axis, size in dataset.sizes.items() if axis != "network"}
    return dataset.assign_coords(places | ({} if networks is None else {"network": list(networks)}))
