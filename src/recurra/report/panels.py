"""The figures of a report: which there are, what each shows in words, and their data as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from recurra.plotting.colors import network_color
from recurra.plotting.interactive import (
    Portrait,
    Span,
    connectivity,
    cube_walk,
    sample_trials,
    spectra_density,
    spectrum_plane,
    state_space,
    strongest,
    vertices,
)
from recurra.report import descriptions as say
from recurra.report.curves import learning_figure, trials_seen
from recurra.report.rows import pick
from recurra.report.words import percent
from recurra.studies.run_record import RunRecord
from recurra.studies.spec import RunSpec

WALK_STEPS = 3_000  # of the cube walk that are drawn
CELLS = 200  # rows of a matrix that are drawn, if there are few networks
ALL_CELLS = 500_000  # entries of all matrices of a report together
FINE = 12  # networks up to which each has all details, and spheres are fine


@dataclass(frozen=True)
class Panel:
    """One figure.

    Args:
        key: its name in the page.
        figure: what is drawn.
        label: what it shows, in words.
        spatial: whether it needs WebGL.
        detail: whether it is left out for networks that the sections do not show, where there are many.
    """

    key: str
    figure: go.Figure
    label: str
    spatial: bool = False
    detail: bool = False

    @property
    def height(self) -> int:
        return int(self.figure.layout.height)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def json(self) -> str:
        """The figure as JSON that can stand in a script element: no `<` in it."""
        return (
            str(self.figure.to_json()).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        )


def all_panels(run: RunRecord, spec: RunSpec | None, names: Sequence[str], shown: int) -> dict[str, Panel]:
    """Every figure of the report, by key.

    Args:
        run: the run.
        spec: what it was made with, if it was trained here.
        names: what the networks are called.
        shown: how many networks the sections compare; with more there is a figure of all spectra.
    """
    found: list[Panel] = []
    if run.history is not None and spec is not None:
        label = say.learning(names, run.history.validation_loss, float(trials_seen(run.history, spec)[-1]))
        found.append(Panel("learning", learning_figure(run.history, run.numbers, spec), label))
    scales = Scales.of(run)
    picked = pick(run, shown) if len(names) > FINE else range(len(names))
    for at, name in enumerate(names):
        found += [panel for panel in _of_network(run, at, name, scales) if at in picked or not panel.detail]
    if len(names) > shown:
        spectra = [dossier.spectrum for dossier in run.dossiers]
        figure = spectra_density(spectra, run.numbers, run.task.dt_ms, scales.spectrum)
        found.append(Panel("spectra", figure, say.spectra(spectra)))
    return {panel.key: panel for panel in found}


@dataclass(frozen=True)
class Scales:
    """What all networks of a report share, so that they can be compared.

    Args:
        weight: where the colours of weights end.
        spectrum: the part of the complex plane that is drawn.
        cells: rows of a matrix that are drawn.
    """

    weight: float
    spectrum: Span
    cells: int

    @classmethod
    def of(cls, run: RunRecord) -> "Scales":
        matrices = len(run.numbers) * (1 if run.initial is None else 3)
        cells = min(CELLS, max(24, int(np.sqrt(ALL_CELLS / matrices))))
        return cls(
            weight=_weight_limit(run, cells),
            spectrum=Span.of([*(dossier.spectrum for dossier in run.dossiers), *(run.before or [])]),
            cells=cells,
        )


def _of_network(run: RunRecord, at: int, name: str, scales: Scales) -> Iterator[Panel]:
    number, dossier = run.numbers[at], run.dossiers[at]
    color, task, shown = network_color(number), run.task, dossier.behaviour
    examples, walk = run.examples, run.walk.isel(walk_time=slice(WALK_STEPS))
    time = walk["walk_time"].values
    steps = len(time)
    trials = sample_trials(
        examples["time"].values, examples["inputs"].values, examples["targets"].values, shown.examples, color
    )
    yield Panel(f"trials-{number}", trials, say.trials(name, examples["targets"].values, shown.examples), detail=True)
    inputs, targets, state = (walk[key].values for key in ("inputs", "targets", "memory_state"))
    figure = cube_walk(time, inputs, targets, shown.walk[:steps], state, task.states, color)
    yield Panel(f"walk-{number}", figure, say.walk(name, state, targets, shown.walk[:steps]))
    before = None if run.initial is None else np.asarray(run.initial.recurrent[at], float)
    after = np.asarray(run.weights.recurrent[at], float)
    figure = connectivity(before, after, scales.weight, color, scales.cells)
    yield Panel(f"connectivity-{number}", figure, say.weights(name, before, after))
    start = None if run.before is None else run.before[at]
    figure = spectrum_plane(dossier.spectrum, start, task.dt_ms, scales.spectrum, color)
    yield Panel(f"spectrum-{number}", figure, say.spectrum(name, dossier.spectrum, task.dt_ms))
    yield from _state_spaces(run, at, name, time, state)


def _state_spaces(run: RunRecord, at: int, name: str, time: np.ndarray, state: np.ndarray) -> Iterator[Panel]:
    number, dossier, states = run.numbers[at], run.dossiers[at], run.task.states
    shown, steps, divisions = dossier.behaviour, len(time), 2 if len(run.numbers) <= FINE else 1
    corners = vertices(dossier.geometry, states)
    count = min(3, run.task.bits, shown.walk_components.shape[1])
    shares = dossier.pca.explained_variance
    principal = Portrait(
        path=shown.walk_components[:steps, :count],
        path_state=state,
        time_ms=time,
        states=states,
        means=shown.states_components[:, :count],
        vertices=dossier.pca.project(corners)[:, :count],
        axes=[f"PC {axis + 1} ({percent(shares[axis])} %)" for axis in range(count)],
    )
    bits = Portrait(
        path=shown.walk_bits[:steps, :count],
        path_state=state,
        time_ms=time,
        states=states,
        means=shown.states_bits[:, :count],
        vertices=states[:, :count].astype(float),
        axes=[f"bit {axis + 1}" for axis in range(count)],
    )
    label = say.state_space(name, dossier, count)
    spatial = count >= 3
    yield Panel(f"principal-{number}", state_space(principal, divisions=divisions), label, spatial)
    yield Panel(
        f"bits-{number}", state_space(bits, divisions=divisions), label + " Axes: the bits.", spatial, detail=True
    )


def _weight_limit(run: RunRecord, cells: int) -> float:
    """Where the colours end: of the trained weights that are drawn, without the diagonal, 1 % are stronger."""
    limits = []
    for trained in run.weights.recurrent:
        matrix = np.asarray(trained, float)
        drawn = strongest(matrix - np.diag(np.diag(matrix)), cells)
        limits.append(float(np.quantile(np.abs(drawn), 0.99)))
    limit = float(np.median(limits))
    return float(f"{limit:.2g}") if limit > 0 else 1.0
