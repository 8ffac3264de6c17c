"""Figure 6 and section 5.5 of Jarne and Laje (2019): spectra before and after training, and the networks' regimes."""

from collections.abc import Callable
from typing import Any, ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import performance
from recurra.analysis.shown_trials import test_trials
from recurra.analysis.weights.spectra import girko_distance
from recurra.models.cohort import Cohort
from recurra.plotting.papers.studies import spectra_before_after
from recurra.runs.spec import RunSpec
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.claims import oscillation_claim, variety_claim, weight_claims
from recurra.studies.study import Rows, Scale, Study, where
from recurra.studies.success_rates import INITIALIZERS, NAMES, learners
from recurra.studies.traits import dynamic_traits, eigenvalue_rows, weight_traits
from recurra.studies.verdicts import Verdict
from recurra.tasks.rules import SUCCESSFUL

GIRKO = 0.1  # largest difference between the distribution of the moduli and Girko's law that still agrees
CLAIMS = 10  # including the distribution of the weights before training
DRAWN = 3  # networks of a task and initial condition in the figure


@final
class Spectra(Study):
    """The networks of Table 6 that learned: their recurrent weights before and after training, and their dynamics."""

    rules: ClassVar[int] = 2
    name: ClassVar[str] = "spectra"
    title: ClassVar[str] = "Spectra and regimes (Jarne and Laje 2019, Figure 6 and section 5.5)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2019", "jarne2024", "rajan2006", "henrici1962")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        tasks = ["and"] if scale == "quick" else list(NAMES)
        return [learners(task, start, scale, seed) for task in tasks for start in INITIALIZERS]

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks: Rows = []
        spectra: Rows = []
        for spec in self.plan(scale, seed):
            cohort, trials = trained(spec), test_trials(spec.task, spec.seed)
            table = spec.table()
            names = {"task": table["task"]["kind"], "initializer": table["model"]["initializer"]["kind"]}
            for at, number in enumerate(cohort.numbers):
                before, after = cohort.before(at), cohort[at]
                success = performance(after, spec.task, trials=trials).success
                if success < SUCCESSFUL and scale != "quick":
                    continue
                weights = weight_traits(after.recurrent, before.recurrent, spec.seed, after.recurrent_connections)
                dynamics = dynamic_traits(after, spec.task, spec.seed)
                row: dict[str, Any] = {**names, "data_set": spec.seed, "network": number, "success": success}
                networks.append({**row, **weights, **dynamics})
                labels = {"condition": f"{names['task']}, {names['initializer']}", "network": number}
                for stage, one in (("before", before), ("after", after)):
                    spectra += eigenvalue_rows(one, {**labels, "data_set": spec.seed, "stage": stage})
        return {"networks": networks, "spectra": spectra}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        rows = tables["networks"]
        return [
            _girko(tables["spectra"]),
            *weight_claims(rows, CLAIMS),
            variety_claim(rows, [task for task in NAMES if task != "oscillation"], CLAIMS),
            oscillation_claim(rows, CLAIMS),
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        kept: dict[str, list[Any]] = {}
        for row in tables["spectra"]:
            seen = kept.setdefault(str(row["condition"]), [])
            key = (row["data_set"], row["network"])
            if key not in seen and len(seen) < DRAWN:
                seen.append(key)
        drawn = [row for row in tables["spectra"] if (row["data_set"], row["network"]) in kept[str(row["condition"])]]
        return {"spectra": spectra_before_after(drawn, "condition")}


def _girko(spectra: Rows) -> Verdict:
    """Before training a normal start fills the unit disc; an orthogonal start, on the circle, would differ."""
    what = "before training, a normal start follows Girko's circle law (2019, Figure 6)"
    deviations = {start: _deviation(spectra, start) for start in INITIALIZERS}
    deviation, null = deviations["normal"], deviations["orthogonal"]
    if np.isnan(deviation):
        return Verdict(what, "consistent with it", "", "cannot be compared", "no network with a normal start")
    return Verdict(
        what,
        "consistent with it",
        f"the distribution of the moduli is {deviation:.3f} from the law",
        "agrees" if deviation <= GIRKO else "differs",
        rule=f"the largest difference of the two distributions at most {GIRKO:g}",
        power=f"an orthogonal start is {null:.2f} from it",
    )


def _deviation(spectra: Rows, start: str) -> float:
    rows = [row for row in where(spectra, stage="before") if str(row["condition"]).endswith(start)]
    values = np.array([complex(float(row["real"]), float(row["imaginary"])) for row in rows])
    return girko_distance(eigenvalues=values) if len(values) else float("nan")
