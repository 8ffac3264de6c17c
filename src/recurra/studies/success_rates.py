"""Table 6 of Jarne and Laje (2019): how many networks learn each task from two initial conditions."""

from collections.abc import Callable
from typing import ClassVar, final

from matplotlib.figure import Figure
from scipy.stats import fisher_exact

from recurra.analysis import performance
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import success_bars
from recurra.status import Status
from recurra.studies.dossier import test_trials
from recurra.studies.protocol import papers_spec
from recurra.studies.spec import RunSpec
from recurra.studies.study import Rows, Scale, Study, Verdict, published, where
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


@final
class SuccessRates(Study):
    """Seven tasks from two initial conditions, 20 networks each, by the papers' protocol."""

    name: ClassVar[str] = "success-rates"
    title: ClassVar[str] = "Success rates by initial condition (Jarne and Laje 2019, Table 6)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "wilson1927")

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        if scale == "quick":
            return [self._spec("and", start, seed, networks=2, passes=1) for start in INITIALIZERS]
        return [self._spec(task, start, seed, networks=20, passes=20) for task in NAMES for start in INITIALIZERS]

    def _spec(self, task: str, start: str, seed: int, networks: int, passes: int) -> RunSpec:
        return papers_spec(task, networks=networks, seed=seed, initializer=start, passes=passes)

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        for spec in self.plan(scale, seed):
            cohort, trials = trained(spec), test_trials(spec.task, seed)
            for at, number in enumerate(cohort.numbers):
                found = performance(cohort[at], spec.task, trials)
                networks.append(
                    {
                        "task": spec.table()["task"]["kind"],
                        "initializer": spec.table()["model"]["initializer"]["kind"],
                        "network": number,
                        "success": found.success,
                        "successful": int(found.success >= SUCCESSFUL),
                        "reached": int(cohort.status[at] is Status.reached),
                        "mse": found.mse,
                        "distance": found.distance,
                    }
                )
        return {"rates": _rates(networks), "networks": networks}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        return [_verdict(row) for row in tables["rates"]]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"rates": success_bars(tables["rates"], NAMES)}


def _rates(networks: Rows) -> Rows:
    """A row a task and initial condition; the published per cent beside what was found."""
    rows: Rows = []
    for known in published("success_rates"):
        of_row = where(networks, task=known["task"], initializer=known["initializer"])
        if not of_row:
            continue
        successful = wilson_interval(sum(int(row["successful"]) for row in of_row), len(of_row))
        rows.append(
            {
                "task": known["task"],
                "initializer": known["initializer"],
                "published_percent": known["percent"],
                "published_networks": int(known["networks"]),
                "networks": len(of_row),
                "successful": successful.count,
                "percent": 100 * successful.value,
                "low": 100 * successful.low,
                "high": 100 * successful.high,
                "reached": sum(int(row["reached"]) for row in of_row),
            }
        )
    return rows


def _verdict(row: dict) -> Verdict:
    """Two shares of networks agree if Fisher's exact test does not tell them apart at 5 %."""
    before = round(row["published_percent"] * row["published_networks"] / 100)
    table = [[before, row["published_networks"] - before], [row["successful"], row["networks"] - row["successful"]]]
    chance = float(fisher_exact(table)[1])  # type: ignore[arg-type]
    difference = row["percent"] - row["published_percent"]
    return Verdict(
        what=f"{NAMES[row['task']]}, {row['initializer']}",
        published=f"{row['published_percent']:.0f} %",
        found=f"{row['percent']:.0f} % [{row['low']:.0f}, {row['high']:.0f}], stop reached by {row['reached']}",
        verdict="agrees" if chance > 0.05 else "differs",
        note=f"{difference:+.0f} points, p = {chance:.2g}",
    )
