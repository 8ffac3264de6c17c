"""The geometry of the memory states of an n-bit flip-flop, and how close it is to a cube."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Real

from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.shown import Shown
from recurra.tasks.base import Task


@dataclass(frozen=True)
class Geometry(Shown):
    r"""The parallelepiped that fits the mean rates in the $2^n$ memory states best, soon after these were set.

    This is a description, not evidence of memory: a nearly linear echo of the pulses fits as well, and untrained
    networks have an R² of 0.90 to 0.998. `memory_cube` tests whether the states are held in this geometry.

    Args:
        state_means: mean rates m_b in every memory state.
        center: c of the fit.
        axes: a_k of the fit, one direction per bit; the edge from -1 to +1 of bit k is 2 a_k.
        edge_lengths: 2 |a_k|.
        hypercube_r2: R² of the fit; 1 is an exact parallelepiped.
        axis_cosines: cosines between the axes of bits (1,2), (1,3), ... (2,3), ...; 0 is a right angle.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013", "jarne2024")

    state_means: Float[np.ndarray, "condition unit"]
    center: Float[np.ndarray, "unit"]
    axes: Float[np.ndarray, "bit unit"]
    edge_lengths: Float[np.ndarray, "bit"]
    hypercube_r2: float
    axis_cosines: Float[np.ndarray, "bit_pair"]

    def bit_coordinates(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch bit"]:
        """Coordinates along the bits' axes: a memory state has its signs as coordinates where the fit is exact."""
        return (rates - self.center) @ np.linalg.pinv(self.axes)


@of_each_network
def memory_geometry(network: Subject, task: Task | None = None) -> Geometry:
    r"""Fit $m_b = c + \sum_k b_k a_k$ to the mean rates in the memory states $b \in \{-1, 1\}^n$.

    Each state is set from rest by one pulse per bit, without noise; its rates are averaged over the steps in which the
    target is that state and the rule judges every bit.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
    """
    visit = visit_of(network, task)
    task, probe, rates = memory_task(visit.task), visit.probe, visit.rates
    scored = np.asarray(task.held(probe))
    means = np.stack([rates[state][scored[state]].mean(axis=0) for state in range(len(rates))])
    signs = task.states.astype(np.float64)
    axes = fitted_axes(means, signs)
    return Geometry(
        state_means=means,
        center=means.mean(axis=0),
        axes=axes,
        edge_lengths=2 * np.linalg.norm(axes, axis=1),
        hypercube_r2=hypercube_score(means, signs),
        axis_cosines=axis_cosines(axes),
    )


def fitted_axes(
    means: Float[np.ndarray, "condition unit"], signs: Real[np.ndarray, "condition bit"]
) -> Float[np.ndarray, "bit unit"]:
    """The least-squares axes of the states' means, for signs of different bits that are orthogonal to each other."""
    return signs.T @ (means - means.mean(axis=0)) / len(signs)


def hypercube_score(means: Float[np.ndarray, "condition unit"], signs: Real[np.ndarray, "condition bit"]) -> float:
    """R² of the fit of the states' means by their signs, which must be orthogonal to each other; 0 for equal means."""
    centred = means - means.mean(axis=0)
    fitted = signs @ (signs.T @ centred) / len(signs)
    total = (centred**2).sum()
    return float(1 - ((centred - fitted) ** 2).sum() / total) if total > 0 else 0.0


def axis_cosines(axes: Float[np.ndarray, "bit unit"]) -> Float[np.ndarray, "bit_pair"]:
    """Cosines between all pairs of axes; 0 where an axis has no length."""
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    unit = np.divide(axes, length, out=np.zeros_like(axes), where=length > 0)
    return (unit @ unit.T)[np.triu_indices(len(axes), k=1)]
