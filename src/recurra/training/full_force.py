"""full-FORCE learning: a second network shows every unit what current it should receive."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, Weights
from recurra.checks import check_between, check_count, check_positive, check_positive_float32
from recurra.engine import Dynamics, RateDynamics
from recurra.models.initializers import Normal, uniform_within
from recurra.numerics import pinned
from recurra.tasks.trials import Trials
from recurra.training.course import check_part
from recurra.training.hints import Hint, NoHint
from recurra.training.numbers import without_numbers
from recurra.training.one_by_one import each_network
from recurra.training.online import check_constraints, learns_bias
from recurra.training.recursion import LeastSquares, in_blocks
from recurra.training.rule import Learner, LearningRule, Setup, all_finite, step_noise

TEACHER = 2**31  # apart from the steps of training, which are folded into the same key for the noise


@final
@dataclass(frozen=True, kw_only=True)
class FullFORCE(LearningRule):
    r"""All recurrent weights and the readout, by recursive least squares on the currents of a second network.

    The target-generating network has as many units, random weights $J_D$ and u that stay, and receives the targets and
    a hint: $\tau \dot x_D = -x_D + F + W_{in} x$ with $F = J_D \varphi(x_D) + u z^* + u_h h$. Its F, without the input
    that both networks receive, is what the recurrent current of each unit of the trained network should be. With its
    rates r, at a share of the steps: $k = P r / (1 + r^\top P r)$, $P \leftarrow P - k (P r)^\top$,
    $J \leftarrow J - (J r - F)\, k^\top$, $w \leftarrow w - (w r - z^*)\, k^\top$, and $P = I / \alpha$ at first: one P
    for all rows.

    Both networks begin every trial in their initial state. A training step takes the trials of a batch one after the
    other, or several of them at a time; its loss is the mean squared error of the output before each correction, while
    loss and success on the validation trials are those of the free run.

    Args:
        alpha: α, above 0.
        learn_share: probability that a step is learned from, above 0, up to 1.
        target_gain: g of $J_D$, whose entries are normal with the standard deviation $g / \sqrt N$.
        target_scale: u and $u_h$ are uniform within ± this.
        hint: what the target-generating network receives besides the targets.
        side_by_side: how many trials of a batch run at the same time, with one correction for all of them after each
            step; the others follow one after the other. It has to divide `batch`.
        batch: trials per training step.
        steps: training steps in all.

    Source: DePasquale et al. (2018).
    """

    sources: ClassVar[tuple[str, ...]] = ("depasquale2018",)
    varying: ClassVar[tuple[str, ...]] = ("alpha",)

    alpha: float = 1.0
    learn_share: float = 0.5
    target_gain: float = 1.5
    target_scale: float = 1.0
    hint: Hint = field(default_factory=NoHint)
    side_by_side: int = 1
    batch: int = 1
    steps: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alpha", "target_gain", "target_scale"):
            check_positive_float32(name, getattr(self, name))
        check_positive("learn_share", self.learn_share)
        check_between("learn_share", self.learn_share, 0, 1)
        check_count("side_by_side", self.side_by_side)
        if self.batch % self.side_by_side:
            raise ValueError(f"side_by_side is {self.side_by_side}; expected a divisor of the batch, {self.batch}")
        check_part("hint", self.hint, Hint, "NoHint()")

    def check_networks(self, dynamics: Dynamics) -> None:
        if not isinstance(dynamics, RateDynamics):
            raise ValueError(
                "FullFORCE needs rate units without feedback and without trained time constants; the model has "
                f"{type(dynamics).__name__}"
            )

    def own(self, numbers: Sequence[int]) -> Float[Array, "network"]:
        """α of each network."""
        return jnp.full(len(numbers), self.alpha, jnp.float32)

    def init(self, setup: Setup, weights: Weights) -> Learner:
        check_constraints("FullFORCE", ("output", "recurrent"), setup.constraints, weights)
        self.hint.check_inputs(weights.inputs)
        trained = [learns_bias(setup.constraints, weights, name) for name in ("recurrent_bias", "output_bias")]
        if trained[0] != trained[1]:
            raise ValueError(
                f"FullFORCE learns the biases of units and outputs together; the model has recurrent_bias={trained[0]} "
                f"and output_bias={trained[1]}: make them equal"
            )
        return _begun(trained[0], weights, setup.own)

    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        with pinned(double=True):
            hints = self.hint.signal(trials)
            return _step(without_numbers(self), setup, learner, active, trials, hints)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RowsMemory:
    """The rows of outputs and units, and the inverse that they share, float64."""

    rows: Float[Array, "network row feature"]
    inverse: Float[Array, "network feature feature"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Teacher:
    """The fixed weights of the target-generating network, float32."""

    recurrent: Float[Array, "post pre"]
    target: Float[Array, "unit output"]
    hint: Float[Array, "unit hint"]

    @classmethod
    def drawn(cls, rule: FullFORCE, key: Any, units: int, outputs: int, hints: int) -> "Teacher":
        """The weights that belong to the key of a network."""
        recurrent, target, hint = jax.random.split(jax.random.fold_in(key, TEACHER), 3)
        return cls(
            Normal(rule.target_gain)(recurrent, (units, units)),
            uniform_within(rule.target_scale, target, (units, outputs)),
            uniform_within(rule.target_scale, hint, (units, hints)),
        )

    def currents(self, rates: Array, target: Array, hint: Array) -> Float[Array, "unit"]:
        """F: what its units receive, without the inputs of the task."""
        return self.recurrent @ rates + self.target @ target + self.hint @ hint


@pinned(double=True)
def _begun(biased: bool, weights: Any, alphas: Float[Array, "network"]) -> Learner:
    rows = jnp.concatenate([jnp.asarray(weights.output), jnp.asarray(weights.recurrent)], axis=1)
    if biased:
        biases = jnp.concatenate([jnp.asarray(weights.output_bias), jnp.asarray(weights.recurrent_bias)], axis=1)
        rows = jnp.concatenate([rows, biases[..., None]], axis=2)
    inverse = jnp.eye(rows.shape[-1]) / jnp.asarray(alphas, jnp.float64)[:, None, None]
    memory = RowsMemory(rows.astype(jnp.float64), inverse)
    return Learner(weights, jnp.zeros(weights.networks, jnp.int32), memory)


@partial(jax.jit, static_argnames="rule")
def _step(
    rule: FullFORCE,
    setup: Setup,
    learner: Learner,
    active: Bool[Array, "network"],
    trials: Trials,
    hints: Float[Array, "trial time hint"],
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
    noise = step_noise(setup.dynamics, learner, setup.noise)
    words = jax.random.key_data(setup.noise)
    noise = words if noise is None else noise

    def one_network(given: Any, so_far: Any) -> Any:
        old, active, _ = so_far
        new, loss = _learned(rule, setup, given, (trials, hints), old)
        taken = active & (loss <= setup.loss_bound) & all_finite(new.weights)
        kept = jax.tree.map(partial(jnp.where, taken), new, old)
        return kept, taken, jnp.where(taken, loss, jnp.nan)

    losses = jnp.full(active.shape, jnp.nan, jnp.float32)
    return each_network(setup.engine.together, active, one_network, (words, noise), (learner, active, losses))


def _learned(
    rule: FullFORCE, setup: Setup, words: Any, given: tuple[Trials, Array], learner: Learner
) -> tuple[Learner, Float[Array, ""]]:
    """One network after all trials of a step, and its mean squared error before each correction."""
    weights: Any = learner.weights
    (trials, hints), (own, noise) = given, map(jax.random.wrap_key_data, words)
    teacher = Teacher.drawn(rule, own, weights.units, weights.outputs, hints.shape[-1])
    chance = jax.random.fold_in(jax.random.fold_in(own, TEACHER + 1), learner.step)
    start, single = setup.dynamics.initial_state(weights), jnp.float32

    def some_trials(memory: RowsMemory, several: Any) -> tuple[RowsMemory, Any]:
        at, inputs, targets, counts, hint = several
        trials, steps = inputs.shape[:2]
        chosen = jax.vmap(lambda one: jax.random.bernoulli(jax.random.fold_in(chance, one), rule.learn_share, (steps,)))
        shaken = jax.vmap(lambda one: jax.random.normal(jax.random.fold_in(noise, one), (steps, *start.shape), single))
        drives = jax.vmap(jax.vmap(partial(setup.dynamics.drive, weights)))(inputs)
        silent = jnp.zeros(targets.shape[-1], single), jnp.zeros(hint.shape[-1], single)
        goal = teacher.currents(setup.dynamics.rates(start), *silent)
        states, goals = (jnp.broadcast_to(one, (trials, *one.shape)) for one in (start, goal))
        carry = LeastSquares.of(memory.rows, memory.inverse, trials), states, states, goals
        every = (drives, targets, hint, chosen(at) & counts.all(axis=-1), shaken(at))
        step = partial(_moved, setup.dynamics, weights, teacher)
        (system, *_), errors = in_blocks(
            step, carry, jax.tree.map(partial(jnp.swapaxes, axis1=0, axis2=1), every), trials
        )
        squares = jnp.where(counts, errors.swapaxes(0, 1) ** 2, 0)
        return RowsMemory(system.weights, system.inverse), squares

    every = (jnp.arange(len(hints), dtype=jnp.uint32), trials.inputs, trials.targets, trials.counts, hints)
    memory, squares = jax.lax.scan(
        some_trials, learner.memory, jax.tree.map(partial(_groups, rule.side_by_side), every)
    )
    loss = squares.sum() / jnp.maximum(trials.counts.sum(), 1).astype(squares.dtype)
    return Learner(_merged(weights, memory.rows), learner.step + 1, memory), loss.astype(single)


def _groups(side_by_side: int, array: AnyArray) -> AnyArray:
    """Trials in groups; if a last batch is smaller, the last group is filled with 0, trials of which no step counts."""
    room = [(0, -len(array) % side_by_side)] + [(0, 0)] * (array.ndim - 1)
    return jnp.pad(jnp.asarray(array), room).reshape(-1, side_by_side, *array.shape[1:])


def _moved(
    dynamics: Any, weights: Any, teacher: Teacher, carry: Any, given: Any
) -> tuple[Any, Float[Array, "trial output"]]:
    """A step of both networks in some trials, and of what is learned."""
    system, states, shown, goals = carry
    number, real, (drives, targets, hints, learn, shaken) = given
    outputs, biased = targets.shape[1], system.weights.shape[1] > weights.units
    rates, moved = jax.vmap(dynamics.rates), jax.vmap(dynamics.moved, (None, 0, 0))
    respond, features = jax.vmap(system.respond), jax.vmap(partial(_features, biased))
    outside = drives if biased else drives + weights.recurrent_bias
    currents = respond(features(rates(states)))[:, outputs:].astype(states.dtype)
    states = moved(weights, states, currents + outside) + dynamics.noise_scale(weights) * shaken
    shown = moved(weights, shown, goals + outside)
    goals = jax.vmap(teacher.currents)(rates(shown), targets, hints)
    seen = features(rates(states))
    wanted = targets.astype(jnp.float64) - (0.0 if biased else weights.output_bias.astype(jnp.float64))
    errors = respond(seen) - jnp.concatenate([wanted, goals.astype(jnp.float64)], axis=1)
    return (system.learned_together(number, real & learn, seen, errors), states, shown, goals), errors[:, :outputs]


def _features(biased: bool, rates: Float[Array, "unit"]) -> Float[Array, "feature"]:
    """The rates in float64, and a 1 for the biases if they are trained."""
    double = rates.astype(jnp.float64)
    return jnp.append(double, 1.0) if biased else double


def _merged(weights: Any, rows: Float[Array, "row feature"]) -> Weights:
    outputs, units, single = weights.outputs, weights.units, rows.astype(jnp.float32)
    arrays = {"output": single[:outputs, :units], "recurrent": single[outputs:, :units]}
    if rows.shape[1] > units:
        arrays |= {"output_bias": single[:outputs, units], "recurrent_bias": single[outputs:, units]}
    return replace(weights, **arrays)
