"""The program of a network: its attractors, the saddles between them, and where stimuli lead from each attractor."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float, Int, Num
from scipy.linalg import get_lapack_funcs
from scipy.spatial.distance import cdist

from recurra.analysis.dynamics.attractors import REST, UNSETTLED, Attractors, mean_output, settle
from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points, with_more
from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.linearization import modes_at
from recurra.analysis.dynamics.proofs import contracts
from recurra.analysis.dynamics.steps import driven
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_array, check_count
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks import Task

OFFSET = 1e-4  # length of the step off a saddle along an unstable mode, times the root of the number of units
ASIDE = 1e-3  # random part of a branch's direction, so that no symmetry leads from saddle to saddle
LOOSE = 1e-6  # a point at which a path ended is unstable if an eigenvalue is further outside the circle, times the leak
UNSTABLE = 2
KINDS = ("rest", "orbit", "unstable")
BESIDE = 1e-10  # shift beside an eigenvalue in the search for its vector, relative to the norm of the matrix
SAME_ANSWER = 1e-6  # largest difference between targets that ask for the same answer
MOST_ATTRACTORS = 64  # most attractors from which the stimuli are tried


@dataclass(frozen=True)
class Program(Shown):
    """The graph of attractors, saddles and stimuli.

    Args:
        kind: kind of each attractor: 0 a point at rest, 1 an orbit, 2 an unstable point at which a path ended, where
            the network stays without noise.
        states: one state on each attractor.
        outputs: mean output on each attractor.
        after: the attractor in which each condition of the task ends; -1 if it has not settled.
        saddle: number of the fixed point at which a branch of an unstable manifold begins.
        growth: modulus of the eigenvalue of the branch's mode.
        direction: direction of the branch at the saddle, of length 1.
        leads_to: the attractor at which the branch ends; -1 if it has not settled.
        following: the attractor to which each stimulus leads from each attractor; -1 if the network has not settled, or
            the stimulus was not tried.
    """

    flags: ClassVar[dict[str, tuple[str, ...]]] = {"kind": KINDS}

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    kind: Int[np.ndarray, "attractor"]
    states: Float[np.ndarray, "attractor state_variable"]
    outputs: Float[np.ndarray, "attractor output"]
    after: Int[np.ndarray, "condition"]
    saddle: Int[np.ndarray, "branch"]
    growth: Float[np.ndarray, "branch"]
    direction: Float[np.ndarray, "branch state_variable"]
    leads_to: Int[np.ndarray, "branch"]
    following: Int[np.ndarray, "attractor stimulus"]

    def __len__(self) -> int:
        return len(self.kind)

    def kind_of(self, attractor: int) -> str:
        """The kind of an attractor as a word."""
        return KINDS[int(self.kind[attractor])]


@of_each_network
def program(
    network: Subject,
    task: Task | None = None,
    *,
    points: FixedPoints | None = None,
    modes: int = 8,
    ends: Float[np.ndarray, "condition state"] | None = None,
    seed: int | None = None,
) -> Program:
    """Follow the unstable manifolds of the saddles, and every stimulus from every attractor, to where they end.

    The network begins a small step off each saddle, on either side along its most unstable modes (along the real and
    the imaginary part for a pair of complex modes). The stimuli of a flip-flop are one pulse on one bit; those of other
    tasks are the trials of the probe. After a stimulus the network is left alone with the points' constant input. The
    stable fixed points are the first attractors, in their order; others are met on the way. The stimuli are tried from
    at most 64 attractors.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it.
        points: its fixed points; if not given, those without input.
        modes: largest number of a saddle's unstable modes that are followed.
        ends: the states at the end of the probe's trials, if they are known.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.
    """
    check_count("modes", modes)
    visit = visit_of(network, task, seed)
    points = fixed_points(visit) if points is None else points
    network, task = visit.network, visit.task
    flow = flow_of(network, points.inputs)
    ends = visit.ends if ends is None else ends
    ends = check_array("ends", ends, finite=False, condition=None, state=network.state_size)
    saddle, growth, direction = _branches(flow, points, modes)
    stable = Attractors(tuple(state[None] for state in points.states[points.index == 0]))
    beside = points.states[saddle] + OFFSET * np.sqrt(ends.shape[1]) * direction
    known, label = settle(network, np.concatenate([ends, beside]), points.inputs, stable)
    after, leads_to = np.split(label, [len(ends)])
    known, following = _following(network, task, points, known)
    return Program(
        kind=_kinds(flow, known, len(stable)),
        states=known.states.reshape(-1, ends.shape[1]),
        outputs=np.array([mean_output(network, orbit) for orbit in known.orbits]).reshape(-1, network.weights.outputs),
        after=after,
        saddle=saddle,
        growth=growth,
        direction=direction,
        leads_to=leads_to,
        following=following,
    )


@of_each_network
def points_and_program(
    network: Subject,
    task: Task | None = None,
    *,
    starts: Float[np.ndarray, "start state"] | None = None,
    seed: int | None = None,
) -> tuple[FixedPoints, Program]:
    """The fixed points without input, including stable points that only the program meets, and the program.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it.
        starts: states from which the search for fixed points begins, as in `fixed_points`.
        seed: seed of the starts; if not given, that of the network's cohort, or 0.
    """
    visit = visit_of(network, task, seed)
    first = fixed_points(visit) if starts is None else fixed_points(visit, starts=starts)
    return with_program(visit.network, first, program(visit, points=first))


def with_program(network: Network, first: FixedPoints, graph: Program) -> tuple[FixedPoints, Program]:
    """The fixed points with the stable points that only the program met, and the program with its saddles renumbered.

    Args:
        network: the network.
        first: its fixed points.
        graph: the program computed from these points.
    """
    points = with_more(network, first, graph.states[graph.kind == REST])
    saddle = cdist(first.states[graph.saddle], points.states).argmin(axis=1) if len(graph.saddle) else graph.saddle
    return points, replace(graph, saddle=saddle)


def answers_of(task: Task) -> Float[np.ndarray, "condition output"]:
    """The target at the last scored step of each condition of the probe; NaN for a condition without scored steps.

    Args:
        task: the task.
    """
    probe = task.probe()
    counts, targets = np.asarray(probe.mask) > 0, np.asarray(probe.targets, np.float64)
    last = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    answers = np.take_along_axis(targets, last[:, None], axis=1)[:, 0]
    return np.where(counts.any(axis=1), answers, np.nan)


def forgotten(
    after: Int[np.ndarray, "condition"], answers: Float[np.ndarray, "condition output"]
) -> dict[int, list[int]]:
    """The attractors at which conditions with different answers end, with these conditions.

    A network that is left alone on such an attractor has forgotten which answer is asked for.

    Args:
        after: the attractor at which each condition ends, -1 for none.
        answers: the answer that the task asks for in each condition, from `answers_of`.
    """
    asked = (after >= 0) & np.isfinite(answers).all(axis=1)
    groups = {end: np.flatnonzero(asked & (after == end)) for end in np.unique(after[asked]).tolist()}
    differ = {end: np.ptp(answers[own], axis=0).max(initial=0.0) > SAME_ANSWER for end, own in groups.items()}
    return {end: own.tolist() for end, own in groups.items() if differ[end]}


def _following(
    network: Network, task: Task, points: FixedPoints, known: Attractors
) -> tuple[Attractors, Int[np.ndarray, "attractor stimulus"]]:
    """The attractors, including those met on the way, and the attractor to which every stimulus leads from each."""
    inputs = task.stimuli()
    rows = np.zeros((0, len(inputs)), int)
    while len(rows) < min(len(known), MOST_ATTRACTORS):
        begun = known.states[len(rows) : MOST_ATTRACTORS]
        reached = driven(network, inputs, begun).reshape(-1, points.states.shape[1])
        known, label = settle(network, reached, points.inputs, known)
        rows = np.concatenate([rows, label.reshape(len(begun), -1)])
    left = np.full((len(known) - len(rows), len(inputs)), UNSETTLED)
    return known, np.concatenate([rows, left])


def _kinds(flow: Flow, known: Attractors, stable: int) -> Int[np.ndarray, "attractor"]:
    """The kind of every attractor; the first `stable` ones are known to be stable."""
    kind = known.kind
    later = np.flatnonzero((kind == REST) & (np.arange(len(kind)) >= stable))
    steps = (flow.step_jacobian(flow.jacobian(known.states[at])) for at in later)
    open_ = later[[not contracts(step, 0.0) for step in steps]]
    unstable = (modes_at(flow, known.states[open_])[1] > LOOSE).any(axis=1)
    kind[open_[unstable]] = UNSTABLE
    return kind


def _branches(
    flow: Flow, points: FixedPoints, modes: int
) -> tuple[Int[np.ndarray, "branch"], Float[np.ndarray, "branch"], Float[np.ndarray, "branch state"]]:
    """Saddle, growth and direction of every branch: on either side of a saddle along its unstable modes."""
    units, random = points.states.shape[1], np.random.default_rng(0)
    saddle, growth, directions = [], [], [np.zeros((0, units))]
    for at in np.flatnonzero(points.index > 0):
        step_jacobian = flow.step_jacobian(flow.jacobian(points.states[at : at + 1]))[0]
        most = min(modes, int(points.index[at]))
        for modulus, mode in _unstable(step_jacobian, points.eigenvalues[at], most, random):
            direction = mode / np.linalg.norm(mode) + ASIDE * random.standard_normal(units) / np.sqrt(units)
            directions.append(np.array([direction, -direction]) / np.linalg.norm(direction))
            saddle += [at, at]
            growth += [modulus, modulus]
    return np.array(saddle, int), np.array(growth, float), np.concatenate(directions)


def _unstable(
    matrix: Float[np.ndarray, "state state"],
    eigenvalues: Complex[np.ndarray, "mode"],
    modes: int,
    random: np.random.Generator,
) -> list[tuple[float, Float[np.ndarray, "state"]]]:
    """Modulus and direction of the leading modes; a complex pair has two, its real and its imaginary part."""
    directions = []
    for value in eigenvalues[np.imag(eigenvalues) >= 0]:
        if len(directions) >= modes or abs(value) <= 1:
            break
        vector = _eigenvector(matrix, value, random)
        parts = [np.real(vector)] if np.imag(value) == 0 else [np.real(vector), np.imag(vector)]
        directions += [(float(abs(value)), part) for part in parts if np.isfinite(part).all() and part.any()]
    return directions


def _eigenvector(
    matrix: Float[np.ndarray, "state state"], value: complex, random: np.random.Generator
) -> Num[np.ndarray, "state"]:
    """An eigenvector of a known eigenvalue, by inverse iteration.

    This takes two solutions of linear equations and cannot fail to converge. A method for the leading modes can: a
    nearly orthogonal matrix has hundreds of modes with almost equal moduli. If an eigenvalue has several eigenvectors,
    a random one is returned.
    """
    shift = value + BESIDE * np.linalg.norm(matrix)
    shift, vector = shift if np.imag(value) else np.real(shift), random.standard_normal(len(matrix))
    shifted = matrix - shift * np.eye(len(matrix))
    factor, solve = get_lapack_funcs(("getrf", "getrs"), (shifted,))
    with np.errstate(all="ignore"):
        factors, pivots, _ = factor(shifted)
        for _ in range(2):
            vector = solve(factors, pivots, vector)[0]
            vector = vector / np.linalg.norm(vector)
    return vector
