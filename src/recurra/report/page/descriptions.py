"""Descriptions of the figures, made from their numbers, for readers who cannot see them."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from recurra.analysis import (
    Census,
    Chronometric,
    Geometry,
    Lifetimes,
    Psychometric,
    Reduction,
    RestingModes,
    Spectrum,
)
from recurra.plotting.scenes.graph import Graph
from recurra.plotting.scenes.landmarks import Landmarks
from recurra.plotting.scenes.loadings import LoadingsCloud
from recurra.wording import number_of, percent, three
from recurra.words.choices import chronometric_words, psychometric_words
from recurra.words.spectra import modes_words

ARROWS = 24  # arrows of a graph that are read out


def bit_trials(
    name: str, targets: Float[np.ndarray, "trial time output"], outputs: Float[np.ndarray, "trial time output"]
) -> str:
    """The sample trials of a flip-flop."""
    agree = _agreement(targets, outputs)
    return (
        f"{name}: {number_of(len(targets), 'sample trial')}, one row per bit, with input, target and output. "
        f"Where the target is not zero the output has its sign {percent(agree)} % of the time; "
        f"root-mean-square difference {three(_rms(targets, outputs))}."
    )


def trials(name: str, examples: xr.Dataset, outputs: Float[np.ndarray, "trial time output"]) -> str:
    """The sample trials of any other task."""
    return (
        f"{name}: {number_of(len(outputs), 'sample trial')} with {_channels(examples)}, target and output. "
        f"Root-mean-square difference between target and output {three(_masked_rms(examples, outputs))}."
    )


def probe(
    name: str, shown: xr.Dataset, outputs: Float[np.ndarray, "condition time output"], names: Sequence[str]
) -> str:
    """The answers to the conditions."""
    errors = [_masked_rms(shown.isel(condition=at), one) for at, one in enumerate(outputs)]
    worst = int(np.argmax(np.nan_to_num(errors, nan=np.inf)))
    return (
        f"{name}: the answer to {number_of(len(names), 'condition')}, {_listed(names)}; one panel "
        f"per condition, with target and output. The root-mean-square difference is at most {three(errors[worst])}, "
        f"in the condition {names[worst]}."
    )


def choices(name: str, shares: Psychometric, times: Chronometric) -> str:
    """The psychometric and the chronometric curve."""
    return (
        f"{name}: the share of positive choices by the evidence, and the median reaction time by its strength. "
        f"{psychometric_words(shares)} {chronometric_words(times)}"
    )


def trajectories(name: str, reduction: Reduction, names: Sequence[str], count: int) -> str:
    """The paths of the probe in state space."""
    share = percent(float(reduction.explained_variance[:count].sum()))
    return (
        f"{name}: the path of the rates in {number_of(len(names), 'condition')}, {_listed(names)}, "
        f"along {number_of(count, 'principal component')} with {share} % of the variance."
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
        f"Learning curves of {number_of(len(names), 'network')} over {trials:,.0f} training trials: "
        f"the last validation loss is between {three(min(last))} and {three(max(last))}."
    )


def weights(name: str, before: Float[np.ndarray, "post pre"] | None, after: Float[np.ndarray, "post pre"]) -> str:
    """The matrices, NaN where no connection exists, and the distribution."""
    absent = int(np.isnan(after).sum())
    missing = f", {absent:,} of which do not exist" if absent else ""
    size = f"{len(after)} by {len(after)} recurrent weights{missing}"
    text = f"{name}: matrix of {size}, standard deviation {three(float(np.nanstd(after)))}"
    if before is None:
        return text + "."
    changes = three(float(np.nanstd(after - before)))
    return f"{text} after training and {three(float(np.nanstd(before)))} before; the changes have {changes}."


def loadings(name: str, scene: LoadingsCloud) -> str:
    """The cloud of the loadings."""
    groups = _listed([one.name for one in scene.populations])
    return (
        f"{name}: the loadings {_listed(scene.names)} of {number_of(scene.units, 'unit')}, every pair against each "
        f"other. {groups}."
    )


def spectrum(name: str, record: Spectrum, modes: RestingModes) -> str:
    """One spectrum."""
    return (
        f"{name}: {number_of(len(record.eigenvalues), 'eigenvalue')} of the recurrent weights in the complex plane, "
        f"{record.count_outside} outside the unit circle, the largest modulus {three(abs(record.leading))}. "
        f"Modes {modes_words(modes)}."
    )


def spectra(all_spectra: Sequence[Spectrum]) -> str:
    """The spectra of many networks."""
    outside = [one.count_outside for one in all_spectra]
    return (
        f"Density of the eigenvalues of {number_of(len(all_spectra), 'network')} in the complex plane; "
        f"each network has between {min(outside)} and {max(outside)} outside the unit circle."
    )


def state_space(name: str, geometry: Geometry, pca: Reduction, count: int) -> str:
    """The memory states in space."""
    shares = pca.explained_variance[:count]
    cosine = np.abs(geometry.axis_cosines).max(initial=0)
    return (
        f"{name}: the path of the rates between {len(geometry.state_means)} memory states. "
        f"Largest cosine between axes {three(float(cosine))}; "
        f"the first {count} principal components carry {percent(float(shares.sum()))} % of the variance."
    )


def landmarks(marks: Landmarks | None) -> str:
    """The fixed points and orbits in a state space, as a further sentence; nothing where there are none."""
    if marks is None or not len(marks.points) + len(marks.orbits):
        return ""
    stable = int(marks.stable.sum())
    counts = {"stable fixed point": stable, "saddle": len(marks.points) - stable, "orbit": len(marks.orbits)}
    told = [number_of(count, name) for name, count in counts.items()]
    hidden = f"; {number_of(marks.hidden, 'fixed point')} not in view" if marks.hidden else ""
    return f" It shows {told[0]}, {told[1]} and {told[2]}{hidden}."


def program(name: str, graph: Graph) -> str:
    """The graph of attractors and stimuli."""
    words = (("point at rest", "points at rest"), ("orbit", "orbits"), ("unstable point", "unstable points"))
    counts = [int((graph.kind == kind).sum()) for kind in range(len(words))]
    told = [f"{count} {pair[count != 1]}" for count, pair in zip(counts, words, strict=True) if count]
    arrows = "; ".join(arrow.text for arrow in graph.arrows[:ARROWS])
    more = f"; and {len(graph.arrows) - ARROWS} more" if len(graph.arrows) > ARROWS else ""
    return (
        f"{name}: graph of {', '.join(told) or 'no attractors'} and where stimuli lead from them, "
        f"{number_of(len(graph.arrows), 'arrow')}{': ' if arrows else ''}{arrows}{more}; "
        f"{number_of(len(graph.saddles), 'place')} with saddles between."
    )


def lifetimes(name: str, record: Lifetimes) -> str:
    """The bars of the memory states."""
    ended = record.lifetime_ms[np.isfinite(record.lifetime_ms)]
    text = (
        f"{name}: how long each of {len(record.kind)} memory states lasts without a pulse, on a logarithmic axis. "
        f"{len(record.kind) - len(ended)} last longer than the observed {record.longest_ms:,.0f} ms"
    )
    return f"{text}, the shortest lasts {three(float(ended.min()))} ms." if len(ended) else f"{text}."


def census(record: Census, signatures: Sequence[str]) -> str:
    """The map of the cohort."""
    counted = "; ".join(
        f"{words}: {count}" for words, count in zip(signatures, record.signature_count.tolist(), strict=True)
    )
    return (
        f"Map of {int(record.compared.sum())} networks, near to each other if their rates are alike, "
        f"stress {three(record.stress)}. Networks by their regimes: {counted}."
    )


def _agreement(targets: np.ndarray, outputs: np.ndarray) -> float:
    asked = targets != 0
    return float((np.sign(outputs) == np.sign(targets))[asked].mean()) if asked.any() else float("nan")


def _rms(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.sqrt(((outputs - targets) ** 2).mean()))


def _masked_rms(shown: xr.Dataset, outputs: np.ndarray) -> float:
    """The difference where the output counts; NaN where it never does."""
    counts = shown["mask"].values > 0
    return _rms(shown["targets"].values[counts], outputs[counts]) if counts.any() else float("nan")


def _channels(shown: xr.Dataset) -> str:
    inputs = shown.sizes["input"]
    return "input" if inputs == 1 else f"{inputs} inputs"


def _listed(names: Sequence[str], most: int = 12) -> str:
    """All names, or the first and the last one if there are many."""
    return ", ".join(names) if len(names) <= most else f"from {names[0]} to {names[-1]}"
