"""How much of its past input a network holds: Jaeger's memory capacity."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import eigh
from scipy.special import stdtrit

from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.checks import MOST_STEPS, check_between, check_count, check_memory, check_positive
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import one_thread

STRETCHES = 10  # of the test, from whose spread the interval follows
LARGEST = 1e100  # rates whose squares are numbers
LARGEST_INPUT = 1e70  # inputs whose fourth powers are numbers
FEWEST, MOST, PER_LAG = 5_000, 20_000, 50  # steps of fit and of test if no number is given


@dataclass(frozen=True)
class MemoryCapacity(Shown):
    r"""How well the inputs of earlier steps can be read from the rates.

    Args:
        lags: k, steps back.
        by_lag: $\mathrm{corr}^2(u(t - k), y_k(t))$ of the best linear readout for each lag, on steps that it was not
            fitted to, without what chance adds.
        capacity: their sum, at most the number of units.
        low: lower end of the 95 % interval of the capacity, from the spread over stretches of the test.
        high: its upper end.
        null: the capacity for a series that the network did not receive, found in the same way: about 0.
        units: number of units N, which is the largest possible capacity.
        steps: of the fit, and as many of the test.
    """

    sources: ClassVar[tuple[str, ...]] = ("jaeger2001b",)

    lags: Int[np.ndarray, "lag"]
    by_lag: Float[np.ndarray, "lag"]
    capacity: float
    low: float
    high: float
    null: float
    units: int
    steps: int


@of_each_network
def memory_capacity(  # noqa: PLR0913 - the numbers of the measurement
    network: Subject,
    task: Task | None = None,
    *,
    lags: int | None = None,
    steps: int | None = None,
    washout: int = 500,
    ridge: float = 2e-11,
    amplitude: float = 0.8,
    channel: int = 0,
    seed: int | None = None,
) -> MemoryCapacity:
    r"""Jaeger's memory capacity, $\sum_k \mathrm{corr}^2(u(t - k), y_k(t))$, of a network that receives noise u.

    u is independent and uniform within ± `amplitude` at every step. For each lag k from 1 on, a linear readout $y_k$
    of the rates is fitted by ridge regression, and its squared correlation with the input of k steps ago is measured
    on the steps that follow. Two unrelated series of T steps have the squared correlation $1 / (T - 1)$ on average;
    so of $r^2$ counts $1 - (1 - r^2)(T - 1)/(T - 2)$, whose average is then 0. A network of N units has at most the
    capacity N. Everything is computed in float64.

    Args:
        network: the network, or a cohort.
        task: its task, which the capacity does not depend on.
        lags: the largest lag; if not given, 2 N.
        steps: T, steps of the fit, and as many of the test; if not given, 50 for each lag, within 5,000 and 20,000.
        washout: steps before the fit, in which the network forgets its initial state; at least as many as lags.
        ridge: β of `rc.Ridge`: the penalty is β T. Capacities of reservoirs whose rates span many orders of magnitude
            depend on it.
        amplitude: largest input, above 0, at most 1e70.
        channel: the number of the input channel that receives u; the others receive 0.
        seed: seed of u; if not given, that of the network's cohort, or 0.

    Examples:
        >>> import recurra as rc
        >>> line = rc.network([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1], [0], [0]], [[0, 0, 1]], activation="linear")
        >>> round(rc.memory_capacity(line, lags=5).capacity, 2)
        2.0

    Source: Jaeger (2001b).
    """
    visit = visit_of(network, task)
    units = visit.network.weights.units
    lags, steps, first = _lengths(units, lags, steps, washout)
    check_positive("ridge", ridge)
    check_positive("amplitude", amplitude)
    check_between("amplitude", amplitude, 0, LARGEST_INPUT)
    check_count("channel", channel, at_least=0, at_most=visit.network.weights.inputs - 1)
    random = np.random.default_rng([seed_of(network, seed), 0x6D63])
    drawn, other = random.uniform(-amplitude, amplitude, (2, first + 2 * steps))
    with one_thread():
        rates = _rates(visit.network, drawn, channel)[first:]
        readouts = _Readouts.fitted(rates[:steps], ridge)
        (by_lag, parts), (null, _) = (readouts.squared(rates, _delayed(one, lags, first)) for one in (drawn, other))
    return _with_interval(by_lag, parts, null, units, steps)


def _lengths(units: int, lags: int | None, steps: int | None, washout: int) -> tuple[int, int, int]:
    """The largest lag, the steps of the fit, and those before it; an error if they make no sense."""
    lags = 2 * units if lags is None else lags
    check_count("lags", lags, at_most=MOST_STEPS)
    steps = min(max(FEWEST, PER_LAG * lags), MOST) if steps is None else steps
    check_count("steps", steps, at_most=MOST_STEPS)
    if steps < STRETCHES * 20:
        raise ValueError(f"steps is {steps}; expected at least {STRETCHES * 20}, for {STRETCHES} stretches of the test")
    check_count("washout", washout, at_least=0, at_most=MOST_STEPS)
    first = max(washout, lags)
    total = first + 2 * steps
    what = f"the inputs of {lags:,} lags and the rates of {units:,} units, in {total:,} steps,"
    check_memory(what, 8.0 * (3 * units + 4 * lags) * total, "lags, steps or washout")
    return lags, steps, first


def _with_interval(
    by_lag: Float[np.ndarray, "lag"],
    parts: Float[np.ndarray, "stretch lag"],
    null: Float[np.ndarray, "lag"],
    units: int,
    steps: int,
) -> MemoryCapacity:
    """The capacity of all steps, with the interval that follows from that of each stretch."""
    capacity, spread = float(by_lag.sum()), parts.sum(axis=1).std(ddof=1) / math.sqrt(STRETCHES)
    half = float(stdtrit(STRETCHES - 1, 0.975) * spread)
    return MemoryCapacity(
        lags=np.arange(1, len(by_lag) + 1),
        by_lag=by_lag,
        capacity=min(capacity, float(units)),
        low=min(max(capacity - half, 0.0), float(units)),
        high=min(capacity + half, float(units)),
        null=float(null.sum()),
        units=units,
        steps=steps,
    )


@dataclass(frozen=True)
class _Readouts:
    """Linear readouts of rates, before it is known what they should give.

    Args:
        fit: centred rates of the fit.
        mean: of the rates there.
        vectors: the eigenvectors of their squares.
        values: the eigenvalues, with the penalty.
    """

    fit: Float[np.ndarray, "time unit"]
    mean: Float[np.ndarray, "unit"]
    vectors: Float[np.ndarray, "unit unit"]
    values: Float[np.ndarray, "unit"]

    @classmethod
    def fitted(cls, rates: Float[np.ndarray, "time unit"], ridge: float) -> "_Readouts":
        mean = rates.mean(axis=0)
        centred = rates - mean
        values, vectors = eigh(centred.T @ centred)
        return cls(centred, mean, vectors, np.maximum(values, 0) + ridge * len(rates))

    def squared(
        self, rates: Float[np.ndarray, "time unit"], wanted: Float[np.ndarray, "time lag"]
    ) -> tuple[Float[np.ndarray, "lag"], Float[np.ndarray, "stretch lag"]]:
        """The squared correlations on the steps after the fit, on all of them and on each stretch of them."""
        steps = len(self.fit)
        products = self.fit.T @ (wanted[:steps] - wanted[:steps].mean(axis=0))
        rows = self.vectors @ ((self.vectors.T @ products) / self.values[:, None])
        answers, asked = (rates[steps:] - self.mean) @ rows, wanted[steps:]
        length = steps // STRETCHES
        parts = [slice(at * length, (at + 1) * length) for at in range(STRETCHES)]
        return _unbiased(answers, asked), np.stack([_unbiased(answers[part], asked[part]) for part in parts])


def _rates(network: Network, drawn: Float[np.ndarray, "time"], channel: int) -> Float[np.ndarray, "time unit"]:
    """The rates of a network that receives this series; an error if they leave the range of numbers."""
    inputs = np.zeros((1, len(drawn), network.weights.inputs))
    inputs[0, :, channel] = drawn
    rates = network.run(inputs)[0][0]
    if not (np.abs(rates) < LARGEST).all():
        raise ValueError("the rates grow without bound under noise: the network has no memory capacity")
    return rates


def _delayed(series: Float[np.ndarray, "time"], lags: int, first: int) -> Float[np.ndarray, "time lag"]:
    """The series of 1, 2, ... steps ago, from step `first` on."""
    windows = np.lib.stride_tricks.sliding_window_view(series, lags + 1)[first - lags :]
    return windows[:, -2::-1]


def _unbiased(answers: Float[np.ndarray, "time lag"], asked: Float[np.ndarray, "time lag"]) -> Float[np.ndarray, "lag"]:
    """Squared correlations without what chance adds."""
    steps, centred = len(asked), (answers - answers.mean(axis=0), asked - asked.mean(axis=0))
    shared, *own = (np.einsum("tk,tk->k", one, other) for one, other in (centred, (centred[0],) * 2, (centred[1],) * 2))
    power = own[0] * own[1]
    squared = np.divide(shared**2, power, out=np.zeros_like(power), where=power > 0)
    return 1 - (1 - squared) * (steps - 1) / (steps - 2)
