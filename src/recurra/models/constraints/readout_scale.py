"""The scale of the readout, from lazy to rich learning."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_positive
from recurra.models.constraints.base import SCALE, Constraint, Kind, Parameters, check_single
from recurra.models.constraints.frozen import Frozen


@final
@dataclass(frozen=True)
class ReadoutScale(Constraint):
    r"""The output weights are γ times the free ones: $W_{out} = \gamma V$.

    V starts as the initializer drew it. With a large γ small changes of the other weights are enough to learn a task:
    learning is lazy, and the network stays near its start. With a small γ they have to change much: learning is rich.
    The loss of a network with large outputs is large at the start; mind `divergence`.

    Args:
        scale: γ, above 0.

    Source: Chizat, Oyallon and Bach (2019).
    """

    sources: ClassVar[tuple[str, ...]] = ("chizat2019",)
    start_order: ClassVar[int] = SCALE

    scale: float

    def __post_init__(self) -> None:
        check_positive("scale", self.scale)

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        if any(isinstance(one, Frozen) and "output" in one.arrays for one in constraints):
            raise ValueError(
                "constraints has ReadoutScale and Frozen for output; weights that do not train need no scale: leave "
                "one out"
            )
        return self

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        return replace(cast(Any, weights), output=cast(Any, weights).output * self.scale)

    def free(self, parameters: Parameters) -> Parameters:
        return OrderedDict(parameters, output=parameters["output"] / self.scale)

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return OrderedDict(free, output=free["output"] * self.scale)
