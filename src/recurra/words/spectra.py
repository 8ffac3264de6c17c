"""Spectra, modes at rest and transient gains: in sentences, and in plain values for JSON."""

from typing import Any

import numpy as np

from recurra.analysis import NonNormality, RestingModes, Spectrum, TransientGains, weight_statistics
from recurra.analysis.dynamics.modes import LIMIT
from recurra.models.network import Network
from recurra.wording import course_words, motion_words, number_of, percent, three, time_words

OF_WEIGHTS = "the recurrent weights W: h <- W h"
OF_REST = "one step of the network without input, linearized where it rests"
OF_POINTS = "one step of the network without input, linearized at its stable fixed points"


def outside_words(values: Spectrum) -> str:
    """How many eigenvalues lie outside the unit circle, and the largest modulus."""
    outside = number_of(values.count_outside, "eigenvalue")
    return f"{outside} outside the unit circle, largest |λ| {abs(values.leading):.3f}"


def rest_words(modes: RestingModes) -> str:
    """Where a network rests without input, or why it has no modes at rest."""
    if not modes.smooth:
        return "none: relu has no slope at zero, where a unit rests"
    if not modes.known:
        return "none: without input the network does not come to rest"
    if not modes.at_start:
        return "at the state that it goes to without input"
    return "where it starts" if modes.state.any() else "at zero, where it starts"


def modes_words(modes: RestingModes) -> str:
    """The leading mode at rest, such as "at zero, where it starts: largest |μ| 1.31, period 30 ms, grows in 4 ms"."""
    if not modes.known:
        return rest_words(modes)
    motion = motion_words(modes.frequency_hz, modes.time_constant_ms)
    return f"{rest_words(modes)}: largest |μ| {three(abs(modes.leading))}, {motion}"


def gain_words(gains: TransientGains) -> str:
    """The largest transient gain at a stable fixed point."""
    if not len(gains):
        return "none: no stable fixed point without input"
    at = int(gains.gain.argmax())
    when = f"after {time_words(gains.gain_ms[at])}" if gains.gain_ms[at] else "disturbances only decay"
    bound = "" if gains.proved.all() else f", the largest within {LIMIT:,} steps"
    points = number_of(len(gains), "stable fixed point")
    more = f", {gains.left_out} more not looked at" if gains.left_out else ""
    return f"{three(gains.gain[at])} ({when}{bound}), the most at {points}{more}"


def spectrum_table(values: Spectrum) -> dict[str, Any]:
    """The eigenvalues of the recurrent weights in plain values; "of" says which linear system they belong to."""
    return {
        "of": OF_WEIGHTS,
        "outliers": [[value.real, value.imag] for value in values.outliers.tolist()],
        "count_outside": values.count_outside,
        "leading": [values.leading.real, values.leading.imag],
        "largest_modulus": abs(values.leading),
        "largest_real_part": values.largest_real_part,
    }


def skew_table(skew: NonNormality) -> dict[str, Any]:
    """How far the recurrent weights are from a normal matrix, in plain values."""
    return {"of": OF_WEIGHTS, "henrici": skew.henrici, "norm": skew.norm}


def modes_table(modes: RestingModes) -> dict[str, Any]:
    """The modes at rest in plain values."""
    return {
        "of": OF_REST,
        "rest": rest_words(modes),
        "leading": [modes.leading.real, modes.leading.imag] if modes.known else None,
        "largest_modulus": abs(modes.leading) if modes.known else None,
        "frequency_hz": modes.frequency_hz,
        "time_constant_ms": modes.time_constant_ms,
        "course": course_words(modes.time_constant_ms) if modes.known else None,
        "reactivity": modes.reactivity,
    }


def gains_table(gains: TransientGains) -> dict[str, Any]:
    """The transient gains at stable fixed points in plain values."""
    return {
        "of": OF_POINTS,
        "points": [
            {
                "fixed_point": int(gains.point[at]),
                "reactivity": float(gains.reactivity[at]),
                "gain": float(gains.gain[at]),
                "gain_ms": float(gains.gain_ms[at]),
                "proved_largest": bool(gains.proved[at]),
            }
            for at in np.argsort(-gains.gain, kind="stable").tolist()
        ],
        "largest": float(gains.gain.max()) if len(gains) else None,
        "left_out": gains.left_out,
    }


def weights_table(network: Network) -> dict[str, Any] | None:
    """The numbers of the distribution of the recurrent weights, for JSON; None for a cell without one matrix."""
    return {"of": "the recurrent weights W"} | vars(weight_statistics(network)) if network.has_recurrent else None


def weights_words(network: Network) -> str:
    """The distribution of the recurrent weights in a line."""
    told = weight_statistics(network)
    return (
        f"weights: mean {three(told.mean)}, standard deviation {three(told.deviation)}, excess kurtosis "
        f"{three(told.excess_kurtosis)}, largest {three(told.largest)}, {percent(told.positive)} % above 0"
    )
