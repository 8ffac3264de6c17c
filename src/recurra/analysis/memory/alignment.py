"""Alignment of the directions in which a flip-flop stores its bits with its readout, weights and slow modes."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.spatial.distance import cdist

from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.memory.geometry import Geometry, memory_geometry
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.shown_trials import chance_trials
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.analysis.visit import Visit
from recurra.analysis.weights.spectra import spectrum
from recurra.checks import check_between, check_count
from recurra.engine import Dynamics
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.shown import Shown
from recurra.tasks.base import Task
from recurra.tasks.flipflop import FlipFlop
from recurra.threads import in_threads_once, one_thread

Directions = Float[np.ndarray, "direction unit"]
Basis = Float[np.ndarray, "unit _dimension"]

TRIALS = 64  # random trials whose rates define the space that the activity fills
DEPENDENT = 1e-10  # a direction is in the span of others if the part of it outside is shorter than this
ROUNDING = 1e-12  # a spread below this share of the rates' size is rounding


@dataclass(frozen=True)
class Alignment(Shown):
    """Alignment of the axes of the memory states with the readout, the weights' leading modes, and the slow modes.

    A cosine near ±1 with a bit's own output and near 0 with the others means that the output reads the bit along its
    axis; a small cosine means that the readout uses other directions and misses most of the axis's length. A share near
    1 in the span of the leading eigenvectors means that the weights themselves carry the axis. A share near 1 in the
    span of the slow modes means that a network pushed along the axis at a memory state returns as slowly as it can; a
    low share means that the axis leads from state to state, but that a state forgets along it as along any direction.

    Chance levels are for directions that the activity of the network takes anyway. For any direction of the space of
    rates the mean share is dimensions / units, mostly much lower. The axes are themselves part of the activity: a share
    within chance does not mean that there is no relation, but that it is no closer than for the rest of the activity.
    Values are NaN for an axis, an output or an activity without length, and for rates that are not finite.

    Args:
        readout: cosines between the axes and the rows of the readout.
        readout_chance: mean absolute cosine of random directions and each row.
        readout_chance_high: 95th percentile of that cosine.
        leading: share of each axis's squared length in the span of the leading eigenvectors of the recurrent weights.
        leading_chance: mean share of random directions.
        leading_chance_high: 95th percentile of that share.
        leading_dimensions: number of dimensions of that span.
        slow: share in the span of the slow modes at a memory state, mean over the states that have a fixed point; NaN
            if none has.
        slow_chance: mean of this share over random directions.
        slow_chance_high: 95th percentile over random directions.
        states_used: number of memory states that have a stable fixed point near them.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013", "elsayed2016")

    readout: Float[np.ndarray, "bit output"]
    readout_chance: Float[np.ndarray, "output"]
    readout_chance_high: Float[np.ndarray, "output"]
    leading: Float[np.ndarray, "bit"]
    leading_chance: float
    leading_chance_high: float
    leading_dimensions: int
    slow: Float[np.ndarray, "bit"]
    slow_chance: float
    slow_chance_high: float
    states_used: int


@of_each_network
def axis_alignment(
    network: Subject,
    task: Task | None = None,
    *,
    geometry: Geometry | None = None,
    points: FixedPoints | None = None,
    within: float = 0.25,
    directions: int = 1_000,
    seed: int | None = None,
) -> Alignment:
    r"""Cosines of the axes $a_k$ with the readout, and their shares $|Q^T a_k|^2 / |a_k|^2$ in two spans.

    Q is an orthonormal basis of the real span of the m leading eigenvectors, by modulus; a conjugate pair stays whole,
    so the span may have m + 1 dimensions. For the recurrent weights m is the number of eigenvalues with a modulus above
    1.02, and at least the number of bits. For the Jacobian of one time step at a stable fixed point m is the number of
    bits, and the modes are those of the rates: for the current form $\varphi'(v)$ times those of the state. In the
    current form the weights map rates to currents; there the first span is where small rates go.

    The fixed point of a memory state is the stable one with the rates nearest to the state's mean rates, if their
    distance is at most `within` times that to the mean rates of the next state; otherwise the state is left out.

    Chance: random directions $v \sim N(0, C)$ in place of an axis, with C the covariance of the rates over time in
    random trials of the task.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
        geometry: geometry of its memory states, if it is known.
        points: its fixed points without input, if they are known.
        within: largest distance of a state's fixed point, as a share of the distance to the next state, 0 to 0.5.
        directions: number of random directions for the chance levels.
        seed: seed of the random trials and directions; if not given, that of the network's cohort, or 0.

    Source: Sussillo and Barak (2013) for the linearization; Elsayed et al. (2016) for the random directions.
    """
    check_between("within", within, 0, 0.5)
    check_count("directions", directions)
    visit = visit_of(network, task, seed)
    network, task = visit.network, memory_task(visit.task)
    geometry, points = _parts(visit, task, geometry, points)
    axes, recurrent, rows = np.asarray(geometry.axes, np.float64), network.recurrent, network.readout_rows
    with one_thread():
        drawn = activity_directions(network, task, visit.seed, directions)
        leading = leading_span(recurrent, max(spectrum(recurrent=recurrent).count_outside, task.bits))
        slow = slow_spans(network, geometry, points, within, task.bits)
    cosines = np.abs(cosines_with(drawn, rows))
    chance_leading, chance_slow = share_in(drawn, leading), mean_share_in(drawn, slow)
    return Alignment(
        readout=cosines_with(axes, rows),
        readout_chance=cosines.mean(axis=0),
        readout_chance_high=np.quantile(cosines, 0.95, axis=0),
        leading=share_in(axes, leading),
        leading_chance=float(chance_leading.mean()),
        leading_chance_high=float(np.quantile(chance_leading, 0.95)),
        leading_dimensions=leading.shape[1],
        slow=mean_share_in(axes, slow),
        slow_chance=float(chance_slow.mean()),
        slow_chance_high=float(np.quantile(chance_slow, 0.95)),
        states_used=len(slow),
    )


def activity_directions(network: Network, task: FlipFlop, seed: int, directions: int) -> Directions:
    """Normal random directions with the covariance that the rates have over time in random trials of the task.

    Args:
        network: the network.
        task: the flip-flop that it was trained on.
        seed: seed of the trials and the directions.
        directions: number of directions.
    """
    trials = chance_trials(task, seed).part(slice(TRIALS))
    rates, _ = network.run(trials.inputs)
    flat = rates.reshape(-1, rates.shape[-1])
    random = np.random.default_rng(seed)
    normal = random.standard_normal((directions, flat.shape[1]))
    if not np.isfinite(flat).all():
        return np.full(normal.shape, np.nan)
    scaled = flat / max(np.abs(flat).max(), np.finfo(float).tiny)
    centred = scaled - scaled.mean(axis=0)
    if np.abs(centred).max() <= ROUNDING:
        return np.zeros(normal.shape)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    return (normal * np.sqrt(np.maximum(values, 0))) @ vectors.T


def leading_span(matrix: Float[np.ndarray, "post pre"], modes: int) -> Basis:
    """An orthonormal basis of the real span of the eigenvectors whose eigenvalues have the largest modulus.

    Args:
        matrix: a real square matrix.
        modes: number of eigenvectors, at most the size of the matrix; a conjugate pair stays whole.
    """
    return _basis(_leading(matrix, modes))


def slow_spans(network: Network, geometry: Geometry, points: FixedPoints, within: float, modes: int) -> list[Basis]:
    """The span of the slowest modes, as changes of the rates, at the fixed point of every memory state that has one.

    Args:
        network: the network.
        geometry: geometry of its memory states.
        points: its fixed points.
        within: largest distance of a state's fixed point, as a share of the distance to the next state.
        modes: number of the slowest modes.
    """
    stable = points.states[points.index == 0]
    if not len(stable) or not np.isfinite(geometry.state_means).all():
        return []
    near, used = _nearest(geometry.state_means, network.rates(stable), within)
    flow = flow_of(network, points.inputs)
    states = stable[near[used]]
    jacobians = [flow.step_jacobian(flow.jacobian(state)) for state in states]
    with one_thread():
        leading = in_threads_once(lambda step: _leading(step, modes), jacobians)
    return [_basis(_slopes(network, state) @ slowest) for state, slowest in zip(states, leading, strict=True)]


def cosines_with(
    directions: Directions, rows: Float[np.ndarray, "output unit"]
) -> Float[np.ndarray, "direction output"]:
    """Cosines between directions and rows; NaN if either has no length."""
    return _unit(directions) @ _unit(rows).T


def share_in(directions: Directions, basis: Basis) -> Float[np.ndarray, "direction"]:
    """Share of each direction's squared length in the span of an orthonormal basis; NaN where it has no length."""
    unit = _unit(directions)
    return np.where(np.isnan(unit).any(axis=1), np.nan, ((unit @ basis) ** 2).sum(axis=1))


def mean_share_in(directions: Directions, spans: list[Basis]) -> Float[np.ndarray, "direction"]:
    """The mean of the shares in each span; NaN without any span."""
    if not spans:
        return np.full(len(directions), np.nan)
    return np.mean([share_in(directions, basis) for basis in spans], axis=0)


def _parts(
    visit: Visit, task: FlipFlop, geometry: Geometry | None, points: FixedPoints | None
) -> tuple[Geometry, FixedPoints]:
    """Geometry and fixed points, as given if they fit the network and the task, else computed."""
    network, units = visit.network, visit.network.weights.units
    geometry = memory_geometry(visit) if geometry is None else geometry
    points = fixed_points(visit) if points is None else points
    if geometry.axes.shape != (task.bits, units):
        raise ValueError(
            f"geometry has axes of shape {geometry.axes.shape}; expected (bit, unit) = ({task.bits}, {units}). "
            "Take memory_geometry() of this network and task."
        )
    if points.states.shape[1] != network.state_size:
        raise ValueError(
            f"points has states of size {points.states.shape[1]}; expected {network.state_size}. "
            "Take fixed_points() of this network."
        )
    return geometry, points


def _unit(directions: Directions) -> Directions:
    """Directions with length 1; NaN if the length is 0 or not finite."""
    size = np.abs(directions).max(axis=1, keepdims=True)
    good = (size > 0) & (size < np.inf)
    scaled = np.divide(directions, size, out=np.full(directions.shape, np.nan), where=good)
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def _leading(matrix: Float[np.ndarray, "post pre"], modes: int) -> Float[np.ndarray, "post dimension"]:
    """Real and imaginary parts of the leading eigenvectors, those of only one for a conjugate pair."""
    values, vectors = (part.astype(np.complex128) for part in np.linalg.eig(matrix))
    upper = np.flatnonzero(values.imag >= 0)
    upper = upper[np.argsort(-np.abs(values[upper]), kind="stable")]
    paired = values[upper].imag > 0
    dimensions = np.cumsum(np.where(paired, 2, 1))
    kept = slice(int(np.searchsorted(dimensions, modes)) + 1)
    chosen = vectors[:, upper[kept]]
    return np.hstack([chosen.real, chosen.imag[:, paired[kept]]])


def _basis(columns: Float[np.ndarray, "unit column"]) -> Basis:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > DEPENDENT * sizes.max(initial=0)]


def _nearest(
    means: Float[np.ndarray, "condition unit"], rates: Float[np.ndarray, "point unit"], within: float
) -> tuple[Int[np.ndarray, "condition"], Bool[np.ndarray, "condition"]]:
    """The fixed point nearest to each memory state, and whether it is near enough."""
    distance, apart = cdist(means, rates), cdist(means, means)
    np.fill_diagonal(apart, np.inf)
    return distance.argmin(axis=1), distance.min(axis=1) <= within * apart.min(axis=1)


def _slopes(network: Network, state: Float[np.ndarray, "state"]) -> Float[np.ndarray, "unit state"]:
    """The derivative of the rates by the state."""
    with pinned(double=True):
        return np.array(_rates_by_state(network.dynamics, jnp.asarray(state, jnp.float64)))


@partial(jax.jit, static_argnums=0)
def _rates_by_state(dynamics: Dynamics, state: Float[Array, "state"]) -> Float[Array, "unit state"]:
    return jax.jacfwd(dynamics.rates)(state)
