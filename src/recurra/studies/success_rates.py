"""Table 6 of Jarne and Laje (2019): the proportion of networks that learn each task from two initial conditions."""

from collections.abc import Callable
from typing import ClassVar, final

from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import success_bars
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.status import Status
from recurra.studies.protocol import data_sets, papers_sweep
from recurra.studies.study import Rows, Scale, Study, column, published, where
from recurra.studies.verdict_words import verdict_of
from recurra.studies.verdicts import (
    Comparison,
    Proportion,
    Verdict,
    design_effect,
    difference_of_proportions,
    intraclass_correlation,
    one_set_effect,
    pooled,
    proportion_difference,
    wilson,
)
from recurra.tasks.rules import SUCCESSFUL

INITIALIZERS = ("orthogonal", "normal")
NAMES = {
    "and": "And",
    "or": "Or",
    "xor": "Xor",
    "not": "Not",
    "setreset": "Flip Flop",
    "oscillation": "Oscillatory",
    "pulse": "Time pulse",
}
MARGIN = 0.15  # three networks of the published twenty; the paper speaks of a difference where it has 24 points
NETWORKS: dict[Scale, int] = {"quick": 2, "laptop": 12, "paper": 60}  # per task and initial condition
CLAIMS = 3


def learners(task: str, initializer: str, scale: Scale, seed: int) -> SweepPlan:
    """The cohorts of a task and initial condition, one per data set; other studies use these networks too."""
    if scale == "quick":
        return papers_sweep(task, [seed], networks=2, initializer=initializer, passes=1)
    number = 10 * list(NAMES).index(task) + INITIALIZERS.index(initializer)
    sets = data_sets(seed, number)
    networks = NETWORKS[scale] // len(sets)
    return papers_sweep(task, sets, networks=networks, initializer=initializer)


@final
class SuccessRates(Study):
    """Seven tasks with two initial conditions, trained by the papers' protocol."""

    name: ClassVar[str] = "success-rates"
    title: ClassVar[str] = "Success rates by initial condition (Jarne and Laje 2019, Table 6)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "newcombe1998", "schuirmann1987", "killip2004")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        tasks = ["and"] if scale == "quick" else list(NAMES)
        return [learners(task, start, scale, seed) for task in tasks for start in INITIALIZERS]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        for spec in self.plan(scale, seed):
            cohort, trials = trained(spec), test_trials(spec.task, spec.seed)
            for at, number in enumerate(cohort.numbers):
                tested = performance(cohort[at], spec.task, trials=trials)
                networks.append(
                    {
                        "task": spec.table()["task"]["kind"],
                        "initializer": spec.table()["model"]["initializer"]["kind"],
                        "data_set": spec.seed,
                        "network": number,
                        "success": tested.success,
                        "reached": int(cohort.status[at] is Status.reached),
                        "mse": tested.mse,
                        "distance": tested.distance,
                    }
                )
        return {"rates": _rates(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        shares = _shares(tables["networks"], SUCCESSFUL)
        return [_helps(shares), *(_as_published(shares, start) for start in INITIALIZERS)]

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """The pooled verdict with other criteria for learning."""
        rows: Rows = []
        choices = {f"{bound:.0%} of the trials": _shares(tables["networks"], bound) for bound in (0.8, 0.9, 0.95, 0.99)}
        choices["the program's stop reached"] = _shares(tables["networks"], None)
        for choice, shares in choices.items():
            verdict, tasks = _helps(shares), list(dict.fromkeys(task for task, _ in shares))
            mean = {start: sum(shares[task, start][0].value for task in tasks) / len(tasks) for start in INITIALIZERS}
            rows.append(
                {
                    "a network has learned with": choice,
                    **{f"{start}, %": round(100 * mean[start], 1) for start in INITIALIZERS},
                    "orthogonal helps by": verdict.difference,
                    "verdict": verdict.verdict,
                }
            )
        return rows

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"rates": success_bars(tables["rates"], NAMES)}


LearnedProportions = dict[tuple[str, str], tuple[Proportion, Proportion]]


def _shares(networks: Rows, bound: float | None) -> LearnedProportions:
    """The measured and the published proportion of networks that learned, by task and initial condition.

    Args:
        networks: one row per network.
        bound: share of its trials that a network must solve; None for the stop criterion of the published program.
    """
    good = column(networks, "reached") > 0 if bound is None else column(networks, "success") >= bound
    conditions = [(str(row["task"]), str(row["initializer"])) for row in networks]
    sets = [row["data_set"] for row in networks]
    between = intraclass_correlation(good.astype(float), conditions, sets)
    shares: LearnedProportions = {}
    for known in published("success_rates"):
        key = str(known["task"]), str(known["initializer"])
        own = [at for at, condition in enumerate(conditions) if condition == key]
        if own:
            effect = design_effect([sets[at] for at in own], between)
            total = int(known["networks"])
            before = round(float(known["percent"]) * total / 100)
            measured = Proportion(int(good[own].sum()), len(own), effect)
            shares[key] = measured, Proportion(before, total, one_set_effect(total, between))
    return shares


def _helps(shares: LearnedProportions) -> Verdict:
    """The claim of the table: on every task more networks learn from an orthogonal start."""
    tasks = list(dict.fromkeys(task for task, _ in shares))
    margin = (0.0, float("inf"))
    pairs = {task: [shares[task, start] for start in INITIALIZERS] for task in tasks}
    known = _pooled([(first[1], second[1]) for first, second in pairs.values()], margin, CLAIMS)
    measured = _pooled([(first[0], second[0]) for first, second in pairs.values()], margin, CLAIMS, known.difference)
    rows = tuple(
        verdict_of(
            NAMES[task],
            f"{first[1].value:.0%} against {second[1].value:.0%}",
            f"{first[0].value:.0%} against {second[0].value:.0%}",
            difference_of_proportions(first[0], second[0], margin, len(tasks), first[1].value - second[1].value),
            percent=True,
        )
        for task, (first, second) in pairs.items()
    )
    return verdict_of(
        "an orthogonal start helps",
        f"{100 * known.difference:+.0f} points over {len(tasks)} tasks",
        f"{100 * measured.difference:+.0f} points",
        measured,
        rows=rows,
        rule="the difference, pooled over the tasks with the weights of Mantel and Haenszel, is above 0",
        percent=True,
    )


def _pooled(
    pairs: list[tuple[Proportion, Proportion]], margin: tuple[float, float], rows: int, truth: float = 0.0
) -> Comparison:
    weights = [one.total * other.total / (one.total + other.total) for one, other in pairs]
    return pooled([proportion_difference(one, other) for one, other in pairs], weights, margin, rows, truth)


def _as_published(shares: LearnedProportions, start: str) -> Verdict:
    """The verdict on whether as many networks learn from one initial condition as published."""
    own = {task: pair for (task, initializer), pair in shares.items() if initializer == start}
    margin = (-MARGIN, MARGIN)
    rows = tuple(
        verdict_of(
            f"{NAMES[task]}, {start}",
            f"{known.value:.0%} of {known.total}",
            f"{measured.value:.0%} of {measured.total}",
            difference_of_proportions(measured, known, margin, len(own)),
            percent=True,
        )
        for task, (measured, known) in own.items()
    )
    means = [sum(pair[which].value for pair in own.values()) / len(own) for which in (0, 1)]
    return verdict_of(
        f"{start} start: as many learn as published",
        f"{means[1]:.0%}, mean over the tasks",
        f"{means[0]:.0%}",
        pooled([proportion_difference(*pair) for pair in own.values()], [1.0] * len(own), margin, CLAIMS),
        rows=rows,
        rule=f"the mean difference over the tasks within ±{100 * MARGIN:.0f} points, three of 20 networks",
        percent=True,
    )


def _rates(networks: Rows) -> Rows:
    """One row per task and initial condition: the published and the measured percentage."""
    rows: Rows = []
    for (task, start), (measured, known) in _shares(networks, SUCCESSFUL).items():
        low, high = wilson(measured)
        own = where(networks, task=task, initializer=start)
        rows.append(
            {
                "task": task,
                "initializer": start,
                "published_percent": 100 * known.value,
                "published_networks": known.total,
                "networks": measured.total,
                "data_sets": len({row["data_set"] for row in own}),
                "successful": measured.count,
                "percent": 100 * measured.value,
                "low": 100 * low,
                "high": 100 * high,
                "reached": int(column(own, "reached").sum()),
            }
        )
    return rows
