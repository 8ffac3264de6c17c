"""Does Brian2 find what recurra finds, from the script that recurra writes for it? And how long does each take?

    recurra train spikes-flipflop --networks 1 --out runs/spikes-flipflop
    .venv/bin/python benchmarks/spikes_in_brian2.py runs/spikes-flipflop --scaling-factor 50

Brian2 runs in an environment of its own in --environments, which is made when it is missing. The first network of the
run is compared on fresh trials, with first voltages and noise that each draws for itself: right trials, the rates of
the units, the outputs. Before that, its units are compared one by one, without connections, noise and randomness.
"""

import argparse
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rivals.environments import python_of

import recurra as rc

ENVIRONMENTS = Path(__file__).parents[1] / ".environments"


def in_brian2(python: Path, spiking: Any, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Spikes of every unit on every trial, the outputs, and the seconds that the script takes."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "network"
        spiking.to_brian2(made, inputs)
        began = time.perf_counter()
        subprocess.run([str(python), "network.py"], cwd=made, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        found = np.load(made / "trials.npz")
        counts = np.zeros((len(inputs), spiking.network.weights.units), int)
        np.add.at(counts, (found["trial"], found["unit"]), 1)
        return counts, found["outputs"], seconds


def print_alone(python: Path, network: Any, inputs: np.ndarray) -> None:
    """Units without connections, noise and random start: the spikes of each should be those of the other program."""
    alone, units = network.with_connections_cut(np.ones_like(network.recurrent, bool)), rc.LIF()
    spiking = rc.to_spikes(alone, 50.0, replace(units, noise_mv=0.0, start_mv=(units.reset_mv, units.reset_mv)))
    ours, theirs = spiking.run(inputs, key=0).counts, in_brian2(python, spiking, inputs)[0]
    apart = abs(ours - theirs)
    print(
        f"units alone: {ours.sum():,} spikes and {theirs.sum():,}; a unit differs by at most {apart.max()} in a trial"
    )


def print_together(python: Path, cohort: Any, factor: float, trials: int) -> None:
    """Right trials, rates and outputs of both programs, and their times."""
    network, task = cohort[0], cohort.task
    drawn = task.sample(cohort.seed + 1, trials)
    inputs = np.asarray(drawn.inputs)
    spiking = rc.to_spikes(network, factor)
    spiking.run(inputs, key=0)  # compiles
    began = time.perf_counter()
    ours = spiking.run(inputs, key=0)
    seconds = time.perf_counter() - began
    again = spiking.run(inputs, key=1)
    counts, outputs, theirs = in_brian2(python, spiking, inputs)
    print("| | right trials | spikes per unit and trial | rates, correlation | outputs, correlation | seconds |")
    print("|---|---|---|---|---|---|")
    rows = (
        ("recurra", ours.counts, ours.outputs, f"{seconds:.2f}"),
        ("recurra, other noise", again.counts, again.outputs, ""),
        ("Brian2", counts, outputs, f"{theirs:.1f}"),
    )
    for name, spikes, answers, took in rows:
        right = int(np.asarray(task.success(answers.astype(np.float32), drawn)).sum())
        rates = np.corrcoef(spikes.ravel(), ours.counts.ravel())[0, 1]
        alike = np.corrcoef(answers.ravel(), ours.outputs.ravel())[0, 1]
        print(f"| {name} | {right}/{trials} | {spikes.mean():.2f} | {rates:.3f} | {alike:.3f} | {took} |")


def cohort_of(run: Path) -> Any:
    return rc.load(run)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--scaling-factor", type=float, required=True)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    options = parser.parse_args()
    python, cohort = python_of("brian2", options.environments).absolute(), cohort_of(options.run)
    print_alone(python, cohort[0], np.asarray(cohort.task.sample(0, 1).inputs))
    print_together(python, cohort, options.scaling_factor, options.trials)


if __name__ == "__main__":
    main()
