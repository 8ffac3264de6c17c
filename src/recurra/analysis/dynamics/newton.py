"""Newton's method for many states at once."""

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.dynamics.flow import Flow

States = Float[np.ndarray, "start state"]
CONVERGED = 1e-10  # largest residual of a fixed point, times its largest coordinate if that is above 1
POLISHED = 1e-13  # residual below which no further step is taken
ITERATIONS, HALVINGS = 60, 12
LONG = 1e3  # a Newton step of more than this a unit is the step of a singular matrix
FLAT = 1e-7  # singular values of J below this, relative to 1 or the largest, belong to directions without motion


def newton(flow: Flow, starts: States) -> States:
    """Where Newton's method ends from every start.

    Args:
        flow: the flow at a constant input.
        starts: states from which it begins.
    """
    states = starts.copy()
    active = np.arange(len(states))
    for _ in range(ITERATIONS):
        if not len(active):
            break
        here = states[active]
        displacement = flow.displacement(here)
        step = _solved(flow.jacobian(here), -displacement)
        residual = np.linalg.norm(displacement, axis=1)
        moved, lessened = _line_search(flow, here, step, residual)
        states[active] = moved
        active = active[lessened & (residual >= POLISHED)]
    return states


def _line_search(
    flow: Flow, here: States, step: States, residual: Float[np.ndarray, "start"]
) -> tuple[States, np.ndarray]:
    """The largest of the halved steps that lessens the residual; where none does, the state stays."""
    moved, waiting, length = here.copy(), np.arange(len(here)), 1.0
    for _ in range(HALVINGS):
        tried = here[waiting] + length * step[waiting]
        bound = (1 - 1e-4 * length) * residual[waiting]
        better = np.linalg.norm(flow.displacement(tried), axis=1) < bound
        moved[waiting[better]] = tried[better]
        waiting = waiting[~better]
        if not len(waiting):
            break
        length /= 2
    lessened = np.ones(len(here), bool)
    lessened[waiting] = False
    return moved, lessened


def _solved(matrices: Float[np.ndarray, "start state state"], right: States) -> States:
    """The solutions; where a matrix is singular, or nearly so that the step is long, the shortest least-squares one."""
    try:
        solutions = np.linalg.solve(matrices, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        solutions = np.full_like(right, np.inf)
    with np.errstate(over="ignore"):
        long = ~(np.linalg.norm(solutions, axis=1) < LONG * np.sqrt(right.shape[1]))
    finite = np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    solutions[~finite] = np.nan  # no step lessens what has overflowed: the state stays
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
    return np.linalg.norm(flow.displacement(states), axis=1) < CONVERGED * size
