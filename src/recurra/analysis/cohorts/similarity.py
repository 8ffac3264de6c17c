"""The similarity of networks: of the geometry of their rates, their eigenvalues and their dynamics.

Costly steps are done once per network, in `signature_of`; `similarity_matrices` then compares all pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Complex, Float

from recurra.analysis.cohorts.eigenvalue_distances import (
    Rates,
    dynamic_modes,
    nearest_linearizations,
    ordered,
    spectral_distance,
)
from recurra.analysis.subjects import Subject, of_each_network, rates_of, visit_of
from recurra.analysis.visit import Visit
from recurra.arrays import AnyArray
from recurra.checks import check_array, check_choice, check_count
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.threads import one_thread

Flat = Float[np.ndarray, "sample _unit"]
MEASURES = ("procrustes", "cka", "spectral", "dynamical", "linearized")
SAMPLES = 1_000  # most samples of the rates in a signature: every n-th step, the same steps for all networks
NEGLIGIBLE = 1e-8  # share of the variance of the rates that a signature leaves out
UNVARIED = 1e-12  # rates that vary by less, relative to the largest one, do not vary


@dataclass(frozen=True)
class Signature(Shown):
    r"""The properties of a network that are compared with those of others.

    Entries that are not finite because the rates or the eigenvalues have overflowed are NaN throughout.

    Args:
        shape: the rates along their principal directions, centred, with Frobenius norm 1; zero if they do not vary.
        eigenvalues: eigenvalues of the recurrent weights.
        dynamic_modes: eigenvalues of the dynamics of the rates, from `dynamic_modes`.
        linearized: eigenvalues of the linearizations, from `nearest_linearizations`.
    """

    shape: Float[np.ndarray, "sample direction"]
    eigenvalues: Complex[np.ndarray, "mode"]
    dynamic_modes: Complex[np.ndarray, "dynamic_mode"]
    linearized: Complex[np.ndarray, "condition state_mode"]


@dataclass(frozen=True)
class Similarities(Shown):
    """The similarity of all pairs of networks in every measure; NaN if either network could not be measured.

    Args:
        procrustes: angle between the shapes of the rates, 0 to π/2.
        cka: linear centred kernel alignment of the rates, 1 for the same geometry, 0 for none in common.
        spectral: Wasserstein distance between the eigenvalues of the recurrent weights.
        dynamical: Wasserstein distance between the eigenvalues of the dynamics of the rates.
        linearized: Wasserstein distance between the eigenvalues of the linearizations near which the conditions end,
            the root of the mean square over the conditions.
    """

    sources: ClassVar[tuple[str, ...]] = ("williams2021", "kornblith2019", "hoffman1953", "ostrow2023", "schmid2010")

    procrustes: Float[np.ndarray, "network other_network"]
    cka: Float[np.ndarray, "network other_network"]
    spectral: Float[np.ndarray, "network other_network"]
    dynamical: Float[np.ndarray, "network other_network"]
    linearized: Float[np.ndarray, "network other_network"]

    def distances(self, measure: str) -> Float[np.ndarray, "network other_network"]:
        """The distances in a measure, all of them metrics; for `cka` the angle arccos(CKA), 0 to π/2.

        Args:
            measure: one of `MEASURES`.
        """
        check_choice("measure", measure, MEASURES)
        return _angle(self.cka) if measure == "cka" else getattr(self, measure)


def linear_cka(
    first: Network | Visit | Float[np.ndarray, "*sample unit"],
    second: Network | Visit | Float[np.ndarray, "*sample other_unit"],
    task: Task | None = None,
) -> float:
    r"""Linear centred kernel alignment, $\|X^T Y\|_F^2 / (\|X^T X\|_F \|Y^T Y\|_F)$ of centred rates X and Y.

    1 if the rates differ by a rotation of the space of units and a factor; 0 if no direction of one is correlated
    with one of the other. The networks may differ in their number of units. Rates that do not vary (a silent network,
    or one at rest in all conditions) have 1 with each other and 0 with all others; NaN where a rate is not finite.

    Args:
        first: a network, or rates of one.
        second: another, or its rates at the same inputs and times.
        task: the task of networks that do not know theirs; their rates are those on its probe.

    Source: Kornblith, Norouzi, Lee and Hinton (2019).
    """
    return float(_shape_matrices(_shapes(rates_of(first, task), rates_of(second, task)))[1][0, 1])


def procrustes_distance(
    first: Network | Visit | Float[np.ndarray, "*sample unit"],
    second: Network | Visit | Float[np.ndarray, "*sample other_unit"],
    task: Task | None = None,
) -> float:
    r"""The angular Procrustes distance $\min_Q \arccos \langle X, Y Q \rangle = \arccos \|X^T Y\|_*$, in radians.

    X and Y are the rates, centred and scaled to $\|X\|_F = 1$, and Q is orthogonal: rotations, reflections and
    permutations of the units, offsets and factors do not count. It is a metric with values from 0 to π/2. If networks
    differ in their number of units, the smaller one gets silent units, which changes none of its distances. Rates that
    do not vary have distance 0 from each other and π/2 from all others; NaN if a rate is not finite. Rounding can turn
    a distance of 0 into up to about 1e-7.

    Args:
        first: a network, or rates of one.
        second: another, or its rates at the same inputs and times.
        task: the task of networks that do not know theirs; their rates are those on its probe.

    Source: Williams, Kunz, Kornblith and Linderman (2021), without whitening.
    """
    return float(_shape_matrices(_shapes(rates_of(first, task), rates_of(second, task)))[0][0, 1])


@of_each_network
def signature_of(
    network: Subject | None = None,
    task: Task | None = None,
    *,
    rates: Rates | None = None,
    recurrent: Float[AnyArray, "post pre"] | None = None,
    linearized: Complex[np.ndarray, "condition state_mode"] | None = None,
    seed: int | None = None,
) -> Signature:
    """The properties of a network that are compared with those of others by the measures of this module.

    The shape uses every n-th time step, with the smallest n that leaves at most 1,000 samples in all conditions, in the
    directions that carry all but 1e-8 of the variance. The dynamics use all steps.

    Args:
        network: the network, or a cohort; not needed with `rates`.
        task: its task; not needed where the network knows it.
        rates: rates on a probe, the same for all networks that are compared; if not given, those of the network, and
            the rest is the network's too unless it is given.
        recurrent: the recurrent weights; None if they are not a single matrix, for which the spectral distance is NaN.
        linearized: eigenvalues from `nearest_linearizations`; None if they are not known, for which the measure
            "linearized" is NaN.
        seed: seed of the search for fixed points; if not given, that of the network's cohort, or 0.
    """
    if rates is None:
        visit = visit_of(network, task, seed)
        rates, known = visit.rates, visit.network
        recurrent = known.recurrent if recurrent is None and known.has_recurrent else recurrent
        linearized = nearest_linearizations(visit) if linearized is None else linearized
    rates = check_array("rates", rates, finite=False, condition=None, time=None, unit=None)
    if linearized is None:
        linearized = np.full((1, 1), np.nan, np.complex128)
    every = -(-rates.shape[0] * rates.shape[1] // SAMPLES)
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):  # huge weights may overflow
        values = np.full(1, np.nan, np.complex128)
        if recurrent is not None:
            values = ordered(np.linalg.eigvals(np.asarray(recurrent, np.float64)))
        return Signature(_reduced(_shape(rates[:, ::every])), values, dynamic_modes(rates), linearized)


def pairwise(signatures: Sequence[Signature]) -> Similarities:
    """The similarity of all pairs of networks in every measure.

    Args:
        signatures: signatures of the networks, all from the same probe.
    """
    check_count("number of signatures", len(signatures))
    first = signatures[0]
    for at, signature in enumerate(signatures):
        if (len(signature.shape), len(signature.linearized)) != (len(first.shape), len(first.linearized)):
            raise ValueError(
                f"signature {at} has {len(signature.shape)} samples and {len(signature.linearized)} linearizations, "
                f"the first one {len(first.shape)} and {len(first.linearized)}; "
                "expected rates of all networks on the same probe"
            )
    with one_thread():
        procrustes, cka = _shape_matrices([signature.shape for signature in signatures])
    squares = [
        _transport_matrix([signature.linearized[at] for signature in signatures]) ** 2
        for at in range(len(first.linearized))
    ]
    return Similarities(
        procrustes=procrustes,
        cka=cka,
        spectral=_transport_matrix([signature.eigenvalues for signature in signatures]),
        dynamical=_transport_matrix([signature.dynamic_modes for signature in signatures]),
        linearized=np.sqrt(np.mean(squares, axis=0)),
    )


def _shape_matrices(
    shapes: Sequence[Float[np.ndarray, "sample _direction"]],
) -> tuple[Float[np.ndarray, "network other_network"], Float[np.ndarray, "network other_network"]]:
    """Procrustes distances and CKA of shapes; between two shapes that are zero they are 0 and 1."""
    count, widest = len(shapes), max(shape.shape[1] for shape in shapes)
    padded = np.stack([np.pad(shape, ((0, 0), (0, widest - shape.shape[1]))) for shape in shapes])
    finite = np.array([bool(np.isfinite(shape).all()) for shape in shapes])
    still = np.array([not shape.any() for shape in shapes])
    norms = np.array([np.linalg.norm(shape.T @ shape) or 1.0 for shape in shapes])
    cosine, cka = np.full((count, count), np.nan), np.full((count, count), np.nan)
    for at in np.flatnonzero(finite):
        others = np.flatnonzero(finite[at:]) + at
        cross = padded[at].T @ padded[others]
        cosine[at, others] = np.linalg.svd(cross, compute_uv=False).sum(axis=-1)
        cka[at, others] = (cross**2).sum(axis=(1, 2)) / (norms[at] * norms[others])
        alike = others[(others == at) | (still[at] & still[others])]
        cosine[at, alike] = cka[at, alike] = 1.0
    return _mirrored(_angle(cosine)), _mirrored(cka)


def _transport_matrix(sets: Sequence[Complex[np.ndarray, "_mode"]]) -> Float[np.ndarray, "network other_network"]:
    """Wasserstein distances between sets of eigenvalues."""
    distances = np.full((len(sets), len(sets)), np.nan)
    for at, eigenvalues in enumerate(sets):
        distances[at, at:] = [spectral_distance(eigenvalues, other) for other in sets[at:]]
    return _mirrored(distances)


def _mirrored(upper: Float[np.ndarray, "network other_network"]) -> Float[np.ndarray, "network other_network"]:
    return np.where(np.tri(len(upper), dtype=bool), upper.T, upper)


def _shapes(first: np.ndarray, second: np.ndarray) -> tuple[Flat, Flat]:
    """The shapes of two arrays of rates; an error if they are not at the same inputs and times."""
    if np.shape(first)[:-1] != np.shape(second)[:-1] or np.ndim(first) < 2:
        raise ValueError(
            f"rates have shapes {np.shape(first)} and {np.shape(second)}; expected all axes but the last, "
            "the units, to be the same: compare networks on the same probe"
        )
    return _shape(first), _shape(second)


def _shape(rates: Float[np.ndarray, "*sample unit"]) -> Flat:
    """Rates, flattened, centred and with Frobenius norm 1; zero if they do not vary, NaN if one is not finite."""
    flat = np.asarray(rates, np.float64).reshape(-1, np.shape(rates)[-1])
    largest = np.abs(flat).max()
    if not np.isfinite(largest):
        return np.full_like(flat, np.nan)
    scaled = flat / (largest or 1.0)
    centred = scaled - scaled.mean(axis=0)
    norm = np.linalg.norm(centred)
    return centred / norm if norm > UNVARIED * np.sqrt(flat.size) else np.zeros_like(flat)


def _reduced(shape: Flat) -> Float[np.ndarray, "sample direction"]:
    """A shape along its principal directions that are not negligible, with norm 1 again."""
    if not np.isfinite(shape).all() or not shape.any():
        return shape[:, :1]
    left, lengths, _ = np.linalg.svd(shape, full_matrices=False)
    kept = int((1 - np.cumsum(lengths**2) > NEGLIGIBLE).sum()) + 1
    return left[:, :kept] * (lengths[:kept] / np.linalg.norm(lengths[:kept]))


def _angle(cosine: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    return np.arccos(np.clip(cosine, 0.0, 1.0))
