"""Backpropagation through time for a cohort: one step of it, for any number of networks."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from recurra.arrays import AnyArray, NoiseKeys, Weights
from recurra.checks import check_at_least_zero, check_count, check_positive
from recurra.engine import Dynamics, Engine
from recurra.tasks.trials import Trials
from recurra.training.optimizers import Adam, Optimizer
from recurra.training.schedules import Cosine, Schedule
from recurra.training.stopping import Never, Stop
from recurra.training.trial_sets import FreshTrials, TrialSet

LARGEST_COUNT = 2**31 - 1  # of steps and trials, which are counted in int32


@final
@dataclass(frozen=True)
class BPTT:
    r"""Backpropagation through time: the gradient of the mean squared error over the whole trial, and an optimizer.

    $w \leftarrow w - \eta_k\, s(\mathrm{step})\, d$, where d is the optimizer's direction for the gradient of
    network k, clipped to the norm `gradient_clip`; $\eta_k$ its learning rate; s the schedule's factor.

    Args:
        steps: training steps in all.
        batch: trials a step.
        learning_rate: above 0; one for all networks, or a tuple (in a spec: a list) with one for each.
        optimizer: direction of descent.
        schedule: factor on the learning rate over the steps.
        gradient_clip: largest norm of a network's gradient over all its trained weights; inf leaves it as it is.
        rate_penalty: what the mean squared rate of all units, steps and trials is multiplied by in the loss; 0 is none.
        trials: fresh ones at every step (`FreshTrials`), or a fixed set gone through in epochs (`FixedTrials`).
        stop: when a network may end early.
        validation_trials: fresh trials on which loss and success are measured after every epoch.
        divergence: a network has diverged when its loss exceeds this many times the loss of a silent network.

    Source: Jarne (2024), section 4; Pascanu, Mikolov and Bengio (2013) for clipping.
    """

    sources: ClassVar[tuple[str, ...]] = ("pascanu2013",)

    steps: int = 1_500
    batch: int = 32
    learning_rate: float | tuple[float, ...] = 1e-3
    optimizer: Optimizer = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Cosine)
    gradient_clip: float = 1.0
    rate_penalty: float = 0.0
    trials: TrialSet = field(default_factory=FreshTrials)
    stop: Stop = field(default_factory=Never)
    validation_trials: int = 256
    divergence: float = 100.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validation_trials"):
            check_count(name, getattr(self, name), at_most=LARGEST_COUNT)
        rates = self.learning_rate if isinstance(self.learning_rate, tuple) else (self.learning_rate,)
        for rate in rates:
            check_positive("learning_rate", rate)
        check_positive("gradient_clip", self.gradient_clip, infinite=True)
        check_at_least_zero("rate_penalty", self.rate_penalty)
        check_positive("divergence", self.divergence, infinite=True)
        kinds = {
            "optimizer": (Optimizer, "Adam()"),
            "schedule": (Schedule, "Constant()"),
            "trials": (TrialSet, "FreshTrials()"),
            "stop": (Stop, "Never()"),
        }
        for name, (kind, example) in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected {_a(kind.__name__)} such as {example}")

    def learning_rate_of(self, number: int) -> float:
        """The learning rate of network `number`."""
        if not isinstance(self.learning_rate, tuple):
            return self.learning_rate
        if number >= len(self.learning_rate):
            raise ValueError(
                f"learning_rate has {len(self.learning_rate)} values; network {number} needs one of its own"
            )
        return self.learning_rate[number]

    def transformation(self) -> optax.GradientTransformation:
        """Clipping and direction, for the gradient of one network."""
        return optax.chain(optax.clip_by_global_norm(self.gradient_clip), self.optimizer.direction())

    def init(self, weights: Weights) -> "Learner":
        """The learner before the first step; every array of `weights` has a leading `network` axis."""
        networks = weights.recurrent.shape[0]
        return Learner(
            weights, jax.vmap(lambda one: self.transformation().init(one))(weights), jnp.zeros(networks, jnp.int32)
        )


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Learner:
    """Networks in training: their weights, the state of their optimizers, and the steps they have taken."""

    weights: Weights
    optimizer: optax.OptState
    step: Int[Array, "network"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Pace:
    """What a network's steps depend on beside its weights and the trials.

    Args:
        learning_rate: one a network.
        noise: the key of each network's recurrent noise.
        loss_bound: a loss above it, or one that is no number, ends a network.
    """

    learning_rate: Float[Array, "network"]
    noise: Key[Array, "network"]
    loss_bound: Float[AnyArray, ""]


@partial(jax.jit, static_argnames=("rule", "dynamics", "engine", "trained"))
def bptt_step(
    rule: BPTT,
    dynamics: Dynamics,
    engine: Engine,
    trained: tuple[str, ...],
    learner: Learner,
    active: Bool[Array, "network"],
    pace: Pace,
    trials: Trials,
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
    """One training step of every active network on the same trials.

    Args:
        rule: the hyperparameters.
        dynamics: the equations of the networks.
        engine: what computes loss and gradient.
        trained: names of the weight arrays that change; the others keep their values.
        learner: where the networks stand.
        active: the networks that train; the others stay as they are and cost nothing.
        pace: learning rates, noise and the bound of the loss.
        trials: the batch.

    Returns:
        The learner one step later, the networks that are still active, and the loss before the step, NaN for those that
        are not. A network whose step brings a loss above the bound or a weight that is not finite does not take it, and
        is active no more. Where no entry of the batch counts there is no loss (NaN) and nothing to follow: the step is
        counted, for schedule and noise, but weights and optimizers stay as they are.
    """
    networks = active.shape[0]
    if networks == 1:  # the compiler would treat one network alone in another way, down to its bits
        twice = jax.tree.map(lambda array: jnp.concatenate([array, array]), (learner, pace.learning_rate, pace.noise))
        learner, pace = twice[0], Pace(twice[1], twice[2], pace.loss_bound)
        active = jnp.concatenate([active, jnp.zeros_like(active)])
    scored = trials.counts.any()
    loss, gradient = engine.loss_and_gradient(
        dynamics,
        learner.weights,
        trials.inputs,
        trials.targets,
        trials.mask,
        noise_keys=step_noise(dynamics, learner, pace.noise),
        rate_penalty=rule.rate_penalty,
        active=active,
    )
    frozen = {name: jnp.zeros_like(getattr(gradient, name)) for name in gradient.__dict__ if name not in trained}
    gradient = Weights(**{**gradient.__dict__, **frozen})
    going = active & (loss <= pace.loss_bound) & scored
    moved, still = _all_moved(rule, learner, gradient, pace.learning_rate, going)
    held = {name: getattr(learner.weights, name) for name in frozen}  # whatever the optimizer does: AdamW decays them
    passed = active & ~scored
    moved = replace(moved, weights=replace(moved.weights, **held), step=moved.step + passed.astype(moved.step.dtype))
    found = (moved, still | passed, jnp.where(still, loss, jnp.nan))
    return jax.tree.map(lambda array: array[:networks], found)


def _all_moved(
    rule: BPTT,
    learner: Learner,
    gradient: Weights,
    learning_rate: Float[Array, "network"],
    active: Bool[Array, "network"],
) -> tuple[Learner, Bool[Array, "network"]]:
    """The active networks a step further, one after the other; those whose weights stay finite are still active."""

    def at(every: Any, network: Int[Array, ""]) -> Any:
        return jax.tree.map(lambda array: jax.lax.dynamic_index_in_dim(array, network, keepdims=False), every)

    def one_network(network: Int[Array, ""], so_far: tuple[Learner, Bool[Array, "network"]]):
        learner, active = so_far
        old = at(learner, network)
        new = _moved(rule, old, at(gradient, network), learning_rate[network])
        taken = active[network] & _finite(new.weights)
        learner = jax.tree.map(
            lambda every, one, other: every.at[network].set(jnp.where(taken, one, other)), learner, new, old
        )
        return learner, active.at[network].set(taken)

    # A loop whose length the compiler does not know, so that it moves one network by the same code in any cohort.
    last = jnp.where(active, jnp.arange(1, active.shape[0] + 1, dtype=jnp.int32), 0).max()
    return jax.lax.fori_loop(jnp.zeros_like(last), last, one_network, (learner, active))


def step_noise(dynamics: Dynamics, learner: Learner, keys: Key[Array, "network"]) -> NoiseKeys | None:
    """The words of each network's recurrent noise at its next step; None where the equations have no noise."""
    if not np.any(dynamics.noise_scale(learner.weights.units)):
        return None
    return jax.random.key_data(jax.vmap(jax.random.fold_in)(keys, learner.step))


def _moved(rule: BPTT, one: Learner, gradient: Weights, learning_rate: Float[Array, ""]) -> Learner:
    """One network after a step along its gradient."""
    with jax.numpy_dtype_promotion("standard"):  # optax mixes int32 counts with float32
        direction, optimizer = rule.transformation().update(
            cast(optax.Updates, gradient), one.optimizer, cast(optax.Params, one.weights)
        )
    rate = learning_rate * rule.schedule.factor(one.step.astype(learning_rate.dtype), rule.steps)
    weights = jax.tree.map(lambda weight, change: weight - (rate * change).astype(weight.dtype), one.weights, direction)
    return Learner(weights, optimizer, one.step + 1)


def _finite(weights: Weights) -> Bool[Array, ""]:
    return jnp.stack([jnp.isfinite(array).all() for array in jax.tree.leaves(weights)]).all()


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOU' else 'a'} {noun}"
