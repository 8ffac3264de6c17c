"""Weights before training, as Keras and PyTorch draw them: ranges, variances and distributions that they document."""

import jax
import numpy as np
import pytest
from scipy.stats import kstest, triang

import recurra as rc
from recurra.arrays import named_arrays
from recurra.runs.spec import read_table, to_spec, with_settings

UNITS, INPUTS, OUTPUTS = 100, 3, 2
TORCH = {
    "initializer": rc.TorchUniform(),
    "input_initializer": rc.TorchUniform(),
    "output_initializer": rc.TorchUniform(),
    "biases": "torch_uniform",
}
AS_TORCH = {
    "rate": rc.RateRNN(units=UNITS, recurrent_bias=True, **TORCH),
    "gru": rc.GRU(units=UNITS, **TORCH),
    "lstm": rc.LSTM(units=UNITS, forget_bias=0.0, **TORCH),
    "ugrnn": rc.UGRNN(units=UNITS, **TORCH),
}
BOUND = 1 / np.sqrt(UNITS)
CHANCE = 1e-6  # that a test of a distribution fails though it holds


def drawn(model, seed, inputs=INPUTS, outputs=OUTPUTS):
    weights = model.start(jax.random.key(seed), inputs, outputs)
    return {name: np.asarray(array, np.float64) for name, array in named_arrays(weights).items()}


def check_uniform(entries):
    """Within the bound, close to it at both ends, and uniform between."""
    assert -BOUND <= entries.min() < -0.98 * BOUND
    assert 0.98 * BOUND < entries.max() <= BOUND
    assert kstest(entries.ravel(), "uniform", (-BOUND, 2 * BOUND)).pvalue > CHANCE


def check_sum_of_two(entries):
    """The sum of two independent uniform numbers has a triangular distribution of twice the variance."""
    assert np.abs(entries).max() <= 2 * BOUND
    assert kstest(entries.ravel(), triang(0.5, -2 * BOUND, 4 * BOUND).cdf).pvalue > CHANCE
    assert np.abs(entries).max() > BOUND


@pytest.mark.thorough
@pytest.mark.parametrize("name", AS_TORCH)
def test_every_array_as_in_torch(name, seed):
    arrays = drawn(AS_TORCH[name], seed, inputs=11, outputs=10)
    for matrix in ("recurrent", "input", "output"):
        check_uniform(arrays[matrix])
    assert arrays["recurrent"].var() == pytest.approx(BOUND**2 / 3, rel=0.1)
    assert 0 < np.abs(arrays["output_bias"]).max() <= BOUND
    bias = arrays["recurrent_bias" if name == "rate" else "bias"]
    check_sum_of_two(bias[:2] if name == "gru" else bias)


def test_the_two_biases_of_a_candidate_stay_apart(seed):
    """PyTorch multiplies the second one by the reset gate, so that they are no sum."""
    models = [rc.GRU(units=UNITS, reset=reset, **TORCH) for reset in ("after", "before")]
    after, before = (drawn(model, seed) for model in models)
    np.testing.assert_array_less(np.abs([after["bias"][2], after["reset_bias"]]), BOUND)
    np.testing.assert_allclose(before["bias"][2], after["bias"][2] + after["reset_bias"], rtol=1e-6)
    assert not before["reset_bias"].any()


def test_torch_weights_follow_from_the_key_alone(seed):
    for model in AS_TORCH.values():
        first, again, other = (drawn(model, one) for one in (seed, seed, seed + 1))
        for name, array in first.items():
            np.testing.assert_array_equal(array, again[name])
            assert (array != other[name]).all()


def test_arrays_do_not_share_their_numbers(seed):
    arrays = drawn(rc.UGRNN(units=4, **TORCH), seed, inputs=4, outputs=4)
    entries = np.concatenate([array.ravel() for array in arrays.values()])
    assert len(np.unique(entries)) == len(entries)


@pytest.mark.parametrize(("make", "gates"), [(rc.GRU, 3), (rc.LSTM, 4), (rc.UGRNN, 2)])
def test_gated_cells_start_as_in_keras(make, gates, seed):
    """The matrices of all gates are one in Keras: its rows are orthonormal, and it is as wide as all gates."""
    arrays = drawn(make(units=UNITS), seed)
    joined = arrays["recurrent"].reshape(gates * UNITS, UNITS)
    np.testing.assert_allclose(joined.T @ joined, np.eye(UNITS), atol=1e-5)
    for name, bound in (
        ("input", np.sqrt(6 / (INPUTS + gates * UNITS))),
        ("output", np.sqrt(6 / (UNITS + OUTPUTS))),
    ):
        assert 0.9 * bound < np.abs(arrays[name]).max() <= bound
        assert kstest(arrays[name].ravel(), "uniform", (-bound, 2 * bound)).pvalue > CHANCE
    forget = 1.0 * (np.arange(gates) == 1)[:, None] if make is rc.LSTM else 0.0
    np.testing.assert_array_equal(arrays["bias"], np.broadcast_to(forget, (gates, UNITS)))
    assert not arrays["output_bias"].any()


def test_biases_that_are_not_trained_stay_zero(seed):
    arrays = drawn(rc.RateRNN(units=4, output_bias=False, **TORCH), seed)
    assert not arrays["recurrent_bias"].any()
    assert not arrays["output_bias"].any()


@pytest.mark.parametrize(
    ("make", "gate", "name"), [(rc.GRU, 0, "update_bias"), (rc.LSTM, 1, "forget_bias"), (rc.UGRNN, 0, "update_bias")]
)
def test_a_bias_of_its_own_is_added_to_one_gate(make, gate, name, seed):
    without, shifted = (drawn(make(units=4, **{name: bias}, **TORCH), seed) for bias in (0.0, 2.0))
    difference = shifted["bias"] - without["bias"]
    np.testing.assert_allclose(difference[gate], 2.0, atol=1e-6)
    assert not np.delete(difference, gate, axis=0).any()


def test_conventions_in_a_spec():
    names = ["initializer", "input_initializer", "output_initializer", "biases"]
    made = to_spec(with_settings(read_table("xor"), ["model=gru", *(f"model.{name}=torch_uniform" for name in names)]))
    assert made.model == rc.GRU(**TORCH)
    assert to_spec(made.table()) == made


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.GRU(biases="torch"), "unknown biases 'torch'; did you mean 'torch_uniform'"),
        (lambda: rc.RateRNN(biases="zero"), "unknown biases 'zero'; did you mean 'zeros'"),
        (lambda: rc.UGRNN(update_bias="two"), "update_bias is 'two'"),
        (lambda: rc.LSTM(forget_bias=float("-inf")), "forget_bias is infinite; expected a finite number"),
        (lambda: rc.GRU(update_bias=float("inf")), "update_bias is infinite; expected a finite number"),
    ],
)
def test_wrong_starts_are_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
