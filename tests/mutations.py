"""Read mutations of a file, each in a fork of this process, and print what came of them as JSON.

A program of its own, which loads nothing that makes threads: `python -m tests.mutations FILE KIND COUNT SEED`.
"""

import json
import os
import sys
from pathlib import Path

import h5py  # noqa: F401 - once, before the forks
import numpy as np

from recurra.arrays import RateWeights
from recurra.storage import json_content, keras_content, npz_content, parsing, torch_content  # noqa: F401

AXES = RateWeights.axes()

READ, REFUSED, TRACEBACK = 0, 1, 2


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """Some bytes are others, a part is missing or there twice, or a number is small, large or negative."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 6)):
        at, size = int(random.integers(len(changed))), int(random.choice([1, 2, 4, 8]))
        match random.integers(5):
            case 0:
                changed[at] ^= int(random.integers(1, 256))
            case 1:
                changed[at : at + size] = bytes([int(random.choice([0, 1, 127, 255]))]) * size
            case 2:
                del changed[at : at + int(random.integers(1, 64))]
            case 3:
                changed[at:at] = changed[at : at + int(random.integers(1, 64))]
            case _:
                changed[at : at + size] = random.bytes(size)
        if not changed:
            break
    return bytes(changed)


def outcome(content: bytes, kind: str) -> str:
    """What comes of reading these bytes: "read", "refused", "traceback" or "crashed", which is one line to a user."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        names = {READ: "read", REFUSED: "refused", TRACEBACK: "traceback"}
        return names[os.waitstatus_to_exitcode(status)] if os.WIFEXITED(status) else "crashed"
    status = TRACEBACK
    try:
        parsing._limit_itself(len(content), 2)
        parsing.content_of(content, kind, AXES)
        status = READ
    except ValueError as error:
        status = REFUSED if str(error) else TRACEBACK
    finally:
        os._exit(status)


def main(path: str, kind: str, count: str, seed: str) -> None:
    """Count what comes of so many mutations."""
    random, content = np.random.default_rng(int(seed)), Path(path).read_bytes()
    found: dict[str, int] = {}
    for _ in range(int(count)):
        name = outcome(mutated(content, random), kind)
        found[name] = found.get(name, 0) + 1
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
