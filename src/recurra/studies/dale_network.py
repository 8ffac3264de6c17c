"""The excitatory-inhibitory network of Yang and Wang (2020): its cross-entropy over training, and its performance."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.engine import choose_engine
from recurra.models.cohort import Cohort
from recurra.numerics import pinned
from recurra.plotting.papers.studies import learning_beside_published
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.runs.tables import Table
from recurra.streams import Stream, random_key
from recurra.studies.protocol import data_sets, over_sets
from recurra.studies.study import Rows, Scale, Study, column, published, where
from recurra.studies.verdict_words import cannot_compare
from recurra.studies.verdicts import (
    Comparison,
    Estimate,
    Verdict,
    difference,
    interval_quantile,
    intraclass_correlation,
    mean_over_networks,
)
from recurra.tasks import DecisionStream

UNITS, EXCITATORY = 50, 0.8
STEPS_AN_EPOCH = 200  # the published losses are means over as many steps
COMPARED = (200, 1000, 2000, 5000)  # training steps
MARGIN = 0.1  # of the published cross-entropy
PERFORMANCE, TRIALS = 0.848, 500  # published, of one network
PERFORMANCE_MARGIN = 0.05  # three standard errors of the published share
TESTED = 1_000  # trials per network
CLAIMS = len(COMPARED) + 1
NETWORKS: dict[Scale, tuple[int, int]] = {"quick": (1, 2), "laptop": (4, 5), "paper": (4, 25)}  # data sets, networks
LENGTH: dict[Scale, int] = {"quick": 400, "laptop": 5000, "paper": 5000}  # training steps


@final
class DaleNetwork(Study):
    """Networks under Dale's law that learn perceptual decisions in a stream."""

    name: ClassVar[str] = "dale-network"
    title: ClassVar[str] = "Excitatory and inhibitory units (Yang and Wang 2020)"
    sources: ClassVar[tuple[str, ...]] = ("yang2020", "song2016", "molano2022", "killip2004")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        sets, networks = NETWORKS[scale]
        return [over_sets(_table(networks, LENGTH[scale]), data_sets(seed, 3000, sets))]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        losses: Rows = []
        networks: Rows = []
        for spec in self.plan(scale, seed):
            cohort = trained(spec)
            for number, share, curve in zip(cohort.numbers, _performance(cohort), cohort.history.loss, strict=True):
                one = {"data_set": spec.seed, "network": number}
                networks.append({**one, "performance": float(share)})
                pairs = zip(cohort.history.step, curve, strict=True)
                losses += [{**one, "step": int(step), "loss": float(loss)} for step, loss in pairs]
        return {"networks": networks, "losses": losses}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return [*(_loss_verdict(tables["losses"], step) for step in COMPARED), _performance_verdict(tables["networks"])]

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """The verdicts if the published network may deviate from its mean as ours deviate from theirs."""
        rows: Rows = []
        for step in COMPARED:
            own = where(tables["losses"], step=step)
            if len(own) > 1:
                one = _compared(own, "loss", _published_loss(step), MARGIN, lone=True)
                words = {"difference": _interval(one), "verdict": one.outcome}
                rows.append({"with the deviation of one network, at step": step, **words})
        return rows

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"cross-entropy": learning_beside_published(tables["losses"], published("dale_network"))}


def _table(networks: int, steps: int) -> Table:
    """The published setting as a spec. Uniform weights start within one over the root of their number per unit."""
    return {
        "name": "dale",
        "networks": networks,
        "task": {"kind": "decision_stream"},
        "model": {
            "units": UNITS,
            "form": "current",
            "activation": "relu",
            "tau_ms": 100.0,
            "recurrent_noise": 0.15,
            "recurrent_bias": True,
            "initializer": _uniform(UNITS, UNITS, UNITS),
            "input_initializer": _uniform(UNITS, 3, 3),
            "output_initializer": _uniform(3, UNITS, EXCITATORY * UNITS),
            "constraints": [
                {"kind": "dale", "excitatory": EXCITATORY, "balanced": "average", "excitatory_readout": True},
                "no_self_connections",
            ],
        },
        "training": {
            "steps": steps,
            "batch": 16,
            "learning_rate": 1e-3,
            "loss": "cross_entropy",
            "gradient_clip": "inf",
            "optimizer": {"kind": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
            "schedule": {"kind": "constant"},
            "trials": {"kind": "fresh", "steps_an_epoch": STEPS_AN_EPOCH},
        },
    }


def _uniform(post: int, pre: int, senders: float) -> dict[str, Any]:
    """Weights of a matrix of this shape, uniform within one over the root of the number of senders."""
    return {"kind": "glorot_uniform", "gain": float(np.sqrt((post + pre) / 6 / senders))}


@pinned()
def _performance(cohort: Cohort) -> Float[np.ndarray, "network"]:
    """The share of single decisions that each network gets right in their last step, with its recurrent noise."""
    task = replace(
        cast(DecisionStream, cohort.task), fixation_ms=(500.0,), stimulus_ms=(500.0,), length_ms=1100.0, cut=False
    )
    trials = task.sample(random_key(cohort.seed, Stream.test), TESTED)
    keys = jnp.stack([random_key(cohort.seed, Stream.validation_noise, number) for number in cohort.numbers])
    engine = choose_engine("auto", cohort.dynamics)
    outputs = engine.respond(cohort.dynamics, cohort.weights, trials.inputs, noise_keys=jax.random.key_data(keys))
    right = np.asarray(outputs)[:, :, -1].argmax(axis=-1) == np.asarray(trials.targets)[:, -1].argmax(axis=-1)
    return right.mean(axis=1)


def _published_loss(step: int) -> float:
    return float(where(published("dale_network"), step=step)[0]["loss"])


def _compared(rows: Rows, name: str, value: float, margin: float, *, lone: bool, relative: bool = True) -> Comparison:
    """Our mean minus a published value of one network, as a share of that value if it is relative.

    Args:
        rows: one row per network.
        name: the column.
        value: the published value.
        margin: within which the two count as the same.
        lone: whether the published value has the deviation of a single network; if not, it is taken as exact.
        relative: whether difference and margin are shares of the published value.
    """
    values, sets = column(rows, name), [row["data_set"] for row in rows]
    between = intraclass_correlation(values, [0] * len(sets), sets)
    own = mean_over_networks(values, sets, between)
    other = Estimate(value, float(values.std(ddof=1)) if lone else 0.0, len(values) - 1.0)
    apart = difference(own, other) if lone else Estimate(own.value - value, own.error, own.freedom)
    scale = value if relative else 1.0
    quantile = interval_quantile(CLAIMS, apart.freedom)
    middle, half = apart.value / scale, quantile * apart.error / scale
    return Comparison(middle, middle - half, middle + half, (-margin, margin), 0.0, quantile)


def _loss_verdict(losses: Rows, step: int) -> Verdict:
    what, value = f"cross-entropy, mean over steps {step - STEPS_AN_EPOCH + 1:,} to {step:,}", _published_loss(step)
    own = where(losses, step=step)
    if len(own) < 2:
        return cannot_compare(what, f"{value:g}", "", "no two networks were trained for so long")
    values = column(own, "loss")
    comparison = _compared(own, "loss", value, MARGIN, lone=False)
    return Verdict(
        what,
        f"{value:g}, one network",
        f"{values.mean():.4f}, {len(values)} networks from {values.min():.4f} to {values.max():.4f}",
        comparison.outcome,
        difference=_interval(comparison),
        rule=f"the interval of our mean within ±{MARGIN:.0%} of the published value",
        power=_power(comparison),
    )


def _performance_verdict(networks: Rows) -> Verdict:
    what = "share of single decisions with the right choice in the last step"
    values = column(networks, "performance")
    comparison = _compared(networks, "performance", PERFORMANCE, PERFORMANCE_MARGIN, lone=False, relative=False)
    return Verdict(
        what,
        f"{PERFORMANCE:g}, one network on {TRIALS} trials",
        f"{values.mean():.3f}, {len(values)} networks from {values.min():.3f} to {values.max():.3f}",
        comparison.outcome,
        difference=_interval(comparison),
        rule=f"within ±{PERFORMANCE_MARGIN:.0%} points, three standard errors of the published share",
        power=_power(comparison),
    )


def _interval(one: Comparison) -> str:
    return f"{one.difference:+.1%} [{one.low:+.1%}, {one.high:+.1%}]"


def _power(one: Comparison) -> str:
    smallest = f"{one.smallest:.0%}"
    return f"agrees with a chance of {one.power:.0%} if the two are equal; finds differences from {smallest} on"
