"""The papers' training protocol as a spec."""

from typing import Any

from recurra.runs.spec import RunSpec, to_spec, with_settings
from recurra.tasks.flipflop import PAPERS_ERROR

# Mean squared error at which the programs published with the papers stop.
STOPS: dict[str, float] = {
    "flipflop": PAPERS_ERROR,
    "setreset": 1e-3,
    "and": 5e-4,
    "or": 1e-4,
    "xor": 1e-3,
    "not": 5e-4,
    "pulse": 1e-3,
    "pulse_published": 1e-3,
    "oscillation": 1e-3,
}
BIASED = ("not",)  # without input only a bias can move these networks away from 0
PASSES = 20  # passes through all trials
TRIALS = 15_000
BATCH = 64
DATA_SETS = 3  # all networks of a cohort see the same trials, so that a condition is trained on several sets of them


def data_sets(seed: int, condition: int, count: int = DATA_SETS) -> list[int]:
    """The seeds of a condition's data sets, which differ between the conditions of a study.

    Args:
        seed: seed of the study.
        condition: number of the condition.
        count: number of data sets, at most 100.
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
    """The spec of a cohort trained as in Jarne and Laje (2019), section 4.2, and its programs.

    Adam with a learning rate of 1e-4 and inverse-time decay; 15,000 trials in batches of 64, passed up to 20 times; no
    biases except that of the readout (and those of the units for `not`). Training ends when the error on fresh trials
    is below the bound of the programs.

    Args:
        task: the name of one of the papers' tasks.
        networks: number of networks.
        seed: fixes everything that is random.
        units: recurrent units per network.
        initializer: "orthogonal" or "normal".
        passes: largest number of passes through the trials.
        settings: further settings, as for `--set`.
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
