"""Axis-named array types: the words of every shape, and the five weight arrays."""

from dataclasses import dataclass, fields
from typing import TypeAlias

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from recurra.axes import WEIGHT_AXES  # noqa: F401 - here for all but the readers of files

AnyArray: TypeAlias = Array | np.ndarray
Scalar: TypeAlias = Float[Array, ""]
RandomKey: TypeAlias = Key[Array, ""]
Inputs: TypeAlias = Float[AnyArray, "trial time input"]
Targets: TypeAlias = Float[AnyArray, "trial time output"]
Outputs: TypeAlias = Float[AnyArray, "trial time output"]
Rates: TypeAlias = Float[AnyArray, "trial time unit"]
Mask: TypeAlias = Bool[AnyArray, "trial time output"] | Float[AnyArray, "trial time output"]
Condition: TypeAlias = Int[AnyArray, "trial"]
NoiseKeys: TypeAlias = UInt32[AnyArray, "network 2"]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Weights:
    """The five weight arrays of a recurrent network; a cohort adds a leading `network` axis to each.

    Args:
        recurrent: from unit `pre` to unit `post`.
        input: from inputs to units.
        output: from units to outputs.
        recurrent_bias: a constant current to each unit.
        output_bias: a constant added to each output.
    """

    recurrent: Float[AnyArray, "*network post pre"]
    input: Float[AnyArray, "*network unit input"]
    output: Float[AnyArray, "*network output unit"]
    recurrent_bias: Float[AnyArray, "*network unit"]
    output_bias: Float[AnyArray, "*network output"]

    @property
    def units(self) -> int:
        return self.recurrent.shape[-1]

    @property
    def inputs(self) -> int:
        return self.input.shape[-1]

    @property
    def outputs(self) -> int:
        return self.output.shape[-2]


def named_arrays(weights: Weights) -> dict[str, np.ndarray]:
    """The arrays of `weights` by name, as NumPy arrays."""
    return {field.name: np.asarray(getattr(weights, field.name)) for field in fields(weights)}
