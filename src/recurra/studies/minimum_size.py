"""The smallest network that does a task (Jarne 2024, section 5.1), by bisection over cohorts."""

from collections.abc import Callable
from typing import ClassVar, final

from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import series_panels
from recurra.studies.dossier import test_trials
from recurra.studies.spec import RunSpec, read_table, to_spec, with_settings
from recurra.studies.study import Rows, Scale, Study, Verdict, where
from recurra.tasks.rules import SUCCESSFUL

TASKS = ("and", "xor", "setreset", "flipflop")
SHARE = 0.9  # of the networks of a size that must be successful
LARGEST = 128


@final
class MinimumSize(Study):
    """Four tasks by their quick presets; the smallest size at which 90 % of the networks are successful."""

    name: ClassVar[str] = "minimum-size"
    title: ClassVar[str] = "The smallest network (Jarne 2024, section 5.1)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "wilson1927")

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        """Of each task the sizes that would be tried if all but the largest failed."""
        specs = []
        for task in _tasks(scale):
            low, high = 0, _largest(scale)
            specs.append(_spec(task, high, scale, seed))
            while high - low > 1:
                low = (low + high) // 2
                specs.append(_spec(task, low, scale, seed))
        return specs

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        sizes: Rows = []

        def enough(task: str, units: int) -> bool:
            spec = _spec(task, units, scale, seed)
            trials, cohort = test_trials(spec.task, seed), trained(spec)
            found = [performance(network, spec.task, trials).success for network in cohort]
            good = wilson_interval(sum(share >= SUCCESSFUL for share in found), len(found))
            ends = {"percent": 100 * good.value, "low": 100 * good.low, "high": 100 * good.high}
            sizes.append({"task": task, "factor": "units", "value": units, "networks": good.total, **ends})
            return good.value >= SHARE

        smallest: Rows = [
            {"task": task, "units": bisect(lambda units, task=task: enough(task, units), _largest(scale))}
            for task in _tasks(scale)
        ]
        return {"smallest": smallest, "sizes": sorted(sizes, key=lambda row: (str(row["task"]), row["value"]))}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return [_verdict(str(row["task"]), int(row["units"]), tables["sizes"]) for row in tables["smallest"]]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        labels = "Units", "Successful networks (%)"
        return {"sizes": series_panels(tables["sizes"], "task", "percent", labels, log=True)}


def bisect(enough: Callable[[int], bool], largest: int) -> int:
    """The smallest whole number from 1 to `largest` that is enough, if more is always enough too; 0 if none is."""
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


def _spec(task: str, units: int, scale: Scale, seed: int) -> RunSpec:
    networks = {"quick": 2, "laptop": 8, "paper": 20}[scale]
    settings = [f"name={task}-{units}", f"networks={networks}", f"seed={seed}", f"model.units={units}"]
    return to_spec(with_settings(read_table(task), settings))


def _verdict(task: str, units: int, sizes: Rows) -> Verdict:
    if not units:
        found = "not even the largest that was tried does it"
    else:
        row = where(sizes, task=task, value=units)[0]
        percent, low, high = (float(row[name]) for name in ("percent", "low", "high"))
        found = f"{units} units: {percent:.0f} % [{low:.0f}, {high:.0f}] successful"
    return Verdict(
        what=f"{task}: smallest size",
        published="no number",
        found=found,
        verdict="cannot be compared",
        note="the tutorial proposes the study and publishes no result of it",
    )
