"""Figures 5 and 7 of Jarne (2024): networks of one task, their spectra and the cubes of their memories."""

from collections.abc import Callable, Sequence
from typing import ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import held_memories, memory_cube, memory_geometry, performance, principal_components
from recurra.analysis.memory.cube import STANDS
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.shown_trials import test_trials
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.plotting.papers.studies import realizations
from recurra.runs.spec import RunSpec, read_table, with_settings
from recurra.runs.sweep.plan import SweepPlan
from recurra.studies.claims import REMAIN, SMALL_SET, of_all, span
from recurra.studies.protocol import data_sets, over_sets
from recurra.studies.rotations import rotation_verdict
from recurra.studies.study import Rows, Scale, Study, column, where
from recurra.studies.traits import eigenvalue_rows, weight_traits
from recurra.studies.verdicts import Verdict
from recurra.tasks import FlipFlop
from recurra.tasks.rules import SUCCESSFUL

ORTHOGONAL = "orthogonal start"  # the recipe used in place of the paper's protocol, which takes too long
PUBLISHED = "as published"
IDENTITY = "identity start"
VARIED: dict[str, tuple[str, ...]] = {
    "50 units": ("model.units=50",),
    "200 units": ("model.units=200",),
    "identity, gain 0.9": ("model.initializer.gain=0.9",),
    "no unit biases": ("model.recurrent_bias=false", "training.steps=500"),
    "half the input weights": ("model.input_initializer.gain=0.5", "training.steps=250"),
    "half the learning rate": ("training.learning_rate=0.007",),
    "batch 32": ("training.batch=32", "training.steps=175"),
    "rate penalty": ("training.rate_penalty=0.01",),
    "recurrent noise": ("model.recurrent_noise=0.05",),
    "current form": ("model.form=current", "model.tau_ms=5.0"),
    "input noise 0.2": ("task.input_noise=0.2",),
    "Adam": ("training.optimizer=adam", "training.learning_rate=1e-3", "training.steps=1000"),
}
RECIPES = {ORTHOGONAL: "flipflop-orthogonal", IDENTITY: "flipflop"}
CLAIMS = 5
DATA_SETS = 3  # per condition, each with its own trials
DRAWN = 4  # networks in the figure


@final
class Realizations(Study):
    """Four networks with an orthogonal start, 21 with the identity, and a dozen recipes, on three data sets each."""

    rules: ClassVar[int] = 3
    name: ClassVar[str] = "realizations"
    title: ClassVar[str] = "Realizations of the 3-bit flip-flop (Jarne 2024, Figures 5 and 7)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "sussillo2013")

    def sweeps(self, scale: Scale, seed: int) -> list[SweepPlan]:
        return [sweep for _, sweep in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[tuple[str, SweepPlan]]:
        if scale == "quick":
            small = ["networks=4", "model.units=20", "training.steps=25"]
            return [(name, _recipe(preset, small, [seed])) for name, preset in RECIPES.items()]
        cells = [] if scale == "laptop" else [(PUBLISHED, _recipe("flipflop-paper", [], [seed]))]
        cells.append((ORTHOGONAL, _recipe(RECIPES[ORTHOGONAL], ["networks=4"], [seed])))
        sets = data_sets(seed, 0, DATA_SETS)
        cells.append((IDENTITY, _recipe(RECIPES[IDENTITY], ["networks=7"], sets)))
        for name, settings in VARIED.items():
            varied = ["networks=1", f"name=flipflop, {name}", *settings]
            cells.append((name, _recipe("flipflop", varied, sets)))
        return cells

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks, spectra, states = [], [], []
        specs = [(name, condition.spec) for name, sweep in self._cells(scale, seed) for condition in sweep.conditions]
        for name, spec in specs:
            cohort, task = trained(spec), memory_task(spec.task)
            for number, network in enumerate(cohort):
                row = _row(name, number, network, cohort.before(number), task, spec.seed)
                networks.append({**row, "data_set": spec.seed})
                if name == self._shown(scale) and number < DRAWN:
                    spectra += eigenvalue_rows(network, {"network": number})
                    states += _state_rows(number, network, task)
        return {"networks": networks, "spectra": spectra, "states": states}

    def _shown(self, scale: Scale) -> str:
        """The recipe whose networks are drawn and compared."""
        return PUBLISHED if scale == "paper" else ORTHOGONAL

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        good = [row for row in tables["networks"] if float(row["success"]) >= SUCCESSFUL]
        orthogonal = [row for row in good if row["recipe"] in (PUBLISHED, ORTHOGONAL)]
        identity = where(good, recipe=IDENTITY)
        return [
            of_all(
                "a cube-like structure always appears (Figure 7)",
                good,
                lambda row: float(row["cube_score"]) >= STANDS,
                f"a cube score of at least {STANDS:g}, which needs memories that are held",
                f"cube score {span(column(good, 'cube_score'))}, before training "
                f"{span(column(good, 'cube_score_untrained'))}",
                claims=CLAIMS,
            ),
            rotation_verdict(tables["states"]),
            of_all(
                "all but a small group of eigenvalues remain on the unit circle (Figures 4 and 5)",
                orthogonal,
                lambda row: float(row["rest_on_circle"]) >= REMAIN,
                f"orthogonal starts: of the eigenvalues not outside at least {REMAIN:.0%} within 2 % of the circle",
                f"share {span(column(orthogonal, 'rest_on_circle'))}; from the identity "
                f"{span(column(identity, 'rest_on_circle'))}",
                claims=0,
            ),
            of_all(
                "a small group of eigenvalues moves out (Figures 4 and 5)",
                orthogonal,
                lambda row: float(row["outside"]) <= SMALL_SET * float(row["units"]),
                f"at most {SMALL_SET:.0%} of them",
                f"{span(column(orthogonal, 'outside'))} of {span(column(orthogonal, 'units'))}",
                claims=0,
            ),
            Verdict(
                what="networks learn with other hyperparameters too (section 5.1)",
                published="at least a dozen",
                found=f"{len({row['recipe'] for row in good} & set(VARIED))} of {len(VARIED)} recipes",
                verdict="cannot be compared",
                note="the paper recommends such a set and does not say which hyperparameters",
            ),
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"realizations": realizations(tables["spectra"], tables["states"])}


def _recipe(preset: str, settings: Sequence[str], sets: Sequence[int]) -> SweepPlan:
    return over_sets(with_settings(read_table(preset), settings), sets)


def _row(recipe: str, number: int, network: Network, before: Network, task: FlipFlop, seed: int) -> dict:
    geometry = memory_geometry(network, task)
    cube, untrained = memory_cube(network, task, seed=seed), memory_cube(before, task, seed=seed)
    tested, memories = performance(network, task, trials=test_trials(task, seed)), held_memories(network, task)
    return {
        "recipe": recipe,
        "network": number,
        "success": tested.success,
        "mse": tested.mse,
        "memories_held": int(memories.held.sum()),
        "memories_held_long": int(memories.held_long.sum()),
        "cube_score": cube.score,
        "cube_score_untrained": untrained.score,
        "hypercube_r2": geometry.hypercube_r2,
        "largest_cosine": float(np.abs(geometry.axis_cosines).max(initial=0)),
        **weight_traits(network.recurrent, before.recurrent, seed, network.recurrent_connections),
    }


def _state_rows(number: int, network: Network, task: FlipFlop) -> Rows:
    rates, _ = network.run(task.probe().inputs)
    pca, geometry = principal_components(rates=rates), memory_geometry(network, task)
    placed = pca.project(geometry.state_means)[:, :3]
    return [
        {"network": number, "state": name, **{f"pc{at + 1}": float(value) for at, value in enumerate(place)}}
        for name, place in zip(task.condition_names, placed, strict=True)
    ]
