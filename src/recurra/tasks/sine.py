"""Sine generation: a constant input selects the frequency."""

import math
from dataclasses import dataclass, field
from typing import ClassVar, final

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from recurra.checks import check_count, check_positive, check_range
from recurra.periods import Period, in_a_row
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.staged import StagedTask
from recurra.tasks.trials import Trial


@final
@dataclass(frozen=True)
class SineGeneration(StagedTask):
    r"""Generate a sine whose frequency is selected by a constant input.

    Of F equally spaced frequencies, the j-th has the input $j / F + 1/4$, j counted from 1; every step has the noise
    $(\sigma / \sqrt{\Delta t})\, \xi$. The target is $\sin 2\pi f t$ from the start of the trial. All steps count.
    The conditions are the frequencies in Hz.

    By default a success has a root-mean-square error below 0.13. A sine of the neighbouring frequency, 0.1 Hz away, has
    an error of 0.26 over 1 s, so the usual bound of 0.3 would not tell them apart.

    Args:
        length_ms: length of a trial, ms.
        frequency_hz: lowest and highest frequency, Hz.
        frequencies: their number F, at least 2.
        input_noise: σ, the standard deviation of the noise at a step of 1 ms, √ms; an ideal observer of a
            trial knows the input with a standard deviation of σ / √(length_ms), a small part of the distance 1/F.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Sussillo and Barak (2013), with 51 frequencies; lengths and frequencies in ms and Hz are recurra's.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)
    unit_tau_ms: ClassVar[float | None] = 20.0
    channels: ClassVar[int] = 1

    length_ms: float = 1_000.0
    frequency_hz: tuple[float, float] = (1.0, 6.0)
    frequencies: int = 51
    input_noise: float = 0.01
    rule: SuccessRule = field(default_factory=lambda: NearRule(error_bound=0.13))
    dt_ms: float = 10.0

    def __post_init__(self) -> None:
        self.check_stages("length_ms")
        self.check_answer("length_ms")
        check_count("frequencies", self.frequencies, at_least=2)
        check_range("frequency_hz", self.frequency_hz, 0)
        check_positive("lowest frequency_hz", self.frequency_hz[0])
        if self.frequency_hz[1] * self.dt_ms >= 250:
            raise ValueError(
                f"frequency_hz is {tuple(self.frequency_hz)}; a step of dt_ms = {self.dt_ms:g} is "
                "over a quarter of a cycle. Lower dt_ms."
            )

    @property
    def _frequencies_hz(self) -> Float[np.ndarray, "condition"]:
        return np.linspace(*self.frequency_hz, self.frequencies)

    @property
    def condition_names(self) -> tuple[str, ...]:
        return tuple(f"{frequency:.4g}" for frequency in self._frequencies_hz)

    @property
    def periods(self) -> tuple[Period, ...]:
        return in_a_row(self.dt_ms, sine=self.length_ms)

    def render(self, condition: Int[Array, ""], chance: Float[Array, "chance"]) -> Trial:
        frequency = jnp.asarray(self._frequencies_hz, jnp.float32)[condition]
        time_s = jnp.arange(self._steps, dtype=jnp.int32)[:, None].astype(jnp.float32) * (self.dt_ms / 1000)
        level = (condition + 1).astype(jnp.float32) / self.frequencies + 0.25
        targets = jnp.sin(2 * math.pi * frequency * time_s)
        return Trial(level * jnp.ones_like(targets), targets, jnp.ones(targets.shape, bool), condition)
