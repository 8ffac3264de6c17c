"""Backpropagation through time for a cohort: one step of it, for any number of networks."""

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from recurra.arrays import Weights
from recurra.checks import check_count, check_positive
from recurra.engine import Dynamics, loss_and_gradient
from recurra.tasks.base import Trials
from recurra.training.optimizers import Adam, Optimizer
from recurra.training.schedules import Cosine, Schedule
from recurra.training.stopping import Never, Stop
from recurra.training.trial_sets import FreshTrials, TrialSet


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
    trials: TrialSet = field(default_factory=FreshTrials)
    stop: Stop = field(default_factory=Never)
    validation_trials: int = 256
    divergence: float = 100.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "validation_trials"):
            check_count(name, getattr(self, name))
        rates = self.learning_rate if isinstance(self.learning_rate, tuple) else (self.learning_rate,)
        for rate in rates:
            check_positive("learning_rate", rate)
        check_positive("gradient_clip", self.gradient_clip)
        check_positive("divergence", self.divergence)
        kinds = {"optimizer": Optimizer, "schedule": Schedule, "trials": TrialSet, "stop": Stop}
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected a {kind.__name__}")

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


@partial(jax.jit, static_argnames=("rule", "dynamics", "trained"))
def bptt_step(
    rule: BPTT,
    dynamics: Dynamics,
    trained: tuple[str, ...],
    learner: Learner,
    learning_rate: Float[Array, "network"],
    trials: Trials,
) -> tuple[Learner, Float[Array, "network"]]:
    """One training step of every network on the same trials.

    Args:
        rule: the hyperparameters.
        dynamics: the equations of the networks.
        trained: names of the weight arrays that change; the others keep their values.
        learner: where the networks stand.
        learning_rate: one a network.
        trials: the batch.

    Returns:
        The learner one step later, and the loss before that step.
    """
    loss, gradient = loss_and_gradient(dynamics, learner.weights, trials.inputs, trials.targets, trials.mask)
    frozen = {name: jnp.zeros_like(getattr(gradient, name)) for name in gradient.__dict__ if name not in trained}
    gradient = Weights(**{**gradient.__dict__, **frozen})
    transformation = rule.transformation()

    def one_network(gradient, optimizer, weights, step, rate):
        with jax.numpy_dtype_promotion("standard"):  # optax mixes int32 counts with float32
            direction, optimizer = transformation.update(gradient, optimizer, weights)
        rate = rate * rule.schedule.factor(step.astype(rate.dtype), rule.steps)
        moved = jax.tree.map(lambda weight, change: weight - (rate * change).astype(weight.dtype), weights, direction)
        return moved, optimizer

    weights, optimizer = jax.vmap(one_network)(
        gradient, learner.optimizer, learner.weights, learner.step, learning_rate
    )
    return Learner(weights, optimizer, learner.step + 1), loss
