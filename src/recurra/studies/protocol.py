"""The papers' training protocol as a spec."""

from typing import Any

from recurra.runs.spec import RunSpec, to_spec, with_settings

# Where the programs published with the papers stop, on the mean squared error.
STOPS: dict[str, float] = {
    "flipflop": 0.009,
    "setreset": 1e-3,
    "and": 5e-4,
    "or": 1e-4,
    "xor": 1e-3,
    "not": 5e-4,
    "pulse": 1e-3,
    "pulse_published": 1e-3,
    "oscillation": 1e-3,
}
BIASED = ("not",)  # without an input nothing but a bias can move these networks away from 0
PASSES = 20  # times through all trials
TRIALS = 15_000
BATCH = 64
DATA_SETS = 3  # all networks of a cohort see the same trials, so that a condition is trained on several sets of them


def data_sets(seed: int, condition: int, count: int = DATA_SETS) -> list[int]:
    """The seeds of a condition's data sets; no two conditions of a study share one.

    Args:
        seed: the study's.
        condition: a number of the condition.
        count: how many, at most 100.
    """
    return [seed * 1_000_000 + condition * 100 + number for number in range(count)]


def papers_spec(
    task: str,
    *,
    networks: int,
    seed: int,
    units: int = 50,
    initializer: str = "orthogonal",
    passes: int = PASSES,
    settings: tuple[str, ...] = (),
) -> RunSpec:
    """The spec of a cohort that is trained as in Jarne and Laje (2019), section 4.2, and the programs to it.

    Adam at 1e-4 with inverse-time decay, 15,000 trials in batches of 64, up to 20 times, no biases but the
    readout's (and for `not` those of the units); the end when the error on fresh trials is below the programs' bound.

    Args:
        task: the name of one of the papers' tasks.
        networks: how many.
        seed: fixes all that is random.
        units: recurrent units a network.
        initializer: "orthogonal" or "normal".
        passes: how many times the trials are gone through at most.
        settings: further settings, as `--set` takes them.
    """
    table: dict[str, Any] = {
        "name": f"{task}-{initializer}-{units}",
        "networks": networks,
        "seed": seed,
        "task": {"kind": task},
        "model": {"units": units, "recurrent_bias": task in BIASED, "initializer": {"kind": initializer}},
        "training": {
            "steps": passes * -(-TRIALS // BATCH),
            "batch": BATCH,
            "learning_rate": 1e-4,
            "gradient_clip": "inf",
            "optimizer": {"kind": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
            "schedule": {"kind": "inverse_time", "decay": 1e-4},
            "trials": {"kind": "fixed", "count": TRIALS},
            "stop": {"kind": "loss", "bound": STOPS[task]},
        },
    }
    return to_spec(with_settings(table, settings))
