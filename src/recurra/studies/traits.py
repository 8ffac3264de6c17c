"""Properties of weights and dynamics that the papers name, as numbers: spectra, weights, regimes, fixed points."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from recurra.analysis import fixed_points, regimes
from recurra.analysis.dynamics.regimes import CYCLE, FIXED, QUIESCENT
from recurra.analysis.visit import Visit
from recurra.analysis.weights.distribution import weight_statistics
from recurra.analysis.weights.spectra import OUTSIDE, non_normality, share_on_circle, spectrum
from recurra.arrays import AnyArray
from recurra.models.network import Network
from recurra.tasks import Task

SHUFFLES = 20  # shuffles of the change by training, for the null distribution
LEADING = 3  # number of eigenvalues that the papers call leading
REAL = 1e-9  # largest imaginary part of an eigenvalue that counts as real
CHANGED = ("on_circle", "rest_on_circle", "outside", "henrici")
DYNAMICS = ("at_rest", "cycles", "conditions", "fixed_points", "stable_points")
NO_DYNAMICS: dict[str, Any] = {"regimes": "", **dict.fromkeys(DYNAMICS, float("nan"))}

Matrix = Float[np.ndarray, "post pre"]


def weight_traits(
    recurrent: Float[AnyArray, "post pre"],
    before: Float[AnyArray, "post pre"] | None,
    seed: int,
    connections: Bool[AnyArray, "post pre"] | None = None,
) -> dict[str, Any]:
    """Spectrum, departure from normality and weights near zero of W: after training, before it, and by chance.

    For chance, the entries of the change by training are shuffled over the matrix (mean over 20 shuffles). This gives
    the effect that any change of this size has on these initial weights. Before training and by chance the values are
    NaN if the weights before training are not known.

    Args:
        recurrent: W.
        before: W before training, if it is known.
        seed: seed of the random changes.
        connections: which connections exist; all if None.
    """
    after = np.asarray(recurrent, np.float64)
    exist = np.ones(after.shape, bool) if connections is None else np.asarray(connections)
    weights = weight_statistics(recurrent=after, connections=exist)
    traits = {"units": len(after), **_changed(after), "leading": leading_kinds(after)}
    traits |= {"near_zero": weights.near_zero, "near_zero_normal": weights.near_zero_normal}
    traits |= {"leading_values": leading_values(after), "normal_distance": normal_distance(after[exist])}
    if before is None:
        names = (*(f"{name}_{when}" for when in ("before", "chance") for name in CHANGED), "near_zero_before")
        return traits | dict.fromkeys(names, np.nan)
    start = np.asarray(before, np.float64)
    traits |= {f"{name}_before": value for name, value in _changed(start).items()}
    traits |= {f"{name}_chance": value for name, value in _shuffled(start, after - start, exist, seed).items()}
    return traits | {"near_zero_before": weight_statistics(recurrent=start, connections=exist).near_zero}


def _changed(matrix: Matrix) -> dict[str, float]:
    """Properties that training changes: eigenvalues on the unit circle and outside, departure from normality."""
    values = spectrum(recurrent=matrix).eigenvalues
    inside = values[np.abs(values) <= OUTSIDE]
    return {
        "on_circle": share_on_circle(eigenvalues=values),
        "rest_on_circle": share_on_circle(eigenvalues=inside) if len(inside) else 1.0,
        "outside": len(values) - len(inside),
        "henrici": non_normality(recurrent=matrix).henrici,
    }


def _shuffled(start: Matrix, change: Matrix, exist: Bool[np.ndarray, "post pre"], seed: int) -> dict[str, float]:
    draws, rows = np.random.default_rng(seed), []
    for _ in range(SHUFFLES):
        shuffled = np.zeros(change.shape)
        shuffled[exist] = draws.permutation(change[exist])
        rows.append(_changed(start + shuffled))
    return {name: float(np.mean([row[name] for row in rows])) for name in CHANGED}


def leading_kinds(matrix: Matrix) -> str:
    """The three eigenvalues of largest modulus, with conjugate pairs kept whole: "1 real, 1 pair"."""
    real = pairs = 0
    for value in spectrum(recurrent=matrix).eigenvalues:
        if real + 2 * pairs >= LEADING:
            break
        real += int(abs(value.imag) <= REAL)
        pairs += int(value.imag > REAL)
    return f"{real} real, {pairs} {'pair' if pairs == 1 else 'pairs'}"


def leading_values(matrix: Matrix) -> str:
    """The eigenvalues that `leading_kinds` counts: "1.13, 1.12, 0.98 ± 0.21i"."""
    words: list[str] = []
    count = 0
    for value in spectrum(recurrent=matrix).eigenvalues:
        if count >= LEADING:
            break
        if value.imag >= -REAL:
            real = abs(value.imag) <= REAL
            words.append(f"{value.real:.3g}" if real else f"{value.real:.3g} ± {value.imag:.3g}i")
            count += 1 if real else 2
    return ", ".join(words)


def normal_distance(matrix: Float[np.ndarray, "..."]) -> float:
    """The largest difference between the distribution of the weights and a normal one of the same mean and deviation.

    The Kolmogorov-Smirnov distance; 0 if all weights are equal.
    """
    weights = np.sort(matrix.ravel())
    deviation = weights.std()
    if not deviation > 0:
        return 0.0
    return float(stats.kstest((weights - weights.mean()) / deviation, "norm").statistic)


def dynamic_traits(network: Network, task: Task, seed: int) -> dict[str, Any]:
    """The regime after each condition, and the numbers of fixed points and of stable ones.

    Args:
        network: the network.
        task: the task on which it was trained.
        seed: seed of the starts of the search for fixed points.
    """
    visit = Visit(network, task, seed)
    probe, points = visit.probe, fixed_points(visit)
    network_regimes = regimes(network, probe=probe, ends=visit.ends)
    kinds = [network_regimes.kind_of(at) for at in range(len(network_regimes))]
    names = [probe.condition_names[int(number)] for number in np.asarray(probe.condition)]
    return {
        "regimes": "; ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True)),
        "at_rest": sum(kind in (QUIESCENT, FIXED) for kind in kinds),
        "cycles": kinds.count(CYCLE),
        "conditions": len(kinds),
        "fixed_points": len(points),
        "stable_points": int((points.index == 0).sum()),
    }


def eigenvalue_rows(network: Network, labels: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per eigenvalue of the recurrent weights, each with the given labels."""
    values = spectrum(recurrent=network.recurrent).eigenvalues
    return [{**labels, "real": float(value.real), "imaginary": float(value.imag)} for value in values]
