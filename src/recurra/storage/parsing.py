"""Network files are read in a short-lived process: whatever a damaged or hostile file does there, here is one error.

Parsers of other formats crash, hang, or take all memory on some files, the HDF5 library above all. The process gets
the file on its standard input, reads it within limits of memory and time, and answers with a line of JSON, followed by
the bytes of the arrays.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from recurra.storage.content import MOST_FILE_BYTES, NO_HINTS, Axes, Content, Hints
from recurra.storage.reading import naming, one_line, open_plain

MEMORY_BYTES = 2**31  # in addition to Python, NumPy and the file itself
PROCESSOR_SECONDS, SECONDS = 20, 120
PROGRAM = "from recurra.storage.parsing import answer; answer({kind!r}, {axes!r}, {seconds}, {hints!r})"


def read_content(path: Path, kind: str, axes: Axes, hints: Hints = NO_HINTS) -> Content:
    """The content of a network's file.

    Args:
        path: the file.
        kind: "npz", "keras", "torch" or "json".
        axes: axes of the expected weight arrays, by their names.
        hints: what is known of the file beforehand.

    Raises:
        ValueError: the file cannot be read, is damaged, or holds something else; one line that begins with its name.
    """
    with naming(path):
        with open_plain(path, MOST_FILE_BYTES) as file:
            answer = _asked(kind, axes, hints, file)
        return _content_of(answer)


def _asked(kind: str, axes: Axes, hints: Hints, file: BinaryIO) -> bytes:
    """The answer of the process."""
    known = (dict(hints.names), dict(hints.settings))
    program = f"import sys; sys.path[:] = {sys.path!r}; " + PROGRAM.format(
        kind=kind, axes=dict(axes), seconds=PROCESSOR_SECONDS, hints=known
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-W", "ignore", "-c", program],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"is damaged: reading it did not end within {SECONDS} s") from None
    if done.returncode == -getattr(signal, "SIGXCPU", 0) and done.returncode:
        raise ValueError(f"is damaged: reading it did not end within {PROCESSOR_SECONDS} s")
    if done.returncode:
        raise ValueError(f"is damaged: the process that read it ended with status {done.returncode}")
    return done.stdout


def _content_of(answer: bytes) -> Content:
    """The content in an answer; raises the error if the answer is one."""
    line, _, numbers = answer.partition(b"\n")
    header = json.loads(line)
    if "error" in header:
        raise ValueError(header["error"])
    arrays, at = {}, 0
    for name, dtype, shape in header["arrays"]:
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(numbers, dtype, count, at).reshape(shape)
        at += arrays[name].nbytes
    return Content(arrays, header["says"], tuple(header["notes"]))


def answer(kind: str, axes: Axes, seconds: int, known: tuple[dict[str, str], dict[str, Any]]) -> None:
    """The program of the process: read a file on standard input and write its content to standard output."""
    out = os.fdopen(os.dup(1), "wb")
    arrays: dict[str, np.ndarray] = {}
    try:
        _limit_itself(os.fstat(0).st_size, seconds)
        parsed = content_of(sys.stdin.buffer.read(MOST_FILE_BYTES), kind, axes, Hints(*known))
        arrays = {name: np.ascontiguousarray(array) for name, array in parsed.arrays.items()}
        described = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
        header: dict[str, Any] = {"says": parsed.says, "notes": parsed.notes, "arrays": described}
    except ValueError as error:
        header = {"error": one_line(error)}
    out.write(json.dumps(header).encode() + b"\n")
    for array in arrays.values():
        out.write(array.data)
    out.flush()
    os._exit(0)  # without the clean-up of libraries that may be in any state


def content_of(content: bytes, kind: str, axes: Axes, hints: Hints = NO_HINTS) -> Content:
    """The content of a file, parsed in this process; `read_content` is the safe way.

    Raises:
        ValueError: the content is damaged or holds something else.
    """
    try:
        if kind == "npz":
            from recurra.storage.npz_content import npz_content  # noqa: PLC0415 - only one is needed, for a quick start

            return npz_content(content, axes, hints)
        if kind == "torch":
            from recurra.storage.torch_content import torch_content  # noqa: PLC0415

            return torch_content(content, axes, hints)
        if kind == "json":
            from recurra.storage.json_content import json_content  # noqa: PLC0415

            return json_content(content, axes, hints)
        from recurra.storage.keras_content import keras_content  # noqa: PLC0415

        return keras_content(content, axes, hints)
    except ValueError:
        raise
    except MemoryError:
        raise ValueError(f"needs more than {MEMORY_BYTES:,} bytes of memory to be read") from None
    except Exception as error:
        raise ValueError(f"is damaged: {error or type(error).__name__}") from None


def _limit_itself(file_bytes: int, seconds: int) -> None:
    """Limit the memory and time of this process if the system can."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:  # Windows
        return
    import h5py  # noqa: F401, PLC0415 - before the limit, which counts what libraries map

    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux
        taken = 2**33
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: taken + 2 * file_bytes + MEMORY_BYTES,
    }
    for kind, most in limits.items():
        _, highest = resource.getrlimit(kind)
        with suppress(OSError, ValueError):  # a system may not have this limit
            resource.setrlimit(kind, (most if highest == resource.RLIM_INFINITY else min(most, highest), highest))
