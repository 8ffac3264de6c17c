"""Ridge regression of the readout: what a reservoir learns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import Weights
from recurra.checks import check_at_least_zero, check_positive_float32
from recurra.engine import OutputFeedbackDynamics, mean_squared_error
from recurra.models.constraints import Constraint, constrained, free_parameters
from recurra.numerics import unrounded
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.threads import in_threads, one_thread
from recurra.training.forcing import forced_rates
from recurra.training.online import check_constraints, learns_bias
from recurra.training.regression import Sums, sums_of
from recurra.training.rule import Learner, LearningRule, Setup, all_finite, step_noise


@final
@dataclass(frozen=True, kw_only=True)
class Ridge(LearningRule):
    r"""The readout in closed form from all trials so far; the rest of the network stays as it was drawn.

    With the features $f_i$ of every scored step i, the rates and a 1 for the bias, weighted by the mask,
    $W = (\sum_i f_i f_i^\top + \beta n I)^{-1} \sum_i f_i z^{*\top}_i$. Because the penalty is relative to the
    number of steps n, it means the same for any number of trials. The sums are in float64, taken over blocks of steps,
    so that trials may be long. A bias of the readout that is not trained is subtracted from the targets.

    A network whose outputs are fed back receives the targets of the step before in their place while it learns, and
    the loss of a training step is measured so; on the validation trials it runs by itself.

    Args:
        ridge: β, above 0.
        washout_ms: time at the beginning of every trial from which nothing is learned, since the rates still depend on
            the initial state there, ms.

    Source: Jaeger (2001); Lukoševičius (2012).
    """

    sources: ClassVar[tuple[str, ...]] = ("jaeger2001", "lukosevicius2012")
    varying: ClassVar[tuple[str, ...]] = ("ridge",)

    ridge: float = 1e-4
    washout_ms: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive_float32("ridge", self.ridge)
        check_at_least_zero("washout_ms", self.washout_ms)
        if self.curriculum is not None:
            raise ValueError(
                "Ridge fits the trials of all steps at once, whatever their order; a curriculum needs a rule that "
                "learns step by step, such as BPTT or OnlineRidge"
            )

    def check_task(self, task: Task) -> None:
        if task.in_steps(self.washout_ms) >= task.steps:
            raise ValueError(
                f"washout_ms is {self.washout_ms:g}, and a trial has {task.steps * task.dt_ms:g} ms: nothing is left "
                "to learn from. Lower it, or take longer trials"
            )

    def own(self, numbers: Sequence[int]) -> Float[Array, "network"]:
        """β of each network."""
        return jnp.full(len(numbers), self.ridge, jnp.float32)

    def init(self, setup: Setup, weights: Weights) -> Learner:
        networks, features = weights.networks, weights.units + learns_bias(setup.constraints, weights)
        if not learns_bias(setup.constraints, weights, "output"):
            raise ValueError("Ridge learns the readout, and Frozen keeps it; leave output out of Frozen")
        read = {"output": _read(setup, 0, weights.units)}
        check_constraints("Ridge", ("output",), setup.constraints, weights, read)
        if not all(_read(setup, at, features)[:, : weights.units].any() for at in range(networks)):
            raise ValueError("Ridge learns the readout, and no output reads a unit; allow connections from units")
        each = [Sums.nothing(weights.outputs, features) for _ in range(networks)]
        memory = jax.tree.map(lambda *arrays: unrounded(np.stack(arrays)), *each)
        return Learner(weights, jnp.zeros(networks, jnp.int32), memory)

    def step(
        self, setup: Setup, learner: Learner, active: Bool[Array, "network"], trials: Trials
    ) -> tuple[Learner, Bool[Array, "network"], Float[Array, "network"]]:
        noise = step_noise(setup.dynamics, learner, setup.noise)
        if isinstance(setup.dynamics, OutputFeedbackDynamics):
            rates, outputs = forced_rates(setup.dynamics, learner.weights, trials, noise)
        else:
            rates, outputs = setup.engine.run(setup.dynamics, learner.weights, trials.inputs, noise_keys=noise)
        loss = _losses(outputs, trials)
        going = np.flatnonzero(active & (loss <= setup.loss_bound)).tolist()
        with one_thread():
            learned = in_threads(partial(self._learned, setup, learner.memory, np.asarray(rates), trials), going)
        memory, readout = jax.tree.map(np.array, learner.memory), _readouts(learner.weights)
        for at, (sums, rows) in zip(going, learned, strict=True):
            readout[at, :, : rows.shape[-1]] = rows
            for every, own in zip(memory, sums, strict=True):
                every[at] = own
        moved = _with_readout(setup.constraints, learner.weights, setup.start, readout)
        changed = Learner(moved, learner.step + 1, jax.tree.map(unrounded, Sums(*memory)))
        taken = jnp.zeros(active.shape, bool).at[jnp.asarray(going, int)].set(True) & jax.vmap(all_finite)(moved)
        return _chosen(taken, changed, learner), taken, jnp.where(taken, loss, jnp.nan)

    def _learned(
        self, setup: Setup, memory: Sums, rates: Float[np.ndarray, "network trial time unit"], trials: Trials, at: int
    ) -> tuple[Sums, Float[np.ndarray, "output feature"]]:
        """The sums of one network after these trials, and the readout that follows from them."""
        weight = np.where(trials.counts, np.asarray(trials.mask, np.float32), 0)
        weight[:, : round(self.washout_ms / trials.dt_ms)] = 0
        before = jax.tree.map(lambda every: np.asarray(every[at]), memory)
        features = before.products.shape[-1]
        biased = features > rates.shape[-1]
        kept = 0.0 if biased else np.asarray(cast(Any, setup.start).output_bias[at], np.float64)
        targets = np.where(weight > 0, np.asarray(trials.targets, np.float64) - kept, 0)
        sums = before + sums_of(rates[at], weight, targets, biased)
        return sums, sums.readout(float(setup.own[at]), _read(setup, at, features))


def _read(setup: Setup, at: int, features: int) -> Bool[np.ndarray, "output feature"]:
    """Which features the outputs of a network read: all, but for units without a connection to them."""
    output = np.asarray(cast(Any, setup.start).output[at])
    read = np.ones((len(output), features), bool)
    if any("output" in constraint.absent() for constraint in setup.constraints):
        read[:, : output.shape[-1]] = output != 0
    return read


def _readouts(weights: Any) -> Float[np.ndarray, "network output feature"]:
    """Output weights and bias of every network as rows of one array."""
    return np.concatenate([weights.output, np.asarray(weights.output_bias)[..., None]], axis=-1)


def _losses(outputs: Float[Array, "network trial time output"], trials: Trials) -> Float[Array, "network"]:
    """One program for each network: a sum over all of them would round by how many there are."""
    return jnp.stack([_loss(one, trials.targets, trials.mask) for one in np.asarray(outputs)])


_loss = jax.jit(mean_squared_error)


@partial(jax.jit, static_argnames="constraints")
def _with_readout(
    constraints: tuple[Constraint, ...], weights: Any, start: Any, readout: Float[Array, "network output feature"]
) -> Any:
    """The weights with another readout, and with all constraints."""

    def one_network(weights: Any, start: Any, rows: Array) -> Any:
        learned = replace(weights, output=rows[:, :-1], output_bias=rows[:, -1])
        return constrained(constraints, free_parameters(constraints, learned), start)

    return jax.vmap(one_network)(weights, start, jnp.asarray(readout))


def _chosen(taken: Bool[Array, "network"], new: Any, old: Any) -> Any:
    """What is new for some networks, and what was for the others."""

    def rows(new: Any, old: Any) -> Any:
        mask = np.asarray(taken).reshape(-1, *[1] * (new.ndim - 1))
        return unrounded(np.where(mask, np.asarray(new), np.asarray(old)))

    return jax.tree.map(rows, new, old)
