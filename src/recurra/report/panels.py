"""The figures of a report: which there are, what each shows in words, and their data as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recurra.plotting.colors import network_color
from recurra.plotting.interactive import Span, connectivity, spectra_density, spectrum_plane, strongest
from recurra.report import descriptions as say
from recurra.report.condition_panels import condition_panels
from recurra.report.curves import learning_figure, trials_seen
from recurra.report.findings import FlipFlopFindings, flipflop_findings
from recurra.report.flipflop_panels import flipflop_panels
from recurra.report.panel import FINE, Panel
from recurra.report.rows import pick
from recurra.report.workings_panels import census_panel, workings_panels
from recurra.studies.run_record import RunRecord
from recurra.studies.spec import RunSpec

CELLS = 200  # rows of a matrix that are drawn, if there are few networks
ALL_CELLS = 500_000  # entries of all matrices of a report together


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
    memories = flipflop_findings(run)
    for at, name in enumerate(names):
        found += [panel for panel in _of_network(run, memories, at, name, scales) if at in picked or not panel.detail]
    if len(names) > shown:
        spectra = [dossier.spectrum for dossier in run.dossiers]
        modes = [dossier.modes for dossier in run.dossiers]
        figure = spectra_density(spectra, modes, run.numbers, run.task.dt_ms, scales.spectrum)
        found.append(Panel("spectra", figure, say.spectra(spectra)))
    census = census_panel(run, names)
    return {panel.key: panel for panel in [*found, *([census] if census else [])]}


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


def _of_network(
    run: RunRecord, memories: FlipFlopFindings | None, at: int, name: str, scales: Scales
) -> Iterator[Panel]:
    yield from flipflop_panels(run, memories, at, name) if memories else condition_panels(run, at, name)
    yield from workings_panels(run, at, name)
    number, dossier, color = run.numbers[at], run.dossiers[at], network_color(run.numbers[at])
    before = None if run.initial is None else np.asarray(run.initial.recurrent[at], float)
    after = np.asarray(run.weights.recurrent[at], float)
    figure = connectivity(before, after, scales.weight, color, scales.cells)
    yield Panel(f"connectivity-{number}", figure, say.weights(name, before, after))
    start = None if run.before is None else run.before[at]
    figure = spectrum_plane(dossier.spectrum, start, dossier.modes, run.task.dt_ms, scales.spectrum, color)
    yield Panel(f"spectrum-{number}", figure, say.spectrum(name, dossier.spectrum, dossier.modes))


def _weight_limit(run: RunRecord, cells: int) -> float:
    """Where the colours end: of the trained weights that are drawn, without the diagonal, 1 % are stronger."""
    limits = []
    for trained in run.weights.recurrent:
        matrix = np.asarray(trained, float)
        drawn = strongest(matrix - np.diag(np.diag(matrix)), cells)
        limits.append(float(np.quantile(np.abs(drawn), 0.99)))
    limit = float(np.median(limits))
    return float(f"{limit:.2g}") if limit > 0 else 1.0
