"""Damage: removal of connections of a trained network by their strength."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis.weights.distribution import existing_weights
from recurra.checks import check_between, check_choice

Sign = Literal["both", "positive", "negative"]
Removal = Literal["cumulative", "slice", "strongest"]
PERCENTS = tuple(float(percent) for percent in range(0, 37, 2))  # Jarne and Laje (2019), Figure 14


def removed(
    recurrent: Float[np.ndarray, "post pre"],
    percent: float,
    sign: Sign = "both",
    removal: Removal = "cumulative",
    width: float = 2.0,
    connections: Bool[np.ndarray, "post pre"] | None = None,
) -> Bool[np.ndarray, "post pre"]:
    r"""Which connections are removed.

    With $q_p$ the p-th percentile of $|w|$ over all recurrent connections that exist, cumulative removal takes
    $|w| < q_p$, a slice takes $q_{p - d} \le |w| < q_p$, and the strongest are $|w| > q_{100 - p}$, of one sign or of
    both. Nothing is removed at 0 %.

    Args:
        recurrent: the weights.
        percent: p, 0 to 100.
        sign: sign of the connections that can be removed: "both", "positive" or "negative".
        removal: "cumulative", "slice" or "strongest".
        width: d of a slice, in percent.
        connections: which connections exist, such as `network.recurrent_connections`; all if None. The others cannot
            be removed.

    Source: Jarne and Laje (2019), section 5.7.
    """
    check_between("percent", percent, 0, 100)
    check_between("width", width, 0, 100)
    check_choice("sign", sign, ("both", "positive", "negative"))
    check_choice("removal", removal, ("cumulative", "slice", "strongest"))
    strength, known = np.abs(recurrent), np.abs(existing_weights(recurrent, connections))
    if removal == "strongest":
        taken = strength > np.quantile(known, 1 - percent / 100)
    else:
        lowest = max(percent - width, 0.0) if removal == "slice" else 0.0
        low, high = np.quantile(known, [lowest / 100, percent / 100])
        taken = (strength >= low if lowest > 0 else np.ones_like(strength, bool)) & (strength < high)
    taken = taken if connections is None else taken & connections
    if sign == "both":
        return taken
    return taken & (recurrent > 0 if sign == "positive" else recurrent < 0)
