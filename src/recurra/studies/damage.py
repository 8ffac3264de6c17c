"""Figure 14 of Jarne and Laje (2019): connections are removed by their strength."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar, final

import jax
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials
from recurra.analysis.weights.damage import PERCENTS, Removal, Sign, removed
from recurra.arrays import in_double
from recurra.engine import choose_engine
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.plotting.papers.studies import damage_curves
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.damage_verdicts import BOUNDS, WAYS, damage_choices, damage_points, damage_verdicts, learned
from recurra.studies.protocol import data_sets, papers_sweep
from recurra.studies.study import Rows, Scale, Study
from recurra.studies.trends import STRONGEST, damage_claims
from recurra.studies.verdicts import Verdict
from recurra.tasks import Task, Trials

STRONGEST_WAYS: dict[str, tuple[Removal, Sign]] = {"strongest_both": ("strongest", "both")}
CLAIMS = len(WAYS) + 4
SETTLED_MS = 20.0  # of the last period, left out of the held distance


def damage_rows(
    network: Network,
    task: Task,
    trials: Trials,
    number: int,
    percents: tuple[float, ...],
    ways: Mapping[str, tuple[Removal, Sign]] = WAYS,
) -> Rows:
    """One row per way of removal, percentage and condition: the mean distance of the damaged network's outputs.

    `distance` is taken over the whole trial, `held_distance` over the task's last period without its first 20 ms.

    Args:
        network: a trained network, which may be imported.
        task: the task on which it was trained.
        trials: fresh trials of the task.
        number: number of the network in the rows.
        percents: percentages of the connections to remove.
        ways: the ways of removal, by name.
    """
    cases = [(way, percent) for way in ways for percent in percents]
    matrices = []
    for way, percent in cases:
        removal, sign = ways[way]
        matrices.append(removed(network.recurrent, percent, sign, removal, connections=network.recurrent_connections))
    errors = _errors(network, trials, np.stack(matrices))
    held = round((task.periods[-1].start_ms + SETTLED_MS) / task.dt_ms)
    distances, held_distances = (np.linalg.norm(part, axis=2).mean(axis=2) for part in (errors, errors[:, :, held:]))
    condition = np.asarray(trials.condition)
    rows: Rows = []
    for at, (way, percent) in enumerate(cases):
        for which, name in enumerate(task.condition_names):
            rows.append(
                {
                    "way": way,
                    "percent": percent,
                    "condition": name,
                    "network": number,
                    "removed": int(matrices[at].sum()),
                    "distance": float(distances[at][condition == which].mean()),
                    "held_distance": float(held_distances[at][condition == which].mean()),
                }
            )
    return rows


def _errors(network: Network, trials: Trials, taken: np.ndarray) -> Float[np.ndarray, "case trial time output"]:
    """Output minus target for every set of removed connections, one row per trial; 0 outside the mask."""
    engine = choose_engine("auto", network.dynamics)
    with pinned(double=True):
        whole = in_double(network.weights)
        repeated = jax.tree.map(lambda array: np.repeat(array[None], len(taken), axis=0), whole)
        damaged = replace(repeated, recurrent=np.where(taken, 0.0, repeated.recurrent))
        outputs = np.asarray(engine.respond(network.dynamics, damaged, np.asarray(trials.inputs, np.float64)))
    return np.where(trials.counts, outputs - np.asarray(trials.targets, np.float64), 0)


@final
class Damage(Study):
    """Networks that learned `and`, damaged in five ways at 19 levels, under four conditions."""

    name: ClassVar[str] = "damage"
    title: ClassVar[str] = "Selective damage (Jarne and Laje 2019, Figure 14)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "schuirmann1987", "killip2004")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        sets = data_sets(seed, 200, 2 if scale == "quick" else 10)
        networks, passes = {"quick": (1, 1), "laptop": (2, 20), "paper": (4, 20)}[scale]
        return [papers_sweep("and", sets, networks=networks, passes=passes)]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        percents = PERCENTS[::6] if scale == "quick" else PERCENTS
        networks: Rows = []
        strongest: Rows = []
        for spec in self.plan(scale, seed):
            cohort, trials = trained(spec), test_trials(spec.task, spec.seed)
            losses = np.nan_to_num(cohort.history.validation_loss, nan=np.inf).min(axis=1)
            for at, network in enumerate(cohort):
                success = performance(network, spec.task, trials=trials).success
                about = {"data_set": spec.seed, "success": success, "loss": float(losses[at])}
                part, number = trials.part(slice(200)), cohort.numbers[at]
                networks += [about | row for row in damage_rows(network, spec.task, part, number, percents)]
                rows = damage_rows(network, spec.task, part, number, STRONGEST, STRONGEST_WAYS)
                strongest += [about | row for row in rows]
        return {"points": damage_points(networks), "networks": networks, "strongest": strongest}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        networks, strongest = learned(tables["networks"]), learned(tables.get("strongest", []))
        return [*damage_verdicts(networks, CLAIMS), *damage_claims(networks, strongest, CLAIMS)]

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        return damage_choices(tables["networks"])

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"damage": damage_curves(tables["points"], list(WAYS), BOUNDS)}
