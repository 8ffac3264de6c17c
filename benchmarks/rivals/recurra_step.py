"""Worker of training_step.py: recurra's own training step, with the engine that the first argument names.

A time is that of a stretch of steps without a look at the results between them, as `Training` takes them.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from protocol import Shape, Times, serve

from recurra.engine import choose_engine
from recurra.models import RateRNN
from recurra.streams import Stream, random_key
from recurra.tasks import Trials
from recurra.training import BPTT, Adam, Constant
from recurra.training.bptt import Pace
from recurra.training.lanes import Lane, train_lane

RULE = BPTT(learning_rate=1e-4, optimizer=Adam(), schedule=Constant(), gradient_clip=float("inf"))


def random_trials(shape: Shape) -> Trials:
    """Normal inputs and targets, every entry of which counts."""
    random = np.random.default_rng(0)
    lead = (shape.batch, shape.steps)
    inputs = random.standard_normal((*lead, shape.inputs), np.float32)
    targets = random.standard_normal((*lead, shape.outputs), np.float32)
    return Trials(inputs, targets, np.ones(targets.shape, bool), np.zeros(shape.batch, np.int32), (), (), 1.0)


def lane(model: RateRNN, shape: Shape, positions: tuple[int, ...]) -> Lane:
    """Networks before their first step."""
    keys = [random_key(0, Stream.weights, position) for position in positions]
    weights = [model.initial_weights(key, shape.inputs, shape.outputs) for key in keys]
    pace = Pace(
        learning_rate=jnp.full(len(positions), RULE.learning_rate_of(0), jnp.float32),
        noise=jnp.stack(keys),
        loss_bound=jnp.float32(np.inf),
    )
    every = np.ones(len(positions), bool)
    learner = RULE.init(jax.tree.map(lambda *arrays: jnp.stack(arrays), *weights))
    return Lane(positions, every, every, learner, pace)


def prepare(shape: Shape, engine_name: str) -> Times:
    """A training step on one batch, the same for all networks, as `Training` does it."""
    model, trials = RateRNN(units=shape.units), random_trials(shape)
    dynamics = model.dynamics(1.0)
    engine = choose_engine(engine_name, dynamics)
    every = tuple(range(shape.networks))
    lanes = [lane(model, shape, group) for group in ([every] if engine.whole_cohorts else zip(every, strict=True))]
    stretch = partial(train_lane, RULE, dynamics, engine, model.trained(), [trials] * shape.calls)
    pool = ThreadPoolExecutor(1 if engine.whole_cohorts else len(os.sched_getaffinity(0)))

    def once() -> float:
        nonlocal lanes
        began = time.perf_counter()
        lanes = [replace(one, losses=()) for one in pool.map(stretch, lanes)]
        jax.block_until_ready([one.learner for one in lanes])
        return 1e3 * (time.perf_counter() - began) / shape.calls / shape.networks

    once()
    return lambda repeat: [once() for _ in range(repeat)]


if __name__ == "__main__":
    serve(lambda shape: prepare(shape, sys.argv[1]))
