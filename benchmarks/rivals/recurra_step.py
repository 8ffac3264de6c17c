"""Worker of training_step.py: recurra's own training step, with the engine that the first argument names.

A second argument, `constrained`, gives the units Dale's law, three connections in ten, and none to themselves, with a
spectral radius of 1 at the start: on random trials larger networks with other starts diverge.

A time is that of whole stretches of steps without a look at the results between them, as `Training` takes them; a
cohort whose step takes seconds has one step. On an accelerator that is one of ten times as many operations.
"""

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from protocol import LONG, Shape, Times, serve

from recurra.arrays import Weights
from recurra.engine import Engine, choose_engine
from recurra.models import MODELS, Constraint, Dale, Model, NoSelfConnections, Sparse, SpectralRadius
from recurra.streams import Stream, random_key
from recurra.tasks import Trials
from recurra.training import BPTT, Adam, Constant, Setup
from recurra.training.groups import Group, train_group
from recurra.training.sizes import STRETCH

DRAWN = 20  # networks that differ
RULE = BPTT(learning_rate=1e-4, optimizer=Adam(), schedule=Constant(), gradient_clip=float("inf"))


def random_trials(shape: Shape) -> Trials:
    """Normal inputs and targets, every entry of which counts."""
    random = np.random.default_rng(0)
    lead = (shape.batch, shape.steps)
    inputs = random.standard_normal((*lead, shape.inputs), np.float32)
    targets = random.standard_normal((*lead, shape.outputs), np.float32)
    return Trials(inputs, targets, np.ones(targets.shape, bool), np.zeros(shape.batch, np.int32), (), (), 1.0)


def model_of(shape: Shape, constraints: tuple[Constraint, ...] = ()) -> Model:
    """The model of a shape; rate units have a leak of 1."""
    step = {"tau_ms": 1.0} if shape.cell == "rate" else {}
    return MODELS[shape.cell](units=shape.units, constraints=constraints, **step)  # pyright: ignore[reportCallIssue]


def start_of(model: Model, shape: Shape, positions: Sequence[int]) -> Weights:
    """The weights of networks before their first step; they repeat after some, since drawing a thousand takes long."""
    numbers = [position % DRAWN for position in positions]
    drawn = {one: model.start(random_key(0, Stream.weights, one), shape.inputs, shape.outputs) for one in set(numbers)}
    return jax.tree.map(lambda *arrays: jnp.asarray(np.stack(arrays)), *(drawn[number] for number in numbers))


def group_of(model: Model, engine: Engine, shape: Shape, positions: tuple[int, ...]) -> Group:
    """Networks before their first step."""
    start = start_of(model, shape, positions)
    setup = Setup(
        dynamics=model.dynamics(1.0),
        engine=engine,
        constraints=model.all_constraints(),
        start=start,
        own=RULE.own(positions),
        noise=jax.random.split(random_key(0, Stream.noise), len(positions)),
        loss_bound=jnp.float32(np.inf),
    )
    every = np.ones(len(positions), bool)
    return Group(RULE, positions, every, every, RULE.init(setup, start), setup)


def prepare(shape: Shape, engine_name: str, constraints: tuple[Constraint, ...]) -> Times:
    """A training step on one batch, the same for all networks, as `Training` does it."""
    model = model_of(shape, constraints)
    trials = random_trials(shape)
    engine = choose_engine(engine_name, model.dynamics(1.0))
    every = tuple(range(shape.networks))
    together = [every] if engine.whole_cohorts else [(position,) for position in every]
    groups = [group_of(model, engine, shape, positions) for positions in together]
    long = LONG if jax.default_backend() == "cpu" else 10 * LONG
    calls = 1 if shape.networks * shape.operations > long else -(-shape.calls // STRETCH) * STRETCH
    stretch = partial(train_group, [trials] * calls)
    pool = ThreadPoolExecutor(1 if engine.whole_cohorts else len(os.sched_getaffinity(0)))

    def once() -> float:
        nonlocal groups
        began = time.perf_counter()
        groups = [replace(one, losses=()) for one in pool.map(stretch, groups)]
        jax.block_until_ready([one.learner for one in groups])
        took = time.perf_counter() - began
        if not all(np.asarray(one.active).all() for one in groups):
            raise ValueError("a network ended, and took no time")
        return 1e3 * took / calls / shape.networks

    once()
    return lambda repeat: [once() for _ in range(repeat)]


if __name__ == "__main__":
    constrained = (Dale(excitatory=0.8), Sparse(density=0.3), NoSelfConnections(), SpectralRadius(1.0))
    constraints = constrained if sys.argv[2:] else ()
    serve(lambda shape: prepare(shape, sys.argv[1], constraints))
