"""Run the campaigns for some minutes, and say how often what was promised was kept: exit status 1 if not always."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np

from tests.campaign.cases import CASES, Case, prepared
from tests.campaign.files import mutated_files
from tests.campaign.signals import Signals
from tests.campaign.worlds import Worlds, compiled

MOST = 100  # trials of a command in a campaign


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**31)
    chosen = parser.parse_args()
    ends = time.monotonic() + 60 * chosen.minutes
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes", flush=True)  # noqa: T201
    tried, failed = Counter(), []
    with tempfile.TemporaryDirectory(prefix="recurra-campaign-") as scratch:
        place = Path(scratch).resolve()
        base = prepared(place / "base")
        for name, one in cycle(trials(base, place, np.random.default_rng(chosen.seed))):
            if time.monotonic() > ends or min(tried.values(), default=0) >= MOST:
                break
            if tried[name] >= MOST:
                continue
            wrong = one()
            tried[name] += 1
            if wrong:
                failed.append(f"{name}: {wrong}")
                print(f"BROKEN {failed[-1]}", flush=True)  # noqa: T201
    for name, count in sorted(tried.items()):
        print(f"{name}: {count} trials, {sum(line.startswith(f'{name}: ') for line in failed)} broken")  # noqa: T201
    return 1 if failed else 0


def trials(base: Path, place: Path, random: np.random.Generator) -> list[tuple[str, Callable[[], str]]]:
    """One trial of every campaign and command, by name; each gives what was broken."""
    signals = Signals(base, place, random)
    worlds = Worlds(signals, compiled(place))
    writes = [case for case in CASES if case.leaves]
    train = CASES[0]

    def of(kind: str, trial: Callable[[Case], str], cases: list[Case]) -> list[tuple[str, Callable[[], str]]]:
        return [(f"{kind}, {case.name}", lambda case=case: trial(case)) for case in cases]

    return [
        *of("signal", signals.trial, list(CASES)),
        *of("full disk", worlds.full_disk, writes),
        *of("two writers", worlds.two_writers, writes),
        *of("clock", worlds.clock, [train, next(case for case in CASES if case.name == "sweep")]),
        *of("killed workers", worlds.killed_workers, [train]),
        ("mutated files", lambda: mutated_files(base, place, int(random.integers(2**31)))),
    ]


if __name__ == "__main__":
    sys.exit(main())
