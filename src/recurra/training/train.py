"""The training of a cohort, epoch by epoch: state in, state out."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, cast, final

import jax
import jax.numpy as jnp
import numpy as np

from recurra.arrays import Weights
from recurra.checks import check_count
from recurra.engine import LOSSES, Dynamics, Engine, choose_engine
from recurra.interrupts import stop_if_asked
from recurra.models.cohort import Cohort, History
from recurra.models.constraints import check_order
from recurra.models.model import Model
from recurra.numerics import pinned, unrounded
from recurra.shown import Shown
from recurra.status import Status
from recurra.streams import LARGEST_NUMBER, Stream, check_seed, random_key
from recurra.tasks.base import Task
from recurra.tasks.border import check_task
from recurra.tasks.trials import Trials
from recurra.threads import thread_count
from recurra.training.arguments import check_kind
from recurra.training.groups import Group, Scores, ValidationScores, gathered, measure_group, score_group, train_group
from recurra.training.members import Members, in_order
from recurra.training.period_weights import check_periods
from recurra.training.rule import Learner, LearningRule, Setup, step_noise
from recurra.training.sizes import STRETCH, check_size
from recurra.training.stopping import Never
from recurra.varied import Varied, varied_of

SILENT_TRIALS = 256  # least number of trials that measure the loss of a silent network
SILENT_STEPS = 2**20  # of these trials together, which are enough


@dataclass(frozen=True)
class TrainingState(Shown):
    """The state of a cohort after an epoch. Together with the `Training` it fixes everything that follows, to the bit.

    Args:
        epoch: number of epochs so far.
        learner: the networks in training.
        start: the weights before training, with a leading `network` axis.
        status: the status of each network.
        history: losses and success by epoch.
    """

    epoch: int
    learner: Learner
    start: Weights
    status: tuple[Status, ...]
    history: History

    @property
    def ended(self) -> bool:
        return all(status.ended for status in self.status)


@final
@dataclass(frozen=True)
class Training:
    """The training of a cohort: task, model, rule, network numbers and seed.

    Args:
        task: what the networks learn.
        model: their architecture; what it leaves to the task is filled in.
        rule: how they learn.
        numbers: the networks' numbers; number k with this seed is the same network in any cohort.
        seed: fixes everything that is random.
        engine: "auto" (the fastest that can be used here), "native", "portable", "batched" or "native-bfloat16".
        vary: numbers of the model and the rule that differ between networks, by their keys in a spec, such as
            "training.learning_rate"; value k is that of network k.
    """

    task: Task
    model: Model
    rule: LearningRule
    numbers: Sequence[int]
    seed: int
    engine: str = "auto"
    vary: Mapping[str, Sequence[float]] | Varied = ()

    @pinned()
    def __post_init__(self) -> None:
        for name, kind in (("task", Task), ("model", Model), ("rule", LearningRule)):
            check_kind(name, getattr(self, name), kind)
        check_task(self.task)
        object.__setattr__(self, "model", self.model.for_task(self.task))
        check_periods(self.rule.counted_periods, self.task)
        self.rule.check_task(self.task)
        self.rule.check_networks(self.dynamics)
        check_count("networks", len(self.numbers))
        check_seed(self.seed)
        at_once = None if self.used_engine.whole_cohorts else thread_count()
        check_size(self.task, self.model, self.rule, len(self.numbers), at_once)
        for number in self.numbers:
            check_count("a network's number", number, at_least=0, at_most=LARGEST_NUMBER)
            self.rule.own((number,))
        object.__setattr__(self, "numbers", tuple(self.numbers))  # it may be a range until its length has been checked
        object.__setattr__(self, "vary", varied_of(self.vary))
        self.members.check()

    @cached_property
    def members(self) -> Members:
        """The networks with their own numbers."""
        return Members(self.model, self.rule, tuple(self.numbers), self.task.dt_ms, cast(Varied, self.vary))

    @cached_property
    def dynamics(self) -> Dynamics:
        """The equations that the networks have at the task's time step."""
        return self.model.dynamics(self.task.dt_ms)

    @cached_property
    def used_engine(self) -> Engine:
        """The engine that computes."""
        return choose_engine(self.engine, self.dynamics, self.rule.needs_states)

    @property
    def epochs(self) -> int:
        """Number of epochs until the last step."""
        return self.rule.epochs

    @pinned()
    def start(self) -> TrainingState:
        """The cohort before its first step."""
        single = [
            model.start(random_key(self.seed, Stream.weights, number), self.task.inputs, self.task.outputs)
            for model, number in zip(self.members.models, self.numbers, strict=True)
        ]
        check_order(self.model.all_constraints(), single[0])
        weights, nothing = jax.tree.map(lambda *arrays: jnp.stack(arrays), *single), np.zeros((len(self.numbers), 0))
        return TrainingState(
            epoch=0,
            learner=self._initial_learner(weights),
            start=weights,
            status=(Status.training,) * len(self.numbers),
            history=History(np.zeros(0), nothing, nothing, nothing),
        )

    def _initial_learner(self, weights: Weights) -> Learner:
        parts = self.members.parts(whole=True)
        starts = [weights] if len(parts) == 1 else [_rows(weights, positions) for positions in parts]
        setups = [self._setup(start, at, math.inf) for start, at in zip(starts, parts, strict=True)]
        rules = [self.members.rules[positions[0]] for positions in parts]
        learners = [rule.init(setup, start) for rule, setup, start in zip(rules, setups, starts, strict=True)]
        return in_order(parts, learners)

    @pinned()
    def advance(self, state: TrainingState, on_steps: Callable[[int], None] = lambda _: None) -> TrainingState:
        """The cohort one epoch later; networks that have ended stay as they are and cost nothing.

        Args:
            state: the state of the cohort.
            on_steps: called several times per epoch with the number of steps taken since the last call.
        """
        first = state.epoch * self.rule.epoch_steps
        last = min(first + self.rule.epoch_steps, self.rule.steps)
        groups = self._groups(state)
        with ThreadPoolExecutor(1 if self.used_engine.whole_cohorts else thread_count()) as pool:
            for begin in range(first, last, STRETCH):
                stop_if_asked()
                steps = range(begin, min(begin + STRETCH, last))
                batches = [self.rule.trials.batch(self.task, self.seed, step, self.rule.batch) for step in steps]
                groups = list(pool.map(partial(train_group, batches), groups))
                on_steps(len(steps))
            trials = self.task.sample_pieces(random_key(self.seed, Stream.validation), self.rule.validation_trials)
            pieces = [list(pool.map(partial(self._measure, at, piece), groups)) for at, piece in enumerate(trials)]
        scored = [score_group(group, measured) for group, *measured in zip(groups, *pieces, strict=True)]
        return self._gather(state, last, groups, {at: one for scores in scored for at, one in scores.items()})

    @cached_property
    def _silent_loss(self) -> float:
        """The loss of a network whose output is always 0; infinite if that is right, so that it sets no bound.

        A few validation trials may have almost no targets, so it is never measured on fewer than SILENT_TRIALS,
        or SILENT_STEPS where trials are long.
        """
        count = max(self.rule.validation_trials, min(SILENT_TRIALS, -(-SILENT_STEPS // self.task.steps)))
        trials = next(self.task.sample_pieces(random_key(self.seed, Stream.validation), count))
        trials = trials.weighted(self.rule.counted_periods)
        silence = np.zeros(trials.targets.shape, trials.targets.dtype)
        return float(jax.jit(LOSSES[self.rule.lowered_loss])(silence, trials.targets, trials.mask)) or math.inf

    def cohort(self, state: TrainingState) -> Cohort:
        """The cohort in its current state."""
        return Cohort(
            model=self.model,
            rule=self.rule,
            initial=state.start,
            weights=state.learner.weights,
            task=self.task,
            seed=self.seed,
            numbers=tuple(self.numbers),
            status=state.status,
            history=state.history,
            vary=cast(Varied, self.vary),
        )

    def _groups(self, state: TrainingState) -> list[Group]:
        """The networks that have not ended: all that one program trains in one group, or each network in its own."""
        training = np.array([not status.ended for status in state.status])
        together = [part for part in self.members.parts(self.used_engine.whole_cohorts) if training[list(part)].any()]
        return [
            Group(
                rule=self.members.rules[positions[0]],
                positions=positions,
                entered=training[list(positions)],
                active=training[list(positions)],
                learner=_rows(state.learner, positions),
                setup=self._setup(
                    _rows(state.start, positions),
                    positions,
                    self.members.rules[positions[0]].divergence * self._silent_loss,
                ),
            )
            for positions in together
        ]

    def _setup(self, start: Weights, positions: Sequence[int], loss_bound: float) -> Setup:
        numbers = [self.numbers[position] for position in positions]
        dynamics, constraints, _ = self.members.kind(positions[0])
        return Setup(
            dynamics=dynamics,
            engine=self.used_engine,
            constraints=constraints,
            loss=self.rule.lowered_loss,
            period_weights=self.rule.counted_periods,
            start=start,
            own=self.members.own(positions),
            noise=jnp.stack([random_key(self.seed, Stream.noise, number) for number in numbers]),
            loss_bound=jnp.asarray(loss_bound, jnp.float32),
        )

    @pinned()
    def _measure(self, piece: int, validation: Trials, group: Group) -> dict[int, ValidationScores]:
        keys = jnp.stack(
            [random_key(self.seed, Stream.validation_noise, self.numbers[position]) for position in group.positions]
        )
        if piece:  # trials are numbered from 0 in every piece: noise of its own for each
            keys = jax.vmap(lambda key: jax.random.fold_in(key, piece))(keys)
        noise_keys = step_noise(group.setup.dynamics, group.learner, keys)
        return measure_group(self.task, validation, noise_keys, group)

    def _gather(self, state: TrainingState, step: int, groups: list[Group], scores: dict[int, Scores]) -> TrainingState:
        status = list(state.status)
        column = np.full((3, len(self.numbers)), np.nan)
        for at, one in scores.items():
            status[at] = self._status(self.members.rules[at], one, step)
            column[:, at] = one.loss, one.validation_loss, one.success
        old = state.history
        history = History(
            step=np.append(old.step, step),
            loss=np.column_stack([old.loss, column[0]]),
            validation_loss=np.column_stack([old.validation_loss, column[1]]),
            success=np.column_stack([old.success, column[2]]),
        )
        return replace(
            state,
            epoch=state.epoch + 1,
            learner=gathered(state.learner, groups),
            status=tuple(status),
            history=history,
        )

    def _status(self, rule: LearningRule, scores: Scores, step: int) -> Status:
        if scores.diverged:
            return Status.diverged
        if rule.stop.reached(scores.validation_loss, scores.success):
            return Status.reached
        if step < self.rule.steps:
            return Status.training
        return Status.finished if isinstance(rule.stop, Never) else Status.missed


def _rows(every: Learner | Weights, positions: Sequence[int]) -> Any:
    return jax.tree.map(lambda array: unrounded(np.asarray(array)[list(positions)]), every)
