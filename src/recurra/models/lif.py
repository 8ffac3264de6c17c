"""Leaky integrate-and-fire units: their numbers."""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
from jaxtyping import Float

from recurra.checks import (
    check_at_least_zero,
    check_between,
    check_choice,
    check_finite_number,
    check_positive,
    check_range,
    same,
    steps_of,
)

AMPLITUDES = ("1/(rise*decay)", "1/rise")
LARGEST = 1e30  # of voltages and of weights / λ, mV: sums of them stay within float32


@final
@dataclass(frozen=True)
class LIF:
    r"""Leaky integrate-and-fire units with double-exponential synapses.

    $\tau_m \dot v = -v + I + \theta + W_{in} x + b$ with noise; at the threshold θ the unit spikes, v is reset, and
    follows the noise alone for `refractory_ms`; where this noise reaches θ, the unit spikes too, as published. The
    synaptic current of unit i rises with $\tau_r$ = `rise_ms` and decays with $\tau_i$, the time constant of the rate
    unit that it replaces:
    $\tau_i \dot I_i = -I_i + \tau_i h_i$, $\dot h_i = -h_i / \tau_r + A_i \sum_j (W_{ij} / \lambda) \sum_k \delta(t -
    t_{jk})$. Without input the voltage rests at the threshold, as the rate unit rests at half of its largest rate.

    The amplitude A names what λ means. With "1/(rise*decay)", $A_i = 1 / (\tau_r \tau_i)$ with times in seconds, as
    published, the response to a spike has the area 1: a train of f spikes per second gives a current of W f / λ, so
    that λ is the rate, in Hz, at which a unit sends as much as a rate unit at 1. With "1/rise", $A = 1 / \tau_r$, the
    area is $\tau_i$ in seconds, and λ has no unit; the best 1 / λ is then of the order of 1.

    I and h decay exactly in a step $\Delta t$ = `dt_ms`, so that the area of a response is larger by the factors
    $x / (1 - e^{-x})$ with $x = \Delta t / \tau_r$ and with $x = \Delta t / \tau_i$: 1.0138 in all with the numbers
    here and $\tau_i$ = 20 ms, 1.0128 with 100 ms. Steps of Euler's method have exactly the area above.

    Args:
        dt_ms: time step of the integration, ms; the time step of the task is a multiple of it.
        membrane_ms: time constant of the membrane, ms, at least `dt_ms`.
        refractory_ms: refractory period, ms, 0 or above.
        reset_mv: voltage after a spike, mV, below `threshold_mv`.
        threshold_mv: voltage at which a unit spikes, mV.
        start_mv: lowest and highest voltage before the first step, mV, uniform; units above the threshold spike at
            once.
        noise_mv: σ, the standard deviation of the voltage of an isolated unit without threshold under the noise alone,
            mV: $\sqrt{2 \Delta t / \tau_m}\, \sigma \xi$ is added in a step, 0.1 mV with the numbers here.
        rise_ms: time constant of the rise of the synapses, ms, at least `dt_ms`.
        amplitude: "1/(rise*decay)" or "1/rise"; scaling factors of the two do not compare.

    Raises:
        ValueError: a number is out of its range, or the refractory period is no multiple of `dt_ms`.
        TypeError: a number is of another kind, or `start_mv` is no pair.

    Source: Kim, Li and Sejnowski (2019) and their published programs.
    """

    sources: ClassVar[tuple[str, ...]] = ("kim2019",)

    dt_ms: float = 0.05
    membrane_ms: float = 10.0
    refractory_ms: float = 2.0
    reset_mv: float = -65.0
    threshold_mv: float = -40.0
    start_mv: tuple[float, float] = (-65.0, 30.0)
    noise_mv: float = 1.0
    rise_ms: float = 2.0
    amplitude: Literal["1/(rise*decay)", "1/rise"] = "1/(rise*decay)"

    def __post_init__(self) -> None:
        for name in ("dt_ms", "membrane_ms", "rise_ms"):
            check_positive(name, getattr(self, name))
        for name in ("reset_mv", "threshold_mv"):
            check_finite_number(name, getattr(self, name))
            check_between(name, getattr(self, name), -LARGEST, LARGEST)
        check_at_least_zero("noise_mv", self.noise_mv)
        check_between("noise_mv", self.noise_mv, 0, LARGEST)
        whole_steps("refractory_ms", self.refractory_ms, self.dt_ms)
        check_choice("amplitude", self.amplitude, AMPLITUDES)
        for name in ("membrane_ms", "rise_ms"):
            if getattr(self, name) < self.dt_ms:
                raise ValueError(f"{name} is {getattr(self, name):g}; expected at least dt_ms = {self.dt_ms:g}")
        if self.reset_mv >= self.threshold_mv:
            raise ValueError(
                f"reset_mv is {self.reset_mv:g}; expected a voltage below threshold_mv = {self.threshold_mv:g}"
            )
        check_range("start_mv", self.start_mv, -LARGEST)
        check_between("the highest start_mv", self.start_mv[1], -LARGEST, LARGEST)
        object.__setattr__(self, "start_mv", tuple(float(one) for one in self.start_mv))

    @property
    def highest_hz(self) -> float:
        """The highest rate that input can drive: one spike in each refractory period and a step, Hz.

        A unit exceeds it only where the noise alone carries it from the reset to the threshold within a refractory
        period, which is a spike, as in the published programs: hardly ever with a reset many σ below the threshold.
        """
        return 1e3 / (self.refractory_ms + self.dt_ms)

    def rate_hz(self, current_mv: Float[np.ndarray, "*"]) -> Float[np.ndarray, "*"]:
        r"""Rate of an isolated unit without noise at a constant current I above the threshold, Hz.

        $f = 1 / (\tau_{ref} + \tau_m \ln((I + \theta - v_{reset}) / I))$ for I > 0, else 0.
        """
        current, depth = np.asarray(current_mv, np.float64), self.threshold_mv - self.reset_mv
        above = np.where(current > 0, current, 1.0)
        interval_ms = self.refractory_ms + self.membrane_ms * np.log((above + depth) / above)
        return np.where(current > 0, 1e3 / interval_ms, 0.0)


def whole_steps(name: str, duration_ms: float, dt_ms: float, at_least: int = 0) -> int:
    """The steps of integration in a duration, which must be a multiple of them.

    Args:
        name: of the duration, for the error.
        duration_ms: the duration.
        dt_ms: a step of integration.
        at_least: least number of steps.
    """
    steps = steps_of(name, duration_ms, dt_ms, at_least)
    if not same(steps * dt_ms, duration_ms):
        raise ValueError(f"{name} is {duration_ms:g}; expected a multiple of dt_ms = {dt_ms:g} of the spiking units")
    return steps
