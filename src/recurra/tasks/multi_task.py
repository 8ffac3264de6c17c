"""Many tasks in one network, which an input of each task tells apart."""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from recurra.arrays import Outputs, RandomKey
from recurra.checks import check_choice, check_count, check_finite_number, check_positive
from recurra.numerics import pinned
from recurra.periods import Period
from recurra.streams import as_key
from recurra.tasks.base import Task, gather, hashed, shapes_of
from recurra.tasks.rules import SuccessRule
from recurra.tasks.trials import Trial, Trials, check_weights
from recurra.wording import number_of


@final
@dataclass(frozen=True)
class MultiTask(Task):
    """Several tasks in one network, each with a rule input of its own.

    The first inputs are those of the tasks, the last ones the rule inputs, one a task: that of a trial's task is 1
    throughout the trial, without noise, the others are 0. A task with fewer inputs or outputs than others has the first
    ones; its other inputs are 0, and its other outputs do not count. All trials have as many steps as the longest task:
    after the end of a shorter one all inputs are 0 and nothing counts. The time step must be the same.

    With `FreshTrials` the trials of a training step are all of one task, drawn with its share, and end with it.
    Everywhere else the tasks are equally probable and mixed: in fixed sets, in validation and test trials. A trial is a
    success if it is one by the rule of its task. The conditions are those of all tasks, such as "xor: 01".

    Args:
        tasks: the tasks, at least two.
        names: of the tasks, printable texts without ": "; if not given, those that they have in specs.
        shares: how often each task is trained, relative to the others, above 0; if not given, all equally often.

    Raises:
        TypeError: an entry of tasks, names or shares is of the wrong kind.
        ValueError: there are fewer than two tasks, they have different time steps, not every task has a name and a
            share of its own, a name is empty or has ": " in it, or a share is not above 0 or not finite.

    Source: Yang, Joglekar, Song, Newsome and Wang (2019).

    Examples:
        >>> import recurra as rc
        >>> both = rc.MultiTask((rc.And(), rc.Xor()))
        >>> both.inputs, both.outputs, both.condition_names[-1]
        (4, 1, 'xor: 11')
    """

    sources: ClassVar[tuple[str, ...]] = ("yang2019",)

    tasks: tuple[Task, ...] = ()
    names: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    rule: SuccessRule = field(init=False, repr=False)
    dt_ms: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_tasks(self.tasks)
        tasks = tuple(self.tasks)
        names = _each("names", self.names, "texts", tasks) or tuple(task.title.removeprefix("task ") for task in tasks)
        shares = _each("shares", self.shares, "numbers", tasks) or (1.0,) * len(tasks)
        _check_names(names)
        for share in shares:
            check_positive("shares", share)
        if not math.isfinite(sum(map(float, shares))):
            raise ValueError(f"the sum of shares {shares} is infinite; expected smaller numbers")
        taus = {task.unit_tau_ms for task in tasks}
        made = {"tasks": tasks, "names": names, "shares": shares, "rule": EachRule(tasks), "dt_ms": tasks[0].dt_ms}
        for name, value in (made | {"unit_tau_ms": taus.pop() if len(taus) == 1 else None}).items():
            object.__setattr__(self, name, value)

    @property
    def title(self) -> str:
        return f"tasks {', '.join(self.names)}"

    @property
    def condition_names(self) -> tuple[str, ...]:
        pairs = zip(self.names, self.tasks, strict=True)
        return tuple(f"{name}: {condition}" for name, task in pairs for condition in task.condition_names)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods that all tasks have at the same time; the whole trial if there is none."""
        shared = tuple(one for one in self.tasks[0].periods if all(one in task.periods for task in self.tasks))
        return shared or (Period("trial", 0.0, self._longest * self.dt_ms),)

    @property
    def _longest(self) -> int:
        return max(task.steps for task in self.tasks)

    @property
    def _stimuli(self) -> int:
        """Number of inputs before the rule inputs."""
        return max(task.inputs for task in self.tasks)

    def position(self, name: str) -> int:
        """Where a task of this name stands among the tasks; an error if there is none."""
        check_choice("task", name, self.names)
        return self.names.index(name)

    def first_condition(self, at: int) -> int:
        """The number of the first condition of the task at a position."""
        return sum(len(task.condition_names) for task in self.tasks[:at])

    def task_of(self, trials: Trials) -> Int[Array, "trial"]:
        """The position of the task of each trial, by the rule inputs of its first step."""
        return jnp.asarray(trials.inputs)[..., 0, -len(self.tasks) :].argmax(axis=-1)

    def input_at(self, name: str, time_ms: float, condition: int = 0) -> Float[np.ndarray, "input"]:
        """The noiseless input of a task at a time, its rule input included.

        Args:
            name: of the task.
            time_ms: time in its probe, ms.
            condition: number of a condition within the task.
        """
        at = self.position(name)
        task = self.tasks[at]
        check_finite_number("time_ms", time_ms)
        check_count("condition", condition, at_least=0, at_most=len(task.condition_names) - 1)
        probe, step = task.probe(), round(time_ms / self.dt_ms)
        if not 0 <= step < probe.inputs.shape[1]:
            raise ValueError(
                f"time_ms is {time_ms:g}; expected a time in the trials of {name}, 0 to "
                f"{(probe.inputs.shape[1] - 1) * self.dt_ms:g} ms"
            )
        inputs = np.zeros(self._stimuli + len(self.tasks))
        row = int(np.flatnonzero(np.asarray(probe.condition) == condition)[0])
        inputs[: task.inputs] = np.asarray(probe.inputs[row, step])
        inputs[self._stimuli + at] = 1
        return inputs

    def trial(self, key: RandomKey) -> Trial:
        which, own = jax.random.split(key)
        branches = [partial(self._trial_of, at, steps=self._longest) for at in range(len(self.tasks))]
        return jax.lax.switch(jax.random.randint(which, (), 0, len(branches), jnp.int32), branches, own)

    def of_keys(self, keys: Key[Array, "trial"]) -> Trial:
        """One after the other, so that only the chosen task is drawn."""
        return jax.lax.map(self.trial, keys)

    def sample_batch(self, key: RandomKey, trials: int) -> Trials:
        """Trials of one task, drawn with its share; they are as long as the task's trials."""
        with pinned():
            which, own = jax.random.split(as_key(key))
            bounds = np.cumsum(self.shares) / np.sum(self.shares)
            at = int(np.searchsorted(bounds, float(jax.random.uniform(which, (), jnp.float32)), side="right"))
        return self._sampled(min(at, len(self.tasks) - 1), own, trials, whole=False)

    def sample_of(self, name: str, key: RandomKey | int, trials: int) -> Trials:
        """Trials of one task, as long as all trials are.

        Args:
            name: of the task.
            key: a seed, or a JAX random key.
            trials: how many.
        """
        return self._sampled(self.position(name), as_key(key), trials, whole=True)

    def _sampled(self, at: int, key: RandomKey, trials: int, whole: bool) -> Trials:
        check_count("trials", trials)
        with pinned():
            drawn = _drawn_of(hashed(self), at, key, trials, self._longest if whole else self.tasks[at].steps)
        if drawn.mask.dtype != bool:
            check_weights(drawn.mask)
        return drawn

    def _trial_of(self, at: int, key: RandomKey, steps: int) -> Trial:
        return self.embedded(at, self.tasks[at].trial(key), steps)

    def embedded(self, at: int, trial: Trial, steps: int) -> Trial:
        """A trial of the task at a position with all inputs and outputs, and with so many steps."""
        time, inputs = trial.inputs.shape
        outputs = max(task.outputs for task in self.tasks)
        rules = jnp.zeros((time, len(self.tasks)), jnp.float32).at[:, at].set(1)
        own = jnp.pad(trial.inputs, ((0, 0), (0, self._stimuli - inputs)))
        mask = trial.mask if self._all_or_none else trial.mask.astype(jnp.float32)
        rest, none = ((0, steps - time), (0, 0)), (0, outputs - trial.targets.shape[1])
        return Trial(
            inputs=jnp.pad(jnp.concatenate([own, rules], axis=1), rest),
            targets=jnp.pad(trial.targets, (rest[0], none)),
            mask=jnp.pad(mask, (rest[0], none)),
            condition=jnp.where(trial.condition < 0, -1, trial.condition + self.first_condition(at)),
        )

    @property
    def _all_or_none(self) -> bool:
        """Whether the masks of all tasks say only what counts, and not how much."""
        return all(shapes_of(task).mask.dtype == bool for task in self.tasks)

    def probe(self) -> Trials:
        """The probes of all tasks."""
        probes = [task.probe() for task in self.tasks]
        steps = max(probe.inputs.shape[1] for probe in probes)
        parts = [jax.vmap(partial(self.embedded, at, steps=steps))(_as_trial(probe)) for at, probe in enumerate(probes)]
        return gather(self, jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *parts))


@final
@dataclass(frozen=True)
class EachRule(SuccessRule):
    """Every trial is judged by the rule of its task, on the outputs that the task has.

    Args:
        tasks: those of a `MultiTask`, by whose rule inputs the task of a trial is known.
    """

    tasks: tuple[Task, ...]

    @property
    def criterion(self) -> str:
        return "Every trial is judged by the rule of its task."

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        return self._of_each(trials, lambda rule, part: rule.correct(outputs[..., : part.targets.shape[-1]], part))

    def asked(self, trials: Trials) -> Bool[Array, "trial time output"]:
        return self._of_each(trials, lambda rule, part: rule.asked(part))

    @partial(jax.jit, static_argnames="self")
    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        return self._of_each(trials, lambda rule, part: rule.scored(part))

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        outputs = jnp.asarray(outputs)
        return self._of_each(trials, lambda rule, part: rule.success(outputs[..., : part.targets.shape[-1]], part))

    def _of_each(self, trials: Trials, judge: Callable[[SuccessRule, Trials], Any]) -> Any:
        """What the rule of each trial's task says; outputs that the task does not have get False."""
        which = jnp.asarray(trials.inputs)[:, 0, -len(self.tasks) :].argmax(axis=-1)
        alike: dict[tuple[SuccessRule, int], list[int]] = {}
        for at, task in enumerate(self.tasks):
            alike.setdefault((task.rule, task.outputs), []).append(at)
        said = []
        for (rule, outputs), members in alike.items():
            part = replace(trials, targets=trials.targets[..., :outputs], mask=trials.mask[..., :outputs])
            own = judge(rule, part)
            if own.ndim == trials.targets.ndim:
                own = jnp.pad(own, ((0, 0), (0, 0), (0, trials.targets.shape[-1] - outputs)))
            chosen = jnp.isin(which, jnp.asarray(members, which.dtype))
            said.append(own & chosen.reshape(-1, *[1] * (own.ndim - 1)))
        return jnp.stack(said).any(axis=0)


def _check_tasks(tasks: Any) -> None:
    if isinstance(tasks, str) or not isinstance(tasks, Sequence):
        raise TypeError(
            f"tasks is of the type {type(tasks).__name__}; expected a list of tasks, such as [rc.And(), rc.Xor()]"
        )
    if len(tasks) < 2:
        raise ValueError(
            f"tasks has {number_of(len(tasks), 'task')}; expected at least two, such as [rc.And(), rc.Xor()]"
        )
    for task in tasks:
        if isinstance(task, type):
            raise TypeError(f"tasks has the class {task.__name__}; expected an instance, such as rc.And()")
        if not isinstance(task, Task) or isinstance(task, MultiTask):
            raise TypeError(
                f"tasks has an entry of the type {type(task).__name__}; expected tasks, none of them a MultiTask"
            )
    steps_ms = {task.dt_ms for task in tasks}
    if len(steps_ms) > 1:
        said = ", ".join(f"{task.title.removeprefix('task ')} {task.dt_ms:g}" for task in tasks)
        raise ValueError(f"the tasks have different time steps in ms: {said}; give all the same dt_ms")


def _each(name: str, given: Any, entries: str, tasks: tuple[Task, ...]) -> tuple[Any, ...]:
    """What is given for each task, or nothing."""
    try:
        values = None if isinstance(given, str | bytes | Mapping | Set) else tuple(given)
    except TypeError:
        values = None
    if values is None:
        raise TypeError(f"{name} is {given!r}; expected a list of {entries}, one for each task")
    if values and len(values) != len(tasks):
        raise ValueError(f"{name} has {len(values)} values; expected one for each of the {len(tasks)} tasks")
    return values


def _check_names(names: tuple[Any, ...]) -> None:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"names has {name!r}; expected texts")
        if not name.strip() or not name.isprintable() or ": " in name:
            raise ValueError(f"names has {name!r}; expected printable texts, none of them empty or with ': ' in it")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two tasks are called {twice!r}; give each a name of its own: names")


def _as_trial(trials: Trials) -> Trial:
    return Trial(*(jnp.asarray(array) for array in (trials.inputs, trials.targets, trials.mask, trials.condition)))


@partial(jax.jit, static_argnames=("task", "at", "trials", "steps"))
def _drawn_of(task: MultiTask, at: int, key: RandomKey, trials: int, steps: int) -> Trials:
    keys = jax.random.split(key, trials)
    return gather(task, jax.vmap(lambda own: task.embedded(at, task.tasks[at].trial(own), steps))(keys))
