"""Resampling of low-rank networks: the decisions of Dubreuil et al. (2022), trained and drawn again.

Trains networks of rank 1 in the setting of the paper's programs (current form, tanh, dt/tau 0.2, recurrent noise 0.05 a
step; m, n and I start standard normal and are trained, the readout w/N with w ~ N(0, 16) stays), fits 1, 2 and 3
Gaussian populations to the loadings of each network, and measures on the same 1,000 fresh trials the success of
networks drawn from them, without training: the share of trials in which the output has the sign of the answer in at
least half of the decision. Before the data: a number agrees if the interval of its mean over the
trained networks overlaps the published range (values of 1.00: if it reaches 0.99), and the shuffled networks must stay
below 0.6, near the chance of 0.5.

    python benchmarks/low_rank.py
    python benchmarks/low_rank.py --units 4096      # as published; a minute on an H100, an hour and more on 2 cores

Weights of rank 1 are trained as m and n themselves, a model of some 20 lines: a step costs N operations, not N² as with
`LowRank`, whose networks are the same.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import recurra as rc
from recurra.analysis.low_rank.resampling import mean_interval
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.streams import Stream, random_key

TAU_MS, STEP_NOISE, READOUT = 100.0, 0.05, 4.0
SIGN = rc.SignRule(settle_ms=0.0, share=0.5, error_bound=math.inf)
DECISION, CONTEXT = "decision", "context decision"
TASKS = {DECISION: rc.SignedDecision(rule=SIGN), CONTEXT: rc.CuedDecision(decision_ms=20.0, rule=SIGN)}
STEPS = {DECISION: 200, CONTEXT: 600}
PUBLISHED = {
    (DECISION, 0): (1.0, 1.0),
    (DECISION, 1): (1.0, 1.0),
    (CONTEXT, 0): (1.0, 1.0),
    (CONTEXT, 1): (0.715, 0.78),
    (CONTEXT, 2): (0.92, 0.975),
}


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class FactoredWeights(rc.Weights):
    """The weights of a network of rank R as the vectors m and n."""

    m: Float[Array, "*network unit rank"]
    n: Float[Array, "*network unit rank"]
    input: Float[Array, "*network unit input"]
    output: Float[Array, "*network output unit"]
    output_bias: Float[Array, "*network output"]


@dataclass(frozen=True)
class FactoredDynamics(rc.Dynamics):
    """The current form with recurrent weights m nᵀ / N."""

    leak: float
    noise: float
    weights: ClassVar = FactoredWeights

    def initial_state(self, weights):
        return jnp.zeros_like(weights.m[:, 0])

    def step(self, weights, state, inputs):
        current = weights.m @ (self.rates(state) @ weights.n) / weights.m.shape[0] + weights.input @ inputs
        return (1 - self.leak) * state + self.leak * current

    def rates(self, state):
        return jnp.tanh(state)

    @property
    def noisy(self):
        return True

    def noise_scale(self, weights):
        return jnp.full_like(weights.m[:, 0], self.noise)


@dataclass(frozen=True)
class Factored(rc.Model):
    """The model of these networks.

    Args:
        units: number of units N.
        rank: R.
    """

    units: int
    rank: int = 1

    def dynamics(self, dt_ms):
        return FactoredDynamics(dt_ms / TAU_MS, STEP_NOISE)

    def initial_weights(self, key, inputs, outputs):
        drawn = jax.random.normal(key, (self.units, 2 * self.rank + inputs + outputs), jnp.float32)
        m, n, inward, outward = jnp.split(drawn, np.cumsum([self.rank, self.rank, inputs]), axis=1)
        return FactoredWeights(m, n, inward, READOUT * outward.T / self.units, jnp.zeros(outputs, jnp.float32))

    def frozen(self):
        return ("output", "output_bias")


def loadings_of(network: rc.Network) -> tuple[rc.Network, rc.analysis.Loadings]:
    """A network of m and n as one of rate units, and its canonical loadings."""
    weights, units = cast(FactoredWeights, network.double), network.weights.units
    inward, output, output_bias = map(np.asarray, (weights.input, weights.output, weights.output_bias))
    n, m = np.asarray(weights.n), np.asarray(weights.m)
    plain = rc.analysis.Loadings(inward, n, m, output.T * units, np.zeros(units), output_bias, 1.0)
    found = plain.with_cloud(plain.cloud)
    arrays = (found.recurrent, inward, output, np.zeros(units), output_bias)
    dynamics = RateDynamics("current", "tanh", cast(FactoredDynamics, network.dynamics).leak)
    return rc.Network(dynamics, RateWeights(*arrays), network.dt_ms), found


def measured(name: str, units: int, networks: int, draws: int) -> list[dict]:
    """One row per network and number of populations; 0 populations is the network itself."""
    task = TASKS[name]
    rule = rc.BPTT(steps=STEPS[name], batch=32, learning_rate=1e-2, schedule=rc.Constant(), gradient_clip=1.0)
    started = time.perf_counter()
    cohort = rc.train(task, Factored(units), rule, networks=networks, seed=0)
    print(f"{name}, {units} units: trained in {time.perf_counter() - started:.0f} s", flush=True)
    trials, rows = task.sample(random_key(0, Stream.test), 1_000), []
    for number in range(networks):
        network, found = loadings_of(cohort[number])
        for count in (1, 2, 3):
            fitted = rc.populations(loadings=found, count=count, seed=0, starts=20)
            result = rc.resampling(
                network, task, loadings=found, populations=fitted, trials=trials, draws=draws, seed=number
            )
            row = {"task": name, "units": units, "network": number, "populations": count, "bic": fitted.bic}
            row |= {"trained": result.original, "resampled": result.interval, "shuffled": result.chance}
            print(json.dumps(row), flush=True)
            rows.append(row)
    return rows


def table(rows: list[dict]) -> str:
    """The means over networks with their 95 % intervals, beside the published ranges."""
    lines = ["| task | units | populations | published | found | shuffled | agrees |", "|---|---|---|---|---|---|---|"]
    for name in TASKS:
        for count in (0, 1, 2, 3):
            own = [row for row in rows if row["task"] == name and row["populations"] == max(count, 1)]
            values = [row["resampled"][0] if count else row["trained"] for row in own]
            mean, low, high = mean_interval(np.array(values))
            shuffled = np.mean([row["shuffled"][0] for row in own])
            published = PUBLISHED.get((name, count))
            told = "–" if published is None else " to ".join(f"{one:g}" for one in dict.fromkeys(published))
            agrees = "–" if published is None else "yes" if agrees_with(published, low, high) else "no"
            label = str(count) if count else "none: as trained"
            units = own[0]["units"]
            cells = [name, f"{units:,}", label, told, f"{mean:.3f} [{low:.3f}, {high:.3f}]", f"{shuffled:.3f}", agrees]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def agrees_with(published: tuple[float, float], low: float, high: float) -> bool:
    """The rule in the head of this file."""
    lowest, highest = min(published[0], 0.99), published[1]
    return high >= lowest and low <= highest


def main() -> None:
    """Train, resample, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", type=int, default=3)
    parser.add_argument("--units", type=int, default=1024, help="of the networks of the context decision")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--json", type=Path, help="a file for the rows")
    options = parser.parse_args()
    sizes = {DECISION: 512, CONTEXT: options.units}
    rows = [row for name in TASKS for row in measured(name, sizes[name], options.networks, options.draws)]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
