"""How well do the rules learn one task, the 3-bit flip-flop, and what does that cost?

    .venv/bin/python benchmarks/rules.py                                   # every rule, four networks
    .venv/bin/python benchmarks/rules.py --only BPTT "FORCE A" --networks 20
    .venv/bin/python benchmarks/rules.py --plot docs/assets/rules.png

It needs recurra. Every rule trains networks with the settings in this file, one rule after the other; none is tuned
more than by hand. Prints a Markdown table: how many networks learned (at least 95 % of 1,000 fresh trials are a
success), with Wilson's interval; the share of right trials, median with least and most; trials and seconds a network,
with the time of compiling. With --plot the shares are drawn, a dot a network.
"""

import argparse
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import recurra as rc
from recurra.intervals import wilson_interval
from recurra.tasks.rules import SUCCESSFUL

TRIALS = 1_000
PRESET: Any = rc.preset("flipflop")


@dataclass(frozen=True)
class Way:
    """A model and the rule by which it learns."""

    model: rc.Model
    rule: Any


def recursive(trials: int) -> dict[str, Any]:
    """What rules that learn trial by trial have in common."""
    return {"steps": trials, "validation_trials": 64, "trials": rc.FreshTrials(steps_an_epoch=max(trials // 4, 1))}


def ways() -> dict[str, Way]:
    """The ways to learn it, by their names."""
    fractional: Any = rc.preset("fractional-flipflop")
    shown: Any = rc.preset("full-force-flipflop")
    slow_and_fast = rc.RateRNN(
        units=400,
        tau_ms=tuple(np.geomspace(10, 400, 400).tolist()),
        initializer=rc.SpectralRadius(1.4),
        input_initializer=rc.Uniform(1.0),
    )
    once = rc.FreshTrials(steps_an_epoch=6)
    return {
        "BPTT": Way(PRESET.model, PRESET.rule),
        "BPTT, truncated at 50 steps": Way(PRESET.model, replace(PRESET.rule, window=50)),
        "BPTT, fractional order 0.5": Way(fractional.model, fractional.rule),
        "full-FORCE with a hint": Way(shown.model, shown.rule),
        "FORCE A": Way(rc.FeedbackRNN(units=300, tau_ms=10.0), rc.FORCE(continuing=False, **recursive(200))),
        "FORCE C": Way(
            replace(shown.model, units=300, initializer=rc.Normal(1.5)),
            rc.FORCE(architecture="C", continuing=False, **recursive(200)),
        ),
        "ridge regression": Way(
            slow_and_fast, rc.Ridge(ridge=1e-6, steps=6, batch=64, validation_trials=16, trials=once)
        ),
    }


def measured(way: Way, networks: int) -> tuple[list[float], float]:
    """The share of right trials of every network, and seconds a network."""
    began = time.perf_counter()
    cohort = rc.train(PRESET.task, way.model, way.rule, networks=networks, seed=0, progress=False)
    seconds = (time.perf_counter() - began) / networks
    return cohort.success_shares(TRIALS).tolist(), seconds


def row(name: str, way: Way, shares: list[float], seconds: float) -> str:
    learned = sum(one >= SUCCESSFUL for one in shares)
    middle = f"{statistics.median(shares):.2f} [{min(shares):.2f}, {max(shares):.2f}]"
    seen = way.rule.steps * way.rule.batch
    units: Any = way.model
    cells = [name, f"{units.units}", str(wilson_interval(learned, len(shares))), middle, f"{seen:,}", f"{seconds:.0f}"]
    return f"| {' | '.join(cells)} |"


def draw(found: dict[str, list[float]], path: Path) -> None:
    """A dot a network, a row a rule."""
    figure, axes = plt.subplots(figsize=(6, 0.4 * len(found) + 0.8))
    for at, shares in enumerate(found.values()):
        spread = np.linspace(-0.15, 0.15, len(shares)) if len(shares) > 1 else [0.0]
        axes.plot(shares, at + np.asarray(spread), "o", color="black", markersize=4, alpha=0.6)
    axes.axvline(SUCCESSFUL, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.set(xlabel="Right trials of the 3-bit flip-flop", xlim=(-0.03, 1.03))
    figure.savefig(path, dpi=110, bbox_inches="tight")


def main() -> None:
    every = ways()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(every), choices=list(every), metavar="RULE")
    parser.add_argument("--networks", type=int, default=4)
    parser.add_argument("--plot", type=Path, metavar="FILE")
    options = parser.parse_args()
    print(
        "| rule | units | learned | right trials | trials seen | s a network |\n|---|---|---|---|---|---|", flush=True
    )
    found = {}
    for name in options.only:
        found[name], seconds = measured(every[name], options.networks)
        print(row(name, every[name], found[name], seconds), flush=True)
    if options.plot:
        draw(found, options.plot)


if __name__ == "__main__":
    main()
