"""Eigenvalues in the complex plane: which are marked, what is written beside them, and the part of the plane shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from recurra.analysis import RestingModes, Spectrum
from recurra.analysis.weights.spectra import frequency_hz, time_constant_ms
from recurra.plotting.colors import network_color
from recurra.wording import motion_words
from recurra.words.names import network_name

Eigenvalues = Complex[np.ndarray, "mode"]

NEAR = 4.0  # eigenvalues of smaller modulus are always seen
FAR = 3.0  # and others up to this many times the median modulus of the median network
ROOM = 0.06  # around the eigenvalues and the unit circle, as a share of the width
LABELS = 4  # outliers of largest modulus that are labelled
CELLS = 80  # of a density, from the bottom to the top


@dataclass(frozen=True)
class PlaneLimits:
    """The part of the complex plane that is drawn, the same for all networks that are compared.

    Args:
        left: least real part.
        right: greatest real part.
        top: greatest imaginary part, up and down.
    """

    left: float
    right: float
    top: float

    @classmethod
    def of(cls, spectra: Sequence[Spectrum]) -> "PlaneLimits":
        """Limits around the unit circle and these eigenvalues, without eigenvalues far above the median modulus."""
        finite = [one.eigenvalues[np.isfinite(one.eigenvalues)] for one in spectra]
        sizes = [float(np.quantile(np.abs(values), 0.5, method="lower")) for values in finite if len(values)]
        reach = max(NEAR, FAR * float(np.median(sizes))) if sizes else NEAR
        values = np.concatenate([*finite, [1, -1, 1j]])
        seen = values[np.abs(values) < reach]
        left, right, top = np.real(seen).min(), np.real(seen).max(), np.abs(np.imag(seen)).max()
        room = ROOM * (right - left)
        return cls(float(left - room), float(right + room), float(top + room))

    def hides(self, values: Eigenvalues) -> int:
        """How many of the values lie outside."""
        across, upwards = np.real(values), np.abs(np.imag(values))
        return int((~((across >= self.left) & (across <= self.right) & (upwards <= self.top))).sum())


@dataclass(frozen=True)
class SpectrumPlane:
    """The eigenvalues of one network.

    Args:
        name: the network's.
        color: the network's.
        remark: the number outside the unit circle, the largest modulus, and the number not in view.
        before: the eigenvalues before training; None if they are not known.
        inside: the eigenvalues that are not outliers.
        outliers: the eigenvalues outside the unit circle by more than 2 %.
        view: the part of the plane that is drawn.
    """

    name: str
    color: str
    remark: str
    before: Eigenvalues | None
    inside: Complex[np.ndarray, "inner_mode"]
    outliers: Complex[np.ndarray, "outlier"]
    view: PlaneLimits


@dataclass(frozen=True)
class ModeMotions:
    """The texts beside the eigenvalues of one network: how the mode at rest of each eigenvalue moves.

    Args:
        before: texts for the eigenvalues before training.
        inside: texts for the eigenvalues that are not outliers.
        outliers: texts for the outliers.
        labels: the largest outliers, one of each conjugate pair, by height, and what is written beside each.
    """

    before: tuple[str, ...]
    inside: tuple[str, ...]
    outliers: tuple[str, ...]
    labels: tuple[tuple[complex, str], ...]


@dataclass(frozen=True)
class Density:
    """How many eigenvalues of many networks lie in each cell of the plane.

    Args:
        counts: a row for each height, from the bottom.
        left: left end of the first cell.
        bottom: lower end of the first row.
        size: the size of a cell, across and upwards.
        hidden: number of eigenvalues in no cell.
    """

    counts: Float[np.ndarray, "imaginary real"]
    left: float
    bottom: float
    size: float
    hidden: int


def spectrum_scene(after: Spectrum, before: Spectrum | None, number: int, view: PlaneLimits) -> SpectrumPlane:
    """The eigenvalues of one network in the plane.

    Args:
        after: the spectrum of the trained network.
        before: the spectrum before training, if it is known.
        number: number of the network, for its name and colour.
        view: the part of the plane that is drawn.
    """
    hidden, largest = view.hides(after.eigenvalues), f"{abs(after.leading):#.3g}".rstrip(".")
    return SpectrumPlane(
        name=network_name(number),
        color=network_color(number),
        remark=f"{after.count_outside} outside, max |λ| {largest}" + (f", {hidden} not in view" if hidden else ""),
        before=None if before is None else before.eigenvalues,
        inside=after.eigenvalues[after.count_outside :],
        outliers=after.outliers,
        view=view,
    )


def motions(scene: SpectrumPlane, modes: RestingModes, dt_ms: float) -> ModeMotions:
    """What is written beside the eigenvalues of one network.

    Args:
        scene: its eigenvalues.
        modes: the modes of the network at rest.
        dt_ms: length of a time step, ms.
    """
    same = modes if modes.at_start else None  # a start has no unit biases, and rests at zero
    before = np.zeros(0, complex) if scene.before is None else scene.before
    upper = [complex(value) for value in scene.outliers if value.imag >= 0][:LABELS]
    labels = []
    for value in sorted(upper, key=lambda value: (-value.imag, -value.real)):
        pair = " (pair)" if value.imag > 0 else ""
        labels.append((value, "<br>".join([f"|λ| {abs(value):.3f}{pair}", *_motion(value, modes, dt_ms)])))
    return ModeMotions(
        before=mode_texts(before, same, dt_ms),
        inside=mode_texts(scene.inside, modes, dt_ms),
        outliers=mode_texts(scene.outliers, modes, dt_ms),
        labels=tuple(labels),
    )


def mode_texts(values: Eigenvalues, modes: RestingModes | None, dt_ms: float) -> tuple[str, ...]:
    """Eigenvalues of the weights for people, with the course of the modes at rest that belong to them, if any.

    Args:
        values: the eigenvalues.
        modes: the modes of the network at rest, if they are known.
        dt_ms: length of a time step, ms.
    """
    listed = (complex(value) for value in values)
    return tuple(", ".join([f"|λ| {abs(value):.3f}", *_motion(value, modes, dt_ms)]) for value in listed)


def _motion(value: complex, modes: RestingModes | None, dt_ms: float) -> list[str]:
    mode = modes.of(value) if modes else None
    if mode is None:
        return []
    motion = motion_words(frequency_hz(mode, dt_ms), time_constant_ms(mode, dt_ms))
    return [motion if np.isclose(mode, value) else f"at rest |μ| {abs(mode):.4f}, {motion}"]


def density(spectra: Sequence[Spectrum], view: PlaneLimits) -> Density:
    """The eigenvalues of many networks together, in square cells.

    Args:
        spectra: the spectra of the networks.
        view: the part of the plane that is drawn.
    """
    values = np.concatenate([spectrum.eigenvalues for spectrum in spectra])
    values = values[np.isfinite(values)]
    upwards = np.linspace(-view.top, view.top, CELLS + 1)
    size = float(upwards[1] - upwards[0])
    across = view.left + size * np.arange(int(np.ceil((view.right - view.left) / size)) + 1)
    counts, _, _ = np.histogram2d(np.imag(values), np.real(values), bins=(upwards, across))
    hidden = sum(len(spectrum.eigenvalues) for spectrum in spectra) - int(counts.sum())
    return Density(counts, view.left, -view.top, size, hidden)
