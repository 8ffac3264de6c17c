"""Programs of a GPU in which a block of threads takes trials of one network through all steps: how they are called.

They are written with Pallas on Triton. Where there is no GPU they are interpreted.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import jax
from jax.experimental import pallas as pl
from jaxtyping import Array

SMALLEST = 16  # rows and columns of the products of a block are powers of two from here
FEW, MANY = 64, 128  # units at most: on every card with TF32, and on those whose blocks have more memory


@cache
def most_units() -> int:
    """How many units a network may have for a block of this machine's GPU; 0 where there is none that has TF32."""
    device = jax.devices()[0]
    capability = str(getattr(device, "compute_capability", ""))
    if device.platform not in ("gpu", "cuda") or not capability.replace(".", "", 1).isdigit():
        return 0
    generation = int(float(capability))
    if generation in (9, 10):  # 227 KiB a block; a card of another generation may have 99
        return MANY
    return FEW if generation >= 8 else 0


def power_of_two(size: int) -> int:
    """The number of rows or columns of a factor that has room for so many."""
    return max(SMALLEST, 1 << (size - 1).bit_length())


def whole(array: Any) -> pl.BlockSpec:
    """Every block gets all of the array."""
    return pl.BlockSpec(array.shape, lambda _: (0,) * array.ndim)


def own_rows(array: Any, rows: int) -> pl.BlockSpec:
    """Every block gets so many rows of its own."""
    return pl.BlockSpec((rows, *array.shape[1:]), partial(_at, array.ndim))


def _at(axes: int, block: Any) -> tuple[Any, ...]:
    return (block,) + (0,) * (axes - 1)


def call(
    steps: Callable[..., None], blocks: int, given: Sequence[Any], made: Sequence[pl.BlockSpec], shapes: Sequence[Any]
) -> Callable[..., Any]:
    """The function that runs a program in all blocks.

    Args:
        steps: the program.
        blocks: their number.
        given: what a block gets of each argument; None where that is None.
        made: what a block makes of each result.
        shapes: of the results.
    """
    options: dict[str, Any] = {"interpret": True}
    if jax.default_backend() != "cpu":
        from jax.experimental.pallas import triton  # noqa: PLC0415 - where JAX has no part for GPUs it may be missing

        warps = 4 if max(shape.shape[-1] for shape in shapes) <= FEW else 8
        options = {"compiler_params": triton.CompilerParams(num_warps=warps, num_stages=1)}
    return pl.pallas_call(steps, grid=(blocks,), in_specs=given, out_specs=made, out_shape=shapes, **options)


def product(left: Array, right: Array) -> Array:
    """Of two matrices: three of factors cut to TF32, which together keep the 24 bits of float32 but two."""
    thirds = jax.lax.DotAlgorithmPreset.TF32_TF32_F32_X3
    precision = jax.lax.Precision.HIGHEST if jax.default_backend() == "cpu" else thirds
    return jax.lax.dot_general(left, right, (((1,), (0,)), ((), ())), precision=precision)
