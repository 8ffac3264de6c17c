"""Conformance of a task."""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from recurra.checks import check_positive
from recurra.numerics import GENERATOR, pinned
from recurra.runs.spec import RunSpec
from recurra.tasks import SuccessRule, Task
from recurra.tasks.border import LOOKS, TRIED
from recurra.tasks.multi_task import MultiTask
from recurra.testing.findings import ConformanceError, check, kind, name_of, near, same, spec_there_and_back

SEEDS = 2  # keys that are tried


def check_task(task: Task) -> None:
    """Check that a task is what recurra expects.

    The checks: shapes and dtypes of a trial's arrays; a trial follows from its key, and another key gives another
    trial; trials drawn at once are the same as drawn one by one; numbers are finite, and conditions are the named ones;
    something is scored; the targets themselves are a success, and silence is not; the periods; the probe; and the task
    reads back from a spec. Of a `MultiTask` each task is checked in the same way.

    Args:
        task: an instance, with any parameters.

    Raises:
        ConformanceError: with all findings, one per line.
    """
    looks = [partial(_look, look, task) for look in LOOKS]
    check(
        name_of(task),
        [partial(kind, task, Task)],
        [partial(_members, task)],
        [partial(_fields, task), looks[0]],
        looks[1:],
        [partial(look, task) for look in (_keys, _one_by_one, _success, _probe_twice)]
        + [partial(spec_there_and_back, task, partial(RunSpec, task))],
    )


def _members(task: Task) -> Iterator[str]:
    """The findings about each task of a `MultiTask`."""
    for name, one in zip(task.names, task.tasks, strict=True) if isinstance(task, MultiTask) else ():
        try:
            check_task(one)
        except ConformanceError as error:
            yield from (f"{name}: {finding}" for finding in error.findings)


def _look(look, task: Task) -> Iterator[str]:
    look(task)
    return iter(())


def _fields(task: Task) -> Iterator[str]:
    check_positive(f"{type(task).__name__}.dt_ms", task.dt_ms)
    if not isinstance(task.rule, SuccessRule):
        yield f"{type(task).__name__}.rule is {task.rule!r}; take a rule of success such as rc.NearRule()"


def _trials(task: Task, seed: int):
    return task.sample(jax.random.key(seed, impl=GENERATOR), TRIED)


def _keys(task: Task) -> Iterator[str]:
    """Another key must give other trials."""
    first, second = (_trials(task, seed) for seed in range(SEEDS))
    if same(first, second) and not getattr(task, "deterministic", False):
        yield (
            f"{type(task).__name__}.trial draws the same {TRIED} trials from two keys; let what is random depend on "
            "the whole key"
        )


def _one_by_one(task: Task) -> Iterator[str]:
    """Trials drawn at once, vectorized by JAX, must be the same as drawn one by one."""
    key = jax.random.key(0, impl=GENERATOR)
    with pinned():
        single = [task.trial(one) for one in jax.random.split(key, 4)]
        drawn = jax.tree.map(lambda *arrays: jnp.stack(arrays), *single)
    together = task.sample(key, 4)
    if not near((drawn.inputs, drawn.targets), (together.inputs, together.targets)):
        yield f"{type(task).__name__}.trial gives other numbers under jax.vmap; write it for one trial, with jax.numpy"


def _success(task: Task) -> Iterator[str]:
    """The targets as outputs must be a success, and silence must not."""
    trials = _trials(task, 0)
    judged = np.asarray(task.rule.judged(trials))
    missed = judged & ~np.asarray(task.success(trials.targets, trials))
    if missed.any():
        yield (
            f"{type(task).__name__}: the targets themselves are no success in {missed.sum()} of {judged.sum()} trials; "
            "widen the rule's tolerance, or let targets be what it asks for"
        )
    silent = np.asarray(task.success(np.zeros_like(trials.targets), trials))
    if silent[judged].all():
        yield (
            f"{type(task).__name__}: an output of 0 throughout is a success in every trial; let targets be further "
            "from 0 than the rule's tolerance, or count the steps that have an answer"
        )


def _probe_twice(task: Task) -> Iterator[str]:
    """The probe must be the same each time, and its conditions must have factors."""
    if not same(task.probe(), task.probe()):
        yield f"{type(task).__name__}.probe gives another set each time; use jax.random.key(0) in it, or nothing random"
    task.factors()
