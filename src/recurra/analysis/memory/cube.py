"""Whether the memory states of an n-bit flip-flop are held on the corners of a parallelepiped."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from recurra.analysis.memory.geometry import axis_cosines, fitted_axes
from recurra.analysis.memory.memories import LONG
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.flipflop import FlipFlop

HISTORIES = 8  # most memory states that are set before the memory state that is tested
PULSES = 3  # pulses per bit that set the previous state, so that a network that only adds up pulses fails
MOMENTS = 20  # times within the last trial's length at which the rates are measured
STANDS = 0.8  # score from which the memories stand on a parallelepiped; for untrained networks see docs/methods.md
NEAR = 0.5  # largest distance from the right sign at which an output is read right
SHARED = 1e-12  # least eigenvalue of the cosines between axes that are different directions
LARGE = 1e100  # rates beyond this grow without bound

Axes = Float[np.ndarray, "bit unit"]


@dataclass(frozen=True)
class MemoryCube(Shown):
    r"""How closely the rates that a network holds are the corners of a parallelepiped with one direction per bit.

    Args:
        score: 0 to 1; near 1 only if every bit is held in a direction of its own, whatever came before, and read right.
        bit_scores: score of every bit; the lowest is `score`.
        read: for every bit, the share of cases (a state and its previous state) in which its output is within 0.5 of
            the right sign after the long time.
        heights: $2 h_k$ after the long time: distance between the two halves of the corners that differ in bit k, at
            right angles to all other edges.
        heights_set: the same distance a trial's length after the state was set.
        spread: $\sigma$, root of the mean squared distance of the rates from their corner after the long time.
        axis_cosines: cosines between the axes of bits (1,2), (1,3), ... (2,3), ... after the long time.
        long_ms: the long time, ms.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013", "jarne2024")

    score: float
    bit_scores: Float[np.ndarray, "bit"]
    read: Float[np.ndarray, "bit"]
    heights: Float[np.ndarray, "bit"]
    heights_set: Float[np.ndarray, "bit"]
    spread: float
    axis_cosines: Float[np.ndarray, "bit_pair"]
    long_ms: float

    @property
    def stands(self) -> bool:
        """Whether the score is high enough to say that the memories stand on a parallelepiped."""
        return self.score >= STANDS

    def corners(self, bits: int) -> Float[np.ndarray, "state bit"]:
        r"""The corners of the fitted parallelepiped of the first bits, around 0; NaN where bits share a direction.

        With the cosines G between its axes, an edge is $2 h_k \sqrt{(G^{-1})_{kk}}$ long. The coordinates are along
        the axis of bit 1, along the part of that of bit 2 at right angles to it, and so on. The memory states of a
        network are near to these corners only if its score is near 1.

        Args:
            bits: how many bits, 1 or more; the states of these are in the order of their signs.
        """
        count = len(self.heights)
        cosines = np.eye(count)
        rows, columns = np.triu_indices(count, k=1)
        cosines[rows, columns] = cosines[columns, rows] = self.axis_cosines
        signs = np.array(list(product((-1.0, 1.0), repeat=bits)))
        if not (np.isfinite(cosines).all() and np.linalg.eigvalsh(cosines)[0] > SHARED):
            return np.full(signs.shape, np.nan)
        lengths = self.heights * np.sqrt(np.diag(np.linalg.inv(cosines)))
        axes = np.linalg.cholesky(cosines)[:bits, :bits] * lengths[:bits, None]
        return signs @ axes / 2


@of_each_network
def memory_cube(network: Subject, task: Task | None = None, *, seed: int | None = None) -> MemoryCube:
    r"""The cube score of a flip-flop network: are all its memory states held, on the corners of a parallelepiped?

    Each memory state $b \in \{-1, 1\}^n$ is set by one pulse per bit, without noise, after each of the memory states,
    or each of eight of them, was set by three pulses per bit; then no pulse comes for six times a trial's length. The
    rates of the last trial's length are fitted by $c + \sum_k b_k a_k$. With the height $h_k$ of the parallelepiped,
    the length of the part of $a_k$ at right angles to all other axes, with its value $h'_k$ a trial's length after the
    state was set, and with the mean squared distance $\sigma^2$ of all these rates from their corner,

    $$s = \min_k p_k \frac{h_k^2}{\max(h_k, h'_k)^2 + \sigma^2 / n},$$

    where $p_k$ is the share of the cases in which bit k is read right then.
    For a lasting right-angled box with equal edges this is the share of the variance of all rates that the box
    explains. A memory that fades has $h \ll h'$, a memory that turns or depends on the previous state has
    $\sigma \gg h$, and bits that share a direction have a height of 0. A network whose rates grow without bound has a
    score of 0.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
        seed: seed of the choice of eight memory states, if there are more; by default that of the network's cohort,
            or 0.
    """
    visit = visit_of(network, task, seed)
    network, task = visit.network, memory_task(visit.task)
    interval = 2 * (round(task.pulse_ms / task.dt_ms) + max(1, round(task.response_delay_ms / task.dt_ms)))
    before = np.repeat(_states_before(task, visit.seed)[:, None], PULSES, axis=1)
    onset, trial = interval * (PULSES + 1), task.steps
    moments = np.unique(np.linspace(onset + (LONG - 1) * trial, onset + LONG * trial - 1, MOMENTS).astype(int))
    at_set, at_end, read = [], [], []
    for state in task.states:
        signs = np.concatenate([before, np.broadcast_to(state, (len(before), 1, task.bits))], axis=1)
        rates, outputs = network.run(task.noiseless(signs, interval, interval, onset + LONG * trial).inputs)
        read.append((np.abs(outputs[:, moments] - state) < NEAR).all(axis=1))
        at_set.append(rates[:, onset + trial - 1].mean(axis=0))
        at_end.append(rates[:, moments])
    return cube_of(np.array(at_set), np.array(at_end), np.array(read), task.states, LONG * task.length_ms)


def _states_before(task: FlipFlop, seed: int) -> Int[np.ndarray, "history bit"]:
    """All memory states; if there are more than eight, four random ones and their opposites."""
    states = task.states
    if len(states) <= HISTORIES:
        return states
    chosen = np.random.default_rng(seed).choice(len(states) // 2, HISTORIES // 2, replace=False)
    return np.concatenate([states[chosen], -states[chosen]])


def cube_of(
    at_set: Float[np.ndarray, "state unit"],
    at_end: Float[np.ndarray, "state history moment unit"],
    read: Bool[np.ndarray, "state history bit"],
    signs: Int[np.ndarray, "state bit"],
    long_ms: float,
) -> MemoryCube:
    """The cube that fits measured rates.

    Args:
        at_set: mean rates in every state soon after it was set.
        at_end: rates after the long time.
        read: whether each output is right after the long time.
        signs: the bits of the states.
        long_ms: the long time, ms.
    """
    read_right = read.mean(axis=(0, 1))
    if not max(np.abs(at_end).max(), np.abs(at_set).max()) < LARGE:
        nothing = np.full(signs.shape[1], np.nan)
        cosines = np.full(signs.shape[1] * (signs.shape[1] - 1) // 2, np.nan)
        return MemoryCube(0.0, np.zeros_like(nothing), read_right, nothing, nothing, np.nan, cosines, long_ms)
    axes = fitted_axes(at_end.mean(axis=(1, 2)), signs)
    corners = at_end.mean(axis=(0, 1, 2)) + signs @ axes
    variance = float(((at_end - corners[:, None, None]) ** 2).sum(axis=-1).mean())
    late, early = heights_of(axes), heights_of(fitted_axes(at_set, signs))
    total = np.maximum(late, early) ** 2 + variance / len(axes)
    scores = read_right * np.divide(late**2, total, out=np.zeros_like(late), where=total > 0)
    return MemoryCube(
        score=float(scores.min()),
        bit_scores=scores,
        read=read_right,
        heights=2 * late,
        heights_set=2 * early,
        spread=float(np.sqrt(variance)),
        axis_cosines=axis_cosines(axes),
        long_ms=long_ms,
    )


def heights_of(axes: Axes) -> Float[np.ndarray, "bit"]:
    """The length of the part of every axis at right angles to all others."""
    lengths = [
        np.linalg.norm(axes[bit] - _projected(axes[bit], np.delete(axes, bit, axis=0))) for bit in range(len(axes))
    ]
    return np.array(lengths)


def _projected(axis: Float[np.ndarray, "unit"], others: Axes) -> Float[np.ndarray, "unit"]:
    """The part of an axis in the span of the others."""
    return np.linalg.lstsq(others.T, axis, rcond=None)[0] @ others if len(others) else np.zeros_like(axis)
