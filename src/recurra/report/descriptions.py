"""What every figure shows, in words made from its numbers: for readers who do not see it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis import Spectrum
from recurra.plotting.interactive.spectra import mode_words
from recurra.report.words import percent, three
from recurra.studies.dossier import Dossier


def trials(
    name: str, targets: Float[np.ndarray, "trial time output"], outputs: Float[np.ndarray, "trial time output"]
) -> str:
    """The sample trials."""
    agree = _agreement(targets, outputs)
    return (
        f"{name}: {len(targets)} sample trials, a row a bit, with input, target and output. "
        f"Where the target is not zero the output has its sign {percent(agree)} % of the time; "
        f"root-mean-square difference {three(_rms(targets, outputs))}."
    )


def walk(
    name: str,
    state: Int[np.ndarray, "time"],
    targets: Float[np.ndarray, "time output"],
    outputs: Float[np.ndarray, "time output"],
) -> str:
    """The cube walk."""
    visited = len(np.unique(state[state >= 0]))
    return (
        f"{name}: one long trial that visits {visited} memory states, one bit changing at a time, with the state as a "
        f"coloured band below. The output has the target's sign {percent(_agreement(targets, outputs))} % of the time."
    )


def learning(names: Sequence[str], losses: Float[np.ndarray, "network epoch"], trials: float) -> str:
    """The learning curves."""
    last = [curve[np.isfinite(curve)][-1] for curve in losses if np.isfinite(curve).any()]
    if not last:
        return "Learning curves: no network has a finite loss."
    return (
        f"Learning curves of {len(names)} network{'s' if len(names) > 1 else ''} over {trials:,.0f} training trials: "
        f"the last validation loss is between {three(min(last))} and {three(max(last))}."
    )


def weights(name: str, before: Float[np.ndarray, "post pre"] | None, after: Float[np.ndarray, "post pre"]) -> str:
    """The matrices and the distribution."""
    text = f"{name}: matrix of {len(after)} by {len(after)} recurrent weights, standard deviation {three(after.std())}"
    if before is None:
        return text + "."
    return f"{text} after training and {three(before.std())} before; the changes have {three((after - before).std())}."


def spectrum(name: str, found: Spectrum, dt_ms: float) -> str:
    """One spectrum."""
    return (
        f"{name}: {len(found.eigenvalues)} eigenvalues in the complex plane, {found.count_outside} outside the unit "
        f"circle. The leading one: {mode_words(found.leading, dt_ms)}."
    )


def spectra(found: Sequence[Spectrum]) -> str:
    """The spectra of many networks."""
    outside = [one.count_outside for one in found]
    return (
        f"Density of the eigenvalues of {len(found)} networks in the complex plane; "
        f"between {min(outside)} and {max(outside)} of a network lie outside the unit circle."
    )


def state_space(name: str, dossier: Dossier, count: int) -> str:
    """The memory states in space."""
    geometry, shares = dossier.geometry, dossier.pca.explained_variance[:count]
    cosine = np.abs(geometry.axis_cosines).max(initial=0)
    return (
        f"{name}: the path of the rates between {len(geometry.state_means)} memory states. "
        f"Hypercube score {three(geometry.hypercube_r2)}, largest cosine between axes {three(float(cosine))}; "
        f"the first {count} principal components carry {percent(float(shares.sum()))} % of the variance."
    )


def _agreement(targets: np.ndarray, outputs: np.ndarray) -> float:
    asked = targets != 0
    return float((np.sign(outputs) == np.sign(targets))[asked].mean()) if asked.any() else float("nan")


def _rms(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.sqrt(((outputs - targets) ** 2).mean()))
