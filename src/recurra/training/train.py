"""The training of a cohort, epoch by epoch: state in, state out."""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from recurra.arrays import AnyArray, Weights
from recurra.checks import check_count, check_memory
from recurra.engine import respond
from recurra.engine.portable import mean_squared_error
from recurra.models.cohort import Cohort, History
from recurra.models.rate import RateRNN
from recurra.status import Status
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task, Trials
from recurra.training.bptt import BPTT, Learner, bptt_step
from recurra.training.stopping import Never

STRETCH = 10  # training steps between two looks at the losses


@dataclass(frozen=True)
class TrainingState:
    """Where a cohort stands after an epoch. With the `Training` it fixes all that follows, to the bit."""

    epoch: int
    learner: Learner
    status: tuple[Status, ...]
    history: History

    @property
    def ended(self) -> bool:
        return all(status.ended for status in self.status)


@final
@dataclass(frozen=True)
class Training:
    """What is trained, how, which networks, and from which seed.

    Args:
        task: what the networks learn.
        model: what they are made of.
        rule: how they learn.
        numbers: the networks' numbers; number k with this seed is the same network in any company.
        seed: fixes all that is random.
    """

    task: Task
    model: RateRNN
    rule: BPTT
    numbers: tuple[int, ...]
    seed: int

    def __post_init__(self) -> None:
        check_count("networks", len(self.numbers))
        check_count("seed", self.seed, at_least=0)
        for number in self.numbers:
            check_count("a network's number", number, at_least=0)
            self.rule.learning_rate_of(number)
        self.model.dynamics(self.task.dt_ms)
        check_memory(f"training {len(self.numbers)} networks of {self.model.units} units", self.memory_bytes())

    def memory_bytes(self) -> float:
        """An estimate of the memory that training needs: rates of the networks in work, weights and moments of all."""
        units, steps, batch = self.model.units, self.task.steps, self.rule.batch
        rates = 4 * 6 * min(len(self.numbers), _workers()) * batch * steps * units
        weights = 4 * 8 * len(self.numbers) * (units**2 + units * (self.task.inputs + self.task.outputs))
        return rates + weights

    @property
    def epochs(self) -> int:
        """Epochs until the last step."""
        return -(-self.rule.steps // self.rule.trials.epoch_steps(self.rule.batch))

    def start(self) -> TrainingState:
        """The cohort before its first step."""
        single = [
            self.model.initial_weights(
                random_key(self.seed, Stream.weights, number), self.task.inputs, self.task.outputs
            )
            for number in self.numbers
        ]
        nothing = np.zeros((len(self.numbers), 0))
        return TrainingState(
            epoch=0,
            learner=self.rule.init(jax.tree.map(lambda *arrays: jnp.stack(arrays), *single)),
            status=(Status.training,) * len(self.numbers),
            history=History(np.zeros(0), nothing, nothing, nothing),
        )

    def advance(self, state: TrainingState, on_steps: Callable[[int], None] = lambda _: None) -> TrainingState:
        """The cohort one epoch later; networks that have ended stay as they are and cost nothing.

        Args:
            state: where the cohort stands.
            on_steps: told the number of steps taken since it was last told, some times an epoch.
        """
        length = self.rule.trials.epoch_steps(self.rule.batch)
        first = state.epoch * length
        last = min(first + length, self.rule.steps)
        lanes = [
            _Lane(position, jax.tree.map(lambda array, at=position: np.asarray(array)[at : at + 1], state.learner))
            for position, status in enumerate(state.status)
            if not status.ended
        ]
        validation = self.task.sample(random_key(self.seed, Stream.validation), self.rule.validation_trials)
        silent_loss = _silent_loss(validation)
        with ThreadPoolExecutor(_workers()) as pool:
            for begin in range(first, last, STRETCH):
                steps = range(begin, min(begin + STRETCH, last))
                batches = [self.rule.trials.batch(self.task, self.seed, step, self.rule.batch) for step in steps]
                lanes = list(pool.map(partial(self._stretch, batches, silent_loss), lanes))
                on_steps(len(steps))
            measured = list(pool.map(partial(self._measure, validation), lanes))
        return self._gather(state, last, lanes, measured)

    def cohort(self, start: Weights, state: TrainingState) -> Cohort:
        """The trained cohort; `start` are the weights before training."""
        return Cohort(
            dynamics=self.model.dynamics(self.task.dt_ms),
            initial=start,
            weights=state.learner.weights,
            task=self.task,
            seed=self.seed,
            numbers=self.numbers,
            status=state.status,
            history=state.history,
        )

    def _stretch(self, batches: Sequence[Trials], silent_loss: float, lane: "_Lane") -> "_Lane":
        """One network after these batches; a step that makes it diverge is not taken."""
        dynamics = self.model.dynamics(self.task.dt_ms)
        rate = jnp.full(1, self.rule.learning_rate_of(self.numbers[lane.position]), jnp.float32)
        for trials in batches:
            if lane.diverged:
                break
            learner, loss = bptt_step(self.rule, dynamics, self.model.trained(), lane.learner, rate, trials)
            value = float(loss[0])
            if value <= self.rule.divergence * silent_loss and _finite(learner.weights):
                lane = replace(lane, learner=learner, losses=(*lane.losses, value))
            else:
                lane = replace(lane, diverged=True)
        return lane

    def _measure(self, validation: Trials, lane: "_Lane") -> tuple[float, float, float]:
        """Training loss, validation loss and success of one network at the end of an epoch."""
        outputs = respond(self.model.dynamics(self.task.dt_ms), lane.learner.weights, validation.inputs)[0]
        return (
            float(np.mean(lane.losses)) if lane.losses else math.nan,
            float(mean_squared_error(outputs, validation.targets, validation.mask)),
            float(self.task.success(outputs, validation).mean()),
        )

    def _gather(
        self, state: TrainingState, step: int, lanes: list["_Lane"], measured: list[tuple[float, float, float]]
    ) -> TrainingState:
        status = list(state.status)
        column = np.full((3, len(self.numbers)), np.nan)
        for lane, values in zip(lanes, measured, strict=True):
            at = lane.position
            status[at] = self._status(lane, step, *values[1:])
            column[:, at] = values
        old = state.history
        history = History(
            step=np.append(old.step, step),
            loss=np.column_stack([old.loss, column[0]]),
            validation_loss=np.column_stack([old.validation_loss, column[1]]),
            success=np.column_stack([old.success, column[2]]),
        )
        positions = [lane.position for lane in lanes]
        learner = jax.tree.map(
            lambda every, *ones: _with_rows(every, positions, ones), state.learner, *(lane.learner for lane in lanes)
        )
        return TrainingState(state.epoch + 1, learner, tuple(status), history)

    def _status(self, lane: "_Lane", step: int, loss: float, success: float) -> Status:
        if lane.diverged:
            return Status.diverged
        if self.rule.stop.reached(loss, success):
            return Status.reached
        if step < self.rule.steps:
            return Status.training
        return Status.finished if isinstance(self.rule.stop, Never) else Status.missed


@dataclass(frozen=True)
class _Lane:
    """One network on its way through an epoch."""

    position: int
    learner: Learner
    losses: tuple[float, ...] = ()
    diverged: bool = False


def train(task: Task, model: RateRNN, rule: BPTT, *, networks: int | Sequence[int], seed: int) -> Cohort:
    """Train a cohort.

    Args:
        task: what the networks learn.
        model: what they are made of.
        rule: how they learn.
        networks: how many, or the numbers of those to train; number k with this seed is the same in any company.
        seed: fixes all that is random.

    Returns:
        The cohort, each network with its status: one that diverges or misses its criterion is no error.
    """
    if not isinstance(networks, Sequence):
        check_count("networks", networks)
    numbers = tuple(networks) if isinstance(networks, Sequence) else tuple(range(networks))
    training = Training(task, model, rule, numbers, seed)
    start = state = training.start()
    while not state.ended:
        state = training.advance(state)
    return training.cohort(start.learner.weights, state)


def _with_rows(every: AnyArray, positions: list[int], ones: tuple[AnyArray, ...]) -> np.ndarray:
    """The array with the rows at these positions replaced, each by an array of one row."""
    changed = np.array(every)
    changed[positions] = np.concatenate([np.asarray(one) for one in ones])
    return changed


def _workers() -> int:
    """How many networks are worked on at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _silent_loss(trials: Trials) -> float:
    """The loss of a network whose output is 0 throughout."""
    return float(mean_squared_error(jnp.zeros_like(trials.targets), trials.targets, trials.mask))


@jax.jit
def _finite(weights: Weights) -> Bool[Array, ""]:
    return jnp.stack([jnp.isfinite(array).all() for array in jax.tree.leaves(weights)]).all()
