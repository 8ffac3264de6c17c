"""Newton's method for many states at once."""

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.dynamics.flow import Equation, Flow

States = Float[np.ndarray, "start state"]
CONVERGED = 1e-10  # largest residual of a fixed point, times its largest coordinate if that is above 1
POLISHED = 1e-13  # residual below which no further step is taken
ITERATIONS, HALVINGS = 60, 12
LONG = 1e3  # a Newton step longer than this, times the root of the number of units, comes from a singular matrix
CACHED = 2**18  # entries of the Jacobians that are solved at once: 2 MB
FLAT = 1e-7  # singular values of J below this, relative to 1 or the largest, belong to directions without motion


def newton(flow: Flow, starts: States) -> States:
    """The states at which Newton's method ends from every start, to the last digit.

    Args:
        flow: the flow at a constant input.
        starts: states from which it begins.
    """
    return polished(flow, descent(flow, starts))


def descent(flow: Flow, starts: States) -> States:
    """The states at which Newton's method ends from every start, up to a residual of 1e-13.

    Args:
        flow: the flow at a constant input.
        starts: states from which it begins.
    """
    equation = flow.search
    states, displacement = starts.copy(), equation.displacement(starts)
    active = np.arange(len(states))
    for _ in range(ITERATIONS):
        active = active[~(np.linalg.norm(displacement[active], axis=1) < POLISHED)]
        if not len(active):
            break
        states[active], displacement[active], lessened = _stepped(equation, states[active], displacement[active])
        active = active[lessened]
    return states


def polished(flow: Flow, states: States) -> States:
    """The states after one more Newton step, where the residual is below 1e-13 and the step lowers it.

    Args:
        flow: the flow at a constant input.
        states: ends of the descent.
    """
    equation = flow.search
    states, displacement = states.copy(), equation.displacement(states)
    near = np.linalg.norm(displacement, axis=1) < POLISHED
    states[near] = _stepped(equation, states[near], displacement[near])[0]
    return states


def _stepped(
    equation: Equation, here: States, displacement: States
) -> tuple[States, States, Bool[np.ndarray, "start"]]:
    """The states one step later, the displacement there, and whether it is less; in groups that stay in the cache."""
    size = max(1, CACHED // here.shape[1] ** 2)
    groups = [slice(first, first + size) for first in range(0, len(here), size)]
    steps = [_solved(equation.jacobian(here[group]), -displacement[group]) for group in groups]
    return _line_search(equation, here, np.concatenate([np.zeros((0, here.shape[1])), *steps]), displacement)


def _line_search(
    equation: Equation, here: States, step: States, displacement: States
) -> tuple[States, States, Bool[np.ndarray, "start"]]:
    """The largest of the halved steps that lowers the residual; if none does, the state stays."""
    moved, there, waiting, length = here.copy(), displacement.copy(), np.arange(len(here)), 1.0
    residual = np.linalg.norm(displacement, axis=1)
    for _ in range(HALVINGS):
        tried = here[waiting] + length * step[waiting]
        displaced = equation.displacement(tried)
        better = np.linalg.norm(displaced, axis=1) < (1 - 1e-4 * length) * residual[waiting]
        moved[waiting[better]], there[waiting[better]] = tried[better], displaced[better]
        waiting = waiting[~better]
        if not len(waiting):
            break
        length /= 2
    lessened = np.ones(len(here), bool)
    lessened[waiting] = False
    return moved, there, lessened


def _solved(matrices: Float[np.ndarray, "start state state"], right: States) -> States:
    """The solutions; for a singular matrix, or one with a long step, the shortest least-squares solution."""
    try:
        solutions = np.linalg.solve(matrices, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        solutions = np.full_like(right, np.inf)
    with np.errstate(over="ignore"):
        long = ~(np.linalg.norm(solutions, axis=1) < LONG * np.sqrt(right.shape[1]))
    finite = np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    solutions[~finite] = np.nan  # after an overflow no step lowers the residual: the state stays
    for at in np.flatnonzero(long & finite):
        solutions[at] = np.linalg.lstsq(matrices[at], right[at], rcond=FLAT)[0]
    return solutions


def is_fixed(flow: Flow, states: States) -> Bool[np.ndarray, "start"]:
    """Whether the residual is as small as that of a fixed point.

    Args:
        flow: the flow at a constant input.
        states: some states.
    """
    size = np.maximum(np.abs(states).max(axis=1, initial=0), 1)
    return np.linalg.norm(flow.search.displacement(states), axis=1) < CONVERGED * size
