"""Analyse the networks of a run one by one, here or in processes: each writes a part, and the parts are joined."""

import errno
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from recurra.analysis import MemoryCube, Spectrum, memory_cube, spectrum
from recurra.analysis.dossier import make_dossier
from recurra.analysis.dossier_records import record_kinds
from recurra.analysis.failures import attempted
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.own import OwnAnalysis, group_of, record_kind
from recurra.analysis.record import kinds_before
from recurra.models.cohort import Cohort
from recurra.runs.compiled import kept_programs
from recurra.runs.executors import Executor
from recurra.runs.own import command_for, use, used
from recurra.runs.own_analyses import analyses_named
from recurra.runs.parts import read_part, write_part
from recurra.runs.record import cohort_of
from recurra.runs.workers import LostPiece
from recurra.storage.files import beside, naming_file, remove
from recurra.storage.run_folder import RunFolder
from recurra.threads import one_thread


@dataclass(frozen=True)
class Piece:
    """The part of a run that a worker analyses.

    Args:
        run: folder of the run.
        numbers: numbers of the networks.
        parts: the folder for one part per network; new for every analysis.
        uses: the user's own files and modules that the run's spec may name; another process imports them too.
        analyses: the user's own analyses, by "module:function".
    """

    run: Path
    numbers: tuple[int, ...]
    parts: Path
    uses: tuple[str, ...]
    analyses: tuple[str, ...] = ()


def analyse_networks(
    folder: RunFolder,
    cohort: Cohort,
    executor: Executor,
    on_networks: Callable[[int], None],
    analyses: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """The records of every network by name, including those of the weights before training, or their `Failure`s.

    Args:
        folder: the run, locked by the caller.
        cohort: its networks.
        executor: the executor that runs the analyses.
        on_networks: called with the number of networks that are done.
        analyses: the user's own analyses, by "module:function".

    Raises:
        ChildProcessError: networks were not analysed because their workers were ended; the others are discarded too.
    """
    functions = zip(analyses, analyses_named(analyses), strict=True)
    own = {group_of(name): record_kind(function) for name, function in functions}
    folder.sweep()
    parts = beside(folder.path / "parts")
    parts.mkdir()
    try:
        lost = {}
        pieces = [Piece(folder.path, (number,), parts, used(), analyses) for number in cohort.numbers]
        with closing(executor.map(analyse_piece, pieces)) as results:
            for piece, result in results:
                if isinstance(result, LostPiece):
                    lost |= dict.fromkeys(piece.numbers, result.reason)
                on_networks(len(piece.numbers))
        if lost:
            raise ChildProcessError(errno.ECHILD, _told(lost, folder), str(folder.path))
        kinds = record_kinds(cohort.task) | own | kinds_before(cohort.task)
        return [read_part(_part(parts, number), kinds) for number in cohort.numbers]
    finally:
        _cohort.cache_clear()
        remove(parts)


def analyse_piece(piece: Piece) -> None:
    """Analyse the networks of a piece and write the part of each: the job of an `Executor`."""
    use(piece.uses)
    cohort, analyses = _cohort(piece.run, piece.parts), analyses_named(piece.analyses)
    with kept_programs():
        for number in piece.numbers:
            records = _records(cohort, cohort.numbers.index(number), analyses)
            with naming_file(piece.run):
                write_part(_part(piece.parts, number), records)


@lru_cache(maxsize=1)
def _cohort(run: Path, _parts: Path) -> Cohort:
    """The cohort of a run, read once for an analysis in every process."""
    return cohort_of(RunFolder.open(run))


def _records(cohort: Cohort, at: int, analyses: Sequence[OwnAnalysis]) -> dict[str, Any]:
    dossier = make_dossier(cohort[at], cohort.task, seed=cohort.seed, analyses=analyses)
    with one_thread():
        before = {name: attempted(partial(BEFORE[name], cohort, at)) for name in kinds_before(cohort.task)}
    return dossier.by_group() | before


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number}.npz"


def _told(lost: dict[int, str], folder: RunFolder) -> str:
    """Which networks were not analysed, why, and what to do."""
    numbers = sorted(lost)
    which = f"network {numbers[0]} was" if len(numbers) == 1 else f"networks {', '.join(map(str, numbers))} were"
    why = "; ".join(dict.fromkeys(lost[number] for number in numbers))
    again = command_for("analyse --processes 1", folder)
    return f"{which} not analysed: {why}. Nothing was changed; {again} takes the least memory"


def _spectrum_before(cohort: Cohort, at: int) -> Spectrum:
    """The spectrum of the weights before training of the network at position `at`."""
    return spectrum(recurrent=cohort.before(at).recurrent)


def _cube_before(cohort: Cohort, at: int) -> MemoryCube:
    """The memory cube of a network with memories before training."""
    return memory_cube(cohort.before(at), memory_task(cohort.task), seed=cohort.seed)


BEFORE: dict[str, Callable[[Cohort, int], Any]] = {"spectrum_before": _spectrum_before, "cube_before": _cube_before}
