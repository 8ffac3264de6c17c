"""`log.jsonl`: the measurements during training, one line per epoch and network."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from recurra.models.cohort import History
from recurra.status import Status
from recurra.storage.run_folder import RunFolder

CURVES = ("loss", "validation_loss", "success")
LEFT = "stages_left"  # of a training with a curriculum alone
CHANGE = "weight_change"  # not in every log
COUNTS = ("epoch", "network", "step")
MAX_LINE = 2_000


def read_log(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """The lines of `log.jsonl`, one per epoch and network; a truncated last line is left out."""
    try:
        lines = (folder.path / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder}/log.jsonl cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line[:MAX_LINE])
        except (ValueError, RecursionError):
            if number < len(lines) or line.endswith("\n"):
                raise ValueError(f"{folder}/log.jsonl, line {number}, is no JSON") from None
            return
        if not _is_line(entry):
            raise ValueError(f"{folder}/log.jsonl, line {number}, is not what training writes")
        yield entry


def read_history(folder: RunFolder) -> History:
    """Losses and success by epoch, from `log.jsonl`."""
    lines = list(read_log(folder))
    epochs, last = sorted({line["epoch"] for line in lines}), folder.entry("epoch")
    numbers = {network["number"]: at for at, network in enumerate(folder.entry("networks"))}
    whole = len(epochs) == last and (not epochs or epochs[-1] == last)
    if not whole or {line["network"] for line in lines} - set(numbers):
        raise ValueError(f"{folder}/log.jsonl is not that of the {last} epochs and the networks in run.json")
    further = [name for name in (LEFT, CHANGE) if lines and name in lines[0]]
    curves = {name: np.full((len(numbers), len(epochs)), np.nan) for name in (*CURVES, *further)}
    for line in lines:
        for name in (LEFT, CHANGE):
            if (name in line) != (name in curves):
                raise ValueError(f"{folder}/log.jsonl has {name} in some lines only")
        for name, curve in curves.items():
            value = line[name]
            curve[numbers[line["network"]], line["epoch"] - 1] = np.inf if value is None else value
    steps = {line["epoch"]: line["step"] for line in lines}
    return History(step=np.array([steps[epoch] for epoch in epochs], float), **curves)


def _is_line(line: Any) -> bool:
    if not isinstance(line, dict) or not {*COUNTS, *CURVES, "status"} <= set(line):
        return False
    counts = all(type(line[name]) is int and 0 <= line[name] < 2**53 for name in (*COUNTS, *({LEFT} & set(line))))
    numbers = all(line[name] is None or _is_number(line[name]) for name in (*CURVES, *({CHANGE} & set(line))))
    return counts and numbers and line["status"] in Status.__members__


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300 and not math.isnan(value)
