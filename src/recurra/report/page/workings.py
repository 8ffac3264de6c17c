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
        color: the colour of the memory state; empty for other tasks.
        kind: the kind of the regime.
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
        pulses: the state after each pulse, one row per memory state; empty if there is no table.
    """

    sentences: str
    regimes: tuple[RegimeRow, ...]
    regimes_left: str
    stimuli: tuple[str, ...]
    pulses: tuple[PulseRow, ...]


def workings_of(task: Task, dossier: Dossier, names: Sequence[str]) -> Workings:
    """How a network works.

    Args:
        task: the task on which it was trained.
        dossier: the dossier of the network.
        names: the names of the conditions of the probe.
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


def _regime_rows(regimes: Regimes, looks: Sequence[tuple[str, str]]) -> tuple[tuple[RegimeRow, ...], str]:
    """One row per condition; of many, the first of the rare kinds and the first of the most frequent kind."""
    shown = range(len(regimes))
    common, many = Counter(regimes.kind.tolist()).most_common(1)[0]
    left = ""
    if len(regimes) > MOST_NAMED:
        differing = np.flatnonzero(regimes.kind != common)[: MOST_NAMED - 1]
        alike = np.flatnonzero(regimes.kind == common)[: MOST_NAMED - len(differing)]
        shown = sorted([*differing.tolist(), *alike.tolist()])
        counted = f"all {many}" if many == len(regimes) else str(many)
        left = (
            f"{len(shown)} of {len(regimes)} conditions are shown; {counted} are of the kind "
            f"{NAMES[_kind(regimes, common)]}."
        )
    return tuple(_regime_row(regimes, looks, at) for at in shown), left


def _regime_row(regimes: Regimes, looks: Sequence[tuple[str, str]], at: int) -> RegimeRow:
    (condition, color), outputs = looks[at], regimes.mean_output[at]
    told = " · ".join(output_words(value) for value in outputs[:MOST_NAMED])
    return RegimeRow(
        condition=condition,
        color=color,
        kind=NAMES[regimes.kind_of(at)] + _addition(regimes, at),
        cells=(
            three(regimes.period_ms[at]),
            three(regimes.multiplier[at]),
            course_words(float(regimes.time_constant_ms[at])),
            told + (" …" if len(outputs) > MOST_NAMED else ""),
        ),
    )


def _addition(regimes: Regimes, at: int) -> str:
    """What the name of a kind leaves open."""
    if regimes.kind_of(at) == CHAOTIC:
        return f", {three(regimes.exponent_hz[at])}/s"
    return ", unstable" if regimes.multiplier[at] > 1 + LOOSE else ""


def _kind(regimes: Regimes, kind: int) -> str:
    return regimes.kind_of(int(np.flatnonzero(regimes.kind == kind)[0]))
