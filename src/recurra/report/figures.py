"""The figures of a run for a manuscript: PNG and SVG at the papers' sizes."""

import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from recurra.analysis import is_low_rank
from recurra.analysis.failures import Failure, UnavailableError, reason_of
from recurra.analysis.record import RunRecord
from recurra.models.cohort import History
from recurra.plotting.colors import bit_look, condition_colors
from recurra.plotting.papers import connectivity, in_print, learning, loadings
from recurra.plotting.papers.census import census_map
from recurra.plotting.papers.spectra import MOST_PANELS, spectra, spectra_density
from recurra.plotting.papers.spectra_points import spectra_points
from recurra.plotting.papers.variance import variance_shares
from recurra.plotting.scenes.learning_of import learning_of
from recurra.plotting.scenes.loadings import loadings_scene
from recurra.plotting.scenes.points import points_scene
from recurra.plotting.scenes.scales import Scales
from recurra.plotting.scenes.spectra import density, spectrum_scene
from recurra.plotting.scenes.variance import variance_scene
from recurra.plotting.scenes.weights import weights_scene
from recurra.report.figure_plans import Plan, condition_plan, flipflop_plan
from recurra.report.paging import all_known, pages
from recurra.status import Status
from recurra.storage.files import replace_bytes
from recurra.words.memories import memory_findings
from recurra.words.workings import signatures

DPI = 300
# No entry that changes from day to day.
METADATA: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
FORMATS = ("png", "svg")


def write_figures(
    run: RunRecord,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    missing: Callable[[str, str], None] | None = None,
) -> list[Path]:
    """Write every figure of a run as PNG (300 dpi) and SVG, each in one piece; those that are there are replaced.

    What an imported network does not have (its start, its history) is left out, and so are figures of what is not
    known since its analysis failed.

    Args:
        run: the run and its analysis.
        folder: the folder for the files; it is made if it is missing.
        progress: told after every figure how many are written, and how many there are in all.
        missing: told the name of a figure that cannot be drawn, and why.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):  # a stranger's link may lead anywhere
        raise ValueError(f"{folder} is a link or a file; expected a folder, or nothing")
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    plan = figures_of(run)
    for done, (name, draw) in enumerate(plan.items(), start=1):
        figure = _drawn(draw)
        if isinstance(figure, Failure):
            if missing is not None:
                missing(name, figure.reason)
        else:
            for kind in FORMATS:
                paths.append(folder / f"{name}.{kind}")
                write_figure(figure, paths[-1])
        if progress is not None:
            progress(done, len(plan))
    return paths


def _drawn(draw: Callable[[], Figure]) -> Figure | Failure:
    """A figure; where what it shows is not known, or it cannot be drawn, why."""
    try:
        return draw()
    except UnavailableError as error:
        return Failure(str(error))
    except Exception as error:
        return Failure(reason_of(error))


def figures_of(run: RunRecord) -> Plan:
    """How to draw every figure of a run, by the name of its file."""
    plan: Plan = {}
    history, status = run.history, run.status
    if history is not None and status is not None:
        plan["learning"] = lambda: _learning(run, history, status)
    scales = cache(lambda: Scales.of(run))
    plan["spectra"] = lambda: _spectra(run, scales())
    findings = memory_findings(run)
    plan |= flipflop_plan(run, findings, scales) if findings else condition_plan(run)
    plan |= _cohort_plan(run)
    for at, number in enumerate(run.numbers):
        plan[f"connectivity_{number}"] = lambda at=at: _connectivity(run, at, scales())
    if is_low_rank(run.network(0)):
        for at, number in enumerate(run.numbers):
            plan[f"loadings_{number}"] = lambda at=at, number=number: loadings(loadings_scene(run.network(at), number))
    return plan


def _cohort_plan(run: RunRecord) -> Plan:
    """How to draw the figures that compare the networks of any task."""
    plan: Plan = {"spectra_points": lambda: _spectra_points(run)}
    for name, part in pages("variance_shares", len(run.numbers)):
        plan[name] = lambda part=part: _variance_shares(run, part)
    census = run.census
    if census is not None and census.coordinates.shape[1] > 1:
        plan["census"] = lambda: census_map(census, signatures(census, run.task))
    return plan


def _learning(run: RunRecord, history: History, status: Sequence[Status]) -> Figure:
    return learning(learning_of(history, run.numbers, status, run.task, run.rule))


def _spectra(run: RunRecord, scales: Scales) -> Figure:
    """The spectra that are known, those before training too; of many networks their density."""
    spectrum_of = dict(all_known(lambda at: (at, run.dossiers[at].spectrum), range(len(run.numbers))))
    before = {at: run.before[at] if run.before else None for at in spectrum_of}
    view = scales.spectrum
    planes = {at: spectrum_scene(one, before[at], run.numbers[at], view) for at, one in spectrum_of.items()}
    if len(planes) <= MOST_PANELS:
        return spectra(list(planes.values()))
    kinds = {"After training": (density(list(spectrum_of.values()), view), list(planes.values()))}
    starts = {at: start for at, start in before.items() if start is not None}
    if starts:
        drawn = [spectrum_scene(start, None, run.numbers[at], view) for at, start in starts.items()]
        kinds = {"Before training": (density(list(starts.values()), view), drawn), **kinds}
    return spectra_density(kinds)


def _spectra_points(run: RunRecord) -> Figure:
    points_of = dict(all_known(lambda at: (at, run.dossiers[at].fixed_points), range(len(run.numbers))))
    return spectra_points(points_scene(list(points_of.values()), [run.numbers[at] for at in points_of]))


def _connectivity(run: RunRecord, at: int, scales: Scales) -> Figure:
    before = run.network_before(at)
    after, start = run.network(at).connected_recurrent, before and before.connected_recurrent
    return connectivity(weights_scene(after, start, scales.weight, run.numbers[at], run.groups))


def _variance_shares(run: RunRecord, part: range) -> Figure:
    names, colors = _factors(run)
    pairs = dict(all_known(lambda at: (at, (run.dossiers[at].demixed, run.dossiers[at].selectivity)), part))
    demixed, units = [one for one, _ in pairs.values()], [one for _, one in pairs.values()]
    return variance_shares(variance_scene(demixed, units, names, colors, [run.numbers[at] for at in pairs]))


def _factors(run: RunRecord) -> tuple[list[str], list[str]]:
    """Names and colours of the factors of the task's probe."""
    names = list(run.task.factor_names())
    bits = [bit_look(bit)[0] for bit in range(len(names))]
    return names, bits if memory_findings(run) else condition_colors(len(names))


def check_new_picture(path: Path) -> None:
    """Check that a file of this name can be drawn: its ending is known, and there is no such file.

    Args:
        path: the file to make.
    """
    endings = [f".{kind}" for kind in METADATA]
    if path.suffix not in endings:
        raise ValueError(f"{path}: unknown ending {path.suffix!r}; expected one of: {', '.join(endings)}")
    if path.exists():
        raise ValueError(f"{path} exists; choose another file")


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure in one piece: it is there whole, or as it was."""
    content, kind = io.BytesIO(), path.suffix.removeprefix(".")
    with in_print(), matplotlib.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(content, format=kind, dpi=DPI, metadata=METADATA[kind])
    replace_bytes(path, content.getbuffer(), folders=True)
