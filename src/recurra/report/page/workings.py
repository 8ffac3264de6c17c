"""How a network does its task, as tables made from its records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.regimes import CHAOTIC, Regimes
from recurra.analysis.failures import where_known
from recurra.report.page.memory_tables import PulseRow, pulse_rows, state_looks
from recurra.tasks import Task
from recurra.wording import course_words, three
from recurra.words.workings import MOST_NAMED, NAMES, output_words, sentences

LOOSE = 1e-9  # a mode whose multiplier is above 1 by more than this grows


@dataclass(frozen=True)
class RegimeRow:
    """A regime as a table shows it.

    Args:
        condition: its name.
        color: of the memory state; empty for other tasks.
        kind: of the regime.
        cells: period, multiplier, time constant and outputs.
    """

    condition: str
    color: str
    kind: str
    cells: tuple[str, str, str, str]


@dataclass(frozen=True)
class Workings:
    """How one network works.

    Args:
        sentences: in words.
        regimes: after some or all conditions.
        regimes_left: in words, what the table of regimes leaves out; empty for nothing.
        stimuli: the names of the pulses.
        pulses: what they make of each memory state; none where there is no table.
    """

    sentences: str
    regimes: tuple[RegimeRow, ...]
    regimes_left: str
    stimuli: tuple[str, ...]
    pulses: tuple[PulseRow, ...]


def workings_of(task: Task, dossier: Dossier, names: Sequence[str]) -> Workings:
    """How a network works.

    Args:
        task: what it was trained on.
        dossier: its analysis.
        names: of the conditions of the probe.
    """
    looks = [(name, "") for name in names] if dossier.memories is None else state_looks(task)
    rows, left = where_known(lambda: _regime_rows(dossier.regimes, looks), ((), "The regimes are not known."))
    table = where_known(lambda: dossier.memories and dossier.memories.pulse_table, None)
    pulses = () if table is None else pulse_rows(task, table)
    return Workings(
        sentences=" ".join(part for part in sentences(task, dossier, names) if part),
        regimes=rows,
        regimes_left=left,
        stimuli=task.stimulus_names() if pulses else (),
        pulses=pulses,
    )


def _regime_rows(found: Regimes, looks: Sequence[tuple[str, str]]) -> tuple[tuple[RegimeRow, ...], str]:
    """A row a condition; of many the first that differ from the most frequent kind, and the first of that kind."""
    shown = range(len(found))
    common, many = Counter(found.kind.tolist()).most_common(1)[0]
    left = ""
    if len(found) > MOST_NAMED:
        differing = np.flatnonzero(found.kind != common)[: MOST_NAMED - 1]
        alike = np.flatnonzero(found.kind == common)[: MOST_NAMED - len(differing)]
        shown = sorted([*differing.tolist(), *alike.tolist()])
        counted = f"all {many}" if many == len(found) else str(many)
        left = (
            f"Shown are {len(shown)} of {len(found)} conditions; {counted} are of the kind "
            f"{NAMES[_kind(found, common)]}."
        )
    return tuple(_regime_row(found, looks, at) for at in shown), left


def _regime_row(found: Regimes, looks: Sequence[tuple[str, str]], at: int) -> RegimeRow:
    (condition, color), outputs = looks[at], found.mean_output[at]
    told = " · ".join(output_words(value) for value in outputs[:MOST_NAMED])
    return RegimeRow(
        condition=condition,
        color=color,
        kind=NAMES[found.kind_of(at)] + _addition(found, at),
        cells=(
            three(found.period_ms[at]),
            three(found.multiplier[at]),
            course_words(float(found.time_constant_ms[at])),
            told + (" …" if len(outputs) > MOST_NAMED else ""),
        ),
    )


def _addition(found: Regimes, at: int) -> str:
    """What the name of a kind leaves open."""
    if found.kind_of(at) == CHAOTIC:
        return f", {three(found.exponent_hz[at])}/s"
    return ", unstable" if found.multiplier[at] > 1 + LOOSE else ""


def _kind(found: Regimes, kind: int) -> str:
    return found.kind_of(int(np.flatnonzero(found.kind == kind)[0]))
