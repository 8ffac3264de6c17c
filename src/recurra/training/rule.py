"""Learning rules: how the weights of networks change in a training step."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from recurra.arrays import AnyArray, NoiseKeys, Weights
from recurra.engine import Dynamics, Engine, TrajectoryPenalty
from recurra.models.constraints import Constraint
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.training.course import Course


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Setup(Shown):
    """The setting in which networks learn, the same at every step.

    Args:
        dynamics: the equations of the networks.
        engine: computes rates, losses and gradients.
        constraints: constraints on the weights.
        start: the weights before training, with a leading `network` axis.
        own: what the rule's `own` returns for each network.
        noise: the key of each network's recurrent noise.
        loss_bound: a loss above it, or a NaN, ends a network.
        loss: what the rule lowers, a name of `recurra.engine.LOSSES`.
        period_weights: how much each named period of the trials counts in it; 1 for a period without a name here.
    """

    dynamics: Dynamics = field(metadata={"static": True})
    engine: Engine = field(metadata={"static": True})
    constraints: tuple[Constraint, ...] = field(metadata={"static": True})
    start: Weights
    own: Any
    noise: Key[Array, "network"]
    loss_bound: Float[AnyArray, ""]
    loss: str = field(default="mean_squared_error", metadata={"static": True})
    period_weights: tuple[tuple[str, float], ...] = field(default=(), metadata={"static": True})


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Learner(Shown):
    """Networks in training; every array has a leading `network` axis.

    Args:
        weights: their weights.
        step: number of training steps that each has taken.
        memory: what the rule remembers from step to step, such as the state of an optimizer.
    """

    weights: Weights
    step: Int[Array, "network"]
    memory: Any = ()


class LearningRule(Course, abc.ABC):
    """How networks learn.

    A rule of your own is a frozen dataclass with the two abstract methods; it inherits the fields of `Course`. State
    goes in and comes out: what the rule remembers is in the learner's `memory`, arrays with a leading `network` axis,
    which are stored and resumed like the weights. Memory that needs float64 is made and changed within
    `recurra.numerics.pinned(double=True)`; it keeps its bits from step to step.
    """

    sources: ClassVar[tuple[str, ...]] = ()

    @property
    def lowered_loss(self) -> str:
        """What the rule lowers, a name of `recurra.engine.LOSSES`: it is measured on the validation trials."""
        return "mean_squared_error"

    @property
    def counted_periods(self) -> tuple[tuple[str, float], ...]:
        """How much the named periods of the trials count in that loss; 1 for all others."""
        return ()

    @property
    def trajectory_penalties(self) -> tuple[TrajectoryPenalty, ...]:
        """Penalties that the engine has to compute."""
        return ()

    @property
    def needs_states(self) -> tuple[str, ...]:
        """What of it only an engine that keeps states can compute, in words."""
        return tuple(f"penalty {one.name}" for one in self.trajectory_penalties)

    def check_networks(self, dynamics: Dynamics) -> None:
        """Raise an error if networks with these equations cannot learn by this rule."""
        return

    def check_task(self, task: Task) -> None:
        """Raise an error if nothing can be learned of this task by this rule, such as of trials that are too short."""
        return

    @abc.abstractmethod
    def init(self, setup: Setup, weights: Weights) -> Learner:
        """The networks before their first step.

        Args:
            setup: the setting in which they learn.
            weights: before training, with a leading `network` axis.
        """

    @abc.abstractmethod
    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        """One training step of every active network on the same trials.

        Args:
            setup: the setting in which they learn.
            learner: their current state.
            active: networks that train; the others must stay as they are.
            trials: the batch.

        Returns:
            The learner one step later; the networks that are still active; and the loss before the step, NaN for
            networks that are not. A network whose loss is above `setup.loss_bound`, or whose weights would not be
            finite, does not take the step and is no longer active.
        """

    def stretch(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], batches: Sequence[Trials]
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "step network"]]:
        """Training steps on one batch after the other; a rule may take them faster than one by one.

        Args:
            setup: the setting in which the networks learn.
            learner: their current state.
            active: networks that train.
            batches: the trials of each step.

        Returns:
            What `step` returns, the loss for every step.
        """
        losses = []
        for trials in batches:
            learner, active, loss = self.step(setup, learner, active, trials)
            losses.append(loss)
        return learner, active, jnp.stack(losses)

    @property
    def shared(self) -> Any:
        """The rule without the numbers that `own` has: networks whose rules share the rest train together."""
        return self

    def own(self, numbers: Sequence[int]) -> Any:
        """Settings that differ between networks, such as a learning rate: arrays with one entry per network number."""
        return ()


def step_noise(dynamics: Dynamics, learner: Learner, keys: Key[Array, "network"]) -> NoiseKeys | None:
    """The key words of each network's recurrent noise at its next step; None if the equations have no noise."""
    return jax.random.key_data(jax.vmap(jax.random.fold_in)(keys, learner.step)) if dynamics.noisy else None


def dropout_keys(learner: Learner, keys: Key[Array, "network"]) -> NoiseKeys:
    """The key words of each network's dropout at its next step."""
    of_step = jax.vmap(jax.random.fold_in)(keys, learner.step)
    return jax.random.key_data(jax.vmap(lambda key: jax.random.fold_in(key, 1))(of_step))


def all_finite(weights: Weights) -> Bool[Array, ""]:
    """Whether all entries are finite numbers."""
    return jnp.stack([jnp.isfinite(array).all() for array in jax.tree.leaves(weights)]).all()
