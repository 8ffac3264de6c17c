"""Penalties: values and gradients known by hand and by differences, both engines, invariances, and what is refused."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.engine import NATIVE, PORTABLE, Trajectories
from recurra.numerics import pinned
from recurra.runs.spec import RunSpec, read_table, to_spec, with_settings
from recurra.training import PENALTIES, Training

MODEL = rc.RateRNN(units=5, tau_ms=30.0, recurrent_bias=True, initializer=rc.Normal(1.5))
TASK = rc.PerceptualDecision(stimulus_ms=50.0, decision_ms=50.0, fixation_ms=50.0)
ON_WEIGHTS = (rc.L1("recurrent", 0.3), rc.L2("output", 0.5), rc.StartDistance("input", 2.0), rc.RadiusAbove(0.7, 0.5))
ON_TRAJECTORIES = (rc.RateL1(0.4), rc.ReadoutSmoothness(3.0), rc.JacobianNorm(0.6))


def weights_of(seed, model=MODEL, inputs=2, outputs=1):
    """Weights of one network in float64, with nothing at 0."""
    random = np.random.default_rng(seed)
    drawn = model.initial_weights(jax.random.key(seed), inputs, outputs)
    return jax.tree.map(lambda one: np.asarray(one, float) + 0.1 * random.normal(size=one.shape), drawn)


def value(penalty, weights, start=None):
    with pinned(double=True):
        return float(penalty.value(MODEL.dynamics(10.0), weights, weights if start is None else start))


class TestWeights:
    def test_known_values(self, seed):
        weights, start = weights_of(seed), weights_of(seed + 1)
        assert value(ON_WEIGHTS[0], weights) == pytest.approx(0.3 * np.abs(weights.recurrent).mean())
        assert value(ON_WEIGHTS[1], weights) == pytest.approx(0.5 * (weights.output**2).mean())
        expected = 2.0 * ((weights.input - start.input) ** 2).mean()
        assert value(ON_WEIGHTS[2], weights, start) == pytest.approx(expected)
        assert value(ON_WEIGHTS[2], weights) == 0
        radius = np.abs(np.linalg.eigvals(weights.recurrent)).max()
        assert value(ON_WEIGHTS[3], weights) == pytest.approx(0.7 * max(radius - 0.5, 0) ** 2)
        assert value(rc.RadiusAbove(0.7, radius + 0.1), weights) == 0

    def test_known_gradients(self, seed):
        """λ sign(w) / n of L1, 2 λ w / n of L2, 2 λ (w - w_0) / n of the distance."""
        weights, start = weights_of(seed), weights_of(seed + 1)
        dynamics = MODEL.dynamics(10.0)
        with pinned(double=True):
            one, two, away = (
                jax.grad(lambda w, penalty=penalty: penalty.value(dynamics, w, start))(weights)
                for penalty in ON_WEIGHTS[:3]
            )
        np.testing.assert_allclose(one.recurrent, 0.3 * np.sign(weights.recurrent) / 25)
        np.testing.assert_allclose(two.output, 0.5 * 2 * weights.output / 5)
        np.testing.assert_allclose(away.input, 2 * 2.0 * (weights.input - start.input) / 10)
        assert not np.asarray(two.recurrent).any()

    def test_gradient_of_the_radius(self, seed):
        """Of a normal matrix with one largest eigenvalue: 2 λ (ρ - ρ_0) u uᵀ."""
        basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(5, 5)))
        weights = replace(weights_of(seed), recurrent=basis @ np.diag([1.8, 1.0, -0.5, 0.3, 0.1]) @ basis.T)
        with pinned(double=True):
            slope = jax.grad(lambda w: ON_WEIGHTS[3].value(MODEL.dynamics(10.0), w, w))(weights).recurrent
        np.testing.assert_allclose(slope, 2 * 0.7 * 1.3 * np.outer(basis[:, 0], basis[:, 0]), atol=1e-9)

    def test_the_order_of_units_changes_nothing(self, seed):
        weights, order = weights_of(seed), np.random.default_rng(seed).permutation(5)
        turned = replace(
            weights,
            recurrent=weights.recurrent[np.ix_(order, order)],
            input=weights.input[order],
            output=weights.output[:, order],
        )
        for penalty in (*ON_WEIGHTS[:2], ON_WEIGHTS[3]):
            assert value(penalty, turned) == pytest.approx(value(penalty, weights), rel=1e-9)


class TestTrajectories:
    def trajectories(self, seed, outputs=None):
        random = np.random.default_rng(seed)
        states = random.normal(size=(3, 7, 5))
        outputs = random.normal(size=(3, 7, 2)) if outputs is None else outputs
        return Trajectories(*map(jnp.asarray, (random.normal(size=(3, 7, 2)), states, states, states, outputs)))

    def test_a_straight_readout_is_smooth(self, seed):
        with pinned(double=True):
            line = np.linspace(-1, 4, 7)[None, :, None] * np.ones((3, 1, 2))
            assert float(rc.ReadoutSmoothness(3.0).value(None, None, self.trajectories(seed, line))) < 1e-25
            parabola = np.arange(7.0)[None, :, None] ** 2 * np.ones((3, 1, 2))
            assert float(rc.ReadoutSmoothness(3.0).value(None, None, self.trajectories(seed, parabola))) == 12.0

    def test_jacobian_of_a_linear_network(self, seed):
        """(1 - ℓ) 1 + ℓ W at every state."""
        model, weights = rc.RateRNN(units=5, tau_ms=30.0, activation="linear"), weights_of(seed)
        jacobian = np.eye(5) * 2 / 3 + weights.recurrent / 3
        with pinned(double=True):
            found = rc.JacobianNorm(0.6).value(model.dynamics(10.0), weights, self.trajectories(seed))
        assert float(found) == pytest.approx(0.6 * (jacobian**2).sum() / 5)

    def test_mean_rate(self, seed):
        made = self.trajectories(seed)
        with pinned(double=True):
            assert float(rc.RateL1(0.4).value(None, None, made)) == pytest.approx(0.4 * np.abs(made.rates).mean())


@pytest.mark.thorough
@pytest.mark.parametrize(
    "model",
    [rc.GRU(units=3), *(pytest.param(one, marks=pytest.mark.slow) for one in (MODEL, replace(MODEL, form="current")))],
    ids=lambda m: str(m)[:12],
)
def test_gradients_are_those_of_differences(model):
    """Of the loss with all penalties on trajectories, with noise in the states."""
    dynamics = replace(model, recurrent_noise=0.1).dynamics(10.0)
    random = np.random.default_rng(0)
    weights = jax.tree.map(lambda one: one[None], weights_of(0, model))
    inputs, targets = random.normal(size=(4, 6, 2)), random.normal(size=(4, 6, 1))
    options = {"noise_keys": np.array([[1, 2]], np.uint32), "rate_penalty": 0.2, "penalties": ON_TRAJECTORIES}

    def of(one):
        return PORTABLE.loss_and_gradient(dynamics, one, inputs, targets, np.ones(targets.shape, bool), **options)

    with pinned(double=True):
        slope = of(weights)[1]
        for name in ("recurrent", "input", "output"):
            at = (0,) * np.ndim(getattr(weights, name))
            step = np.zeros_like(getattr(weights, name))
            step[at] = 1e-5
            up, down = (
                float(of(replace(weights, **{name: getattr(weights, name) + sign * step}))[0][0]) for sign in (1, -1)
            )
            assert float(getattr(slope, name)[at]) == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-9)


def trained(engine="auto", model=MODEL, networks=2, **options):
    rule = rc.BPTT(steps=6, batch=8, trials=rc.FreshTrials(3), validation_trials=16, **options)
    return rc.train(TASK, model, rule, networks=networks, seed=0, engine=engine)


class TestTraining:
    @pytest.mark.skipif(bool(NATIVE.missing()), reason="the native engine cannot be used")
    @pytest.mark.slow
    def test_engines_agree_on_weights(self):
        native, portable = (trained(engine, penalties=ON_WEIGHTS) for engine in ("native", "portable"))
        for one, other in zip(jax.tree.leaves(native.weights), jax.tree.leaves(portable.weights), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
        assert (native.weights.recurrent != trained("native").weights.recurrent).any()

    @pytest.mark.slow
    def test_a_network_is_the_same_in_any_company(self):
        both, alone = trained(penalties=ON_WEIGHTS), trained(networks=1, penalties=ON_WEIGHTS)
        for one, other in zip(jax.tree.leaves(both.weights), jax.tree.leaves(alone.weights), strict=True):
            np.testing.assert_array_equal(np.asarray(one)[0], np.asarray(other)[0])

    @pytest.mark.thorough
    def test_the_loss_has_the_penalties(self):
        """Of the same start on the same trials, the loss of the first step is larger by the value of the penalty."""
        first = rc.BPTT(steps=1, batch=8, trials=rc.FreshTrials(1), validation_trials=16)
        plain, more = (
            rc.train(TASK, MODEL, rule, networks=2, seed=0)
            for rule in (first, replace(first, penalties=(rc.L2("recurrent", 0.5),)))
        )
        added = 0.5 * (np.asarray(plain.initial.recurrent) ** 2).mean(axis=(1, 2))
        np.testing.assert_allclose(more.history.loss[:, 0] - plain.history.loss[:, 0], added, rtol=1e-4)

    @pytest.mark.slow
    def test_a_strong_penalty_holds_what_it_is_about(self):
        free = trained(learning_rate=0.05)
        tied = trained(learning_rate=0.05, penalties=(rc.StartDistance("recurrent", 1e3),))
        moved = [np.abs(np.asarray(one.weights.recurrent) - one.initial.recurrent).mean() for one in (free, tied)]
        assert moved[1] < 0.8 * moved[0]

    def test_trajectories_take_the_portable_engine(self):
        rule = rc.BPTT(penalties=(rc.ReadoutSmoothness(1.0),))
        assert Training(TASK, MODEL, rule, range(1), 0).used_engine is PORTABLE
        with pytest.raises(ValueError, match="the native engine has no penalty ReadoutSmoothness; take engine auto or"):
            Training(TASK, MODEL, rule, range(1), 0, "native")
        assert Training(TASK, MODEL, rc.BPTT(penalties=ON_WEIGHTS), range(1), 0).used_engine is not PORTABLE or (
            NATIVE.missing()
        )

    def test_signs_and_absent_connections_stay(self):
        model = replace(MODEL, constraints=(rc.Dale(0.6), rc.NoSelfConnections()))
        weights = np.asarray(
            trained(model=model, learning_rate=0.1, penalties=(rc.L1("recurrent", 5.0),)).weights.recurrent
        )
        assert (weights[:, :, :3] >= 0).all()
        assert (weights[:, :, 3:] <= 0).all()
        assert not np.diagonal(weights, axis1=1, axis2=2).any()


@dataclass(frozen=True)
class Total(rc.WeightPenalty):
    """A penalty of a user: the squared sum of all recurrent weights."""

    def value(self, dynamics, weights, start):
        return weights.recurrent.sum() ** 2


def test_a_penalty_of_a_user_is_trained_and_named_in_a_spec():
    assert (trained(penalties=(Total(),)).weights.recurrent != trained().weights.recurrent).any()
    spec = RunSpec(TASK, model=MODEL, training=rc.BPTT(penalties=(Total(),)))
    assert spec.table()["training"]["penalties"] == [{"kind": f"{__name__}:Total"}]
    assert to_spec(spec.table()) == spec


class TestSpec:
    def test_there_and_back(self):
        spec = RunSpec(TASK, model=MODEL, training=rc.BPTT(penalties=(*ON_WEIGHTS, *ON_TRAJECTORIES)))
        assert to_spec(spec.table()) == spec
        assert [one["kind"] for one in spec.table()["training"]["penalties"]] == list(PENALTIES)
        assert {"tibshirani1996", "hoerl1970", "hoffman2019"} <= set(spec.sources())

    def test_of_settings(self):
        setting = 'training.penalties=[{ kind = "l2", array = "recurrent", strength = 1e-4 }]'
        assert to_spec(with_settings(read_table("and"), [setting])).training.penalties == (rc.L2("recurrent", 1e-4),)

    @pytest.mark.parametrize(
        ("penalties", "message"),
        [
            ((rc.L2("recurent", 1.0),), "penalty L2 is on the array 'recurent'; did you mean 'recurrent'?"),
            ((rc.L1("bias", 1.0),), "penalty L1 is on the array 'bias'; did you mean"),
            (("l2",), r"penalties is 'l2'; expected a Penalty such as L2\(\"recurrent\", 1e-4\)"),
        ],
    )
    def test_bad_penalties_are_named(self, penalties, message):
        with pytest.raises((ValueError, TypeError), match=message):
            Training(TASK, MODEL, rc.BPTT(penalties=penalties), range(1), 0)

    def test_bad_numbers_are_named(self):
        with pytest.raises(ValueError, match="strength is 0; expected a number above 0"):
            rc.L1("recurrent", 0)
        with pytest.raises(TypeError, match="array is 3; expected the name of a weight array"):
            rc.L1(3, 1.0)
        with pytest.raises(ValueError, match="radius is -1; expected a number above 0"):
            rc.RadiusAbove(1.0, -1)
        with pytest.raises(ValueError, match="penalty RadiusAbove needs one recurrent matrix; GRUDynamics has none"):
            Training(TASK, rc.GRU(units=3), rc.BPTT(penalties=(rc.RadiusAbove(1.0),)), range(1), 0)
