"""Linear algebra that several floors need."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact
from scipy.linalg import eigh, get_lapack_funcs

from recurra.arrays import AnyArray

BLOCK = 64  # columns that LAPACK inverts together
MARGIN = 1e-9  # by which a norm differs from a bound, relative to it, before a triangular form tells their order


def spectral_radius(matrix: Float[AnyArray, "post pre"]) -> float:
    """Largest modulus of the eigenvalues of a square matrix."""
    return float(np.abs(np.linalg.eigvals(np.asarray(matrix, np.float64))).max())


def scaled_to_radius(matrix: Float[Array, "post pre"], radius: float) -> Float[Array, "post pre"]:
    """`matrix` times the factor that gives it the spectral radius `radius`."""
    return scaled(matrix, radius / spectral_radius(matrix))


def scaled(matrix: Float[Array, "post pre"], factor: float) -> Float[Array, "post pre"]:
    """`matrix` times a factor, in its own dtype."""
    return jnp.asarray(np.asarray(matrix) * factor, matrix.dtype)


def spectral_norm(matrix: Float[np.ndarray, "row column"]) -> float:
    r"""$\|A\|_2$, the root of the largest eigenvalue of $A^T A$: three times as fast as all singular values."""
    with np.errstate(over="ignore", invalid="ignore"):
        gram = matrix.T @ matrix
    if not (np.isfinite(gram).all() and gram.diagonal().max() > np.finfo(float).tiny / MARGIN):
        return float(np.linalg.norm(matrix, 2))
    last = len(gram) - 1
    return float(np.sqrt(eigh(gram, subset_by_index=(last, last), eigvals_only=True, check_finite=False)[0]))


def surely_below(gram: Float[np.ndarray, "column column"], bound: float) -> bool:
    r"""Whether $\|A\|_2$ is below a bound by more than rounding, from $A^T A$; False if that is not sure."""
    apart = -gram
    apart.flat[:: len(gram) + 1] += (bound * (1 - MARGIN)) ** 2
    (triangle,) = get_lapack_funcs(("potrf",), (apart,))  # Cholesky's method: positive definite or not
    factor, failed = triangle(apart.T, overwrite_a=True, clean=False)
    return not failed and bool(np.isfinite(factor.diagonal()).all())


def inverse_of(matrix: Inexact[np.ndarray, "row column"]) -> Inexact[np.ndarray, "row column"] | None:
    """The inverse, with half the work of solving for the unit matrix; None of a singular matrix."""
    factor, invert = get_lapack_funcs(("getrf", "getri"), (matrix,))
    factors, pivots, singular = factor(matrix.T)  # the transposed lies in memory as LAPACK wants it
    return None if singular else invert(factors, pivots, lwork=BLOCK * len(matrix), overwrite_lu=True)[0].T
