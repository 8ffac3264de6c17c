"""Landmarks of a state space: fixed points, their unstable directions, orbits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis import FixedPoints, Landscape, Program
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.dynamics.attractors import ORBIT
from recurra.analysis.dynamics.program import UNSTABLE
from recurra.analysis.weights.spectra import time_constant_ms
from recurra.plotting.scenes.program_parts import SAME
from recurra.wording import course_words, number_of, three

FEW_MODES = 3  # unstable directions are drawn for saddles with at most this many
MOST_ORBITS = 12  # the first ones; a chaotic network has many
BEYOND = 0.5  # landmarks further outside the drawing than this, as a share of its extent, are left out
STEP = 1e-6  # over which a direction is measured where coordinates are folded

Coordinates = Float[np.ndarray, "*batch coordinate"]


@dataclass(frozen=True)
class Landmarks:
    """The landmarks near what is drawn, in its coordinates.

    Args:
        points: the fixed points.
        stable: whether each point is stable.
        texts: the text of each under the pointer.
        begins: the starting points of the lines along unstable directions.
        directions: the directions of these lines; the longest has length 1.
        orbits: paths on the orbits.
        hidden: number of fixed points that are too far away.
    """

    points: Float[np.ndarray, "point axis"]
    stable: Bool[np.ndarray, "point"]
    texts: tuple[str, ...]
    begins: Float[np.ndarray, "branch axis"]
    directions: Float[np.ndarray, "branch axis"]
    orbits: Float[np.ndarray, "orbit path_time axis"]
    hidden: int = 0

    @property
    def all_points(self) -> Float[np.ndarray, "at axis"]:
        """All that has to have room in the drawing."""
        return np.concatenate([self.points, self.orbits.reshape(-1, self.points.shape[1])])


def in_space(bits: Coordinates) -> Coordinates:
    """Three coordinates of four bits or more: the fourth scales the others, so that a cube stands within a cube."""
    return bits[..., :3] * (1 + 0.35 * np.clip(bits[..., 3:4], -1.5, 1.5)) if bits.shape[-1] > 3 else bits


def landmarks_scene(
    dossier: Dossier,
    where: Landscape,
    drawn: Float[np.ndarray, "at axis"],
    dt_ms: float,
    fold: Callable[[Coordinates], Coordinates] | None = None,
) -> Landmarks:
    """The fixed points, unstable directions and orbits of a network near what is drawn.

    Among the points are those at rest at which a path ended and that the search for fixed points did not reach.

    Args:
        dossier: the dossier of the network.
        where: they lie, in the coordinates of what is drawn.
        drawn: what is drawn besides.
        dt_ms: length of a time step, ms.
        fold: what the coordinates are drawn as; further ones are left out if it is not given.
    """
    program, axes = dossier.program, drawn.shape[1]
    place = fold or (lambda coordinates: coordinates[..., :axes])
    own = _further(program, dossier.fixed_points)
    points = np.concatenate([place(where.points), place(where.paths[own, -1])])
    near = _near(drawn, points)
    kept, directions = _directions(dossier, where, near, place)
    paths = place(where.paths)
    orbits = [at for at in np.flatnonzero(program.kind == ORBIT).tolist() if _near(drawn, paths[at]).all()]
    texts = [point_text(dossier.fixed_points, at, dt_ms) for at in range(len(where.points)) if near[at]]
    ended = "a path ended here<br>not among the fixed points"
    texts += [ended for at in range(len(where.points), len(points)) if near[at]]
    unstable = np.concatenate([dossier.fixed_points.index > 0, program.kind[own] == UNSTABLE])
    return Landmarks(
        points=points[near],
        stable=~unstable[near],
        texts=tuple(texts),
        begins=points[program.saddle[kept]],
        directions=directions,
        orbits=paths[orbits[:MOST_ORBITS]],
        hidden=int((~near).sum()),
    )


def _further(program: Program, points: FixedPoints) -> list[int]:
    """The attractors at rest that are not among the fixed points."""
    resting = np.flatnonzero(program.kind != ORBIT).tolist()
    near = SAME * np.sqrt(program.states.shape[1])
    return [at for at in resting if not (np.linalg.norm(points.states - program.states[at], axis=1) < near).any()]


def _directions(
    dossier: Dossier, where: Landscape, near: Bool[np.ndarray, "point"], place: Callable[[Coordinates], Coordinates]
) -> tuple[Bool[np.ndarray, "branch"], Float[np.ndarray, "kept axis"]]:
    """Which unstable directions are drawn, and these; what is seen of them in the drawing sets their lengths."""
    saddle = dossier.program.saddle
    begins = where.points[saddle]
    with np.errstate(invalid="ignore", over="ignore"):
        seen = (place(begins + STEP * where.branches) - place(begins)) / STEP
    kept = near[saddle] & (dossier.fixed_points.index[saddle] <= FEW_MODES)
    kept &= np.isfinite(seen).all(axis=1) & (np.linalg.norm(seen, axis=1) > STEP)
    longest = float(np.linalg.norm(seen[kept], axis=1).max(initial=0)) or 1.0
    return kept, seen[kept] / longest


def point_text(points: FixedPoints, at: int, dt_ms: float) -> str:
    """What a fixed point is: its unstable modes, its slowest or fastest growing one, and whether it is proved.

    Args:
        points: the fixed points.
        at: which of them.
        dt_ms: length of a time step, ms.
    """
    index, leading = int(points.index[at]), complex(points.eigenvalues[at, 0])
    kind = f"saddle, {number_of(index, 'unstable mode')}" if index else "stable fixed point"
    radius = float(points.radius[at])
    proof = f"the only one within {three(radius)}" if np.isfinite(radius) else "not proved"
    proof += ", stability proved" if points.stability_proved[at] else ", stability computed"
    course = course_words(time_constant_ms(leading, dt_ms))
    return f"{kind}<br>largest |λ| {three(abs(leading))}, {course}<br>{proof}"


def _near(drawn: Float[np.ndarray, "at axis"], points: Float[np.ndarray, "point axis"]) -> Bool[np.ndarray, "point"]:
    """Which points are finite and not far outside the drawing."""
    finite = drawn[np.isfinite(drawn).all(axis=1)]
    if not len(finite):
        return np.zeros(len(points), bool)
    room = BEYOND * float(np.ptp(finite, axis=0).max()) or 1.0
    with np.errstate(invalid="ignore"):
        return ((points > finite.min(axis=0) - room) & (points < finite.max(axis=0) + room)).all(axis=1)
