"""How many milliseconds does a training step of one network cost on an accelerator, and are the numbers right there?

    python benchmarks/accelerator.py --minutes 8 --json accelerator.json
    python benchmarks/accelerator.py --quick            # tiny networks, to see that all of it works

It needs JAX for the accelerator, torch for the rows of torch, and recurra (or PYTHONPATH=src) with jaxtyping,
lazy_loader and optax. What matters most comes first: checks, then networks of 50, 100 and 400 units, GRUs of 50 units,
settings of the engine (of its scan with GRUs, which have one). Every row is printed, and written to the JSON file, as
soon as it is there; a row that fails says why, and rows for which no time is left are not measured. No product is
rounded to TF32.

Contenders, each in a process of its own:

- recurra_step: forward, mean squared error, backward and Adam, in stretches of steps as `rc.train` takes them;
- recurra_gradient: loss and gradient alone;
- jax_vmap: a scan under vmap, with optax's Adam; torch_bmm: a loop over the steps with bmm over networks, as a CUDA
  graph, with torch's Adam. Both take whole training steps.

The time is the median [least, most] of repeated measurements, in milliseconds a network and step.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from accelerator_checks import checks
from rivals.environments import NotMeasured
from rivals.protocol import Shape
from rivals.workers import Worker
from training_step import Contender, positive

REPEAT = 5
PACKAGES = ("recurra", "jax", "jaxlib", "jax-cuda13-plugin", "optax", "numpy", "torch", "triton")
ENVIRON: dict[str, str | None] = {
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",  # recurra does not need it, the other contender does
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # several processes share the memory
}
CONTENDERS = {
    "recurra_step": Contender("recurra_step.py", ("batched",), cohorts=True, environ=ENVIRON),
    "recurra_gradient": Contender("recurra_gradient.py", ("0", "0"), cohorts=True, environ=ENVIRON),
    "jax_vmap": Contender("jax_step.py", ("cohort", "12e9"), cohorts=True, environ=ENVIRON),
    "torch_bmm": Contender("torch_cohort.py", cohorts=True, environ=ENVIRON),
}
SIZE = "cell, networks x units, trials x steps"
UNROLLS, TILES = (1, 2, 8, 16), (64, 128, 512, 1024)  # beside those of the engine


@dataclass(frozen=True)
class Row:
    """What one row measures."""

    contender: str
    shape: Shape
    unroll: int = 0
    tile: int = 0

    @property
    def process(self) -> tuple[str, str, int, int, int]:
        """Rows with the same one share a process, whose memory on the device is free again after the last of them."""
        return self.contender, self.shape.cell, self.shape.units, self.unroll, self.tile

    def start(self) -> Worker:
        """The process that measures it."""
        contender = CONTENDERS[self.contender]
        if self.contender == "recurra_gradient":
            contender = replace(contender, arguments=(str(self.unroll), str(self.tile)))
        return contender.start(Path(sys.executable))

    def __str__(self) -> str:
        shape, settings = self.shape, {"unroll": self.unroll, "tile": self.tile}
        words = "".join(f", {name} {number}" for name, number in settings.items() if number)
        size = f"{shape.networks} x {shape.units}, {shape.batch} x {shape.steps}"
        return f"{self.contender}{words} | {shape.cell}, {size}"


def rows(quick: bool) -> Iterator[Row]:
    """All rows, the most important ones first."""

    def shape(networks: int, units: int, cell: str = "rate") -> Shape:
        if quick:
            return Shape(min(networks, 2), min(units, 5), batch=3, steps=7, inputs=2, outputs=1, cell=cell)
        return Shape(networks, units, batch=64, steps=200, inputs=2, outputs=1, cell=cell)

    cohorts = (2,) if quick else (1_000, 100, 20, 1)
    yield from (Row(name, shape(networks, 50)) for networks in cohorts for name in CONTENDERS)
    for cell, units in (("gru", 50),) if quick else (("rate", 100), ("rate", 400), ("gru", 50)):
        names = [name for name in CONTENDERS if (name, cell) != ("jax_vmap", "gru")]  # which has rate units alone
        yield from (Row(name, shape(networks, units, cell)) for name in names for networks in cohorts)
    for number in UNROLLS[:1] if quick else UNROLLS:
        yield Row("recurra_gradient", shape(1_000, 50, "gru"), unroll=number)
    for number in TILES[:1] if quick else TILES:
        yield Row("recurra_gradient", shape(1_000, 50), tile=number)


class Workers:
    """The processes of the contenders; the first are started at once, and each is ended after its last row."""

    def __init__(self, asked: Sequence[Row]):
        self.rows_left = Counter(row.process for row in asked)
        first = list({row.process: row for row in asked}.items())[: len(CONTENDERS)]
        self.started = {process: row.start() for process, row in first}

    def measured(self, row: Row, deadline: float) -> dict[str, Any]:
        """One row: its times, or why there are none. A contender that outlasts the deadline is ended."""
        found = {"contender": row.contender, **asdict(row.shape), "unroll": row.unroll, "tile": row.tile}
        found |= self._times(row, deadline)
        self.rows_left[row.process] -= 1
        if not self.rows_left[row.process] and row.process in self.started:
            self.started.pop(row.process).close()  # it would keep memory of the device
        return found

    def _times(self, row: Row, deadline: float) -> dict[str, Any]:
        began = time.monotonic()
        if began >= deadline:
            return {"not_measured": "no time was left"}
        if row.process not in self.started:
            self.started[row.process] = row.start()
        worker = self.started[row.process]
        end = threading.Timer(deadline - began, worker.process.kill)
        end.start()
        try:
            times = worker.ask(row.shape, REPEAT)
        except NotMeasured as reason:
            self.started.pop(row.process).close()  # the next row gets a new one
            return {"not_measured": str(reason)[:300]}
        finally:
            end.cancel()
        ms = [min(times), statistics.median(times), max(times)]
        return {"ms": ms, "seconds": time.monotonic() - began}

    def close(self) -> None:
        """End them."""
        for worker in self.started.values():
            worker.close()


def described() -> dict[str, Any]:
    """Device and versions."""
    import jax  # noqa: PLC0415 - where JAX cannot start, the line says so

    found: dict[str, Any] = {"python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "-"
    return {**found, "device": jax.devices()[0].device_kind, "backend": jax.default_backend()}


def checked(quick: bool) -> Iterator[dict[str, Any]]:
    """What the checks found; one that fails to run says why."""
    for name, check in checks(quick).items():
        try:
            yield {"check": name, **check()}
        except Exception as error:
            yield {"check": name, "failed": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}


def line(row: Row, found: dict[str, Any]) -> str:
    """A row of the table."""
    if "not_measured" in found:
        return f"| {row} | not measured: {found['not_measured'].replace('|', '/')} | |"
    least, middle, most = (f"{ms:.3g}" for ms in found["ms"])
    return f"| {row} | {middle} [{least}, {most}] | {found['seconds']:.0f} |"


def read_options() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=positive, default=8, help="for all of it; %(default)s")
    parser.add_argument("--quick", action="store_true", help="tiny networks: it measures nothing of interest")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found here, row by row")
    options = parser.parse_args()
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json {options.json}: there is no folder {options.json.parent}")
    return options


def main() -> None:
    options = read_options()
    deadline = time.monotonic() + 60 * options.minutes
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    found: dict[str, Any] = {"machine": described(), "checks": [], "rows": []}

    def tell(text: str) -> None:
        print(text, flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n")

    asked = list(rows(options.quick))
    with closing(Workers(asked)) as workers:  # they load what they need while the numbers are checked
        tell("  \n".join(f"{name}: {value}" for name, value in found["machine"].items()) + "\n")
        for one in checked(options.quick):
            found["checks"].append(one)
            tell("- " + ", ".join(f"{name}: {value}" for name, value in one.items()))
        tell(f"\n| contender | {SIZE} | ms a network and step [least, most] | s in all |\n|---|---|---|---|")
        for row in asked:
            found["rows"].append(workers.measured(row, deadline))
            tell(line(row, found["rows"][-1]))


if __name__ == "__main__":
    main()
