"""A task and its networks as JSON, with all arrays as base64 of little-endian float32."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from recurra.analysis import states_on
from recurra.analysis.memory.memory_tasks import has_memories
from recurra.models.network import Network
from recurra.numerics import GENERATOR, pinned
from recurra.plotting.colors import condition_colors, network_color, state_colors
from recurra.report.play.equations import NotPlayableError, arrays_of, equations_of
from recurra.report.play.played import PlayedNetwork
from recurra.tasks import Task
from recurra.words.names import network_name, state_name

FORMAT = "recurra-play 1"
TEST_STEPS = 100
NETWORKS, CHANNELS, STIMULI, MEMORIES, NUMBERS = 8, 64, 64, 64, 200_000  # the most that a page has


def payload_json(task: Task, title: str, networks: Sequence[PlayedNetwork]) -> str:
    """What the page has to know, as JSON that can stand in a script element: no `<` in it.

    Args:
        task: the task of the networks.
        title: of the page.
        networks: one or more, whose equations the player has.

    Raises:
        NotPlayableError: the player does not have the equations of a network, or the task has too many channels.
    """
    text = json.dumps(payload(task, title, networks), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def payload(task: Task, title: str, networks: Sequence[PlayedNetwork]) -> dict[str, Any]:
    """What `payload_json` writes."""
    if max(task.inputs, task.outputs) > CHANNELS:
        raise NotPlayableError(
            f"the task has {task.inputs} inputs and {task.outputs} outputs; a page can play up to {CHANNELS} of each"
        )
    return {
        "format": FORMAT,
        "title": title[:200],
        "dt_ms": task.dt_ms,
        "inputs": [f"input {number}" for number in range(1, task.inputs + 1)],
        "outputs": [f"output {number}" for number in range(1, task.outputs + 1)],
        "pulse": _pulse(task),
        "stimuli": _stimuli(task),
        "memories": _memories(task),
        "networks": [_network(one, task) for one in networks],
    }


def title_of(task: Task) -> str:
    """The title of a page with networks on a task."""
    return task.title[:1].upper() + task.title[1:]


def packed(array: Any) -> str:
    """An array of finite numbers as base64 of little-endian float32."""
    with np.errstate(over="ignore"):
        flat = np.asarray(array).astype("<f4")
    if not np.isfinite(flat).all():
        raise NotPlayableError("the network has numbers that are too large for a page")
    return base64.b64encode(flat.tobytes()).decode()


def _pulse(task: Task) -> dict[str, Any]:
    """Length and height of a pulse of a key: the shortest and the highest constant piece of the task's stimuli."""
    stimuli = np.asarray(task.stimuli())
    runs = [len(piece) for one in stimuli for channel in one.T for piece in _pieces(channel) if piece[0] != 0]
    height = float(np.abs(stimuli).max(initial=0)) or 1.0
    return {"steps": min(runs, default=1), "height": height}


def _pieces(channel: np.ndarray) -> list[np.ndarray]:
    return np.split(channel, np.flatnonzero(np.diff(channel)) + 1)


def _stimuli(task: Task) -> list[dict[str, Any]]:
    """The stimuli that are more than a pulse on one input; those are what the buttons of the inputs give."""
    found = []
    for name, inputs in zip(task.stimulus_names(), np.asarray(task.stimuli()), strict=True):
        steps = int(np.flatnonzero(inputs.any(axis=1)).max(initial=-1)) + 1
        alone = np.count_nonzero(inputs.any(axis=0)) == 1 and len(inputs) == steps and (inputs == inputs[0]).all()
        if steps and not alone and len(found) < STIMULI and inputs[:steps].size <= NUMBERS:
            found.append({"name": name[:200], "steps": steps, "inputs": packed(inputs[:steps])})
    return found


def _memories(task: Task) -> dict[str, Any] | None:
    """How every memory state is set from rest, and what is expected at the end of a trial; None without memories."""
    if not has_memories(task) or len(task.states) > MEMORIES:
        return None
    inputs = np.asarray(task.probe().inputs)
    steps = int(np.flatnonzero(inputs.any(axis=(0, 2))).max(initial=0)) + 1
    return {
        "names": [state_name(state).replace(" ", "") for state in task.states],
        "colors": state_colors(task.states),
        "signs": task.states.ravel().tolist(),
        "pulse_steps": steps,
        "steps": task.steps,
        "inputs": packed(inputs[:, :steps]),
    }


def _network(one: PlayedNetwork, task: Task) -> dict[str, Any]:
    network, view = one.network, one.view
    exist = network.connections and np.asarray(getattr(network.connections, "recurrent", True))
    absent = None if np.all(exist) else base64.b64encode(np.packbits(~exist).tobytes()).decode()
    checkpoints = {**one.earlier, "trained": network}
    return {
        "number": one.number,
        "name": network_name(one.number),
        "color": network_color(one.number),
        "units": network.weights.units,
        "equations": equations_of(network),
        "checkpoints": [{"name": name, **_weights(each)} for name, each in checkpoints.items()],
        "absent": absent,
        "groups": [
            {"label": " ".join(group.names), "first": group.first, "count": group.count}
            for group in one.groups
            if len(one.groups) > 1
        ],
        "view": {
            "center": packed(view.center),
            "components": packed(view.components),
            "axes": view.axes,
            "limit": view.limit,
            "corner_count": len(view.corners),
            "corners": packed(view.corners),
            "edges": view.edges.ravel().tolist(),
            "path_points": view.paths.shape[1],
            "path_colors": condition_colors(len(view.paths))[: len(view.paths)],
            "paths": packed(view.paths),
        },
        "points": {
            "where": packed(one.points.where),
            "stable": one.points.stable.tolist(),
            "texts": list(one.points.texts),
            "left_out": one.points.left_out,
        },
        "test": _self_test(network, task),
    }


def _weights(network: Network) -> dict[str, str]:
    return {name: packed(array) for name, array in arrays_of(network).items()}


def _self_test(network: Network, task: Task) -> dict[str, Any]:
    """Inputs of a trial of the task and the states that recurra computes from the weights of the page, in float64."""
    with pinned():
        trial = np.asarray(task.sample(jax.random.key(0, impl=GENERATOR), 1).inputs[0], np.float32)
    inputs = np.resize(trial, (TEST_STEPS, trial.shape[1]))
    single = jax.tree.map(lambda array: np.asarray(array, np.float32), network.weights)
    states = states_on(replace(network, weights=single), inputs=inputs[None])[0]
    with np.errstate(over="ignore"):
        finite = np.isfinite(states.astype(np.float32)).all(axis=1)
    steps = TEST_STEPS if finite.all() else int(np.argmin(finite))
    return {"steps": steps, "inputs": packed(inputs[:steps]), "states": packed(states[:steps])}
