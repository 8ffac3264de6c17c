"""How a network that generates a pattern by itself goes on: its error, and its error after the best shift in time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_positive
from recurra.shown import Shown
from recurra.tasks.base import Task


@dataclass(frozen=True)
class FreeRun(Shown):
    r"""What a network generates without any correction, beside the target.

    Args:
        outputs: z.
        targets: z*.
        time_ms: time of every step, ms.
        absolute_error: mean of |z - z*| over steps and outputs.
        normalized_error: $\sum (z - z^*)^2 / \sum z^{*2}$ over steps and outputs; that of silence is 1.
        correlation: of z and z* over steps, mean over outputs; NaN where one of them is constant.
        shift_ms: by how much z has to be delayed (above 0) or advanced to fit best, ms.
        shifted_error: `normalized_error` after this shift, over the steps that remain.
        shifted_absolute_error: `absolute_error` after it.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2009",)

    outputs: Float[np.ndarray, "time output"]
    targets: Float[np.ndarray, "time output"]
    time_ms: Float[np.ndarray, "time"]
    absolute_error: float
    normalized_error: float
    correlation: float
    shift_ms: float
    shifted_error: float
    shifted_absolute_error: float


@of_each_network
def free_run(network: Subject, task: Task | None = None, *, most_ms: float | None = None) -> FreeRun:
    r"""The run of a network on the first trial of the task's probe, without learning and without noise.

    An error during training is measured before each correction and says nothing of how the network goes on alone.
    Alone, the phase of a pattern may drift while its form stays: therefore also the error after the shift in time, of
    at most `most_ms`, with the smallest normalized error.

    Args:
        network: the network, or a cohort.
        task: the task; not needed where the network knows it.
        most_ms: largest shift, ms; if not given, an eighth of the trial.

    Examples:
        >>> import numpy as np, recurra as rc
        >>> rule = rc.FORCE(steps=2, validation_trials=1)
        >>> task = rc.SumOfSines(length_ms=600.0, periods_ms=(300.0,), amplitudes=(1.0,))
        >>> cohort = rc.train(task, rc.FeedbackRNN(units=100), rule, networks=1, seed=0)
        >>> bool(rc.free_run(cohort[0]).normalized_error < rc.free_run(cohort[0].untrained).normalized_error)
        True

    Source: Sussillo and Abbott (2009).
    """
    visit = visit_of(network, task, None)
    trials, dt_ms = visit.task.probe(), visit.task.dt_ms
    outputs = np.asarray(visit.network.respond(trials.inputs)[0], np.float64)
    targets = np.asarray(trials.targets[0], np.float64)
    if most_ms is not None:
        check_positive("most_ms", most_ms)
    steps = len(targets)
    most = min(steps // 8 if most_ms is None else round(most_ms / dt_ms), steps - 1)
    shifts = np.arange(-most, most + 1)
    shift = int(shifts[np.argmin(_shifted_errors(outputs, targets, most))])
    answer, wanted = outputs[max(-shift, 0) : steps - max(shift, 0)], targets[max(shift, 0) : steps - max(-shift, 0)]
    return FreeRun(
        outputs=outputs,
        targets=targets,
        time_ms=np.arange(steps) * dt_ms,
        absolute_error=float(np.abs(outputs - targets).mean()),
        normalized_error=_normalized(outputs, targets),
        correlation=float(np.mean([_correlation(*pair) for pair in zip(outputs.T, targets.T, strict=True)])),
        shift_ms=shift * dt_ms,
        shifted_error=_normalized(answer, wanted),
        shifted_absolute_error=float(np.abs(answer - wanted).mean()),
    )


def _shifted_errors(
    outputs: Float[np.ndarray, "time output"], targets: Float[np.ndarray, "time output"], most: int
) -> Float[np.ndarray, "shift"]:
    """The normalized error after every shift from -most to most: sums over what remains, one Fourier transform."""
    steps, shifts = len(outputs), np.arange(-most, most + 1)
    room = 1 << (2 * steps - 1).bit_length()
    spectra = np.fft.rfft(targets, room, axis=0) * np.conj(np.fft.rfft(outputs, room, axis=0))
    products = np.fft.irfft(spectra, room, axis=0).sum(axis=1)[shifts]  # of targets[t + shift] and outputs[t]
    own, wanted = (np.append(0, np.cumsum((array**2).sum(axis=1))) for array in (outputs, targets))
    later, earlier = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    power = wanted[steps - earlier] - wanted[later]
    squares = own[steps - later] - own[earlier] + power - 2 * products
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(power > 0, squares / power, np.inf)


def _normalized(outputs: np.ndarray, targets: np.ndarray) -> float:
    power = float((targets**2).sum())
    return float(((outputs - targets) ** 2).sum() / power) if power else float("nan")


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first, second)[0, 1]) if first.std() and second.std() else float("nan")
