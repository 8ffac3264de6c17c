"""What numbers depend on beside the seed: JAX's settings, pinned here; its device, which must be there; our version."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache

import jax

GENERATOR = "threefry2x32"  # of all that recurra draws
NUMERICS = 2  # goes up with every change that gives other bits from the same spec and seed


@contextmanager
def pinned(*, double: bool = False) -> Iterator[None]:
    """A context, or decorator, in which JAX computes as recurra's numbers need it, whatever a user has set.

    Pinned are the precision, the random generator, and all that would change a number or stop at one that is not
    finite: numerical failure is data here. What the user has set, by variables such as `JAX_ENABLE_X64` or by
    `jax.config.update`, is as it was afterwards. Strict promotion of types stays: it raises, and changes no number.
    A setting is that of a thread: every thread that computes enters this context itself.

    Args:
        double: compute in float64, as analyses do; float32 otherwise, as in training.
    """
    check_backend()
    with ExitStack() as stack:
        for setting in (
            jax.enable_x64(double),
            jax.threefry_partitionable(True),
            jax.default_prng_impl(GENERATOR),
            jax.default_matmul_precision(None),
            jax.numpy_rank_promotion("allow"),
            jax.disable_jit(False),
            jax.debug_nans(False),
            jax.debug_infs(False),
            jax.debug_key_reuse(False),
            jax.transfer_guard("allow"),
        ):
            stack.enter_context(setting)
        yield


@lru_cache(maxsize=1)
def check_backend() -> None:
    """JAX must find the processor or accelerator that it was told to use."""
    try:
        jax.default_backend()
    except Exception as error:  # an AssertionError without a word where CUDA is asked for and JAX has no part for it
        wanted = os.environ.get("JAX_PLATFORMS") or jax.config.jax_platforms  # type: ignore[attr-defined]
        why = f" ({' '.join(str(error).split()[:30])})" if str(error) else ""
        raise ValueError(
            f"JAX cannot compute on {wanted!r}, which JAX_PLATFORMS asks for{why}. Unset JAX_PLATFORMS, set it to cpu, "
            "or install JAX for that device."
        ) from None
