"""The smallest network that does a task (Jarne 2024, section 5.1), by bisection over cohorts."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, final

from matplotlib.figure import Figure
from scipy import stats

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import series_panels
from recurra.runs.spec import RunSpec, read_table, with_settings
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.protocol import data_sets, over_sets
from recurra.studies.study import Rows, Scale, Study, column, where
from recurra.studies.verdict_words import verdict_of
from recurra.studies.verdicts import (
    Comparison,
    Proportion,
    Verdict,
    design_effect,
    intraclass_correlation,
    proportion_at_least,
)
from recurra.tasks.rules import SUCCESSFUL

TASKS = ("and", "xor", "setreset", "flipflop")
SHARE = 0.9  # share of networks of a size that must be successful
LARGEST = 128
NETWORKS: dict[Scale, int] = {"quick": 3, "laptop": 30, "paper": 60}  # per size; all of 30 must learn to show 90 %
TRUE_SHARE = 0.98  # share of networks for which the power is given


@final
class MinimumSize(Study):
    """Four tasks with their quick presets: the sizes between which 90 % of the networks become successful."""

    name: ClassVar[str] = "minimum-size"
    title: ClassVar[str] = "The smallest network (Jarne 2024, section 5.1)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "clopper1934", "killip2004")
    searches: ClassVar[bool] = True

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        """The sizes of each task that are tried if only the largest is enough."""
        sweeps = []
        for task in _tasks(scale):
            low, high = 0, _largest(scale)
            sweeps.append(_sweep(task, high, scale, seed))
            while high - low > 1:
                low = (low + high) // 2
                sweeps.append(_sweep(task, low, scale, seed))
        return sweeps

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []

        def shown(task: str, units: int) -> Comparison:
            if not where(networks, task=task, units=units):
                for condition in _sweep(task, units, scale, seed).conditions:
                    networks.extend(_measured(task, trained(condition.spec), condition.spec))
            return proportion_at_least(_share(networks, task, units), SHARE)

        for task in _tasks(scale):
            bisect(lambda units, task=task: shown(task, units).outcome == "agrees", _largest(scale))
            bisect(lambda units, task=task: shown(task, units).outcome != "differs", _largest(scale))
        return {"sizes": _sizes(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        networks = tables["networks"]
        return [_verdict(task, networks) for task in dict.fromkeys(str(row["task"]) for row in networks)]

    def sensitivity(self, tables: dict[str, Rows]) -> Rows:
        """The sizes for other shares of networks, taken from the sizes that were tried."""
        networks = tables["networks"]
        return [
            {
                "choice": f"{share:.0%} of the networks",
                "task": task,
                "largest too small": few,
                "smallest enough": enough,
            }
            for share in (0.5, 0.8, SHARE)
            for task in dict.fromkeys(str(row["task"]) for row in networks)
            for few, enough in [_ends(task, networks, share)]
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        labels = "Units", "Successful networks (%)"
        return {"sizes": series_panels(tables["sizes"], "task", "percent", labels, log=True)}


def bisect(enough: Callable[[int], bool], largest: int) -> int:
    """The smallest whole number from 1 to `largest` that is enough; 0 if there is none.

    Every number above one that is enough is assumed to be enough too.
    """
    if not enough(largest):
        return 0
    low, high = 0, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _tasks(scale: Scale) -> tuple[str, ...]:
    return TASKS[:1] if scale == "quick" else TASKS


def _largest(scale: Scale) -> int:
    return 8 if scale == "quick" else LARGEST


def _sweep(task: str, units: int, scale: Scale, seed: int) -> SweepPlan:
    sets = data_sets(seed, 1000 + 200 * TASKS.index(task) + units)
    networks = NETWORKS[scale] // len(sets)
    settings = [f"name={task}-{units}", f"networks={networks}", f"model.units={units}"]
    return over_sets(with_settings(read_table(task), settings), sets)


def _measured(task: str, cohort: Cohort, spec: RunSpec) -> Rows:
    trials = test_trials(spec.task, spec.seed)
    return [
        {
            "task": task,
            "units": spec.model.units,
            "data_set": spec.seed,
            "network": number,
            "success": performance(cohort[at], spec.task, trials=trials).success,
        }
        for at, number in enumerate(cohort.numbers)
    ]


def _share(networks: Rows, task: str, units: int) -> Proportion:
    """The proportion of successful networks of a size; the effect of data sets is estimated over all tried sizes.

    During a bisection the number of tried sizes grows. So a size can be judged differently at the end than when it was
    tried; the verdicts use all tried sizes.
    """
    good = (column(networks, "success") >= SUCCESSFUL).astype(float)
    conditions, sets = [(row["task"], row["units"]) for row in networks], [row["data_set"] for row in networks]
    own = [at for at, condition in enumerate(conditions) if condition == (task, units)]
    effect = design_effect([sets[at] for at in own], intraclass_correlation(good, conditions, sets))
    return Proportion(int(good[own].sum()), len(own), effect)


def _sizes(networks: Rows) -> Rows:
    """One row per task and size: the proportion of successful networks with its one-sided 95 % limits."""
    rows: Rows = []
    for task, units in sorted({(str(row["task"]), int(row["units"])) for row in networks}):
        share = _share(networks, task, units)
        comparison = proportion_at_least(share, SHARE)
        ends = {"percent": 100 * share.value, "low": 100 * comparison.low, "high": 100 * comparison.high}
        about = {"networks": share.total, "successful": share.count, "design_effect": share.effect}
        rows.append({"task": task, "factor": "units", "value": units, **about, **ends})
    return rows


def _ends(task: str, networks: Rows, share: float) -> tuple[int, int]:
    """The largest size that is shown to be too small and the smallest shown to be enough; 0 if there is none."""
    outcomes = {
        int(units): proportion_at_least(_share(networks, task, int(units)), share).outcome
        for units in sorted({float(row["units"]) for row in where(networks, task=task)})
    }
    few = max((units for units, outcome in outcomes.items() if outcome == "differs"), default=0)
    return few, min((units for units, outcome in outcomes.items() if outcome == "agrees"), default=0)


def _verdict(task: str, networks: Rows) -> Verdict:
    few, enough = _ends(task, networks, SHARE)
    total = len(where(networks, task=task, units=enough or few))
    least = next(
        (
            count
            for count in range(total + 1)
            if proportion_at_least(Proportion(count, total), SHARE).outcome == "agrees"
        ),
        0,
    )
    chance = stats.binom.sf(least - 1, total, TRUE_SHARE) if least else 0.0
    parts = [
        f"with {few} units fewer than {SHARE:.0%} learn it" if few else "no size is shown to be too small",
        f"with {enough} at least {SHARE:.0%} do" if enough else f"no size up to {LARGEST} is shown to be enough",
    ]
    tried = [
        _tried(units, share)
        for units in sorted({float(row["units"]) for row in where(networks, task=task)})
        for share in [_share(networks, task, int(units))]
    ]
    return Verdict(
        what=f"{task}: the smallest size",
        published="no number",
        found=", ".join(parts),
        verdict="cannot be compared",
        note="the tutorial proposes the study and publishes no result of it",
        rule=f"shown: the one-sided 95 % limit of Clopper and Pearson lies beyond {SHARE:.0%}, size by size",
        power=f"{total} networks a size; at least {least} of them show {SHARE:.0%}, which a size with a true share of "
        f"{TRUE_SHARE:.0%} reaches with a chance of {chance:.0%}",
        rows=tuple(tried),
    )


def _tried(units: float, share: Proportion) -> Verdict:
    """The verdict on one tried size. Nothing is published about it: it is enough, too small, or open."""
    comparison = proportion_at_least(share, SHARE)
    words = {"agrees": "enough", "differs": "too few", "undecided": "open"}[comparison.outcome]
    told = verdict_of(f"{units:g} units", "none", f"{share.count} of {share.total}: {words}", comparison, percent=True)
    return replace(told, verdict="cannot be compared")
