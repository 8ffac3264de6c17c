"""`train`: a cohort from a task, a model and a rule."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast, overload

from recurra.checks import check_count
from recurra.interrupts import listening
from recurra.models.cohort import Cohort, Origin
from recurra.models.model import Model
from recurra.models.network import Network
from recurra.models.start import Transfer
from recurra.models.transfer import TransferredWeights
from recurra.surroundings import stretch_of
from recurra.tasks.base import Task
from recurra.training.preset import Preset
from recurra.training.progress import Callback, Epoch, asks_to_stop, progress_line
from recurra.training.rule import LearningRule
from recurra.training.train import Training

Start: TypeAlias = Cohort | Network | Transfer | Path | str


@overload
def train(
    task: Preset,
    *,
    networks: int | Sequence[int],
    seed: int,
    engine: str = "auto",
    progress: bool = True,
    callback: Callback | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Start | None = None,
) -> Cohort: ...
@overload
def train(
    task: Task,
    model: Model,
    rule: LearningRule,
    *,
    networks: int | Sequence[int],
    seed: int,
    engine: str = "auto",
    progress: bool = True,
    callback: Callback | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Start | None = None,
) -> Cohort: ...
def train(  # noqa: PLR0913 - those of a training, and how it is followed
    task: Task | Preset,
    model: Model | None = None,
    rule: LearningRule | None = None,
    *,
    networks: int | Sequence[int],
    seed: int,
    engine: str = "auto",
    progress: bool = True,
    callback: Callback | None = None,
    vary: Mapping[str, Sequence[float]] | None = None,
    start: Start | None = None,
) -> Cohort:
    """Train a cohort.

    Args:
        task: what the networks learn; or a preset, `rc.preset("xor")`, which has model and rule too.
        model: their architecture.
        rule: how they learn.
        networks: how many, or the numbers of the networks to train; number k with this seed is the same in any cohort.
        seed: fixes everything that is random.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        progress: whether a line says how far the training is: on standard error if that is a terminal, under the cell
            of a notebook, and nowhere else.
        callback: called at the end of every epoch with an `Epoch`; if it returns "stop", the training ends there. It
            does not change the bits of the training.
        vary: numbers of task, model and rule that differ between networks, a list of values by the key of a spec,
            such as `{"training.learning_rate": [1e-3, 1e-2], "model.initializer.gain": [0.5, 1.0]}`: value k is that of
            network k, which has the bits that it has alone with this value.
        start: trained networks from which these start, in place of weights that the model draws: a cohort, whose
            network k is the start of network k; a network, for all; the path of a run folder or of a network's file; or
            `rc.Transfer`, which says more.

    Returns:
        The cohort, with the status of each network: a network that diverges or misses its criterion is not an error.
        Where the callback ended the training, networks that had not ended have the status `training`; they can be
        analysed, but `Cohort.save` refuses them, since a run folder holds what its spec gives.

    Raises:
        TypeError: the callback is no function, or returned anything but None or "stop".

    Examples:
        >>> import recurra as rc
        >>> def until_half(epoch):
        ...     return "stop" if epoch.success.mean() >= 0.5 else None
        >>> rule = rc.BPTT(steps=20, batch=2, trials=rc.FreshTrials(steps_an_epoch=10), validation_trials=4)
        >>> cohort = rc.train(rc.Xor(), rc.GRU(units=4), rule, networks=2, seed=0, callback=until_half)
        >>> len(cohort)
        2
    """
    if isinstance(task, Preset):
        if model is not None or rule is not None:
            raise TypeError("model and rule are those of the preset; for others: train(preset.task, model, rule)")
        task, model, rule = task.task, task.model, task.rule
    if not isinstance(networks, Sequence):
        check_count("networks", networks)
    numbers = networks if isinstance(networks, Sequence) else range(networks)
    transfer, varied = _transferred(start), vary or {}
    training = Training(task, cast(Model, model), cast(LearningRule, rule), numbers, seed, engine, varied, transfer)
    return _trained(training, progress, callback)


def _transferred(start: Start | None) -> TransferredWeights | None:
    """The networks from which a training starts."""
    if isinstance(start, Cohort | Network):
        return TransferredWeights(start)
    if isinstance(start, str | Path):
        start = Transfer(str(start))
    if not isinstance(start, Transfer | None):
        raise TypeError(f"start is {start!r}; expected a cohort, a network, the path of a run folder, or rc.Transfer")
    return start and TransferredWeights.read(start)


def _trained(training: Training, progress: bool, callback: Callback | None) -> Cohort:
    """The cohort, trained while a line and a callback follow it."""
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is {callback!r}; expected a function of an Epoch, or None")
    stretch, began = stretch_of(training.used_engine.about(), 0), time.perf_counter()
    with listening(), progress_line(progress, len(training.numbers), training.rule.steps) as line:
        state = training.start()
        stopped = False
        while not state.ended and not stopped:
            state = training.advance(state, line.steps)
            line.epoch(state.history)
            told = Epoch.last_of(state.history, training.rule.steps, state.status, tuple(training.numbers))
            stopped = asks_to_stop(callback, told)
    return replace(training.cohort(state), origin=Origin("", time.perf_counter() - began, (stretch,)))
