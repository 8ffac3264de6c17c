"""Eigenvalues of the recurrent weights, and how far the matrix is from a normal one."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float

from recurra.arrays import AnyArray

OUTSIDE = 1.02  # modulus above which an eigenvalue counts as an outlier
GAIN_STEPS = tuple(2**power for power in range(9))


@dataclass(frozen=True)
class Spectrum:
    r"""Eigenvalues of one matrix of recurrent weights.

    Args:
        eigenvalues: by falling modulus; a conjugate pair has the one with positive imaginary part first.
        count_outside: how many have a modulus above 1.02.
        leading: the eigenvalue of the largest modulus.
        largest_real_part: over all eigenvalues.
        frequency_hz: of the leading one, |arg λ| / (2π dt).
        time_constant_ms: of the leading one, -dt / ln |λ|; negative where it grows.
    """

    sources: ClassVar[tuple[str, ...]] = ("rajan2006",)

    eigenvalues: Complex[np.ndarray, "mode"]
    count_outside: int
    leading: complex
    largest_real_part: float
    frequency_hz: float
    time_constant_ms: float

    @property
    def outliers(self) -> Complex[np.ndarray, "outlier"]:
        """The eigenvalues outside the unit circle by more than 2 %."""
        return self.eigenvalues[np.abs(self.eigenvalues) > OUTSIDE]


def spectrum(recurrent: Float[AnyArray, "post pre"], dt_ms: float) -> Spectrum:
    """The spectrum of a matrix of recurrent weights, in float64.

    Args:
        recurrent: the square matrix W.
        dt_ms: length of a time step, ms.

    Source: Rajan and Abbott (2006): a normal start of gain g fills a disc of radius g (Girko's circle).
    """
    values = np.linalg.eigvals(np.asarray(recurrent, np.float64)).astype(np.complex128)
    order = np.lexsort((-values.imag, -np.round(np.abs(values), 12)))
    values = values[order]
    leading = complex(values[0])
    return Spectrum(
        eigenvalues=values,
        count_outside=int((np.abs(values) > OUTSIDE).sum()),
        leading=leading,
        largest_real_part=float(values.real.max()),
        frequency_hz=frequency_hz(leading, dt_ms),
        time_constant_ms=time_constant_ms(leading, dt_ms),
    )


def frequency_hz(eigenvalue: complex, dt_ms: float) -> float:
    """|arg λ| / (2π dt)."""
    return float(abs(np.angle(eigenvalue)) / (2 * np.pi * dt_ms) * 1000)


def time_constant_ms(eigenvalue: complex, dt_ms: float) -> float:
    """-dt / ln |λ|: the time in which a mode falls to 1/e; negative where it grows, infinite on the unit circle."""
    modulus = abs(eigenvalue)
    if modulus == 0:
        return 0.0
    return float("inf") if np.log(modulus) == 0 else float(-dt_ms / np.log(modulus))


@dataclass(frozen=True)
class NonNormality:
    r"""How far a matrix is from commuting with its transpose.

    Args:
        henrici: departure from normality, 0 for a normal matrix, at most 1.
        numerical_abscissa: largest eigenvalue of the symmetric part; above the largest real part only if W is
            not normal.
        transient_gain: largest gain beyond the growth of the leading mode.
        transient_gain_step: the number of steps at which it is reached.
    """

    sources: ClassVar[tuple[str, ...]] = ("henrici1962", "asllani2018", "bondanelli2020")

    henrici: float
    numerical_abscissa: float
    transient_gain: float
    transient_gain_step: int


def non_normality(recurrent: Float[AnyArray, "post pre"]) -> NonNormality:
    r"""Henrici's departure, numerical abscissa and transient gain of a matrix, in float64.

    Henrici: $\sqrt{\|W\|_F^2 - \sum |\lambda|^2} / \|W\|_F$. Numerical abscissa:
    $\tfrac12 \lambda_{max}(W + W^T)$. Transient gain: $\max_t \|W^t\|_2 / \max(1, \rho)^t$ over
    t = 1, 2, 4, ... 256 steps, with the spectral radius $\rho$.

    Args:
        recurrent: the square matrix W.

    Source: Henrici (1962); Asllani (2018); Bondanelli and Ostojic (2020).
    """
    matrix = np.asarray(recurrent, np.float64)
    moduli = np.abs(np.linalg.eigvals(matrix))
    norm = np.linalg.norm(matrix)
    departure = np.sqrt(max(norm**2 - (moduli**2).sum(), 0))
    power, gains = matrix / max(1.0, moduli.max()), []
    for _ in GAIN_STEPS:
        gains.append(float(np.linalg.norm(power, 2)))
        power = power @ power
    return NonNormality(
        henrici=float(departure / norm) if norm > 0 else 0.0,
        numerical_abscissa=float(np.linalg.eigvalsh((matrix + matrix.T) / 2).max()),
        transient_gain=max(gains),
        transient_gain_step=GAIN_STEPS[int(np.argmax(gains))],
    )
