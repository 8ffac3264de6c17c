"""What results depend on besides the seed: JAX's settings, pinned here; its device, which must exist; our version."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

GENERATOR = "threefry2x32"  # the random generator of recurra
NUMERICS = 3  # increases with every change that alters the bits for the same spec and seed


@contextmanager
def pinned(*, double: bool = False) -> Iterator[None]:
    """A context, or decorator, with the settings of JAX on which recurra's numbers depend, whatever a user has set.

    It pins the precision, the random generator, and every setting that would change a number or raise an error for one
    that is not finite: numerical failure is data here. The settings of the user, from variables such as
    `JAX_ENABLE_X64` or from `jax.config.update`, are restored afterwards. Strict type promotion is not pinned: it
    raises errors but changes no number. Settings belong to a thread: every thread that computes enters this context.

    Args:
        double: compute in float64, as analyses do; float32 otherwise, as in training.
    """
    check_backend()
    with ExitStack() as stack:
        for setting in (
            jax.enable_x64(double),
            jax.threefry_partitionable(True),
            jax.default_prng_impl(GENERATOR),
            exact_products(),
            jax.numpy_rank_promotion("allow"),
            jax.disable_jit(False),
            jax.debug_nans(False),
            jax.debug_infs(False),
            jax.debug_key_reuse(False),
            jax.transfer_guard("allow"),
        ):
            stack.enter_context(setting)
        yield


@contextmanager
def exact_products() -> Iterator[None]:
    """A context, or decorator, in which products of matrices have the precision of their factors.

    Accelerators would round the factors of float32 products to 11 bits (TF32) or 8 (bfloat16).
    """
    with jax.default_matmul_precision("highest"):
        yield


def unrounded(array: jax.Array | np.ndarray) -> jax.Array:
    """The array as one of JAX with the bits that it has: JAX would round float64 outside of `pinned(double=True)`."""
    with jax.enable_x64(True):
        return jnp.asarray(array)


@lru_cache(maxsize=1)
def check_backend() -> None:
    """Check that JAX finds the processor or accelerator that it was told to use."""
    try:
        jax.default_backend()
    except Exception as error:  # an AssertionError without a word where CUDA is asked for and JAX has no part for it
        wanted = os.environ.get("JAX_PLATFORMS") or jax.config.jax_platforms  # type: ignore[attr-defined]
        why = f" ({' '.join(str(error).split()[:30])})" if str(error) else ""
        raise ValueError(
            f"JAX cannot compute on {wanted!r}, which JAX_PLATFORMS asks for{why}. Unset JAX_PLATFORMS, set it to cpu, "
            "or install JAX for that device."
        ) from None
