"""Trials: what goes in, what should come out, where it counts, and which condition it is."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray, Condition, Inputs, Mask, Targets
from recurra.periods import Period


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trial:
    """One trial: what goes in, what should come out, where or how much it counts, and which condition it is."""

    inputs: Float[Array, "time input"]
    targets: Float[Array, "time output"]
    mask: Bool[Array, "time output"] | Float[Array, "time output"]
    condition: Int[Array, ""]

    @classmethod
    def of(
        cls,
        inputs: Float[AnyArray, "time input"],
        targets: Float[AnyArray, "time output"],
        mask: Bool[AnyArray, "time output"] | Float[AnyArray, "time output"] | None = None,
        condition: int | Int[AnyArray, ""] = 0,
    ) -> "Trial":
        """A trial from any arrays; without a mask every step counts, without a condition it is the first one.

        The mask is True where the loss counts; or it holds numbers, 0 or above, that weight the loss: periods that
        matter more count more, as in Yang et al. (2019), doi:10.1038/s41593-018-0310-2. Success asks wherever it is
        above 0.
        """
        targets = jnp.asarray(targets, jnp.float32)
        mask = jnp.ones(targets.shape, bool) if mask is None else jnp.asarray(mask)
        if mask.dtype != bool:
            mask = mask.astype(jnp.float32)
            check_weights(mask)
        mask = jnp.broadcast_to(mask, targets.shape)
        return cls(jnp.asarray(inputs, jnp.float32), targets, mask, jnp.asarray(condition, jnp.int32))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trials:
    """Trials of a task, with the names of the conditions and the periods that all of them share."""

    inputs: Inputs
    targets: Targets
    mask: Mask
    condition: Condition
    condition_names: tuple[str, ...] = field(metadata={"static": True})
    periods: tuple[Period, ...] = field(metadata={"static": True})
    dt_ms: float = field(metadata={"static": True})

    def __len__(self) -> int:
        return self.inputs.shape[0]

    @property
    def counts(self) -> Bool[Array, "trial time output"]:
        """Where the loss counts, however much."""
        mask = jnp.asarray(self.mask)
        return mask if mask.dtype == bool else mask > 0

    @property
    def time_ms(self) -> Float[np.ndarray, "time"]:
        """Time of every step since the start of the trial, ms."""
        return np.arange(self.inputs.shape[1]) * self.dt_ms

    def part(self, index: Int[AnyArray, "part"] | slice) -> "Trials":
        """The trials that `index` selects."""
        return jax.tree.map(lambda array: array[index], self)


def check_weights(mask: Float[AnyArray, "*axes"]) -> None:
    """The weights of a loss must be finite and not negative; of a trial that JAX only traces, `Task.sample` asks it."""
    if isinstance(mask, jax.core.Tracer):
        return
    values = np.asarray(mask)
    if not np.all((values >= 0) & np.isfinite(values)):
        raise ValueError(
            "mask has weights that are negative, infinite or NaN; expected True and False, or finite numbers from 0 on"
        )
