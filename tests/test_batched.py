"""The batched engine against the portable one, over the cases of the native engine; its tiles, bits and trainings."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
import test_native as native
import test_native_gated as gated
from recurra.arrays import RateWeights
from recurra.engine import BATCHED, PORTABLE, Dynamics, RateDynamics, batched, choose_engine, engines
from recurra.runs.stretches import differences
from recurra.status import Status
from recurra.training import Training
from test_native import assert_close

ROOT = Path(__file__).parents[1]


def smaller(cases, every):
    """The cases with at most 130 units; all but some of them are slow."""
    few = [case for case in cases if case.units <= 130]
    return [
        pytest.param(case, marks=pytest.mark.slow if at % every else (), id=str(case)) for at, case in enumerate(few)
    ]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("module", "case"),
    [
        pytest.param(module, *one.values, marks=one.marks, id=one.id)
        for module, cases, every in ((native, native.PAIRS, 18), (gated, gated.PAIRS, 26))
        for one in smaller(cases, every)
    ],
)
def test_agrees_with_the_portable_engine(module, case, seed):
    made = module.problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(BATCHED), made.loss_and_gradient(PORTABLE), case.dtype, native.least(case))
    rates, outputs = made.run(PORTABLE)
    assert_close(made.run(BATCHED), (rates, outputs), case.dtype)
    assert_close(made.respond(BATCHED), outputs, case.dtype)


@dataclass(frozen=True)
class Plain(Dynamics):
    """Equations of a stranger, who knows nothing of `drive`."""

    weights = RateWeights

    def initial_state(self, weights):
        return jnp.full_like(weights.recurrent_bias, 0.1)

    def step(self, weights, state, inputs):
        return jnp.sin(weights.recurrent @ state + (weights.input @ inputs) * state + weights.recurrent_bias)

    def rates(self, state):
        return state**2


def test_equations_of_a_stranger_and_penalties_on_trajectories(seed):
    case = native.Case(dtype="float64", units=5, networks=3, own_trials=True)
    made = native.problem(case, np.random.default_rng(seed))._replace(dynamics=Plain())
    made.options["penalties"] = (rc.RateL1(0.3), rc.ReadoutSmoothness(0.2))
    assert_close(made.loss_and_gradient(BATCHED), made.loss_and_gradient(PORTABLE), "float64")


# ---- tiles


def of_active(made, active):
    """As training calls the engine: which networks are active is known only when the program runs."""
    return BATCHED.loss_and_gradient(made.dynamics, made.weights, *made.trials, active=active, **made.options)


@pytest.mark.thorough
@pytest.mark.parametrize("own_trials", [pytest.param(False, marks=pytest.mark.slow), True])
def test_bits_do_not_depend_on_the_company(own_trials, seed):
    """Alone, among 3 and among 20, all of which fill one tile; and those that are not active change nothing."""
    case = native.Case(leak=0.2, units=13, trials=9, noise=0.1, rate_penalty=0.5, own_trials=own_trials, networks=20)
    made = native.problem(case, np.random.default_rng(seed))
    whole = of_active(made, np.ones(20, bool))
    for networks in ([7], [19, 3, 5]):
        part = of_active(made.of(np.array(networks)), np.ones(len(networks), bool))
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(part), strict=True):
            np.testing.assert_array_equal(np.asarray(a)[networks], b)
    active = np.isin(np.arange(20), [2, 11])
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(of_active(made, active)), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[active], np.asarray(b)[active])
        assert not np.asarray(b)[~active].any()


@pytest.mark.thorough
@pytest.mark.parametrize("active", [None, [0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
def test_a_cohort_of_several_tiles(active, seed):
    """Five networks in tiles of two: the last tile is not full, and only as many are computed as there are active."""
    made = native.problem(native.Case(dtype="float64", units=6, networks=5), np.random.default_rng(seed))
    options = {**made.options, "active": None if active is None else np.array(active, bool)}
    expected = PORTABLE.loss_and_gradient(made.dynamics, made.weights, *made.trials, **options)
    found = batched.loss_and_gradient(made.dynamics, made.weights, *made.trials, **options, tile=2)
    assert_close(found, expected, "float64")


@pytest.mark.parametrize(
    ("networks", "units", "steps", "expected"),
    [(1, 50, 200, 32), (33, 50, 200, 64), (1_000, 50, 200, 128), (1_000, 400, 200, 16), (1_000, 400, 20_000, 2)],
)
def test_size_of_a_tile(networks, units, steps, expected):
    """64 trials: the largest power of two of networks whose states and drives have at most 2^28 entries in all."""
    arrays = ((units, units), (units, 2), (1, units), (units,), (1,))
    weights = RateWeights(*(np.broadcast_to(np.float32(0), (networks, *shape)) for shape in arrays))
    inputs = np.broadcast_to(np.float32(0), (64, steps, 2))
    tile = batched.tile_size(RateDynamics("rate", "tanh", 1.0), weights, inputs)
    assert tile == expected
    assert tile * 64 * steps * 2 * units <= 2**28 or tile == 2


def test_memory_of_the_device_sets_the_size_of_a_tile(monkeypatch):
    """80 GB hold the gradient of 1,000 networks of 50 units at once; 8 GB do not."""
    weights = RateWeights(
        *(np.broadcast_to(np.float32(0), (1_000, *shape)) for shape in [(50, 50), (50, 2), (1, 50), (50,), (1,)])
    )
    inputs, dynamics = np.broadcast_to(np.float32(0), (64, 200, 2)), RateDynamics("rate", "tanh", 1.0)
    for limit, expected in ((80 * 2**30, 1_024), (8 * 2**30, 128)):
        monkeypatch.setattr(batched, "_room", lambda itemsize, limit=limit: limit // (batched.ARRAYS * itemsize))
        assert batched.tile_size(dynamics, weights, inputs) == expected


def test_no_product_is_rounded(seed):
    """All products of a step, of the inputs and of the gradient are asked for in the precision of their factors."""
    made = native.problem(native.Case(units=6), np.random.default_rng(seed))
    for engine in (batched, engines.portable):
        lowered = engine.loss_and_gradient.lower(made.dynamics, made.weights, *made.trials)
        products = [line for line in lowered.as_text().splitlines() if "dot_general" in line]
        assert len(products) > 4
        assert all("precision = [HIGHEST, HIGHEST]" in line for line in products)


# ---- which engine


def test_auto_is_batched_on_an_accelerator(monkeypatch):
    dynamics = RateDynamics("rate", "tanh", 1.0)
    assert choose_engine("auto", dynamics) is not BATCHED
    assert choose_engine("batched", dynamics) is BATCHED
    monkeypatch.setattr(engines, "on_accelerator", lambda: True)
    assert choose_engine("auto", dynamics, (rc.RateL1(0.1),)) is BATCHED
    assert choose_engine("auto", Plain()) is BATCHED
    assert choose_engine("portable", dynamics) is PORTABLE


def test_a_run_records_the_device():
    about = BATCHED.about()
    assert about == {"name": "batched", "device": jax.devices()[0].device_kind}
    old, new = {"engine": about}, {"engine": {**about, "device": "another chip"}}
    assert differences(old, new) == [f"the device {about['device']}, here another chip"]


# ---- training


TASK, MODEL = rc.FlipFlop(bits=1, length_ms=100.0), rc.RateRNN(units=6, initializer=rc.Orthogonal())
RULE = rc.BPTT(steps=12, batch=4, trials=rc.FreshTrials(6), validation_trials=8, penalties=(rc.L2("recurrent", 1e-3),))


@pytest.mark.slow
def test_a_training_is_that_of_the_portable_engine():
    found, expected = (
        rc.train(TASK, MODEL, RULE, networks=3, seed=0, engine=engine) for engine in ("batched", "portable")
    )
    assert_close(found.weights, expected.weights, "float32", 1.0)
    for name in ("loss", "validation_loss", "success"):
        np.testing.assert_allclose(getattr(found.history, name), getattr(expected.history, name), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_network_that_diverges_leaves_the_others():
    """The middle network has a learning rate that ends it."""
    rule = replace(RULE, learning_rate=(1e-3, 1e6, 1e-3), optimizer=rc.SGD(), gradient_clip=float("inf"))
    training = Training(TASK, MODEL, rule, range(3), 0, "batched")
    state = training.start()
    while not state.ended:
        state = training.advance(state)
    assert state.status == (Status.finished, Status.diverged, Status.finished)
    assert all(np.isfinite(array).all() for array in jax.tree.leaves(state.learner.weights))


# ---- the benchmark


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    """Tiny networks: every check passes, and every row has a time, but those of torch where it is missing."""
    path = tmp_path / "found.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "accelerator.py"), "--quick", "--minutes", "20", "--json"]
    shown = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True).stdout
    found = json.loads(path.read_text())
    assert [one for one in found["checks"] if not one.get("passed")] == []
    without = [row for row in found["rows"] if "not_measured" in row]
    assert {row["contender"] for row in without} <= {"torch_bmm"}
    assert len(found["rows"]) == len(re.findall(r"^\| \w+_\w+", shown, re.MULTILINE)) > 5
