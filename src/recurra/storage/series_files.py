"""Series of one's own in `.npy`, `.npz` and `.csv` files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Float

from recurra.checks import check_finite, check_float32
from recurra.storage.reading import naming, read_bytes

MOST_BYTES = 2**28
BEGINNINGS = {".npy": b"\x93NUMPY", ".npz": b"PK"}


def read_series(path: Path | str, name: str | None = None) -> Float[np.ndarray, "time channel"]:
    """The numbers in a file, one row a time step, for `rc.Series`; nothing in it is run.

    Args:
        path: a `.npy` or `.npz` file of NumPy, or a `.csv` file of numbers between commas, with or without one line of
            names; blank lines are allowed at its end alone.
        name: which array of a `.npz` file; not needed if there is one.

    Raises:
        ValueError: the file is missing, damaged, or holds anything but finite real numbers within the range of float32,
            in rows of one length; one line that begins with the file's name.

    Examples:
        >>> import numpy as np, recurra as rc, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "waves.csv"
        >>> np.savetxt(path, np.sin(np.arange(300) / 5), delimiter=",")
        >>> rc.read_series(path).shape
        (300, 1)
    """
    path = Path(path)
    with naming(path):
        content = read_bytes(path, MOST_BYTES)
        array = _table(content) if path.suffix == ".csv" else _numpy_array(content, path.suffix, name)
        if array.dtype.kind not in "iuf":
            raise ValueError(f"holds {array.dtype}; expected numbers")
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"holds an array of the shape {array.shape}; expected (time, channel)")
        check_finite("the series", array)
        check_float32("the series", array)
        return array.astype(np.float64)


def _numpy_array(content: bytes, suffix: str, name: str | None) -> np.ndarray:
    if suffix not in BEGINNINGS:
        raise ValueError("is no .npy, .npz or .csv file")
    if not content.startswith(BEGINNINGS[suffix]):
        raise ValueError(f"is no {suffix} file of NumPy")
    with _whole(suffix):
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
    if suffix == ".npy":
        return loaded
    names = list(loaded)
    if not names:
        raise ValueError("holds no array; expected one of the shape (time, channel)")
    if name is None and len(names) > 1:
        raise ValueError(f"holds the arrays {', '.join(names)}; say which: name=...")
    if name is not None and name not in names:
        raise ValueError(f"holds no array {name!r}; it has {', '.join(names)}")
    with _whole(suffix):
        return np.asarray(loaded[name or names[0]])


@contextmanager
def _whole(suffix: str) -> Iterator[None]:
    """One line of our own for all that NumPy says of a file that it cannot read."""
    try:
        yield
    except Exception:
        raise ValueError(f"is damaged, or holds objects; expected a {suffix} file of an array of numbers") from None


def _table(content: bytes) -> np.ndarray:
    try:
        lines = content.decode("utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError:
        raise ValueError("is no text in UTF-8; expected numbers between commas") from None
    blank = [number for number, line in enumerate(lines, 1) if not line.strip()]
    if blank:
        raise ValueError(f"line {blank[0]} is blank, which may be a missing sample; expected numbers in every line")
    rows = [[cell.strip() for cell in line.split(",")] for line in lines]
    if rows and any(rows[0]) and not any(_is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        raise ValueError("holds no numbers; expected one row of them a time step, between commas")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise ValueError(f"row {number} has {len(row)} numbers and the first {len(rows[0])}; expected as many")
        wrong = [cell for cell in row if not _is_number(cell)]
        if wrong:
            raise ValueError(f"row {number} has {wrong[0][:40]!r}; expected numbers between commas")
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
