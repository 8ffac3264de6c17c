"""Ridge regression of the readout: what a reservoir learns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from recurra.arrays import Weights
from recurra.checks import check_positive
from recurra.engine import mean_squared_error
from recurra.models.constraints import Constraint, constrained, free_parameters
from recurra.tasks.trials import Trials
from recurra.training.numbers import without_numbers
from recurra.training.rule import Learner, LearningRule, Setup, all_finite, step_noise


@final
@dataclass(frozen=True, kw_only=True)
class Ridge(LearningRule):
    r"""The readout in closed form from all trials so far; the rest of the network stays as it was drawn.

    With the features $f_i$ of every scored step i, the rates and a 1 for the bias, weighted by the mask,
    $W = (\sum_i f_i f_i^\top + \beta n I)^{-1} \sum_i f_i z^{*\top}_i$. Because the penalty is relative to the
    number of steps n, it means the same for any number of trials.

    Args:
        ridge: β, above 0.

    Source: Jaeger (2001); Lukoševičius (2012).
    """

    sources: ClassVar[tuple[str, ...]] = ("jaeger2001", "lukosevicius2012")
    varying: ClassVar[tuple[str, ...]] = ("ridge",)

    ridge: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("ridge", self.ridge)

    def own(self, numbers: Sequence[int]) -> Float[Array, "network"]:
        """β of each network, which is the same."""
        return jnp.full(len(numbers), self.ridge, jnp.float32)

    def init(self, setup: Setup, weights: Weights) -> Learner:
        networks, outputs = weights.networks, weights.outputs
        features = weights.units + self._biased(setup, weights)
        squares = jnp.zeros((networks, outputs, features, features), jnp.float32)
        products, counted = jnp.zeros_like(squares[..., 0]), jnp.zeros((networks, outputs), jnp.float32)
        return Learner(weights, jnp.zeros(networks, jnp.int32), (squares, products, counted))

    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        return _step(without_numbers(self), setup, learner, active, trials)

    @staticmethod
    def _biased(setup: Setup, weights: Weights) -> bool:
        one = jax.tree.map(lambda array: array[0], weights)
        return "output_bias" in free_parameters(setup.constraints, one)


@partial(jax.jit, static_argnames="rule")
def _step(
    rule: Ridge, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
    noise = step_noise(setup.dynamics, learner, setup.noise)
    rates, outputs = setup.engine.run(setup.dynamics, learner.weights, trials.inputs, noise_keys=noise)
    loss = jax.vmap(lambda one: mean_squared_error(one, trials.targets, trials.mask))(outputs)
    weight = jnp.where(trials.counts, jnp.asarray(trials.mask).astype(rates.dtype), 0)
    features = rates
    if rule._biased(setup, learner.weights):
        features = jnp.concatenate([rates, jnp.ones_like(rates[..., :1])], axis=-1)
    squares, products, counted = learner.memory
    memory = (
        squares + jnp.einsum("bto,nbti,nbtj->noij", weight, features, features),
        products + jnp.einsum("bto,nbti,bto->noi", weight, features, jnp.where(trials.counts, trials.targets, 0)),
        counted + weight.sum(axis=(0, 1)),
    )
    solved = jax.vmap(partial(_solved, setup.constraints))
    weights = solved(setup.own, learner.weights, setup.start, *memory)
    going = active & (loss <= setup.loss_bound)
    taken = going & jax.vmap(all_finite)(weights)
    moved = Learner(weights, learner.step + 1, memory)
    kept = jax.tree.map(lambda new, old: jnp.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, old), moved, learner)
    return kept, taken, jnp.where(taken, loss, jnp.nan)


def _solved(
    constraints: tuple[Constraint, ...],
    ridge: Float[Array, ""],
    weights: Weights,
    start: Weights,
    squares: Float[Array, "output feature feature"],
    products: Float[Array, "output feature"],
    counted: Float[Array, "output"],
) -> Weights:
    """The weights of one network with the readout that follows from the sums, and with all constraints.

    Units without a connection to an output have no part in its sums.
    """
    if any("output" in constraint.absent() for constraint in constraints):
        sends = (cast(Any, start).output != 0).astype(squares.dtype)
        sends = jnp.pad(sends, ((0, 0), (0, squares.shape[-1] - weights.units)), constant_values=1)
        squares, products = squares * sends[:, :, None] * sends[:, None, :], products * sends
    penalty = ridge * jnp.maximum(counted, 1)[:, None, None] * jnp.eye(squares.shape[-1], dtype=squares.dtype)
    solved = jax.vmap(partial(jax.scipy.linalg.solve, assume_a="pos"))(squares + penalty, products)
    units = weights.units
    readout = {"output": solved[:, :units]} | ({"output_bias": solved[:, units]} if solved.shape[1] > units else {})
    return constrained(constraints, free_parameters(constraints, replace(cast(Any, weights), **readout)), start)
