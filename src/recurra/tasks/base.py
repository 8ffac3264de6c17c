"""A task: trials, their conditions and periods, a probe, and the rule by which a trial is a success."""

import abc
import dataclasses
import math
from collections.abc import Callable, Iterator
from functools import lru_cache, partial, wraps
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from recurra.arrays import Outputs, RandomKey
from recurra.checks import check_count, check_memory, check_positive
from recurra.numerics import GENERATOR, pinned
from recurra.periods import Period
from recurra.streams import as_key, seed_or_key
from recurra.tasks.choices import Choices
from recurra.tasks.rules import SuccessRule
from recurra.tasks.trials import Trial, Trials, check_trial, check_weights
from recurra.wording import number_of

PIECE = 2_048  # trials drawn and scored at once
WORKING = 12.0  # bytes of an entry of a trial while it is drawn: three copies in float32
ALWAYS_FREE = 2**26  # bytes for which nobody asks the system


class Task(abc.ABC):
    """A task is a frozen dataclass whose fields are its parameters, `dt_ms` and `rule` among them, and these methods.

    `trial` draws one trial from a key, and `sample` many; both take a seed, a whole number, in place of the key.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    sources: ClassVar[tuple[str, ...]] = ()
    published_loss: ClassVar[tuple[float, str] | None] = None
    """The loss at which a publication of the task stops training, and which one; None where there is none."""
    unit_tau_ms: ClassVar[float | None] = None
    """Time constant of the rate units of a model that names none, ms; None for the time step."""
    conditions_are_levels: ClassVar[bool] = False
    """Whether the conditions are the levels at which the output is held; then texts speak of levels."""
    known: ClassVar[bool] = True
    """Whether anybody has said what the networks do; if not, analyses that need the task do not apply."""
    dt_ms: float
    rule: SuccessRule

    def __init_subclass__(cls) -> None:
        """The probe of every task, your own too, is made with pinned settings, as its trials are; a seed is a key."""
        super().__init_subclass__()
        if "trial" in cls.__dict__:
            cls.trial = seed_or_key(cls.trial)
        if "probe" in cls.__dict__:
            cls.probe = pinned()(cls.probe)
        if "__post_init__" in cls.__dict__:
            cls.__post_init__ = _rule_and_step_first(cls.__post_init__)  # type: ignore[attr-defined]

    @abc.abstractmethod
    def trial(self, key: RandomKey) -> Trial:
        """One random trial; all trials have one shape."""

    @abc.abstractmethod
    def probe(self) -> Trials:
        """A deterministic, noiseless set of trials with every condition once."""

    @property
    @abc.abstractmethod
    def condition_names(self) -> tuple[str, ...]:
        """The names of the conditions; the `condition` of a trial is an index into them, or -1 if none fits."""

    @property
    @abc.abstractmethod
    def periods(self) -> tuple[Period, ...]:
        """The named periods that all trials share."""

    @property
    def title(self) -> str:
        """Name of the task in texts, such as "task xor"; a task of your own is called by its class."""
        from recurra.tasks import FAMILIES, PATTERNS, SERIES, TASKS  # noqa: PLC0415 - they are made of this class

        names = {kind: name for name, kind in {**TASKS, **PATTERNS, **SERIES, **FAMILIES}.items()}
        return f"task {names.get(type(self), type(self).__name__)}"

    def condition_titles(self) -> tuple[str, ...]:
        """The conditions of the probe, in its order, as they are printed: by their names if a task does not say."""
        return tuple(self.condition_names[at] for at in np.asarray(self.probe().condition))

    def factors(self) -> Int[np.ndarray, "condition factor"]:
        """The level of every factor in every condition of the probe; by default the condition is the only factor."""
        return np.arange(len(self.probe()))[:, None]

    def factor_names(self) -> tuple[str, ...]:
        """The names of the factors."""
        return ("condition",)

    def stimuli(self) -> Float[np.ndarray, "stimulus time input"]:
        """The noiseless stimuli after which a network is analysed; by default the inputs of the probe."""
        return np.asarray(self.probe().inputs)

    def stimulus_names(self) -> tuple[str, ...]:
        """The names of the stimuli; by default the names of the conditions."""
        return tuple(self.condition_names[at] for at in np.asarray(self.probe().condition))

    def choices(self) -> Choices | None:
        """How answers are read as choices by signed evidence, for psychometric curves; None for a task without."""
        return None

    @property
    def inputs(self) -> int:
        """Number of input channels."""
        return shapes_of(self).inputs.shape[-1]

    @property
    def outputs(self) -> int:
        """Number of output channels."""
        return shapes_of(self).targets.shape[-1]

    @property
    def steps(self) -> int:
        """Time steps of a trial."""
        return shapes_of(self).inputs.shape[0]

    def in_steps(self, *durations_ms: float) -> int:
        """The boundaries of successive durations in steps, each rounded to the nearest step."""
        return sum(round(duration_ms / self.dt_ms) for duration_ms in durations_ms)

    def sample(self, key: RandomKey | int, trials: int) -> Trials:
        """`trials` random trials, drawn from `key`; the same key gives the same trials: `task.sample(0, trials=10)`.

        Args:
            key: a seed, a whole number from 0 on; or a JAX random key, as `jax.random.key(seed)` makes it.
            trials: how many, at least 1.
        """
        check_count("trials", trials)
        key = as_key(key)
        needed = WORKING * trials * sum(one.size for one in jax.tree.leaves(shapes_of(self)))
        if needed > ALWAYS_FREE:
            what = f"{number_of(trials, 'trial')} of {self.steps:,} steps"
            check_memory(what, needed, "the number of trials or their length")
        with pinned():
            drawn = _sample(self, key, trials)
        if drawn.mask.dtype != bool:
            check_weights(drawn.mask)
        return drawn

    def test_trials(self, trials: int) -> int:
        """How many trials tell as much as so many: one if nothing is random in them, `deterministic` in a task."""
        return 1 if getattr(self, "deterministic", False) else trials

    def sample_batch(self, key: RandomKey, trials: int) -> Trials:
        """The fresh trials of a training step: those of `sample`, unless the task chooses them otherwise."""
        return self.sample(key, trials)

    def of_keys(self, keys: Key[Array, "trial"]) -> Trial:
        """The trials that `trial` makes of the keys, in arrays with a leading `trial` axis; JAX traces it."""
        return jax.vmap(self.trial)(keys)

    def sample_pieces(self, key: RandomKey | int, trials: int) -> Iterator[Trials]:
        """The trials of `sample`, at most PIECE at a time, so that any number of them fits into memory."""
        check_count("trials", trials)
        if trials <= PIECE:
            yield self.sample(key, trials)
            return
        key = as_key(key)
        with pinned():
            keys = jax.random.split(key, trials)
        for first in range(0, trials, PIECE):
            with pinned():
                drawn = _sample_keys(self, keys[first : first + PIECE])
            if drawn.mask.dtype != bool:
                check_weights(drawn.mask)
            yield drawn

    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output is judged: not in the time given to settle after a change."""
        return self.rule.scored(trials)

    @partial(jax.jit, static_argnames="self")
    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output gives the right answer."""
        return self.rule.correct(outputs, trials)

    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        """Which trials count as a success; a trial in which nothing is judged does not."""
        return self.rule.success(outputs, trials)

    @partial(jax.jit, static_argnames="self")
    def success_share(self, outputs: Outputs, trials: Trials) -> Float[Array, ""]:
        """The share of successes among the trials in which something is judged; NaN if there is none."""
        good, judged = self.success(outputs, trials), self.rule.judged(trials)
        return good.sum().astype(jnp.float32) / judged.sum().astype(jnp.float32)


def _rule_and_step_first(post_init: Callable[[Any], None]) -> Callable[[Any], None]:
    """The check of a task's fields, starting with its rule and its time step, on which the other checks depend."""

    @wraps(post_init)
    def checked(task: Task) -> None:
        fields = task.__dataclass_fields__
        if fields["rule"].init and not isinstance(task.rule, SuccessRule):
            raise TypeError(f"rule is {task.rule!r}; expected a rule of success such as NearRule() or SignRule()")
        if "dt_ms" in fields and fields["dt_ms"].init:
            check_positive("dt_ms", task.dt_ms)
        post_init(task)

    return checked


def hashed(task: Task) -> Task:
    """The task itself; an error if it has no hash, which identifies its traced trials."""
    try:
        hash(task)
    except TypeError as error:
        raise TypeError(
            f"{type(task).__name__} has no hash ({error}); expected a frozen dataclass whose fields are numbers, texts "
            "and tuples, not lists, dictionaries or arrays"
        ) from None
    return task


def shapes_of(task: Task) -> Trial:
    """Shapes and dtypes of the arrays of a trial, which must fit each other."""
    return _shapes(hashed(task))


@lru_cache(maxsize=64)
def _shapes(task: Task) -> Trial:
    with pinned():
        try:
            shapes = jax.eval_shape(task.trial, jax.random.key(0, impl=GENERATOR))
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as error:
            raise ValueError(
                f"{type(task).__name__}.trial cannot be traced by JAX ({type(error).__name__}): it decides, counts "
                "or calls NumPy with a value that depends on the key. Use jnp.where or jax.lax.cond for `if`, and "
                "jax.numpy"
            ) from None
    check_trial(f"{type(task).__name__}.trial", shapes)
    return shapes


@partial(jax.jit, static_argnames=("task", "trials"))
def _sample(task: Task, key: RandomKey, trials: int) -> Trials:
    return _sample_keys(task, jax.random.split(key, trials))


@partial(jax.jit, static_argnames="task")
def _sample_keys(task: Task, keys: Key[Array, "trial"]) -> Trials:
    return gather(task, task.of_keys(keys))


def uniform_and_normal(
    key: RandomKey, uniform: int, normal: int, columns: int
) -> tuple[Float[Array, "uniform column"], Float[Array, "normal column"]]:
    """Rows of uniform numbers in [0, 1) and of standard normal numbers, float32.

    Both come from one draw, the normal ones through the inverse of their distribution: each further draw would add
    half a second of compilation for every number of trials.
    """
    lowest = float(np.nextafter(np.float32(-1), np.float32(0)))
    drawn = jax.random.uniform(key, (uniform + normal, columns), jnp.float32, lowest, 1)
    return (drawn[:uniform] + 1) / 2, math.sqrt(2) * jax.lax.erf_inv(drawn[uniform:])


def step_noise(input_noise: float, dt_ms: float) -> float:
    r"""Standard deviation of the noise per input and step: $\sigma / \sqrt{\Delta t}$ with σ = `input_noise`, √ms.

    The contribution of the noise to a mean over time therefore does not depend on the time step.
    """
    return input_noise / math.sqrt(dt_ms)


def with_noise(clean: Trial, input_noise: float, dt_ms: float, normal: Float[Array, "time input"]) -> Trial:
    """The trial with noise on its inputs, made from standard normal numbers."""
    return dataclasses.replace(clean, inputs=clean.inputs + step_noise(input_noise, dt_ms) * normal)


def gather(task: Task, drawn: Trial) -> Trials:
    """Trials from a `Trial` whose arrays have a leading `trial` axis."""
    return Trials(
        inputs=drawn.inputs,
        targets=drawn.targets,
        mask=drawn.mask,
        condition=drawn.condition,
        condition_names=task.condition_names,
        periods=task.periods,
        dt_ms=task.dt_ms,
    )
