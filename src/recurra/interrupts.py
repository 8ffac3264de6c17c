"""Ctrl-C and SIGTERM. Our own handler sets a flag, and long computations check it where they can stop.

Python's own handler raises KeyboardInterrupt wherever the program is: JAX's callback at garbage collection swallows it,
and command-line frameworks turn it into a silent exit.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

AGAIN_S = 0.5  # a signal repeated sooner is the same one: terminals and wrappers both send it


class Stopped(BaseException):
    """A signal ended a command. Like KeyboardInterrupt it is not an error, but nothing on its way up catches it.

    Args:
        number: number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.hint = ""  # how to go on, where something was saved

    @property
    def status(self) -> int:
        """The exit status that shells expect."""
        return 128 + self.number


@dataclass
class _Signals:
    """The signals that the handlers have received, for the whole process."""

    signals: list[int] = field(default_factory=list)
    last: float = -AGAIN_S
    command: bool = False
    patient: int = 0


_heard = _Signals()


@contextmanager
def listening(*, command: bool = False) -> Iterator[None]:
    """A context in which Ctrl-C ends the work at the next `stop_if_asked`, and a second Ctrl-C ends it at once.

    Args:
        command: for the command line: SIGTERM counts too, `Stopped` is raised, which becomes a line and an exit status,
            and the work ends where it is unless it is `patient`. Otherwise KeyboardInterrupt is raised as usual.
    """
    own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or not (command or own):
        yield  # another handler is in charge, such as that of the command line or of a notebook's kernel
        return
    numbers = [signal.SIGINT, signal.SIGTERM] if command else [signal.SIGINT]
    before = {number: signal.getsignal(number) for number in numbers}
    _heard.__init__(command=command)
    told, sys.unraisablehook = sys.unraisablehook, partial(_swallowed, sys.unraisablehook)
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # set by nohup and by a shell's `&`
            signal.signal(number, _hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = told
        _heard.__init__()


@contextmanager
def patient() -> Iterator[None]:
    """A context in which the first signal waits for the next `stop_if_asked`: nothing is left half finished."""
    _heard.patient += 1
    try:
        yield
    finally:
        _heard.patient -= 1


def stop_if_asked() -> None:
    """End the work here if a signal has asked for it."""
    if _heard.signals:
        raise Stopped(_heard.signals[0]) if _heard.command else KeyboardInterrupt


def _swallowed(told: Callable[[Any], object], what: Any) -> None:
    """Do not report a callback that swallowed the exception of a signal: the next check ends the work."""
    if not (_heard.signals and isinstance(what.exc_value, (Stopped, KeyboardInterrupt))):
        told(what)


def _hear(number: int, _frame: FrameType | None) -> None:
    now, again = time.monotonic(), bool(_heard.signals)
    if again and now - _heard.last < AGAIN_S:
        return
    _heard.last = now
    _heard.signals.append(number)
    if again and _heard.command:
        os.write(2, b"\nrecurra: stopped at once\n")
        os._exit(128 + number)
    if again or not (_heard.patient or not _heard.command):
        stop_if_asked()
    if _heard.command:
        os.write(2, b"\nrecurra: stopping; once more stops at once\n")
