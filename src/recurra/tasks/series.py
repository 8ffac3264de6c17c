"""Series in time: a network receives one and gives what follows from it, step by step."""

import abc
import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import RandomKey
from recurra.checks import check_at_least_zero, check_count, check_number, check_real, steps_of
from recurra.numerics import GENERATOR
from recurra.periods import Period, in_a_row
from recurra.tasks.base import Task, gather
from recurra.tasks.patterns import MOST_COMPUTED, STEP_RANGE, check_lorenz, lorenz_system, own_values
from recurra.tasks.rules import NormalizedErrorRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

MOMENTS = 20_000  # steps of a system of equations from which trials are cut, or twice a trial if that is more
SHOWN_ROWS = 8  # of a series, most that its text has
SETTLED = 1_000  # units of time before the first of them


class SeriesTask(Task, abc.ABC):
    """Trials of one condition; no step of the first `settle_ms` counts, in which a network forgets its start."""

    unit_tau_ms: ClassVar[float | None] = 1.0
    length_ms: float
    settle_ms: float

    @abc.abstractmethod
    def draw(self, key: RandomKey) -> tuple[Float[Array, "time input"], Float[Array, "time output"]]:
        """Inputs and targets of one trial."""

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("series",)

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, series=self.length_ms)

    def trial(self, key: RandomKey) -> Trial:
        inputs, targets = self.draw(key)
        counts = jnp.arange(targets.shape[0], dtype=jnp.int32) >= self.in_steps(self.settle_ms)
        mask = jnp.broadcast_to(counts[:, None], targets.shape)
        return Trial(inputs, targets, mask, jnp.zeros((), jnp.int32))

    def probe(self) -> Trials:
        one = self.trial(jax.random.key(0, impl=GENERATOR))
        return gather(self, jax.tree.map(lambda array: array[None], one))

    def check_lengths(self) -> None:
        """Raise an error if a trial is shorter than a step, or ends before anything counts."""
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        check_at_least_zero("settle_ms", self.settle_ms)
        if steps_of("settle_ms", self.settle_ms, self.dt_ms, at_least=0) >= steps:
            raise ValueError(
                f"settle_ms is {self.settle_ms:g} and length_ms {self.length_ms:g}: the series is too short for "
                "anything to count; lower settle_ms, or take longer trials"
            )


class Forecast(SeriesTask, abc.ABC):
    """Give the values of a series some steps ahead; trials are pieces of it, from random places."""

    horizon: int

    @abc.abstractmethod
    def series(self) -> tuple[Float[np.ndarray, "moment input"], Float[np.ndarray, "moment output"]]:
        """What is received at every moment, and what the target is made of."""

    def draw(self, key: RandomKey) -> tuple[Float[Array, "time input"], Float[Array, "time output"]]:
        received, wanted = (jnp.asarray(array, jnp.float32) for array in self.series())
        steps = self.in_steps(self.length_ms)
        first = jax.random.randint(key, (), 0, len(received) - steps - self.horizon + 1, jnp.int32)
        cut = jax.lax.dynamic_slice_in_dim
        return cut(received, first, steps), cut(wanted, first + self.horizon, steps)

    @property
    def moments(self) -> int:
        """How many steps the series has; of a system of equations so many are computed."""
        return max(MOMENTS, 2 * (self.in_steps(self.length_ms) + self.horizon))

    def check_forecast(self) -> None:
        """Raise an error if the series is shorter than a trial and the horizon, or too long to be computed."""
        self.check_lengths()
        check_count("horizon", self.horizon, at_least=0)
        object.__setattr__(self, "horizon", int(self.horizon))
        needed = self.in_steps(self.length_ms) + self.horizon
        if self.moments < needed:
            raise ValueError(
                f"the series has {self.moments:,} steps; a trial of {self.length_ms:g} ms and a horizon of "
                f"{self.horizon} need {needed:,}. Lower length_ms or horizon"
            )
        if self.moments > MOST_COMPUTED:
            raise ValueError(
                f"a trial of {self.length_ms:g} ms and a horizon of {self.horizon} need a series of {self.moments:,} "
                f"steps; expected at most {MOST_COMPUTED:,}. Lower length_ms or horizon"
            )


@final
@dataclass(frozen=True)
class Narma(SeriesTask):
    r"""Give the output of a nonlinear system with a memory of n steps that receives noise.

    $y_{t+1} = 0.3\, y_t + 0.05\, y_t \sum_{i=0}^{n-1} y_{t-i} + 1.5\, u_{t-n+1} u_t + 0.1$ from zeros; the input u is
    independent and uniform in [0, 0.5], the target at a step is what follows from its input, $y_{t+1}$. By chance the
    system may run away; values are kept at most 1, which for n = 10 is reached in 3.4 % of trials of 2,000 steps.
    Without this bound 0.9 % of them would run away (benchmarks/narma.py).

    Args:
        order: n.
        length_ms: length of a trial, ms.
        settle_ms: time at its beginning that does not count, ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Atiya and Parlos (2000); Jaeger (2002).
    """

    sources: ClassVar[tuple[str, ...]] = ("atiya2000",)

    order: int = 10
    length_ms: float = 2_000.0
    settle_ms: float = 100.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_count("order", self.order, at_most=30)
        self.check_lengths()

    def draw(self, key: RandomKey) -> tuple[Float[Array, "time input"], Float[Array, "time output"]]:
        noise = jax.random.uniform(key, (self.in_steps(self.length_ms),), jnp.float32, 0, 0.5)

        def step(past: Any, now: Array) -> tuple[Any, Array]:
            values, inputs = past
            inputs = jnp.append(inputs[1:], now)
            new = 0.3 * values[-1] + 0.05 * values[-1] * values.sum() + 1.5 * inputs[0] * now + 0.1
            new = jnp.minimum(new, 1.0)
            return (jnp.append(values[1:], new), inputs), new

        nothing = jnp.zeros(self.order, jnp.float32)
        return noise[:, None], jax.lax.scan(step, (nothing, nothing), noise)[1][:, None]


@final
@dataclass(frozen=True)
class MackeyGlass(Forecast):
    r"""Give the Mackey–Glass series some steps ahead.

    $\dot x = 0.2\, x_{t - \tau} / (1 + x_{t - \tau}^{10}) - 0.1\, x$; input and target are x - 1. With τ = 17 it is
    mildly chaotic, with 30 more so.

    Args:
        delay: τ, in units of the system's time.
        horizon: by how many steps the target is ahead.
        length_ms: length of a trial, ms; a step is a unit of the system's time.
        settle_ms: time at its beginning that does not count, ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Mackey and Glass (1977); Jaeger and Haas (2004).
    """

    sources: ClassVar[tuple[str, ...]] = ("mackey1977",)

    delay: int = 17
    horizon: int = 10
    length_ms: float = 2_000.0
    settle_ms: float = 100.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_count("delay", self.delay, at_most=1_000)
        self.check_forecast()

    def series(self) -> tuple[Float[np.ndarray, "moment input"], Float[np.ndarray, "moment output"]]:
        values = _mackey_glass(int(self.delay), self.moments)[:, None] - 1
        return values, values


@final
@dataclass(frozen=True)
class Lorenz(Forecast):
    r"""Give the three variables of the Lorenz system some steps ahead.

    $\dot x = 10\,(y - x)$, $\dot y = x\,(28 - z) - y$, $\dot z = x y - \frac83 z$; inputs and targets are x / 15,
    y / 15 and (z - 25) / 15.

    Args:
        step: a time step in units of the system's time, 1e-6 to 0.1; it turns round its wings about once in 0.7 units.
        horizon: by how many steps the targets are ahead.
        length_ms: length of a trial, ms.
        settle_ms: time at its beginning that does not count, ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Lorenz (1963).
    """

    sources: ClassVar[tuple[str, ...]] = ("lorenz1963",)

    step: float = 0.02
    horizon: int = 5
    length_ms: float = 2_000.0
    settle_ms: float = 100.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        if not STEP_RANGE[0] <= check_number("step", self.step) <= 0.1:
            raise ValueError(
                f"step is {self.step:g}; expected {STEP_RANGE[0]:g} to 0.1 units of time, which is a seventh of a turn"
            )
        self.check_forecast()
        check_lorenz(self.moments * self.step, "Lower length_ms, horizon or step")

    def series(self) -> tuple[Float[np.ndarray, "moment input"], Float[np.ndarray, "moment output"]]:
        values = (lorenz_system(self.moments, self.step) - [0, 0, 25]) / 15
        return values, values


@final
@dataclass(frozen=True)
class Series(Forecast):
    """Give a series of your own some steps ahead, or another one that belongs to it.

    Args:
        values: the inputs: an array of real numbers (time, input), or (time,) for one, within the range of float32;
            `rc.read_series` reads a file. In a spec a list of rows.
        wanted: the series of which the targets are made, as long; if none, the values.
        horizon: by how many steps the targets are ahead; 0 for those of the same step.
        length_ms: length of a trial, ms; trials are pieces from random places.
        settle_ms: time at the beginning of a trial that does not count, ms.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> rc.Series(np.sin(np.arange(500) / 9), length_ms=300.0, settle_ms=50.0).steps
        300
    """

    values: tuple[tuple[float, ...], ...]
    wanted: tuple[tuple[float, ...], ...] = ()
    horizon: int = 1
    length_ms: float = 1_000.0
    settle_ms: float = 100.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", rows_of("values", self.values))
        given = check_real("wanted", self.wanted, "time, channel").size
        object.__setattr__(self, "wanted", rows_of("wanted", self.wanted) if given else ())
        if given and len(self.wanted) != len(self.values):
            raise ValueError(f"wanted has {len(self.wanted):,} steps and values {len(self.values):,}; give as many")
        self.check_forecast()

    @property
    def moments(self) -> int:
        """How many steps the series has."""
        return len(self.values)

    def series(self) -> tuple[Float[np.ndarray, "moment input"], Float[np.ndarray, "moment output"]]:
        return np.asarray(self.values), np.asarray(self.wanted or self.values)


def rows_of(name: str, given: Any) -> tuple[tuple[float, ...], ...]:
    """An array of one row a step, as a tuple that has a hash."""
    array = own_values(name, given, "time, channel")
    return Rows(zip(*array.T.tolist(), strict=True))


class Rows(tuple[tuple[float, ...], ...]):
    """Rows of numbers; since a series may be long, its hash is computed once, and it is shown by its length."""

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return super().__repr__() if len(self) <= SHOWN_ROWS else f"({len(self):,} rows of {len(self[0])})"


@lru_cache(maxsize=8)
def _mackey_glass(delay: int, moments: int, parts: int = 10) -> Float[np.ndarray, "moment"]:
    """The series at every unit of time, by the method of Runge and Kutta with `parts` steps a unit from a constant."""
    lag, step, total = delay * parts, 1 / parts, (SETTLED + moments) * parts
    x = np.full(lag + total + 1, 1.2)

    def fed(value: float) -> float:
        return 0.2 * value / (1 + value**10)

    decay = math.exp(-0.1 * step)
    for at in range(lag, lag + total):
        old, new = fed(x[at - lag]), fed(x[at - lag + 1])
        middle = fed((x[at - lag] + x[at - lag + 1]) / 2)
        # the equation is linear in x(t): its exponential, and Simpson's rule for what it is fed
        gain = step / 6 * (decay * old + 4 * math.sqrt(decay) * middle + new)
        x[at + 1] = decay * x[at] + gain
    return x[lag + SETTLED * parts :: parts][:moments]


SERIES: dict[str, type[Task]] = {"narma": Narma, "mackey_glass": MackeyGlass, "lorenz": Lorenz, "series": Series}
"""Series that a network receives and continues."""
