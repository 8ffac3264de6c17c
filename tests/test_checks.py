import math

import numpy as np
import pytest

from recurra import checks
from recurra.arrays import RateWeights


@pytest.mark.parametrize(
    ("check", "arguments", "message"),
    [
        (checks.check_count, ("units", 0), "units is 0; expected at least 1"),
        (checks.check_between, ("share", 1.2, 0, 1), "share is 1.2; expected a number from 0 to 1"),
        (checks.check_positive, ("gain", 0.0), "gain is 0.0; expected a number above 0"),
        (checks.check_positive, ("gain", math.nan), "gain is not a number"),
        (checks.check_at_least_zero, ("noise", math.inf), "noise is inf; expected 0 or a finite number"),
        (checks.check_range, ("onset_ms", (3, 1), 0), r"onset_ms is \(3, 1\); expected 0 <= lowest <= highest"),
        (
            checks.check_choice,
            ("task", "flipflip", ["flipflop", "xor"]),
            "unknown task 'flipflip'; did you mean 'flipflop'",
        ),
        (checks.check_choice, ("task", "zzz", ["flipflop", "xor"]), "expected one of: flipflop, xor"),
        (checks.steps_of, ("pulse_ms", -1.0, 1.0), "pulse_ms is -1 ms; a duration cannot be negative"),
        (checks.steps_of, ("pulse_ms", 0.2, 1.0), "pulse_ms is 0.2 ms, 0 steps of dt_ms = 1; expected at least 1"),
        (checks.steps_of, ("pulse_ms", math.inf, 1.0), "pulse_ms is infinite"),
        (
            checks.check_finite,
            ("rates", np.array([1.0, np.nan])),
            "rates holds 1 values that are NaN or infinite, of 2",
        ),
        (checks.check_array, ("state", [1.0, math.inf]), r"state has shape \(2,\); expected \(\)"),
        (checks.check_array, ("rates", [[1, 2], [3]]), r"rates has rows of different lengths; expected an array \(\)"),
        (checks.check_number, ("gain", 10**400), "gain is too large for a number of float64"),
        (checks.check_positive_float32, ("alpha", 1e300), r"alpha is 1e\+300; expected a number from 1e-38 to 3e\+38"),
        (
            checks.check_float32,
            ("targets", np.array([1.0, 1e39])),
            "targets holds 1 values beyond",
        ),
        (checks.check_memory, ("the trials", 2.0**60, "their number"), r"GiB are free\. Lower their number\.$"),
        (checks.check_memory, ("training", 2.0**60), r"training would take 1,073,741,824.0 GiB of memory"),
    ],
)
def test_bad_value(check, arguments, message):
    with pytest.raises(ValueError, match=message):
        check(*arguments)


@pytest.mark.parametrize(
    ("check", "arguments"),
    [
        (checks.check_count, ("units", 1.5)),
        (checks.check_count, ("units", True)),
        (checks.check_positive, ("gain", "1")),
        (checks.check_range, ("onset_ms", 3, 0)),
    ],
)
def test_bad_kind(check, arguments):
    with pytest.raises(TypeError, match="expected"):
        check(*arguments)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ab", r"ends has the type .*; expected real numbers \(condition, state: 2\)"),
        ([[1j, 0]], "ends has the type complex128; expected real numbers"),
        ([[True, False]], "ends has the type bool; expected real numbers"),
        (None, "ends has the type object"),
        ([1.0, 2.0], r"ends has shape \(2,\); expected \(condition, state: 2\)"),
        ([[1.0]], r"ends has shape \(1, 1\); expected"),
        (np.zeros((0, 2)), r"ends has shape \(0, 2\); expected"),
        ([[0.0, math.nan]], "ends holds 1 values that are NaN or infinite, of 2"),
    ],
)
def test_arrays_that_are_none(value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        checks.check_array("ends", value, condition=None, state=2)


def test_good_arrays_keep_their_type():
    for kind in (np.float32, np.float64):
        assert checks.check_array("ends", np.ones((3, 2), kind), condition=None, state=2).dtype == kind
    assert checks.check_array("ends", [[1, 2]], condition=1, state=2).dtype == np.float64
    assert np.isnan(checks.check_array("ends", [math.nan], finite=False, state=1)).all()


def test_good_values_pass():
    checks.check_count("units", np.int64(3))
    checks.check_between("share", 1, 0, 1)
    checks.check_range("onset_ms", (1, 1), 0)
    checks.check_memory("nothing", 0)
    assert checks.steps_of("pulse_ms", 20, 0.5) == 40


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("recurrent", (3, 4), r"recurrent weights have shape \(3, 4\); expected a square matrix"),
        ("input", (2, 3), r"input weights have shape \(2, 3\); expected \(4, 3\) for 4 units"),
        ("output", (2,), "output weights have shape"),
        ("recurrent_bias", (5,), "recurrent_bias weights have shape"),
        ("output_bias", (3,), r"output_bias weights have shape \(3,\); expected \(2,\)"),
    ],
)
def test_shapes(name, shape, message):
    good = {"recurrent": (4, 4), "input": (4, 3), "output": (2, 4), "recurrent_bias": (4,), "output_bias": (2,)}
    axes = RateWeights.axes()
    checks.check_shapes(good, axes)
    with pytest.raises(ValueError, match=message):
        checks.check_shapes({**good, name: shape}, axes)
