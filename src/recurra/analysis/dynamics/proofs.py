"""Proofs in floating point: that a fixed point exists, and how many of its modes are unstable."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.linalg import schur

from recurra.analysis.dynamics.flow import Enclosure, Flow
from recurra.analysis.dynamics.rounding import TINY, UNIT, gamma, norm_above, upward
from recurra.linalg import inverse_of

REACHES = (1e-3, 1e-6, 1e-9, 1e-12)  # distances within which the Jacobian's change is bounded, relative to the largest
# coordinate of the state if that is above 1; tried in turn
STRICT = 1 - 1e-9  # inequalities must hold with this factor, a larger margin than their own rounding
STRETCHES = (1.0, 1.3, 2.0, 4.0, 16.0)  # ratios of the lengths of a triangular form's directions, tried in turn
SQUARINGS, LARGE = 16, 1e6  # most squarings of the Jacobian of one step, and the largest norm at which it is squared
WORTH = 64  # steps after which an unstable mode shows
UNKNOWN = -1

State = Float[np.ndarray, "state"]
Matrix = Float[np.ndarray, "state state"]
Values = Float[np.ndarray, "state"] | Complex[np.ndarray, "state"]
Vectors = Float[np.ndarray, "state state"] | Complex[np.ndarray, "state state"]


@dataclass(frozen=True)
class Proof:
    """The facts that are proved about a fixed point.

    Args:
        radius: there is exactly one fixed point within this distance; NaN if not proved.
        unstable: number of eigenvalues of the Jacobian of one step outside the unit circle there, with all others
            inside; -1 if not proved.
        change: the computed eigenvalues of the leaks times the Jacobian of the displacement; None if not needed.
    """

    radius: float = float("nan")
    unstable: int = UNKNOWN
    change: Complex[np.ndarray, "mode"] | None = None


def prove(flow: Flow, state: State) -> Proof:
    """The proof of a fixed point near a state, as far as one succeeds.

    Args:
        flow: the flow at a constant input.
        state: a fixed point, to rounding.
    """
    with np.errstate(all="ignore"):
        for share in REACHES:
            reach = share * max(1.0, float(np.abs(state).max()))
            known = flow.enclosure(state, reach)
            if known is None:
                return Proof()
            radius = _radius(known, reach)
            if np.isfinite(radius):
                return Proof(radius, *_unstable(flow.leaks(), known, radius))
    return Proof()


def _radius(known: Enclosure, reach: float) -> float:
    r"""The radius of the theorem of Newton and Kantorovich for $T(h) = h - R\,d(h)$ with $R \approx J^{-1}$.

    With $|R d| \le Y$, $\|I - R J\| \le Z$ and $\|R\| L \le B$, L a Lipschitz constant of J, T maps the ball of radius
    r into itself and contracts there if $Y + Z r + B r^2 / 2 \le r$ and $Z + B r < 1$. R is not singular then, and
    the only fixed point of T in the ball is the only zero of d.
    """
    units = len(known.displacement)
    inverse = inverse_of(known.jacobian)
    if inverse is None:
        return np.nan
    absolute, more = np.abs(inverse), upward(units**2)
    first = np.linalg.norm(absolute @ known.displacement) * more + TINY
    product = absolute @ np.abs(known.jacobian)
    rest = np.abs(np.eye(units) - inverse @ known.jacobian) + gamma(units + 4) * (1 + product) + absolute @ known.error
    linear, square = norm_above(rest) * more, norm_above(inverse) * norm_above(known.change) * more
    room = 1 - linear
    if not room > 0:  # then T does not contract; NaN from an overflow ends here too
        return np.nan
    radius = 1.01 * 2 * first / (room + np.sqrt(room**2 - 2 * square * first))
    inside = first + (linear + square * radius / 2) * radius <= STRICT * radius
    contracts = linear + square * radius < STRICT
    return float(radius) if inside and contracts and radius <= reach else np.nan


def _unstable(leaks: State, known: Enclosure, radius: float) -> tuple[int, Complex[np.ndarray, "mode"] | None]:
    r"""Number of eigenvalues outside the unit circle at every state within the radius, -1 if not proved.

    The Jacobian of one step is 1 + G, $G = \ell J$ with the leaks. If a power of it has a norm below 1, all its
    eigenvalues are inside. Else, in a basis V of approximate eigenvectors, or of a triangular form, $V^{-1} G V$ is
    enclosed entry by entry; its eigenvalues are in the discs of Gershgorin, and if no disc meets the circle there are
    as many eigenvalues outside as discs. The eigenvalues of G are returned too if they were computed.
    """
    with np.errstate(invalid="ignore"):
        spread = np.where(known.change > 0, known.change * radius, 0.0)
    error = leaks[:, None] * ((known.error + spread) * upward(8) + 4 * TINY)
    matrix = leaks[:, None] * known.jacobian
    error = error + 2 * gamma(2) * np.abs(matrix)
    if not (np.isfinite(matrix).all() and np.isfinite(error).all()):
        return UNKNOWN, None
    step = np.eye(len(matrix)) + matrix
    if _falls(step) and contracts(step, norm_above(error + 2 * UNIT * np.diag(np.abs(np.diagonal(step))))):
        return 0, None
    try:
        change, vectors = np.linalg.eig(matrix)
    except np.linalg.LinAlgError:
        return UNKNOWN, None
    for basis, second in _bases(matrix, change, vectors):
        discs = _discs(matrix, error, basis, second)
        if discs is None:
            continue
        inside, outside = _sides(*discs)
        if (inside | outside).all():
            return int(outside.sum()), change.astype(complex)
    return UNKNOWN, change.astype(complex)


def _falls(step: Matrix) -> bool:
    """Whether a vector does not grow after many steps, so that a proof of stability is worth its time."""
    along = np.ones(len(step))
    for _ in range(WORTH):
        along = step @ along
    before = np.linalg.norm(along)
    for _ in range(WORTH):
        along = step @ along
    return bool(np.linalg.norm(along) <= before)


def contracts(step: Matrix, error: float) -> bool:
    r"""Whether every matrix within a distance of a given one is proved to have a power whose norm is below 1.

    The matrix is squared repeatedly: with $\|A - S\|_2 \le e$, $\|A^2 - S^2\|_2 \le 2 \|S\|_2 e + e^2$, and
    $\|S\|_2^2 \le \|S^T S\|_F$.

    Args:
        step: the matrix S.
        error: the distance e in the spectral norm.
    """
    power, units = step, len(step)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(SQUARINGS):
            frobenius = float(np.linalg.norm(power))
            rounding = gamma(units) * frobenius**2 + units**2 * TINY
            norm = np.sqrt(np.linalg.norm(power.T @ power) + rounding) * upward(units**2)
            if norm + error < STRICT:
                return True
            if not (norm < LARGE and error < 1 and abs(np.trace(power)) <= units):
                return False
            error = ((2 * norm + error) * error + rounding) * upward(units**2)
            power = power @ power
    return False


def _bases(matrix: Matrix, change: Values, vectors: Vectors) -> Iterator[tuple[Vectors, Bool[np.ndarray, "state"]]]:
    """Eigenvectors; then the triangular form's directions, with lengths that make the entries above its diagonal small.

    The first basis has real and imaginary part in place of each pair of complex eigenvectors, because real products
    take a quarter of the time. With each basis comes which of its vectors are the second ones of such pairs.
    """
    alone = np.zeros(len(matrix), bool)
    if np.iscomplexobj(vectors):
        yield np.where(np.imag(change) < 0, np.imag(vectors), np.real(vectors)), np.imag(change) < 0
    yield vectors, alone
    try:
        directions = schur(matrix, output="complex")[1]
    except np.linalg.LinAlgError:
        return
    for stretch in STRETCHES:
        yield directions * stretch ** -np.arange(len(matrix), dtype=float), alone


def _discs(
    matrix: Matrix, error: Matrix, basis: Vectors, second: Bool[np.ndarray, "state"]
) -> tuple[Values, State] | None:
    """Centres and radii of discs that hold the eigenvalues of all matrices within the error; None if singular."""
    inverse = inverse_of(basis)
    if inverse is None:
        return None
    units = len(matrix)
    slack, more = 2 * gamma(2 * units + 8), upward(units**2)  # complex products are real products of twice the length
    back, width = np.abs(inverse), np.abs(basis).sum(axis=1)
    apart = np.abs(np.eye(units) - inverse @ basis).sum(axis=1) + slack * (1 + back @ width)
    off = float(apart.max()) * more  # error of the inverse in the norm of row sums
    if not off < 0.5:
        return None
    turned = inverse @ (matrix @ basis)
    wrong = back @ (3 * slack * (np.abs(matrix) @ width) + error @ width) + units * TINY
    rows = np.abs(turned).sum(axis=1)
    wrong += slack * rows + off / (1 - off) * (rows + wrong).max()
    centres, radii = np.diagonal(turned), rows - np.abs(np.diagonal(turned)) + wrong
    if second.any():
        centres, radii = _unpaired(turned, rows, wrong, second)
    return centres, radii * more


def _unpaired(turned: Matrix, rows: State, wrong: State, second: Bool[np.ndarray, "state"]) -> tuple[Values, State]:
    r"""The discs in a basis with the real and imaginary parts of pairs of complex directions.

    $(1, \pm i) / \sqrt 2$ turns a pair's block $(a, b; c, d)$ into the diagonal $(a + d)/2 \pm i (b - c)/2$ and, off
    it, $(a - d)/2 \mp i (b + c)/2$; any other block contributes at most the sum of its moduli to a row, a single row at
    most $\sqrt 2$ times its own sum.
    """
    diagonal = np.diagonal(turned)
    centres, radii = diagonal.astype(complex), 1.5 * (rows - np.abs(diagonal) + wrong)
    imaginary = np.flatnonzero(second)
    real = imaginary - 1
    a, b = turned[real, real], turned[real, imaginary]
    c, d = turned[imaginary, real], turned[imaginary, imaginary]
    centres[real] = (a + d) / 2 + 1j * (b - c) / 2
    centres[imaginary] = np.conj(centres[real])
    others = rows[real] + rows[imaginary] - (np.abs(a) + np.abs(b) + np.abs(c) + np.abs(d))
    others = others + wrong[real] + wrong[imaginary]
    radii[real] = radii[imaginary] = others + (np.abs(a - d) + np.abs(b + c)) / 2
    return centres, radii


def _sides(centres: Values, radii: State) -> tuple[Bool[np.ndarray, "state"], ...]:
    r"""Which discs around 1 + c are inside the unit circle, and which outside: $|1 + c|^2 - 1 = 2 \Re c + |c|^2$."""
    beyond = 2 * np.real(centres) + np.abs(centres) ** 2
    blur = gamma(8) * (2 * np.abs(np.real(centres)) + np.abs(centres) ** 2)
    return beyond + blur < -2 * radii, beyond - blur > (2 + radii) * radii * upward(4)
