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
from recurra.engine import Dynamics, Engine, choose_engine
from recurra.interrupts import stop_if_asked
from recurra.models.cohort import Cohort, History
from recurra.models.constraints import check_order
from recurra.models.model import Model
from recurra.models.transfer import TransferredWeights
from recurra.numerics import pinned, unrounded
from recurra.shown import Shown
from recurra.status import Status
from recurra.streams import LARGEST_NUMBER, Stream, check_seed, random_key
from recurra.tasks.base import Task
from recurra.tasks.border import check_task
from recurra.tasks.trials import Trials
from recurra.threads import thread_count
from recurra.training.arguments import check_kind
from recurra.training.curricula import stages_left
from recurra.training.groups import (
    Group,
    Scores,
    ValidationScores,
    gathered,
    measure_group,
    score_group,
    silent_loss,
    train_group,
    weight_change,
)
from recurra.training.members import Members, in_order
from recurra.training.period_weights import check_periods
from recurra.training.rule import Learner, LearningRule, Setup, step_noise
from recurra.training.sizes import STRETCH, check_size
from recurra.training.stopping import Never
from recurra.varied import Varied, varied_of


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
        vary: numbers of task, model and rule that differ between networks, by their keys in a spec, such as
            "training.learning_rate"; value k is that of network k.
        transfer: trained networks from which these start; None to start from weights that the model draws.
    """

    task: Task
    model: Model
    rule: LearningRule
    numbers: Sequence[int]
    seed: int
    engine: str = "auto"
    vary: Mapping[str, Sequence[float]] | Varied = ()
    transfer: TransferredWeights | None = None

    @pinned()
    def __post_init__(self) -> None:
        for name, kind in (("task", Task), ("model", Model), ("rule", LearningRule)):
            check_kind(name, getattr(self, name), kind)
        check_task(self.task)
        object.__setattr__(self, "model", self.model.for_task(self.task))
        self.rule.check_networks(self.dynamics)
        check_count("networks", len(self.numbers))
        check_seed(self.seed)
        whole = choose_engine(self.engine, self.dynamics, self.rule.needs_states).whole_cohorts
        check_size(self.task, self.model, self.rule, len(self.numbers), None if whole else thread_count())
        for number in self.numbers:
            check_count("a network's number", number, at_least=0, at_most=LARGEST_NUMBER)
            self.rule.own((number,))
        object.__setattr__(self, "numbers", tuple(self.numbers))  # it may be a range until its length has been checked
        object.__setattr__(self, "vary", varied_of(self.vary))
        self.members.check()
        _ = self.used_engine  # an error if it cannot compute what a network needs
        each = zip(self.members.rules, self.members.courses, strict=True)
        learned = dict.fromkeys((rule, task) for rule, course in each for task in course)
        for task in dict.fromkeys(task for _, task in learned):
            check_task(task)
            check_periods(self.rule.counted_periods, task)
        for rule, task in learned:
            rule.check_task(task)
        if self.transfer:
            self.transfer.check_varied([key for key, _ in cast(Varied, self.vary)])

    @cached_property
    def members(self) -> Members:
        """The networks with their own numbers."""
        return Members(self.model, self.rule, tuple(self.numbers), self.task, cast(Varied, self.vary))

    @cached_property
    def dynamics(self) -> Dynamics:
        """The equations that the networks have at the task's time step."""
        return self.model.dynamics(self.task.dt_ms)

    @cached_property
    def used_engine(self) -> Engine:
        """The engine that computes."""
        needed = [what for rule in self.members.rules for what in rule.needs_states]
        return choose_engine(self.engine, self.dynamics, needed)

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
        constraints = self.model.all_constraints()
        if self.transfer:
            given = zip(self.numbers, single, strict=True)
            single = [self.transfer.start(number, drawn, constraints) for number, drawn in given]
        check_order(constraints, single[0])
        weights, nothing = jax.tree.map(lambda *arrays: jnp.stack(arrays), *single), np.zeros((len(self.numbers), 0))
        return TrainingState(
            epoch=0,
            learner=self._initial_learner(weights),
            start=weights,
            status=(Status.training,) * len(self.numbers),
            history=History(np.zeros(0), nothing, nothing, nothing, nothing if self.rule.curriculum else None, nothing),
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
        steps = range(first, min(first + self.rule.epoch_steps, self.rule.steps))
        left = stages_left([rule.curriculum for rule in self.members.rules], state.history)
        waiting, trained = self._groups(state, left), []
        with ThreadPoolExecutor(1 if self.used_engine.whole_cohorts else thread_count()) as pool:
            for left_over, (task, some) in zip(reversed(range(len(waiting))), waiting.items(), strict=True):
                told = (lambda _: None) if left_over else on_steps  # every step once
                groups, measure = self._stepped(task, steps, some, pool, told), partial(self._measure, task)
                trials = task.sample_pieces(random_key(self.seed, Stream.validation), self.rule.validation_trials)
                pieces = [list(pool.map(partial(measure, at, piece), groups)) for at, piece in enumerate(trials)]
                trained += zip(groups, zip(*pieces, strict=True), strict=True)
        scored = [score_group(group, measured) for group, measured in trained]
        scores = {at: one for some in scored for at, one in some.items()}
        return self._gather(state, steps.stop, [group for group, _ in trained], scores, left)

    def _stepped(
        self, task: Task, steps: range, groups: list[Group], pool: ThreadPoolExecutor, on_steps: Callable[[int], None]
    ) -> list[Group]:
        """The groups after steps on trials of a task."""
        for begin in range(steps.start, steps.stop, STRETCH):
            stop_if_asked()
            some = range(begin, min(begin + STRETCH, steps.stop))
            batches = [self.rule.trials.batch(task, self.seed, step, self.rule.batch) for step in some]
            groups = list(pool.map(partial(train_group, batches), groups))
            on_steps(len(some))
        return groups

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
            start=self.transfer and self.transfer.transfer,
        )

    def _groups(self, state: TrainingState, left: Sequence[int]) -> dict[Task, list[Group]]:
        """The networks that have not ended, by their tasks: all that one program trains together, or each alone."""
        training = np.array([not status.ended for status in state.status])
        groups: dict[Task, list[Group]] = {}
        for positions in self.members.parts(self.used_engine.whole_cohorts):
            course, at = self.members.courses[positions[0]], list(positions)
            stages = len(course) - 1 - np.array(left)[at]
            for stage in sorted(set(stages[training[at]].tolist())):
                group = self._group(state, positions, training[at] & (stages == stage), course[stage])
                groups.setdefault(course[stage], []).append(group)
        return groups

    def _group(self, state: TrainingState, positions: tuple[int, ...], entered: np.ndarray, task: Task) -> Group:
        rule = self.members.rules[positions[0]]
        silent = silent_loss(task, self.rule, self.seed)
        return Group(
            rule=rule,
            positions=positions,
            entered=entered,
            active=entered,
            learner=_rows(state.learner, positions),
            setup=self._setup(_rows(state.start, positions), positions, rule.divergence * silent),
        )

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
            loss_bound=jnp.asarray(min(loss_bound, float(np.finfo(np.float32).max)), jnp.float32),
        )

    @pinned()
    def _measure(self, task: Task, piece: int, validation: Trials, group: Group) -> dict[int, ValidationScores]:
        keys = jnp.stack(
            [random_key(self.seed, Stream.validation_noise, self.numbers[position]) for position in group.positions]
        )
        if piece:  # trials are numbered from 0 in every piece: noise of its own for each
            keys = jax.vmap(lambda key: jax.random.fold_in(key, piece))(keys)
        noise_keys = step_noise(group.setup.dynamics, group.learner, keys)
        return measure_group(task, validation, noise_keys, group)

    def _gather(
        self,
        state: TrainingState,
        step: int,
        groups: list[Group],
        scores: dict[int, Scores],
        left: Sequence[int],
    ) -> TrainingState:
        status, learner = list(state.status), gathered(state.learner, groups)
        column = {name: np.full(len(self.numbers), np.nan) for name in state.history.curves()}
        for at, one in scores.items():
            status[at] = self._status(self.members.rules[at], one, step, left[at])
            measured = {
                "loss": one.loss,
                "validation_loss": one.validation_loss,
                "success": one.success,
                "stages_left": left[at],
                "weight_change": weight_change(state.start, learner.weights, at),
            }
            for name, values in column.items():
                values[at] = measured[name]
        old = state.history
        curves = {name: np.column_stack([curve, column[name]]) for name, curve in old.curves().items()}
        return replace(
            state,
            epoch=state.epoch + 1,
            learner=learner,
            status=tuple(status),
            history=History(np.append(old.step, step), **curves),
        )

    def _status(self, rule: LearningRule, scores: Scores, step: int, left: int) -> Status:
        if scores.diverged:
            return Status.diverged
        if not left and rule.stop.reached(scores.validation_loss, scores.success):
            return Status.reached
        if step < self.rule.steps:
            return Status.training
        return Status.finished if isinstance(rule.stop, Never) else Status.missed


def _rows(every: Learner | Weights, positions: Sequence[int]) -> Any:
    return jax.tree.map(lambda array: unrounded(np.asarray(array)[list(positions)]), every)
