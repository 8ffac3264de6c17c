"""Time constants of rate units: one per unit, and trained within bounds."""

import itertools
from dataclasses import fields, replace

import jax
import numpy as np
import pytest

import recurra as rc
import test_native as native
from recurra.arrays import RateWeights, TimedRateWeights
from recurra.engine import NATIVE, PORTABLE, RateDynamics, TimedRateDynamics
from recurra.engine.native import library
from recurra.models.constraints import constrained, free_parameters
from recurra.models.time_constants import BoundedTau
from recurra.numerics import pinned
from recurra.runs.spec import RunSpec, presets, read_table, to_spec
from recurra.tasks import TASKS
from test_native import Case, assert_close

BOUNDS = rc.TrainedTau(2.0, 40.0)
needs_native = pytest.mark.skipif(library.load()[0] is None, reason="there is no native engine")


def problem(case, random):
    """Networks whose units have time constants from one to ten steps, different in each network."""
    dynamics = TimedRateDynamics(case.form, case.activation, 2.0, case.noise)
    weights = native.stable_weights(case, random)
    arrays = {one.name: getattr(weights, one.name) for one in fields(weights)}
    tau_ms = random.uniform(2.0, 20.0, size=(case.networks, case.units))
    return native.problem_of(dynamics, TimedRateWeights(**arrays, tau_ms=tau_ms), case, random)


# ---- the gradient


CASES = [
    Case(form, activation, units=units, trials=trials, dtype=dtype, noise=noise, rate_penalty=noise)
    for (form, activation), (units, trials, dtype, noise) in zip(
        itertools.product(("rate", "current"), ("tanh", "sigmoid", "softplus")),
        itertools.cycle([(1, 7, "float64", 0.1), (13, 33, "float32", 0.0), (50, 9, "float64", 0.1)]),
        strict=False,
    )
]


@pytest.mark.thorough
@needs_native
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if at % 3 else (), id=str(case)) for at, case in enumerate(CASES)],
)
def test_engines_agree(case, seed):
    made = problem(case, np.random.default_rng(seed))
    assert_close(made.loss_and_gradient(NATIVE), made.loss_and_gradient(PORTABLE), case.dtype, native.least(case))
    assert_close(made.run(NATIVE), made.run(PORTABLE), case.dtype)


@pytest.mark.thorough
@pytest.mark.parametrize("engine", [PORTABLE, pytest.param(NATIVE, marks=needs_native)])
@pytest.mark.parametrize("form", ["rate", "current"])
def test_gradients_against_finite_differences(form, engine, seed):
    """With noise, whose size depends on the time constants."""
    random = np.random.default_rng(seed)
    made = problem(Case(form, units=6, trials=5, dtype="float64", noise=0.3, rate_penalty=0.5, steps=12), random)
    gradient = made.loss_and_gradient(engine)[1]
    for one in fields(made.weights):
        array = getattr(made.weights, one.name)
        direction = random.normal(size=array.shape)
        ahead, behind = (
            made._replace(weights=replace(made.weights, **{one.name: array + size * direction}))
            for size in (1e-6, -1e-6)
        )
        slope = (ahead.loss_and_gradient(engine)[0] - behind.loss_and_gradient(engine)[0]) / 2e-6
        found = (np.asarray(getattr(gradient, one.name)) * direction).reshape(2, -1).sum(axis=1)
        np.testing.assert_allclose(found, slope, rtol=1e-5, atol=1e-7)


@needs_native
def test_bits_do_not_depend_on_the_cohort(seed):
    """Also where all time constants of one network are a step, and those of its neighbours are not."""
    made = problem(Case(units=13, trials=33, noise=0.1, networks=3), np.random.default_rng(seed))
    made.weights.tau_ms[1] = 2.0
    whole = made.loss_and_gradient(NATIVE), made.run(NATIVE), made.respond(NATIVE)
    for at in range(3):
        alone = made.of(np.array([at]))
        one = alone.loss_and_gradient(NATIVE), alone.run(NATIVE), alone.respond(NATIVE)
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(one), strict=True):
            np.testing.assert_array_equal(np.asarray(a)[[at]], b)


@pytest.mark.parametrize("engine", [PORTABLE, pytest.param(NATIVE, marks=needs_native)])
def test_a_settled_network_is_the_same(engine, seed):
    """One network of the cohort with its time constants as numbers of the equations."""
    made = problem(Case(units=9, dtype="float64"), np.random.default_rng(seed))
    rates, outputs = made.run(engine)
    dynamics, weights = made.dynamics.settled(jax.tree.map(lambda array: array[1], made.weights))
    assert (type(dynamics), type(weights)) == (RateDynamics, RateWeights)
    alone = made._replace(dynamics=dynamics, weights=jax.tree.map(lambda array: array[None], weights)).run(engine)
    assert_close(alone, (np.asarray(rates)[1:], np.asarray(outputs)[1:]), "float64")


# ---- bounds


def test_bounds_hold_and_undo_each_other():
    """Whatever the free numbers, also where the sigmoid is 0 or 1 to rounding."""
    with pinned():
        weights = rc.RateRNN(units=9, tau_ms=BOUNDS).start(jax.random.key(0), 2, 1)
        free = free_parameters((BoundedTau(BOUNDS),), weights)
        back = constrained((BoundedTau(BOUNDS),), free, weights)
        np.testing.assert_allclose(back.tau_ms, weights.tau_ms, rtol=1e-5)
        assert len(set(np.asarray(weights.tau_ms).tolist())) == 9
        free["tau_ms"] = np.array([-np.inf, -1e9, -30, -1, 0, 1, 30, 1e9, np.inf], np.float32)
        tau_ms = np.asarray(constrained((BoundedTau(BOUNDS),), free, weights).tau_ms)
    assert tau_ms.min() == 2
    assert tau_ms.max() == 40
    assert tau_ms[4] == 21
    assert (np.diff(tau_ms) >= 0).all()


@pytest.mark.thorough
def test_training_moves_them_within_their_bounds():
    rule = rc.BPTT(steps=10, batch=8, learning_rate=3.0, validation_trials=8)
    model = rc.RateRNN(units=6, tau_ms=rc.TrainedTau(1.0, 3.0, start_ms=2.5), initializer=rc.Orthogonal())
    cohort = rc.train(rc.And(), model, rule, networks=2, seed=0)
    np.testing.assert_array_equal(cohort.initial.tau_ms, np.float32(2.5))
    found = np.asarray(cohort.weights.tau_ms)
    assert ((found >= 1) & (found <= 3) & (found != 2.5)).all()
    np.testing.assert_allclose(cohort[1].dynamics.leak, 1 / found[1], rtol=1e-6)


def test_frozen_ones_stay_as_they_were_drawn():
    rule = rc.BPTT(steps=3, batch=8, validation_trials=8)
    model = rc.RateRNN(units=6, tau_ms=BOUNDS, constraints=(rc.Frozen(("tau_ms",)),))
    cohort = rc.train(rc.And(), model, rule, networks=1, seed=0)
    np.testing.assert_array_equal(cohort.weights.tau_ms, cohort.initial.tau_ms)
    assert (np.asarray(cohort.weights.recurrent) != np.asarray(cohort.initial.recurrent)).any()


# ---- kept


@pytest.mark.slow
def test_saved_and_loaded(tmp_path):
    """A run folder has the time constants among its weights, the file of a network its leaks."""
    rule = rc.BPTT(steps=3, batch=8, validation_trials=8)
    cohort = rc.train(rc.And(), rc.RateRNN(units=6, tau_ms=BOUNDS), rule, networks=2, seed=0)
    cohort.save(tmp_path / "run")
    back = rc.load(tmp_path / "run")
    assert back.model == cohort.model
    np.testing.assert_array_equal(back.weights.tau_ms, cohort.weights.tau_ms)
    np.testing.assert_array_equal(back.initial.tau_ms, cohort.initial.tau_ms)
    cohort[1].save(tmp_path / "one.npz")
    one = rc.load(tmp_path / "one.npz")
    assert one.dynamics == cohort[1].dynamics
    inputs = rc.And().probe().inputs
    np.testing.assert_array_equal(one.respond(inputs), cohort[1].respond(inputs))


@pytest.mark.slow
def test_it_is_a_model_like_any_other():
    rc.testing.check_model(rc.RateRNN(4, tau_ms=BOUNDS, recurrent_noise=0.1, recurrent_bias=True))


def test_in_a_spec():
    table = {"task": "and", "model": {"units": 3, "tau_ms": {"lowest_ms": 2.0, "highest_ms": 40.0}}}
    spec = to_spec(table)
    assert spec.model == rc.RateRNN(units=3, tau_ms=BOUNDS)
    assert to_spec(spec.table()) == spec
    assert "kim2019" in spec.sources()
    units = to_spec({"task": "and", "model": {"units": 3, "tau_ms": [1.0, 2.0, 3.0]}})
    assert units.model == rc.RateRNN(units=3, tau_ms=(1.0, 2.0, 3.0)) == rc.RateRNN(units=3, tau_ms=np.arange(1.0, 4.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.TrainedTau(0.0, 5.0), "lowest_ms is 0.0; expected a number above 0"),
        (lambda: rc.TrainedTau(5.0, 5.0), "highest_ms is 5; expected more than lowest_ms = 5. For time constants"),
        (lambda: rc.TrainedTau(1.0, 5.0, "slow"), "start_ms is 'slow'"),
        (lambda: rc.TrainedTau(1.0, 5.0, 5.0), "start_ms is 5; expected a number between lowest_ms = 1 and"),
        (lambda: rc.RateRNN(units=3, tau_ms=[1.0, 2.0]), "tau_ms has 2 values; expected one, or one for each of the 3"),
        (lambda: rc.RateRNN(units=2, tau_ms=np.array([1.0, -2.0])), "tau_ms is -2.0; expected a number above 0"),
        (
            lambda: rc.RateRNN(units=2, tau_ms=np.ones((2, 1))),
            r"tau_ms has the shape \(2, 1\); expected one number, or one",
        ),
        (lambda: rc.RateRNN(tau_ms=BOUNDS).dynamics(5.0), "lowest_ms of tau_ms is 2, below the time step of 5 ms"),
        (
            lambda: to_spec({"task": "and", "model": {"tau_ms": {"lowest": 1.0}}}),
            "unknown key model.tau_ms.lowest; did",
        ),
        (
            lambda: to_spec({"task": "and", "model": {"tau_ms": "slow"}}),
            "model.tau_ms is 'slow'; expected a number or a list of numbers or a table of lowest_ms, ",
        ),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


class TestOfTheTask:
    @pytest.mark.parametrize("name", TASKS)
    def test_the_default_model_fits_every_task(self, name):
        task = TASKS[name]()
        model = rc.RateRNN(units=3).for_task(task)
        assert model.tau_ms == max(task.dt_ms, task.unit_tau_ms or task.dt_ms)
        assert 0 < np.max(model.dynamics(task.dt_ms).leak) <= 1

    @pytest.mark.parametrize("name", [name for name in presets() if name in TASKS])
    def test_it_is_that_of_the_preset(self, name):
        preset = to_spec(read_table(name))
        assert rc.RateRNN().for_task(preset.task).tau_ms == preset.model.tau_ms

    @pytest.mark.slow
    def test_a_spec_and_a_cohort_name_it(self):
        task = rc.PerceptualDecision()
        assert RunSpec(task, model=rc.RateRNN(units=3)).table()["model"]["tau_ms"] == 100.0
        cohort = rc.train(task, rc.RateRNN(units=3), rc.BPTT(steps=1, batch=2), networks=1, seed=0)
        assert cohort.model == rc.RateRNN(units=3, tau_ms=100.0)
        assert rc.RateRNN(tau_ms=7.0).for_task(task).tau_ms == 7.0

    def test_without_a_task_there_is_none(self):
        with pytest.raises(ValueError, match=r"tau_ms of the model is not given; .* model.for_task\(task\)"):
            rc.RateRNN().dynamics(1.0)
