"""Arrays of other programs by their names, as the user maps them to recurra's: `recurrent=Wrec`, `input=Win.T`."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from recurra.checks import check_shapes, nearest
from recurra.storage.content import MAP, MOST_ARRAY_BYTES, Axes, Content, at_least_single, check_array
from recurra.storage.tensors import Stored, Tensors

NEEDED = ("recurrent", "input", "output")
MOST_SHOWN = 12


def mapped(tensors: Tensors, names: Mapping[str, str], axes: Axes) -> Content:
    """The weights of a network of rate units.

    Args:
        tensors: the arrays of the file.
        names: for each of recurra's arrays the name in the file; `NAME.T` is transposed, `NAME+NAME` are added.
        axes: axes of recurra's arrays, by their names.

    Raises:
        ValueError: there is no such array, or their shapes do not fit each other.
    """
    check_names(names, axes)
    terms = {name: [term_of(tensors, one.strip()) for one in text.split("+")] for name, text in names.items()}
    room_bytes = MOST_ARRAY_BYTES
    shapes = {}
    for name, sum_of in terms.items():
        for stored, turned in sum_of:
            check_array(name, stored.shape, stored.dtype, room_bytes, len(axes[name]))
            room_bytes -= int(np.prod(stored.shape)) * stored.dtype.itemsize
            shape = stored.shape[::-1] if turned else stored.shape
            if shapes.setdefault(name, shape) != shape:
                raise ValueError(f"adds arrays of shapes {shapes[name]} and {shape} to {name}")
    biases = {"recurrent_bias": shapes["recurrent"][:1], "output_bias": shapes["output"][:1]}
    check_shapes(biases | shapes, axes)
    return Content({name: added(sum_of) for name, sum_of in terms.items()}, {})


def added(sum_of: Sequence[tuple[Stored, bool]]) -> np.ndarray:
    """The sum of arrays, each with whether it is to be transposed."""
    read = [(at_least_single(stored[()]), turned) for stored, turned in sum_of]
    return functools.reduce(np.add, [array.T if turned else array for array, turned in read])


def check_names(names: Mapping[str, str], axes: Axes) -> None:
    """Check that the user maps arrays of recurra, and those that a network needs."""
    for name in names:
        if name not in axes:
            raise ValueError(f"{MAP}: recurra has no array {name!r}; {nearest(name, axes)}")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise ValueError(f"{MAP} lacks {', '.join(missing)}; name recurrent, input and output")


def term_of(tensors: Tensors, text: str) -> tuple[Stored, bool]:
    """An array of the file, and whether it is to be transposed."""
    name = text if text in tensors else text.removesuffix(".T")
    if name not in tensors:
        raise ValueError(f"holds no array {name!r}; it has {shown(tensors)}")
    return tensors[name], name != text


def shown(tensors: Tensors) -> str:
    """The names of the arrays in a file, for a message."""
    names = sorted(tensors)
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")
