"""Backpropagation through time for a cohort: one step for any number of networks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, Literal, cast, final

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import Weights
from recurra.checks import check_at_least_zero, check_between, check_choice, check_count, check_positive
from recurra.engine import LOSSES, Dynamics, Penalty, TrajectoryPenalty, dropped_arrays
from recurra.models.constraints import Constraint, Parameters, constrained, free_parameters
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.training.course import check_choices, check_part
from recurra.training.numbers import numbers_of, with_numbers, without_numbers
from recurra.training.one_by_one import each_network, one_of
from recurra.training.optimizers import Adam, Optimizer
from recurra.training.packing import Packing
from recurra.training.penalties import WeightPenalty, penalized
from recurra.training.period_weights import PeriodWeights, period_weights_of
from recurra.training.rule import Learner, LearningRule, Setup, all_finite, dropout_keys, step_noise
from recurra.training.schedules import Cosine, Schedule
from recurra.training.sizes import STRETCH


@final
@dataclass(frozen=True, kw_only=True)
class BPTT(LearningRule):
    r"""Backpropagation through time: the gradient of a loss over the whole trial, and an optimizer.

    $w \leftarrow w - \eta_k\, s(\mathrm{step})\, d$, where d is the optimizer's direction for the gradient of
    network k, clipped to the norm `gradient_clip`; $\eta_k$ is its learning rate and s the factor of the schedule.

    Args:
        learning_rate: above 0; one for all networks, or a tuple (in a spec: a list) with one for each.
        optimizer: direction of descent.
        schedule: factor on the learning rate over the steps.
        gradient_clip: largest norm of a network's gradient over all its trained weights; inf for no clipping.
        rate_penalty: factor of the mean squared rate of all units, steps and trials in the loss; 0 is none.
        loss: "mean_squared_error"; or "cross_entropy" of the softmax of the outputs, for targets that are the
            probabilities of choices.
        period_weights: how much the periods of a trial count in the loss, by name, such as
            `{"fixation": 0.1, "decision": 2.0}`; 0 is not at all, and periods without a weight have 1. They multiply
            the mask of the task, and the loss is a weighted mean, so that a common factor changes nothing. Success is
            judged as the task says.
        penalties: terms that are added to the loss, on weights or on trajectories. The native engine computes none on
            trajectories but `rate_penalty`; with others, one in JAX trains.
        window: steps of a window of truncated backpropagation: the state goes on from window to window, the gradient
            does not. None, or a window as long as the trial, is the whole gradient.
        unit_dropout: share of the units, 0 or above and below 1, that send nothing in a trial of training, others in
            every trial; what the others send is divided by one minus it. Validation and tests have all units. One of
            the engines in JAX trains.

    Source: Jarne (2024), section 4; Pascanu, Mikolov and Bengio (2013) for clipping; Yang et al. (2019) for weights of
    periods; Williams and Peng (1990) for windows; Srivastava et al. (2014) for dropout.
    """

    sources: ClassVar[tuple[str, ...]] = ("pascanu2013",)
    varying: ClassVar[tuple[str, ...]] = ("learning_rate", "gradient_clip")

    learning_rate: float | tuple[float, ...] = 1e-3
    optimizer: Optimizer = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Cosine)
    gradient_clip: float = 1.0
    rate_penalty: float = 0.0
    loss: Literal["mean_squared_error", "cross_entropy"] = "mean_squared_error"
    period_weights: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    penalties: tuple[Penalty, ...] = ()
    window: int | None = None
    unit_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        rates = self.learning_rate if isinstance(self.learning_rate, tuple) else (self.learning_rate,)
        for rate in rates:
            check_positive("learning_rate", rate)
        check_positive("gradient_clip", self.gradient_clip, infinite=True)
        check_at_least_zero("rate_penalty", self.rate_penalty)
        check_choice("loss", self.loss, LOSSES)
        object.__setattr__(self, "period_weights", period_weights_of(self.period_weights))
        for one in self.penalties:
            check_part("penalties", one, Penalty, 'L2("recurrent", 1e-4)')
        if self.window is not None:
            check_count("window", self.window)
        check_between("unit_dropout", self.unit_dropout, 0, 1)
        if self.unit_dropout == 1:
            raise ValueError("unit_dropout is 1; expected a share below 1, since some units have to be left")
        if self.trajectory_penalties and (self.window is not None or self.unit_dropout):
            other = "window" if self.window is not None else "unit_dropout"
            raise ValueError(
                f"penalty {self.trajectory_penalties[0].name} is on whole trajectories of all units; leave out {other}"
            )
        check_part("optimizer", self.optimizer, Optimizer, "Adam()")
        check_part("schedule", self.schedule, Schedule, "Constant()")

    @property
    def lowered_loss(self) -> str:
        return self.loss

    @property
    def counted_periods(self) -> PeriodWeights:
        return cast(PeriodWeights, self.period_weights)

    @property
    def trajectory_penalties(self) -> tuple[TrajectoryPenalty, ...]:
        return tuple(one for one in self.penalties if isinstance(one, TrajectoryPenalty))

    @property
    def needs_states(self) -> tuple[str, ...]:
        return (*super().needs_states, *(("unit dropout",) if self.unit_dropout else ()))

    @property
    def weight_penalties(self) -> tuple[WeightPenalty, ...]:
        """The penalties on weights, which no engine has to know."""
        return tuple(one for one in self.penalties if isinstance(one, WeightPenalty))

    def check_networks(self, dynamics: Dynamics) -> None:
        for one in self.penalties:
            one.check(dynamics)
        if self.unit_dropout and not dropped_arrays(dynamics):
            raise ValueError(
                f"unit_dropout needs weights with the axis pre, from units; {type(dynamics).__name__} has none"
            )

    def check_task(self, task: Task) -> None:
        check_choices(self.loss, task)

    @property
    def shared(self) -> "BPTT":
        return without_numbers(self)

    def own(self, numbers: Sequence[int]) -> Mapping[str, Float[Array, "network"]]:
        """The numbers of `numbers_of` for each network: the learning rate, and those that all networks share."""
        own = {name: [number] * len(numbers) for name, number in numbers_of(self).items()}
        own["learning_rate"] = [self.learning_rate_of(number) for number in numbers]
        return {name: jnp.asarray(values, jnp.float32) for name, values in own.items()}

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
        """Clipping and direction of descent for the gradient of one network."""
        return optax.chain(optax.clip_by_global_norm(self.gradient_clip), self.optimizer.direction())

    def init(self, setup: Setup, weights: Weights) -> Learner:
        free = jax.vmap(partial(free_parameters, setup.constraints))(weights)
        optimizer = jax.vmap(self.transformation().init)(free)
        return Learner(weights, jnp.zeros(weights.networks, jnp.int32), Memory(free, optimizer))

    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        """One step; if no entry of the batch counts, weights and optimizers stay as they are.

        Such a step is counted, for schedule and noise, but has no loss (NaN) and no gradient.
        """
        learner, active, losses = self.stretch(setup, learner, active, [trials])
        return learner, active, losses[0]

    def stretch(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], batches: Sequence[Trials]
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "step network"]]:
        losses, program = [], without_numbers(self)
        if not self.counted_periods:  # then stages of a curriculum need one program alone
            batches = [replace(trials, condition_names=(), periods=()) for trials in batches]
        for _, group in groupby(batches, key=lambda trials: trials.inputs.shape):
            alike = tuple(group)
            for begin in range(0, len(alike), STRETCH):
                some = alike[begin : begin + STRETCH]
                filled = some + some[-1:] * (STRETCH - len(some))  # one program for all numbers of steps
                learner, active, loss = _steps(program, setup, learner, active, filled, len(some))
                losses.append(loss[: len(some)])
        return learner, active, jnp.concatenate(losses)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Memory:
    """The memory of backpropagation: the free parameters and the state of the optimizer of each network.

    Within a stretch of steps the parameters may be one vector a network.
    """

    free: Parameters | Float[Array, "*network entry"]
    optimizer: optax.OptState


@partial(jax.jit, static_argnames="rule")
def _steps(
    rule: BPTT,
    setup: Setup,
    learner: Learner,
    active: Bool[Array, "network"],
    batches: tuple[Trials, ...],
    count: int | Int[Array, ""],
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "step network"]]:
    """The steps on the first `count` batches; the rule is without the numbers that `setup.own` has."""
    networks = active.shape[0]
    if networks == 1:  # the compiler would treat a single network differently, down to its bits
        own = (learner, setup.start, setup.own, setup.noise)
        learner, start, own, noise = jax.tree.map(lambda array: jnp.concatenate([array, array]), own)
        setup = replace(setup, start=start, own=own, noise=noise)
        active = jnp.concatenate([active, jnp.zeros_like(active)])
    every = jax.tree.map(lambda *arrays: jnp.stack(arrays), *batches)
    packing = Packing(learner.memory, learner.memory.free, _as_one(rule.optimizer, learner.memory.free))

    def one_step(step: Int[Array, ""], so_far: Any) -> Any:
        learner, active, losses = so_far
        learner, active, loss = _step(rule, setup, packing, learner, active, one_of(every, step))
        return learner, active, losses.at[step].set(loss)

    losses = jnp.full((len(batches), active.shape[0]), jnp.nan, setup.loss_bound.dtype)
    packed = replace(learner, memory=packing.pack(learner.memory))
    learner, active, losses = jax.lax.fori_loop(0, count, one_step, (packed, active, losses))
    learner = replace(learner, memory=packing.unpack(learner.memory))
    learner, active = jax.tree.map(lambda array: array[:networks], (learner, active))
    return learner, active, losses[:, :networks]


def _step(
    rule: BPTT,
    setup: Setup,
    packing: Packing,
    learner: Learner,
    active: Bool[Array, "network"],
    trials: Trials,
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
    trials = trials.weighted(rule.counted_periods)
    scored = trials.counts.any()
    in_jax: dict[str, Any] = {"penalties": rule.trajectory_penalties} if rule.trajectory_penalties else {}
    if rule.unit_dropout:
        in_jax |= {"unit_dropout": rule.unit_dropout, "dropout_keys": dropout_keys(learner, setup.noise)}
    loss, gradient = setup.engine.loss_and_gradient(
        setup.dynamics,
        learner.weights,
        trials.inputs,
        trials.targets,
        trials.mask,
        noise_keys=step_noise(setup.dynamics, learner, setup.noise),
        loss=rule.loss,
        rate_penalty=rule.rate_penalty,
        window=rule.window,
        active=active,
        **in_jax,
    )
    if rule.weight_penalties:
        found, penalties_of = (loss, gradient), partial(_weight_penalties, rule)
        loss, gradient = penalized(penalties_of, setup, learner.weights, active, found)
    going = active & (loss <= setup.loss_bound) & scored
    moved, still = _all_moved(rule, setup, packing, learner, gradient, going)
    passed = active & ~scored
    moved = replace(moved, step=moved.step + passed.astype(moved.step.dtype))
    return moved, still | passed, jnp.where(still, loss, jnp.nan)


def _all_moved(
    rule: BPTT,
    setup: Setup,
    packing: Packing,
    learner: Learner,
    gradient: Weights,
    active: Bool[Array, "network"],
) -> tuple[Learner, Bool[Array, "network"]]:
    """The active networks one step later; networks whose weights stay finite are still active."""

    def one_network(
        given: tuple[Weights, Weights, Mapping[str, Float[Array, ""]]], so_far: tuple[Learner, Bool[Array, ""]]
    ):
        (start, gradient, own), (old, active) = given, so_far
        weights_of = partial(_constrained, setup.constraints, packing, start)
        new = _moved(with_numbers(rule, own), own["learning_rate"], weights_of, old, gradient)
        taken = active & all_finite(new.weights)
        return jax.tree.map(partial(jnp.where, taken), new, old), taken

    given = setup.start, gradient, setup.own
    return each_network(setup.engine.together, active, one_network, given, (learner, active))


def _moved(
    rule: BPTT,
    learning_rate: Float[Array, ""],
    weights_of: Callable[[Any], Weights],
    one: Learner,
    gradient: Weights,
) -> Learner:
    """One network after a step along its gradient."""
    free = one.memory.free
    (slope,) = jax.vjp(weights_of, free)[1](gradient)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes int32 counts with float32
        direction, optimizer = rule.transformation().update(slope, one.memory.optimizer, free)
    rate = learning_rate * rule.schedule.factor(one.step.astype(learning_rate.dtype), rule.steps)
    free = jax.tree.map(lambda value, change: value - (rate * change).astype(value.dtype), free, direction)
    return Learner(weights_of(free), one.step + 1, Memory(free, optimizer))


def _weight_penalties(rule: BPTT, own: Mapping[str, Float[Array, ""]]) -> tuple[WeightPenalty, ...]:
    return with_numbers(rule, own).weight_penalties


def _constrained(constraints: tuple[Constraint, ...], packing: Packing, start: Weights, packed: Any) -> Weights:
    return constrained(constraints, packing.parameters_of(packed), start)


def _as_one(optimizer: Optimizer, free: Parameters) -> bool:
    """Whether the optimizer may move all free parameters as one vector."""
    return optimizer.elementwise and len({array.dtype for array in free.values()}) == 1
