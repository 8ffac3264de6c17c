"""Trials: inputs, targets, where the targets count, and the condition."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int, Real

from recurra.arrays import AnyArray, Condition, Inputs, Mask, Targets
from recurra.periods import Period
from recurra.shown import Shown


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trial(Shown):
    """One trial: inputs, targets, where or how much the targets count, and the condition."""

    inputs: Float[Array, "time input"]
    targets: Float[Array, "time output"]
    mask: Bool[Array, "time output"] | Float[Array, "time output"]
    condition: Int[Array, ""]

    @classmethod
    def of(
        cls,
        inputs: Real[AnyArray, "time input"],
        targets: Real[AnyArray, "time output"],
        mask: Bool[AnyArray, "time output"] | Float[AnyArray, "time output"] | None = None,
        condition: int | Int[AnyArray, ""] = 0,
    ) -> "Trial":
        """A trial from any arrays; by default every step counts and the condition is the first one.

        The mask is True where the loss counts; or it holds numbers, 0 or above, that weight the loss: periods that
        matter more count more, as in Yang et al. (2019), doi:10.1038/s41593-018-0310-2. Success is judged wherever it
        is above 0.
        """
        _check_signals("Trial.of", jnp.shape(inputs), jnp.shape(targets))
        if jnp.result_type(condition).kind not in "iub":
            raise TypeError(f"Trial.of: the condition is {jnp.result_type(condition)}; expected a whole number")
        targets = jnp.asarray(targets, jnp.float32)
        mask = jnp.ones(targets.shape, bool) if mask is None else jnp.asarray(mask)
        if mask.dtype != bool:
            mask = mask.astype(jnp.float32)
            check_weights(mask)
        mask = jnp.broadcast_to(mask, targets.shape)
        return cls(jnp.asarray(inputs, jnp.float32), targets, mask, jnp.asarray(condition, jnp.int32))


def check_trial(what: str, trial: object) -> None:
    """Raise an error if the arrays of a trial do not fit each other or have the wrong dtype."""
    if not isinstance(trial, Trial):
        raise TypeError(f"{what} gives {type(trial).__name__}; expected a Trial: rc.Trial.of(inputs, targets)")
    _check_signals(what, trial.inputs.shape, trial.targets.shape)
    if trial.mask.shape != trial.targets.shape:
        raise ValueError(
            f"{what}: the mask has shape {trial.mask.shape}; expected that of the targets, {trial.targets.shape}"
        )
    if trial.mask.dtype not in (bool, jnp.float32):
        raise TypeError(f"{what}: the mask is {trial.mask.dtype}; expected True and False, or float32 weights")
    if trial.condition.shape != () or not jnp.issubdtype(trial.condition.dtype, jnp.integer):
        raise TypeError(
            f"{what}: the condition has shape {trial.condition.shape} and type {trial.condition.dtype}; "
            "expected one whole number"
        )
    for name in ("inputs", "targets"):
        dtype = getattr(trial, name).dtype
        if dtype != jnp.float32:
            raise TypeError(f"{what}: the {name} are {dtype}; expected float32, to which rc.Trial.of converts")


def _check_signals(what: str, inputs: tuple[int, ...], targets: tuple[int, ...]) -> None:
    for name, shape, axes in (("inputs", inputs, "(time, input)"), ("targets", targets, "(time, output)")):
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"{what}: the {name} have shape {shape}; expected {axes}, at least one of each")
    if inputs[0] != targets[0]:
        raise ValueError(
            f"{what}: the inputs have {inputs[0]} time steps and the targets {targets[0]}; expected as many"
        )


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Trials(Shown):
    """Trials of a task, with the names of the conditions and the periods that all trials share."""

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

    def weighted(self, period_weights: tuple[tuple[str, float], ...]) -> "Trials":
        """The trials with the mask multiplied by a weight in each named period; elsewhere the weight is 1.

        Args:
            period_weights: names of periods, each with its weight, 0 or above; if there are none, nothing changes.
        """
        if not period_weights:
            return self
        weights, factor = dict(period_weights), np.ones(self.inputs.shape[-2], np.float32)
        for period in self.periods:
            steps = slice(round(period.start_ms / self.dt_ms), round(period.end_ms / self.dt_ms))
            factor[steps] = weights.get(period.name, 1)
        return replace(self, mask=jnp.asarray(self.mask, jnp.float32) * factor[:, None])

    @property
    def time_ms(self) -> Float[np.ndarray, "time"]:
        """Time of every step since the start of the trial, ms."""
        return np.arange(self.inputs.shape[1]) * self.dt_ms

    def part(self, index: Int[AnyArray, "part"] | slice) -> "Trials":
        """The trials that `index` selects."""
        return jax.tree.map(lambda array: jnp.asarray(np.asarray(array)[index]), self)


def check_weights(mask: Float[AnyArray, "*axes"]) -> None:
    """Check that the mask is finite and not negative; for a trial that JAX only traces, `Task.sample` checks it."""
    if isinstance(mask, Tracer):
        return
    values = np.asarray(mask)
    if not np.all((values >= 0) & np.isfinite(values)):
        raise ValueError(
            "mask has weights that are negative, infinite or NaN; expected True and False, or finite numbers from 0 on"
        )
