"""Does the preset of every task train it, and how long does that take?

    .venv/bin/python benchmarks/task_presets.py                      # every task, 8 networks of seed 0
    .venv/bin/python benchmarks/task_presets.py and romo --seeds 0 1
    .venv/bin/python benchmarks/task_presets.py xor --set training.steps=600

Prints a Markdown table: networks that are successful (at least 95 % of 1,000 fresh trials are) with the 95 % Wilson
interval, the least share of successful trials of a network, mean squared error and the papers' distance over the
networks (least / median / most), training steps, and the seconds of training, compilation included.
"""

import argparse
import statistics
import time

from recurra.analysis import Performance, performance
from recurra.analysis.shown_trials import test_trials
from recurra.intervals import wilson_interval
from recurra.runs.spec import RunSpec, read_table, to_spec, with_settings
from recurra.tasks import TASKS
from recurra.tasks.rules import SUCCESSFUL

HEADS = ["preset", "networks", "successful [95 %]", "least success", "MSE", "distance", "steps", "seconds"]


def trained(spec: RunSpec) -> tuple[list[Performance], float, list[int]]:
    """How well every network of the spec does, the seconds of training, and the steps that each took."""
    training = spec.to_training()
    began = time.perf_counter()
    state = training.start()
    while not state.ended:
        state = training.advance(state)
    seconds = time.perf_counter() - began
    cohort = training.cohort(state)
    trials = test_trials(spec.task, spec.seed)
    steps = [int(step) for step in state.learner.step]
    return [performance(network, spec.task, trials=trials) for network in cohort], seconds, steps


def three(values: list[float]) -> str:
    return " / ".join(f"{value:.3g}" for value in (min(values), statistics.median(values), max(values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"presets; all of {', '.join(TASKS)} if none is named")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for name in options.tasks or TASKS:
        found, seconds, steps = [], 0.0, []
        for seed in options.seeds:
            settings = [f"networks={options.networks}", f"seed={seed}", *options.settings]
            measured, took, taken = trained(to_spec(with_settings(read_table(name), settings)))
            found, seconds, steps = found + measured, seconds + took, steps + taken
        good = wilson_interval(sum(one.success >= SUCCESSFUL for one in found), len(found))
        cells = [name, str(len(found)), str(good), f"{min(one.success for one in found):.1%}"]
        cells += [three([one.mse for one in found]), three([one.distance for one in found])]
        cells += [three([float(step) for step in steps]), f"{seconds:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
