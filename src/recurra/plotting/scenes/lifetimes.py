"""How long a flip-flop network holds its memory states: bars, their marks and their words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from recurra.analysis.memory.lifetimes import KINDS, STABLE, Lifetimes
from recurra.plotting.colors import state_colors
from recurra.words.names import network_name, state_name

MOST = 32  # most bars; with more memory states the shortest lifetimes are drawn
ABOVE = 0.05  # room above the longest bar for an arrow, as a share of the logarithmic axis


@dataclass(frozen=True)
class NetworkBars:
    """The memory states of one network, one bar each.

    Args:
        title: the network, and how many of its states last to the end.
        names: the names of the states.
        colors: the colours of the states.
        length_ms: the lengths of the bars, within the limits of the axis.
        held: whether each memory is right to the end of the observed time.
        at_rest: whether the network is then at rest.
        never: whether each memory was never right.
        kinds: stable, drifting or oscillating.
        ends: what stands behind each bar: when it ends and where, or what it does if it is not at rest.
        longest_ms: observed time, ms.
    """

    title: str
    names: tuple[str, ...]
    colors: tuple[str, ...]
    length_ms: Float[np.ndarray, "bar"]
    held: Bool[np.ndarray, "bar"]
    at_rest: Bool[np.ndarray, "bar"]
    never: Bool[np.ndarray, "bar"]
    kinds: tuple[str, ...]
    ends: tuple[str, ...]
    longest_ms: float


@dataclass(frozen=True)
class LifetimeBars:
    """The bars of networks that are compared, on one logarithmic axis.

    Args:
        networks: the bars of each.
        limits_ms: least and greatest time on the axis, ms.
        trained_ms: length of the trials that the networks were trained on, ms.
    """

    networks: tuple[NetworkBars, ...]
    limits_ms: tuple[float, float]
    trained_ms: float


def lifetimes_scene(
    lifetimes: Sequence[Lifetimes],
    states: Int[np.ndarray, "state bit"],
    trained_ms: float,
    numbers: Sequence[int],
    limits_ms: tuple[float, float],
) -> LifetimeBars:
    """The bars of some networks.

    Args:
        lifetimes: the lifetimes of each.
        states: the memory states as signs.
        trained_ms: length of the trials that the networks were trained on, ms.
        numbers: the networks' numbers.
        limits_ms: the limits of the axis: `lifetime_limits` of all networks that are compared.
    """
    bars = tuple(_bars(one, states, limits_ms[0], number) for one, number in zip(lifetimes, numbers, strict=True))
    return LifetimeBars(bars, limits_ms, trained_ms)


def shortest(lifetimes: Lifetimes) -> Int[np.ndarray, "shown"]:
    """The memory states that have a bar: all, or the `MOST` with the shortest lifetimes, in their order."""
    order = np.lexsort((lifetimes.kind == KINDS.index(STABLE), lifetimes.lifetime_ms))
    return np.sort(order[:MOST])


def lifetime_limits(lifetimes: Sequence[Lifetimes], trained_ms: float) -> tuple[float, float]:
    """Where the axis begins and ends, ms: a decade that is below every bar, and above the arrows.

    Args:
        lifetimes: the lifetimes of all networks that are compared.
        trained_ms: length of the trials that they were trained on, ms.
    """
    times = np.concatenate([[trained_ms], *(one.lifetime_ms for one in lifetimes)])
    least = float(times[np.isfinite(times) & (times > 0)].min())
    low, high = float(10 ** np.floor(np.log10(0.8 * least))), max(one.longest_ms for one in lifetimes)
    return low, high * (high / low) ** (2 * ABOVE)


def _bars(lifetimes: Lifetimes, states: Int[np.ndarray, "state bit"], low: float, number: int) -> NetworkBars:
    shown, count = shortest(lifetimes), len(states)
    times, held = lifetimes.lifetime_ms[shown], int(np.isinf(lifetimes.lifetime_ms).sum())
    few = f", the {len(shown)} shortest" if len(shown) < count else ""
    return NetworkBars(
        title=f"{network_name(number)}: {held} of {count} to the end{few}",
        names=tuple(state_name(states[at]) for at in shown),
        colors=tuple(state_colors(states[shown])),
        length_ms=np.clip(times, low, lifetimes.longest_ms),
        held=np.isinf(times),
        at_rest=lifetimes.kind[shown] == KINDS.index(STABLE),
        never=times <= 0,
        kinds=tuple(lifetimes.kind_of(int(at)) for at in shown),
        ends=tuple(_ending(lifetimes, states, int(at)) for at in shown),
        longest_ms=lifetimes.longest_ms,
    )


def _ending(lifetimes: Lifetimes, states: Int[np.ndarray, "state bit"], at: int) -> str:
    """The kind of a memory that lasts, if it is not stable; where another ends, and when."""
    kind, time = lifetimes.kind_of(at), lifetimes.lifetime_ms[at]
    if np.isinf(time):
        return "" if kind == STABLE else kind
    when = f"{time:,.0f}" if time > 0 else "wrong from the start"
    return f"{when} → {state_name(states[lifetimes.ends_in[at]])}"
