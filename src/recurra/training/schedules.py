"""Learning-rate schedules: a factor between 0 and 1 at every training step."""

import abc
import math
from dataclasses import dataclass
from typing import ClassVar, final

import jax.numpy as jnp

from recurra.arrays import Scalar
from recurra.checks import check_at_least_zero, check_between, check_count


class Schedule(abc.ABC):
    """The factor on the learning rate."""

    varying: ClassVar[tuple[str, ...]] = ()
    """Fields that `factor` takes as numbers or as arrays alike: one program then serves all their values."""

    @abc.abstractmethod
    def factor(self, step: Scalar, steps: int) -> Scalar:
        """The factor at `step`, counted from 0, of `steps` in total; `step` is a float32."""


@final
@dataclass(frozen=True)
class Constant(Schedule):
    """The factor is 1 throughout, after a linear rise over the first steps.

    Args:
        warmup_steps: length of the rise; 1 is none.
    """

    warmup_steps: int = 1

    def __post_init__(self) -> None:
        check_count("warmup_steps", self.warmup_steps)

    def factor(self, step: Scalar, steps: int) -> Scalar:
        return _warmup(step, self.warmup_steps)


@final
@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    r"""The factor is $1 / (1 + d \cdot \mathrm{step})$.

    Args:
        decay: d, per step.

    Source: the programs of Jarne (2024) and Jarne and Laje (2019), where d is 1e-4 (the `decay` of Keras 2).
    """

    varying: ClassVar[tuple[str, ...]] = ("decay",)

    decay: float = 1e-4

    def __post_init__(self) -> None:
        check_at_least_zero("decay", self.decay)

    def factor(self, step: Scalar, steps: int) -> Scalar:
        return 1 / (1 + self.decay * step)


@final
@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Half a cosine from 1 at the end of the warm-up to `final` at the last step.

    Args:
        final: factor at the end, 0 to 1.
        warmup_steps: length of the linear rise at the start; 1 is none.
    """

    varying: ClassVar[tuple[str, ...]] = ("final",)

    final: float = 0.0
    warmup_steps: int = 1

    def __post_init__(self) -> None:
        check_between("final", self.final, 0, 1)
        check_count("warmup_steps", self.warmup_steps)

    def factor(self, step: Scalar, steps: int) -> Scalar:
        elapsed = jnp.clip((step - self.warmup_steps) / max(steps - self.warmup_steps, 1), 0, 1)
        decay = self.final + (1 - self.final) * 0.5 * (1 + jnp.cos(math.pi * elapsed))
        return decay * _warmup(step, self.warmup_steps)


@final
@dataclass(frozen=True)
class Linear(Schedule):
    """A straight line from 1 at the first step to `final` after the last.

    Args:
        final: factor at the end, 0 to 1.
    """

    varying: ClassVar[tuple[str, ...]] = ("final",)

    final: float = 0.0

    def __post_init__(self) -> None:
        check_between("final", self.final, 0, 1)

    def factor(self, step: Scalar, steps: int) -> Scalar:
        return 1 - (1 - self.final) * step / steps


def _warmup(step: Scalar, warmup_steps: int) -> Scalar:
    return jnp.minimum((step + 1) / warmup_steps, 1)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "inverse_time": InverseTimeDecay,
    "cosine": Cosine,
    "linear": Linear,
}
