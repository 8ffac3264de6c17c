"""How well do FORCE and full-FORCE learn what their papers taught, and how long does that take?

    python benchmarks/force.py sines                      # FORCE, the pattern and the network of Figure 2D, 20 networks
    python benchmarks/force.py chirp                      # full-FORCE and FORCE on the chirp, 300 units, 20 networks
    python benchmarks/force.py sizes                      # the same from 50 to 1,000 units, 10 networks of each size
    python benchmarks/force.py ready-set-go               # full-FORCE with and without the hint
    python benchmarks/force.py side-by-side               # the time of a trial, with 1 to 20 of them at the same time
    python benchmarks/force.py sines --processes 16 --json sines.json

It needs recurra (or PYTHONPATH=src). Every network is trained in a process with one thread, `--processes` of them at a
time. Prints Markdown tables: medians with least and most, and how many networks are good, with Wilson's interval. With
`--json` every network is kept.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import recurra as rc
from recurra.intervals import wilson_interval
from recurra.tasks.rules import SUCCESSFUL
from recurra.training import Training

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
FULL_SIZES, FORCE_SIZES = (50, 100, 150, 200, 250, 300), (200, 300, 400, 600, 800, 1_000)
GOOD_ERROR, GOOD_CORRELATION, LEARNED = 0.036, 0.997, 0.01
HINT_MS = 1_000.0  # in which the hint rises by 1, as in the published program
Row = dict[str, Any]


def sines(number: int, trials: int) -> list[Row]:
    """FORCE of one network by the preset `force-sines`: its free run after every training trial."""
    preset = rc.preset("force-sines")
    return learned_by(preset, preset.model, replace(preset.rule, steps=trials), number, 1)


def chirp(kind: str, units: int, number: int, trials: int, every: int) -> list[Row]:
    """full-FORCE or FORCE of one network of so many units on the pattern of the preset `full-force-sines`."""
    preset = rc.preset("full-force-sines")
    model, rule = with_units(preset.model, units), replace(preset.rule, steps=trials)
    if kind == "FORCE":
        model, rule = rc.FeedbackRNN(units=units), rc.FORCE(steps=trials, validation_trials=1)
    return [{"rule": kind, "units": units, **row} for row in learned_by(preset, model, rule, number, every)]


def learned_by(preset: Any, model: rc.Model, rule: Any, number: int, every: int) -> list[Row]:
    """One network on the task of a preset: its free run after every so many training trials."""
    rule = replace(rule, trials=rc.FreshTrials(steps_an_epoch=every))
    training = Training(preset.task, model, rule, [number], 0)
    state, rows, seconds = training.start(), [], 0.0
    while not state.ended:
        began = time.perf_counter()
        state = training.advance(state)
        seconds += time.perf_counter() - began
        row = {"number": number, "trials": every * state.epoch, "seconds": seconds}
        rows.append({**row, **measured(training.cohort(state))})
    return rows


def with_units(model: Any, units: int) -> rc.Model:
    return replace(model, units=units)


def measured(cohort: Any) -> Row:
    """The errors of the free run of the only network of a cohort."""
    (run,) = rc.free_run(cohort)
    names = ("absolute_error", "normalized_error", "correlation", "shift_ms", "shifted_error", "shifted_absolute_error")
    return {name: float(getattr(run, name)) for name in names}


def ready_set_go(hint: bool, number: int, options: argparse.Namespace) -> list[Row]:
    """full-FORCE of one network on ready-set-go: how many of 1,000 trials are right."""
    units, trials, longest_ms = options.units or 1_000, options.trials or 600, options.longest_ms
    shown = rc.IntervalHint(rise_ms=HINT_MS) if hint else rc.training.NoHint()
    task = rc.ReadySetGo(interval_ms=(100.0, longest_ms), intervals=round(longest_ms / 100), rest=options.rest)
    model, together = with_units(rc.preset("full-force-sines").model, units), options.side_by_side
    steps = max(trials // together, 1)
    often = rc.FreshTrials(steps_an_epoch=max(steps // 10, 1))
    rule = rc.FullFORCE(batch=together, side_by_side=together, steps=steps, learn_share=1.0, hint=shown)
    training = Training(task, model, replace(rule, validation_trials=64, trials=often), [number], 0)
    state, began, learned = training.start(), time.perf_counter(), []
    while not state.ended:
        state = training.advance(state)
        learned.append(float(training.cohort(state).history.success[0, -1]))
    seconds = time.perf_counter() - began
    success = rc.performance(training.cohort(state)[0], task).success
    return [{"hint": hint, "number": number, "units": units, "seconds": seconds, "success": success, "epochs": learned}]


def time_side_by_side(units: int, together: int) -> list[Row]:
    """Milliseconds for one step of one trial of ready-set-go: of a batch of 20 trials, after another that compiles."""
    task, model = rc.ReadySetGo(interval_ms=(100.0, 300.0), intervals=3), rc.preset("full-force-sines").model
    rule = rc.FullFORCE(batch=20, side_by_side=together, learn_share=1.0, steps=2, validation_trials=1)
    rule = replace(rule, trials=rc.FreshTrials(steps_an_epoch=1))
    training = Training(task, with_units(model, units), rule, [0], 0)
    state = training.advance(training.start())
    began = time.perf_counter()
    training.advance(state)
    ms = 1_000 * (time.perf_counter() - began) / (20 * task.steps)
    return [{"units": units, "together": together, "ms": ms}]


def side_by_side(jobs: Iterable[tuple[Any, ...]], processes: int, kept: Path | None) -> list[Row]:
    """The rows of all jobs, each a function and its arguments, the longest first; a job that fails says why.

    Args:
        jobs: what is done.
        processes: how many at a time.
        kept: a file that has the rows of all jobs that are done, if it is given.
    """
    os.environ.update(ONE_THREAD)
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {XLA_ONE_THREAD}".strip()
    rows: list[Row] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(*job): job for job in jobs}
        for done in as_completed(running):
            try:
                rows += done.result()
                if kept:
                    kept.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            except Exception as error:
                print(f"{running[done][1:]} failed: {error}", flush=True)
    return rows


def of(rows: Sequence[Row], name: str) -> str:
    """Median [least, most]."""
    values = sorted(row[name] for row in rows)
    return f"{statistics.median(values):.2g} [{values[0]:.2g}, {values[-1]:.2g}]"


def share(rows: Sequence[Row], good: Any) -> str:

    return str(wilson_interval(sum(map(good, rows)), len(rows)))


def print_table(heads: Sequence[str], table: Iterable[Sequence[str]]) -> None:
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for cells in table:
        print(f"| {' | '.join(cells)} |", flush=True)


def print_sines(rows: Sequence[Row]) -> None:
    def good(row: Row) -> bool:
        return row["absolute_error"] <= GOOD_ERROR and row["correlation"] >= GOOD_CORRELATION

    def line(trials: int) -> list[str]:
        some = [row for row in rows if row["trials"] == trials]
        names = ("absolute_error", "correlation", "shifted_absolute_error", "shift_ms", "seconds")
        return [str(trials), share(some, good), *(of(some, name) for name in names)]

    heads = ["trials", f"error ≤ {GOOD_ERROR} and correlation ≥ {GOOD_CORRELATION}", "absolute error", "correlation"]
    heads += ["error after the best shift", "shift, ms", "seconds"]
    print_table(heads, map(line, sorted({row["trials"] for row in rows})))


def print_sizes(rows: Sequence[Row]) -> None:
    def line(kind: str, units: int, trials: int) -> list[str]:
        some = [row for row in rows if (row["rule"], row["units"], row["trials"]) == (kind, units, trials)]
        good = share(some, lambda row: row["normalized_error"] < LEARNED)
        best = share(some, lambda row: row["normalized_error"] <= 1e-4)
        return [kind, str(units), str(trials), good, best, of(some, "normalized_error"), of(some, "seconds")]

    kinds = sorted({(row["rule"], row["units"], row["trials"]) for row in rows})
    heads = ["rule", "units", "trials", f"error < {LEARNED}", "error ≤ 1e-4", "normalized error", "seconds"]
    print_table(heads, (line(*one) for one in kinds))


def print_ready_set_go(rows: Sequence[Row]) -> None:
    def line(hint: bool) -> list[str]:
        some = [row for row in rows if row["hint"] == hint]
        good = share(some, lambda row: row["success"] >= SUCCESSFUL)
        return ["yes" if hint else "no", good, of(some, "success"), of(some, "seconds")]

    learned = f"networks with {SUCCESSFUL:.0%} of the trials right"
    kinds = sorted({row["hint"] for row in rows}, reverse=True)
    print_table(["hint", learned, "right trials", "seconds a network"], map(line, kinds))


def print_times(rows: Sequence[Row]) -> None:
    heads = ["units", "trials at the same time", "ms a step of a trial"]
    ordered = sorted(rows, key=lambda row: row["together"])
    print_table(heads, ([str(row["units"]), str(row["together"]), f"{row['ms']:.2f}"] for row in ordered))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("sines", "chirp", "sizes", "ready-set-go", "side-by-side"))
    parser.add_argument("--networks", type=int, help="20; 20; 10 of every size; 2 with and 2 without the hint")
    parser.add_argument("--trials", type=int, help="of training: 4; 200; 100; 600")
    parser.add_argument("--units", type=int, help="of chirp, 300; of ready-set-go and side-by-side, 1,000")
    parser.add_argument("--longest-ms", type=float, default=2_100.0, help="the longest interval of ready-set-go")
    parser.add_argument("--rest", type=float, default=-0.5, help="the output of ready-set-go without an answer")
    parser.add_argument("--side-by-side", type=int, default=10, help="trials of ready-set-go at the same time")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    began = time.perf_counter()
    if options.what == "sines":
        numbers = range(options.networks or 20)
        rows = side_by_side(
            [(sines, number, options.trials or 4) for number in numbers], options.processes, options.json
        )
        print_sines(rows)
    elif options.what == "chirp":
        numbers, trials = range(options.networks or 20), options.trials or 200
        both = [(kind, options.units or 300) for kind in ("full-FORCE", "FORCE")]
        jobs = [(chirp, *one, number, trials, max(trials // 4, 1)) for one in both for number in numbers]
        rows = side_by_side(jobs, options.processes, options.json)
        print_sizes(rows)
    elif options.what == "sizes":
        numbers, trials = range(options.networks or 10), options.trials or 100
        sizes = [("FORCE", units) for units in FORCE_SIZES] + [("full-FORCE", units) for units in FULL_SIZES]
        longest = sorted(sizes, key=lambda both: -both[1])
        jobs = [(chirp, *both, number, trials, trials) for both in longest for number in numbers]
        rows = side_by_side(jobs, options.processes, options.json)
        print_sizes(rows)
    elif options.what == "side-by-side":
        jobs = [(time_side_by_side, options.units or 1_000, together) for together in (1, 2, 5, 10, 20)]
        rows = side_by_side(jobs, options.processes, options.json)
        print_times(rows)
    else:
        numbers = range(options.networks or 2)
        jobs = [(ready_set_go, hint, number, options) for number in numbers for hint in (True, False)]
        rows = side_by_side(jobs, options.processes, options.json)
        print_ready_set_go(rows)
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
