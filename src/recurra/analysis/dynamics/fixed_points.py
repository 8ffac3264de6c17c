"""Fixed points of a network at a constant input, by Newton's method, with proofs where they are possible."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from recurra.analysis.dynamics.attractors import waiting_states
from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.linearization import OUTSIDE, modes_at
from recurra.analysis.dynamics.newton import FLAT, States, descent, is_fixed, newton, polished
from recurra.analysis.dynamics.proofs import UNKNOWN, Proof, prove
from recurra.analysis.dynamics.starts import chao_missing, in_parts, told_apart, unique
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_array, check_positive, check_real
from recurra.linalg import inverse_of
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import in_threads, one_thread

PER_POINT = ("states", "residual", "eigenvalues", "index", "radius", "stability_proved", "dimension", "extent", "found")
NARROW = 1e-3  # extent up to which a flat point is a single point; where the slope vanishes the search is no finer
BETWEEN = 0.25  # two points are on one continuum if a fixed point lies this close to their middle, relative to distance


@dataclass(frozen=True)
class FixedPoints(Shown):
    r"""Fixed points of one network at one constant input.

    A continuum, such as a line of fixed points, counts as one point: the point of the search nearest to its middle.

    Args:
        inputs: the constant input.
        states: the points.
        residual: $\|f(h) - h\|_2$ at each point, with f the drive to which the leak pulls the state; it does not depend
            on the time step.
        eigenvalues: eigenvalues of the Jacobian of one step at each point, by modulus, the largest first.
        index: number of unstable modes: eigenvalues outside the unit circle.
        radius: there is exactly one fixed point within this distance, by the theorem of Newton and Kantorovich; NaN
            if not proved.
        stability_proved: whether `index` is proved too: exactly `index` eigenvalues lie outside the unit circle at the
            fixed point within the radius, and all others inside.
        dimension: number of directions without motion to first order; for a continuum, its dimension.
        extent: largest distance between two points of the search on one continuum; 0 for an isolated point.
        found: number of starts that ended at each point; 0 for a point added by `with_more`.
        stuck: states in which the search from the other starts ended; `slow_points` continues from them.
        starts: number of starts.
        missing_at_least: Chao's lower bound on the number of points at which no start ended.
    """

    sources: ClassVar[tuple[str, ...]] = (
        "sussillo2013",
        "kantorovich1948",
        "higham2002",
        "rump2010",
        "gershgorin1931",
        "chao1984",
    )

    inputs: Float[np.ndarray, "input"]
    states: Float[np.ndarray, "point state_variable"]
    residual: Float[np.ndarray, "point"]
    eigenvalues: Complex[np.ndarray, "point mode"]
    index: Int[np.ndarray, "point"]
    radius: Float[np.ndarray, "point"]
    stability_proved: Bool[np.ndarray, "point"]
    dimension: Int[np.ndarray, "point"]
    extent: Float[np.ndarray, "point"]
    found: Int[np.ndarray, "point"]
    stuck: Float[np.ndarray, "start state_variable"]
    starts: int
    missing_at_least: float

    def __len__(self) -> int:
        return len(self.states)

    @property
    def certified(self) -> int:
        """Number of points that are proved to exist."""
        return int(np.isfinite(self.radius).sum())

    @property
    def proved_stable(self) -> int:
        """Number of points that are proved to exist and to be stable."""
        return int((self.stability_proved & (self.index == 0)).sum())

    @property
    def continuum(self) -> Bool[np.ndarray, "point"]:
        """Which points stand for a continuum."""
        return self.extent > NARROW

    @property
    def marginal(self) -> Bool[np.ndarray, "point"]:
        """Which points are isolated although there is no motion to first order along some direction."""
        return (self.dimension > 0) & (self.extent <= NARROW)


@of_each_network
def fixed_points(
    network: Subject,
    task: Task | None = None,
    *,
    starts: States | None = None,
    inputs: float | Float[np.ndarray, "input"] = 0.0,
    apart: float = 1e-6,
    seed: int | None = None,
) -> FixedPoints:
    r"""All points that Newton's method reaches from the starts.

    $h \leftarrow h - t\,J^{-1}(f(h) - h)$ with the exact Jacobian J of $f(h) - h$ in float64 and the largest of
    t = 1, 1/2, 1/4, ... that lowers the residual, until none does or the residual is below 1e-13. In the rate form
    $f(h) = \varphi(W h + W_{in} x + b)$, in the current form $f(v) = W \varphi(v) + W_{in} x + b$.

    Args:
        network: the network, or a cohort.
        task: its task; not needed where the network knows it, or with `starts`.
        starts: states from which the search begins; if not given, 400 near those on the task's probe (`starts_near`),
            and two more: the state before the first step, and the one where the network waits if it is left alone
            there with these inputs. These two are no random draw: they do not count in `found`, `starts` and
            `missing_at_least`.
        inputs: the constant input, one number for all channels or one per channel.
        apart: distance below which two points are the same.
        seed: seed of the starts; if not given, that of the network's cohort, or 0.

    Odd equations, such as tanh without any constant current, have a fixed point -h for every fixed point h: if no start
    ended at one of the two, it is added and does not count as missing.

    Source: Sussillo and Barak (2013) for the question; Kantorovich (1948), Gershgorin (1931), Higham (2002) and Rump
    (2010) for the proofs; Chao (1984) for the number of missing points.
    """
    check_positive("apart", apart)
    visit = visit_of(network, task, seed)
    points = _searched(visit.network, visit.starts if starts is None else starts, inputs, apart)
    if starts is not None:
        return points
    return with_more(visit.network, points, waiting_states(visit.network, points.inputs), apart)


def _searched(
    network: Network, starts: States, inputs: float | Float[np.ndarray, "input"], apart: float
) -> FixedPoints:
    """What the search finds; of an odd flow also the mirror image of each point."""
    points = _search(network, starts, inputs, apart)
    if not flow_of(network, inputs).odd:
        return points
    joined = _joined(points, replace(points, states=-points.states), apart)
    missing = max(points.missing_at_least - (len(joined) - len(points)), 0.0)
    return replace(joined, missing_at_least=missing)


def _search(network: Network, starts: States, inputs: float | Float[np.ndarray, "input"], apart: float) -> FixedPoints:
    flow = flow_of(network, inputs)
    size, starts = network.state_size, np.atleast_2d(check_real("starts", starts, "start, state"))
    starts = check_array("starts", starts, finite=False, start=None, state=size).astype(np.float64)
    with one_thread():
        reached = in_parts(lambda part: descent(flow, part), starts)
    here = is_fixed(flow, reached)
    states, counts = unique(reached[here], apart)
    states = _mirrored(flow, polished(flow, states), apart)
    dimension = np.array(_of_each(flow, states, lambda state: _dimension(flow.jacobian(state))), int)
    chosen, extent, counts = _continua(flow, states, counts, dimension)
    proofs: list[Proof] = _of_each(flow, states[chosen], lambda state: _proof(flow, state))
    radius, unstable = np.array([proof.radius for proof in proofs]), np.array([proof.unstable for proof in proofs], int)
    kept, counts = told_apart(states[chosen], radius, counts)
    chosen, extent, radius, unstable = chosen[kept], extent[kept], radius[kept], unstable[kept]
    states, dimension = states[chosen], dimension[chosen]
    values, outside = modes_at(flow, states, [proofs[at].change for at in kept])
    computed = (outside > np.where(dimension > 0, np.sqrt(OUTSIDE), OUTSIDE)[:, None]).sum(axis=1)
    index = np.where(unstable == UNKNOWN, computed, unstable)
    order = np.lexsort((-counts, index))
    return FixedPoints(
        inputs=flow.inputs,
        states=states[order],
        residual=np.linalg.norm(flow.displacement(states), axis=1)[order],
        eigenvalues=values[order],
        index=index[order],
        radius=radius[order],
        stability_proved=(unstable != UNKNOWN)[order],
        dimension=dimension[order],
        extent=extent[order],
        found=counts[order],
        stuck=reached[~here],
        starts=len(starts),
        missing_at_least=chao_missing(counts),
    )


@of_each_network
def fixed_points_under(
    network: Subject,
    task: Task | None = None,
    *,
    inputs: Float[np.ndarray, "condition input"],
    starts: States | None = None,
    apart: float = 1e-6,
    seed: int | None = None,
) -> list[FixedPoints]:
    """The fixed points under each of several constant inputs, as `fixed_points` finds them.

    Args:
        network: as in `fixed_points`.
        task: as there.
        inputs: the constant inputs.
        starts: as there; the same for all inputs.
        apart: as there.
        seed: as there.
    """
    visit = visit_of(network, task, seed)
    axes = {"condition": None, "input": visit.network.weights.inputs}
    inputs = check_array("inputs", inputs, **axes).astype(np.float64)
    return [fixed_points(visit, starts=starts, inputs=one, apart=apart) for one in inputs]


def with_more(network: Network, points: FixedPoints, states: States, apart: float = 1e-6) -> FixedPoints:
    """The points, and further points that Newton's method reaches from given states, such as simulated attractors.

    These states are no random draw: they do not count in `found`, `starts` and `missing_at_least`.

    Args:
        network: the network.
        points: its fixed points at an input.
        states: further states.
        apart: distance below which two points are the same.
    """
    states = states[~(cdist(points.states, states) <= _reach(points, apart)).any(axis=0)]
    more = fixed_points(network, starts=states, inputs=points.inputs, apart=apart) if len(states) else None
    return _joined(points, more, apart) if more else points


def _reach(points: FixedPoints, apart: float) -> Float[np.ndarray, "point 1"]:
    """The distance from each point up to which a state counts as being at the point."""
    return np.maximum(apart, points.extent)[:, None]


def _joined(points: FixedPoints, more: FixedPoints, apart: float) -> FixedPoints:
    """The points and the further points that are not near one of them, at which no start ended."""
    new = ~(cdist(points.states, more.states) <= _reach(points, apart)).any(axis=0)
    columns = {name: [getattr(points, name), getattr(more, name)[new]] for name in PER_POINT}
    columns["found"][1] = np.zeros(new.sum(), int)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort((-joined["found"], joined["index"]))
    return replace(points, **{name: values[order] for name, values in joined.items()})


def _continua(
    flow: Flow, states: States, counts: Int[np.ndarray, "point"], dimension: Int[np.ndarray, "point"]
) -> tuple[Int[np.ndarray, "kept"], Float[np.ndarray, "kept"], Int[np.ndarray, "kept"]]:
    """One point for every continuum: which points are kept, the extent of each, and how many starts ended there.

    Two flat points that are neighbours in the shortest tree through all flat points are on one continuum if the middle
    between them is a fixed point, or if Newton's method from there ends at a fixed point close to it.
    """
    flat = np.flatnonzero(dimension > 0)
    if not len(flat):
        return np.arange(len(states)), np.zeros(len(states)), counts
    tree = minimum_spanning_tree(cdist(states[flat], states[flat])).tocoo()
    middle = (states[flat[tree.row]] + states[flat[tree.col]]) / 2
    polished = np.where(is_fixed(flow, middle)[:, None], middle, newton(flow, middle))
    joined = is_fixed(flow, polished) & (np.linalg.norm(polished - middle, axis=1) < BETWEEN * tree.data)
    links = coo_array((joined[joined], (tree.row[joined], tree.col[joined])), shape=(len(flat), len(flat)))
    label = connected_components(links, directed=False)[1]
    kept, extent, total = np.flatnonzero(dimension == 0).tolist(), [], []
    for continuum in range(label.max() + 1):
        members = flat[label == continuum]
        between = cdist(states[members], states[members])
        kept.append(int(members[between.sum(axis=1).argmin()]))
        extent.append(between.max())
        total.append(counts[members].sum())
    alone = len(kept) - len(extent)
    return np.array(kept), np.concatenate([np.zeros(alone), extent]), np.concatenate([counts[kept[:alone]], total])


def _mirrored(flow: Flow, states: States, apart: float) -> States:
    """The states; of two states near h and -h in an odd flow, the second becomes exactly minus the first."""
    if not flow.odd:
        return states
    states = states.copy()
    for at in range(len(states)):
        distance = np.linalg.norm(states[:at] + states[at], axis=1)
        if at and distance.min() <= apart:
            states[at] = -states[distance.argmin()]
    return states


def _of_each(flow: Flow, states: States, work: Callable[[Float[np.ndarray, "state"]], Any]) -> list[Any]:
    """The result of `work` for each state; in an odd flow h and -h have the same Jacobian and share one result."""
    sign = np.where((states[:, :1] < 0) & flow.odd, -1.0, 1.0)
    keys = [state.tobytes() for state in sign * states + 0.0]  # adding 0.0 removes the sign of a zero
    own = {key: at for at, key in reversed(list(enumerate(keys)))}

    with one_thread():
        by_key = dict(zip(own, in_threads(work, list(states[list(own.values())])), strict=True))
    return [by_key[key] for key in keys]


def _dimension(jacobian: Float[np.ndarray, "state state"]) -> int:
    """Number of directions without motion to first order; 0 if the inverse is small enough."""
    inverse = inverse_of(jacobian)
    if inverse is not None and FLAT * np.linalg.norm(inverse) * max(float(np.linalg.norm(jacobian)), 1.0) < 1:
        return 0
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return int((singular < FLAT * max(singular[0], 1)).sum())


def _proof(flow: Flow, state: Float[np.ndarray, "state"]) -> Proof:
    """The proof about a point, with its modes."""
    proof = prove(flow, state)
    if proof.change is not None:
        return proof
    return replace(proof, change=np.linalg.eigvals(flow.leaks()[:, None] * flow.jacobian(state)).astype(complex))
