"""How long spiking units take: a second of 200 units in steps of 0.05 ms.

    .venv/bin/python benchmarks/spikes.py

Times are those of a call after a first one, which compiles.
"""

import argparse
import time
from functools import partial

import numpy as np

import recurra as rc
from recurra.engine import spikes
from recurra.models import spiking

UNITS, STEPS = 200, 200  # of 5 ms


def random_network() -> rc.Network:
    """Sparse weights under Dale's law, as before training."""
    random = np.random.default_rng(0)
    recurrent = np.abs(random.normal(size=(UNITS, UNITS))) * (random.random((UNITS, UNITS)) < 0.2)
    signs = np.where(np.arange(UNITS) < 160, 1.0, -4.0)
    arrays = (recurrent * signs * 1.5 / np.sqrt(40), random.normal(size=(UNITS, 1)), np.full((1, UNITS), 0.01))
    tau_ms = random.uniform(20, 100, UNITS)
    return rc.network(*arrays, tau_ms=tau_ms, dt_ms=5.0, form="current", activation="sigmoid")


def print_times() -> None:
    """A row for every number of trials and factors, and one of the definition in JAX."""
    parts, inputs = spiking.converted(random_network(), rc.LIF()), np.zeros((100, STEPS, 1))
    print("| trials of 1 s | scaling factors | implementation | seconds |\n|---|---|---|---|")
    for trials, factors, portable in ((1, 1, False), (100, 1, False), (100, 14, False), (1, 1, True)):
        run = partial(parts.run, tuple(range(20, 20 + factors)), inputs[:trials], 0)
        spiking.run_spikes = partial(spikes.run_spikes, portable=portable)
        np.asarray(run().outputs)
        began = time.perf_counter()
        np.asarray(run().outputs)
        kind = "portable" if portable else "as chosen here"
        print(f"| {trials} | {factors} | {kind} | {time.perf_counter() - began:.3f} |")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print_times()
