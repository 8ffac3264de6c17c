"""How long does a sweep take, beside the training steps that it cannot do without?

    .venv/bin/python benchmarks/sweep.py                  # 2 x 3 conditions of `and`, 20 networks each, 300 steps
    .venv/bin/python benchmarks/sweep.py --batch 64 --analyses

It needs recurra. In every round, one after the other: the training steps alone, on trials drawn before and compiled
before; the training of the six conditions by `rc.train`, which also draws trials and validates every epoch; and the
sweep, which also compiles (the first time), writes folders, tests every network on 1,000 fresh trials and compares the
conditions. Prints a Markdown table of seconds: medians over the rounds with least and most, and the ratio to the steps.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
from recurra.threads import thread_count
from recurra.training import Setup
from recurra.training.groups import Group, train_group

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
        numbers, dynamics = range(NETWORKS), one.model.dynamics(one.task.dt_ms)
        drawn = [
            one.model.start(random_key(0, Stream.weights, number), one.task.inputs, one.task.outputs)
            for number in numbers
        ]
        groups = []
        for number, weights in zip(numbers, drawn, strict=True):
            setup = Setup(
                dynamics=dynamics,
                engine=choose_engine("auto", dynamics),
                constraints=one.model.all_constraints(),
                start=jax.tree.map(lambda array: jnp.asarray(array)[None], weights),
                own=one.rule.own([number]),
                noise=random_key(0, Stream.noise, number)[None],
                loss_bound=jnp.float32(np.inf),
            )
            learner = one.rule.init(setup, setup.start)
            active = np.ones(1, bool)
            groups.append(Group(one.rule, (number,), active, active, learner, setup))
        batches = [one.rule.trials.batch(one.task, 0, step, one.rule.batch) for step in range(one.rule.steps)]
        given.append((batches, groups))

    def taken() -> None:
        with ThreadPoolExecutor(thread_count()) as pool:
            for batches, groups in given:
                jax.block_until_ready([one.learner for one in pool.map(partial(train_group, batches), groups)])

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
