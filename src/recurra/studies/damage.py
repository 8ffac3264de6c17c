"""Figure 14 of Jarne and Laje (2019): connections are removed by their strength."""

from collections.abc import Callable
from typing import ClassVar, final

import jax
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.analysis.damage import PERCENTS, Removal, Sign, removed
from recurra.arrays import Weights
from recurra.engine import choose_engine
from recurra.models.cohort import Cohort, Network
from recurra.plotting.papers.studies import damage_curves
from recurra.studies.dossier import test_trials
from recurra.studies.protocol import papers_spec
from recurra.studies.spec import RunSpec
from recurra.studies.study import Rows, Scale, Study, Verdict, column, mean_and_error, published, where
from recurra.tasks import Task, Trials

WAYS: dict[str, tuple[Removal, Sign]] = {
    "cumulative_both": ("cumulative", "both"),
    "cumulative_positive": ("cumulative", "positive"),
    "cumulative_negative": ("cumulative", "negative"),
    "slice_positive": ("slice", "positive"),
    "slice_negative": ("slice", "negative"),
}
SETTLED_MS = 20.0  # of the last period, left out of the held distance
BOUNDS = (1.0, 1.5)  # distances from which the papers call a state deteriorated, and destroyed


def damage_rows(network: Network, task: Task, trials: Trials, number: int, percents: tuple[float, ...]) -> Rows:
    """A row a way of removal, percentage and condition: the mean distance of the damaged network's outputs.

    `distance` is that of the whole trial; `held_distance` that of the task's last period, without its first 20 ms.

    Args:
        network: a trained network; an imported one does as well.
        task: what it was trained on.
        trials: fresh trials of the task.
        number: what the rows call the network.
        percents: how much is removed, %.
    """
    cases = [(way, percent) for way in WAYS for percent in percents]
    found = []
    for way, percent in cases:
        removal, sign = WAYS[way]
        found.append(removed(np.asarray(network.weights.recurrent), percent, sign, removal))
    errors = _errors(network, trials, np.stack(found))
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
                    "removed": int(found[at].sum()),
                    "distance": float(distances[at][condition == which].mean()),
                    "held_distance": float(held_distances[at][condition == which].mean()),
                }
            )
    return rows


def _errors(network: Network, trials: Trials, taken: np.ndarray) -> Float[np.ndarray, "case trial time output"]:
    """Output minus target of every trial for every set of removed connections, 0 where the mask leaves time out."""
    engine = choose_engine("auto", network.dynamics)
    with jax.enable_x64(True):
        whole = jax.tree.map(lambda array: np.asarray(array, np.float64), network.weights)
        repeated = jax.tree.map(lambda array: np.repeat(array[None], len(taken), axis=0), whole)
        damaged = Weights(**{**repeated.__dict__, "recurrent": np.where(taken, 0.0, repeated.recurrent)})
        outputs = np.asarray(engine.respond(network.dynamics, damaged, np.asarray(trials.inputs, np.float64)))
    return np.where(trials.counts, outputs - np.asarray(trials.targets, np.float64), 0)


@final
class Damage(Study):
    """Ten networks that learned `and`, five ways of removal, 19 levels, four conditions."""

    name: ClassVar[str] = "damage"
    title: ClassVar[str] = "Selective damage (Jarne and Laje 2019, Figure 14)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019",)

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        networks, passes = (2, 1) if scale == "quick" else (20, 20)
        return [papers_spec("and", networks=networks, seed=seed, passes=passes)]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        spec = self.plan(scale, seed)[0]
        cohort, trials = trained(spec), test_trials(spec.task, seed)
        losses = np.nan_to_num(cohort.history.validation_loss, nan=np.inf).min(axis=1)
        best = sorted(np.argsort(losses, kind="stable")[: 2 if scale == "quick" else 10].tolist())
        percents = PERCENTS[::6] if scale == "quick" else PERCENTS
        some = trials.part(slice(200))
        networks = [
            row for at in best for row in damage_rows(cohort[at], spec.task, some, cohort.numbers[at], percents)
        ]
        return {"points": _points(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        rows = tables["points"]
        return [_threshold(rows, way, bound) for way in WAYS for bound in BOUNDS] + [_share(rows, way) for way in WAYS]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"damage": damage_curves(tables["points"], list(WAYS), BOUNDS)}


def _points(networks: Rows) -> Rows:
    """A row a way, percentage and condition: mean over the networks, and what was published."""
    known = {(row["way"], row["percent"], row["condition"]): row for row in published("damage")}
    rows: Rows = []
    for key in dict.fromkeys((row["way"], row["percent"], row["condition"]) for row in networks):
        of_row = where(networks, way=key[0], percent=key[1], condition=key[2])
        before = known.get(key)
        rows.append(
            {
                "way": key[0],
                "percent": key[1],
                "condition": key[2],
                "networks": len(of_row),
                "removed": float(column(of_row, "removed").mean()),
                **{f"distance_{name}": value for name, value in mean_and_error(column(of_row, "distance")).items()},
                **{f"held_{name}": value for name, value in mean_and_error(column(of_row, "held_distance")).items()},
                "published_distance": before["distance"] if before else float("nan"),
                "published_deviation": before["deviation"] if before else float("nan"),
            }
        )
    return rows


def _threshold(rows: Rows, way: str, bound: float) -> Verdict:
    """From which percentage on the mean over the conditions exceeds a bound; ten per cent apart still agrees."""
    published_at, found_at = (_crossing(rows, way, name, bound) for name in ("published_distance", "held_mean"))
    agrees = abs(published_at - found_at) <= 10 or (np.isinf(published_at) and np.isinf(found_at))
    return Verdict(
        what=f"{way.replace('_', ', ')}: mean distance above {bound:g} from",
        published=_percent(published_at),
        found=_percent(found_at),
        verdict="agrees" if agrees else "differs",
    )


def _crossing(rows: Rows, way: str, name: str, bound: float) -> float:
    means = {
        percent: float(column(where(rows, way=way, percent=percent), name).mean())
        for percent in dict.fromkeys(row["percent"] for row in rows)
    }
    above = [float(percent) for percent, mean in means.items() if mean > bound]
    return min(above, default=float("inf"))


def _percent(value: float) -> str:
    return "not up to 36 %" if np.isinf(value) else f"{value:g} %"


def _share(rows: Rows, way: str) -> Verdict:
    """How many published points lie within two standard errors of the difference of the found ones."""
    part = where(rows, way=way)
    known, found = column(part, "published_distance"), column(part, "held_mean")
    error = np.hypot(column(part, "held_error"), column(part, "published_deviation") / np.sqrt(10))
    within = np.abs(known - found) <= 1.96 * error
    return Verdict(
        what=f"{way.replace('_', ', ')}: all points",
        published=f"{len(part)} points",
        found=f"{within.sum()} of them within 1.96 standard errors of the difference",
        verdict="agrees" if within.mean() >= 0.9 else "differs",
        note=f"median of found over published {np.median(found / known):.2f}",
    )
