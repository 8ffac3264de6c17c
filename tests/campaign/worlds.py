"""Commands on a disk that gets full, with a clock that jumps, beside another writer, or with killed workers."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.campaign.cases import LIMIT_S, SPEC, Case, done, started
from tests.campaign.promises import rude
from tests.campaign.signals import Signals

SOURCE = Path(__file__).with_name("world.c")
ALL_CALLS = 4_000  # more than the commands make in their folders
JUMPS_S = 400_000
BUSY = 2  # exit status of a command whose folder another one holds


def compiled(folder: Path) -> Path:
    """The library that plays the disk and the clock."""
    library = folder / "world.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Worlds:
    """Campaigns in which not the command but the world around it fails.

    Args:
        signals: the campaign of signals, which knows what the commands leave when nothing happens.
        library: what `compiled` made.
    """

    def __init__(self, signals: Signals, library: Path) -> None:
        self.signals, self.library, self.random = signals, library, signals.random
        self.calls: dict[str, int] = {}

    def full_disk(self, case: Case) -> str:
        """The disk is full from some call on that writes, drawn among those that the command makes."""

        def spoilt(folder: Path) -> tuple[str, bool]:
            after = int(self.random.integers(self.calls.setdefault(case.name, ALL_CALLS)))
            world = {"LD_PRELOAD": str(self.library), "FULL_FOLDER": str(folder), "FULL_AFTER": str(after)}
            status, _, told = done(case.words, folder, **world)
            if status == 0:
                self.calls[case.name] = min(self.calls[case.name], after + 1)
            wrong = rude(status, told, (0, 1))
            return f"full after {after} calls: {wrong}" if wrong else "", status != 0

        return self._in(case, spoilt)

    def clock(self, case: Case) -> str:
        """The time of day is another at every look."""

        def spoilt(folder: Path) -> tuple[str, bool]:
            status, _, told = done(case.words, folder, LD_PRELOAD=str(self.library), CLOCK_JUMPS=str(JUMPS_S))
            return rude(status, told, (0,)), False

        return self._in(case, spoilt)

    def two_writers(self, case: Case) -> str:
        """The same command twice, a moment apart: one does it, and the other waits, or says that it is being done."""

        def spoilt(folder: Path) -> tuple[str, bool]:
            first = started(case.words, folder)
            time.sleep(float(self.random.uniform(0, self.signals.seconds(case))))
            second = started(case.words, folder)
            told = [process.communicate(timeout=LIMIT_S)[1] for process in (first, second)]
            status = [process.returncode for process in (first, second)]
            wrong = [rude(*one, (0, BUSY)) for one in zip(status, told, strict=True)]
            neither = "" if 0 in status else f"neither did it: {told[0][-200:]}{told[1][-200:]}"
            return next(filter(None, wrong), neither), False

        return self._in(case, spoilt)

    def killed_workers(self, case: Case) -> str:
        """Workers of a Dask cluster of processes are killed while they train the parts of a run."""

        def spoilt(folder: Path) -> tuple[str, bool]:
            process = started(["train", *SPEC, "--out", "new", "--scheduler", "local:2"], folder)
            while not list(folder.glob("new/parts/*/run.json")) and process.poll() is None:
                time.sleep(0.01)
            time.sleep(float(self.random.uniform(0, 2)))
            found = subprocess.run(
                ["pgrep", "-g", str(process.pid), "-f", "spawn_main"], capture_output=True, check=False
            )
            for number in found.stdout.split():
                if self.random.random() < 0.7:
                    os.kill(int(number), signal.SIGKILL)
            told = process.communicate(timeout=LIMIT_S)[1]
            return rude(process.returncode, told, (0,)), False

        return self._in(case, spoilt)

    def _in(self, case: Case, spoil: Callable[[Path], tuple[str, bool]]) -> str:
        """What was broken in a trial; `spoil` says what it saw, and whether the command did not come to its end."""
        whole, printed = self.signals.expected(case)
        folder = self.signals.place / "trial"
        shutil.copytree(self.signals.base, folder)
        try:
            wrong, unfinished = spoil(folder)
            return wrong or self.signals.gone_on(case, folder, whole, printed, again=unfinished or case.repeats)
        finally:
            shutil.rmtree(folder)
