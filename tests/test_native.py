"""The native engine against the portable one and the chain rule by hand; its bits, its memory; where it is missing."""

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from recurra.arrays import RateWeights
from recurra.engine import NATIVE, NATIVE_BFLOAT16, PORTABLE, Dynamics, RateDynamics, choose_engine, engines
from recurra.engine.native import library

KERNEL = Path(library.__file__).with_name("kernel.cc")
STEPS = 37  # more than the 32 steps whose gradients are summed at once
TOLERANCE = {"float32": 1e-5, "float64": 1e-11}


@pytest.fixture(scope="module", autouse=True)
def _native():
    found, why = library.load()
    if found is None:
        (pytest.fail if os.environ.get("RECURRA_REQUIRE_NATIVE") else pytest.skip)(why)


# ---- problems


@dataclass(frozen=True)
class Case:
    """A cohort and its trials. The leak "units" is one a unit; the mask "whole" leaves out a trial and three steps.

    The mask "weighted" has weights of the loss, some of them 0. Of the recurrent weights the share `density` is not 0.
    """

    form: str = "rate"
    activation: str = "tanh"
    leak: float | str = 1.0
    mask: str = "random"
    units: int = 16
    trials: int = 7
    dtype: str = "float32"
    inputs: int = 3
    outputs: int = 2
    noise: float = 0.0
    rate_penalty: float = 0.0
    own_trials: bool = False
    networks: int = 2
    steps: int = STEPS
    density: float = 1.0

    def __str__(self):
        return "-".join(str(getattr(self, field.name)) for field in fields(self))


class Problem(NamedTuple):
    dynamics: RateDynamics
    weights: RateWeights
    trials: tuple[np.ndarray, np.ndarray, np.ndarray]
    options: dict

    def loss_and_gradient(self, engine):
        return engine.loss_and_gradient(self.dynamics, self.weights, *self.trials, **self.options)

    def run(self, engine):
        return engine.run(self.dynamics, self.weights, self.trials[0], noise_keys=self.options["noise_keys"])

    def respond(self, engine):
        return engine.respond(self.dynamics, self.weights, self.trials[0], noise_keys=self.options["noise_keys"])

    def of(self, networks):
        """The same for some of the networks."""
        keys = self.options["noise_keys"]
        options = {**self.options, "noise_keys": None if keys is None else keys[networks]}
        trials = tuple(array[networks] if array.ndim == 4 else array for array in self.trials)
        return Problem(self.dynamics, jax.tree.map(lambda array: array[networks], self.weights), trials, options)


def problem(case, random):
    """Stable networks, so that the rounding of float32 stays small; and no current where relu has its kink."""
    leak = case.leak if case.leak != "units" else tuple(random.choice([0.1, 0.5, 1.0], size=case.units).tolist())
    dynamics = RateDynamics(case.form, case.activation, leak, case.noise)
    made = problem_of(dynamics, stable_weights(case, random), case, random)
    kinks = case.activation == "relu" and case.dtype == "float32" and case.inputs
    return without_kinks(made, random) if kinks else made


def problem_of(dynamics, weights, case, random):
    """These networks with random trials, mask and keys of the noise."""
    weights = jax.tree.map(lambda array: array.astype(case.dtype), weights)
    shape = (*([case.networks] if case.own_trials else []), case.trials, case.steps)
    inputs = random.normal(size=(*shape, case.inputs)).astype(case.dtype)
    targets = (random.normal(size=(*shape, case.outputs)) + 5).astype(case.dtype)
    mask = random.random((*shape, case.outputs)) < (0.5 if case.mask == "random" else 2)
    if case.mask == "whole":
        mask[..., 3:6, :] = False
        mask[..., : int(case.trials > 1), :, :] = False
    mask[..., -1, 0, 0] = True
    if case.mask == "weighted":
        mask = (mask * random.choice([0.0, 0.2, 1.0, 5.0], size=mask.shape)).astype(case.dtype)
        mask[..., -1, 0, 0] = 2
    keys = random.integers(2**32, size=(case.networks, 2), dtype=np.uint32) if case.noise else None
    return Problem(dynamics, weights, (inputs, targets, mask), {"noise_keys": keys, "rate_penalty": case.rate_penalty})


def stable_weights(case, random):
    units = case.units
    recurrent = random.normal(size=(case.networks, units, units))
    if case.density < 1:
        recurrent *= random.random(recurrent.shape) < case.density
    large = units >= 16 and case.activation in ("tanh", "sigmoid")  # here a norm of 1.8 is a spectral radius of 0.9
    bound = 1.8 if large else 0.95
    recurrent *= bound / np.linalg.norm(recurrent, 2, axis=(1, 2), keepdims=True)
    return RateWeights(
        recurrent,
        random.normal(size=(case.networks, units, case.inputs)) / np.sqrt(max(case.inputs, 1)),
        random.normal(size=(case.networks, case.outputs, units)) / np.sqrt(units),
        0.3 * random.normal(size=(case.networks, units)),
        random.normal(size=(case.networks, case.outputs)),
    )


def without_kinks(made, random):
    """Trials on which no unit comes so near to relu's kink that rounding decides which slope it has."""
    inputs = made.trials[0]
    while True:
        rest = [by_hand(made, network).nearest_to_kink < 1e-5 for network in range(len(made.weights.recurrent))]
        bad = np.array(rest) if inputs.ndim == 4 else np.any(rest, axis=0)
        if not bad.any():
            return made
        inputs[bad] = random.normal(size=inputs[bad].shape)


# ---- the same by hand


PHI = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
    "sigmoid": (expit, lambda x: expit(x) * expit(-x)),
    "softplus": (lambda x: np.logaddexp(0, x), expit),
    "linear": (lambda x: x, np.ones_like),
}


class ByHand(NamedTuple):
    loss: np.ndarray
    gradient: RateWeights
    rates: np.ndarray
    outputs: np.ndarray
    nearest_to_kink: np.ndarray


def by_hand(made, network):
    """Loss, gradient, rates and outputs of one network in float64, by the chain rule from the last step on."""
    dynamics, options = made.dynamics, made.options
    own = made.trials[0].ndim == 4
    x, targets, mask = (array[network] if own else array for array in made.trials)
    w = jax.tree.map(lambda array: array[network].astype(np.float64), made.weights)
    phi, slope_of_phi = PHI[dynamics.activation]
    rate, (trials, steps, _), units = dynamics.form == "rate", x.shape, w.units
    leak = np.asarray(dynamics.leak)
    xi = np.zeros((trials, steps, units))
    if options["noise_keys"] is not None:
        xi = normal_numbers(options["noise_keys"][network], trials, steps, units, made.weights.recurrent.dtype)

    state = np.zeros((trials, units))
    rates, slopes, nearest = [state if rate else phi(state)], [], np.full(trials, np.inf)
    for t in range(steps):
        current = rates[-1] @ w.recurrent.T + x[:, t] @ w.input.T + w.recurrent_bias
        state = (1 - leak) * state + leak * (phi(current) if rate else current)
        state = state + np.sqrt(2 * leak) * dynamics.noise * xi[:, t]
        rates.append(state if rate else phi(state))
        slopes.append(slope_of_phi(current if rate else state))
        nearest = np.minimum(nearest, abs(current if rate else state).min(axis=1))
    after = np.stack(rates[1:], axis=1)
    outputs = after @ w.output.T + w.output_bias

    difference, count = np.where(mask > 0, outputs - targets, 0), mask.astype(float).sum()
    loss = (mask * difference**2).sum() / count + options["rate_penalty"] * (after**2).mean()
    by_output = 2 * mask * difference / count
    by_rate = by_output @ w.output + 2 * options["rate_penalty"] * after / after.size
    by_state, by_current = np.zeros((trials, units)), np.zeros((steps, trials, units))
    for t in reversed(range(steps)):
        total = by_rate[:, t] + (by_current[t + 1] @ w.recurrent if t + 1 < steps else 0)
        by_state = (1 - leak) * by_state + (total if rate else total * slopes[t])
        by_current[t] = by_state * leak * (slopes[t] if rate else 1)
    gradient = RateWeights(
        np.einsum("tbi,tbj->ij", by_current, np.array(rates[:-1]), optimize=True),
        np.einsum("tbi,btj->ij", by_current, x, optimize=True),
        np.einsum("btk,btj->kj", by_output, after, optimize=True),
        by_current.sum(axis=(0, 1)),
        by_output.sum(axis=(0, 1)),
    )
    return ByHand(loss, gradient, after, outputs, nearest)


def cohort_by_hand(made):
    networks = [by_hand(made, network) for network in range(len(made.weights.recurrent))]
    return jax.tree.map(lambda *arrays: np.stack(arrays), *networks)


def normal_numbers(key, trials, steps, units, dtype):
    """`recurra.engine.noise` in NumPy."""
    pairs = (units + 1) // 2
    x, y = np.broadcast_arrays(np.arange(trials, dtype=np.uint32)[:, None], np.arange(steps * pairs, dtype=np.uint32))
    keys = (*key, key[0] ^ key[1] ^ np.uint32(0x1BD11BDA))
    x, y = x + keys[0], y + keys[1]
    for turn in range(20):
        left = np.uint32((13, 15, 26, 6, 17, 29, 16, 24)[turn % 8])
        x = x + y
        y = ((y << left) | (y >> (np.uint32(32) - left))) ^ x
        if turn % 4 == 3:
            block = turn // 4
            x, y = x + keys[(block + 1) % 3], y + keys[(block + 2) % 3] + np.uint32(block + 1)
    lost = 8 if dtype == np.float32 else 0
    half, scale = dtype.type(0.5), dtype.type(2.0 ** (lost - 32))
    first, second = (((word >> np.uint32(lost)).astype(dtype) + half) * scale for word in (x, y))
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second.astype(np.float64)
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return both.reshape(trials, steps, 2 * pairs)[:, :, :units]


def assert_close(found, expected, dtype, scale=0.0):
    """Every array to the tolerance of its dtype, relative to its largest magnitude or at least to `scale`."""
    for pair in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        a, b = (np.asarray(array, np.float64) for array in pair)
        assert a.shape == b.shape
        if b.size:
            assert abs(a - b).max() <= TOLERANCE[dtype] * max(abs(b).max(), scale)


def assert_agrees_with_hand(made, dtype):
    """Arrays of one number are what is left of a sum of terms of order 1: hence the scale of 1."""
    hand = cohort_by_hand(made)
    assert_close(made.loss_and_gradient(NATIVE), (hand.loss, hand.gradient), dtype, 1.0)
    assert_close(made.run(NATIVE), (hand.rates, hand.outputs), dtype, 1.0)
    assert_close(made.respond(NATIVE), hand.outputs, dtype, 1.0)


# ---- agreement


FACTORS = {
    "form": ("rate", "current"),
    "activation": tuple(PHI),
    "leak": (1.0, 0.2, "units"),
    "mask": ("all", "random", "whole", "weighted"),
    "units": (1, 3, 16, 50, 64, 127, 400),
    "trials": (1, 7, 32, 65),
    "dtype": ("float32", "float64"),
    "inputs": (1, 4),
    "outputs": (1, 5),
    "noise": (0.0, 0.1),
    "rate_penalty": (0.0, 0.5),
    "own_trials": (False, True),
}


def combinations_of(row, strength):
    """Every choice of so many factors, with their values in the row."""
    return itertools.combinations(sorted(row.items()), strength)


def covering_design(factors, strength):
    """Rows such that every choice of so many factors meets with all its values: greedy, and always the same."""
    missing = dict.fromkeys(
        tuple(zip(names, values, strict=True))
        for names in itertools.combinations(sorted(factors), strength)
        for values in itertools.product(*(factors[name] for name in names))
    )
    while missing:
        row = dict(next(iter(missing)))
        for name in sorted(factors.keys() - row.keys(), key=lambda name: (-len(factors[name]), name)):
            gains = [
                sum(found in missing for found in combinations_of({**row, name: value}, strength))
                for value in factors[name]
            ]
            row[name] = factors[name][gains.index(max(gains))]
        for found in combinations_of(row, strength):
            missing.pop(found, None)
        yield row


PAIRS = [Case(**row) for row in covering_design(FACTORS, 2)]


def test_every_value_meets_every_other():
    met = {pair for case in PAIRS for pair in combinations_of({name: getattr(case, name) for name in FACTORS}, 2)}
    pairs = itertools.combinations(FACTORS.values(), 2)
    assert len(met) == sum(len(a) * len(b) for a, b in pairs)
    assert len(PAIRS) < 50


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=pytest.mark.slow if at % 4 else (), id=str(one)) for at, one in enumerate(PAIRS)]
)
def test_agrees_with_the_portable_engine(case, seed):
    made = problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), case.dtype, least(case))


def least(case):
    """The gradient of one unit is one number, what is left of a sum of terms of order 1."""
    return 1.0 if case.units == 1 else 0.0


@pytest.mark.parametrize("case", PAIRS[::4], ids=str)
def test_runs_agree_with_the_portable_engine(case, seed):
    made = problem(case, np.random.default_rng(seed))
    rates, outputs = made.run(PORTABLE)
    assert_close(made.run(NATIVE), (rates, outputs), case.dtype)
    assert_close(made.respond(NATIVE), outputs, case.dtype)


@pytest.fixture
def _forgotten():
    """Each compiled call holds some ten mappings of memory, and a process has 65,530 of them."""
    yield
    jax.clear_caches()


@pytest.mark.slow
@pytest.mark.usefixtures("_forgotten")
@pytest.mark.parametrize("case", [Case(**row) for row in covering_design(FACTORS, 3)], ids=str)
def test_agrees_with_the_portable_engine_for_all_triples_of_options(case, seed):
    made = problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), case.dtype, least(case))
    assert_close(made.run(NATIVE), made.run(PORTABLE), case.dtype, least(case))


@pytest.mark.slow
@pytest.mark.usefixtures("_forgotten")
@pytest.mark.parametrize(
    ("form", "activation", "leak", "dtype"),
    list(itertools.product(*(FACTORS[name] for name in ("form", "activation", "leak", "dtype")))),
)
def test_agrees_with_hand_for_the_full_product(form, activation, leak, dtype, seed):
    """Against NumPy, where nothing compiles: 4032 cases."""
    random = np.random.default_rng(seed)
    for mask, units, trials in itertools.product(*(FACTORS[name] for name in ("mask", "units", "trials"))):
        case = Case(form, activation, leak, mask, units, trials, dtype, noise=random.choice([0, 0.1]).item())
        assert_agrees_with_hand(problem(case, random), dtype)


@pytest.mark.thorough
@settings(max_examples=30, deadline=None)
@given(
    case=st.builds(
        Case,
        **{name: st.sampled_from(FACTORS[name]) for name in ("form", "activation", "leak", "mask", "dtype")},
        units=st.integers(1, 40),
        trials=st.integers(1, 40),
        steps=st.integers(1, 40),
        networks=st.integers(1, 3),
        inputs=st.integers(0, 4),
        outputs=st.integers(1, 4),
        noise=st.sampled_from((0.0, 0.1)),
        rate_penalty=st.sampled_from((0.0, 0.5)),
        own_trials=st.booleans(),
    ),
    data=st.integers(0, 2**31),
)
def test_agrees_with_hand_on_random_shapes(case, data):
    assert_agrees_with_hand(problem(case, np.random.default_rng(data)), case.dtype)


@pytest.mark.thorough
@pytest.mark.parametrize("case", PAIRS[:3], ids=str)
def test_portable_agrees_with_hand(case, seed):
    """So that the two references are one."""
    made = problem(case, np.random.default_rng(seed))
    loss, gradient = made.loss_and_gradient(PORTABLE)
    hand = cohort_by_hand(made)
    assert_close((loss, gradient), (hand.loss, hand.gradient), case.dtype, 1.0)


INPUTS = [0.0, 1e-30, 1e-6, 1e-3, 0.1, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 8, 12, 17, 25, 40, 80, 88, 100, 710, 1e4, 1e30]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", PHI)
def test_activations_are_those_of_numpy(activation, dtype):
    """One unit of leak 1 without recurrence: its rate is φ of the input, its slope by the bias φ's slope."""
    x = np.array([*INPUTS, *np.geomspace(1e-4, 50, 400), np.inf], dtype)
    x = np.concatenate([x, -x])
    zeros, ones = np.zeros((1, 1, 1), dtype), np.ones((1, 1, 1), dtype)
    weights = RateWeights(zeros, ones, ones, zeros[0], zeros[0])
    dynamics = RateDynamics("rate", activation, 1.0)
    rates = np.asarray(NATIVE.run(dynamics, weights, x[:, None, None])[0]).ravel()
    expected, slopes = (of(x.astype(np.float64)) for of in PHI[activation])
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(rates, expected, rtol=4 * eps, atol=np.finfo(dtype).tiny)

    # Each input a network of its own, the target so that the slope of the loss by the output is one half.
    finite = np.isfinite(x) & (abs(x) < 1e3)
    many = jax.tree.map(lambda array: np.repeat(array, finite.sum(), axis=0), weights)
    inputs = x[finite][:, None, None, None]
    targets = rates[finite][:, None, None, None] - x.dtype.type(0.25)
    gradient = NATIVE.loss_and_gradient(dynamics, many, inputs, targets, np.ones(targets.shape, bool))[1]
    found = np.asarray(gradient.recurrent_bias).ravel() / np.asarray(gradient.output_bias).ravel()
    np.testing.assert_allclose(found, slopes[finite], rtol=4 * eps, atol=4 * eps)


# ---- long trials


def segment_bytes():
    (mebibytes,) = re.findall(r"SEGMENT_BYTES = size_t\((\d+)\) << 20", KERNEL.read_text())
    return int(mebibytes) << 20


def steps_for_three_segments(case):
    """A task keeps SEGMENT_BYTES of rates, for up to two packs of 64 bytes of trials; all before is computed twice."""
    packs = 1 if case.trials <= 64 // np.dtype(case.dtype).itemsize else 2
    numbers_kept = 2 * case.units if case.form == "rate" and case.leak != 1 else case.units
    return 2 * segment_bytes() // (64 * packs * (numbers_kept + case.inputs)) + 100


@pytest.mark.parametrize(
    "case",
    [
        Case("rate", leak=0.2, units=200, inputs=200, trials=33, noise=0.1, rate_penalty=0.5, networks=1),
        pytest.param(Case("current", leak=0.2, units=200, inputs=200, trials=3, networks=1), marks=pytest.mark.slow),
        pytest.param(
            Case("current", "softplus", leak=1.0, units=200, inputs=200, trials=9, dtype="float64", networks=1),
            marks=pytest.mark.slow,
        ),
    ],
    ids=str,
)
@pytest.mark.slow
def test_segments_of_long_trials(case, seed):
    case = replace(case, steps=steps_for_three_segments(case))
    made = problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), case.dtype)


@pytest.mark.slow
def test_narrow_groups_have_room_for_their_longer_segments(seed):
    """33 trials are a group of two packs and one of one pack, whose segments hold more steps of fewer numbers."""
    case = Case(leak=0.5, units=4, inputs=700, trials=33, networks=1, mask="all")
    case = replace(case, steps=steps_for_three_segments(case))
    assert_agrees_with_hand(problem(case, np.random.default_rng(seed)), "float32")


# ---- numbers that fail


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("field", ["recurrent", "input", "output", "recurrent_bias", "output_bias"])
def test_a_network_that_fails_leaves_the_bits_of_its_neighbours(field, bad, seed):
    made = problem(Case(networks=3, trials=33, noise=0.1, rate_penalty=0.5), np.random.default_rng(seed))
    array = getattr(made.weights, field).copy()
    array[1].flat[0] = bad
    spoilt = made._replace(weights=replace(made.weights, **{field: array}))
    clean, found = made.loss_and_gradient(NATIVE), spoilt.loss_and_gradient(NATIVE)
    for a, b in zip(jax.tree.leaves(clean), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(a[::2], b[::2])
        assert np.isfinite(b[::2]).all()
    rates = np.asarray(spoilt.run(NATIVE)[0])
    assert np.isfinite(rates[::2]).all()
    if field not in ("recurrent_bias", "input") or np.isnan(bad):  # the tanh of an infinite current is 1
        assert not np.isfinite(found[0][1])


@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize("activation", PHI)
def test_nan_stays_nan(form, activation, seed):
    """An input that is NaN makes all later rates of its trial NaN, and none of another trial or an earlier step."""
    made = problem(Case(form, activation, 0.2, trials=7), np.random.default_rng(seed))
    made.trials[0][3, 20, 1] = np.nan
    rates, outputs = (np.asarray(array) for array in made.run(NATIVE))
    expected = np.zeros(rates.shape[:3], bool)
    expected[:, 3, 20:] = True
    np.testing.assert_array_equal(np.isnan(rates), np.broadcast_to(expected[..., None], rates.shape))
    np.testing.assert_array_equal(np.isnan(outputs), np.broadcast_to(expected[..., None], outputs.shape))
    assert np.isnan(made.loss_and_gradient(NATIVE)[0]).all()


@pytest.mark.parametrize("trials", [1, 7, 33])
def test_lanes_without_a_trial_cannot_fail(trials):
    """A network that only its inputs keep from growing without bound: lanes beyond the last trial must get them too."""
    ones = np.ones((1, 1, 1), np.float32)
    weights = RateWeights(4 * ones, -2 * ones, ones, ones[0], ones[0])
    inputs, mask = np.ones((trials, 200, 1), np.float32), np.ones((trials, 200, 1), bool)
    found, gradient = NATIVE.loss_and_gradient(
        RateDynamics("rate", "relu", 1.0), weights, inputs, np.zeros_like(inputs), mask
    )
    assert found[0] == pytest.approx(1.0, rel=1e-5)
    assert gradient.output_bias[0, 0] == pytest.approx(2.0, rel=1e-5)
    assert not np.any([leaf.any() for leaf in jax.tree.leaves(replace(gradient, output_bias=np.zeros(1)))])


def test_shapes_that_do_not_fit(seed):
    made = problem(Case(), np.random.default_rng(seed))
    inputs, targets, mask = made.trials
    bad = [
        (
            (inputs, targets[:, :1], mask),
            r"targets has 1 along time, of the shape \(7, 1, 2\); expected \d+: \(trial, time",
        ),
        ((inputs, targets[1:], mask), r"targets has 6 along trial, of the shape .*; expected 7"),
        ((inputs, targets, mask[:, 1:]), r"mask has \d+ along time, of the shape .*; expected \d+"),
        ((inputs[..., 1:], targets, mask), r"inputs has 2 along input, of the shape .*; expected 3"),
        ((inputs[0], targets, mask), r"inputs has the shape .*, 2 axes; expected \(trial, time, input\), input = 3"),
        ((inputs[:0], targets, mask), r"inputs has 0 along trial, .*; expected at least 1"),
    ]
    for engine in (NATIVE, PORTABLE):
        for trials, message in bad:
            with pytest.raises(ValueError, match=message):
                made._replace(trials=trials).loss_and_gradient(engine)
        with pytest.raises(
            ValueError, match=r"recurrent weights have the shape \(16, 16\); expected \(network, post, pre\)"
        ):
            made._replace(weights=jax.tree.map(lambda array: array[0], made.weights)).run(engine)
        wrong = replace(made.weights, output=made.weights.output[:, :, 1:])
        with pytest.raises(ValueError, match=r"output weights has 15 along unit, of the shape .*; expected 16"):
            made._replace(weights=wrong).run(engine)


# ---- the same bits


def supported(instructions):
    if instructions == "baseline":
        return True
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    needed = {"avx2": {"avx2", "fma"}, "avx512": {"avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"}}
    needed["avx512bf16"] = {*needed["avx512"], "avx512_bf16"}
    needed["amx"] = {*needed["avx512bf16"], "amx_tile", "amx_bf16"}
    return needed[instructions] <= flags


def digest(tree):
    return hashlib.sha256(b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(tree))).hexdigest()[:16]


def answers(made):
    return made.loss_and_gradient(NATIVE), made.run(NATIVE), made.respond(NATIVE)


BITS = [
    Case(form, activation, leak, "random", units, trials, dtype, noise=noise, rate_penalty=noise, networks=3, steps=40)
    for (form, activation, dtype), (leak, units, trials, noise) in zip(
        itertools.product(("rate", "current"), PHI, ("float32", "float64")),
        itertools.cycle([(1.0, 50, 33, 0.0), (0.2, 13, 65, 0.1), ("units", 70, 7, 0.0)]),
        strict=False,
    )
]
BITS += [
    Case(own_trials=True, networks=20, trials=33),
    Case("current", leak=0.2, networks=20, dtype="float64", noise=0.1),
    Case(leak=0.2, networks=20, trials=1, units=70),
    Case("current", leak="units", networks=3, trials=2, units=200, noise=0.1, density=0.05),
    Case(networks=3, trials=1, units=200, dtype="float64", density=0.05, own_trials=True),
    Case("current", leak="units", networks=1, trials=1, units=430, noise=0.1, density=0.05, steps=20),  # shared by two
]


def fading(networks):
    """Rates that fall below the smallest normal number."""
    zeros, ones = np.zeros((networks, 4, 4), np.float32), np.ones((networks, 4, 1), np.float32)
    weights = RateWeights(zeros, ones, ones.transpose(0, 2, 1), zeros[:, 0], zeros[:, 0, :1])
    inputs = np.zeros((2, 500, 1), np.float32)
    inputs[:, 0] = [[1], [2]]
    trials = inputs, np.ones_like(inputs), np.ones(inputs.shape, bool)
    return Problem(RateDynamics("rate", "relu", 0.2), weights, trials, {"noise_keys": None, "rate_penalty": 0.0})


def print_digests(cases=BITS, problem=problem, assert_right=assert_agrees_with_hand):
    """In a process of its own: the bits of all cases, and whether they are right."""
    found, why = library.load()
    assert found is not None, why
    library.threads(found)  # the threads start here, with the arithmetic of Python, not of XLA
    digests, rounded = {"fading": [digest(answers(fading(8))) for _ in range(3)]}, {}
    for case in cases:
        made = problem(case, np.random.default_rng(7))
        digests[str(case)] = digest(answers(made))
        if not case.own_trials:
            assert_right(made, case.dtype)
        if library.has_bfloat16(found) and case.dtype == "float32":
            rounded[str(case)] = digest(made.loss_and_gradient(NATIVE_BFLOAT16))
    print(json.dumps([library.instructions(found), library.threads(found), digests, rounded]))  # noqa: T201


def in_own_process(code, **environment):
    """What the code prints when Python starts anew."""
    settings = {"JAX_ENABLE_X64": "1", "JAX_NUMPY_DTYPE_PROMOTION": "strict", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def bits(module="test_native", **environment):
    return json.loads(in_own_process(f"import {module}; {module}.print_digests()", **environment))


@pytest.fixture(scope="module")
def bits_of_one_thread():
    return bits(RECURRA_THREADS="1", RECURRA_INSTRUCTIONS="")[2:]


@pytest.mark.thorough
@pytest.mark.parametrize("threads", ["3", *(pytest.param(one, marks=pytest.mark.slow) for one in ("2", "16"))])
def test_bits_do_not_depend_on_the_number_of_threads(threads, bits_of_one_thread):
    _, used, digests, rounded = bits(RECURRA_THREADS=threads, RECURRA_INSTRUCTIONS="")
    assert used == int(threads)
    assert [digests, rounded] == bits_of_one_thread
    assert len(set(digests["fading"])) == 1


# The best there is serves in all other tests, and what is between it and the least is slow.
@pytest.mark.thorough
@pytest.mark.parametrize(
    "instructions",
    [one if one == "baseline" else pytest.param(one, marks=pytest.mark.slow) for one in library.INSTRUCTIONS],
)
def test_instruction_sets_agree(instructions, bits_of_one_thread):
    """Each with the backward pass by hand; those with fused multiply-add to the bit."""
    if not supported(instructions):
        pytest.skip(f"this processor has no {instructions}")
    used, _, digests, _ = bits(RECURRA_THREADS="2", RECURRA_INSTRUCTIONS=instructions)
    assert used == instructions
    if instructions != "baseline" and supported("avx2"):
        assert digests == bits_of_one_thread[0]


@pytest.mark.parametrize("own_trials", [False, True])
def test_bits_do_not_depend_on_the_cohort_or_its_order(own_trials, seed):
    random = np.random.default_rng(seed)
    case = Case("rate", leak=0.2, units=13, trials=33, noise=0.1, rate_penalty=0.5, own_trials=own_trials, networks=20)
    made = problem(case, random)
    whole = answers(made)
    for networks in ([7], [19, 3], random.permutation(20)):
        part = answers(made.of(np.array(networks)))
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(part), strict=True):
            np.testing.assert_array_equal(np.asarray(a)[networks], b)
    active = np.isin(np.arange(20), [2, 11])
    some = NATIVE.loss_and_gradient(made.dynamics, made.weights, *made.trials, active=active, **made.options)
    for a, b in zip(jax.tree.leaves(whole[0]), jax.tree.leaves(some), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[active], np.asarray(b)[active])


ROUNDED = [Case(units=57, trials=40), Case("current", "softplus", "units", trials=7)]
SIZES = [
    (1, 0, 1, 1),
    (2, 1, 1, 5),
    (13, 3, 3, 32),
    (15, 1, 1, 33),
    (16, 16, 1, 7),
    (17, 5, 16, 64),
    (31, 1, 2, 31),
    (33, 31, 33, 16),
]
SIZES += [(64, 2, 1, 3), (100, 3, 3, 65), (129, 1, 17, 20)]


def distances_when_rounded(cases=ROUNDED, problem=problem, seed=7):
    """Of loss and gradient with bfloat16 from the exact ones, relative to their size: one number for each array."""
    found = []
    for case in cases:
        made = problem(case, np.random.default_rng(seed))
        exact, rounded = made.loss_and_gradient(NATIVE), made.loss_and_gradient(NATIVE_BFLOAT16)
        for leaves in zip(jax.tree.leaves(exact), jax.tree.leaves(rounded), strict=True):
            a, b = map(np.asarray, leaves)
            found.append(float(np.linalg.norm(a - b) / np.linalg.norm(a)) if a.any() else float(b.any()))
        assert digest(made.run(NATIVE)) == digest(made.run(NATIVE_BFLOAT16))
        assert digest(rounded) == digest(made.loss_and_gradient(NATIVE_BFLOAT16))
    return found


def of_all_sizes(case):
    """The case with all `SIZES`, and with more steps than one segment holds."""
    sized = [replace(case, units=n, inputs=i, outputs=o, trials=b, noise=0.1) for n, i, o, b in SIZES]
    return [*sized, replace(sized[4], noise=0.0, rate_penalty=0.5, own_trials=True)]


def test_bfloat16_is_near(seed):
    """Factors with 8 bits of mantissa: gradients to 1 %, and more than rounding apart; the runs are the same."""
    if not library.has_bfloat16(library.load()[0]):
        pytest.skip("this processor has no AVX512-BF16")
    assert all(1e-6 < distance < 1e-2 for distance in distances_when_rounded(seed=seed))


PRINT_DISTANCES = """
import json, test_native as native, test_native_gated as gated, test_time_constants as timed
cases = native.of_all_sizes(native.Case(leak=0.2)) + native.of_all_sizes(native.Case("current"))
narrow = [case for case in timed.CASES if case.dtype == "float32"]
found = [native.distances_when_rounded(cases), native.distances_when_rounded(narrow, timed.problem)]
for cell in gated.CELLS:
    found.append(native.distances_when_rounded(native.of_all_sizes(gated.Case(cell)), gated.problem))
print(json.dumps([native.library.instructions(native.library.load()[0]), sum(found, [])]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("instructions", ["avx512bf16", "amx"])
def test_bfloat16_of_all_sizes_is_near(instructions):
    """The rows and columns that fill up a tile change nothing."""
    if not supported(instructions):
        pytest.skip(f"this processor has no {instructions}")
    used, found = json.loads(in_own_process(PRINT_DISTANCES, RECURRA_INSTRUCTIONS=instructions))
    assert used == instructions
    assert len(found) > 300
    assert max(found) < 0.03


def test_calls_from_several_threads(seed):
    cases = [Case(units=units, trials=trials, networks=3) for units, trials in ((5, 65), (64, 7), (30, 33), (17, 1))]
    made = [problem(case, np.random.default_rng(seed)) for case in cases]
    expected = [digest(answers(one)) for one in made]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: digest(answers(one)), made * 25))
    assert found == expected * 25


# ---- memory


MEMORY = """
import re, jax, numpy as np
from pathlib import Path
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics, choose_engine

def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def call(networks, units, steps):
    dynamics = RateDynamics("rate", "tanh", 0.2)
    random, dtype = np.random.default_rng(0), np.float32
    shapes = (units, units), (units, 3), (3, units), (units,), (3,)
    weights = RateWeights(*(0.05 * random.normal(size=(networks, *shape)).astype(dtype) for shape in shapes))
    inputs, targets = (random.normal(size=(64, steps, 3)).astype(dtype) for _ in range(2))
    engine = choose_engine("native", dynamics)
    mask = np.ones(inputs.shape, bool)
    loss, _ = jax.block_until_ready(engine.loss_and_gradient(dynamics, weights, inputs, targets, mask))
    assert np.isfinite(loss).all()
    return peak_mb()

print(call(1, 100, 1000), call(24, 100, 1000), call(1, 200, 10_000))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read the peak from")
@pytest.mark.slow
def test_memory_is_that_of_the_threads_and_not_of_the_trials_or_cohort():
    """All rates of the last call would take 0.5 GB, twice that with the activations, and 24 networks 1.2 GB."""
    one, cohort, long = map(float, in_own_process(MEMORY, RECURRA_THREADS="2").split())
    assert cohort < one + 60
    assert long < 1000
    assert long < one + 350


# ---- which engine


@pytest.fixture
def fresh(monkeypatch):
    """The library looked for anew, and the warning not yet given; afterwards everything as before."""
    library.load.cache_clear()
    monkeypatch.setattr(engines, "_warned", [])
    yield monkeypatch
    monkeypatch.undo()
    library.load.cache_clear()


TANH = RateDynamics("rate", "tanh", 1.0)


def test_auto_is_native():
    assert choose_engine("auto", TANH) is NATIVE
    assert choose_engine("native", TANH) is NATIVE
    assert choose_engine("portable", TANH) is PORTABLE
    assert PORTABLE.about() == {"name": "portable"}
    about = NATIVE.about()
    assert about["name"] == "native"
    assert about["instructions"] in library.INSTRUCTIONS
    assert about["threads"] == int(os.environ.get("RECURRA_THREADS") or len(os.sched_getaffinity(0)))


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "it was not compiled when recurra was installed"), ("no library" * 100, "invalid ELF header")],
)
def test_without_the_library(content, why, fresh, tmp_path):
    path = tmp_path / "library.so"
    if content is not None:
        path.write_text(content)
    fresh.setattr(library, "PATH", path)
    with pytest.warns(RuntimeWarning, match=f"the portable engine is used, many times slower.*{why}"):
        assert choose_engine("auto", TANH) is PORTABLE
    with warnings.catch_warnings(action="error"):  # once is enough
        assert choose_engine("auto", TANH) is PORTABLE
        assert choose_engine("portable", TANH) is PORTABLE
    with pytest.raises(ValueError, match=f"the native engine cannot be used: .*{why}.*C\\+\\+17") as error:
        choose_engine("native", TANH)
    assert "\n" not in str(error.value)


class OwnCell(Dynamics):
    """Equations that the native engine does not know."""

    def initial_state(self, weights):
        return weights.recurrent_bias

    def step(self, weights, state, inputs):
        return state

    def rates(self, state):
        return state


def test_other_equations_are_for_the_portable_engine():
    assert choose_engine("auto", OwnCell()) is PORTABLE
    with pytest.raises(ValueError, match="the native engine has no OwnCell; take engine auto or portable"):
        choose_engine("native", OwnCell())
    with pytest.raises(ValueError, match="unknown engine 'nativ'; did you mean 'native'"):
        choose_engine("nativ", TANH)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("RECURRA_THREADS", "0", "RECURRA_THREADS is '0'; expected a whole number from 1 to 1024"),
        ("RECURRA_THREADS", "-1", "RECURRA_THREADS is '-1'; expected a whole number from 1 to 1024"),
        ("RECURRA_THREADS", "two", "RECURRA_THREADS is 'two'; expected a whole number from 1 to 1024"),
        ("RECURRA_THREADS", "2.0", "RECURRA_THREADS is '2.0'; expected a whole number from 1 to 1024"),
        (
            "RECURRA_INSTRUCTIONS",
            "sse9",
            "unknown RECURRA_INSTRUCTIONS 'sse9'; expected one of: amx, avx2, avx512, avx512bf16, baseline",
        ),
        ("RECURRA_INSTRUCTIONS", "AVX2", "unknown RECURRA_INSTRUCTIONS 'AVX2'; "),
    ],
)
def test_bad_environment(name, value, message, fresh):
    fresh.setenv(name, value)
    for choice in ("auto", "native", "auto"):
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            choose_engine(choice, TANH)
        assert "\n" not in str(error.value)


LACKING = """
from recurra.engine import RateDynamics, choose_engine
from recurra.engine.native import library
library.INSTRUCTIONS += ("sse9",)
for _ in range(2):
    try:
        choose_engine("auto", RateDynamics("rate", "tanh", 1.0))
    except ValueError as error:
        print(error)
"""


@pytest.mark.thorough
def test_instructions_that_the_processor_lacks():
    """As if sse9 were known, but not to this build; twice, because nothing of the first time may stay."""
    message = "RECURRA_INSTRUCTIONS is 'sse9'; this processor or this build does not have them. Unset it.\n"
    assert in_own_process(LACKING, RECURRA_INSTRUCTIONS="sse9") == 2 * message
