"""How long do a fit and a run of one reservoir on a long series take, in recurra and in reservoirpy?

    .venv/bin/python benchmarks/reservoirs.py                                # 100 and 1,000 units, 50,000 steps each
    .venv/bin/python benchmarks/reservoirs.py --units 100 --steps 5000 --rounds 1
    .venv/bin/python benchmarks/reservoirs.py --environments DIR --json reservoirs.json

The series is NARMA of order 10; the readout is fitted to the first `--steps` steps and run on as many that follow. All
reservoirs have tanh units, a tenth of the connections, a spectral radius of 0.9, a leak of 0.3, one input, and the same
penalty. Contenders: recurra; reservoirpy with NumPy; reservoirpy with JAX, with its sparse matrix or the same one as a
dense array. recurra fits rates in float32 and runs in float64, reservoirpy does both in float64 with NumPy and in
float32 with JAX.

Run it in recurra's environment; reservoirpy gets one of its own in --environments, made when it is missing. In every
round every contender has a process of its own, one after the other. Prints a Markdown table: the first fit and run of a
process, with all that it compiles, and the later ones, as median [least, most] over all rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from rivals.environments import NotMeasured, python_of, versions

WORKER = Path(__file__).parent / "rivals" / "reservoir.py"
ENVIRONMENTS = Path(__file__).parents[1] / ".environments"
CONTENDERS = {"recurra": "recurra", "numpy": "reservoirpy", "jax": "reservoirpy", "jax-dense": "reservoirpy"}
Row = dict[str, Any]


def measured(contender: str, units: int, steps: int, repeat: int, python: Path) -> Row:
    """What one process of a contender found."""
    command = [str(python), str(WORKER), contender, str(units), str(steps), str(repeat)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:160])
    return {"contender": contender, "units": units, "steps": steps, **json.loads(done.stdout.splitlines()[-1])}


def of(values: list[float]) -> str:
    """Median [least, most], in seconds."""
    if not values:
        return ""
    return f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"


def line(contender: str, units: int, rows: list[Row]) -> str:
    some = [row for row in rows if (row["contender"], row["units"]) == (contender, units)]
    if not some:
        return f"| {contender} | {units:,} | not measured | | | | |"
    both = [(row["fit"], row["run"]) for row in some]
    first = [fits[0] + runs[0] for fits, runs in both]
    fits = [second for fits, _ in both for second in fits[1:]]
    runs = [second for _, runs in both for second in runs[1:]]
    whole = [fit + run for fit, run in zip(fits, runs, strict=True)]
    error = statistics.median(row["error"] for row in some)
    return f"| {contender} | {units:,} | {of(first)} | {of(fits)} | {of(runs)} | {of(whole)} | {error:.3g} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--steps", type=int, default=50_000, help="of the fit, and as many of the run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3, help="fits and runs of a process, at least 2")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pythons = {name: python_of(CONTENDERS[name], options.environments) for name in options.only}
    rows: list[Row] = []
    for turn in range(options.rounds):
        for units in options.units:
            for name in options.only:
                try:
                    rows.append(measured(name, units, options.steps, options.repeat, pythons[name]))
                    print(f"round {turn + 1}/{options.rounds}  {units} units  {name}", file=sys.stderr, flush=True)
                except NotMeasured as reason:
                    print(f"{units} units  {name}  not measured: {reason}", file=sys.stderr, flush=True)
    for python in {*pythons.values()}:
        print(", ".join(f"{name} {version}" for name, version in versions(python).items()))
    heads = ["contender", "units", "first fit and run, s", "fit, s", "run, s", "both, s", "normalized error"]
    print(f"\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for units in options.units:
        for name in options.only:
            print(line(name, units, rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
