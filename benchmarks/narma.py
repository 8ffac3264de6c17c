"""How often does the NARMA system of `rc.Narma` reach 1, where the task stops it, and how often does it run away?

python benchmarks/narma.py        # half a minute
"""

import argparse

import numpy as np

from recurra.intervals import wilson_interval

AWAY = 1e3


def largest(order: int, steps: int, trials: int, seed: int) -> np.ndarray:
    """The largest value of every trial of the system without a bound."""
    random, most = np.random.default_rng(seed), np.zeros(trials)
    values, inputs = np.zeros((2, order, trials))  # of the last steps, in a ring
    for t in range(steps):
        inputs[t % order] = random.uniform(0, 0.5, trials)
        last = values[(t - 1) % order]
        product = inputs[(t + 1) % order] * inputs[t % order]
        values[t % order] = np.minimum(0.3 * last + 0.05 * last * values.sum(axis=0) + 1.5 * product + 0.1, 1e6)
        np.maximum(most, values[t % order], out=most)
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--order", type=int, default=10)
    parser.add_argument("--steps", type=int, default=2_000, help="of a trial")
    parser.add_argument("--thousands", type=int, default=200, help="of trials")
    options = parser.parse_args()
    seeds = range(options.thousands // 10)
    most = np.concatenate([largest(options.order, options.steps, 10_000, seed) for seed in seeds])
    for words, count in (("reach 1", (most >= 1).sum()), ("run away", (most > AWAY).sum())):
        print(f"{words}, of trials of {options.steps:,} steps: {wilson_interval(count, len(most))}")


if __name__ == "__main__":
    main()
