"""Proofs in floating point: that a fixed point exists, and how many of its modes are unstable."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.linalg import schur

from recurra.analysis.dynamics.flow import Enclosure, Flow
from recurra.analysis.dynamics.rounding import TINY, gamma, norm_above, upward

REACHES = (1e-3, 1e-6, 1e-9, 1e-12)  # distances, relative to a large state, within which the Jacobian's change is
# bounded, tried in turn
STRICT = 1 - 1e-9  # inequalities hold by this factor, more than their own rounding
STRETCHES = (1.0, 1.3, 2.0, 4.0, 16.0)  # ratios of the lengths of a triangular form's directions, tried in turn
UNKNOWN = -1

State = Float[np.ndarray, "state"]
Matrix = Float[np.ndarray, "state state"]


@dataclass(frozen=True)
class Proof:
    """What is proved of a fixed point.

    Args:
        radius: there is exactly one within this distance; NaN if that is not proved.
        unstable: how many eigenvalues of the Jacobian of one step lie outside the unit circle there, all others being
            inside; -1 if that is not proved.
        change: the computed eigenvalues of the leaks times the Jacobian of the displacement; None if not needed.
    """

    radius: float = float("nan")
    unstable: int = UNKNOWN
    change: Complex[np.ndarray, "mode"] | None = None


def prove(flow: Flow, state: State) -> Proof:
    """What can be proved of a fixed point near a state.

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
    try:
        inverse = np.linalg.inv(known.jacobian)
    except np.linalg.LinAlgError:
        return np.nan
    absolute, more = np.abs(inverse), upward(units**2)
    first = np.linalg.norm(absolute @ known.displacement) * more + TINY
    product = absolute @ np.abs(known.jacobian)
    rest = np.abs(np.eye(units) - inverse @ known.jacobian) + gamma(units + 4) * (1 + product) + absolute @ known.error
    linear, square = norm_above(rest) * more, norm_above(inverse) * norm_above(known.change) * more
    room = 1 - linear
    if not room > 0:  # nor does it contract then; and what has overflowed is no proof
        return np.nan
    radius = 1.01 * 2 * first / (room + np.sqrt(room**2 - 2 * square * first))
    inside = first + (linear + square * radius / 2) * radius <= STRICT * radius
    contracts = linear + square * radius < STRICT
    return float(radius) if inside and contracts and radius <= reach else np.nan


def _unstable(leaks: State, known: Enclosure, radius: float) -> tuple[int, Complex[np.ndarray, "mode"] | None]:
    r"""How many eigenvalues are outside the unit circle at every state within the radius, -1 if it stays open.

    The Jacobian of one step is 1 + G, $G = \ell J$ with the leaks. In a basis V of nearly its eigenvectors, or of a
    triangular form, $V^{-1} G V$ is enclosed entry by entry; its eigenvalues are in the discs of Gershgorin, and if no
    disc meets the circle there are as many eigenvalues outside as discs. Beside the number
    the computed eigenvalues of G are returned.
    """
    with np.errstate(invalid="ignore"):
        spread = np.where(known.change > 0, known.change * radius, 0.0)
    error = leaks[:, None] * ((known.error + spread) * upward(8) + 4 * TINY)
    matrix = leaks[:, None] * known.jacobian
    error = error + 2 * gamma(2) * np.abs(matrix)
    if not (np.isfinite(matrix).all() and np.isfinite(error).all()):
        return UNKNOWN, None
    try:
        change, vectors = (part.astype(complex) for part in np.linalg.eig(matrix))
    except np.linalg.LinAlgError:
        return UNKNOWN, None
    for basis in _bases(matrix, vectors):
        found = _discs(matrix, error, basis)
        if found is None:
            continue
        inside, outside = _sides(*found)
        if (inside | outside).all():
            return int(outside.sum()), change
    return UNKNOWN, change


def _bases(matrix: Matrix, vectors: Complex[np.ndarray, "state state"]) -> Iterator[Complex[np.ndarray, "state state"]]:
    """Eigenvectors; then the triangular form's directions, of lengths that make what is above the diagonal small."""
    yield vectors
    try:
        directions = schur(matrix, output="complex")[1]
    except np.linalg.LinAlgError:
        return
    for stretch in STRETCHES:
        yield directions * stretch ** -np.arange(len(matrix), dtype=float)


def _discs(
    matrix: Matrix, error: Matrix, basis: Complex[np.ndarray, "state state"]
) -> tuple[Complex[np.ndarray, "state"], State] | None:
    """Centres and radii of discs that hold the eigenvalues of every matrix so near; None in a singular basis."""
    try:
        inverse = np.linalg.inv(basis)
    except np.linalg.LinAlgError:
        return None
    units = len(matrix)
    slack, more = 2 * gamma(2 * units + 8), upward(units**2)  # a complex product has real ones of twice the length
    back, width = np.abs(inverse), np.abs(basis).sum(axis=1)
    apart = np.abs(np.eye(units) - inverse @ basis).sum(axis=1) + slack * (1 + back @ width)
    off = float(apart.max()) * more  # of the inverse, in the norm of row sums
    if not off < 0.5:
        return None
    turned = inverse @ (matrix @ basis)
    wrong = back @ (3 * slack * (np.abs(matrix) @ width) + error @ width) + units * TINY
    rows = np.abs(turned).sum(axis=1)
    centres = np.diagonal(turned)
    radii = rows - np.abs(centres) + slack * rows + wrong + off / (1 - off) * (rows + wrong).max()
    return centres, radii * more


def _sides(centres: Complex[np.ndarray, "state"], radii: State) -> tuple[Bool[np.ndarray, "state"], ...]:
    r"""Which discs around 1 + c are inside the unit circle, and which outside: $|1 + c|^2 - 1 = 2 \Re c + |c|^2$."""
    beyond = 2 * np.real(centres) + np.abs(centres) ** 2
    blur = gamma(8) * (2 * np.abs(np.real(centres)) + np.abs(centres) ** 2)
    return beyond + blur < -2 * radii, beyond - blur > (2 + radii) * radii * upward(4)
