"""Figures 5 and 7 of Jarne (2024): networks of one task, their spectra and the cubes that their memories stand on."""

from collections.abc import Callable
from typing import ClassVar, final

import numpy as np
from matplotlib.figure import Figure

from recurra.analysis import held_memories, memory_cube, memory_geometry, performance, principal_components, spectrum
from recurra.analysis.cube import STANDS
from recurra.models.cohort import Cohort, Network
from recurra.plotting.papers.studies import realizations
from recurra.studies.dossier import test_trials
from recurra.studies.run_record import flipflop_of
from recurra.studies.spec import RunSpec, read_table, to_spec, with_settings
from recurra.studies.study import Rows, Scale, Study, column
from recurra.studies.verdicts import Verdict
from recurra.tasks import FlipFlop
from recurra.tasks.rules import SUCCESSFUL

MANY = ("training.batch=128",)
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
    "current form": ("model.form=current",),
    "input noise 0.2": ("task.input_noise=0.2",),
    "Adam": ("training.optimizer=adam", "training.learning_rate=1e-3", "training.steps=1000"),
}


@final
class Realizations(Study):
    """Four networks of one recipe, and a dozen with other hyperparameters."""

    name: ClassVar[str] = "realizations"
    title: ClassVar[str] = "Realizations of the 3-bit flip-flop (Jarne 2024, Figures 5 and 7)"
    sources: ClassVar[tuple[str, ...]] = ("jarne2024", "sussillo2013")

    def plan(self, scale: Scale, seed: int) -> list[RunSpec]:
        return [spec for _, spec in self._cells(scale, seed)]

    def _cells(self, scale: Scale, seed: int) -> list[tuple[str, RunSpec]]:
        common = [f"seed={seed}"]
        if scale == "quick":
            small = [*common, "networks=4", "model.units=20", "training.steps=25", "name=flipflop"]
            return [("the same", to_spec(with_settings(read_table("flipflop"), small)))]
        if scale == "paper":
            same = to_spec(with_settings(read_table("flipflop-paper"), common))
        else:
            settings = [*common, "networks=4", "model.units=400", "name=flipflop-400", *MANY]
            same = to_spec(with_settings(read_table("flipflop"), settings))
        cells = [("the same", same)]
        for name, settings in VARIED.items():
            one = [*common, "networks=1", f"name=flipflop, {name}", *settings]
            cells.append((name, to_spec(with_settings(read_table("flipflop"), one))))
        return cells

    def measure(self, scale: Scale, seed: int, trained: Callable[[RunSpec], Cohort]) -> dict[str, Rows]:
        networks, spectra, states = [], [], []
        for name, spec in self._cells(scale, seed):
            cohort, task = trained(spec), flipflop_of(spec.task)
            for number, network in enumerate(cohort):
                networks.append(_row(name, number, network, cohort.before(number), task, seed))
                if name == "the same":
                    spectra += _spectrum_rows(number, network)
                    states += _state_rows(number, network, task)
        return {"networks": networks, "spectra": spectra, "states": states}

    def verdicts(self, tables: dict[str, Rows]) -> list[Verdict]:
        good = [row for row in tables["networks"] if float(row["success"]) >= SUCCESSFUL]
        scores, outside = column(good, "cube_score"), column(good, "outside")
        none = "no network learned the task"
        untrained, cubes = column(good, "cube_score_untrained"), int((scores >= STANDS).sum())
        return [
            Verdict(
                what="a cube-like structure always appears",
                published="in four of four networks, by eye",
                found=f"{cubes} of {len(good)} that learned: cube score {_span(scores)}, untrained {_span(untrained)}",
                verdict="cannot be compared" if not good else "agrees" if cubes == len(good) else "differs",
                note=f"a cube score of at least {STANDS:g} counts: the states are held" if good else none,
            ),
            Verdict(
                what="few eigenvalues outside the unit circle",
                published="a small set",
                found=f"{_span(outside)} of {_span(column(good, 'units'))}",
                verdict="cannot be compared",
                note="the paper does not say how many",
            ),
            Verdict(
                what="networks that learned",
                published="at least a dozen with other hyperparameters",
                found=f"{len([row for row in good if row['recipe'] != 'the same'])} of {len(VARIED)}",
                verdict="cannot be compared",
                note="the paper recommends such a set and does not say which hyperparameters",
            ),
        ]

    def figures(self, tables: dict[str, Rows]) -> dict[str, Figure]:
        return {"realizations": realizations(tables["spectra"], tables["states"])}


def _row(recipe: str, number: int, network: Network, before: Network, task: FlipFlop, seed: int) -> dict:
    geometry, values = memory_geometry(network, task), spectrum(network.weights.recurrent)
    cube, untrained = memory_cube(network, task, seed), memory_cube(before, task, seed)
    found, memories = performance(network, task, test_trials(task, seed)), held_memories(network, task)
    return {
        "recipe": recipe,
        "network": number,
        "units": network.weights.units,
        "success": found.success,
        "mse": found.mse,
        "memories_held": int(memories.held.sum()),
        "memories_held_long": int(memories.held_long.sum()),
        "cube_score": cube.score,
        "cube_score_untrained": untrained.score,
        "hypercube_r2": geometry.hypercube_r2,
        "largest_cosine": float(np.abs(geometry.axis_cosines).max(initial=0)),
        "outside": values.count_outside,
        "largest_real_part": values.largest_real_part,
    }


def _spectrum_rows(number: int, network: Network) -> Rows:
    values = np.linalg.eigvals(np.asarray(network.weights.recurrent, np.float64))
    return [{"network": number, "real": float(value.real), "imaginary": float(value.imag)} for value in values]


def _state_rows(number: int, network: Network, task: FlipFlop) -> Rows:
    rates, _ = network.run(task.probe().inputs)
    pca, geometry = principal_components(rates), memory_geometry(network, task)
    placed = pca.project(geometry.state_means)[:, :3]
    return [
        {"network": number, "state": name, **{f"pc{at + 1}": float(value) for at, value in enumerate(place)}}
        for name, place in zip(task.condition_names, placed, strict=True)
    ]


def _span(values: np.ndarray) -> str:
    if not len(values):
        return "none"
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    return low if low == high else f"{low} to {high}"
