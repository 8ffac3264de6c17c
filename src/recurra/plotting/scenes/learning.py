"""How networks learned: the curves of loss and success, the bounds in them, and where their axes end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from recurra.models.cohort import History
from recurra.plotting.colors import NETWORKS, network_color
from recurra.status import Status
from recurra.words.names import network_name

LOSS_TOP = 10.0  # a network whose loss is greater has diverged; its curve leaves the panel
LEAST_LOSS = 1e-12  # where the logarithmic axis of the loss begins at the latest
ROOM = 1.3  # factor below the least loss and above the greatest
TITLES = ("Loss on validation trials (mean squared error)", "Successful validation trials (%)")
NAMED = len(NETWORKS)  # more networks than hues have no legend


@dataclass(frozen=True)
class Threshold:
    """A threshold for a curve, with its name."""

    value: float
    name: str


@dataclass(frozen=True)
class LearningCurve:
    """How one network learned.

    Args:
        name: the network's.
        color: the network's.
        loss: on validation trials, with gaps where there is no number that a logarithm has.
        percent: successful validation trials, per cent.
        end: status of the network.
        moves: epochs at whose end it moved to the next stage of a curriculum.
    """

    name: str
    color: str
    loss: Float[np.ndarray, "epoch"]
    percent: Float[np.ndarray, "epoch"]
    end: Status
    moves: Int[np.ndarray, "move"]


@dataclass(frozen=True)
class LearningCurves:
    """The curves of all networks of a run.

    Args:
        trials: training trials that a network had seen at the end of every epoch.
        curves: the curves, one per network.
        named: whether there are few enough for a legend.
        loss_bound: a line in the panel of the loss; None for none.
        success_bound: a line in the panel of the success, as a share of the trials.
        loss_limits: the ends of the axis of the loss.
    """

    trials: Float[np.ndarray, "epoch"]
    curves: tuple[LearningCurve, ...]
    named: bool
    loss_bound: Threshold | None
    success_bound: Threshold
    loss_limits: tuple[float, float]


def learning_scene(
    history: History,
    trials: Float[np.ndarray, "epoch"],
    numbers: Sequence[int],
    status: Sequence[Status],
    loss_bound: Threshold | None,
    success_bound: Threshold,
) -> LearningCurves:
    """The curves of networks.

    Args:
        history: the measurements at the end of every epoch.
        trials: number of training trials by the end of every epoch.
        numbers: the networks' numbers.
        status: the outcome of each network.
        loss_bound: for the loss; None for none.
        success_bound: for the success.
    """
    losses = np.where(np.isfinite(history.validation_loss), history.validation_loss, np.nan)
    losses = np.where(losses > 0, losses, np.nan)
    rows = zip(numbers, losses, 100 * np.asarray(history.success), status, _moves(history), strict=True)
    return LearningCurves(
        trials=np.asarray(trials, np.float64),
        curves=tuple(
            LearningCurve(network_name(at), network_color(at), loss, percent, end, moves)
            for at, loss, percent, end, moves in rows
        ),
        named=len(numbers) <= NAMED,
        loss_bound=loss_bound,
        success_bound=success_bound,
        loss_limits=_limits(losses[np.isfinite(losses)], loss_bound),
    )


def _moves(history: History) -> list[Int[np.ndarray, "move"]]:
    """The epochs, by network, after which fewer stages of the curriculum were left."""
    if history.stages_left is None:
        return [np.zeros(0, int)] * len(history.loss)
    return [np.flatnonzero(np.diff(left) < 0) for left in history.stages_left]


def _limits(losses: Float[np.ndarray, "loss"], bound: Threshold | None) -> tuple[float, float]:
    values = [*losses.tolist(), *([bound.value] if bound else [])] or [LOSS_TOP]
    return max(min(values), LEAST_LOSS) / ROOM, max(min(max(values), LOSS_TOP), 2 * LEAST_LOSS) * ROOM
