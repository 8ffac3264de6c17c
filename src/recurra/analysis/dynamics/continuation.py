"""Branches of fixed points along the amplitude of an input, and where they fold or lose stability."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of, per_channel
from recurra.analysis.dynamics.linearization import OUTSIDE, modes_at
from recurra.analysis.dynamics.newton import CONVERGED
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.checks import check_array, check_count, check_positive
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task

Point = Float[np.ndarray, "coordinate"]
CORRECTIONS = 12  # Newton steps before an arc is halved
STRETCH = 1.2  # a next point at more than this many arcs is on another branch
SHORTEST = 1e-3  # share of the longest arc below which arcs are not halved further


@dataclass(frozen=True)
class Branch(Shown):
    """Fixed points along an input's amplitude, in the order in which the branch was followed.

    Args:
        amplitude: amplitude of the input at each point.
        states: the fixed point at each amplitude.
        leading: the eigenvalue of the largest modulus of the Jacobian of one step.
        index: number of unstable modes.
        fold: whether the amplitude turns back at the point: two fixed points meet there and vanish.
    """

    sources: ClassVar[tuple[str, ...]] = ("allgower1990",)

    amplitude: Float[np.ndarray, "branch_point"]
    states: Float[np.ndarray, "branch_point state"]
    leading: Complex[np.ndarray, "branch_point"]
    index: Int[np.ndarray, "branch_point"]
    fold: Bool[np.ndarray, "branch_point"]

    def __len__(self) -> int:
        return len(self.amplitude)


@of_each_network
def continuation(
    network: Subject,
    task: Task | None = None,
    *,
    direction: Float[np.ndarray, "input"],
    origin: Float[np.ndarray, "input"] | float = 0.0,
    state: Float[np.ndarray, "state"] | None = None,
    amplitudes: tuple[float, float] = (0.0, 1.0),
    arc: float = 0.05,
    most: int = 500,
) -> Branch:
    r"""Follow a fixed point while the input $x_0 + a\,x$ changes its amplitude a.

    Pseudo-arclength continuation: the next point solves $f(h, a) = h$ on the plane across the branch's tangent, one
    `arc` further in the space of (h, a), so that the branch goes round folds. If Newton's method fails, the arc is
    halved. The branch ends where the amplitude leaves the range, after `most` points, or where it cannot be followed,
    which may happen where branches cross.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `state`.
        direction: x, what is added to the input from the amplitude 0 to 1.
        origin: $x_0$, the input at amplitude 0; one number for all inputs, or one for each.
        state: a fixed point at the first amplitude, or a state from which Newton's method finds it; if not given, the
            first of `fixed_points` there: of those with the fewest unstable modes the one at which most starts end.
        amplitudes: the first amplitude, and the one towards which the branch is followed.
        arc: longest distance between two points in the space of states and amplitude, in units of the square root of
            the number of units.
        most: largest number of points.

    Raises:
        ValueError: Newton's method finds no fixed point from the state, or without one there is no fixed point.

    Source: Allgower and Georg (1990).
    """
    check_positive("arc", arc)
    check_count("most", most)
    first, last = check_array("amplitudes", amplitudes, amplitude=2).astype(np.float64)
    if first == last:
        raise ValueError(f"amplitudes is {amplitudes}; expected two different numbers")
    visit = visit_of(network, task)
    channels = visit.network.weights.inputs
    along = check_array("direction", direction, input=channels).astype(np.float64)
    path = _Path(visit.network, along, per_channel("origin", origin, channels))
    state = _first_point(visit, path.inputs(first)) if state is None else state
    state = check_array("state", state, state=visit.network.state_size).astype(np.float64)
    upward = np.append(np.zeros(len(state)), np.sign(last - first))
    point = path.corrected(np.append(state, first), upward)
    if point is None:
        raise ValueError("Newton's method finds no fixed point from the state; take one of fixed_points(...)")
    return _branch(path, np.array(path.followed(point, upward, (first, last), arc * np.sqrt(len(state)), most)))


def _first_point(visit: Visit, inputs: Float[np.ndarray, "input"]) -> Float[np.ndarray, "state"]:
    points = fixed_points(visit, inputs=inputs)
    if not len(points):
        raise ValueError("the network has no fixed point at the first amplitude; give a state from which to begin")
    return points.states[0]


@dataclass(frozen=True)
class _Path:
    """The equations of a branch in the space of points (h, a)."""

    network: Network
    direction: Float[np.ndarray, "input"]
    origin: Float[np.ndarray, "input"]

    def inputs(self, amplitude: float) -> Float[np.ndarray, "input"]:
        return self.origin + amplitude * self.direction

    def flow(self, point: Point) -> Flow:
        return flow_of(self.network, self.inputs(point[-1]))

    def derivative(self, point: Point) -> Float[np.ndarray, "state coordinate"]:
        """The derivative of the displacement by h and by a."""
        flow = self.flow(point)
        by_amplitude = flow.input_jacobian(point[:-1]) @ self.direction
        return np.concatenate([flow.jacobian(point[:-1]), by_amplitude[:, None]], axis=1)

    def corrected(self, guess: Point, across: Point) -> Point | None:
        """Newton's method on the plane through the guess across a direction; None if it does not converge."""
        point = guess
        for _ in range(CORRECTIONS):
            displacement = self.flow(point).displacement(point[:-1])
            if np.linalg.norm(displacement) < CONVERGED / 10:
                return point
            system = np.concatenate([self.derivative(point), across[None]])
            right = np.append(-displacement, (guess - point) @ across)
            step = _solution(system, right)
            if step is None:
                return None
            point = point + step
        return None

    def tangent(self, point: Point, before: Point) -> Point:
        """The direction of the branch, of length 1, on the same side as the previous direction."""
        system = np.concatenate([self.derivative(point), before[None]])
        solution = _solution(system, np.append(np.zeros(len(point) - 1), 1.0))
        return before if solution is None else solution / np.linalg.norm(solution)

    def followed(
        self, point: Point, upward: Point, amplitudes: tuple[float, float], longest: float, most: int
    ) -> list[Point]:
        """The points of the branch from the first one on, until the amplitude leaves its range."""
        points, tangent, length = [point], self.tangent(point, upward), longest
        while len(points) < most and length >= SHORTEST * longest:
            following = self.corrected(points[-1] + length * tangent, tangent)
            if following is None or np.linalg.norm(following - points[-1]) > STRETCH * length:
                length /= 2
                continue
            if not min(amplitudes) <= following[-1] <= max(amplitudes):
                points.append(self.at_edge(points[-1], following, amplitudes))
                break
            tangent = self.tangent(following, tangent)
            points.append(following)
            length = min(2 * length, longest)
        return points

    def at_edge(self, before: Point, after: Point, amplitudes: tuple[float, float]) -> Point:
        """The point between two points at which the amplitude reaches the end of its range."""
        edge = float(np.clip(after[-1], min(amplitudes), max(amplitudes)))
        share = (edge - before[-1]) / (after[-1] - before[-1])
        guess = np.append((before + share * (after - before))[:-1], edge)
        reached = self.corrected(guess, np.append(np.zeros(len(guess) - 1), 1.0))
        return after if reached is None else reached


def _solution(
    system: Float[np.ndarray, "coordinate coordinate"], right: Float[np.ndarray, "coordinate"]
) -> Float[np.ndarray, "coordinate"] | None:
    """The solution of a linear system; None if it is singular, as where branches cross."""
    try:
        return np.linalg.solve(system, right)
    except np.linalg.LinAlgError:
        return None


def _branch(path: _Path, points: Float[np.ndarray, "branch_point coordinate"]) -> Branch:
    modes = [modes_at(path.flow(point), point[None, :-1]) for point in points]
    turns = np.sign(np.diff(points[:, -1]))
    fold = np.zeros(len(points), bool)
    fold[1:-1] = turns[1:] * turns[:-1] < 0
    return Branch(
        amplitude=points[:, -1],
        states=points[:, :-1],
        leading=np.array([values[0, 0] for values, _ in modes]),
        index=np.array([int((outside > OUTSIDE).sum()) for _, outside in modes]),
        fold=fold,
    )
