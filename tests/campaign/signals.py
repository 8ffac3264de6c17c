"""Commands that are killed, asked to end or interrupted at random moments, and then gone on with."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np

from tests.campaign.cases import LIMIT_S, Case, done, started
from tests.campaign.promises import broken, left_in, rude

BEGUN_S = 2.0  # by then a command has imported what it needs to listen
ENDING = 0.8  # share of the time of a command before which it is not done
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Signals:
    """A campaign: which command, which signal, and when, is drawn.

    Args:
        base: a folder with what the commands begin from.
        place: a folder for the trials.
        random: draws.
    """

    def __init__(self, base: Path, place: Path, random: np.random.Generator) -> None:
        self.base, self.place, self.random = base, place, random
        self.whole: dict[str, tuple[dict[str, bytes], str, float]] = {}

    def trial(self, case: Case) -> str:
        """What was broken in one trial; empty if nothing."""
        whole, printed = self.expected(case)
        seconds = self.seconds(case)
        folder = self.place / "trial"
        shutil.copytree(self.base, folder)
        try:
            number, wait = self.random.choice(SIGNALS), self.random.uniform(0, 1.1 * seconds)
            about = f"{signal.Signals(number).name} after {wait:.2f} of {seconds:.2f} s"
            process = started(case.words, folder)
            try:
                told = process.communicate(timeout=wait)[1]
                cut = False
            except subprocess.TimeoutExpired:
                process.send_signal(number)
                told, cut = process.communicate(timeout=LIMIT_S)[1], True
            wrong = ""
            if process.returncode == -number:  # before recurra listens, or when it is done
                heard = BEGUN_S < wait < ENDING * seconds
                wrong = "it was not heard" if heard and number != signal.SIGKILL else ""
            else:
                wrong = rude(process.returncode, told, (0, 128 + number))
            wrong = wrong or self.gone_on(case, folder, whole, printed, again=cut and process.returncode != 0)
            return f"{about}: {wrong}" if wrong else ""
        finally:
            shutil.rmtree(folder)

    def expected(self, case: Case) -> tuple[dict[str, bytes], str]:
        """What a command leaves, and prints, when nothing happens."""
        if case.name not in self.whole:
            self.whole[case.name] = self._uninterrupted(case)
        return self.whole[case.name][:2]

    def seconds(self, case: Case) -> float:
        """How long a command takes when nothing happens."""
        self.expected(case)
        return self.whole[case.name][2]

    def gone_on(self, case: Case, folder: Path, whole: dict[str, bytes], printed: str, again: bool) -> str:
        """What is broken after a command that was cut off was gone on with; empty if nothing.

        Args:
            case: the command.
            folder: where it ran.
            whole: what it leaves.
            printed: what it prints.
            again: whether to run it again.
        """
        if not case.leaves:
            unchanged = broken(left_in(folder, ["."]), left_in(self.base, ["."]))
            if unchanged:
                return f"it changed what it reads: {unchanged}"
        for words in ([case.words] if again else []) + list(case.then):
            status, shown, told = done(words, folder)
            if rude(status, told, (0,)):
                return f"going on: {rude(status, told, (0,))}"
            if not case.leaves and shown != printed:
                return "it prints something else"
        return broken(left_in(folder, list(case.leaves)), whole)

    def _uninterrupted(self, case: Case) -> tuple[dict[str, bytes], str, float]:
        folder = self.place / "whole"
        shutil.copytree(self.base, folder)
        try:
            began = time.perf_counter()
            status, printed, told = done(case.words, folder)
            seconds = time.perf_counter() - began
            assert status == 0, f"{case.name}: {told}"
            for words in case.then:
                status, _, told = done(words, folder)
                assert status == 0, f"{case.name}: {told}"
            return left_in(folder, list(case.leaves)), printed, seconds
        finally:
            shutil.rmtree(folder)
