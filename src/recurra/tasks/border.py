"""The check of a task when it enters: its trials are examined once, before anything depends on them."""

from collections.abc import Callable
from functools import lru_cache

import jax
import numpy as np
from jax.extend.core import Literal

from recurra.checks import check_finite
from recurra.numerics import GENERATOR, pinned
from recurra.tasks.base import Task, hashed
from recurra.tasks.multi_task import MultiTask
from recurra.tasks.neurogym_task import NeuroGymTask
from recurra.tasks.own import OwnTask
from recurra.tasks.trials import Trials, check_weights

TRIED = 64  # trials that are examined


def check_task(task: Task) -> None:
    """Raise an error, in a line that names what is wrong, if networks cannot be trained or tested on a task.

    It examines the shapes and dtypes of a trial's arrays, the periods and the probe; and whether a trial follows from
    its key alone, its numbers are finite, its condition is among the named ones, and something is scored; and the names
    of conditions, factors and stimuli. What else a task may say, such as its choices, fails in the analysis that asks
    for it. The tasks of recurra itself are tested and pass at once.
    """
    hashed(task)
    for one in task.tasks if isinstance(task, MultiTask) else ():
        check_task(one)
    if isinstance(task, OwnTask | NeuroGymTask) or not type(task).__module__.startswith("recurra.tasks."):
        _check(task)


@lru_cache(maxsize=64)
def _check(task: Task) -> None:
    for look in LOOKS:
        look(task)


def _check_shapes(task: Task) -> None:
    _ = task.steps  # an error if the arrays of a trial do not fit each other


def _check_trials(task: Task) -> None:
    name, trials = type(task).__name__, task.sample(jax.random.key(0, impl=GENERATOR), TRIED)
    _check_values(f"{name}.trial", trials)
    if not np.asarray(task.rule.judged(trials)).any():
        raise ValueError(
            f"{name} scores nothing: in none of {TRIED} trials is a step that the mask counts and the rule judges, "
            f"{task.rule.settle_ms:g} ms after each jump of the target. Count some steps, or lower rule.settle_ms."
        )


def _check_probe(task: Task) -> None:
    name, probe = type(task).__name__, task.probe()
    _check_values(f"{name}.probe", probe)
    numbers, expected = [int(number) for number in probe.condition], list(range(len(task.condition_names)))
    if sorted(numbers) != expected:
        raise ValueError(f"{name}.probe has the conditions {numbers[:20]}; expected each of {expected[:20]} once")
    if (probe.inputs.shape[-1], probe.targets.shape[-1]) != (task.inputs, task.outputs):
        raise ValueError(
            f"{name}.probe has {probe.inputs.shape[-1]} inputs and {probe.targets.shape[-1]} outputs; "
            f"its trials have {task.inputs} and {task.outputs}"
        )


def _check_names(task: Task) -> None:
    """Check the names that tables and figures print, which nobody wants to miss after a long training."""
    for hook in ("condition_titles", "factor_names", "stimulus_names"):
        said = f"{type(task).__name__}.{hook}"
        try:
            names = tuple(getattr(task, hook)())
        except Exception as error:
            _check_probe(task)  # from which titles may follow: then it is what fails
            raise ValueError(f"{said} fails: {type(error).__name__}: {error}") from error
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"{said} gives {names!r}; expected a tuple of texts")


def _check_values(what: str, trials: Trials) -> None:
    for array in ("inputs", "targets"):
        check_finite(f"{what}: {array}", np.asarray(getattr(trials, array)))
    if trials.mask.dtype != bool:
        check_weights(trials.mask)
    names, condition = trials.condition_names, np.asarray(trials.condition)
    if not names or len(set(names)) < len(names) or not all(isinstance(one, str) and one for one in names):
        raise ValueError(f"{what}: the conditions are named {names!r}; expected different names, at least one")
    outside = condition[(condition < -1) | (condition >= len(names))]
    if len(outside):
        raise ValueError(
            f"{what}: the condition is {int(outside[0])}; expected an index into the {len(names)} names "
            f"of the conditions, 0 to {len(names) - 1}, or -1 if none fits"
        )


def _check_periods(task: Task) -> None:
    name, steps, last = type(task).__name__, task.steps, 0.0
    for period in task.periods:
        start, end = (bound / task.dt_ms for bound in (period.start_ms, period.end_ms))
        if not last <= start + 1e-6 or not start < end <= steps + 1e-6:
            raise ValueError(
                f"{name}: the period {period.name!r} is from {period.start_ms:g} to {period.end_ms:g} ms; expected "
                f"periods one after the other within the trial, 0 to {steps * task.dt_ms:g} ms"
            )
        if abs(start - round(start)) > 1e-6 or abs(end - round(end)) > 1e-6:
            raise ValueError(
                f"{name}: the period {period.name!r} is from {period.start_ms:g} to {period.end_ms:g} ms, no whole "
                f"steps of dt_ms = {task.dt_ms:g}; recurra.periods.in_a_row makes periods of whole steps"
            )
        last = end - 1e-6


def _check_key(task: Task) -> None:
    """Check that a trial follows from its key and from nothing else."""
    name = type(task).__name__
    key = jax.random.key(0, impl=GENERATOR)
    with pinned():
        one, again = (jax.tree.map(np.asarray, task.trial(key)) for _ in range(2))
        used = _uses_key(task)
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(again), strict=True)
    if any(first.tobytes() != second.tobytes() for first, second in pairs):
        raise ValueError(
            f"{name}.trial gives different trials for the same key: something random or changing in it does not come "
            "from the key, such as np.random or a counter. Draw it with jax.random from the key; all trials "
            "would have the same"
        )
    if not used and not getattr(task, "deterministic", False):
        raise ValueError(
            f"{name}.trial ignores its key, so that all its trials are the same. Draw what is random with jax.random "
            "from the key, and not with np.random; where nothing is random, set deterministic=True"
        )


def _uses_key(task: Task) -> bool:
    """Whether an output of `trial` depends on the key, judged by the operations that JAX traced."""
    traced = jax.make_jaxpr(task.trial)(jax.random.key(0, impl=GENERATOR)).jaxpr
    needed = {id(one) for one in traced.outvars if not isinstance(one, Literal)}
    for equation in reversed(traced.eqns):
        if any(id(one) in needed for one in equation.outvars):
            needed |= {id(one) for one in equation.invars if not isinstance(one, Literal)}
    return any(id(one) in needed for one in traced.invars)


LOOKS: tuple[Callable[[Task], None], ...] = (
    _check_shapes,
    _check_periods,
    _check_key,
    _check_trials,
    _check_probe,
    _check_names,
)
"""The checks in their order; each raises one line. All after the first are independent of each other."""
