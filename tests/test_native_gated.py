"""Gated cells in the native engine: against the portable one, by hand and by differences; their bits."""

import itertools
from dataclasses import dataclass, fields, replace
from functools import partial

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import test_native as native
from recurra.engine import NATIVE, NATIVE_BFLOAT16, PORTABLE, GRUDynamics, LSTMDynamics, UGRNNDynamics, choose_engine
from recurra.engine.gated import GATES, GatedWeights, GRUWeights
from recurra.engine.native import library
from test_native import STEPS, assert_close, digest

_native = native._native  # skipped, or failed, where there is no native engine

CELLS = {
    "ugrnn": (2, UGRNNDynamics),
    "gru_after": (3, lambda noise, **gate: GRUDynamics("after", noise=noise, **gate)),
    "gru_before": (3, lambda noise, **gate: GRUDynamics("before", noise=noise, **gate)),
    "lstm": (4, LSTMDynamics),
}


# ---- problems


@dataclass(frozen=True)
class Case:
    """A cohort and its trials, as for rate units."""

    cell: str = "gru_after"
    gate: str = "sigmoid"
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

    def __str__(self):
        return "-".join(str(getattr(self, field.name)) for field in fields(self))


def problem(case, random):
    """Networks with every array random: zeros would hide mistakes."""
    gates, dynamics = CELLS[case.cell]
    units, count = case.units, case.networks
    arrays = {
        "recurrent": random.normal(size=(count, gates, units, units)) / np.sqrt(units),
        "input": random.normal(size=(count, gates, units, case.inputs)) / np.sqrt(max(case.inputs, 1)),
        "bias": 0.5 * random.normal(size=(count, gates, units)),
        "output": random.normal(size=(count, case.outputs, units)) / np.sqrt(units),
        "output_bias": random.normal(size=(count, case.outputs)),
    }
    weights = GatedWeights(**arrays)
    if case.cell.startswith("gru"):
        weights = GRUWeights(**arrays, reset_bias=random.normal(size=(count, units)))
    return native.problem_of(dynamics(noise=case.noise, gate=case.gate), weights, case, random)


# ---- the same by hand


def opened(gate, current):
    return expit(current) if gate == "sigmoid" else np.clip(current / int(gate[-1]) + 0.5, 0, 1)


def step_by_hand(cell, sigma, w, h, c, x):
    """One step of h and of an LSTM's c, for all trials, (trial, unit)."""
    inward = [x @ w.input[g].T + w.bias[g] for g in range(len(w.bias))]
    if cell == "lstm":
        i, f, g, o = (h @ w.recurrent[k].T + inward[k] for k in range(4))
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        return sigma(o) * np.tanh(c), c
    z = sigma(h @ w.recurrent[0].T + inward[0])
    if cell == "ugrnn":
        n = np.tanh(h @ w.recurrent[1].T + inward[1])
    else:
        r = sigma(h @ w.recurrent[1].T + inward[1])
        recalled = r * (h @ w.recurrent[2].T + w.reset_bias) if cell == "gru_after" else (r * h) @ w.recurrent[2].T
        n = np.tanh(inward[2] + recalled)
    return z * h + (1 - z) * n, c


def run_by_hand(case, made, network, weights):
    """Rates, outputs and loss of one network in float64."""
    options, own = made.options, made.trials[0].ndim == 4
    x, targets, mask = (array[network] if own else array for array in made.trials)
    (trials, steps, _), units = x.shape, weights.units
    entries = units * (2 if case.cell == "lstm" else 1)
    noise = np.zeros((trials, steps, entries))
    if options["noise_keys"] is not None:
        keys = options["noise_keys"][network]
        noise = case.noise * native.normal_numbers(keys, trials, steps, entries, np.dtype(case.dtype))
    h, c, rates = np.zeros((trials, units)), np.zeros((trials, units)), []
    for t in range(steps):
        h, c = step_by_hand(case.cell, partial(opened, case.gate), weights, h, c, x[:, t].astype(np.float64))
        h, c = h + noise[:, t, :units], c + noise[:, t, -units:]
        rates.append(h)
    rates = np.stack(rates, axis=1)
    outputs = rates @ weights.output.T + weights.output_bias
    difference = np.where(mask > 0, outputs - targets, 0)
    loss = (mask * difference**2).sum() / mask.astype(float).sum() + options["rate_penalty"] * (rates**2).mean()
    return rates, outputs, loss


def doubles(made, network):
    return jax.tree.map(lambda array: array[network].astype(np.float64), made.weights)


def assert_runs_as_by_hand(case, made):
    hand = [run_by_hand(case, made, network, doubles(made, network)) for network in range(case.networks)]
    rates, outputs, losses = (np.stack(one) for one in zip(*hand, strict=True))
    assert_close(made.run(NATIVE), (rates, outputs), case.dtype, 1.0)
    assert_close(made.respond(NATIVE), outputs, case.dtype, 1.0)
    assert_close(made.loss_and_gradient(NATIVE)[0], losses, case.dtype, 1.0)


def assert_gradient_by_differences(case, made, random):
    """Along one direction for each array, against the loss by hand in float64."""
    gradient, network = made.loss_and_gradient(NATIVE)[1], case.networks - 1
    weights = doubles(made, network)
    for one in fields(weights):
        array, size = getattr(weights, one.name), 1e-5
        direction = random.normal(size=array.shape)
        ahead, behind = (
            run_by_hand(case, made, network, replace(weights, **{one.name: array + sign * size * direction}))[2]
            for sign in (1, -1)
        )
        found = (np.asarray(getattr(gradient, one.name)[network], np.float64) * direction).sum()
        scale = max(np.linalg.norm(getattr(gradient, one.name)[network]) * np.sqrt(max(array.size, 1)), 1.0)
        tolerance = {"float32": 1e-5, "float64": 1e-7}[case.dtype] if case.gate == "sigmoid" else 1e-4  # kinks
        assert abs(found - (ahead - behind) / (2 * size)) < tolerance * scale, one.name


# ---- agreement


FACTORS = {
    "cell": tuple(CELLS),
    "gate": GATES,
    "mask": ("all", "random", "whole", "weighted"),
    "units": (1, 3, 16, 50, 100, 257),
    "trials": (1, 7, 32, 65),
    "dtype": ("float32", "float64"),
    "inputs": (0, 1, 4),
    "outputs": (1, 5),
    "noise": (0.0, 0.1),
    "rate_penalty": (0.0, 0.5),
    "own_trials": (False, True),
}


def cases(strength):
    """Hard gates in float64, where rounding does not decide on which side of a kink a current is."""
    made = [Case(**row) for row in native.covering_design(FACTORS, strength)]
    return [one if one.gate == "sigmoid" else replace(one, dtype="float64") for one in made]


PAIRS = cases(2)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=pytest.mark.slow if at % 4 else (), id=str(one)) for at, one in enumerate(PAIRS)]
)
def test_agrees_with_the_portable_engine(case, seed):
    made = problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), case.dtype, native.least(case))
    assert_close(made.run(NATIVE), made.run(PORTABLE), case.dtype)


@pytest.mark.slow
@pytest.mark.usefixtures("_forgotten")
@pytest.mark.parametrize("case", cases(3), ids=str)
def test_agrees_with_hand_for_all_triples_of_options(case, seed):
    random = np.random.default_rng(seed)
    made = problem(case, random)
    assert_runs_as_by_hand(case, made)
    assert_gradient_by_differences(case, made, random)


_forgotten = native._forgotten


@settings(max_examples=30, deadline=None)
@given(
    case=st.builds(
        Case,
        **{name: st.sampled_from(FACTORS[name]) for name in ("cell", "gate", "mask", "dtype", "noise", "rate_penalty")},
        units=st.integers(1, 40),
        trials=st.integers(1, 40),
        steps=st.integers(1, 40),
        networks=st.integers(1, 3),
        inputs=st.integers(0, 4),
        outputs=st.integers(1, 4),
        own_trials=st.booleans(),
    ),
    data=st.integers(0, 2**31),
)
@pytest.mark.slow
def test_agrees_with_hand_on_random_shapes(case, data):
    random = np.random.default_rng(data)
    made = problem(case, random)
    assert_runs_as_by_hand(case, made)
    assert_gradient_by_differences(case, made, random)


def long_case(cell):
    """Three segments: a task keeps SEGMENT_BYTES of rows, for two packs of 64 bytes of trials."""
    kept = {"ugrnn": 2, "gru_after": 4, "gru_before": 4, "lstm": 6}[cell]
    case = Case(cell, units=9, inputs=700, trials=33, noise=0.1, rate_penalty=0.5, networks=1)
    return replace(case, steps=2 * native.segment_bytes() // (64 * 2 * (case.inputs + (1 + kept) * case.units)) + 100)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_segments_of_long_trials(cell, seed):
    made = problem(long_case(cell), np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), "float32")


# ---- numbers that fail


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_network_that_fails_leaves_the_bits_of_its_neighbours(cell, bad, seed):
    made = problem(Case(cell, networks=3, trials=33, noise=0.1, rate_penalty=0.5), np.random.default_rng(seed))
    array = made.weights.recurrent.copy()
    array[1].flat[-1] = bad
    spoilt = made._replace(weights=replace(made.weights, recurrent=array))
    clean, found = made.loss_and_gradient(NATIVE), spoilt.loss_and_gradient(NATIVE)
    for a, b in zip(jax.tree.leaves(clean), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(a[::2], b[::2])
        assert np.isfinite(b[::2]).all()
    assert not np.isfinite(found[0][1])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_inputs_that_are_not_finite(cell, bad, seed):
    """They act from their step on and on their trial alone, as in the portable engine."""
    made = problem(Case(cell, trials=7), np.random.default_rng(seed))
    made.trials[0][3, 20, 1] = bad
    found, expected = made.run(NATIVE), made.run(PORTABLE)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        assert not np.isnan(np.delete(a, 3, axis=1)).any()
        assert not np.isnan(np.asarray(a)[:, :, :20]).any()
        assert np.nanmax(np.abs(np.asarray(a) - np.asarray(b))) < 1e-5
    assert np.isnan(found[1]).any() == np.isnan(bad)


# ---- the same bits


BITS = [
    Case(cell, gate, "random", units, trials, dtype, noise=noise, rate_penalty=noise, networks=3, steps=40)
    for (cell, dtype), (gate, units, trials, noise) in zip(
        itertools.product(CELLS, ("float32", "float64")),
        itertools.cycle([("sigmoid", 50, 33, 0.0), ("hard_sigmoid_5", 13, 65, 0.1), ("hard_sigmoid_6", 70, 7, 0.0)]),
        strict=False,
    )
]
BITS += [Case(cell, own_trials=True, networks=20, trials=33, noise=0.1) for cell in CELLS]


def print_digests():
    """In a process of its own, as for rate units."""

    def assert_right(made, dtype):
        loss, gradient = made.loss_and_gradient(PORTABLE)
        assert_close(made.loss_and_gradient(NATIVE), (loss, gradient), dtype)

    native.print_digests(BITS, problem, assert_right)


@pytest.fixture(scope="module")
def bits_of_one_thread():
    return native.bits("test_native_gated", RECURRA_THREADS="1", RECURRA_INSTRUCTIONS="")[2:]


@pytest.mark.slow
def test_bits_do_not_depend_on_the_number_of_threads(bits_of_one_thread):
    assert native.bits("test_native_gated", RECURRA_THREADS="3", RECURRA_INSTRUCTIONS="")[2:] == bits_of_one_thread


@pytest.mark.slow
@pytest.mark.parametrize("instructions", library.INSTRUCTIONS)
def test_instruction_sets_agree(instructions, bits_of_one_thread):
    if not native.supported(instructions):
        pytest.skip(f"this processor has no {instructions}")
    used, _, digests, _ = native.bits("test_native_gated", RECURRA_THREADS="2", RECURRA_INSTRUCTIONS=instructions)
    assert used == instructions
    if instructions != "baseline" and native.supported("avx2"):
        assert digests == bits_of_one_thread[0]


@pytest.mark.thorough
@pytest.mark.parametrize("cell", CELLS)
def test_bits_do_not_depend_on_the_cohort_or_its_order(cell, seed):
    random = np.random.default_rng(seed)
    made = problem(Case(cell, units=13, trials=33, noise=0.1, rate_penalty=0.5, networks=8), random)
    whole = native.answers(made)
    for networks in ([5], random.permutation(8)):
        part = native.answers(made.of(np.array(networks)))
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(part), strict=True):
            np.testing.assert_array_equal(np.asarray(a)[networks], b)
    active = np.isin(np.arange(8), [2, 6])
    some = NATIVE.loss_and_gradient(made.dynamics, made.weights, *made.trials, active=active, **made.options)
    for a, b in zip(jax.tree.leaves(whole[0]), jax.tree.leaves(some), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[active], np.asarray(b)[active])
        assert not np.asarray(b)[~active].any()


@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_is_near(cell, seed):
    """Factors with 8 bits of mantissa: gradients to 1 %, and more than rounding apart; the runs are the same."""
    if not library.has_bfloat16(library.load()[0]):
        pytest.skip("this processor has no AVX512-BF16")
    made = problem(Case(cell, units=57, trials=40), np.random.default_rng(seed))
    exact, rounded = made.loss_and_gradient(NATIVE), made.loss_and_gradient(NATIVE_BFLOAT16)
    for leaves in zip(jax.tree.leaves(exact), jax.tree.leaves(rounded), strict=True):
        a, b = map(np.asarray, leaves)
        assert 1e-6 < np.linalg.norm(a - b) / np.linalg.norm(a) < 1e-2 if a.any() else not b.any()
    assert digest(made.run(NATIVE)) == digest(made.run(NATIVE_BFLOAT16))
    assert digest(rounded) == digest(made.loss_and_gradient(NATIVE_BFLOAT16))


def test_auto_is_native():
    for _, dynamics in CELLS.values():
        assert choose_engine("auto", dynamics(noise=0.1)) is NATIVE
        assert choose_engine("portable", dynamics(noise=0.1)) is PORTABLE
