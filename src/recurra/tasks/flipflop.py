"""The n-bit flip-flop: a memory of n signs."""

import abc
import dataclasses
import itertools
import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

from recurra.arrays import AnyArray, Outputs, RandomKey
from recurra.checks import (
    check_at_least_zero,
    check_between,
    check_count,
    check_positive,
    check_range,
    steps_of,
)
from recurra.periods import Period
from recurra.tasks.base import Task, Trial, Trials, gather, steady_success
from recurra.tasks.pulses import Pulses, steady

Onsets = Int[Array, "pulse bit"]
Signs = Int[Array, "pulse bit"]


class PulseSchedule(abc.ABC):
    """When the pulses of a bit come, and with which sign."""

    @abc.abstractmethod
    def draw(self, key: RandomKey, task: "FlipFlop") -> tuple[Onsets, Signs]:
        """Random onsets (steps, ascending) and signs of the pulses of every bit, independent of each other."""

    @abc.abstractmethod
    def check(self, dt_ms: float) -> None:
        """Raise where the schedule cannot be drawn at this time step."""


@final
@dataclass(frozen=True)
class ScheduledPulses(PulseSchedule):
    """Up to three pulses a trial and bit, at jittered times.

    The first comes at t0, the second at t0 + 70 + v1, the third at t0 + 170 + v1 + v2, with each v uniform over
    `jitter_ms`. The first is absent with chance `absent`; every other sign is + or - with equal chance.

    Args:
        first_onset_ms: earliest and latest onset of the first pulse, ms.
        later_onsets_ms: nominal onsets of the further pulses after the first, ms.
        jitter_ms: least and greatest random extra time before each further pulse, ms.
        absent: chance that the first pulse is left out, 0 to 1.

    Source: Jarne (2024), section 3, and the programs published with it.
    """

    first_onset_ms: tuple[float, float] = (10.0, 99.0)
    later_onsets_ms: tuple[float, ...] = (70.0, 170.0)
    jitter_ms: tuple[float, float] = (1.0, 50.0)
    absent: float = 1 / 3

    def __post_init__(self) -> None:
        check_range("first_onset_ms", self.first_onset_ms, 0)
        check_range("jitter_ms", self.jitter_ms, 0)
        check_between("absent", self.absent, 0, 1)
        for gap in np.diff((0.0, *self.later_onsets_ms)):
            check_positive("the time between two pulses in later_onsets_ms", float(gap))

    def check(self, dt_ms: float) -> None:
        for gap in np.diff((0.0, *self.later_onsets_ms)):
            steps_of("the time between two pulses in later_onsets_ms", float(gap), dt_ms)

    def draw(self, key: RandomKey, task: "FlipFlop") -> tuple[Onsets, Signs]:
        when, how_much, which, whether = jax.random.split(key, 4)
        first = uniform_steps(when, (1, task.bits), self.first_onset_ms, task.dt_ms)
        jitter = uniform_steps(how_much, (len(self.later_onsets_ms), task.bits), self.jitter_ms, task.dt_ms)
        nominal = np.array([round(onset / task.dt_ms) for onset in self.later_onsets_ms], np.int32)
        later = first + nominal.reshape(-1, 1) + jnp.cumsum(jitter, axis=0, dtype=jnp.int32)
        onset = jnp.concatenate([first, later])
        present = jax.random.bernoulli(whether, 1 - self.absent, (1, task.bits)).astype(jnp.int32)
        return onset, random_signs(which, onset.shape).at[:1].multiply(present)


@final
@dataclass(frozen=True)
class PoissonPulses(PulseSchedule):
    r"""Pulses of either sign with equal chance, with the same chance $p$ at every step: geometric waiting times.

    With `pulse_ms` = `dt_ms` and `response_delay_ms` = 0 the target follows at once, one step after the onset.

    Args:
        rate_hz: mean number of pulses a second and bit; p = rate_hz * dt_ms / 1000, below 1.

    Source: Sussillo and Barak (2013), section 3.1.
    """

    rate_hz: float = 10.0

    def __post_init__(self) -> None:
        check_positive("rate_hz", self.rate_hz)

    def check(self, dt_ms: float) -> None:
        chance = self.rate_hz * dt_ms / 1000
        if chance >= 1:
            raise ValueError(f"rate_hz is {self.rate_hz:g}, {chance:g} pulses a step; expected fewer than one")

    def draw(self, key: RandomKey, task: "FlipFlop") -> tuple[Onsets, Signs]:
        when, which = jax.random.split(key)
        chance = self.rate_hz * task.dt_ms / 1000
        mean = chance * task.steps
        most = min(task.steps, math.ceil(mean + 6 * math.sqrt(mean) + 6))  # more come once in 1e8 trials
        uniform = jax.random.uniform(when, (most, task.bits), jnp.float32, minval=1e-7)
        wait = 1 + jnp.floor(jnp.log(uniform) / math.log1p(-chance)).astype(jnp.int32)
        wait = jnp.minimum(wait, task.steps)
        return jnp.cumsum(wait, axis=0, dtype=jnp.int32) - 1, random_signs(which, wait.shape)


@final
@dataclass(frozen=True)
class FlipFlop(Task):
    r"""Hold the sign of the last pulse on every bit.

    One input and one output a bit. A pulse of +1 sets its bit, one of -1 resets it. The target is 0 until the
    bit's first pulse; from `response_delay_ms` after the end of a pulse on it is the pulse's sign.

    The conditions are the $2^n$ memory states, named by their signs, bit 1 first; a trial's condition is the
    state that it ends in, -1 if a bit was never set.

    A trial is a success if every bit has the target's sign in at least `success_share` of the scored steps, and
    a root-mean-square error below `error_bound`. Scored is the time in which the target is not 0, without
    the first `settle_ms` after each of its steps.

    Args:
        bits: memory bits, one input and one output each, 1 to 12.
        length_ms: length of a trial, ms.
        pulse_ms: width of a pulse, ms.
        pulse_spread_ms: the width is uniform over pulse_ms -+ this, ms.
        amplitude: height of a pulse.
        amplitude_spread: the height is uniform over amplitude -+ this.
        response_delay_ms: from the end of a pulse to the target's step, ms.
        input_noise: standard deviation of the noise on every input and step; the targets are clean.
        pulses: when they come: `ScheduledPulses` (the papers') or `PoissonPulses`.
        settle_ms: time after a step of the target in which the output is not judged, ms.
        success_share: share of the scored steps with the right sign that a success needs, 0 to 1.
        error_bound: root-mean-square error that a success stays below.
        dt_ms: length of a time step, ms.

    Source: Sussillo and Barak (2013), doi:10.1162/NECO_a_00409; numbers from Jarne (2024), section 3, and the
    programs published with it.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013", "jarne2024")

    bits: int = 3
    length_ms: float = 350.0
    pulse_ms: float = 20.0
    pulse_spread_ms: float = 0.0
    amplitude: float = 1.0
    amplitude_spread: float = 0.0
    response_delay_ms: float = 20.0
    input_noise: float = 0.1
    pulses: PulseSchedule = field(default_factory=ScheduledPulses)
    settle_ms: float = 10.0
    success_share: float = 0.95
    error_bound: float = 0.3
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_count("bits", self.bits)
        check_between("bits", self.bits, 1, 12)
        check_positive("dt_ms", self.dt_ms)
        check_positive("amplitude", self.amplitude)
        check_between("amplitude_spread", self.amplitude_spread, 0, self.amplitude)
        check_at_least_zero("input_noise", self.input_noise)
        check_between("success_share", self.success_share, 0, 1)
        check_positive("error_bound", self.error_bound)
        steps_of("pulse_spread_ms", self.pulse_spread_ms, self.dt_ms, at_least=0)
        steps_of("shortest pulse, pulse_ms - pulse_spread_ms,", self._shortest_pulse_ms, self.dt_ms)
        steps_of("response_delay_ms", self.response_delay_ms, self.dt_ms, at_least=0)
        steps_of("settle_ms", self.settle_ms, self.dt_ms, at_least=0)
        if not isinstance(self.pulses, PulseSchedule):
            raise TypeError(f"pulses is {self.pulses!r}; expected ScheduledPulses(...) or PoissonPulses(...)")
        self.pulses.check(self.dt_ms)
        held_ms = self.length_ms - self._probe_onset_ms - self.pulse_ms - self.response_delay_ms - self.settle_ms
        if held_ms < self.dt_ms:
            raise ValueError(
                f"length_ms is {self.length_ms:g}; a pulse at {self._probe_onset_ms:g} ms, response_delay_ms and "
                f"settle_ms leave {held_ms:g} ms to judge the memory. "
                f"Expected at least {self.length_ms - held_ms + self.dt_ms:g} ms."
            )

    @property
    def _shortest_pulse_ms(self) -> float:
        return self.pulse_ms - self.pulse_spread_ms

    @property
    def _probe_onset_ms(self) -> float:
        return 10 * self.dt_ms

    @property
    def inputs(self) -> int:
        return self.bits

    @property
    def outputs(self) -> int:
        return self.bits

    @property
    def steps(self) -> int:
        return steps_of("length_ms", self.length_ms, self.dt_ms)

    @property
    def states(self) -> Int[np.ndarray, "state bit"]:
        """The memory states as signs, in the order of the conditions: the first is all -1, the last all +1."""
        return np.array(list(itertools.product((-1, 1), repeat=self.bits)), np.int32)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple("".join("+" if sign > 0 else "-" for sign in state) for state in self.states)

    @property
    def periods(self) -> tuple[Period, ...]:
        return (Period("trial", 0.0, self.length_ms),)

    def trial(self, key: RandomKey) -> Trial:
        schedule, width, height, noise = jax.random.split(key, 4)
        onset, sign = self.pulses.draw(schedule, self)
        longest_ms = self.pulse_ms + self.pulse_spread_ms
        spread = self.amplitude_spread * jax.random.uniform(height, onset.shape, jnp.float32, -1, 1)
        pulses = Pulses(
            onset=onset,
            sign=sign,
            width=uniform_steps(width, onset.shape, (self._shortest_pulse_ms, longest_ms), self.dt_ms),
            amplitude=self.amplitude + spread,
        )
        clean = self._render(pulses, self.steps)
        noisy = clean.inputs + self.input_noise * jax.random.normal(noise, clean.inputs.shape, jnp.float32)
        return dataclasses.replace(clean, inputs=noisy)

    def probe(self) -> Trials:
        """The 2^n memory states: each is set from rest by one pulse a bit, all at once, and held to the end."""
        return self.hold(self.length_ms)

    def hold(self, length_ms: float) -> Trials:
        """The probe with another length: do the memories outlast what the network was trained on?"""
        steps = steps_of("length_ms", length_ms, self.dt_ms)
        return self._noiseless(self.states[:, None], round(self._probe_onset_ms / self.dt_ms), 1, steps)

    def cube_walk(self, interval_ms: float = 70.0, visits: int = 2) -> Trials:
        """One long noiseless trial that visits all memory states: a pulse on every bit every `interval_ms`.

        The signs run through the reflected Gray code, so that one bit changes at a time.

        Args:
            interval_ms: from pulse to pulse, ms; the first comes after one interval.
            visits: how many times the sequence of states is gone through.

        Source: Jarne (2024), Figure 6.
        """
        check_count("visits", visits)
        interval = steps_of("interval_ms", interval_ms, self.dt_ms)
        gray = np.array([number ^ (number >> 1) for number in range(2**self.bits)])
        walk = np.tile(self.states[gray], (visits, 1))
        return self._noiseless(walk[None], interval, interval, (len(walk) + 1) * interval)

    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        settle = steps_of("settle_ms", self.settle_ms, self.dt_ms, at_least=0)
        return jnp.asarray(trials.mask) & (jnp.asarray(trials.targets) != 0) & steady(trials.targets, settle)

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        return jnp.sign(outputs) == jnp.sign(trials.targets)

    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        squared_error = (outputs - trials.targets) ** 2
        correct, scored = self.correct(outputs, trials), self.scored(trials)
        return steady_success(correct, scored, squared_error, self.success_share, self.error_bound)

    def memory_state(self, trials: Trials) -> Int[Array, "trial time"]:
        """The memory state that the targets ask for at every step, as a condition; -1 where a bit is not set."""
        return self._state_of(trials.targets)

    def _state_of(self, targets: AnyArray) -> Int[Array, "*batch"]:
        place = jnp.asarray(2 ** np.arange(self.bits - 1, -1, -1), jnp.int32)
        targets = jnp.asarray(targets)
        number = ((targets > 0).astype(jnp.int32) * place).sum(axis=-1)
        return jnp.where((targets != 0).all(axis=-1), number, -1)

    def _render(self, pulses: Pulses, steps: int) -> Trial:
        targets = pulses.held_sign(steps, round(self.response_delay_ms / self.dt_ms))
        return Trial(
            inputs=pulses.square(steps),
            targets=targets,
            mask=jnp.ones(targets.shape, bool),
            condition=self._state_of(targets[-1]),
        )

    def _noiseless(self, signs: Int[np.ndarray, "trial pulse bit"], first: int, interval: int, steps: int) -> Trials:
        """Trials of pulses with these signs on all bits at once, from step `first` on, every `interval` steps."""
        onset = first + interval * np.arange(signs.shape[1], dtype=np.int32)
        shape = signs.shape[1:]

        def one(sign: Signs) -> Trial:
            pulses = Pulses(
                onset=jnp.broadcast_to(onset[:, None], shape),
                sign=sign,
                width=jnp.full(shape, round(self.pulse_ms / self.dt_ms), jnp.int32),
                amplitude=jnp.full(shape, self.amplitude, jnp.float32),
            )
            return self._render(pulses, steps)

        return gather(self, jax.jit(jax.vmap(one))(jnp.asarray(signs)))


def uniform_steps(
    key: RandomKey, shape: tuple[int, ...], span_ms: tuple[float, float], dt_ms: float
) -> Int[Array, "..."]:
    """Whole numbers of steps, uniform over `span_ms`, both ends included."""
    low, high = (round(bound / dt_ms) for bound in span_ms)
    return jax.random.randint(key, shape, low, high + 1, jnp.int32)


def random_signs(key: RandomKey, shape: tuple[int, ...]) -> Int[Array, "..."]:
    """+1 or -1 with equal chance."""
    return 2 * jax.random.bernoulli(key, 0.5, shape).astype(jnp.int32) - 1
