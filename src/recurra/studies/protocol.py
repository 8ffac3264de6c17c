"""The papers' training protocol as a spec."""

from collections.abc import Sequence

from recurra.runs.spec import with_settings
from recurra.runs.sweep.axes import Axis
from recurra.runs.sweep.plan import SweepPlan
from recurra.runs.tables import Table
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


def over_sets(table: Table, sets: Sequence[int]) -> SweepPlan:
    """The sweep of one recipe over several data sets.

    Args:
        table: the recipe, as the table of a spec.
        sets: seeds of the data sets.
    """
    return SweepPlan(table, (Axis("seed", tuple(sets)),))


def papers_sweep(
    task: str,
    sets: Sequence[int],
    *,
    networks: int,
    units: int = 50,
    initializer: str = "orthogonal",
    passes: int = PASSES,
    settings: tuple[str, ...] = (),
) -> SweepPlan:
    """Cohorts trained as in Jarne and Laje (2019), section 4.2, and its programs: one for each data set.

    Adam with a learning rate of 1e-4 and inverse-time decay; 15,000 trials in batches of 64, passed up to 20 times; no
    biases except that of the readout (and those of the units for `not`). Training ends when the error on fresh trials
    is below the bound of the programs.

    Args:
        task: the name of one of the papers' tasks.
        sets: seeds of the data sets.
        networks: number of networks of a cohort.
        units: recurrent units per network.
        initializer: "orthogonal" or "normal".
        passes: largest number of passes through the trials.
        settings: further settings, as for `--set`.
    """
    table: Table = {
        "name": f"{task}-{initializer}-{units}",
        "networks": networks,
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
    return over_sets(with_settings(table, settings), sets)
