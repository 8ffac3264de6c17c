"""Networks on their way through an epoch: all in one lane with the native engine, one a lane with the portable one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, NoiseKeys, Outputs
from recurra.engine import Dynamics, Engine, mean_squared_error
from recurra.numerics import pinned
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.training.bptt import BPTT, Learner, Pace, bptt_step


@dataclass(frozen=True)
class Lane:
    """Networks that one call of the engine trains.

    Args:
        positions: where they are in the cohort.
        entered: those that had not ended when the epoch began.
        active: those that have not diverged since.
        learner: where they stand.
        pace: what their steps depend on.
        losses: of each step so far; NaN where a network was not active.
    """

    positions: tuple[int, ...]
    entered: Bool[np.ndarray, "network"]
    active: Bool[AnyArray, "network"]
    learner: Learner
    pace: Pace
    losses: tuple[Float[Array, "network"], ...] = ()


@dataclass(frozen=True)
class Scores:
    """What was measured of one network at the end of an epoch."""

    loss: float
    validation_loss: float
    success: float
    diverged: bool


@pinned()
def train_lane(
    rule: BPTT, dynamics: Dynamics, engine: Engine, trained: tuple[str, ...], batches: Sequence[Trials], lane: Lane
) -> Lane:
    """The lane after a training step on each of the batches."""
    if not np.any(lane.active):  # a look at them makes Python wait for the engine: once is enough
        return lane
    learner, active, losses = lane.learner, jnp.asarray(lane.active), list(lane.losses)
    for trials in batches:
        learner, active, loss = bptt_step(rule, dynamics, engine, trained, learner, active, lane.pace, trials)
        losses.append(loss)
    return replace(lane, learner=learner, active=active, losses=tuple(losses))


@dataclass(frozen=True)
class Measured:
    """What was measured of one network on a piece of the validation trials.

    Args:
        loss: mean over the entries that count; NaN where none does.
        success: share of the judged trials; 0 where none is judged.
        weight: of the loss.
        judged: trials that can be a success.
    """

    loss: float
    success: float
    weight: float
    judged: int


@pinned()
def measure_lane(
    task: Task, dynamics: Dynamics, engine: Engine, validation: Trials, noise_keys: NoiseKeys | None, lane: Lane
) -> dict[int, Measured]:
    """What the networks that entered the epoch do on some trials, by their position in the cohort."""
    within = np.flatnonzero(lane.entered)
    weights = jax.tree.map(lambda array: np.asarray(array)[within], lane.learner.weights)
    keys = None if noise_keys is None else np.asarray(noise_keys)[within]
    outputs = engine.respond(dynamics, weights, validation.inputs, noise_keys=keys)
    found = [_validated(task, answers, validation) for answers in np.asarray(outputs)]
    weight = float(np.asarray(validation.mask, float).sum())
    judged = int(np.asarray(task.rule.judged(validation)).sum())
    return {
        lane.positions[at]: Measured(float(loss), float(success), weight, judged)
        for at, (loss, success) in zip(within, found, strict=True)
    }


def score_lane(lane: Lane, pieces: Sequence[dict[int, Measured]]) -> dict[int, Scores]:
    """The scores of the networks that entered the epoch, from what was measured on all pieces of the trials."""
    losses = np.array([np.asarray(loss) for loss in lane.losses]).reshape(len(lane.losses), len(lane.positions))
    scores = {}
    for at in np.flatnonzero(lane.entered):
        known, position = losses[:, at][~np.isnan(losses[:, at])], lane.positions[at]
        loss, success = _together([piece[position] for piece in pieces])
        mean = float(known.mean()) if len(known) else float("nan")
        scores[position] = Scores(mean, loss, success, not bool(lane.active[at]))
    return scores


def _together(pieces: Sequence[Measured]) -> tuple[float, float]:
    """Loss and success over all pieces."""
    if len(pieces) == 1:
        return pieces[0].loss, pieces[0].success
    weight, judged = sum(one.weight for one in pieces), sum(one.judged for one in pieces)
    loss = sum(one.loss * one.weight for one in pieces if one.weight)
    success = sum(one.success * one.judged for one in pieces)
    return loss / weight if weight else float("nan"), success / judged if judged else 0.0


def gathered(before: Learner, lanes: Sequence[Lane]) -> Learner:
    """The learner of the whole cohort, with the rows of the networks in the lanes replaced."""
    positions = [position for lane in lanes for position in lane.positions]

    def rows(every: AnyArray, *parts: AnyArray) -> np.ndarray:
        changed = np.array(every)
        changed[positions] = np.concatenate([np.asarray(part) for part in parts])
        return changed

    return jax.tree.map(rows, before, *(lane.learner for lane in lanes))


@partial(jax.jit, static_argnames="task")
def _validated(task: Task, outputs: Outputs, trials: Trials) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Loss and share of successes; where nothing counts, there is no loss (NaN) and no success (0)."""
    loss, share = (
        mean_squared_error(jnp.asarray(outputs), trials.targets, trials.mask),
        task.success_share(outputs, trials),
    )
    loss = jnp.where(trials.counts.any(), loss, jnp.nan)
    return loss, jnp.where(jnp.isnan(share), 0, share).astype(loss.dtype)
