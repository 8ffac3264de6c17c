"""The figures of a run for a manuscript: PNG and SVG at the papers' sizes."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from recurra.models.cohort import History
from recurra.plotting.papers import (
    StateSpace,
    behaviour,
    connectivity,
    cube_walk,
    in_print,
    learning,
    network_name,
    spectra,
    state_space,
)
from recurra.status import Status
from recurra.storage.run_folder import replace_bytes
from recurra.studies.run_record import RunRecord
from recurra.studies.spec import to_spec
from recurra.training.stopping import LossBelow

DPI = 300
PAGE = 20  # networks in one figure of state spaces
# No entry that changes from day to day.
METADATA: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
FORMATS = ("png", "svg")

Coordinates: TypeAlias = Float[np.ndarray, "point coordinate"]
Plan: TypeAlias = dict[str, Callable[[], Figure]]


def write_figures(run: RunRecord, folder: Path, progress: Callable[[int, int], None] | None = None) -> list[Path]:
    """Write every figure of a run as PNG (300 dpi) and SVG, each in one piece; those that are there are replaced.

    What an imported network does not have (its start, its history) is left out.

    Args:
        run: the run and its analysis.
        folder: where the files go; it is made if it is missing.
        progress: told after every figure how many are written, and how many there are in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    plan = figures_of(run)
    for done, (name, draw) in enumerate(plan.items(), start=1):
        figure = draw()
        for kind in FORMATS:
            paths.append(folder / f"{name}.{kind}")
            write_figure(figure, paths[-1])
        if progress is not None:
            progress(done, len(plan))
    return paths


def figures_of(run: RunRecord) -> Plan:
    """How to draw every figure of a run, by the name of its file."""
    plan: Plan = {}
    history, status = run.history, run.status
    if history is not None and status is not None:
        plan["learning"] = lambda: _learning(run, history, status)
    plan["spectra"] = lambda: spectra([dossier.spectrum for dossier in run.dossiers], run.before, run.numbers)
    for kind, view in (("components", _along_components), ("bits", _along_bits)):
        for name, part in _pages(f"state_space_{kind}", len(run.numbers)):
            plan[name] = lambda view=view, part=part: _state_space(run, view, part)
    for at, number in enumerate(run.numbers):
        plan[f"behaviour_{number}"] = lambda at=at: _behaviour(run, at)
        plan[f"cube_walk_{number}"] = lambda at=at: _cube_walk(run, at)
        plan[f"connectivity_{number}"] = lambda at=at: _connectivity(run, at)
    return plan


def _learning(run: RunRecord, history: History, status: Sequence[Status]) -> Figure:
    """Loss and success against trials; the line is at the run's own criterion, or else at the papers'."""
    training = to_spec(run.about["spec"]).training
    criterion = training.stop.bound if isinstance(training.stop, LossBelow) else LossBelow().bound
    return learning(history, run.numbers, status, training.batch, criterion)


def _behaviour(run: RunRecord, at: int) -> Figure:
    return behaviour(run.examples, run.dossiers[at].behaviour.examples, run.numbers[at])


def _cube_walk(run: RunRecord, at: int) -> Figure:
    return cube_walk(run.walk, run.dossiers[at].behaviour.walk, run.task.states, run.numbers[at])


def _connectivity(run: RunRecord, at: int) -> Figure:
    before = None if run.initial is None else np.asarray(run.initial.recurrent[at], np.float64)
    return connectivity(np.asarray(run.weights.recurrent[at], np.float64), before, run.numbers[at])


def _pages(name: str, networks: int) -> Iterator[tuple[str, range]]:
    """Names of the figures and positions of the networks in each; one page needs no number."""
    for page, first in enumerate(range(0, networks, PAGE), start=1):
        yield name if networks <= PAGE else f"{name}_{page}", range(first, min(first + PAGE, networks))


def _state_space(run: RunRecord, view: Callable[[RunRecord, int], StateSpace], part: range) -> Figure:
    fourth = view is _along_bits and run.task.bits >= 4
    note = "bit 4 scales the cube: + outside, − inside" if fourth else ""
    time_ms = np.asarray(run.walk["walk_time"])
    return state_space([view(run, at) for at in part], run.task.states, time_ms, note)


def _along_components(run: RunRecord, at: int) -> StateSpace:
    """A network along the principal components of its rates: every network turned its own way."""
    dossier = run.dossiers[at]
    geometry, shares = dossier.geometry, dossier.pca.explained_variance
    corners = dossier.pca.project(geometry.center + run.task.states @ geometry.axes)
    shown = min(3, max(run.task.bits, 1), corners.shape[1])
    return StateSpace(
        title=network_name(run.numbers[at]),
        axes=tuple(f"PC {axis + 1} ({100 * share:.0f} %)" for axis, share in enumerate(shares[:shown])),
        walk=dossier.behaviour.walk_components[:, :shown],
        states=dossier.behaviour.states_components[:, :shown],
        corners=corners[:, :shown],
    )


def _along_bits(run: RunRecord, at: int) -> StateSpace:
    """A network along the axes of its bits: the cubes of all networks are aligned."""
    behaviour_of, bits = run.dossiers[at].behaviour, run.task.bits
    return StateSpace(
        title=network_name(run.numbers[at]),
        axes=tuple(f"Bit {axis + 1}" for axis in range(min(3, bits))) if bits > 1 else ("Bit",),
        walk=_in_space(behaviour_of.walk_bits),
        states=_in_space(behaviour_of.states_bits),
        corners=_in_space(run.task.states.astype(np.float64)),
    )


def _in_space(bits: Coordinates) -> Coordinates:
    """Three coordinates of four bits or more: the fourth scales the others, so that a cube stands within a cube."""
    return bits[:, :3] * (1 + 0.35 * np.clip(bits[:, 3:4], -1.5, 1.5)) if bits.shape[1] > 3 else bits


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure in one piece: it is there whole, or as it was."""
    content, kind = io.BytesIO(), path.suffix.removeprefix(".")
    with in_print(), matplotlib.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(content, format=kind, dpi=DPI, metadata=METADATA[kind])
    replace_bytes(path, content.getbuffer())
