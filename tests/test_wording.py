"""Numbers in words: no bound of an interval looks certain that is not, and no mode has a negative time constant."""

import re

import numpy as np
import pytest

import recurra as rc
from recurra.analysis.memory.memories import Memories
from recurra.intervals import wilson_interval
from recurra.wording import course_words, number_of, percent, percent_high, percent_low, time_words, whole_or_three
from recurra.words.runs import held_words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1, "100"),
        (0, "0"),
        (0.997, "99.7"),
        (0.5, "50.0"),
        (0.0825, "8.25"),
        (0.9996, "99.96"),
        (0.99999, "99.999"),
        (1e-9, "1.00 × 10⁻⁷"),
        (1.0000000001, "100"),
        (np.nan, "–"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        (0.07, "7.00", "7.00"),
        (0.12345, "12.3", "12.4"),
        (0.99998, "99.9", "99.998"),
        (0.9991, "99.9", "99.91"),
        (1, "100", "100"),
        (0, "0", "0"),
        (0.00012345, "0.0123", "0.0124"),
    ],
)
def test_bounds_are_rounded_outwards(share, low, high):
    assert (percent_low(share), percent_high(share)) == (low, high)


def test_no_bound_looks_certain_that_is_not():
    for count in range(1, 1000):
        found = wilson_interval(count, 1000)
        low, high = float(percent_low(found.low)) / 100, float(percent_high(found.high)) / 100
        assert 0 < low <= found.low * (1 + 1e-15)
        assert 1 > high >= found.high * (1 - 1e-15)


def test_an_interval_in_words_has_the_same_bounds():
    assert str(wilson_interval(999, 1000)) == "999/1000 = 99.9 % [99.4, 99.99]"
    assert str(wilson_interval(8, 8)) == "8/8 = 100 % [67.5, 100]"


@pytest.mark.parametrize(
    ("constant", "text"),
    [(-4.0, "grows in 4 ms"), (1042.6, "decays in 1.04 s"), (np.inf, "stands"), (-np.inf, "stands"), (np.nan, "–")],
)
def test_course(constant, text):
    assert course_words(constant) == text
    assert not re.search("[-−]", course_words(constant))


def test_times():
    assert [time_words(ms) for ms in (0.5, 999.4, 999.6, 2e6, np.inf)] == ["0.5 ms", "999 ms", "1 s", "2,000 s", "∞"]


def test_whole_numbers_keep_their_digits():
    values = (27, -1_234_567.0, 0.5, np.nan, np.inf, 1e12)
    assert list(map(whole_or_three, values)) == ["27", "−1,234,567", "0.500", "–", "∞", "1.00 × 10¹²"]


def test_one_thing_is_singular():
    assert [number_of(count, "eigenvalue") for count in (0, 1, 2)] == ["0 eigenvalues", "1 eigenvalue", "2 eigenvalues"]
    assert number_of(1_200, "point at rest", "points at rest") == "1,200 points at rest"
    assert repr(rc.spectrum(recurrent=np.diag([2.0, 0.5, 0.1]))).count("1 eigenvalue outside") == 1


def test_counts_of_thousands_have_separators():
    held = np.ones(4_096, bool)
    assert held_words([Memories(held, held, 100.0)]) == "it holds 4,096 of 4,096 memories"
