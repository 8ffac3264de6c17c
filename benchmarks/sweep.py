"""How long does a sweep take, beside the training steps that it cannot do without?

    .venv/bin/python benchmarks/sweep.py                  # 2 x 3 conditions of `and`, 20 networks each, 300 steps
    .venv/bin/python benchmarks/sweep.py --batch 64 --analyses

It needs recurra. In every round, one after the other: the gradients of the native engine alone, as many as the training
takes; the training steps alone, with the optimizer, on trials drawn before; the training of the six conditions by
`rc.train`, which also draws trials and validates every epoch; and the sweep, which also writes folders, tests every
network on 1,000 fresh trials and compares the conditions. The first round compiles. Prints a Markdown table of seconds:
medians over the rounds with least and most, and the ratio to the steps.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import recurra as rc
from recurra.engine import choose_engine
from recurra.streams import Stream, random_key
from recurra.training import Setup

RATES, CLIPS, NETWORKS = (0.007, 0.014), (0.1, 0.3, 1.0), 20


def presets(batch: int | None) -> list[Any]:
    """The six conditions."""
    preset = rc.preset("and")
    rules = [replace(preset.rule, learning_rate=rate, gradient_clip=clip) for rate, clip in product(RATES, CLIPS)]
    return [replace(preset, rule=replace(rule, batch=batch or rule.batch)) for rule in rules]


def steps_alone(conditions: list[Any]) -> Callable[[], None]:
    """The training steps of all networks of all conditions, ready to be taken."""
    given = []
    for one in conditions:
        dynamics = one.model.dynamics(one.task.dt_ms)
        drawn = [
            one.model.start(random_key(0, Stream.weights, number), one.task.inputs, one.task.outputs)
            for number in range(NETWORKS)
        ]
        setup = Setup(
            dynamics=dynamics,
            engine=choose_engine("native", dynamics),
            constraints=one.model.all_constraints(),
            start=jax.tree.map(lambda *arrays: jnp.stack(arrays), *drawn),
            own=one.rule.own(range(NETWORKS)),
            noise=jnp.stack([random_key(0, Stream.noise, number) for number in range(NETWORKS)]),
            loss_bound=jnp.float32(np.inf),
        )
        batches = [one.rule.trials.batch(one.task, 0, step, one.rule.batch) for step in range(one.rule.steps)]
        given.append((one.rule, setup, one.rule.init(setup, setup.start), batches))

    def taken() -> None:
        for rule, setup, learner, batches in given:
            jax.block_until_ready(rule.stretch(setup, learner, jnp.ones(NETWORKS, bool), batches))

    return taken


def gradients_alone(conditions: list[Any]) -> Callable[[], None]:
    """As many gradients by the native engine as the training of all conditions takes, at the start of the weights."""
    one = conditions[0]
    dynamics = one.model.dynamics(one.task.dt_ms)
    engine = choose_engine("native", dynamics)
    weights = jax.tree.map(
        lambda *arrays: jnp.stack(arrays),
        *(one.model.start(number, one.task.inputs, one.task.outputs) for number in range(NETWORKS)),
    )
    batch = one.rule.trials.batch(one.task, 0, 0, one.rule.batch)

    @jax.jit
    def gradient() -> Any:
        return engine.loss_and_gradient(dynamics, weights, batch.inputs, batch.targets, batch.mask)

    def taken() -> None:
        for _ in range(len(conditions) * one.rule.steps):
            jax.block_until_ready(gradient())

    return taken


def trained(conditions: list[Any]) -> None:
    for one in conditions:
        rc.train(one.task, one.model, one.rule, networks=NETWORKS, seed=0, progress=False)


def swept(preset: Any, analyses: bool) -> None:
    vary = {"training.learning_rate": list(RATES), "training.gradient_clip": list(CLIPS)}
    with tempfile.TemporaryDirectory() as folder:
        rc.sweep(preset, vary=vary, networks=NETWORKS, seed=0, path=f"{folder}/sweep", analyses=analyses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, help="trials a step; those of the preset, 16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--analyses", action="store_true", help="also the sweep with a dossier of every network, once")
    options = parser.parse_args()
    conditions = presets(options.batch)
    parts = {
        "gradients of the native engine alone": gradients_alone(conditions),
        "training steps alone": steps_alone(conditions),
        "`rc.train` of every condition": partial(trained, conditions),
        "`rc.sweep`": partial(swept, conditions[0], False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for turn in range(options.rounds + 1):  # the first round compiles
        for name, part in parts.items():
            began = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - began)
            print(f"round {turn}  {name}  {seconds[name][-1]:.1f} s", flush=True)
    if options.analyses:
        began = time.perf_counter()
        swept(conditions[0], True)
        seconds["`rc.sweep` with all analyses"] = [time.perf_counter() - began] * 2
    kernel = statistics.median(seconds["training steps alone"][1:])
    print("\n| | s [least, most] | the first time | beside the steps |\n|---|---|---|---|")
    for name, (first, *others) in seconds.items():
        middle = statistics.median(others)
        spread = f"{middle:.1f} [{min(others):.1f}, {max(others):.1f}]"
        print(f"| {name} | {spread} | {first:.1f} | {middle / kernel:.2f} |")


if __name__ == "__main__":
    main()
