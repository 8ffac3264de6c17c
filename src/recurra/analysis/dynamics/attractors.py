"""Where states end when a network is left alone: points at rest and orbits, each counted once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from recurra.analysis.dynamics.flow import Flow
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.proofs import contracts
from recurra.analysis.dynamics.stability import at_least, sampling
from recurra.analysis.dynamics.steps import FEW, first_state, left_alone, paths_from
from recurra.checks import check_count
from recurra.models.network import Network
from recurra.shown import Shown

REST, ORBIT = 0, 1
UNSETTLED = -1
STILL = 1e-9  # largest displacement of a state that is taken for rest; it does not depend on the time step
STRETCH = 1_000, 100  # steps, or time constants of the slowest unit if these are more, between two looks
LONGEST_STRETCH = 20_000  # steps between two looks at most
LOOKS = 10
SAME_REST = 1e-4  # two points at rest closer than this, times the root of the number of units, are one
SAME_ORBIT = 0.1  # a state so close to an orbit, relative to the orbit's size, is on it
MOST_ORBITS = 12  # a network with more, such as an untrained one, wanders: it has one for nearly every start
EARLIER = (1 / 8, 1 / 4, 1 / 2)  # of the first stretch: what is at rest at a known attractor by then waits no longer
CROWD = 4  # states that are at rest at one point before it is asked whether it is stable, so that one stands for all
PATIENCE = 4  # looks before a path is taken for an orbit
STATIONARY = 0.02  # largest relative difference between the widths of an orbit's halves
RETURNS = 2.0  # a path that is longer than so many times its extent has come back; a shorter one drifts

States = Float[np.ndarray, "start state"]
Orbits = tuple[Float[np.ndarray, "_time state"], ...]


@dataclass(frozen=True)
class Attractors(Shown):
    """What states ended at so far.

    Args:
        orbits: a path along each; of a point at rest only that point.
    """

    orbits: Orbits = ()

    def __len__(self) -> int:
        return len(self.orbits)

    @cached_property
    def kind(self) -> Int[np.ndarray, "attractor"]:
        """REST or ORBIT."""
        return np.array([REST if len(orbit) == 1 else ORBIT for orbit in self.orbits], int)

    @cached_property
    def states(self) -> States:
        """A state on each."""
        return np.array([orbit[-1] for orbit in self.orbits]) if self.orbits else np.zeros((0, 0))

    def rest_at(self, state: Float[np.ndarray, "state"]) -> int:
        """The number of the attractor at rest that a state is at, -1 if it is at none."""
        if not len(self):
            return UNSETTLED
        near = np.linalg.norm(self.states - state, axis=1) < SAME_REST * np.sqrt(len(state))
        return _first(near & (self.kind == REST))

    def place(self, state: Float[np.ndarray, "state"]) -> int:
        """The number of the first attractor that a state is at, -1 if it is at none."""
        rest = self.rest_at(state)
        before = self.kind if rest == UNSETTLED else self.kind[:rest]
        for number in np.flatnonzero(before == ORBIT).tolist():
            centre, around, squares, extent = self._shapes[number]
            off = state - centre
            if (squares - 2 * around @ off).min() + off @ off < (SAME_ORBIT * extent) ** 2:
                return number
        return rest

    @cached_property
    def _shapes(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        """The middle of each, the path around it, its squared distances from the middle, and its extent."""
        middles = [orbit.mean(axis=0) for orbit in self.orbits]
        around = [orbit - middle for orbit, middle in zip(self.orbits, middles, strict=True)]
        squares = [(path**2).sum(axis=1) for path in around]
        return list(zip(middles, around, squares, map(_extent, self.orbits), strict=True))


def settle(
    network: Network,
    states: States,
    inputs: Float[np.ndarray, "input"],
    known: Attractors,
    longest: int | None = None,
) -> tuple[Attractors, Int[np.ndarray, "start"]]:
    """Leave a network alone in every state: all attractors known then, and which of them each state ends at.

    Every 1,000 steps, or 100 time constants of the slowest unit if these are more, it is looked at which states have
    come to a known attractor, and which are at rest: those whose displacement is no more than 1e-9. From the fourth
    look on a state is taken to be on an orbit if its way to the next look is more than twice as long as it is wide, and
    as wide in its first half as in its second. Of orbits no more than 12 are told apart; when so many are known, no
    state is waited for beyond the fourth look.

    Args:
        network: the network.
        states: where it begins.
        inputs: the constant input meanwhile.
        known: the attractors known before; those at rest must be stable.
        longest: steps to wait at most; ten looks if None.

    Returns:
        The attractors, those known before first, and their number for every state; -1 where a state is not settled at
        the end, grows without bound, or is on a further orbit.
    """
    stretch = _stretch_of(network)
    longest = LOOKS * stretch if longest is None else longest
    check_count("longest", longest)
    flow = flow_of(network, inputs)
    with np.errstate(invalid="ignore", over="ignore"):
        states, label, leader, waited = _soon_at_rest(network, flow, states, known, stretch)
        follows = leader != np.arange(len(states))
        active = np.flatnonzero((label == UNSETTLED) & ~follows)
        for look in range(-(-longest // stretch) if len(active) else 0):
            after = left_alone(network, states[active], inputs, stretch - (waited if look == 0 else 0))
            states[active] = after
            moves = np.abs(flow.displacement(after)).max(axis=1)
            paths = _Paths(network, after, np.flatnonzero(moves >= STILL), flow.inputs, stretch)
            for row, (at, move, state) in enumerate(zip(active, moves, after, strict=True)):
                label[at] = known.place(state)
                if label[at] != UNSETTLED or not np.isfinite(state).all():
                    continue
                path = state[None]
                if move >= STILL and look + 1 >= PATIENCE and known.kind.sum() < MOST_ORBITS:
                    path = paths.of(row)
                if move < STILL or _is_orbit(path):
                    label[at], known = len(known), Attractors((*known.orbits, path))
            active = active[(label[active] == UNSETTLED) & np.isfinite(after).all(axis=1)]
            wanders = known.kind.sum() >= MOST_ORBITS and look + 1 >= PATIENCE
            if wanders or not len(active):
                break
    for at in np.flatnonzero(follows):  # a leader comes before those that follow it
        label[at] = label[leader[at]]
    return known, label


@dataclass
class _Paths:
    """Paths of states that move, computed for several states together when the first of them is asked for.

    Args:
        network: the network.
        states: the states of which some move.
        moving: the numbers of those that do.
        inputs: the constant input.
        steps: the length of a path.
    """

    network: Network
    states: States
    moving: Int[np.ndarray, "moving"]
    inputs: Float[np.ndarray, "input"]
    steps: int

    def __post_init__(self) -> None:
        self._made: dict[int, Float[np.ndarray, "time state"]] = {}

    def of(self, row: int) -> Float[np.ndarray, "time state"]:
        """The path from the state of this number."""
        if row not in self._made:
            rows = self.moving[self.moving >= row][:FEW]
            rows = rows[np.isfinite(self.states[rows]).all(axis=1)]
            made = paths_from(self.network, self.states[rows], self.inputs, self.steps, sampling(self.network))
            self._made = dict(zip(rows.tolist(), made, strict=True))
        return self._made[row]


def waiting_states(network: Network, inputs: Float[np.ndarray, "input"]) -> States:
    """The state before the first step, and the one to which a network that is left alone there comes, if there is one.

    There it waits before anything happens in a trial. It is left alone as long as between two looks of `settle`.

    Args:
        network: the network.
        inputs: the constant input meanwhile.
    """
    first = first_state(network)[None]
    waiting = left_alone(network, first, inputs, _stretch_of(network))
    return np.concatenate([first, waiting[np.isfinite(waiting).all(axis=1)]])


def _stretch_of(network: Network) -> int:
    """Steps between two looks."""
    return min(at_least(STRETCH, network), LONGEST_STRETCH)


def _soon_at_rest(
    network: Network, flow: Flow, states: States, known: Attractors, stretch: int
) -> tuple[States, Int[np.ndarray, "start"], Int[np.ndarray, "start"], int]:
    """The states some steps later, the attractors of those that are at rest at a known one by then, and the steps.

    Of several states that are at rest at one stable point that is not known yet, the first is the leader: the others
    wait for its attractor. Each other state is its own leader.
    """
    states, label, waited = np.array(states, np.float64), np.full(len(states), UNSETTLED), 0
    everyone, leader, stable = np.arange(len(states)), np.arange(len(states)), dict[int, bool]()
    for part in EARLIER:
        active = np.flatnonzero((label == UNSETTLED) & (leader == everyone))
        if not len(active):
            break
        states[active] = left_alone(network, states[active], flow.inputs, int(part * stretch) - waited)
        waited = int(part * stretch)
        still = active[np.abs(flow.displacement(states[active])).max(axis=1) <= STILL]
        label[still] = [known.rest_at(state) for state in states[still]]
        _follow(flow, states, still[label[still] == UNSETTLED], leader, stable)
    return states, label, leader, waited


def _follow(
    flow: Flow,
    states: States,
    still: Int[np.ndarray, "still"],
    leader: Int[np.ndarray, "start"],
    stable: dict[int, bool],
) -> None:
    """Let states at rest follow the first one at the same point, if that is proved to be stable; fills in both."""
    near = cdist(states[still], states[still]) < SAME_REST * np.sqrt(states.shape[1])
    for row, at in enumerate(still.tolist()):
        others = still[row + 1 :][near[row, row + 1 :]]
        others = others[leader[others] == others]
        if leader[at] != at or not len(others):
            continue
        if at not in stable and len(others) >= CROWD:
            stable[at] = contracts(flow.step_jacobian(flow.jacobian(states[at])), 0.0)
            if not stable[at]:  # nor need it be asked of the others
                stable.update(dict.fromkeys(others.tolist(), False))
        if stable.get(at):
            leader[others] = at


def mean_output(network: Network, path: Float[np.ndarray, "time state"]) -> Float[np.ndarray, "output"]:
    """The output, averaged over states on a path.

    Args:
        network: the network.
        path: the states.
    """
    return network.readout(network.rates(path).mean(axis=0))


def _first(true: Bool[np.ndarray, "attractor"]) -> int:
    return int(true.argmax()) if true.any() else UNSETTLED


def _extent(path: Float[np.ndarray, "time state"]) -> float:
    return float(np.linalg.norm(np.ptp(path, axis=0)))


def _is_orbit(path: Float[np.ndarray, "time state"]) -> bool:
    if len(path) == 1 or not np.isfinite(path).all():
        return False
    whole, halves = _extent(path), [_extent(half) for half in np.array_split(path, 2)]
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    return bool(length > RETURNS * whole > 0 and abs(halves[1] - halves[0]) < STATIONARY * whole)
