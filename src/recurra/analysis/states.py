"""The states of a network along trials, and states near them."""

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.starts import starts_among
from recurra.analysis.dynamics.steps import states_along
from recurra.analysis.subjects import Subject, of_each_network, seed_of, visit_of
from recurra.analysis.visit import SPREAD, STARTS
from recurra.checks import check_array
from recurra.tasks.base import Task


@of_each_network
def states_on(
    network: Subject, task: Task | None = None, *, inputs: Float[np.ndarray, "trial time input"] | None = None
) -> Float[np.ndarray, "trial time state"]:
    """The states at every step of trials, in float64; in the current form these are not the rates.

    Args:
        network: the network.
        task: its task.
        inputs: inputs of the trials; if not given, those of the task's probe.
    """
    visit = visit_of(network, task)
    if inputs is None:
        return visit.states
    axes = {"trial": None, "time": None, "input": visit.network.weights.inputs}
    return states_along(visit.network, check_array("inputs", inputs, **axes))


@of_each_network
def starts_near(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    states: Float[np.ndarray, "trial time state"] | None = None,
    starts: int = STARTS,
    spread: float = SPREAD,
    seed: int | None = None,
) -> Float[np.ndarray, "start state"]:
    """Random states on trajectories, and between them, plus normal noise.

    Every other start is a mixture of three states on trajectories, with uniformly distributed weights that sum to 1,
    because saddles lie between the states that a network visits.

    Args:
        network: the network; not needed with `states`.
        task: its task.
        states: states on trajectories; if not given, those on the task's probe.
        starts: number of states that are drawn.
        spread: standard deviation of the noise.
        seed: seed of the draw.
    """
    if states is not None and network is None:
        return starts_among(states, starts, spread, seed_of(network, seed))
    visit = visit_of(network, task, seed)
    return starts_among(visit.states if states is None else states, starts, spread, visit.seed)
