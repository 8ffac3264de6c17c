"""How does the cost of a training step grow with units, time steps, trials, networks and threads?

    .venv/bin/python benchmarks/scaling.py
    .venv/bin/python benchmarks/scaling.py --json scaling.json --figure docs/assets/scaling.png

Loss and gradient of the native engine, from 4 networks of 100 units, 64 trials of 200 steps, 3 inputs and outputs; one
of the five is varied at a time. Prints ms a network and step and GFLOP/s, each the median of the calls of half a
second, and of 9 at least; threads have processes of their own. GFLOP/s that stay the same mean that the cost
grows as the arithmetic does.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from rivals.protocol import Shape
from training_step import machine

from recurra.engine import NATIVE, choose_engine
from recurra.models import RateRNN

BASE = Shape(networks=4, units=100, batch=64, steps=200, inputs=3, outputs=3)
VARIED = {
    "units": [8, 16, 32, 50, 64, 100, 128, 200, 256, 400, 800],
    "steps": [10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
    "batch": [1, 4, 8, 16, 17, 32, 48, 64, 128, 256],
    "networks": [1, 2, 3, 4, 8, 20, 50, 100],
    "threads": [1, 2, 3, 4],
}
CALLS, SECONDS = 9, 0.5  # at least so many, and for so long


def milliseconds(shape: Shape) -> float:
    """Of loss and gradient, a network."""
    random, dynamics = np.random.default_rng(0), RateRNN(units=shape.units, tau_ms=1.0).dynamics(1.0)
    choose_engine("native", dynamics)
    weights = RateRNN(units=shape.units).initial_weights(jax.random.key(0), shape.inputs, shape.outputs)
    weights = jax.tree.map(lambda array: jnp.repeat(array[None], shape.networks, axis=0), weights)
    lead = (shape.batch, shape.steps)
    inputs = jnp.asarray(random.standard_normal((*lead, shape.inputs), np.float32))
    targets = jnp.asarray(random.standard_normal((*lead, shape.outputs), np.float32))
    mask = jnp.ones(targets.shape, bool)
    times = []
    while len(times) <= CALLS or sum(times) * shape.networks < 1e3 * SECONDS:
        began = time.perf_counter()
        jax.block_until_ready(NATIVE.loss_and_gradient(dynamics, weights, inputs, targets, mask))
        times.append(1e3 * (time.perf_counter() - began) / shape.networks)
    return statistics.median(times[1:])


def with_threads(threads: int) -> float:
    """The base in a process with so many threads."""
    environ = {**os.environ, "RECURRA_THREADS": str(threads)}
    done = subprocess.run([sys.executable, __file__, "--base"], env=environ, capture_output=True, text=True, check=True)
    return float(done.stdout)


def draw(found: dict[str, list[dict]], path: Path) -> None:
    """A panel for each of the five, GFLOP/s over its values."""
    figure, axes = plt.subplots(1, len(found), figsize=(11, 2.4), sharey=True, layout="constrained")
    for axis, (name, rows) in zip(axes, found.items(), strict=True):
        axis.plot([row[name] for row in rows], [row["gflops"] for row in rows], "o-", ms=3, lw=1, color="#1f5fa8")
        axis.set_xlabel(name)
        axis.set_xscale("linear" if name == "threads" else "log")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("GFLOP/s")
    axes[0].set_ylim(bottom=0)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers and the machine here")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw them")
    parser.add_argument("--base", action="store_true", help="print the ms of the base alone")
    options = parser.parse_args()
    if options.base:
        print(milliseconds(BASE))
        return
    found: dict[str, list[dict]] = {}
    for name, values in VARIED.items():
        print(f"\n| {name} | ms a network and step | GFLOP/s |\n|---|---|---|")
        for value in values:
            shape = BASE if name == "threads" else replace(BASE, **{name: value})
            ms = with_threads(value) if name == "threads" else milliseconds(shape)
            row = {**asdict(shape), name: value, "ms": ms, "gflops": shape.operations / ms / 1e6}
            found.setdefault(name, []).append(row)
            print(f"| {value:,} | {ms:.3g} | {row['gflops']:.0f} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rows": found}, indent=1) + "\n")
    if options.figure:
        draw(found, options.figure)


if __name__ == "__main__":
    main()
