"""The engine in C++, called through XLA: the same functions as `portable`, for the cells of `cells`, many times faster.

`kernel.cc` describes the computation of a step. `RECURRA_THREADS` sets the number of threads, `RECURRA_INSTRUCTIONS`
the instruction set: amx, avx512bf16, avx512, avx2 or baseline. A network's bits depend on neither its neighbours nor
the threads.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, Inputs, Mask, NoiseKeys, Targets, Weights
from recurra.checks import check_choice
from recurra.engine.dynamics import Dynamics
from recurra.engine.losses import LOSSES
from recurra.engine.native.cells import ACTIVATIONS, CELLS, Operands, cell_of, operands_of, trains_unit_values
from recurra.engine.rate import RateEquations
from recurra.engine.shapes import check_call


@partial(jax.jit, static_argnames="dynamics")
def run(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> tuple[Float[Array, "network trial time unit"], Float[Array, "network trial time output"]]:
    """Rates and outputs of every network on every trial, as `portable.run` defines them."""
    return _run(dynamics, weights, inputs, noise_keys, weights.units)


@partial(jax.jit, static_argnames="dynamics")
def respond(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, *, noise_keys: NoiseKeys | None = None
) -> Float[Array, "network trial time output"]:
    """Outputs as `run` gives them, without keeping the rates: for many trials."""
    return _run(dynamics, weights, inputs, noise_keys, 0)[1]


@partial(jax.jit, static_argnames=("dynamics", "loss", "rate_penalty", "window", "bfloat16"))
def loss_and_gradient(  # noqa: PLR0913 - those of the portable one, and one more
    dynamics: Dynamics,
    weights: Weights,
    inputs: Inputs,
    targets: Targets,
    mask: Mask,
    *,
    noise_keys: NoiseKeys | None = None,
    loss: str = "mean_squared_error",
    rate_penalty: float = 0.0,
    window: int | None = None,
    active: Bool[AnyArray, "network"] | None = None,
    bfloat16: bool = False,
) -> tuple[Float[Array, "network"], Weights]:
    """Loss of every network and its gradient, as `portable.loss_and_gradient` defines them.

    With `bfloat16` only the factors of the three matrix products are rounded, to 8 bits of mantissa: sums, states and
    results are float32. It needs a processor with AVX512-BF16, and uses the tiles of AMX if there are any.
    """
    check_choice("loss", loss, LOSSES)
    check_call(weights, inputs, [("targets", targets), ("mask", mask)], noise_keys=noise_keys, active=active)
    operands, to_weights = jax.vjp(partial(operands_of, dynamics), weights)
    dtype, mask = operands.recurrent.dtype, jnp.asarray(mask)
    weighted = "" if mask.dtype == bool else "weighted_"
    shapes = [array.shape for array in operands]
    if not trains_unit_values(dynamics):
        shapes[-1] = (0, 0)
    call = jax.ffi.ffi_call(
        f"recurra_{weighted}loss_and_gradient_{dtype}",
        [jax.ShapeDtypeStruct(shape, dtype) for shape in [(weights.networks,), *shapes]],
    )
    attributes = {
        **_attributes(dynamics, noise_keys),
        "rate_penalty": np.float64(rate_penalty),
        "window": np.int64(window or 0),
        "cross_entropy": np.bool_(loss == "cross_entropy"),
        "bfloat16": np.bool_(bfloat16),
    }
    losses, *gradient = call(
        *_arrays(operands, inputs, noise_keys, active),
        jnp.asarray(targets, dtype),
        mask.astype(dtype) if weighted else mask,
        **attributes,
    )
    if not trains_unit_values(dynamics):
        gradient[-1] = jnp.zeros_like(operands.unit_values)
    return losses, to_weights(Operands(*gradient))[0]


def _run(
    dynamics: Dynamics, weights: Weights, inputs: Inputs, noise_keys: NoiseKeys | None, kept_units: int
) -> tuple[Array, Array]:
    check_call(weights, inputs, noise_keys=noise_keys)
    operands = operands_of(dynamics, weights)
    dtype, shape = operands.recurrent.dtype, (weights.networks, *inputs.shape[-3:-1])
    call = jax.ffi.ffi_call(
        f"recurra_run_{dtype}",
        [jax.ShapeDtypeStruct((*shape, kept), dtype) for kept in (kept_units, weights.outputs)],
    )
    rates, outputs = call(*_arrays(operands, inputs, noise_keys, None), **_attributes(dynamics, noise_keys))
    return rates, outputs


def _arrays(
    operands: Operands, inputs: Inputs, noise_keys: NoiseKeys | None, active: Bool[AnyArray, "network"] | None
) -> list[Array]:
    networks, dtype = operands.recurrent.shape[0], operands.recurrent.dtype
    return [
        *operands,
        jnp.zeros((networks, 2), jnp.uint32) if noise_keys is None else jnp.asarray(noise_keys, jnp.uint32),
        jnp.ones(networks, bool) if active is None else jnp.asarray(active, bool),
        jnp.asarray(inputs, dtype),
    ]


def _attributes(dynamics: Any, noise_keys: NoiseKeys | None) -> dict[str, Any]:
    activation = dynamics.activation if isinstance(dynamics, RateEquations) else dynamics.gate
    return {
        "cell": np.int64(CELLS.index(cell_of(dynamics))),
        "activation": np.int64(ACTIVATIONS.index(activation)),
        "noise": np.float64(0 if noise_keys is None else dynamics.noise),
    }
