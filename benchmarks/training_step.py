"""How many milliseconds does one training step of one network cost, in recurra and in what one would take instead?

    .venv/bin/python benchmarks/training_step.py                         # the papers' sizes, every contender
    .venv/bin/python benchmarks/training_step.py --grid --json steps.json
    .venv/bin/python benchmarks/training_step.py --only sgemm torch recurra_native --units 50 --networks 1 20
    .venv/bin/python benchmarks/training_step.py --cells gru lstm

A training step is forward, mean squared error, backward and Adam. Contenders:

- sgemm: no network, but what the processor can do: the product of two 2,000 x 2,000 float32 matrices;
- torch: torch.nn.RNN, GRU or LSTM, Linear, Adam; jax: lax.scan, jit, optax's Adam; jax_vmap: the same for a cohort;
- keras_tensorflow, keras_jax: SimpleRNN, GRU or LSTM, Dense, compile and fit; neuralrnn: NeuralRNN's ctrnn and Trainer;
- recurra_native, recurra_bfloat16, recurra_portable: recurra's engines;
- recurra_constrained: the native one under Dale's law, with three connections in ten and none of a unit to itself.

Run it in recurra's environment; rivals get environments of their own in --environments, made when they are missing.
Every contender is a process that waits while another is measured. In every round every contender has its turn at every
shape. Prints a Markdown table: median [least, most] over all rounds, and medians of the ratios taken round by round.
Contenders without cohorts train one network; their number for one network stands at every cohort. An operation is a
floating point multiplication or addition: 3 x 2 x batch x units x (gates x (units + inputs) + outputs) x steps a
training step; rate units have one gate.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rivals.environments import NotMeasured, python_of, versions
from rivals.protocol import GATES, LONG, Shape
from rivals.workers import Worker

RIVALS = Path(__file__).parent / "rivals"
ENVIRONMENTS = Path(__file__).parents[1] / ".environments"
REFERENCES = ("keras_tensorflow", "torch")  # the table says how many times faster than these the others are
REPEAT = 3  # times a round
PRODUCT = 2 * 2_000**3  # operations of sgemm's product
SIZES = {  # networks and units, by cell
    "rate": [(20, 50), (1, 50), (12, 100), (1, 400)],
    "gru": [(20, 50), (1, 256)],
    "lstm": [(20, 50), (1, 256)],
    "ugrnn": [(20, 50)],
}
UNITS = [50, 100, 200, 400]
NETWORKS = [1, 4, 20, 100]
INSTRUCTION_SETS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "asimd", "sve")


@dataclass(frozen=True)
class Contender:
    """A worker: its script and arguments, whether it trains cohorts, variables of its environment (None: unset)."""

    script: str
    arguments: tuple[str, ...] = ()
    cohorts: bool = False
    cells: tuple[str, ...] = ("rate",)
    environ: dict[str, str | None] = field(default_factory=dict)

    def start(self, python: Path) -> Worker:
        environ = {**os.environ, **self.environ}
        command = [str(python), str(RIVALS / self.script), *self.arguments]
        return Worker(command, {name: value for name, value in environ.items() if value is not None})

    def asked(self, shape: Shape) -> Shape:
        """The shape that it is measured at for a row of the table."""
        return shape if self.cohorts else replace(shape, networks=1)


COMMON = ("rate", "gru", "lstm")  # the cells that torch and Keras have
CONTENDERS = {
    # The two variables choose kernels for old OpenBLAS builds; they would slow a current numpy down.
    "sgemm": Contender("sgemm.py", cells=tuple(GATES), environ={"OPENBLAS_CORETYPE": None, "OPENBLAS_L2_SIZE": None}),
    "torch": Contender("torch_step.py", cells=COMMON),
    "jax": Contender("jax_step.py", ("one",)),
    "jax_vmap": Contender("jax_step.py", ("cohort",), cohorts=True),
    "keras_tensorflow": Contender("keras_step.py", cells=COMMON, environ={"KERAS_BACKEND": "tensorflow"}),
    "keras_jax": Contender("keras_step.py", cells=COMMON, environ={"KERAS_BACKEND": "jax"}),
    "neuralrnn": Contender("neuralrnn_step.py"),
    "recurra_native": Contender("recurra_step.py", ("native",), cohorts=True, cells=tuple(GATES)),
    "recurra_constrained": Contender("recurra_step.py", ("native", "constrained"), cohorts=True),
    "recurra_bfloat16": Contender("recurra_step.py", ("native-bfloat16",), cohorts=True, cells=tuple(GATES)),
    "recurra_portable": Contender("recurra_step.py", ("portable",), cohorts=True, cells=tuple(GATES)),
}

Asked = tuple[str, Shape]  # a contender's name, the shape that it is measured at


@dataclass
class Measured:
    """Times of every round, or why there are none."""

    rounds: dict[Asked, list[list[float]]] = field(default_factory=dict)
    failed: dict[Asked, str] = field(default_factory=dict)

    def ms(self, asked: Asked) -> list[float]:
        """One number a round, the median; of sgemm the best, which is the peak."""
        if asked in self.failed:
            return []
        of_round = min if asked[0] == "sgemm" else statistics.median
        return [of_round(times) for times in self.rounds.get(asked, [])]

    def times_faster(self, asked: Asked, reference: Asked) -> float | None:
        """Median over the rounds of the reference's time over the contender's."""
        rounds = list(zip(self.ms(reference), self.ms(asked), strict=False))
        return statistics.median(slow / fast for slow, fast in rounds) if rounds else None


def pythons_of(names: list[str], folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python that each contender runs in, and why others have none."""
    pythons, failed = {}, {}
    for name in names:
        try:
            pythons[name] = python_of(name, folder)
        except NotMeasured as reason:
            failed[name] = str(reason)
    return pythons, failed


def measure(asked: list[Asked], rounds: int, pythons: dict[str, Path], failed: dict[str, str]) -> Measured:
    """All rounds. A contender that fails at a shape is not asked for it again, and starts anew for the next shape."""
    measured = Measured(failed={(name, shape): failed[name] for name, shape in asked if name in failed})
    workers: dict[str, Worker] = {}
    with ExitStack() as stack:
        for turn in range(rounds):
            for name, shape in asked:
                if (name, shape) in measured.failed:
                    continue
                if name not in workers:
                    workers[name] = stack.enter_context(closing(CONTENDERS[name].start(pythons[name])))
                label = f"round {turn + 1}/{rounds}  {shape.networks} x {shape.units}  {name}"
                try:
                    times = workers[name].ask(shape, 1 if shape.networks * shape.operations > LONG else REPEAT)
                except NotMeasured as reason:
                    measured.failed[name, shape] = str(reason)
                    workers.pop(name).close()
                    print(f"{label}  not measured: {reason}", file=sys.stderr, flush=True)
                    continue
                measured.rounds.setdefault((name, shape), []).append(times)
                print(f"{label}  {statistics.median(times):.2f} ms", file=sys.stderr, flush=True)
    return measured


def row(name: str, shape: Shape, measured: Measured) -> dict:
    """One contender at one shape; sgemm's time is that of its product."""
    asked = name, CONTENDERS[name].asked(shape)
    found = {"contender": name, **asdict(shape)}
    if asked in measured.failed:
        return {**found, "not_measured": measured.failed[asked]}
    rounds = measured.rounds[asked]
    ms = statistics.median(measured.ms(asked))
    alone = replace(shape, networks=1)
    peak = measured.times_faster(asked, ("sgemm", alone))
    references = () if name == "sgemm" else REFERENCES
    operations = PRODUCT if name == "sgemm" else shape.operations
    return {
        **found,
        "rounds_ms": rounds,
        "ms": [min(map(min, rounds)), ms, max(map(max, rounds))],
        "gflops": operations / ms / 1e6,
        "share_of_sgemm": None if peak is None else peak * operations / PRODUCT,
        "times_faster_than": {name: measured.times_faster(asked, (name, alone)) for name in references},
    }


def machine() -> dict:
    """What the numbers depend on: processor, cores that may be used, instruction sets, system."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    described = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = (described.get("flags") or described.get("Features") or "").split()
    return {
        "processor": described.get("model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instruction_sets": [name for name in INSTRUCTION_SETS if name in flags],
        "system": platform.platform(),
    }


def markdown(found: dict) -> str:
    """A row of the table."""
    size = f"{found['cell']}, {found['networks']} x {found['units']}, {found['batch']} x {found['steps']}"
    cells = [found["contender"], f"{size}, {found['inputs']}/{found['outputs']}"]
    if found["contender"] == "sgemm":
        cells[1] = "a product, in the rounds of " + cells[1]
    if "not_measured" in found:
        cells += ["not measured: " + found["not_measured"].replace("|", "/"), "", ""] + [""] * len(REFERENCES)
    else:
        least, middle, most = (f"{ms:.3g}" if ms < 100 else f"{ms:,.0f}" for ms in found["ms"])
        share, faster = found["share_of_sgemm"], [found["times_faster_than"].get(name) for name in REFERENCES]
        cells += [f"{middle} [{least}, {most}]", f"{found['gflops']:.1f}", "-" if share is None else f"{share:.1%}"]
        cells += ["-" if ratio is None else f"{ratio:.3g}" for ratio in faster]
    return "| " + " | ".join(cells) + " |"


def report(described: dict, rows: list[dict]) -> str:
    """The machine in a line, then the table."""
    heads = [
        "contender",
        "cell, networks x units, trials x steps, inputs/outputs",
        "ms a network and step [least, most]",
    ]
    heads += ["GFLOP/s", "of sgemm", *(f"times faster than {name}" for name in REFERENCES)]
    sets = ", ".join(described["instruction_sets"])
    table = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *map(markdown, rows)]
    return f"{described['processor']}, {described['cores']} cores ({sets})\n\n" + "\n".join(table)


def shape_of(cell: str, networks: int, units: int) -> Shape:
    """The papers' trials: those of the logic tasks for 50 units, those of the 3-bit flip-flop for more."""
    if units <= 50:
        return Shape(networks, units, batch=64, steps=200, inputs=2, outputs=1, cell=cell)
    return Shape(networks, units, batch=128, steps=350, inputs=3, outputs=3, cell=cell)


def positive(text: str) -> int:
    """A whole number above zero."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number above 0")
    return int(text)


def read_options() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), metavar="NAME", help=", ".join(CONTENDERS))
    parser.add_argument("--cells", nargs="+", default=list(GATES), choices=list(GATES), help="%(default)s")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--grid", action="store_true", help=f"units {UNITS} x networks {NETWORKS}")
    parser.add_argument("--units", type=positive, nargs="+", help="of the grid, these units")
    parser.add_argument("--networks", type=positive, nargs="+", help="of the grid, these cohorts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times, the machine and the versions here")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, metavar="DIR", help="%(default)s")
    options = parser.parse_args()
    if unknown := set(options.only) - set(CONTENDERS):
        parser.error(f"unknown contender {', '.join(sorted(unknown))}; expected one of: {', '.join(CONTENDERS)}")
    if options.json and not options.json.parent.is_dir():
        parser.error(f"--json {options.json}: there is no folder {options.json.parent}")
    if options.environments.exists() and not options.environments.is_dir():
        parser.error(f"--environments {options.environments} is no folder")
    return options


def main() -> None:
    options = read_options()
    sizes = SIZES
    if options.grid or options.units or options.networks:
        product = [(networks, units) for units in options.units or UNITS for networks in options.networks or NETWORKS]
        sizes = dict.fromkeys(GATES, product)
    shapes = [shape_of(cell, *size) for cell in options.cells for size in dict.fromkeys(sizes[cell])]
    names = [name for name in CONTENDERS if name in options.only]
    pythons, failed = pythons_of(names, options.environments)
    rows_of = [(name, shape) for shape in shapes for name in names if shape.cell in CONTENDERS[name].cells]
    asked = list(dict.fromkeys((name, CONTENDERS[name].asked(shape)) for name, shape in rows_of))
    measured = measure(asked, options.rounds, pythons, failed)
    rows = [row(name, shape, measured) for name, shape in rows_of]
    described = machine()
    print(report(described, rows))
    if options.json:
        packages = {name: versions(python) for name, python in pythons.items()}
        found = {"machine": described, "packages": packages, "rounds": options.rounds, "rows": rows}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
