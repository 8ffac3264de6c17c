"""The figures of a report: which there are, what each shows in words, and their data as JSON."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from recurra.analysis import is_low_rank
from recurra.analysis.record import RunRecord
from recurra.models.cohort import History
from recurra.plotting.interactive import connectivity, learning_curves, loadings, spectra_density, spectrum_plane
from recurra.plotting.scenes.learning_of import learning_of, trials_seen
from recurra.plotting.scenes.loadings import loadings_scene
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.spectra import density, mode_texts, motions, spectrum_scene
from recurra.plotting.scenes.weights import weights_scene
from recurra.report.page import descriptions as say
from recurra.report.page.condition_panels import condition_panels
from recurra.report.page.flipflop_panels import flipflop_panels, lifetimes_panel
from recurra.report.page.panel import PageFigure, PlannedFigure
from recurra.report.page.workings_panels import census_panel, program_panel
from recurra.report.paging import all_known
from recurra.status import Status
from recurra.words.memories import MemoryFindings, memory_findings

CELLS = 200  # rows of a matrix that are drawn, if there are few networks
ALL_CELLS = 500_000  # entries of all matrices of a report together


def all_panels(run: RunRecord, names: Sequence[str], shown: int) -> dict[str, PageFigure]:
    """Every figure of the report, by key.

    Args:
        run: the run.
        names: names of the networks.
        shown: number of networks that the sections compare; if there are more, there is a figure of all spectra.
    """
    figures: list[PlannedFigure] = []
    if run.history is not None and run.rule is not None:
        figures.append(PlannedFigure("learning", partial(_learning, run, run.history, names)))
    scales = Scales.of(run)
    memories = memory_findings(run)
    if is_low_rank(run.network(0)):
        for at in range(len(names)):
            figures.append(PlannedFigure(f"loadings-{run.numbers[at]}", partial(_loadings, run, at, names[at])))
    for at, name in enumerate(names):
        figures += _of_network(run, memories, at, name, scales)
    if len(names) > shown and run.network(0).has_recurrent:
        figures.append(PlannedFigure("spectra", partial(_spectra, run, scales)))
    if run.census is not None:
        figures.append(PlannedFigure("census", partial(census_panel, run, run.census, names)))
    return {one.key: one.panel() for one in figures}


def cells_of(run: RunRecord) -> int:
    """How many rows of a matrix are drawn, so that a report of many networks stays small."""
    matrices = len(run.numbers) * (1 if run.initial is None else 3)
    return min(CELLS, max(24, int(np.sqrt(ALL_CELLS / matrices))))


def _of_network(
    run: RunRecord, memories: MemoryFindings | None, at: int, name: str, scales: Scales
) -> Iterator[PlannedFigure]:
    yield from flipflop_panels(run, memories, at, name) if memories else condition_panels(run, at, name)
    yield PlannedFigure(f"program-{run.numbers[at]}", partial(program_panel, run, at, name))
    if memories:
        yield PlannedFigure(f"lifetimes-{run.numbers[at]}", partial(lifetimes_panel, run, memories, at, name, scales))
    if not run.network(at).has_recurrent:
        return
    yield PlannedFigure(f"connectivity-{run.numbers[at]}", partial(_connectivity, run, at, name, scales))
    yield PlannedFigure(f"spectrum-{run.numbers[at]}", partial(_spectrum, run, at, name, scales))


def _learning(run: RunRecord, history: History, names: Sequence[str]) -> PageFigure:
    label = say.learning(names, history.validation_loss, float(trials_seen(history, run.rule)[-1]))
    status = run.status or [Status.finished] * len(names)
    scene = learning_of(history, run.numbers, status, run.task, run.rule)
    return PageFigure("learning", learning_curves(scene, run.numbers), label)


def _connectivity(run: RunRecord, at: int, name: str, scales: Scales) -> PageFigure:
    start, after = run.network_before(at), run.network(at).connected_recurrent
    before = start and start.connected_recurrent
    scene = weights_scene(after, before, scales.weight, run.numbers[at], run.groups)
    figure = connectivity(scene, cells_of(run))
    return PageFigure(f"connectivity-{run.numbers[at]}", figure, say.weights(name, before, after))


def _loadings(run: RunRecord, at: int, name: str) -> PageFigure:
    scene = loadings_scene(run.network(at), run.numbers[at])
    return PageFigure(f"loadings-{run.numbers[at]}", loadings(scene), say.loadings(name, scene))


def _spectrum(run: RunRecord, at: int, name: str, scales: Scales) -> PageFigure:
    spectrum, modes = run.dossiers[at].spectrum, run.dossiers[at].modes
    scene = spectrum_scene(spectrum, run.before[at] if run.before else None, run.numbers[at], scales.spectrum)
    figure = spectrum_plane(scene, motions(scene, modes, run.task.dt_ms))
    return PageFigure(f"spectrum-{run.numbers[at]}", figure, say.spectrum(name, spectrum, modes))


def _spectra(run: RunRecord, scales: Scales) -> PageFigure:
    """All spectra that are known."""
    positions = range(len(run.numbers))
    known = all_known(lambda at: (run.dossiers[at].spectrum, run.dossiers[at].modes, run.numbers[at]), positions)
    spectra, modes, numbers = (list(part) for part in zip(*known, strict=True))
    view, dt_ms = scales.spectrum, run.task.dt_ms
    planes = [spectrum_scene(one, None, number, view) for one, number in zip(spectra, numbers, strict=True)]
    texts = [mode_texts(plane.outliers, one, dt_ms) for plane, one in zip(planes, modes, strict=True)]
    figure = spectra_density(density(spectra, view), planes, texts, numbers)
    return PageFigure("spectra", figure, say.spectra(spectra))
