"""The n-bit flip-flop: a memory of n signs."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray, RandomKey
from recurra.checks import (
    check_at_least_zero,
    check_between,
    check_count,
    check_finite_number,
    check_positive,
    steps_of,
)
from recurra.periods import Period, in_a_row
from recurra.tasks.base import Task, gather, uniform_and_normal, with_noise
from recurra.tasks.pulse_schedules import PulseSchedule, ScheduledPulses, Signs, whole_steps
from recurra.tasks.pulses import Pulses
from recurra.tasks.rules import SignRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

PAPERS_ERROR = 0.009  # mean squared error at which Jarne (2024) stops the training of the 3-bit flip-flop
PROBE_ONSET = 10  # step of the pulses that set the memory states
WALK_MS, WALK = 70.0, 1.75  # time between pulses of the cube walk: in the paper, and in multiples of the time to answer


@dataclass(frozen=True)
class FlipFlop(Task):
    r"""Hold the sign of the last pulse on every bit.

    There is one input and one output per bit. A pulse of +1 sets its bit, one of -1 resets it. The target is 0 until
    the first pulse on the bit; from `response_delay_ms` after the end of a pulse it is the sign of that pulse.

    The conditions are the $2^n$ memory states, named by their signs, bit 1 first; the condition of a
    trial is the state in which it ends, or -1 if a bit was never set.

    A class made of this one is a task with memories too: it has the same analyses, figures and pages.

    A trial is a success by `rule`: every bit has the target's sign while the target is not 0, and is near 0 before.

    Args:
        bits: memory bits, one input and one output each, 1 to 8.
        length_ms: length of a trial, ms.
        pulse_ms: width of a pulse, ms.
        pulse_spread_ms: the width is uniform over pulse_ms ± this, ms.
        amplitude: height of a pulse.
        amplitude_spread: the height is uniform over amplitude ± this.
        response_delay_ms: time from the end of a pulse to the change of the target, ms.
        input_noise: σ, the standard deviation of the noise on every input at a step of 1 ms, √ms.
        pulses: when they come: `ScheduledPulses` (the papers') or `PoissonPulses`.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Sussillo and Barak (2013), doi:10.1162/NECO_a_00409; numbers from Jarne (2024), section 3, and the
    programs published with it.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013", "jarne2024")
    published_loss: ClassVar[tuple[float, str] | None] = (PAPERS_ERROR, "Jarne (2024)")

    bits: int = 3
    length_ms: float = 350.0
    pulse_ms: float = 20.0
    pulse_spread_ms: float = 0.0
    amplitude: float = 1.0
    amplitude_spread: float = 0.0
    response_delay_ms: float = 20.0
    input_noise: float = 0.1
    pulses: PulseSchedule = field(default_factory=ScheduledPulses)
    rule: SuccessRule = field(default_factory=SignRule)
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        check_count("bits", self.bits)
        check_between("bits", self.bits, 1, 8)
        check_positive("dt_ms", self.dt_ms)
        check_positive("amplitude", self.amplitude)
        check_between("amplitude_spread", self.amplitude_spread, 0, self.amplitude)
        check_at_least_zero("input_noise", self.input_noise)
        check_finite_number("pulse_ms", self.pulse_ms)
        steps_of("pulse_spread_ms", self.pulse_spread_ms, self.dt_ms, at_least=0)
        steps_of("shortest pulse, pulse_ms - pulse_spread_ms,", self._shortest_pulse_ms, self.dt_ms)
        steps_of("response_delay_ms", self.response_delay_ms, self.dt_ms, at_least=0)
        if not isinstance(self.pulses, PulseSchedule):
            raise TypeError(f"pulses is {self.pulses!r}; expected ScheduledPulses(...) or PoissonPulses(...)")
        self.pulses.check(self.dt_ms)
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        held = steps - PROBE_ONSET - self._answer - self.in_steps(self.rule.settle_ms)
        if held < 1:
            raise ValueError(
                f"length_ms is {self.length_ms:g}; a pulse at {PROBE_ONSET * self.dt_ms:g} ms, response_delay_ms and "
                f"the rule's settle_ms leave {held * self.dt_ms:g} ms to judge the memory. "
                f"Expected at least {(steps - held + 1) * self.dt_ms:g} ms."
            )

    @property
    def _shortest_pulse_ms(self) -> float:
        return self.pulse_ms - self.pulse_spread_ms

    @property
    def _answer(self) -> int:
        """Number of steps from the onset of a pulse of `pulse_ms` to the change of the target."""
        return self.in_steps(self.pulse_ms, self.response_delay_ms)

    @property
    def states(self) -> Int[np.ndarray, "state bit"]:
        """The memory states as signs, in the order of the conditions: the first is all -1, the last all +1."""
        return np.array(list(itertools.product((-1, 1), repeat=self.bits)), np.int32)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple("".join("+" if sign > 0 else "-" for sign in state) for state in self.states)

    @property
    def title(self) -> str:
        """Name with the number of bits, such as "3-bit flip-flop"."""
        return f"{self.bits}-bit flip-flop"

    def condition_titles(self) -> tuple[str, ...]:
        """The memory states, with a true minus sign: +−+."""
        return tuple(name.replace("-", "−") for name in self.condition_names)

    def factors(self) -> Int[np.ndarray, "condition factor"]:
        """Which bits are set in each memory state."""
        return (self.states[np.asarray(self.probe().condition)] > 0).astype(int)

    def factor_names(self) -> tuple[str, ...]:
        """The bits; a single bit has no number."""
        return tuple(f"bit {bit + 1}" for bit in range(self.bits)) if self.bits > 1 else ("bit",)

    @property
    def single_pulses(self) -> tuple[tuple[int, int], ...]:
        """Bit and sign of every single pulse."""
        return tuple((bit, sign) for bit in range(self.bits) for sign in (1, -1))

    def stimuli(self, length_ms: float | None = None) -> Float[np.ndarray, "stimulus time input"]:
        """One noiseless pulse on one bit, in the order of `single_pulses`.

        Args:
            length_ms: time from the onset of the pulse to the end of the trial, ms; None for the pulse alone.
        """
        signs = np.zeros((2 * self.bits, 1, self.bits), np.int32)
        for at, (bit, sign) in enumerate(self.single_pulses):
            signs[at, 0, bit] = sign
        steps = round((self.pulse_ms if length_ms is None else length_ms) / self.dt_ms)
        return np.asarray(self.noiseless(signs, 0, 1, steps).inputs)

    def stimulus_names(self) -> tuple[str, ...]:
        """Names of the single pulses, such as "1+" for a positive pulse on bit 1."""
        return tuple(f"{bit + 1}{'+' if sign > 0 else '-'}" for bit, sign in self.single_pulses)

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, trial=self.length_ms)

    def trial(self, key: RandomKey) -> Trial:
        steps = steps_of("length_ms", self.length_ms, self.dt_ms)
        pulses = self.pulses.most(steps, self.dt_ms)
        uniform, normal = uniform_and_normal(key, 5 * pulses, steps, self.bits)
        when, which, whether, width, height = uniform.reshape(5, pulses, self.bits)
        onset, sign = self.pulses.place(jnp.stack([when, which, whether]), steps, self.dt_ms)
        widest_ms = self.pulse_ms + self.pulse_spread_ms
        drawn = Pulses(
            onset=onset,
            sign=sign,
            width=whole_steps(width, (self._shortest_pulse_ms, widest_ms), self.dt_ms),
            amplitude=self.amplitude + self.amplitude_spread * (2 * height - 1),
        )
        clean = self.render(drawn, steps)
        return with_noise(clean, self.input_noise, self.dt_ms, normal)

    def probe(self) -> Trials:
        r"""The $2^n$ memory states: each is set from rest by one pulse per bit, all at once, and held to the end."""
        return self.hold(self.length_ms)

    def hold(self, length_ms: float) -> Trials:
        """The probe with another length: do the memories last longer than the trials of training?"""
        steps = steps_of("length_ms", length_ms, self.dt_ms)
        return self.noiseless(self.states[:, None], PROBE_ONSET, 1, steps)

    def cube_walk(self, interval_ms: float | None = None, visits: int = 2) -> Trials:
        """One long noiseless trial that visits all memory states: a pulse on every bit every `interval_ms`.

        The signs run through the reflected Gray code, so that one bit changes at a time, also from the
        last state back to the first.

        Args:
            interval_ms: time between pulses, ms; the first pulse comes after one interval, and each state lasts one. By
                default 70 ms, or 1.75 times the time from the onset of a pulse to its answer if that is longer.
            visits: number of passes through the sequence of states.

        Source: Jarne (2024), Figure 6.
        """
        check_count("visits", visits)
        longest_ms = max(WALK_MS, WALK * (self.pulse_ms + self.response_delay_ms))
        interval = steps_of("interval_ms", longest_ms if interval_ms is None else interval_ms, self.dt_ms)
        gray = np.array([number ^ (number >> 1) for number in range(2**self.bits)])
        walk = np.tile(self.states[gray], (visits, 1))
        return self.noiseless(walk[None], interval, interval, (len(walk) + 1) * interval + self._answer)

    def memory_state(self, trials: Trials) -> Int[Array, "trial time"]:
        """The memory state that the targets ask for at every step, as a condition; -1 where a bit is not set."""
        return self._state_of(trials.targets)

    @partial(jax.jit, static_argnames="self")
    def held(self, trials: Trials) -> Bool[Array, "trial time"]:
        """Where the rule judges every bit and every bit has been set."""
        return (self.scored(trials) & self.rule.asked(trials)).all(axis=-1)

    @partial(jax.jit, static_argnames="self")
    def _state_of(self, targets: AnyArray) -> Int[Array, "*batch"]:
        place = jnp.asarray(2 ** np.arange(self.bits - 1, -1, -1), jnp.int32)
        targets = jnp.asarray(targets)
        number = ((targets > 0).astype(jnp.int32) * place).sum(axis=-1, dtype=jnp.int32)
        return jnp.where((targets != 0).all(axis=-1), number, -1)

    def render(self, pulses: Pulses, steps: int) -> Trial:
        """The noiseless trial of these pulses."""
        targets = pulses.held_sign(steps, self.in_steps(self.response_delay_ms))
        return Trial(
            inputs=pulses.square(steps),
            targets=targets,
            mask=jnp.ones(targets.shape, bool),
            condition=self._state_of(targets[-1]),
        )

    def noiseless(self, signs: Int[np.ndarray, "trial pulse bit"], first: int, interval: int, steps: int) -> Trials:
        """Noiseless trials with pulses on all bits at once.

        Args:
            signs: +1, -1, or 0 for none.
            first: the step of the first pulse.
            interval: steps between pulses.
            steps: length of the trials.
        """
        return gather(self, _regular(self, jnp.asarray(signs), first, interval, steps))


@partial(jax.jit, static_argnames=("task", "first", "interval", "steps"))
def _regular(task: FlipFlop, signs: Int[Array, "trial pulse bit"], first: int, interval: int, steps: int) -> Trial:
    onset = first + interval * jnp.arange(signs.shape[1], dtype=jnp.int32)
    shape = signs.shape[1:]

    def one(sign: Signs) -> Trial:
        pulses = Pulses(
            onset=jnp.broadcast_to(onset[:, None], shape),
            sign=sign,
            width=jnp.full(shape, round(task.pulse_ms / task.dt_ms), jnp.int32),
            amplitude=jnp.full(shape, task.amplitude, jnp.float32),
        )
        return task.render(pulses, steps)

    return jax.vmap(one)(signs)
