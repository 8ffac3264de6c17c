"""FORCE A in plain NumPy and SciPy, step by step as Sussillo and Abbott (2009) wrote it: how many networks learn it?

    python benchmarks/rivals/force.py --networks 20

The pattern and the network of their Figure 2D: 1,000 units, a tenth of the connections, recursive least squares at
every second step of one pass of 14,400 steps, and 14,400 steps of test. It needs NumPy and SciPy, and nothing of
recurra, so that its draws and its arithmetic are others.
"""

import argparse
import time

import numpy as np
from scipy import sparse
from scipy.linalg import get_blas_funcs

UNITS, DENSITY, GAIN, LEAK, STEPS = 1_000, 0.1, 1.5, 0.1, 14_400
GOOD_ERROR, GOOD_CORRELATION = 0.036, 0.997
symv, syr = get_blas_funcs(("symv", "syr"), dtype=float)


def pattern(steps: int) -> np.ndarray:
    """The sum of four sines; a step is 1 ms, and the time constant 10 ms."""
    angle = np.pi * LEAK * np.arange(1, steps + 1) / 60
    return 1.3 / 1.5 * np.array([1, 1 / 2, 1 / 6, 1 / 3]) @ np.sin(np.outer([1, 2, 3, 4], angle))


def tested(seed: int) -> tuple[float, float]:
    """The mean absolute error and the correlation of one network in the steps after its training."""
    random = np.random.default_rng(seed)
    scale = GAIN / np.sqrt(DENSITY * UNITS)
    matrix = sparse.random(UNITS, UNITS, DENSITY, "csr", rng=random, data_rvs=random.standard_normal) * scale
    feedback, state, output = (
        random.uniform(-1, 1, UNITS),
        0.5 * random.standard_normal(UNITS),
        0.5 * random.standard_normal(),
    )
    inverse, readout, target = np.asfortranarray(np.eye(UNITS)), np.zeros(UNITS), pattern(2 * STEPS)
    rates, outputs = np.tanh(state), np.empty(2 * STEPS)
    for step, wanted in enumerate(target):
        state = (1 - LEAK) * state + LEAK * (matrix @ rates + feedback * output)
        rates = np.tanh(state)
        output = outputs[step] = readout @ rates
        if step < STEPS and step % 2:
            gain = symv(1.0, inverse, rates)
            factor = 1 / (1 + rates @ gain)
            inverse = syr(-factor, gain, a=inverse, overwrite_a=True)
            readout -= (output - wanted) * factor * gain
    test = slice(STEPS, 2 * STEPS)
    error = float(abs(outputs[test] - target[test]).mean())
    return error, float(np.corrcoef(outputs[test], target[test])[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=20)
    count, good = parser.parse_args().networks, 0
    for seed in range(count):
        began = time.perf_counter()
        error, correlation = tested(seed)
        learned = error <= GOOD_ERROR and correlation >= GOOD_CORRELATION
        good += learned
        print(f"{seed} {error:.4f} {correlation:.4f} {learned} {time.perf_counter() - began:.1f} s", flush=True)
    print(f"{good} of {count} networks: error at most {GOOD_ERROR} and correlation at least {GOOD_CORRELATION}")


if __name__ == "__main__":
    main()
