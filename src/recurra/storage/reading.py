"""Open files of the user: only plain files no larger than expected, and named in every error."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

LONGEST_MESSAGE = 400


def open_plain(path: Path, most_bytes: int) -> BinaryIO:
    """Open a plain file for reading. Anything else, such as a device or a pipe behind a link, may be endless or block.

    Args:
        path: the file.
        most_bytes: its largest size.

    Raises:
        ValueError: it is not a plain file, or is larger.
        OSError: it cannot be opened.
    """
    _check_plain(path.stat(), path, most_bytes)
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - the caller closes it
    try:
        _check_plain(os.fstat(file.fileno()), path, most_bytes)
    except BaseException:
        file.close()
        raise
    return file


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """The content of a plain file of at most `most_bytes` bytes, as checked by `open_plain`."""
    with open_plain(path, most_bytes) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"has more than {most_bytes:,} bytes, the most that recurra reads of such a file")
    return content


def read_text(path: Path, most_bytes: int) -> str:
    """The content as UTF-8 text."""
    return read_bytes(path, most_bytes).decode("utf-8")


class NoTimeStepError(ValueError):
    """Neither a file nor its reader says the length of a time step."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn an error with a file into a `ValueError` of one line that begins with the name of the file."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{path}: {one_line(error.strerror or error)}") from None
    except NoTimeStepError as error:
        raise NoTimeStepError(f"{path}: {one_line(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {one_line(error)}") from None


def one_line(message: object) -> str:
    """The message without line breaks and control characters: parts of it may come from the file."""
    text = "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(message)[:10_000].split()))
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 3] + "..."


def _open_without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _check_plain(status: os.stat_result, path: Path, most_bytes: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is no plain file but a device, pipe or socket, which recurra does not read")
    if status.st_size > most_bytes:
        raise ValueError(f"has {status.st_size:,} bytes; recurra reads at most {most_bytes:,} of such a file")
