"""How well does a reservoir do the 3-bit flip-flop? Slow and fast units, and a readout by ridge regression.

    python benchmarks/reservoir_flipflop.py                       # 100, 200 and 400 units; minutes
    python benchmarks/reservoir_flipflop.py --units 400 --networks 2

Time constants are spread evenly on a logarithmic scale from 10 to 400 ms. Prints for every size the share of right
trials among 256 fresh ones: mean over networks with the 95 % interval of the mean, least and most; then the same for
trials three times as long; then for networks whose units all have 30 ms and receive the outputs, or the targets while
the readout is learned.
"""

import argparse
from typing import Any

import numpy as np
from scipy.stats import t

import recurra as rc

TASK, LONGER = rc.FlipFlop(bits=3), rc.FlipFlop(bits=3, length_ms=1_050.0)
TRIALS = 256


def slow_and_fast(units: int) -> rc.RateRNN:
    tau_ms: Any = tuple(np.geomspace(10, 400, units).tolist())
    return rc.RateRNN(units=units, tau_ms=tau_ms, initializer=rc.SpectralRadius(1.4), input_initializer=rc.Uniform(1.0))


def with_feedback(units: int) -> rc.FeedbackRNN:
    starts = {"initializer": rc.SpectralRadius(1.2), "feedback_initializer": rc.Uniform(0.5), "state_spread": 0.0}
    return rc.FeedbackRNN(units=units, form="rate", tau_ms=30.0, recurrent_noise=0.1, output_bias=True, **starts)


def shares(model: rc.Model, ridge: float, networks: int, *tasks: rc.FlipFlop) -> list[str]:
    """The shares of right trials of each task after training on the first."""
    once = rc.FreshTrials(steps_an_epoch=6)
    rule = rc.Ridge(ridge=ridge, steps=6, batch=64, validation_trials=16, trials=once)
    cohort = rc.train(TASK, model, rule, networks=networks, seed=0, progress=False)
    return [share(cohort, task) for task in tasks]


def share(cohort: rc.Cohort, task: rc.FlipFlop) -> str:
    trials = task.sample(1, TRIALS)
    found = np.array([rc.performance(network, task, trials=trials).success for network in cohort])
    half = t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
    return f"{found.mean():.2f} ± {half:.2f} ({found.min():.2f} to {found.max():.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, nargs="+", default=[100, 200, 400])
    parser.add_argument("--networks", type=int, default=5)
    options = parser.parse_args()
    print("| units | networks | right trials | of three times the length | with feedback |\n|---|---|---|---|---|")
    for units in options.units:
        found = shares(slow_and_fast(units), 1e-6, options.networks, TASK, LONGER)
        found += shares(with_feedback(units), 1e-4, options.networks, TASK)
        print(f"| {units:,} | {options.networks} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
