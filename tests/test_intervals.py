import pytest

from recurra.intervals import wilson_interval


def test_known_interval():
    found = wilson_interval(15, 20)
    assert (found.low, found.high) == pytest.approx((0.5313, 0.8881), abs=1e-4)  # Wilson (1927) by hand
    assert str(found) == "15/20 = 75.0 % [53.1, 88.9]"


@pytest.mark.parametrize("count", [0, 7, 20])
def test_symmetry_and_bounds(count):
    found, mirrored = wilson_interval(count, 20), wilson_interval(20 - count, 20)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))
    assert wilson_interval(count, 20, 0.5).low >= found.low


def test_bad_count():
    with pytest.raises(ValueError, match="count is 21; expected a number from 0 to 20"):
        wilson_interval(21, 20)


@pytest.mark.parametrize("confidence", [0, 1, 1.5, float("nan")])
def test_a_level_is_between_0_and_1(confidence):
    with pytest.raises(ValueError, match="confidence is"):
        wilson_interval(3, 20, confidence)
