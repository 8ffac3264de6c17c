"""Slow points: where a network is not at rest but moves least."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from recurra.analysis.fixed_points import CONVERGED, FixedPoints, eigenvalues_at, unique
from recurra.analysis.flow import Flow, flow_of
from recurra.checks import check_count, check_positive
from recurra.models.cohort import Network

LEVEL = 1e-8  # largest gradient of a minimum, relative to the product of speed and Jacobian
POLISHES = 8


@dataclass(frozen=True)
class SlowPoints:
    r"""Local minima of the speed $\|f(h) - h\|_2$ that are no fixed points.

    Args:
        states: the points.
        speed: $\|f(h) - h\|_2$ at each; it does not depend on the time step.
        eigenvalues: of the Jacobian of one step at each point, by modulus, the largest first.
        found: how many of the searches ended at each point.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    states: Float[np.ndarray, "slow_point unit"]
    speed: Float[np.ndarray, "slow_point"]
    eigenvalues: Complex[np.ndarray, "slow_point mode"]
    found: Int[np.ndarray, "slow_point"]

    def __len__(self) -> int:
        return len(self.states)


def slow_points(
    network: Network, points: FixedPoints, fastest: float = 0.1, apart: float = 1e-4, most: int = 10
) -> SlowPoints:
    r"""The slow points near the states in which the search for fixed points got stuck.

    $q(h) = \|f(h) - h\|^2 / 2$ is minimized by the method of Levenberg and Marquardt, then by Newton's. A point
    counts if the gradient of q vanishes, its Hessian $J^T J + \sum_i d_i \nabla^2 d_i$ has no negative eigenvalue, and
    its speed is below `fastest` but not zero: a local minimum, not merely a place where a search stopped.

    Args:
        network: the network.
        points: its fixed points at an input; the slow points belong to the same input.
        fastest: largest speed that is called slow.
        apart: two points closer than this are one.
        most: how many of the stuck states are followed at most.

    Source: Sussillo and Barak (2013); minimized by SciPy.
    """
    check_positive("fastest", fastest)
    check_positive("apart", apart)
    check_count("most", most)
    flow = flow_of(network, points.inputs)
    stuck = points.stuck[np.isfinite(points.stuck).all(axis=1)][:most]
    with threadpool_limits(1):
        ends = [_polished(flow, _lowest(flow, state)) for state in stuck]
    lowest = np.array([end for end in ends if _is_minimum(flow, end, fastest)]).reshape(-1, points.states.shape[1])
    states, found = unique(lowest, apart)
    speed = np.linalg.norm(flow.displacement(states), axis=1)
    order = np.argsort(speed)
    return SlowPoints(states[order], speed[order], eigenvalues_at(flow, states)[order], found[order])


def _lowest(flow: Flow, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit"]:
    return least_squares(flow.displacement, state, jac=flow.jacobian, method="lm", max_nfev=200).x  # type: ignore[arg-type]


def _polished(flow: Flow, state: Float[np.ndarray, "unit"]) -> Float[np.ndarray, "unit"]:
    """Newton's method for a zero of the gradient."""
    for _ in range(POLISHES):
        jacobian = flow.jacobian(state)
        hessian = jacobian.T @ jacobian + flow.bend(state)
        state = state - np.linalg.lstsq(hessian, jacobian.T @ flow.displacement(state), rcond=1e-10)[0]
    return state


def _is_minimum(flow: Flow, state: Float[np.ndarray, "unit"], fastest: float) -> bool:
    displacement, jacobian = flow.displacement(state), flow.jacobian(state)
    speed, size = np.linalg.norm(displacement), np.linalg.norm(jacobian, 2)
    if not 10 * CONVERGED < speed < fastest or np.linalg.norm(jacobian.T @ displacement) > LEVEL * speed * size:
        return False
    curvature = np.linalg.eigvalsh(jacobian.T @ jacobian + flow.bend(state))
    return bool(curvature[0] > -LEVEL * curvature[-1])
