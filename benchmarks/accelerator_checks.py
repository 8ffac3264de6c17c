"""Whether the batched engine computes the right numbers on the device that JAX uses here, and always the same ones."""

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from recurra.arrays import Weights
from recurra.engine import BATCHED, PORTABLE, Dynamics, Engine
from recurra.models import GRU, LSTM, Model, RateRNN
from recurra.numerics import pinned
from recurra.tasks import FlipFlop
from recurra.training import BPTT, FreshTrials, Training

NETWORKS, UNITS, TRIALS, STEPS, INPUTS, OUTPUTS = 3, 50, 64, 40, 2, 1
BOUND = {"float32": 1e-5, "float64": 1e-11}
COHORT = 100  # networks

Found = dict[str, Any]


def problem(model: Model, networks: int, kind: str, seed: int = 0) -> tuple[Dynamics, Weights, list[np.ndarray]]:
    """Random networks, stable ones, with inputs, targets and a mask that they share."""
    random = np.random.default_rng(seed)
    dynamics = model.dynamics(1.0)
    one = model.start(jax.random.key(0), INPUTS, OUTPUTS)
    scale = 0.9 / UNITS**0.5
    drawn = random.normal(size=(networks, sum(array.size for array in jax.tree.leaves(one)))).astype(kind)
    ends = np.cumsum([array.size for array in jax.tree.leaves(one)])[:-1]
    parts = np.split(scale * drawn, ends, axis=1)
    arrays = [part.reshape(networks, *array.shape) for part, array in zip(parts, jax.tree.leaves(one), strict=True)]
    lead = (TRIALS, STEPS)
    trials = [random.normal(size=(*lead, number)).astype(kind) for number in (INPUTS, OUTPUTS)]
    mask = random.random((*lead, OUTPUTS)) < 0.7
    return dynamics, jax.tree.unflatten(jax.tree.structure(one), arrays), [*trials, mask]


def answer(engine: Engine, made: tuple[Dynamics, Weights, list[np.ndarray]], **options: Any) -> list[np.ndarray]:
    """Loss and gradient without and with a penalty on rates, which have programs of their own, and outputs."""
    dynamics, weights, trials = made
    keys = np.arange(2 * weights.networks, dtype=np.uint32).reshape(-1, 2) if dynamics.noisy else None
    found = [
        engine.loss_and_gradient(dynamics, weights, *trials, noise_keys=keys, rate_penalty=penalty, **options)
        for penalty in (0.0, 0.1)
    ]
    outputs = engine.respond(dynamics, weights, trials[0], noise_keys=keys)
    return [np.asarray(array) for array in jax.tree.leaves((found, outputs))]


def difference(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The largest one, relative to the largest entry of its array; infinite if a number is missing."""
    pairs = zip(found, expected, strict=True)
    largest = np.max([abs(a - b).max() / max(abs(b).max(), 1e-30) for a, b in pairs])  # NaN if one is
    return float(largest) if np.isfinite(largest) else float("inf")


def agreement(model: Model, kind: str, on_processor: bool) -> Found:
    """With the portable engine, on the same device or on the processor."""
    with pinned(double=kind == "float64"):
        made = problem(model, NETWORKS, kind)
        found = answer(BATCHED, made)
        if on_processor:
            with jax.default_device(jax.devices("cpu")[0]):
                expected = answer(PORTABLE, made)
        else:
            expected = answer(PORTABLE, made)
    largest = difference(found, expected)
    return {"difference": largest, "bound": BOUND[kind], "passed": largest <= BOUND[kind]}


def rounding(activation: str) -> Found:
    """The error of float32 on the device: against the portable engine in float64 on the processor, three draws."""
    model, largest = RateRNN(units=UNITS, tau_ms=1.0, activation=activation), 0.0
    for seed in range(3):
        with pinned():
            made = dynamics, weights, trials = problem(model, NETWORKS, "float32", seed)
            found = answer(BATCHED, made)
        with pinned(double=True), jax.default_device(jax.devices("cpu")[0]):
            exact = problem_in_double(dynamics, weights, trials)
            largest = max(largest, difference([one.astype(float) for one in found], answer(PORTABLE, exact)))
    return {"difference": largest, "bound": BOUND["float32"], "passed": largest <= BOUND["float32"]}


def problem_in_double(
    dynamics: Dynamics, weights: Weights, trials: list[np.ndarray]
) -> tuple[Dynamics, Weights, list[np.ndarray]]:
    """The same problem with the same numbers in float64."""
    inputs, targets, mask = trials
    arrays = [inputs.astype(float), targets.astype(float), mask]
    return dynamics, jax.tree.map(lambda array: np.asarray(array, float), weights), arrays


def company(networks: int) -> Found:
    """The numbers of one network alone and among others."""
    with pinned():
        dynamics, weights, trials = problem(RateRNN(units=UNITS, tau_ms=1.0), networks, "float32")
        alone = answer(BATCHED, (dynamics, jax.tree.map(lambda array: array[:1], weights), trials))
        among = [array[:1] for array in answer(BATCHED, (dynamics, weights, trials))]
    same = all(map(np.array_equal, alone, among))
    return {"difference": difference(alone, among), "same_bits": same, "passed": difference(alone, among) <= 1e-5}


def repetition() -> Found:
    """The same call twice, and a third time as if compiled anew."""
    with pinned():
        made = problem(RateRNN(units=UNITS, tau_ms=1.0), COHORT, "float32")
        first, second = answer(BATCHED, made), answer(BATCHED, made)
        jax.clear_caches()
        third = answer(BATCHED, made)
    same = [all(map(np.array_equal, first, other)) for other in (second, third)]
    return {"same_bits": same[0], "same_bits_compiled_anew": same[1], "passed": same[0]}


def ended() -> Found:
    """Networks that are not active change nothing of the others, and have zeros."""
    with pinned():
        made, active = problem(RateRNN(units=UNITS, tau_ms=1.0), COHORT, "float32"), np.arange(COHORT) % 7 == 3
        whole, some = (answer(BATCHED, made, active=those)[:-1] for those in (np.ones_like(active), active))
    same = all(np.array_equal(a[active], b[active]) for a, b in zip(whole, some, strict=True))
    return {"same_bits": same, "passed": same and not any(one[~active].any() for one in some)}


def training(networks: int, steps: int) -> Found:
    """A cohort learns the 1-bit flip-flop: what `rc.train` does, in two epochs, from sampling to scores."""
    rule = BPTT(steps=steps, batch=32, learning_rate=3e-3, trials=FreshTrials(steps // 2))
    whole = Training(FlipFlop(bits=1), RateRNN(units=UNITS, tau_ms=1.0), rule, range(networks), 0, "batched")
    times, state = [time.perf_counter()], whole.start()
    while not state.ended:
        times.append(time.perf_counter())
        state = whole.advance(state)
    losses = state.history.validation_loss
    seconds = [round(later - earlier, 2) for earlier, later in itertools.pairwise([*times, time.perf_counter()])]
    return {
        "engine": whole.used_engine.about(),
        "seconds_of_start_and_epochs": seconds,
        "median_loss": float(np.median(losses[:, -1])),
        "passed": bool((losses[:, -1] < losses[:, 0]).mean() > 0.5 and np.isfinite(losses).all()),
    }


def checks(quick: bool) -> dict[str, Callable[[], Found]]:
    """All checks by name; quick ones have fewer networks."""
    noisy, larger = RateRNN(units=UNITS, tau_ms=1.0, recurrent_noise=0.1), 40 if quick else 1_000
    return {
        "float64 beside portable": partial(agreement, noisy, "float64", False),
        "float32 beside portable": partial(agreement, noisy, "float32", False),
        "float32 beside portable on the processor": partial(agreement, noisy, "float32", True),
        **{f"rounding of float32, {name}": partial(rounding, name) for name in ("tanh", "relu", "linear")},
        "GRU in float32 beside portable": partial(agreement, GRU(units=UNITS), "float32", False),
        "LSTM in float64 beside portable": partial(agreement, LSTM(units=UNITS), "float64", False),
        **{f"one network alone and among {others:,}": partial(company, others) for others in (3, 20, larger)},
        "the same call again": repetition,
        "networks that have ended": ended,
        "a training": partial(training, 3, 10) if quick else partial(training, 200, 200),
    }
