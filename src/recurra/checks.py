"""All argument checks: each error has the name, the value received and what was expected."""

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

MOST_STEPS = 2**31 - 1  # of a trial; counted in int32
FEWER = "the number of units, networks or trials per batch"  # what to lower if memory does not suffice
ROUNDING = 1e-6  # relative: the seven digits of float32


def check_count(name: str, value: object, at_least: int = 1, at_most: int | None = None) -> None:
    """`value` must be a whole number of at least `at_least` and, if given, at most `at_most`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}; expected a whole number")
    if value < at_least:
        raise ValueError(f"{name} is {value}; expected at least {at_least}")
    if at_most is not None and value > at_most:
        raise ValueError(f"{name} is {value}; expected at most {at_most:,}")


def check_number(name: str, value: object) -> float:
    """`value` must be a real number that is not NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is {value!r}; expected a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large for a number of float64") from None
    if math.isnan(number):
        raise ValueError(f"{name} is not a number (NaN); expected a number")
    return number


def check_finite_number(name: str, value: object) -> None:
    """`value` must be a real number, neither NaN nor infinite."""
    if math.isinf(check_number(name, value)):
        raise ValueError(f"{name} is infinite; expected a finite number")


def check_between(name: str, value: object, low: float, high: float) -> None:
    """`value` must lie in [low, high]."""
    if not low <= check_number(name, value) <= high:
        raise ValueError(f"{name} is {value}; expected a number from {low:g} to {high:g}")


def check_positive(name: str, value: object, infinite: bool = False) -> None:
    """`value` must be above zero, and finite unless `infinite` is set."""
    number = check_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} is {value}; expected a number above 0")
    if number == math.inf and not infinite:
        raise ValueError(f"{name} is infinite; expected a finite number above 0")


def check_positive_float32(name: str, value: object) -> None:
    """`value` must be above zero, and a number that single precision holds."""
    check_positive(name, value)
    low, high = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
    if not low <= check_number(name, value) <= high:
        raise ValueError(f"{name} is {value:g}; expected a number from {low:.1g} to {high:.1g}, as float32 holds")


def check_at_least_zero(name: str, value: object) -> None:
    """`value` must be finite, zero or above."""
    if not 0 <= check_number(name, value) < math.inf:
        raise ValueError(f"{name} is {value}; expected 0 or a finite number above it")


def check_range(name: str, value: object, low: float) -> None:
    """`value` must be a pair of numbers in ascending order, both finite and at least `low`."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise TypeError(f"{name} is {value!r}; expected a pair (lowest, highest)")
    first, last = (check_number(name, bound) for bound in value)
    if not low <= first <= last < math.inf:
        raise ValueError(f"{name} is {tuple(value)}; expected {low:g} <= lowest <= highest")


def check_flag(name: str, value: object) -> None:
    """`value` must be True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}; expected True or False")


def check_matrix(name: str, value: object) -> np.ndarray:
    """`value` as one square matrix of finite numbers."""
    array = check_real(name, value, "post, pre")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"{name} has the shape {array.shape}; expected a square matrix (post, pre)")
    check_finite(name, array)
    return array


def check_choice(name: str, value: str, choices: Collection[str]) -> None:
    """`value` must be one of `choices`; the error offers the nearest one."""
    if value not in choices:
        raise ValueError(f"unknown {name} {value!r}; {nearest(value, choices)}")


def check_name(name: str, value: object) -> None:
    """`value` must be a text that can name a file or folder: printable, and not a path."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; expected a text")
    if not value.strip() or value.startswith((".", "~", "-")) or not value.isprintable() or set(value) & set("/\\"):
        shown = value if len(value) <= 60 else value[:60] + "…"
        raise ValueError(f"{name} is {shown!r}; expected a plain name such as 'flipflop-1', without / and \\")
    if len(value.encode()) > 200:
        raise ValueError(f"{name} has {len(value.encode()):,} bytes, {value[:30]!r}…; expected at most 200")


def nearest(value: str, choices: Collection[str]) -> str:
    """A hint for a mistyped name: the nearest of `choices`, or all of them."""
    close = difflib.get_close_matches(str(value), list(choices), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"expected one of: {', '.join(sorted(choices))}"


def steps_of(name: str, duration_ms: float, dt_ms: float, at_least: int = 1) -> int:
    """`duration_ms` as a whole number of time steps, at least `at_least`."""
    if check_number(name, duration_ms) < 0:
        raise ValueError(f"{name} is {duration_ms:g} ms; a duration cannot be negative")
    if duration_ms == math.inf:
        raise ValueError(f"{name} is infinite; expected a duration in ms")
    if not duration_ms / dt_ms <= MOST_STEPS:
        raise ValueError(
            f"{name} is {duration_ms:g} ms, more than {MOST_STEPS:,} steps of dt_ms = {dt_ms:g}; raise dt_ms"
        )
    steps = round(duration_ms / dt_ms)
    if steps < at_least:
        raise ValueError(
            f"{name} is {duration_ms:g} ms, {steps} steps of dt_ms = {dt_ms:g}; expected at least {at_least}. "
            f"Lengthen it or lower dt_ms."
        )
    return steps


def same(first: float, second: float) -> bool:
    """Whether two numbers of a user are the same except for rounding, such as 0.1 in float32 and in float64."""
    return math.isclose(first, second, rel_tol=ROUNDING)


def same_axis(axis: str) -> str:
    """The axis of the same length: a square matrix has as many rows and columns as there are units."""
    return "unit" if axis in ("post", "pre") else axis


def check_shapes(shapes: Mapping[str, tuple[int, ...]], axes: Mapping[str, tuple[str, ...]]) -> None:
    """Check that the shapes of the weight arrays of one network fit each other.

    Args:
        shapes: shapes of the arrays, by name.
        axes: axes of the arrays, by name; `post` and `pre` are as long as `unit`.
    """
    sizes: dict[str, int] = {}
    for name, own in axes.items():
        shape, square = shapes[name], own == ("post", "pre")
        alike = [same_axis(axis) for axis in own]
        if len(shape) == len(own):
            sizes = dict(zip(alike, shape, strict=True)) | sizes
        expected = tuple(sizes.get(axis, axis) for axis in alike)
        if square and len(set(shape)) != 1:
            raise ValueError(f"{name} weights have shape {shape}; expected a square matrix (post, pre)")
        if shape != expected or 0 in shape:
            units = f" for {sizes['unit']} units" if "unit" in sizes else ""
            raise ValueError(f"{name} weights have shape {shape}; expected {expected}{units}, axes ({', '.join(own)})")


def check_finite(name: str, array: np.ndarray) -> None:
    """`array` must hold no NaN and no infinity."""
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        raise ValueError(
            f"{name} holds {bad} values that are NaN or infinite, of {array.size}; expected finite numbers"
        )


def check_array(name: str, value: object, finite: bool = True, **axes: int | None) -> np.ndarray:
    """`value` as an array of real numbers with these axes, each of the given length or, with None, of any but 0."""
    expected = ", ".join(axis if length is None else f"{axis}: {length}" for axis, length in axes.items())
    array = check_real(name, value, expected)
    fits = [there > 0 and wanted in (None, there) for there, wanted in zip(array.shape, axes.values(), strict=False)]
    if array.ndim != len(axes) or not all(fits):
        raise ValueError(f"{name} has shape {array.shape}; expected ({expected})")
    if finite:
        check_finite(name, array)
    return array


def check_real(name: str, value: object, axes: str) -> np.ndarray:
    """`value` as an array of real numbers, which the error says has these axes."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; expected an array ({axes})") from None
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has the type {array.dtype.name}; expected real numbers ({axes})")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def check_float32(name: str, array: np.ndarray) -> None:
    """`array` must hold numbers within the range of float32, the type of weights, inputs and targets."""
    largest = np.float64(np.finfo(np.float32).max)
    beyond = int(np.count_nonzero(~(np.abs(array) <= largest)))
    if beyond:
        raise ValueError(
            f"{name} holds {beyond} values beyond the range of float32, of {array.size}; expected numbers within "
            f"±{largest:.1e}"
        )


def check_memory(what: str, needed_bytes: float, lower: str = FEWER) -> None:
    """Refuse work that needs more memory than this machine has free, and name what to lower."""
    free = free_memory_bytes()
    if needed_bytes > free:
        raise ValueError(
            f"{what} would take {needed_bytes / 2**30:,.1f} GiB of memory; {free / 2**30:,.1f} GiB are free. "
            f"Lower {lower}."
        )


def free_memory_bytes() -> float:
    """Memory that new work can use, in bytes; infinite if the system does not report it."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return math.inf
