"""Damaged networks compared with Figure 14 of Jarne and Laje (2019)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from recurra.analysis.weights.damage import Removal, Sign
from recurra.studies.study import Rows, Value, column, grouped, published, where
from recurra.studies.verdict_words import verdict_of
from recurra.studies.verdicts import (
    Comparison,
    Verdict,
    difference_of_means,
    interval_quantile,
    intraclass_correlation,
    mean_over_networks,
    published_mean,
)
from recurra.tasks.rules import SUCCESSFUL

WAYS: dict[str, tuple[Removal, Sign]] = {
    "cumulative_both": ("cumulative", "both"),
    "cumulative_positive": ("cumulative", "positive"),
    "cumulative_negative": ("cumulative", "negative"),
    "slice_positive": ("slice", "positive"),
    "slice_negative": ("slice", "negative"),
}
BOUNDS = (1.0, 1.5)  # distances above which the papers call a state deteriorated, and destroyed
PUBLISHED_NETWORKS = 10
MARGIN = 0.25  # half the step from deteriorated to destroyed
LEVEL_MARGIN = 4.0  # percent: two of the published levels
RESAMPLES = 2000
NEVER = 38.0  # the level after the last published one


@dataclass(frozen=True)
class DamageCurves:
    """The distance of each network as a function of the level of damage, averaged over the four conditions.

    Args:
        percents: the levels: percentages of the connections that are removed.
        distances: one row per network, one column per level.
        data_sets: the data set on which each network was trained.
    """

    percents: tuple[float, ...]
    distances: Float[np.ndarray, "network level"]
    data_sets: list[Value]


def learned(networks: Rows) -> Rows:
    """The rows of the networks that solve the task before the damage; all rows if no network does."""
    return [row for row in networks if float(row["success"]) >= SUCCESSFUL] or networks


def averaged_curves(networks: Rows, way: str, measure: str = "held_distance") -> DamageCurves:
    """The distance of each network at each level of one way of removal, averaged over the conditions."""
    table: dict[tuple[Value, Value], dict[float, list[float]]] = {}
    for row in where(networks, way=way):
        levels = table.setdefault((row["data_set"], row["network"]), {})
        levels.setdefault(float(row["percent"]), []).append(float(row[measure]))
    percents = tuple(next(iter(table.values())))
    distances = np.array([[np.mean(levels[percent]) for percent in percents] for levels in table.values()])
    return DamageCurves(percents, distances, [data_set for data_set, _ in table])


def known_curve(way: str, percents: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """The published mean over the four conditions at each level, and its standard error.

    The file has the standard deviation over ten networks. The same networks are in all conditions. So the conditions
    are taken as fully correlated: the standard error of their mean is the mean of their standard errors.
    """
    rows = where(published("damage"), way=way)
    by_level = [[row for row in rows if row["percent"] == percent] for percent in percents]
    means = np.array([column(level, "distance").mean() for level in by_level])
    errors = np.array([column(level, "deviation").mean() for level in by_level]) / math.sqrt(PUBLISHED_NETWORKS)
    return means, errors


def damage_verdicts(networks: Rows, claims: int) -> list[Verdict]:
    """The verdicts on the distances, one per way of removal, and the verdict on the levels that damage states."""
    own = learned(networks)
    measured = {way: averaged_curves(own, way) for way in WAYS}
    between = _between(measured)
    return [*(_distances(one, way, between, claims) for way, one in measured.items()), _levels(own, claims)]


def _between(measured: dict[str, DamageCurves]) -> float:
    """The intraclass correlation of data sets, over all ways and levels of damage."""
    cells = [
        (value, (way, percent), data_set)
        for way, one in measured.items()
        for distances, data_set in zip(one.distances, one.data_sets, strict=True)
        for value, percent in zip(distances, one.percents, strict=True)
    ]
    values, conditions, sets = zip(*cells, strict=True)
    return intraclass_correlation(values, conditions, sets)


def _distances(measured: DamageCurves, way: str, between: float, claims: int) -> Verdict:
    means, errors = known_curve(way, measured.percents)
    damaged = [at for at, percent in enumerate(measured.percents) if percent > 0]

    def compared(at: list[int], rows: int) -> tuple[str, str, Comparison]:
        values = measured.distances[:, at].mean(axis=1)
        ours = mean_over_networks(values, measured.data_sets, between)
        mean, error = float(means[at].mean()), float(errors[at].mean())
        known = published_mean(mean, error, PUBLISHED_NETWORKS, between)
        comparison = difference_of_means(ours, known, MARGIN, rows)
        return f"{mean:.2f} ± {error:.2f}", f"{ours.value:.2f} ± {ours.error:.2f}", comparison

    rows = tuple(verdict_of(f"{measured.percents[at]:g} %", *compared([at], len(damaged))) for at in damaged)
    known, ours, comparison = compared(damaged, claims)
    return verdict_of(
        f"{_words(way)}: distance after damage, mean over the levels",
        known,
        f"{ours}, {len(measured.data_sets)} networks",
        comparison,
        rows=rows,
        rule=f"within ±{MARGIN:g}, half the step from deteriorated (1.0) to destroyed (1.5)",
    )


def _levels(networks: Rows, claims: int) -> Verdict:
    """The levels at which the mean distance exceeds the bounds, with intervals from resampled data sets."""
    rng, rows = np.random.default_rng(0), []
    of_rows = len(WAYS) * len(BOUNDS)
    draws, points = [], []
    for way in WAYS:
        measured = averaged_curves(networks, way)
        means, errors = known_curve(way, measured.percents)
        ours, theirs = _resampled(measured, rng), means + errors * rng.standard_normal((RESAMPLES, 1))
        for bound in BOUNDS:
            at, known = (crossing(mean, measured.percents, bound) for mean in (measured.distances.mean(axis=0), means))
            drawn = np.array([crossing(mean, measured.percents, bound) for mean in ours])
            drawn -= np.array([crossing(mean, measured.percents, bound) for mean in theirs])
            draws.append(drawn)
            points.append(at - known)
            what = f"{_words(way)}: above {bound:g} from"
            rows.append(verdict_of(what, _level(known), _level(at), _bootstrapped(at - known, drawn, of_rows)))
    return verdict_of(
        "the level from which on states deteriorate (1.0) or are destroyed (1.5)",
        "see the rows",
        "see the rows",
        _bootstrapped(float(np.mean(points)), np.mean(draws, axis=0), claims),
        rows=tuple(rows),
        rule=f"the mean difference of the levels within ±{LEVEL_MARGIN:g} points of per cent, two published levels",
        note=f"a level that is not reached counts as {NEVER:g} %",
    )


def _resampled(measured: DamageCurves, rng: np.random.Generator) -> Float[np.ndarray, "draw level"]:
    """Mean curves of resampled data sets, each with all of its networks."""
    names = list(dict.fromkeys(measured.data_sets))
    members = [measured.distances[[one == name for one in measured.data_sets]] for name in names]
    sums, sizes = np.array([part.sum(axis=0) for part in members]), np.array([len(part) for part in members])
    chosen = rng.integers(len(names), size=(RESAMPLES, len(names)))
    return sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1)[:, None]


def crossing(means: np.ndarray, percents: Sequence[float], bound: float) -> float:
    """The first level at which the mean distance is above a bound; `NEVER` if there is none."""
    above = np.flatnonzero(np.asarray(means) > bound)
    return float(percents[above[0]]) if len(above) else NEVER


def _bootstrapped(value: float, draws: np.ndarray, rows: int) -> Comparison:
    tail = 0.05 / (2 * rows)
    low, high = np.quantile(draws, [tail, 1 - tail])
    margin = (-LEVEL_MARGIN, LEVEL_MARGIN)
    return Comparison(value, float(low), float(high), margin, 0.0, interval_quantile(rows))


def damage_points(networks: Rows) -> Rows:
    """One row per way, percentage and condition: the mean over the networks that learned, and the published value."""
    known = grouped(published("damage"), "way", "percent", "condition")
    rows: Rows = []
    for key, of_row in grouped(learned(networks), "way", "percent", "condition").items():
        before = known.get(key, [None])[0]
        held = column(of_row, "held_distance")
        rows.append(
            {
                "way": key[0],
                "percent": key[1],
                "percent_of_all": float(key[1]) / (1 if WAYS[str(key[0])][1] == "both" else 2),
                "condition": key[2],
                "networks": len(of_row),
                "removed": float(column(of_row, "removed").mean()),
                "distance_mean": float(column(of_row, "distance").mean()),
                "held_mean": float(held.mean()),
                "held_error": float(held.std(ddof=1) / math.sqrt(len(held))) if len(held) > 1 else math.nan,
                "published_distance": before["distance"] if before else math.nan,
                "published_deviation": before["deviation"] if before else math.nan,
                "published_outliers": outliers(before) if before else math.nan,
            }
        )
    return rows


def outliers(row: dict[str, Value]) -> float:
    r"""The number of damaged networks that explains a published mean and deviation if the other networks are unharmed.

    All damaged networks are taken to have the same distance. With k of n networks at a distance D above the undamaged
    mean, the mean rises by $kD/n$ and the deviation is
    $D\sqrt{k(n - k)}/n$; so $k = n r^2 / (1 + r^2)$ for the rise over the deviation, r.
    """
    undamaged = where(published("damage"), way=row["way"], percent=0.0, condition=row["condition"])[0]
    ratio = (float(row["distance"]) - float(undamaged["distance"])) / float(row["deviation"])
    return PUBLISHED_NETWORKS * ratio**2 / (1 + ratio**2)


def damage_choices(networks: Rows) -> Rows:
    """The number of published points within 1.96 standard errors of ours, one row per free choice."""
    own, best = learned(networks), sorted({float(row["loss"]) for row in networks})[:PUBLISHED_NETWORKS]
    ten = [row for row in networks if float(row["loss"]) in best]
    return [
        _choice("as in the verdicts", own),
        _choice("published errors as drawn, deviation / 11", own, bars_as_drawn=True),
        _choice("one sign at half the level, as drawn", own, levels_as_drawn=True),
        _choice("both as drawn", own, bars_as_drawn=True, levels_as_drawn=True),
        _choice("distance over the whole trial", own, measure="distance"),
        _choice("the ten networks with the least loss", ten),
        _choice("all networks, learned or not", networks),
    ]


def _choice(
    name: str,
    networks: Rows,
    *,
    measure: str = "held_distance",
    bars_as_drawn: bool = False,
    levels_as_drawn: bool = False,
) -> dict[str, Value]:
    row: dict[str, Value] = {"choice": name}
    groups = grouped(networks, "way", "percent", "condition")
    for way in WAYS:
        within = total = 0
        for known in where(published("damage"), way=way):
            level = known["figure_percent" if levels_as_drawn else "percent"]
            own = groups.get((way, level, known["condition"]), [])
            if len(own) > 1:
                values = column(own, measure)
                before = float(known["deviation"]) / math.sqrt(PUBLISHED_NETWORKS)
                before = float(known["figure_bar"]) if bars_as_drawn else before
                error = math.hypot(values.std(ddof=1) / math.sqrt(len(values)), before)
                within += abs(values.mean() - float(known["distance"])) <= 1.96 * error
                total += 1
        row[_words(way)] = f"{within} of {total}"
    return row


def _level(value: float) -> str:
    return "not up to 36 %" if value >= NEVER else f"{value:g} %"


def _words(way: str) -> str:
    return way.replace("_", ", ")
