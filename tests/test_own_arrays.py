"""A network from arrays of the user's own."""

import numpy as np
import pytest

import recurra as rc


def test_known_answers():
    """One linear unit of each form, by hand; a rectified one."""
    inputs = np.ones((1, 3, 1))
    for form in ("rate", "current"):
        settings = {"output_bias": [1.0], "dt_ms": 2.0, "tau_ms": 4.0, "form": form, "activation": "linear"}
        linear = rc.network([[0.5]], [[2]], [[3.0]], **settings)
        rates, outputs = linear.run(inputs)
        expected = [1.0, 1.75, 2.3125]
        np.testing.assert_allclose(rates[0, :, 0], expected)
        np.testing.assert_allclose(outputs[0, :, 0], 3 * np.array(expected) + 1)
    rectified = rc.network([[0.0]], [[1.0]], [[1.0]], recurrent_bias=[-2.0], activation="relu")
    assert not rectified.run(inputs)[0].any()


def test_precision_and_time_constants(seed):
    random = np.random.default_rng(seed)
    arrays = random.normal(size=(4, 4)), random.normal(size=(4, 2)), random.normal(size=(3, 4))
    assert rc.network(*arrays).weights.recurrent.dtype == np.float64
    assert rc.network(*(array.astype(np.float32) for array in arrays)).weights.recurrent.dtype == np.float32
    network = rc.network(*arrays, tau_ms=np.array([1.0, 2.0, 4.0, 5.0]), dt_ms=1.0)
    assert network.dynamics.leak == (1.0, 0.5, 0.25, 0.2)
    assert rc.network(*arrays).dynamics.leak == 1.0
    np.testing.assert_array_equal(network.recurrent, arrays[0])


SQUARE, IN, OUT = np.eye(3), np.ones((3, 2)), np.ones((1, 3))


@pytest.mark.parametrize(
    ("arrays", "others", "error", "message"),
    [
        ((np.ones((3, 2)), IN, OUT), {}, ValueError, r"recurrent has the shape \(3, 2\); expected a square matrix"),
        ((SQUARE, IN.T, OUT), {}, ValueError, "input has 2 along the axis unit; recurrent has 3; give its transpose"),
        ((SQUARE, IN[:2], OUT), {}, ValueError, "input has 2 along the axis unit; recurrent has 3$"),
        ((SQUARE, IN, OUT.T), {}, ValueError, "output has 1 along the axis unit; recurrent has 3; give its transpose"),
        ((SQUARE, IN[:, 0], OUT), {}, ValueError, r"input has the shape \(3,\); expected \(unit, input\)"),
        ((SQUARE, IN, OUT), {"recurrent_bias": np.ones(2)}, ValueError, "recurrent_bias has 2 along the axis unit"),
        ((SQUARE, IN, OUT), {"output_bias": np.ones(2)}, ValueError, "output_bias has 2 along the axis output; output"),
        (
            (SQUARE, IN, OUT),
            {"output_bias": 1.0},
            ValueError,
            "output_bias has the shape .*for every output",
        ),
        (
            ([[1.0], [1.0, 2.0]], IN, OUT),
            {},
            ValueError,
            "recurrent has rows of different lengths; expected an",
        ),
        ((SQUARE * np.nan, IN, OUT), {}, ValueError, "recurrent holds 9 values that are NaN or infinite"),
        ((SQUARE * 1j, IN, OUT), {}, TypeError, "recurrent has the type complex128; expected real numbers"),
        ((SQUARE, IN, OUT), {"tau_ms": [1.0, 2.0]}, ValueError, "tau_ms has the shape .*one for every unit: 3"),
        ((SQUARE, IN, OUT), {"tau_ms": 0.5}, ValueError, "leak = dt_ms / tau_ms = 2; expected"),
        ((SQUARE, IN, OUT), {"dt_ms": 0.0}, ValueError, "dt_ms is 0.0; expected"),
        ((SQUARE, IN, OUT), {"form": "rates"}, ValueError, "unknown form 'rates'"),
    ],
)
def test_bad_arrays(arrays, others, error, message):
    with pytest.raises(error, match=message):
        rc.network(*arrays, **others)
