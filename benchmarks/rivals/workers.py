"""The other side of protocol.py: a worker as training_step.py sees it."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

from rivals.environments import NotMeasured
from rivals.protocol import Shape

SETTLED_S = 0.1  # a worker whose processor time stands still this long is idle
PATIENCE_S = 10.0


class Worker:
    """A process that waits at its standard input until it is asked for times."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]):
        self.log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - close() closes it
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environ
        )
        self.requests, self.answers = cast(IO[str], self.process.stdin), cast(IO[str], self.process.stdout)

    def ask(self, shape: Shape, repeat: int) -> list[float]:
        """Milliseconds of one training step of one network, `repeat` times; returns when the worker is idle again."""
        try:
            print(json.dumps({**asdict(shape), "repeat": repeat}), file=self.requests, flush=True)
            answer = self.answers.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise NotMeasured(self._last_words())
        try:
            times = [float(ms) for ms in json.loads(answer)["ms"]]
        except (ValueError, TypeError, KeyError):
            times = []
        if len(times) != repeat:
            raise NotMeasured(f"the worker answered {answer.strip()[:80]!r}; expected {repeat} times")
        self._settle()
        return times

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.log.close()

    def _settle(self) -> None:
        """Wait until no thread spins any more: it would slow down the next contender."""
        deadline, before = time.monotonic() + PATIENCE_S, -1.0
        while (now := _processor_seconds(self.process.pid)) != before:
            if time.monotonic() > deadline:
                raise NotMeasured(f"the worker still computes {PATIENCE_S:g} s after its answer")
            before = now
            time.sleep(SETTLED_S)

    def _last_words(self) -> str:
        """Why it died."""
        code = self.process.wait()
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {code}"


def _processor_seconds(process: int) -> float:
    """Of all its threads so far; Linux tells, elsewhere it counts as idle."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.is_file():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
