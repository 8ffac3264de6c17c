"""Linear algebra that several floors need."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import AnyArray


def spectral_radius(matrix: Float[AnyArray, "post pre"]) -> float:
    """Largest modulus of the eigenvalues of a square matrix."""
    return float(np.abs(np.linalg.eigvals(np.asarray(matrix, np.float64))).max())


def scaled_to_radius(matrix: Float[Array, "post pre"], radius: float) -> Float[Array, "post pre"]:
    """`matrix` times the factor that gives it the spectral radius `radius`."""
    return jnp.asarray(np.asarray(matrix) * (radius / spectral_radius(matrix)), matrix.dtype)
