"""Recursive least squares: weights that have the least squared error on all features so far, after every step."""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg
from jaxtyping import Array, Bool, Float, Int

BLOCK = 32  # corrections that are kept apart, so that the large matrices are written once for all of them


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class LeastSquares:
    r"""Rows of weights M that are learned together, and the inverse P that they share, in float64.

    With features r and the errors e of the rows at a step: $k = P r / (1 + r^\top P r)$, $M \leftarrow M - e k^\top$,
    $P \leftarrow P - k (P r)^\top$; so $P^{-1} = \alpha I + \sum r r^\top$. The changes of a block of steps are kept
    as factors, $M - E^\top K$ and $P - K^\top K$, which is the same but for rounding; P stays symmetric.

    Several trials at the same step, with the features R, one column a trial, are one correction: with the lower
    triangle of Cholesky $L L^\top = I + R^\top P R$, K has the rows $L^{-1} (P R)^\top$ and E the rows $L^{-1} e^\top$.

    Args:
        weights: M at the beginning of the block.
        inverse: P at the beginning of the block.
        gains: K, the row $\sqrt{1 + r^\top P r}\; k$ of every step of the block; 0 where nothing was learned.
        errors: E, the errors of every step times $1 / \sqrt{1 + r^\top P r}$.

    Source: Haykin (2002), as Sussillo and Abbott (2009) use it.
    """

    weights: Float[Array, "row feature"]
    inverse: Float[Array, "feature feature"]
    gains: Float[Array, "kept feature"]
    errors: Float[Array, "kept row"]

    @classmethod
    def of(
        cls, weights: Float[Array, "row feature"], inverse: Float[Array, "feature feature"], trials: int = 1
    ) -> "LeastSquares":
        """Weights and inverse at the beginning of a block, for so many trials at a step."""
        (rows, features), kept = weights.shape, trials * steps_of_a_block(trials)
        return cls(weights, inverse, jnp.zeros((kept, features)), jnp.zeros((kept, rows)))

    def respond(self, features: Float[Array, "feature"]) -> Float[Array, "row"]:
        """M r."""
        return self.weights @ features - (self.gains @ features) @ self.errors

    def learned(
        self, at: Int[Array, ""], learn: Bool[Array, ""], features: Float[Array, "feature"], error: Float[Array, "row"]
    ) -> "LeastSquares":
        """After a step.

        Args:
            at: its number in the block.
            learn: whether anything is learned.
            features: r.
            error: e, before the step.
        """

        def gain() -> tuple[Float[Array, "feature"], Float[Array, "row"]]:
            projected = self.inverse @ features - (self.gains @ features) @ self.gains
            scale = 1 / jnp.sqrt(1 + features @ projected)
            return scale * projected, scale * error

        nothing = jnp.zeros_like(features), jnp.zeros_like(error)
        gains, errors = jax.lax.cond(learn, gain, lambda: nothing)
        return replace(self, gains=self.gains.at[at].set(gains), errors=self.errors.at[at].set(errors))

    def learned_together(
        self,
        at: Int[Array, ""],
        learn: Bool[Array, "trial"],
        features: Float[Array, "trial feature"],
        errors: Float[Array, "trial row"],
    ) -> "LeastSquares":
        """After a step of several trials, of which some may be left out.

        Args:
            at: its number in the block.
            learn: whether anything is learned of each.
            features: r of each.
            errors: e of each, before the step.
        """
        if len(features) == 1:  # a step that is left out costs nothing there
            return self.learned(at, learn[0], features[0], errors[0])
        seen, trials = jnp.where(learn[:, None], features, 0), len(features)
        projected = seen @ self.inverse - (seen @ self.gains.T) @ self.gains
        lower = jnp.linalg.cholesky(jnp.eye(trials) + seen @ projected.T)
        both = jnp.concatenate([projected, errors], axis=1)
        gains, scaled = jnp.split(jax.scipy.linalg.solve_triangular(lower, both, lower=True), [seen.shape[1]], axis=1)
        place = (at * trials, 0)
        return replace(
            self,
            gains=jax.lax.dynamic_update_slice(self.gains, gains, place),
            errors=jax.lax.dynamic_update_slice(self.errors, scaled, place),
        )

    def settled(self) -> "LeastSquares":
        """The same at the end of a block, with nothing kept apart."""
        weights, inverse = self.weights - self.errors.T @ self.gains, self.inverse - self.gains.T @ self.gains
        return LeastSquares(weights, inverse, jnp.zeros_like(self.gains), jnp.zeros_like(self.errors))


def steps_of_a_block(trials: int) -> int:
    """How many steps of so many trials are kept apart."""
    return max(BLOCK // trials, 4)


def in_blocks(step: Any, carry: Any, every: Any, trials: int = 1) -> tuple[Any, Any]:
    """`jax.lax.scan` over steps, in whose carry every `LeastSquares` is settled after each block.

    Args:
        step: a function (carry, (number in the block, whether it is a step and no padding, values)) -> (carry, result).
        carry: what goes from step to step.
        every: values with a leading axis of steps.
        trials: how many each `LeastSquares` learns from at a step.
    """
    steps, block = jax.tree.leaves(every)[0].shape[0], steps_of_a_block(trials)
    blocks = -(-steps // block)
    room = blocks * block

    def cut(array: Array) -> Array:
        padded = jnp.concatenate([array, jnp.zeros((room - steps, *array.shape[1:]), array.dtype)])
        return padded.reshape(blocks, block, *array.shape[1:])

    def one_block(carry: Any, values: Any) -> tuple[Any, Any]:
        carry, results = jax.lax.scan(step, carry, (jnp.arange(block), *values))
        return jax.tree.map(_settled, carry, is_leaf=_is_least_squares), results

    real = cut(jnp.ones(steps, bool))
    carry, results = jax.lax.scan(one_block, carry, (real, jax.tree.map(cut, every)))
    return carry, jax.tree.map(lambda array: array.reshape(room, *array.shape[2:])[:steps], results)


def _is_least_squares(part: Any) -> bool:
    return isinstance(part, LeastSquares)


def _settled(part: Any) -> Any:
    return part.settled() if _is_least_squares(part) else part
