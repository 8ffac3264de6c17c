"""The report of a cohort, a run folder or a record: `rc.write_report`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from recurra.analysis.record import RunRecord
from recurra.models.cohort import Cohort
from recurra.report.page.build import write_report as write_page
from recurra.runs.record import read_run
from recurra.runs.runner import SilentProgress, analyse_run
from recurra.storage.lock import locked
from recurra.storage.run_folder import RunFolder


def write_report(what: Cohort | RunRecord | Path | str, path: Path | str) -> None:
    """Write the report of trained networks as one HTML file that needs nothing else, as `recurra report` does.

    Args:
        what: a cohort, which is analysed first and not saved; an analysed run folder; or a record, such as the result
            of `rc.inspect`.
        path: the HTML file; an older one is replaced, and missing folders on the way to it are made.

    Raises:
        ValueError: the folder is no analysed run, or the cohort cannot be saved, such as one whose training has not
            ended.
        TypeError: `what` is something else.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> cohort = rc.train(rc.Not(), rc.GRU(units=3), rule, networks=1, seed=0)
        >>> rc.write_report(rc.inspect(cohort[0], rc.Not()), "report.html")
    """
    if isinstance(what, RunRecord):
        write_page(what, Path(path))
    elif isinstance(what, Cohort):
        with TemporaryDirectory() as folder:
            write_page(_analysed(what, Path(folder) / (what.origin.name or Path(path).stem)), Path(path))
    elif isinstance(what, Path | str):
        run = RunFolder.open(Path(what))
        with locked(run.path):
            write_page(read_run(run), Path(path))
    else:
        raise TypeError(f"what is a {type(what).__name__}; expected a Cohort, a RunRecord or the path of a run folder")


def _analysed(cohort: Cohort, folder: Path) -> RunRecord:
    """The record of a cohort, by way of a run folder."""
    cohort.save(folder)
    run = RunFolder.open(folder)
    analyse_run(run, SilentProgress())
    return read_run(run)
