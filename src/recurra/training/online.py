"""Learning while the network runs: recursive least squares on one trial after another."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import Weights
from recurra.models.constraints import Constraint, Frozen, constrained, free_parameters
from recurra.numerics import pinned
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.training.architectures import Architecture
from recurra.training.one_by_one import each_network
from recurra.training.recursion import LeastSquares, in_blocks
from recurra.training.rule import Learner, LearningRule, Setup, all_finite, step_noise


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OnlineMemory:
    """What is remembered of every network from trial to trial.

    Args:
        rows: of every system of least squares, float64.
        inverses: of every system, float64.
        state: in which the last trial ended.
        fed: what was fed back at its end.
    """

    rows: tuple[Float[Array, "network row feature"], ...]
    inverses: tuple[Float[Array, "network feature feature"], ...]
    state: Float[Array, "network state"]
    fed: Float[Array, "network output"]


@dataclass(frozen=True)
class Online:
    """How networks learn while they run.

    Args:
        architecture: which weights.
        learn_every: a step in so many is learned from.
        continuing: whether a trial begins in the state in which the one before it ended.
        bias: whether the readout has a trained bias.
    """

    architecture: Architecture
    learn_every: int
    continuing: bool
    bias: bool


class OnlineRule(LearningRule, abc.ABC):
    """A rule that learns by recursive least squares while networks run, each with an α of its own if it is varied."""

    varying: ClassVar[tuple[str, ...]] = ("alpha",)

    alpha: float
    learn_every: int

    def check_task(self, task: Task) -> None:
        if self.learn_every > task.steps:
            raise ValueError(
                f"learn_every is {self.learn_every}, and a trial has {task.steps} steps: nothing is learned. Lower it, "
                "or take longer trials"
            )

    @abc.abstractmethod
    def online(self, setup: Setup) -> Online:
        """How the networks of a setting learn."""

    def begun(self, setup: Setup, weights: Weights) -> Learner:
        """The networks before their first step."""
        return _begun(self.online(setup), setup, weights, setup.own)

    def own(self, numbers: Sequence[int]) -> Float[Array, "network"]:
        """α of each network."""
        return jnp.full(len(numbers), self.alpha, jnp.float32)

    @pinned(double=True)
    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        """One training step of every active network: one trial after the other."""
        return _step(self.online(setup), setup, learner, active, trials)


def check_constraints(
    rule: str,
    arrays: Sequence[str],
    constraints: Sequence[Constraint],
    weights: Weights,
    read: Mapping[str, Bool[np.ndarray, "..."]] | None = None,
) -> None:
    """Raise an error if a constraint would change weights that are learned, which least squares cannot know.

    Args:
        rule: the name of the rule.
        arrays: the names of the arrays that are learned.
        constraints: of the model.
        weights: the networks before training, with a leading `network` axis.
        read: which entries of an array the rule learns; all if it is not given.
    """
    one: Any = jax.tree.map(lambda array: jnp.asarray(array)[0], weights)
    keys, other = jax.random.split(jax.random.key(0), len(arrays)), {}
    for name, key in zip(arrays, keys, strict=True):
        array, entries = getattr(one, name), (read or {}).get(name, True)
        other[name] = array + jnp.where(entries, jax.random.normal(key, array.shape, jnp.float32), 0)
    for constraint in constraints:
        free = free_parameters([constraint], replace(one, **other))
        kept = constrained([constraint], free, one)
        for name, wanted in other.items():
            if not jnp.allclose(getattr(kept, name), wanted, rtol=1e-4, atol=1e-4):
                what = f"Frozen keeps {name}" if isinstance(constraint, Frozen) else f"{constraint.name} limits {name}"
                raise ValueError(f"{rule} learns {name} by least squares, and {what}; leave it out")


def learns_bias(constraints: Sequence[Constraint], weights: Weights, name: str = "output_bias") -> bool:
    """Whether a bias, by default that of the readout, is trained."""
    one = jax.tree.map(lambda array: jnp.asarray(array)[0], weights)
    return name in free_parameters(constraints, one)


@pinned(double=True)
def _begun(online: Online, setup: Setup, weights: Weights, alphas: Float[Array, "network"]) -> Learner:
    """The networks before their first step, with P = I / α for the units that are read."""

    def one(weights: Any, alpha: Float[Array, ""]) -> OnlineMemory:
        matrices, read = online.architecture.matrices(weights), online.architecture.read(weights)
        if online.bias:
            matrices = (jnp.column_stack([matrices[0], weights.output_bias.astype(jnp.float64)]), *matrices[1:])
            read = (jnp.append(read[0], 1.0), *read[1:])
        state = setup.dynamics.initial_state(weights)
        features = _features(online, setup.dynamics.rates(state))
        systems = tuple(
            LeastSquares.of(matrix, jnp.diag(units / alpha)) for matrix, units in zip(matrices, read, strict=True)
        )
        output = systems[0].respond(features)[: weights.outputs] + _kept_bias(online, weights)
        fed = online.architecture.fed_back(systems, output, features)
        return OnlineMemory(matrices, tuple(system.inverse for system in systems), state, fed)

    memory = jax.vmap(one)(weights, jnp.asarray(alphas, jnp.float64))
    return Learner(weights, jnp.zeros(weights.networks, jnp.int32), memory)


@partial(jax.jit, static_argnames="online")
def _step(
    online: Online, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
    noise = step_noise(setup.dynamics, learner, setup.noise)
    noise = jnp.zeros((learner.step.shape[0], 2), jnp.uint32) if noise is None else noise

    def one_network(words: Any, so_far: Any) -> Any:
        old, active, _ = so_far
        new, loss = _learned(online, setup, words, trials, old)
        taken = active & (loss <= setup.loss_bound) & all_finite(new.weights)
        kept = jax.tree.map(partial(jnp.where, taken), new, old)
        return kept, taken, jnp.where(taken, loss, jnp.nan)

    losses = jnp.full(active.shape, jnp.nan, jnp.float32)
    return each_network(setup.engine.together, active, one_network, noise, (learner, active, losses))


def _learned(
    online: Online, setup: Setup, words: Any, trials: Trials, learner: Learner
) -> tuple[Learner, Float[Array, ""]]:
    """One network after all trials of a step, and its mean squared error before each correction."""
    weights: Any = learner.weights
    key = jax.random.wrap_key_data(words)
    inputs, targets = jnp.asarray(trials.inputs), jnp.asarray(trials.targets).astype(jnp.float64)
    targets = targets - _kept_bias(online, weights)

    def one_trial(memory: OnlineMemory, trial: Any) -> tuple[OnlineMemory, Any]:
        at, inputs, targets, counts = trial
        if not online.continuing:
            memory = replace(memory, **_at_start(online, setup, weights, memory))
        systems = tuple(LeastSquares.of(*both) for both in zip(memory.rows, memory.inverses, strict=True))
        steps = jnp.arange(inputs.shape[0])
        drives = jax.vmap(partial(setup.dynamics.drive, weights))(inputs)
        step = partial(_moved, online, setup, weights, jax.random.fold_in(key, at))
        carry, errors = in_blocks(step, (systems, memory.state, memory.fed), (steps, drives, targets, counts))
        systems, state, fed = carry
        rows, inverses = zip(*((one.weights, one.inverse) for one in systems), strict=True)
        return OnlineMemory(rows, inverses, state, fed), jnp.where(counts, errors**2, 0)

    every = (jnp.arange(inputs.shape[0], dtype=jnp.uint32), inputs, targets, trials.counts)
    memory, squares = jax.lax.scan(one_trial, learner.memory, every)
    loss = squares.sum() / jnp.maximum(trials.counts.sum(), 1).astype(squares.dtype)
    return Learner(_merged(online, weights, memory), learner.step + 1, memory), loss.astype(jnp.float32)


def _moved(online: Online, setup: Setup, weights: Any, key: Any, carry: Any, given: Any) -> tuple[Any, Any]:
    """A step of the network, and of what it learns."""
    systems, state, fed = carry
    number, real, (at, drive, target, counts) = given
    new = online.architecture.advanced(setup.dynamics, weights, systems, state, drive, fed)
    if setup.dynamics.noisy:
        own = jax.random.normal(jax.random.fold_in(key, at), state.shape, state.dtype)
        new = new + setup.dynamics.noise_scale(weights) * own
    state = jnp.where(real, new, state)
    features = _features(online, setup.dynamics.rates(state))
    error = systems[0].respond(features)[: target.shape[0]] - target
    output = error + target + _kept_bias(online, weights)
    fed = jnp.where(real, online.architecture.fed_back(systems, output, features[: weights.units]), fed)
    learn = real & counts.all() & ((at + 1) % online.learn_every == 0)
    errors = online.architecture.errors(error, weights.units)
    systems = tuple(
        one.learned(number, learn, features[: one.weights.shape[1]], own)
        for one, own in zip(systems, errors, strict=True)
    )
    return (systems, state, fed), error


def _features(online: Online, rates: Float[Array, "unit"]) -> Float[Array, "feature"]:
    """The rates in float64, and a 1 for the bias."""
    double = rates.astype(jnp.float64)
    return jnp.append(double, 1.0) if online.bias else double


def _kept_bias(online: Online, weights: Any) -> Float[Array, "output"]:
    """The bias of the readout if it is not trained, else 0: then the systems have it."""
    return jnp.zeros_like(weights.output_bias, jnp.float64) if online.bias else weights.output_bias.astype(jnp.float64)


def _at_start(online: Online, setup: Setup, weights: Any, memory: OnlineMemory) -> dict[str, Array]:
    """State and feedback at the start of a trial."""
    state = setup.dynamics.initial_state(weights)
    features = _features(online, setup.dynamics.rates(state))
    systems = tuple(LeastSquares.of(*both) for both in zip(memory.rows, memory.inverses, strict=True))
    output = systems[0].respond(features)[: weights.outputs] + _kept_bias(online, weights)
    return {"state": state, "fed": online.architecture.fed_back(systems, output, features[: weights.units])}


def _merged(online: Online, weights: Any, memory: OnlineMemory) -> Weights:
    rows = memory.rows
    if online.bias:
        bias = rows[0][: weights.outputs, -1].astype(jnp.float32)
        weights, rows = replace(weights, output_bias=bias), (rows[0][:, :-1], *rows[1:])
    merged: Any = online.architecture.merged(weights, rows)
    return replace(merged, initial_state=memory.state) if online.continuing else merged
