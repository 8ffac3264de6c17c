"""Worker of accelerator.py: loss and gradient alone, with recurra's batched engine.

Arguments: steps in a turn of the loop and networks in a tile, 0 for those of the engine.
"""

import sys
from dataclasses import replace

import jax
from protocol import Shape, Times, serve, timed
from recurra_step import model_of, random_trials, start_of

from recurra.engine import batched


def prepare(shape: Shape, unroll: int, tile: int) -> Times:
    """Loss and gradient of all networks on the same batch, which is on the device already."""
    batched.STEPS = replace(batched.STEPS, unroll=unroll or batched.STEPS.unroll)
    model, trials = model_of(shape), random_trials(shape)
    dynamics, weights = model.dynamics(1.0), start_of(model, shape, range(shape.networks))
    arrays = jax.device_put((weights, trials.inputs, trials.targets, trials.mask))

    def step() -> None:
        jax.block_until_ready(batched.loss_and_gradient(dynamics, *arrays, tile=tile or None))

    return timed(step, shape)


if __name__ == "__main__":
    serve(lambda shape: prepare(shape, *map(int, sys.argv[1:])))
