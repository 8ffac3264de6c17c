"""The figures of a report: which there are, what each shows in words, and their data as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from recurra.analysis import Spectrum
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.models.cohort import History
from recurra.plotting.colors import network_color
from recurra.plotting.interactive import Span, connectivity, spectra_density, spectrum_plane, strongest
from recurra.report.page import descriptions as say
from recurra.report.page.condition_panels import condition_panels
from recurra.report.page.curves import learning_figure, trials_seen
from recurra.report.page.flipflop_panels import flipflop_panels
from recurra.report.page.panel import FINE, Drawing, Panel
from recurra.report.page.rows import pick
from recurra.report.page.workings_panels import census_panel, workings_panels
from recurra.report.paging import all_known
from recurra.runs.spec import RunSpec
from recurra.words.findings import FlipFlopFindings, flipflop_findings

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
    found: list[Drawing] = []
    if run.history is not None and spec is not None:
        found.append(Drawing("learning", partial(_learning, run, run.history, spec, names)))
    scales = Scales.of(run)
    picked = pick(run, shown) if len(names) > FINE else range(len(names))
    memories = flipflop_findings(run)
    for at, name in enumerate(names):
        found += [one for one in _of_network(run, memories, at, name, scales) if at in picked or not one.detail]
    if len(names) > shown:
        found.append(Drawing("spectra", partial(_spectra, run, scales)))
    if run.census is not None:
        found.append(Drawing("census", partial(census_panel, run, run.census, names)))
    return {one.key: one.panel() for one in found}


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
            spectrum=Span.of([*_known_spectra(run), *filter(None, run.before or [])]),
            cells=cells,
        )


def _of_network(
    run: RunRecord, memories: FlipFlopFindings | None, at: int, name: str, scales: Scales
) -> Iterator[Drawing]:
    yield from flipflop_panels(run, memories, at, name) if memories else condition_panels(run, at, name)
    yield from workings_panels(run, at, name)
    yield Drawing(f"connectivity-{run.numbers[at]}", partial(_connectivity, run, at, name, scales))
    yield Drawing(f"spectrum-{run.numbers[at]}", partial(_spectrum, run, at, name, scales))


def _learning(run: RunRecord, history: History, spec: RunSpec, names: Sequence[str]) -> Panel:
    label = say.learning(names, history.validation_loss, float(trials_seen(history, spec)[-1]))
    return Panel("learning", learning_figure(history, run.numbers, spec), label)


def _connectivity(run: RunRecord, at: int, name: str, scales: Scales) -> Panel:
    start, after = run.network_before(at), run.network(at).recurrent
    before = start and start.recurrent
    figure = connectivity(before, after, scales.weight, network_color(run.numbers[at]), scales.cells)
    return Panel(f"connectivity-{run.numbers[at]}", figure, say.weights(name, before, after))


def _spectrum(run: RunRecord, at: int, name: str, scales: Scales) -> Panel:
    found, start, dt_ms = run.dossiers[at].spectrum, None if run.before is None else run.before[at], run.task.dt_ms
    modes = run.dossiers[at].modes
    figure = spectrum_plane(found, start, modes, dt_ms, scales.spectrum, network_color(run.numbers[at]))
    return Panel(f"spectrum-{run.numbers[at]}", figure, say.spectrum(name, found, modes))


def _spectra(run: RunRecord, scales: Scales) -> Panel:
    """All spectra that are known."""
    positions = range(len(run.numbers))
    found = all_known(lambda at: (run.dossiers[at].spectrum, run.dossiers[at].modes, run.numbers[at]), positions)
    spectra, modes, numbers = (list(part) for part in zip(*found, strict=True))
    figure = spectra_density(spectra, modes, numbers, run.task.dt_ms, scales.spectrum)
    return Panel("spectra", figure, say.spectra(spectra))


def _known_spectra(run: RunRecord) -> list[Spectrum]:
    found = [where_known(lambda one=one: one.spectrum, None) for one in run.dossiers]
    return [one for one in found if one is not None]


def _weight_limit(run: RunRecord, cells: int) -> float:
    """Where the colours end: of the trained weights that are drawn, without the diagonal, 1 % are stronger."""
    limits = []
    for at in range(len(run.numbers)) if run.network(0).has_recurrent else ():
        matrix = run.network(at).recurrent
        drawn = strongest(matrix - np.diag(np.diag(matrix)), cells)
        limits.append(float(np.quantile(np.abs(drawn), 0.99)))
    limit = float(np.median(limits)) if limits else 0.0
    return float(f"{limit:.2g}") if limit > 0 else 1.0
