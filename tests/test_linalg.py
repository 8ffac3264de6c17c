"""Norms, and the inverse, against NumPy's."""

import numpy as np
import pytest

from recurra.linalg import inverse_of, spectral_norm, surely_below


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_spectral_norm_is_the_largest_singular_value(size, seed):
    matrix = size * np.random.default_rng(seed).normal(size=(30, 30))
    assert spectral_norm(matrix) == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-12)
    assert spectral_norm(np.zeros((3, 3))) == 0


def test_a_norm_is_surely_below_what_is_larger_by_more_than_rounding(seed):
    matrix = np.random.default_rng(seed).normal(size=(30, 30))
    norm, gram = np.linalg.norm(matrix, 2), matrix.T @ matrix
    assert surely_below(gram, norm * (1 + 1e-8))
    assert not surely_below(gram, norm)
    assert not surely_below(gram, norm * (1 - 1e-8))
    gram[3, 5] = gram[5, 3] = np.nan
    assert not surely_below(gram, 2 * norm)


def test_inverse(seed):
    random = np.random.default_rng(seed)
    for matrix in (random.normal(size=(20, 20)), random.normal(size=(20, 20)) + 1j * random.normal(size=(20, 20))):
        inverse = inverse_of(matrix)
        assert inverse is not None
        np.testing.assert_allclose(inverse @ matrix, np.eye(20), atol=1e-9)
    assert inverse_of(np.ones((3, 3))) is None
