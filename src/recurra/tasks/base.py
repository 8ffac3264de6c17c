"""What a task is: trials, their conditions and periods, a probe, and when a trial counts as a success."""

import abc
import math
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray, Condition, Inputs, Mask, Outputs, RandomKey, Targets
from recurra.checks import check_count
from recurra.periods import Period


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trial:
    """One trial: what goes in, what should come out, where it counts, and which condition it is."""

    inputs: Float[Array, "time input"]
    targets: Float[Array, "time output"]
    mask: Bool[Array, "time output"]
    condition: Int[Array, ""]


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


class Task(abc.ABC):
    """A task is a frozen dataclass whose fields are its parameters, `dt_ms` among them, and these methods.

    `trial` draws one trial from a key, and `sample` many.
    """

    sources: ClassVar[tuple[str, ...]] = ()
    dt_ms: float

    @property
    @abc.abstractmethod
    def inputs(self) -> int:
        """Number of input channels."""

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """Number of output channels."""

    @property
    @abc.abstractmethod
    def steps(self) -> int:
        """Time steps of a trial."""

    @property
    @abc.abstractmethod
    def condition_names(self) -> tuple[str, ...]:
        """The names of the conditions; a trial's `condition` counts into them, and is -1 where none of them fits."""

    @property
    @abc.abstractmethod
    def periods(self) -> tuple[Period, ...]:
        """The named periods that all trials share."""

    @abc.abstractmethod
    def trial(self, key: RandomKey) -> Trial:
        """One random trial."""

    @abc.abstractmethod
    def probe(self) -> Trials:
        """A deterministic, noiseless set with every condition once."""

    @abc.abstractmethod
    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output is judged: without the time that a change is given to settle."""

    @abc.abstractmethod
    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output stands for the right answer."""

    @abc.abstractmethod
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        """Which trials count as a success."""

    def sample(self, key: RandomKey, trials: int) -> Trials:
        """`trials` random trials, drawn from `key`; the same key gives the same trials.

        Args:
            key: a JAX random key, as `jax.random.key(seed)` makes it.
            trials: how many, at least 1.
        """
        check_count("trials", trials)
        return _sample(self, key, trials)


@partial(jax.jit, static_argnames=("task", "trials"))
def _sample(task: Task, key: RandomKey, trials: int) -> Trials:
    drawn = jax.vmap(task.trial)(jax.random.split(key, trials))
    return gather(task, drawn)


def uniform_and_normal(
    key: RandomKey, uniform: int, normal: int, columns: int
) -> tuple[Float[Array, "uniform column"], Float[Array, "normal column"]]:
    """So many rows of uniform numbers in [0, 1), and of standard normal ones, float32.

    Both come from one draw, the normal ones by the inverse of their distribution: each further draw would add
    half a second to the compilation of every number of trials.
    """
    lowest = float(np.nextafter(np.float32(-1), np.float32(0)))
    drawn = jax.random.uniform(key, (uniform + normal, columns), jnp.float32, lowest, 1)
    return (drawn[:uniform] + 1) / 2, math.sqrt(2) * jax.lax.erf_inv(drawn[uniform:])


def gather(task: Task, drawn: Trial) -> Trials:
    """Trials from a `Trial` whose arrays have a leading `trial` axis."""
    return Trials(
        inputs=drawn.inputs,
        targets=drawn.targets,
        mask=drawn.mask,
        condition=drawn.condition,
        condition_names=task.condition_names,
        periods=task.periods,
        dt_ms=task.dt_ms,
    )


def steady_success(
    correct: Bool[Array, "trial time output"],
    scored: Bool[Array, "trial time output"],
    squared_error: Float[AnyArray, "trial time output"],
    share: float,
    error_bound: float,
) -> Bool[Array, "trial"]:
    """Trials in which every output is right in at least `share` of the scored steps, with an rms error below the bound.

    An output without a scored step in a trial cannot fail it.
    """
    squared_error = jnp.asarray(squared_error)
    steps = scored.sum(axis=1).astype(squared_error.dtype)
    right = (correct & scored).sum(axis=1).astype(squared_error.dtype) >= share * steps
    rms = jnp.sqrt(jnp.where(scored, squared_error, 0).sum(axis=1) / jnp.maximum(steps, 1))
    return (right & (rms < error_bound)).all(axis=-1)
