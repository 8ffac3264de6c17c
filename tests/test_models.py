from collections import OrderedDict

import jax
import numpy as np
import pytest

from recurra.arrays import RateWeights
from recurra.linalg import spectral_radius
from recurra.models import (
    GRU,
    Dale,
    Gamma,
    GlorotUniform,
    Identity,
    Network,
    Normal,
    Orthogonal,
    RateRNN,
    SpectralRadius,
    TorchUniform,
)
from recurra.models.constraints import constrained, free_parameters

SQUARE = [
    Orthogonal(0.8),
    Normal(1.5),
    Gamma(1.2),
    GlorotUniform(),
    TorchUniform(),
    Identity(0.9, 0.1),
    SpectralRadius(1.2),
]


@pytest.mark.parametrize("initializer", SQUARE, ids=lambda i: type(i).__name__)
def test_initializers_are_pure_functions_of_the_key(initializer, seed):
    first, again = (np.asarray(initializer(jax.random.key(seed), (40, 40))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32
    assert np.any(first != np.asarray(initializer(jax.random.key(seed + 1), (40, 40))))


def test_orthogonal(seed):
    matrix = np.asarray(Orthogonal(0.8)(jax.random.key(seed), (30, 30)), np.float64)
    np.testing.assert_allclose(matrix @ matrix.T, 0.64 * np.eye(30), atol=1e-5)


def test_normal_fills_girkos_circle(seed):
    matrix = np.asarray(Normal(1.5)(jax.random.key(seed), (400, 400)))
    assert matrix.std() == pytest.approx(1.5 / 20, rel=0.02)
    assert spectral_radius(matrix) == pytest.approx(1.5, rel=0.1)


@pytest.mark.thorough
def test_gamma(seed):
    matrix = np.asarray(Gamma(1.5, shape=2)(jax.random.key(seed), (300, 400)), np.float64)
    assert matrix.min() > 0
    assert matrix.mean() == pytest.approx(1.5 * np.sqrt(2 / 400), rel=0.02)
    assert matrix.std() == pytest.approx(1.5 / 20, rel=0.03)
    skewness = ((matrix - matrix.mean()) ** 3).mean() / matrix.std() ** 3
    assert skewness == pytest.approx(2 / np.sqrt(2), rel=0.1)


def test_glorot_uniform_bounds(seed):
    matrix = np.asarray(GlorotUniform(0.5)(jax.random.key(seed), (100, 3)))
    bound = 0.5 * np.sqrt(6 / 103)
    assert 0.9 * bound < np.abs(matrix).max() <= bound


def test_identity_and_radius(seed):
    np.testing.assert_array_equal(Identity(0.9)(jax.random.key(seed), (5, 5)), 0.9 * np.eye(5, dtype=np.float32))
    assert spectral_radius(SpectralRadius(1.2)(jax.random.key(seed), (50, 50))) == pytest.approx(1.2, rel=1e-5)


@pytest.mark.parametrize("initializer", [Identity(), SpectralRadius()])
def test_square_only(initializer):
    with pytest.raises(ValueError, match=r"the shape \(5, 3\); it is for the square recurrent weights only"):
        initializer(jax.random.key(0), (5, 3))


def test_rate_rnn(seed):
    model = RateRNN(units=7, tau_ms=10.0, recurrent_bias=True, output_bias=False)
    weights = model.initial_weights(jax.random.key(seed), 3, 2)
    assert {name: array.shape for name, array in vars(weights).items()} == {
        "recurrent": (7, 7),
        "input": (7, 3),
        "output": (2, 7),
        "recurrent_bias": (7,),
        "output_bias": (2,),
    }
    assert model.dynamics(2.0).leak == 0.2
    assert model.frozen() == ("output_bias",)
    assert RateRNN(units=3, recurrent_bias=True).all_constraints() == ()
    with pytest.raises(ValueError, match="leak = dt_ms / tau_ms = 2; expected a number in"):
        model.dynamics(20.0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"units": 0}, ValueError, "units is 0"),
        ({"form": "rates"}, ValueError, "did you mean 'rate'"),
        ({"activation": "thanh"}, ValueError, "did you mean 'tanh'"),
        ({"tau_ms": -1.0}, ValueError, "tau_ms is -1.0; expected a number above 0"),
        ({"initializer": "orthogonal"}, TypeError, "initializer is 'orthogonal'; expected an initializer"),
    ],
)
def test_bad_model(change, error, message):
    with pytest.raises(error, match=message):
        RateRNN(**change)


def test_network_refuses_bad_weights(seed):
    model = RateRNN(units=4, tau_ms=1.0)
    weights = model.initial_weights(jax.random.key(seed), 2, 1)
    with pytest.raises(ValueError, match="recurrent weights holds 1 values that are NaN"):
        Network(
            model.dynamics(1.0),
            RateWeights(**{**vars(weights), "recurrent": weights.recurrent.at[0, 0].set(np.nan)}),
            1.0,
        )
    with pytest.raises(ValueError, match=r"input weights have shape \(3, 2\); expected \(4, 2\)"):
        Network(model.dynamics(1.0), RateWeights(**{**vars(weights), "input": weights.input[:3]}), 1.0)


def test_network_runs_in_double(seed):
    model = RateRNN(units=4, tau_ms=1.0)
    network = Network(model.dynamics(1.0), model.initial_weights(jax.random.key(seed), 2, 1), 1.0)
    inputs = np.ones((2, 5, 2), np.float32)
    rates, outputs = network.run(inputs)
    assert rates.dtype == outputs.dtype == np.float64
    np.testing.assert_array_equal(outputs, network.respond(inputs))


def test_dales_law_holds_from_the_start(seed):
    """The first units excite and the others inhibit, with the sizes that the initializer drew."""
    law = Dale(0.5, balanced=False)
    models = [RateRNN(units=6, initializer=Normal(), constraints=constraints) for constraints in ((), (law,))]
    drawn, lawful = (model.start(jax.random.key(seed), 2, 1) for model in models)
    signed = np.asarray(lawful.recurrent)
    np.testing.assert_array_equal(signed, np.abs(drawn.recurrent) * ([1] * 3 + [-1] * 3))
    free = free_parameters((law,), lawful)
    np.testing.assert_array_equal(constrained((law,), free, lawful).recurrent, signed)
    flipped = OrderedDict(free, recurrent=-free["recurrent"])
    np.testing.assert_array_equal(constrained((law,), flipped, lawful).recurrent, signed)


def test_dales_law_holds_for_every_gate():
    weights = GRU(units=4, constraints=(Dale(0.75),)).start(jax.random.key(0), 2, 1)
    assert (np.asarray(weights.recurrent)[..., :3] >= 0).all()
    assert (np.asarray(weights.recurrent)[..., 3] <= 0).all()


def test_a_share_is_no_percentage():
    with pytest.raises(ValueError, match="excitatory is 80; expected a number from 0 to 1"):
        Dale(80)
