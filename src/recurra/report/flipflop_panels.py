"""The figures that only a flip-flop has: its bits, the walk through its memory states, and where these lie."""

from collections.abc import Iterator

import numpy as np

from recurra.plotting.colors import network_color
from recurra.plotting.interactive import Portrait, bit_trials, cube_walk, state_space, vertices
from recurra.report import descriptions as say
from recurra.report.findings import FlipFlopFindings
from recurra.report.panel import FINE, Panel
from recurra.report.workings_panels import landmarks_of
from recurra.studies.run_record import RunRecord
from recurra.wording import percent

WALK_STEPS = 3_000  # of the cube walk that are drawn


def flipflop_panels(run: RunRecord, found: FlipFlopFindings, at: int, name: str) -> Iterator[Panel]:
    """What the network at position `at` does, and its memory states.

    Args:
        run: the run.
        found: what only a flip-flop has.
        at: position of the network.
        name: what it is called.
    """
    number, dossier, color = run.numbers[at], run.dossiers[at], network_color(run.numbers[at])
    examples, walk = run.examples, found.walk.isel(walk_time=slice(WALK_STEPS))
    inputs, targets, outputs = examples["inputs"].values, examples["targets"].values, dossier.behaviour.examples
    figure = bit_trials(examples["time"].values, inputs, targets, outputs, color)
    yield Panel(f"trials-{number}", figure, say.bit_trials(name, targets, outputs), detail=True)
    time = walk["walk_time"].values
    inputs, targets, state = (walk[key].values for key in ("inputs", "targets", "memory_state"))
    outputs = found.walks[at].outputs[: len(time)]
    figure = cube_walk(time, inputs, targets, outputs, state, found.task.states, color)
    yield Panel(f"walk-{number}", figure, say.walk(name, state, targets, outputs))
    yield from _state_spaces(run, found, at, name, time, state)


def _state_spaces(
    run: RunRecord, found: FlipFlopFindings, at: int, name: str, time: np.ndarray, state: np.ndarray
) -> Iterator[Panel]:
    number, dossier, states, dt_ms = run.numbers[at], run.dossiers[at], found.task.states, found.task.dt_ms
    pca, walk, geometry = dossier.pca, found.walks[at], found.geometries[at]
    divisions = 2 if len(run.numbers) <= FINE else 1
    count = min(3, found.task.bits, walk.components.shape[1])
    shares = pca.explained_variance
    path = walk.components[: len(time), :count]
    principal = Portrait(
        path=path,
        path_state=state,
        time_ms=time,
        states=states,
        means=walk.states_components[:, :count],
        vertices=pca.project(vertices(geometry, states))[:, :count],
        axes=[f"PC {axis + 1} ({percent(shares[axis])} %)" for axis in range(count)],
        landmarks=landmarks_of(dossier, dossier.landscape, path, dt_ms),
    )
    path = walk.bits[: len(time), :count]
    bits = Portrait(
        path=path,
        path_state=state,
        time_ms=time,
        states=states,
        means=walk.states_bits[:, :count],
        vertices=states[:, :count].astype(float),
        axes=[f"bit {axis + 1}" for axis in range(count)],
        landmarks=landmarks_of(dossier, dossier.landscape_bits, path, dt_ms) if dossier.landscape_bits else None,
    )
    label, spatial = say.state_space(name, geometry, pca, count) + say.landmarks(principal.landmarks), count >= 3
    yield Panel(f"principal-{number}", state_space(principal, divisions=divisions), label, spatial)
    figure = state_space(bits, divisions=divisions)
    yield Panel(f"bits-{number}", figure, label + " Axes: the bits.", spatial, detail=True)
