"""Functions of time that a network generates by itself: sums of sines, a chirp, the Lorenz system, your own array."""

import abc
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp

from recurra.arrays import RandomKey
from recurra.checks import (
    check_array,
    check_at_least_zero,
    check_count,
    check_finite,
    check_float32,
    check_memory,
    check_positive,
    check_range,
    check_real,
    steps_of,
)
from recurra.periods import Period, in_a_row
from recurra.tasks.base import Task, gather
from recurra.tasks.rules import NormalizedErrorRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

MOST_VALUES = 100_000  # of an array of one's own, which a spec holds
MOST_COMPUTED = 10_000_000  # steps of a system of equations
MOST_UNITS = 20_000  # of the Lorenz system's time; they take some two minutes
STEP_RANGE = (1e-6, 10.0)  # of the Lorenz system, in units of its time


class PatternTask(Task, abc.ABC):
    """Generate a function of time; every trial is the same, and there is one condition.

    The only input is a pulse of height 1 at the beginning, which tells a network without a state of its own when to
    start; without noise. All steps count.
    """

    unit_tau_ms: ClassVar[float | None] = 10.0
    deterministic: ClassVar[bool] = True
    cue_ms: float

    @abc.abstractmethod
    def pattern(self) -> Float[np.ndarray, "time output"]:
        """The targets of a trial."""

    @property
    def condition_names(self) -> tuple[str, ...]:
        return ("pattern",)

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, pattern=len(self.pattern()) * self.dt_ms)

    def trial(self, key: RandomKey) -> Trial:
        del key
        return self._trial()

    def _trial(self) -> Trial:
        targets = self.pattern().astype(np.float32)
        cue = (np.arange(len(targets)) < self.in_steps(self.cue_ms))[:, None].astype(np.float32)
        return Trial(jnp.asarray(cue), jnp.asarray(targets), jnp.ones(targets.shape, bool), jnp.zeros((), jnp.int32))

    def probe(self) -> Trials:
        return gather(self, jax.tree.map(lambda array: array[None], self._trial()))

    def check_pattern(self, name: str = "the pattern") -> None:
        """Raise an error if the cue is as long as the trial, or a target is beyond the range of float32."""
        targets = self.pattern()
        check_float32(name, targets)
        check_at_least_zero("cue_ms", self.cue_ms)
        if steps_of("cue_ms", self.cue_ms, self.dt_ms, at_least=0) >= len(targets):
            raise ValueError(f"cue_ms is {self.cue_ms:g}; expected less than the trial's length")

    def _time_ms(self, length_ms: float) -> Float[np.ndarray, "time"]:
        return np.arange(self.in_steps(length_ms)) * self.dt_ms


@final
@dataclass(frozen=True)
class SumOfSines(PatternTask):
    r"""Generate a sum of sines.

    The output is $\sum_j a_j \sin(2 \pi t / T_j)$, by default the pattern of Sussillo and Abbott: $\frac{1.3}{1.5}$
    times sines with the periods 1,200, 600, 400 and 300 ms and the weights 1, 1/2, 1/6, 1/3, which is 120 time
    constants of 10 ms long; a trial has twelve of them.

    Args:
        length_ms: length of a trial, ms. Where training continues from trial to trial it should be a multiple of the
            pattern's period.
        periods_ms: $T_j$, ms.
        amplitudes: $a_j$, as many.
        cue_ms: width of the pulse at the beginning, ms; 0 for none.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Sussillo and Abbott (2009), Figure 2D.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2009",)

    length_ms: float = 14_400.0
    periods_ms: tuple[float, ...] = (1_200.0, 600.0, 400.0, 300.0)
    amplitudes: tuple[float, ...] = (1.3 / 1.5, 1.3 / 3, 1.3 / 9, 1.3 / 4.5)
    cue_ms: float = 0.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        for name in ("periods_ms", "amplitudes"):
            given = check_array(name, getattr(self, name), sine=None)
            if not isinstance(getattr(self, name), tuple):
                object.__setattr__(self, name, tuple(given.tolist()))
        if len(self.periods_ms) != len(self.amplitudes):
            raise ValueError(
                f"periods_ms has {len(self.periods_ms)} values, amplitudes {len(self.amplitudes)}; expected as many"
            )
        check_float32("amplitudes", np.asarray(self.amplitudes))
        for period in self.periods_ms:
            check_positive("periods_ms", period)
            if period < 4 * self.dt_ms:
                raise ValueError(f"a period of {period:g} ms has fewer than four steps of dt_ms = {self.dt_ms:g}")
        check_room(self.length_ms, self.dt_ms, columns=len(self.periods_ms))
        self.check_pattern("the sum of sines with these amplitudes")

    def pattern(self) -> Float[np.ndarray, "time output"]:
        phase = 2 * math.pi * self._time_ms(self.length_ms)[:, None] / np.asarray(self.periods_ms)
        return (np.sin(phase) @ np.asarray(self.amplitudes))[:, None]


@final
@dataclass(frozen=True)
class Chirp(PatternTask):
    r"""Generate an oscillation whose frequency rises from $f_0$ to $f_1$ and falls back again.

    $\sin \varphi(t)$ with the frequency $\varphi'(t) / 2 \pi = f_0 + (f_1 - f_0)\,(1 - |1 - 2 t / L|)$ over the length
    L of a trial.

    Args:
        length_ms: L, ms.
        frequency_hz: $f_0$ and $f_1$, Hz.
        cue_ms: width of the pulse at the beginning, ms; 0 for none.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: DePasquale et al. (2018), their oscillation.
    """

    sources: ClassVar[tuple[str, ...]] = ("depasquale2018",)

    length_ms: float = 2_000.0
    frequency_hz: tuple[float, float] = (1.0, 3.0)
    cue_ms: float = 50.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_range("frequency_hz", self.frequency_hz, 0)
        if self.frequency_hz[1] * self.dt_ms >= 250:
            raise ValueError(
                f"frequency_hz is {tuple(self.frequency_hz)}; a step of dt_ms = {self.dt_ms:g} is over a quarter of a "
                "cycle. Lower dt_ms."
            )
        check_room(self.length_ms, self.dt_ms)
        self.check_pattern()

    def pattern(self) -> Float[np.ndarray, "time output"]:
        time_s, length_s = self._time_ms(self.length_ms) / 1_000, self.length_ms / 1_000
        low, high = self.frequency_hz
        first, second = np.minimum(time_s, length_s / 2), np.maximum(time_s - length_s / 2, 0)
        slope = (high - low) / (length_s / 2)
        cycles = low * first + slope * first**2 / 2 + high * second - slope * second**2 / 2
        return np.sin(2 * math.pi * cycles)[:, None]


@final
@dataclass(frozen=True)
class LorenzPattern(PatternTask):
    r"""Generate the first variable of the Lorenz system, scaled to the range of a network.

    $\dot x = 10\,(y - x)$, $\dot y = x\,(28 - z) - y$, $\dot z = x y - \frac83 z$ from (1, 1, 1), after 20 units of its
    time; the target is x / 15. Being chaotic, it cannot be followed for long without input.

    Args:
        length_ms: length of a trial, ms.
        unit_ms: a unit of the system's time, ms; it turns round its wings about once in 0.7 units. A time step is 1e-6
            to 10 units, and a trial at most 20,000.
        cue_ms: width of the pulse at the beginning, ms; 0 for none.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Lorenz (1963); Sussillo and Abbott (2009), Figure 2H.
    """

    sources: ClassVar[tuple[str, ...]] = ("lorenz1963", "sussillo2009")

    length_ms: float = 5_000.0
    unit_ms: float = 500.0
    cue_ms: float = 0.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_positive("unit_ms", self.unit_ms)
        steps, step = steps_of("length_ms", self.length_ms, self.dt_ms), self.dt_ms / self.unit_ms
        if not STEP_RANGE[0] <= step <= STEP_RANGE[1]:
            raise ValueError(
                f"unit_ms is {self.unit_ms:g}, so that a step of dt_ms = {self.dt_ms:g} is {step:g} units of the "
                f"system's time; expected {STEP_RANGE[0]:g} to {STEP_RANGE[1]:g}"
            )
        check_count("the number of steps of a trial", steps, at_most=MOST_COMPUTED)
        check_lorenz(steps * step, "Lower length_ms or raise unit_ms")
        self.check_pattern()

    def pattern(self) -> Float[np.ndarray, "time output"]:
        return lorenz_system(self.in_steps(self.length_ms), self.dt_ms / self.unit_ms)[:, :1] / 15


@final
@dataclass(frozen=True)
class OwnPattern(PatternTask):
    """Generate an array of your own, one row a time step and one column an output.

    Args:
        values: the targets: an array of real numbers (time, output), or (time,) for one output, within the range of
            float32; in a spec a list of rows.
        cue_ms: width of the pulse at the beginning, ms; 0 for none.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> rc.OwnPattern(np.sin(np.arange(200) / 20)).steps
        200
    """

    values: tuple[tuple[float, ...], ...]
    cue_ms: float = 0.0
    rule: SuccessRule = field(default_factory=NormalizedErrorRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        array = own_values("values", self.values, "time, output")
        object.__setattr__(self, "values", tuple(map(tuple, array.tolist())))
        self.check_pattern()

    def pattern(self) -> Float[np.ndarray, "time output"]:
        return np.asarray(self.values)


def own_values(name: str, given: object, axes: str) -> Float[np.ndarray, "time channel"]:
    """An array of the user as one row a step; an error if it holds other numbers than finite ones of float32."""
    array = check_real(name, given, axes)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} has the shape {array.shape}; expected ({axes}), at least one of each")
    check_count(f"the number of {name}", array.size, at_most=MOST_VALUES)
    check_finite(name, array)
    check_float32(name, array)
    return array.astype(np.float64)


def check_room(length_ms: float, dt_ms: float, columns: int = 1) -> None:
    """Raise an error if a pattern of this length, computed from so many columns, does not fit into memory."""
    steps = steps_of("length_ms", length_ms, dt_ms)
    what = f"a pattern of length_ms = {length_ms:g}, {steps:,} steps of dt_ms = {dt_ms:g},"
    check_memory(what, 8.0 * steps * (3 * columns + 8), "length_ms or raise dt_ms")


def check_lorenz(units: float, advice: str) -> None:
    """Raise an error if so many units of the Lorenz system's time would take too long."""
    if units > MOST_UNITS:
        raise ValueError(
            f"the Lorenz system would be computed for {units:,.0f} units of its time; expected at most {MOST_UNITS:,}. "
            f"{advice}"
        )


@lru_cache(maxsize=8)
def lorenz_system(steps: int, step: float) -> Float[np.ndarray, "time 3"]:
    """The three variables at so many times, after 20 units of time."""

    def change(_: float, at: Float[np.ndarray, "3"]) -> list[float]:
        x, y, z = at
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    times = 20 + np.arange(steps) * step
    solved = solve_ivp(change, (0, times[-1] + step), (1.0, 1.0, 1.0), t_eval=times, rtol=1e-9, atol=1e-9)
    return solved.y.T
