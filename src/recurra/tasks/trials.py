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
    """One trial: what goes in, what should come out, where it counts, and which condition it is."""

    inputs: Float[Array, "time input"]
    targets: Float[Array, "time output"]
    mask: Bool[Array, "time output"]
    condition: Int[Array, ""]

    @classmethod
    def of(
        cls,
        inputs: Float[AnyArray, "time input"],
        targets: Float[AnyArray, "time output"],
        mask: Bool[AnyArray, "time output"] | None = None,
        condition: int | Int[AnyArray, ""] = 0,
    ) -> "Trial":
        """A trial from any arrays; without a mask every step counts, without a condition it is the first one."""
        targets = jnp.asarray(targets, jnp.float32)
        mask = (
            jnp.ones(targets.shape, bool) if mask is None else jnp.broadcast_to(jnp.asarray(mask, bool), targets.shape)
        )
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
    def time_ms(self) -> Float[np.ndarray, "time"]:
        """Time of every step since the start of the trial, ms."""
        return np.arange(self.inputs.shape[1]) * self.dt_ms

    def part(self, index: Int[AnyArray, "part"] | slice) -> "Trials":
        """The trials that `index` selects."""
        return jax.tree.map(lambda array: array[index], self)
