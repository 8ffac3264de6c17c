"""Which recipe brings 3-bit flip-flop networks of 100 units below 0.009 with the least work?

    .venv/bin/python benchmarks/recipes.py                              # every recipe, seed 0
    .venv/bin/python benchmarks/recipes.py preset --seeds 0 1 2 3 4     # one recipe, twenty networks
    .venv/bin/python benchmarks/recipes.py adam-2500 preset --json

Prints a Markdown table: the mean squared error on 1,000 fresh trials over the networks, how many of the memory
states are right after 350 and 2,100 ms, how many of all 27 x 27 pairs of simultaneous pulses (+, - or none on each
bit, and again 100 ms later) leave a bit wrong, the work in trials, and the seconds of training on this machine.
"""

import argparse
import itertools
import json
import time

import jax
import numpy as np

from recurra.analysis import held_memories, performance
from recurra.analysis.memory.analyses import memory_task
from recurra.models import Network
from recurra.runs.spec import RunSpec, read_table, to_spec, with_settings
from recurra.streams import Stream, random_key
from recurra.tasks import FlipFlop

ADAM = [
    "model.recurrent_bias=false",
    "model.input_initializer.gain=1.0",
    "training.batch=32",
    "training.optimizer=adam",
    "training.learning_rate=1e-3",
    "training.gradient_clip=1.0",
    "training.schedule=cosine",
    "training.trials.steps_an_epoch=100",
]
RECIPES: dict[str, list[str]] = {
    "preset": [],
    "steps-250": ["training.steps=250"],
    "steps-200": ["training.steps=200"],
    "cosine": ["training.schedule=cosine"],
    "no-clip": ["training.gradient_clip=inf"],
    "clip-1": ["training.gradient_clip=1.0"],
    "no-bias": ["model.recurrent_bias=false"],
    "no-bias-500": ["model.recurrent_bias=false", "training.steps=500"],
    "half-input-250": ["model.input_initializer.gain=0.5", "training.steps=250"],
    "input-gain-0.5": ["model.input_initializer.gain=0.5"],
    "input-gain-1": ["model.input_initializer.gain=1.0"],
    "identity-0.9": ["model.initializer.gain=0.9"],
    "orthogonal": ["model.initializer=orthogonal"],
    "beta-0.95": ["training.optimizer.beta=0.95"],
    "rate-0.007": ["training.learning_rate=0.007"],
    "rate-0.028": ["training.learning_rate=0.028"],
    "batch-32": ["training.batch=32", "training.steps=175"],
    "adam-here": ["training.optimizer=adam", "training.learning_rate=1e-3"],
    "adam-1500": [*ADAM, "training.steps=1500"],
    "adam-2500": [*ADAM, "training.steps=2500"],
}


def measure(spec: RunSpec) -> dict[str, list[float]]:
    """Train the cohort of one spec; error and memories of every network, and the seconds that training took."""
    training = spec.to_training()
    began, state = time.perf_counter(), training.start()
    while not state.ended:
        state = training.advance(state)
    jax.block_until_ready(state.learner.weights)
    seconds = time.perf_counter() - began
    cohort = training.cohort(state)
    trials = spec.task.sample(random_key(spec.seed, Stream.test), 1_000)
    task = memory_task(spec.task)
    memories = [held_memories(network, task) for network in cohort]
    return {
        "mse": [performance(network, spec.task, trials=trials).mse for network in cohort],
        "held": [int(memory.held.sum()) for memory in memories],
        "held_long": [int(memory.held_long.sum()) for memory in memories],
        "wrong_pairs": [wrong_pairs(network, task) for network in cohort],
        "seconds": [seconds],
    }


def wrong_pairs(network: Network, task: FlipFlop) -> int:
    """After how many of the pairs of simultaneous pulses a bit has not the sign that it should have at 350 ms."""
    once = list(itertools.product((-1, 0, 1), repeat=task.bits))
    trials = task.noiseless(np.array(list(itertools.product(once, once)), np.int32), 10, 100, task.steps)
    last, due = network.respond(trials.inputs)[:, -1], np.asarray(trials.targets[:, -1])
    right = np.where(due == 0, np.abs(last) < 0.5, np.sign(last) == due)
    return int((~right.all(axis=-1)).sum())


def row(name: str, seeds: list[int]) -> dict[str, object]:
    """One recipe over all seeds."""
    table = with_settings(read_table("flipflop"), RECIPES[name])
    specs = [to_spec({**table, "seed": seed}) for seed in seeds]
    found = [measure(spec) for spec in specs]
    mse, held, held_long, wrong, seconds = (np.concatenate([one[key] for one in found]) for key in found[0])
    rule = specs[0].training
    return {
        "recipe": name,
        "settings": RECIPES[name],
        "trials": rule.steps * rule.batch,
        "networks": len(mse),
        "mse": [float(mse.min()), float(np.median(mse)), float(mse.max())],
        "below": int((mse < 0.009).sum()),
        "states": 8 * len(mse),
        "held": int(held.sum()),
        "held_long": int(held_long.sum()),
        "pairs": 27**2 * len(mse),
        "wrong_pairs": int(wrong.sum()),
        "seconds": float(np.median(seconds)),
    }


def markdown(found: dict) -> str:
    low, middle, high = found["mse"]
    return (
        f"| {found['recipe']} | `{' '.join(found['settings']) or '(as it is)'}` | {found['trials']:,} "
        f"| {low:.4f} / {middle:.4f} / {high:.4f} | {found['below']} of {found['networks']} "
        f"| {found['held']}, {found['held_long']} of {found['states']} "
        f"| {found['wrong_pairs']} of {found['pairs']:,} | {found['seconds']:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.recipes) - set(RECIPES):
        parser.error(f"unknown recipe {', '.join(sorted(unknown))}; expected one of: {', '.join(RECIPES)}")
    if not options.json:
        heads = (
            "recipe",
            "what differs",
            "trials",
            "MSE min / median / max",
            "below 0.009",
            "states right",
            "pairs wrong",
            "s",
        )
        print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for name in options.recipes:
        found = row(name, options.seeds)
        print(json.dumps(found) if options.json else markdown(found), flush=True)


if __name__ == "__main__":
    main()
