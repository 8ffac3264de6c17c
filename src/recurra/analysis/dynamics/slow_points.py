"""Slow points: states at which a network does not rest but moves least."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.optimize import minimize

from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.linearization import eigenvalues_at
from recurra.analysis.dynamics.newton import CONVERGED
from recurra.analysis.dynamics.starts import in_parts, unique
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_count, check_positive
from recurra.linalg import spectral_norm
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import one_thread

LEVEL = 1e-8  # largest gradient of a minimum, relative to the product of speed and Jacobian, or 1 if that is larger:
# at the ghost of two points the Jacobian of a single unit vanishes with the gradient
FLAT = 1e-13  # gradient below which the search ends
ITERATIONS = 200


@dataclass(frozen=True)
class SlowPoints(Shown):
    r"""Local minima of the speed $\|f(h) - h\|_2$ that are not fixed points.

    Args:
        states: the points.
        speed: $\|f(h) - h\|_2$ at each point; it does not depend on the time step.
        eigenvalues: eigenvalues of the Jacobian of one step at each point, by modulus, the largest first.
        found: number of searches that ended at each point.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    states: Float[np.ndarray, "slow_point state_variable"]
    speed: Float[np.ndarray, "slow_point"]
    eigenvalues: Complex[np.ndarray, "slow_point mode"]
    found: Int[np.ndarray, "slow_point"]

    def __len__(self) -> int:
        return len(self.states)


@of_each_network
def slow_points(
    network: Subject,
    task: Task | None = None,
    *,
    points: FixedPoints | None = None,
    fastest: float = 0.1,
    apart: float = 1e-4,
    most: int = 10,
    seed: int | None = None,
) -> SlowPoints:
    r"""The slow points near the states in which the search for fixed points got stuck.

    $q(h) = \|f(h) - h\|^2 / 2$ is minimized by Newton's method within a trust region, with the exact Hessian
    $J^T J + \sum_i d_i \nabla^2 d_i$ of the displacement d. A point counts if the gradient of q vanishes, the Hessian
    has no negative eigenvalue, and its speed is below `fastest` but not zero: a local minimum, not merely a place where
    a search stopped.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `points`.
        points: its fixed points at an input; the slow points belong to the same input. If not given, those without
            input.
        fastest: largest speed that counts as slow.
        apart: distance below which two points are the same.
        most: largest number of stuck states that are followed.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.

    Source: Sussillo and Barak (2013); SciPy minimizes q.
    """
    check_positive("fastest", fastest)
    check_positive("apart", apart)
    check_count("most", most)
    visit = visit_of(network, task, seed)
    points = fixed_points(visit) if points is None else points
    flow = flow_of(visit.network, points.inputs)
    stuck = points.stuck[np.isfinite(points.stuck).all(axis=1)][:most]
    with one_thread():
        ends = in_parts(lambda part: np.array([_lowest(flow, state) for state in part]), stuck)
    lowest = np.array([end for end in ends if _is_minimum(flow, end, fastest)]).reshape(-1, points.states.shape[1])
    states, counts = unique(lowest, apart)
    speed = np.linalg.norm(flow.displacement(states), axis=1)
    order = np.argsort(speed)
    return SlowPoints(states[order], speed[order], eigenvalues_at(flow, states)[order], counts[order])


def _lowest(flow: Flow, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state"]:
    def with_gradient(state: Float[np.ndarray, "state"]) -> tuple[float, Float[np.ndarray, "state"]]:
        displacement = flow.displacement(state)
        return float(displacement @ displacement) / 2, flow.jacobian(state).T @ displacement

    options = {"gtol": FLAT, "maxiter": ITERATIONS}
    hessian = partial(_hessian, flow)
    try:
        return minimize(with_gradient, state, jac=True, hess=hessian, method="trust-exact", options=options).x
    except (ValueError, np.linalg.LinAlgError):  # the Hessian overflowed: this search has no end
        return np.full_like(state, np.nan)


def _hessian(flow: Flow, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "state state"]:
    """The Hessian of half the squared displacement."""
    jacobian = flow.jacobian(state)
    return jacobian.T @ jacobian + flow.bend(state)


def _is_minimum(flow: Flow, state: Float[np.ndarray, "state"], fastest: float) -> bool:
    displacement, jacobian = flow.displacement(state), flow.jacobian(state)
    speed = np.linalg.norm(displacement)
    if not 10 * CONVERGED < speed < fastest:
        return False
    hessian = _hessian(flow, state)
    if not (np.isfinite(state).all() and np.isfinite(hessian).all()):
        return False
    if np.linalg.norm(jacobian.T @ displacement) > LEVEL * speed * max(spectral_norm(jacobian), 1.0):
        return False
    curvature = np.linalg.eigvalsh(hessian)
    return bool(curvature[0] > -LEVEL * max(curvature[-1], speed))
