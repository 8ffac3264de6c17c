"""Conformance of a learning rule: a single step, and an interrupted training."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from recurra.models import Frozen, Model, RateRNN
from recurra.numerics import pinned
from recurra.runs.spec import RunSpec
from recurra.storage.states import read_state, write_state
from recurra.tasks import And, Task, Trials
from recurra.testing.findings import check, finite, kind, name_of, near, same, spec_there_and_back
from recurra.training import FreshTrials, Learner, LearningRule, Never, Setup, Training, TrainingState

NUMBERS = (0, 1, 2)
EPOCHS, EPOCH_STEPS, BATCH = 2, 2, 8  # of the trial training


def check_rule(rule: LearningRule, task: Task | None = None, model: Model | None = None) -> None:
    """Check that a learning rule is what recurra expects.

    The checks: `init` does not change the weights; `step` keeps shapes and dtypes, counts steps, returns a loss, leaves
    inactive networks unchanged to the bit, ends a network whose loss is above the bound before its step, keeps weights
    finite if nothing is scored, and respects a frozen array; some weights change; a network is the same alone and
    among others; the same seed gives the same bits, after an interruption too; and the rule reads back from a spec.

    Args:
        rule: an instance; its steps, batch, trials and stop are replaced by small ones.
        task: the task it is tried on; by default And.
        model: the model it is tried on; by default eight rate units with frozen input weights.

    Raises:
        ConformanceError: with all findings, one per line.
    """
    model = model or RateRNN(units=8, recurrent_bias=True, constraints=(Frozen(("input",)),))
    check(name_of(rule), [partial(kind, rule, LearningRule)])
    look = _RuleUnderTest(rule, task or And(), model)
    check(
        look.name,
        [look.init],
        [look.step],
        [look.resting, look.bounded, look.nothing_scored],
        [look.company, look.again, look.frozen, partial(spec_there_and_back, rule, look.spec)],
    )


class _RuleUnderTest:
    """A rule, with the task and model that it trains."""

    def __init__(self, rule: LearningRule, task: Task, model: Model) -> None:
        self.given, self.task, self.model, self.name = rule, task, model, type(rule).__name__
        self.rule = replace(
            rule,
            steps=EPOCHS * EPOCH_STEPS,
            batch=BATCH,
            trials=FreshTrials(EPOCH_STEPS),
            stop=Never(),
            validation_trials=BATCH,
        )

    def training(self, numbers: tuple[int, ...] = NUMBERS) -> Training:
        return Training(self.task, self.model, self.rule, numbers, 0, "portable")

    def spec(self) -> RunSpec:
        return RunSpec(self.task, model=self.model, training=self.given)

    @cached_property
    def setup(self) -> Setup:
        training = self.training()
        return training._setup(training.start().start, range(len(NUMBERS)), np.inf)

    @pinned()
    def walked(self, numbers: tuple[int, ...]) -> Learner:
        """The given networks after two steps, all in one call."""
        training = self.training(numbers)
        setup = training._setup(training.start().start, range(len(numbers)), np.inf)
        learner, active = self.rule.init(setup, setup.start), jnp.ones(len(numbers), bool)
        for step in range(2):
            trials = self.rule.trials.batch(self.task, 0, step, BATCH)
            learner, active, _ = self.rule.step(setup, learner, active, trials)
        return learner

    @property
    def trials(self) -> Trials:
        return self.rule.trials.batch(self.task, 0, 0, BATCH)

    @pinned()
    def begun(self) -> Learner:
        return self.rule.init(self.setup, self.setup.start)

    @pinned()
    def stepped(self, setup: Setup, learner: Learner, active: list[bool], trials: Trials):
        return self.rule.step(setup, learner, jnp.asarray(active), trials)

    def init(self) -> Iterator[str]:
        learner = self.begun()
        if not isinstance(learner, Learner):
            yield f"{self.name}.init gives {type(learner).__name__}; return rc.Learner(weights, step, memory)"
            return
        if not same(learner.weights, self.setup.start):
            yield f"{self.name}.init changes the weights; return them as they are, and change them in step"
        if (np.shape(learner.step), np.asarray(learner.step).any()) != ((len(NUMBERS),), False):
            yield f"{self.name}.init: step is {learner.step}; begin with jnp.zeros(weights.networks, jnp.int32)"
        for path, leaf in jax.tree_util.tree_flatten_with_path(learner.memory)[0]:
            if np.shape(leaf)[:1] != (len(NUMBERS),):
                yield (
                    f"{self.name}.init: memory{jax.tree_util.keystr(path)} has the shape {np.shape(leaf)}; give every "
                    "array a leading network axis"
                )

    def step(self) -> Iterator[str]:
        learner = self.begun()
        new, active, loss = self.stepped(self.setup, learner, [True] * 3, self.trials)
        if jax.tree.structure(new) != jax.tree.structure(learner):
            yield f"{self.name}.step gives a learner of another structure; return rc.Learner with the same memory"
            return
        for (path, one), other in zip(
            jax.tree_util.tree_flatten_with_path(new)[0], jax.tree.leaves(learner), strict=True
        ):
            made, given = np.asarray(one), np.asarray(other)
            if (made.shape, made.dtype) != (given.shape, given.dtype):
                yield (
                    f"{self.name}.step makes {jax.tree_util.keystr(path)[1:]} {made.dtype}{made.shape} "
                    f"of {given.dtype}{given.shape}; keep shapes and types, so that it can be resumed"
                )
        if (np.shape(active), np.asarray(active).dtype) != ((3,), bool) or not np.asarray(active).all():
            yield f"{self.name}.step gives the active networks as {active}; return True for each that took the step"
        if np.shape(loss) != (3,) or not finite(loss):
            yield f"{self.name}.step gives the loss {loss}; return the loss before the step, one number per network"
        if not (np.asarray(new.step) == 1).all():
            yield f"{self.name}.step makes step {new.step}; count each network that takes the step: learner.step + 1"
        if not finite(new.weights):
            yield f"{self.name}.step makes weights that are not finite"
        elif same(new.weights, learner.weights):
            yield f"{self.name}.step changes no weights; return the new ones in the learner"

    def resting(self) -> Iterator[str]:
        """Networks that are not active must not change by a bit."""
        learner = self.begun()
        new, active, loss = self.stepped(self.setup, learner, [True, False, True], self.trials)
        if not same(_row(new, 1), _row(learner, 1)):
            yield f"{self.name}.step changes a network that is not active; take jnp.where(active, new, old) for all"
        if np.asarray(active)[1]:
            yield f"{self.name}.step makes a network active that was not; return active & ..."
        if not np.isnan(np.asarray(loss)[1]):
            yield f"{self.name}.step gives a loss for a network that is not active; return NaN for it"

    def bounded(self) -> Iterator[str]:
        """A loss above the bound must end a network before its step."""
        learner = self.begun()
        setup = replace(self.setup, loss_bound=jnp.zeros((), jnp.float32))
        new, active, _ = self.stepped(setup, learner, [True] * 3, self.trials)
        if np.asarray(active).any() or not same(new, learner):
            yield (
                f"{self.name}.step goes on where the loss is above setup.loss_bound; take no step there, and return "
                "active & (loss <= setup.loss_bound)"
            )

    def nothing_scored(self) -> Iterator[str]:
        """A batch in which nothing counts."""
        trials = replace(self.trials, mask=np.zeros(self.trials.mask.shape, bool))
        new, *_ = self.stepped(self.setup, self.begun(), [True] * 3, trials)
        if not finite(new.weights):
            yield f"{self.name}.step makes weights not finite where nothing of a batch counts; do not divide by 0"

    def company(self) -> Iterator[str]:
        """A network must learn the same alone and among others."""
        among, alone = (self.walked(numbers) for numbers in (NUMBERS, NUMBERS[1:2]))
        if not near(_row(among.weights, 1), _row(alone.weights, 0)):
            yield f"{self.name}: a network learns differently among others; compute each by itself, as with jax.vmap"

    def again(self) -> Iterator[str]:
        """The same seed must give the same bits, without interruption and from a stored state."""
        training = self.training()
        whole = _ended(training)
        if not same(_ended(self.training()).learner, whole.learner):
            yield f"{self.name}: the same seed gives other weights; take what is random from setup.noise and step"
            return
        state = training.advance(training.start())
        with tempfile.TemporaryDirectory(prefix="recurra-check-") as folder:
            path = Path(folder) / "state.npz"
            state = read_state(path, write_state(path, state), 1, training)
        if not same(training.advance(state).learner, whole.learner):
            yield (
                f"{self.name}: a training that was interrupted ends elsewhere; keep all that a step depends on in the "
                "learner's memory, and nothing in the rule"
            )

    def frozen(self) -> Iterator[str]:
        """Arrays that the model freezes must not change."""
        frozen = {name for one in self.model.all_constraints() if isinstance(one, Frozen) for name in one.arrays}
        ended = _ended(self.training())
        for name in sorted(frozen):
            if not same(getattr(ended.learner.weights, name), getattr(ended.start, name)):
                yield (
                    f"{self.name} changes {name}, which the model freezes; take gradients through setup.constraints, "
                    "as BPTT does, or change only what the rule is for"
                )


def _ended(training: Training) -> TrainingState:
    state = training.start()
    while not state.ended:
        state = training.advance(state)
    return state


def _row(tree, at: int):
    return jax.tree.map(lambda array: np.asarray(array)[at], tree)
