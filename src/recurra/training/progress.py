"""What is told of a training while it goes on: a line that overwrites itself, and the epochs for a callback."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TextIO, TypeAlias, final

import numpy as np
from jaxtyping import Float

from recurra.models.cohort import History
from recurra.shown import Shown
from recurra.status import Status
from recurra.terminal import harmless
from recurra.wording import number_of, time_words

WIDEST = 100  # characters of the line; a narrow terminal has room for fewer
CELLS = 10  # of the bar
STOP = "stop"  # what a callback returns to end the training


@final
@dataclass(frozen=True)
class Epoch(Shown):
    """The networks of a cohort at the end of an epoch, as a callback of `train` gets them; the arrays are read-only.

    Args:
        epoch: number of epochs so far.
        step: training steps so far.
        steps: training steps in all.
        loss: mean training loss of the epoch; NaN for a network that ended before it.
        validation_loss: loss on trials that are never used for training; NaN as above.
        success: share of the validation trials that are a success; NaN as above.
        status: the status of each network.
        numbers: number of each network.
        stages_left: stages of the curriculum that are left before the task itself; NaN as above. None without one.
        weight_change: Frobenius distance of all matrices of weights from those before training; NaN as above. None for
            a training that was begun by a version that did not measure it.
    """

    epoch: int
    step: int
    steps: int
    loss: Float[np.ndarray, "network"]
    validation_loss: Float[np.ndarray, "network"]
    success: Float[np.ndarray, "network"]
    status: tuple[Status, ...]
    numbers: tuple[int, ...]
    stages_left: Float[np.ndarray, "network"] | None = None
    weight_change: Float[np.ndarray, "network"] | None = None

    @classmethod
    def last_of(cls, history: History, steps: int, status: tuple[Status, ...], numbers: tuple[int, ...]) -> "Epoch":
        """The last epoch of a history.

        Args:
            history: the measurements so far, of one epoch at least.
            steps: training steps in all.
            status: the status of each network.
            numbers: number of each network.
        """
        last = {name: _fixed_copy(curve[:, -1]) for name, curve in history.curves().items()}
        return cls(
            epoch=len(history.step), step=int(history.step[-1]), steps=steps, status=status, numbers=numbers, **last
        )


def _fixed_copy(values: Float[np.ndarray, "network"]) -> Float[np.ndarray, "network"]:
    """A copy that nobody can write into."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


Callback: TypeAlias = Callable[[Epoch], Literal["stop"] | None]


def asks_to_stop(callback: Callback | None, epoch: Epoch) -> bool:
    """Whether a callback ends the training after this epoch; an error if it returns anything but None or "stop"."""
    answer = None if callback is None else callback(epoch)
    if answer is not None and answer != STOP:
        raise TypeError(f'callback returned {answer!r}; expected None to go on, or "stop" to end the training')
    return answer is not None


def epoch_words(history: History) -> str:
    """Least and greatest validation loss and mean success at the latest epoch of each network; empty before any."""
    if not len(history.step):
        return ""
    latest = [last_number(row) for row in history.validation_loss]
    success = np.mean([last_number(row) for row in history.success])
    return f"loss {min(latest):.4f} to {max(latest):.4f}, success {success:.0%}"


def last_number(row: np.ndarray) -> float:
    """The last entry that is a number; NaN if there is none."""
    known = row[~np.isnan(row)]
    return float(known[-1]) if len(known) else float("nan")


class ProgressLine:
    """A line that says how far a training is, and overwrites itself.

    Args:
        stream: where it is written; None for nowhere.
        networks: number of networks.
        steps: training steps in all.
    """

    def __init__(self, stream: TextIO | None, networks: int, steps: int) -> None:
        self._stream, self._steps, self._began = stream, steps, time.perf_counter()
        self._what = f"training {number_of(networks, 'network')}"
        self._done, self._note, self._length = 0, "", 0
        self._write()

    def steps(self, taken: int) -> None:
        """Further steps were taken."""
        self._done += taken
        self._write()

    def epoch(self, history: History) -> None:
        """An epoch has ended."""
        self._done, self._note = int(history.step[-1]), epoch_words(history)
        self._write()

    def end(self) -> None:
        """Leave the line as it is; what is printed next begins a new one."""
        if self._stream is not None:
            self._stream.write("\n")
            self._stream.flush()

    def text(self) -> str:
        """The line."""
        share, passed = self._done / self._steps, time.perf_counter() - self._began
        bar = "━" * round(CELLS * share) + "╌" * (CELLS - round(CELLS * share))
        times = f", {time_words(1000 * passed * (1 / share - 1))} left" if 0 < share < 1 else ""
        note = f", {self._note}" if self._note else ""
        return f"{self._what} {bar} {self._done:,}/{self._steps:,}{times}{note}"

    def _write(self) -> None:
        if self._stream is None:
            return
        line = harmless(self.text())[: min(WIDEST, shutil.get_terminal_size().columns - 1)]
        line = line.encode(self._stream.encoding or "utf-8", "replace").decode(self._stream.encoding or "utf-8")
        self._stream.write(f"\r{line:<{self._length}}")
        self._stream.flush()
        self._length = len(line)


@contextmanager
def progress_line(shown: bool, networks: int, steps: int) -> Iterator[ProgressLine]:
    """A line on standard error in a terminal, under the cell in a notebook, and nowhere else.

    Args:
        shown: whether there is a line at all.
        networks: number of networks.
        steps: training steps in all.
    """
    line = ProgressLine(_watched_stream() if shown else None, networks, steps)
    try:
        yield line
    finally:
        line.end()


def _watched_stream() -> TextIO | None:
    """Where somebody sees a line at once: a notebook's output, or standard error if it is a terminal."""
    if _in_notebook():
        return sys.stdout
    watched = sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
    return sys.stderr if watched else None


def _in_notebook() -> bool:
    """Whether a kernel of Jupyter runs this; IPython is not imported if it is not there already."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None
