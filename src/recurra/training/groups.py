"""Groups of networks that go through an epoch together: the whole cohort, or each network alone, as the engine asks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import AnyArray, NoiseKeys, Outputs, Weights
from recurra.engine import LOSSES
from recurra.numerics import pinned
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.trials import Trials
from recurra.training.period_weights import PeriodWeights
from recurra.training.rule import Learner, LearningRule, Setup

SILENT_TRIALS = 256  # least number of trials that measure the loss of a silent network
SILENT_STEPS = 2**20  # of these trials together, which are enough


@dataclass(frozen=True)
class Group:
    """Networks that one call of the engine trains.

    Args:
        rule: how they learn; numbers that differ between them are in the setup.
        positions: where they are in the cohort.
        entered: networks that had not ended when the epoch began.
        active: networks that have not diverged since.
        learner: their current state.
        setup: what they learn with.
        losses: of all steps so far, stretch by stretch; NaN where a network was not active.
    """

    rule: LearningRule
    positions: tuple[int, ...]
    entered: Bool[np.ndarray, "network"]
    active: Bool[AnyArray, "network"]
    learner: Learner
    setup: Setup
    losses: tuple[Float[Array, "step network"], ...] = ()


@dataclass(frozen=True)
class Scores:
    """Measurements of one network at the end of an epoch."""

    loss: float
    validation_loss: float
    success: float
    diverged: bool


@pinned()
def train_group(batches: Sequence[Trials], group: Group) -> Group:
    """The group after a training step on each of the batches."""
    if not np.any(group.active):  # reading them makes Python wait for the engine: once is enough
        return group
    learner, active, losses = group.rule.stretch(group.setup, group.learner, jnp.asarray(group.active), batches)
    return replace(group, learner=learner, active=active, losses=(*group.losses, losses))


@dataclass(frozen=True)
class ValidationScores:
    """Measurements of one network on a piece of the validation trials.

    Args:
        loss: mean over the entries that count; NaN if none does.
        success: share of the judged trials; 0 if none is judged.
        weight: of the loss.
        judged: number of trials that can be a success.
    """

    loss: float
    success: float
    weight: float
    judged: int


@pinned()
def measure_group(
    task: Task, validation: Trials, noise_keys: NoiseKeys | None, group: Group
) -> dict[int, ValidationScores]:
    """Scores on some trials of the networks that entered the epoch, by their position in the cohort."""
    within = np.flatnonzero(group.entered)
    weights = jax.tree.map(lambda array: np.asarray(array)[within], group.learner.weights)
    keys = None if noise_keys is None else np.asarray(noise_keys)[within]
    outputs = group.setup.engine.respond(group.setup.dynamics, weights, validation.inputs, noise_keys=keys)
    setup, counted = group.setup, validation.weighted(group.setup.period_weights)
    validated = partial(_validated, task, setup.loss)
    if setup.engine.together:
        scores = zip(*jax.vmap(validated, in_axes=(0, None, None))(outputs, validation, counted), strict=True)
    else:
        scores = (validated(answers, validation, counted) for answers in np.asarray(outputs))
    weight = float(np.asarray(counted.mask, float).sum())
    judged = int(np.asarray(task.rule.judged(validation)).sum())
    return {
        group.positions[at]: ValidationScores(float(loss), float(success), weight, judged)
        for at, (loss, success) in zip(within, scores, strict=True)
    }


def score_group(group: Group, pieces: Sequence[dict[int, ValidationScores]]) -> dict[int, Scores]:
    """Scores of the networks that entered the epoch, from the measurements on all pieces of the trials."""
    losses = np.concatenate([np.zeros((0, len(group.positions))), *map(np.asarray, group.losses)])
    scores = {}
    for at in np.flatnonzero(group.entered):
        known, position = losses[:, at][~np.isnan(losses[:, at])], group.positions[at]
        loss, success = _together([piece[position] for piece in pieces])
        mean = float(known.mean()) if len(known) else float("nan")
        scores[position] = Scores(mean, loss, success, not bool(group.active[at]))
    return scores


def _together(pieces: Sequence[ValidationScores]) -> tuple[float, float]:
    """Loss and success over all pieces."""
    if len(pieces) == 1:
        return pieces[0].loss, pieces[0].success
    weight, judged = sum(one.weight for one in pieces), sum(one.judged for one in pieces)
    loss = sum(one.loss * one.weight for one in pieces if one.weight)
    success = sum(one.success * one.judged for one in pieces)
    return loss / weight if weight else float("nan"), success / judged if judged else 0.0


def gathered(before: Learner, groups: Sequence[Group]) -> Learner:
    """The learner of the whole cohort, with the rows of the networks that entered the epoch replaced."""
    positions = [position for group in groups for position in np.asarray(group.positions)[group.entered].tolist()]

    def rows(every: AnyArray, *parts: AnyArray) -> np.ndarray:
        changed = np.array(every)
        new = [np.asarray(part)[group.entered] for part, group in zip(parts, groups, strict=True)]
        changed[positions] = np.concatenate(new)
        return changed

    return jax.tree.map(rows, before, *(group.learner for group in groups))


def weight_change(start: Weights, weights: Weights, at: int) -> float:
    """Frobenius distance of all matrices of weights of the network at a position from those that it started with.

    Args:
        start: the weights before training, with a leading `network` axis.
        weights: the weights now, likewise.
        at: the position.
    """
    squares = 0.0
    for name, axes in type(start).axes().items():
        if len(axes) == 2:  # biases and initial states have one axis
            before, now = (np.asarray(getattr(one, name)[at], np.float64) for one in (start, weights))
            squares += float(np.square(now - before).sum())
    return math.sqrt(squares)


@partial(jax.jit, static_argnames=("task", "loss"))
def _validated(
    task: Task, loss: str, outputs: Outputs, trials: Trials, counted: Trials
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Loss and share of successes; if nothing counts, the loss is NaN and the success 0.

    Args:
        task: says what a success is.
        loss: a name of `LOSSES`.
        outputs: of one network.
        trials: the trials.
        counted: the same, with the mask that the loss has; it changes no success.
    """
    value, share = (
        LOSSES[loss](jnp.asarray(outputs), trials.targets, counted.mask),
        task.success_share(outputs, trials),
    )
    value = jnp.where(counted.counts.any(), value, jnp.nan)
    return value, jnp.where(jnp.isnan(share), 0, share).astype(value.dtype)


def silent_loss(task: Task, rule: LearningRule, seed: int) -> float:
    """The loss of a network whose output is always 0; infinite if that is right, so that it sets no bound.

    A few validation trials may have almost no targets, so it is never measured on fewer than SILENT_TRIALS, or
    SILENT_STEPS where trials are long.

    Args:
        task: what the networks learn.
        rule: how they learn.
        seed: of the run, from which the validation trials are drawn.
    """
    count = max(rule.validation_trials, min(SILENT_TRIALS, -(-SILENT_STEPS // task.steps)))
    return _silent_loss(task, rule.lowered_loss, rule.counted_periods, seed, count)


@lru_cache(maxsize=64)
def _silent_loss(task: Task, loss: str, period_weights: PeriodWeights, seed: int, count: int) -> float:
    trials = next(task.sample_pieces(random_key(seed, Stream.validation), count)).weighted(period_weights)
    silence = np.zeros(trials.targets.shape, trials.targets.dtype)
    return float(jax.jit(LOSSES[loss])(silence, trials.targets, trials.mask)) or math.inf
