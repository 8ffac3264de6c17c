"""Eigenvalues of the recurrent weights, and how far the matrix is from being normal."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float, Inexact

from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.arrays import AnyArray
from recurra.checks import check_at_least_zero, check_matrix, check_positive
from recurra.shown import Shown
from recurra.tasks.base import Task

OUTSIDE = 1.02  # modulus above which an eigenvalue counts as an outlier


@dataclass(frozen=True)
class Spectrum(Shown):
    r"""Eigenvalues of one matrix of recurrent weights.

    They are the eigenvalues of the linear system $h \leftarrow W h$. A network with a leak, a nonlinear activation or
    biases has other modes at rest, see `resting_modes`.

    Args:
        eigenvalues: eigenvalues by falling modulus; of a conjugate pair the one with positive imaginary part is first.
        count_outside: number of eigenvalues with a modulus above 1.02.
        leading: the eigenvalue of the largest modulus.
        largest_real_part: largest real part of all eigenvalues.
    """

    sources: ClassVar[tuple[str, ...]] = ("rajan2006",)

    eigenvalues: Complex[np.ndarray, "mode"]
    count_outside: int
    leading: complex
    largest_real_part: float

    @property
    def outliers(self) -> Complex[np.ndarray, "outlier"]:
        """The eigenvalues outside the unit circle by more than 2 %."""
        return self.eigenvalues[np.abs(self.eigenvalues) > OUTSIDE]


@of_each_network
def spectrum(
    network: Subject | None = None, task: Task | None = None, *, recurrent: Float[AnyArray, "post pre"] | None = None
) -> Spectrum:
    """The spectrum of a matrix of recurrent weights, in float64.

    Args:
        network: the network, or a cohort; not needed with `recurrent`.
        task: its task, which the spectrum does not depend on.
        recurrent: the square matrix W; if not given, that of the network.

    Source: Rajan and Abbott (2006): normal initial weights of gain g fill a disc of radius g (Girko's circle).
    """
    values = np.linalg.eigvals(_matrix(network, task, recurrent)).astype(np.complex128)
    order = np.lexsort((-values.imag, -np.round(np.abs(values), 12)))
    values = values[order]
    return Spectrum(
        eigenvalues=values,
        count_outside=int((np.abs(values) > OUTSIDE).sum()),
        leading=complex(values[0]),
        largest_real_part=float(values.real.max()),
    )


def _matrix(
    network: Subject | None, task: Task | None, recurrent: Float[AnyArray, "post pre"] | None
) -> Float[np.ndarray, "post pre"]:
    """The given matrix in float64, else that of the network."""
    matrix = visit_of(network, task).network.recurrent if recurrent is None else recurrent
    return check_matrix("recurrent", matrix).astype(np.float64)


@of_each_network
def share_on_circle(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    eigenvalues: Inexact[np.ndarray, "mode"] | None = None,
    within: float = OUTSIDE - 1,
) -> float:
    """The share of eigenvalues whose modulus differs from 1 by no more than `within`: 1 for an orthogonal matrix.

    Args:
        network: the network, or a cohort; not needed with `eigenvalues`.
        task: its task, which the share does not depend on.
        eigenvalues: eigenvalues of a matrix; if not given, those of the network's recurrent weights.
        within: the largest difference.
    """
    check_at_least_zero("within", within)
    eigenvalues = spectrum(visit_of(network, task)).eigenvalues if eigenvalues is None else eigenvalues
    return float((np.abs(np.abs(eigenvalues) - 1) <= within * (1 + 1e-12)).mean())


@of_each_network
def girko_distance(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    eigenvalues: Inexact[np.ndarray, "mode"] | None = None,
    radius: float = 1.0,
) -> float:
    r"""How far eigenvalues are from filling a disc evenly, by their moduli: $\max_r |F(r) - \min(1, r/R)^2|$.

    F(r) is the share of eigenvalues with a modulus of at most r. 0 means an evenly filled disc of radius R, as for a
    large matrix with independent entries of mean 0 and standard deviation $R / \sqrt N$; 1 means that all eigenvalues
    are 0, or that all are on or beyond the circle.

    Args:
        network: the network, or a cohort; not needed with `eigenvalues`.
        task: its task, which the distance does not depend on.
        eigenvalues: eigenvalues of a matrix; if not given, those of the network's recurrent weights.
        radius: R, above 0.

    Source: Rajan and Abbott (2006) for the disc.
    """
    check_positive("radius", radius)
    eigenvalues = spectrum(visit_of(network, task)).eigenvalues if eigenvalues is None else eigenvalues
    moduli = np.sort(np.abs(eigenvalues))
    disc, count = np.minimum(1, moduli / radius) ** 2, len(moduli)
    above, below = np.arange(1, count + 1) / count - disc, disc - np.arange(count) / count
    return float(max(above.max(), below.max()))


def frequency_hz(eigenvalue: complex, dt_ms: float) -> float:
    """The frequency |arg μ| / (2π dt) of the mode of an eigenvalue μ of the Jacobian of one step, in Hz.

    Args:
        eigenvalue: μ; an eigenvalue of the recurrent weights only if leak and slope of all units are 1.
        dt_ms: length of the step, ms.
    """
    return float(abs(np.angle(eigenvalue)) / (2 * np.pi * dt_ms) * 1000)


def time_constant_ms(eigenvalue: complex, dt_ms: float) -> float:
    """-dt / ln |μ| of an eigenvalue μ of the Jacobian of one step: the time in which its mode falls to 1/e, in ms.

    Negative if the mode grows, infinite on the unit circle.

    Args:
        eigenvalue: μ; an eigenvalue of the recurrent weights only if leak and slope of all units are 1.
        dt_ms: length of the step, ms.
    """
    modulus = abs(eigenvalue)
    if modulus == 0:
        return 0.0
    return float("inf") if np.log(modulus) == 0 else float(-dt_ms / np.log(modulus))


@dataclass(frozen=True)
class NonNormality(Shown):
    r"""How far the recurrent weights are from commuting with their transpose.

    Args:
        henrici: departure from normality, 0 for a normal matrix, at most 1.
        norm: spectral norm $\|W\|_2$, the largest gain of one step of $h \leftarrow W h$; above the largest modulus of
            the eigenvalues only if W is not normal.
    """

    sources: ClassVar[tuple[str, ...]] = ("henrici1962",)

    henrici: float
    norm: float


@of_each_network
def non_normality(
    network: Subject | None = None, task: Task | None = None, *, recurrent: Float[AnyArray, "post pre"] | None = None
) -> NonNormality:
    r"""Henrici's departure $\sqrt{\|W\|_F^2 - \sum |\lambda|^2} / \|W\|_F$ and the spectral norm, in float64.

    Args:
        network: the network, or a cohort; not needed with `recurrent`.
        task: its task, which the weights do not depend on.
        recurrent: the square matrix W; if not given, that of the network.

    Source: Henrici (1962).
    """
    matrix = _matrix(network, task, recurrent)
    squares, norm = (np.abs(np.linalg.eigvals(matrix)) ** 2).sum(), np.linalg.norm(matrix)
    departure = np.sqrt(max(norm**2 - squares, 0))
    return NonNormality(henrici=float(departure / norm) if norm > 0 else 0.0, norm=float(np.linalg.norm(matrix, 2)))
