"""Where states end when a network is left alone: points at rest and orbits, each counted once."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.analysis.dynamics.flow import flow_of
from recurra.analysis.dynamics.stability import at_least, sampling
from recurra.arrays import Weights, in_double
from recurra.checks import check_count
from recurra.engine import Dynamics
from recurra.models.cohort import Network
from recurra.numerics import pinned

REST, ORBIT = 0, 1
UNSETTLED = -1
STILL = 1e-9  # largest displacement of a state that is taken for rest; it does not depend on the time step
STRETCH = 1_000, 100  # steps, or time constants of the slowest unit if these are more, between two looks
LONGEST_STRETCH = 20_000  # steps between two looks at most
LOOKS = 10
SAME_REST = 1e-4  # two points at rest closer than this, times the root of the number of units, are one
SAME_ORBIT = 0.1  # a state so close to an orbit, relative to the orbit's size, is on it
MOST_ORBITS = 12  # a network with more, such as an untrained one, wanders: it has one for nearly every start
PATIENCE = 4  # looks before a path is taken for an orbit
STATIONARY = 0.02  # largest relative difference between the widths of an orbit's halves
RETURNS = 2.0  # a path that is longer than so many times its extent has come back; a shorter one drifts

States = Float[np.ndarray, "start state"]
Orbits = tuple[Float[np.ndarray, "time state"], ...]


@dataclass(frozen=True)
class Attractors:
    """What states ended at so far.

    Args:
        orbits: a path along each; of a point at rest only that point.
    """

    orbits: Orbits = ()

    def __len__(self) -> int:
        return len(self.orbits)

    @property
    def kind(self) -> Int[np.ndarray, "attractor"]:
        """REST or ORBIT."""
        return np.array([REST if len(orbit) == 1 else ORBIT for orbit in self.orbits], int)

    @property
    def states(self) -> States:
        """A state on each."""
        return np.array([orbit[-1] for orbit in self.orbits]) if self.orbits else np.zeros((0, 0))


def settle(
    network: Network,
    states: States,
    inputs: Float[np.ndarray, "input"],
    known: Attractors,
    longest: int | None = None,
) -> tuple[Attractors, Int[np.ndarray, "state"]]:
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
    stretch = min(at_least(STRETCH, network), LONGEST_STRETCH)
    longest = LOOKS * stretch if longest is None else longest
    check_count("longest", longest)
    flow = flow_of(network, inputs)
    states, label = np.array(states, np.float64), np.full(len(states), UNSETTLED)
    active = np.arange(len(states))
    with pinned(double=True), np.errstate(invalid="ignore", over="ignore"):
        weights = in_double(network.weights)
        for look in range(-(-longest // stretch)):
            after = _moved_on(network.dynamics, weights, inputs, states[active], stretch)
            states[active] = after
            for at, move, state in zip(active, np.abs(flow.displacement(after)).max(axis=1), after, strict=True):
                label[at] = _place(known, state)
                if label[at] != UNSETTLED or not np.isfinite(state).all():
                    continue
                path = state[None]
                if move >= STILL and look + 1 >= PATIENCE and known.kind.sum() < MOST_ORBITS:
                    path = path_from(network, state, inputs, stretch, sampling(network))
                if move < STILL or _is_orbit(path):
                    label[at], known = len(known), Attractors((*known.orbits, path))
            active = active[(label[active] == UNSETTLED) & np.isfinite(after).all(axis=1)]
            wanders = known.kind.sum() >= MOST_ORBITS and look + 1 >= PATIENCE
            if wanders or not len(active):
                break
    return known, label


def driven(
    network: Network, inputs: Float[np.ndarray, "stimulus time input"], states: States
) -> Float[np.ndarray, "start stimulus state"]:
    """The state at the end of every stimulus, begun in every state.

    Args:
        network: the network.
        inputs: the stimuli.
        states: where each begins.
    """
    with pinned(double=True):
        weights = in_double(network.weights)
        return np.asarray(_driven(network.dynamics, weights, jnp.asarray(inputs, jnp.float64), jnp.asarray(states)))


def states_on(network: Network, inputs: Float[np.ndarray, "trial time input"]) -> Float[np.ndarray, "trial time state"]:
    """The states at every step of trials, in float64; in the current form these are not the rates.

    Args:
        network: the network.
        inputs: of the trials.
    """
    with pinned(double=True):
        weights = in_double(network.weights)
        return np.asarray(_states_on(network.dynamics, weights, jnp.asarray(inputs, jnp.float64)))


def first_state(network: Network) -> Float[np.ndarray, "state"]:
    """The state before the first step of a trial, in float64."""
    with pinned(double=True):
        return np.asarray(network.dynamics.initial_state(network.weights), np.float64)


def mean_output(network: Network, path: Float[np.ndarray, "time state"]) -> Float[np.ndarray, "output"]:
    """The output, averaged over states on a path.

    Args:
        network: the network.
        path: the states.
    """
    with pinned(double=True):
        rates = np.asarray(jax.vmap(network.dynamics.rates)(jnp.asarray(path)))
    return network.readout(rates.mean(axis=0))


def path_from(
    network: Network, state: Float[np.ndarray, "state"], inputs: Float[np.ndarray, "input"], steps: int, every: int = 1
) -> Float[np.ndarray, "time state"]:
    """The states of a network that is left alone.

    Args:
        network: the network.
        state: where it begins; not part of the path.
        inputs: the constant input.
        steps: how long.
        every: of the steps that are kept.
    """
    with pinned(double=True):
        weights = in_double(network.weights)
        lengths, constant = (max(steps // every, 1), every), jnp.asarray(inputs, jnp.float64)
        return np.asarray(_path(network.dynamics, lengths, weights, constant, jnp.asarray(state)))


def _moved_on(
    dynamics: Dynamics, weights: Weights, inputs: Float[np.ndarray, "input"], states: States, steps: int
) -> States:
    """The states after so many steps; compiled for few numbers of states."""
    room = 2 ** int(np.ceil(np.log2(len(states))))
    padded = np.concatenate([states, np.zeros((room - len(states), states.shape[1]))])
    return np.asarray(_run(dynamics, weights, jnp.asarray(inputs), jnp.asarray(padded), steps))[: len(states)]


def _place(known: Attractors, state: Float[np.ndarray, "state"]) -> int:
    """The number of the attractor that a state is at, -1 if it is at none."""
    for number, orbit in enumerate(known.orbits):
        bound = SAME_REST * np.sqrt(len(state)) if len(orbit) == 1 else SAME_ORBIT * _extent(orbit)
        if np.linalg.norm(orbit - state, axis=1).min() < bound:
            return number
    return UNSETTLED


def _extent(path: Float[np.ndarray, "time state"]) -> float:
    return float(np.linalg.norm(np.ptp(path, axis=0)))


def _is_orbit(path: Float[np.ndarray, "time state"]) -> bool:
    if len(path) == 1 or not np.isfinite(path).all():
        return False
    whole, halves = _extent(path), [_extent(half) for half in np.array_split(path, 2)]
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    return bool(length > RETURNS * whole > 0 and abs(halves[1] - halves[0]) < STATIONARY * whole)


@partial(jax.jit, static_argnames="dynamics")
def _states_on(
    dynamics: Dynamics, weights: Weights, inputs: Float[Array, "trial time input"]
) -> Float[Array, "trial time state"]:
    def step(state: Array, now: Array) -> tuple[Array, Array]:
        new = dynamics.step(weights, state, now)
        return new, new

    return jax.vmap(lambda trial: jax.lax.scan(step, dynamics.initial_state(weights), trial)[1])(inputs)


@partial(jax.jit, static_argnames="dynamics")
def _driven(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "stimulus time input"],
    states: Float[Array, "start state"],
) -> Float[Array, "start stimulus state"]:
    def one(state: Array, stimulus: Array) -> Array:
        return jax.lax.scan(lambda now, x: (dynamics.step(weights, now, x), None), state, stimulus)[0]

    return jax.vmap(lambda state: jax.vmap(partial(one, state))(inputs))(states)


@partial(jax.jit, static_argnames="dynamics")
def _run(
    dynamics: Dynamics,
    weights: Weights,
    inputs: Float[Array, "input"],
    states: Float[Array, "start state"],
    steps: int,
) -> Float[Array, "start state"]:
    step = jax.vmap(lambda state: dynamics.step(weights, state, inputs))
    return jax.lax.fori_loop(0, steps, lambda _, now: step(now), states)


@partial(jax.jit, static_argnames=("dynamics", "lengths"))
def _path(
    dynamics: Dynamics,
    lengths: tuple[int, int],
    weights: Weights,
    inputs: Float[Array, "input"],
    state: Float[Array, "state"],
) -> Float[Array, "time state"]:
    samples, every = lengths

    def on(now: Array, _: None) -> tuple[Array, Array]:
        new = jax.lax.fori_loop(0, every, lambda _, here: dynamics.step(weights, here, inputs), now)
        return new, new

    return jax.lax.scan(on, state, length=samples)[1]
