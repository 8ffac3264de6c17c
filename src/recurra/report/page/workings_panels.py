"""The figures of how networks work: the program as a graph, lifetimes, landmarks of a state space, the census."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from recurra.analysis import Census, FixedPoints, Landscape
from recurra.analysis.cohorts.census import UNKNOWN
from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import where_known
from recurra.analysis.record import RunRecord
from recurra.analysis.weights.spectra import time_constant_ms
from recurra.plotting.interactive import Landmarks, census_map, lifetime_bars, program_graph
from recurra.plotting.scenes.census import census_scene, look_of
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.lifetimes import lifetimes_scene
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.scales import Scales
from recurra.report.page import descriptions as say
from recurra.report.page.panel import Drawing, Panel
from recurra.tasks import FlipFlop
from recurra.wording import course_words, three
from recurra.words.findings import known
from recurra.words.workings import signatures

FEW_MODES = 3  # unstable directions are drawn of saddles with at most so many
MOST_ORBITS = 12  # orbits in a state space
BEYOND = 0.5  # landmarks further outside the drawing than this, as a share of its extent, are left out


def workings_panels(run: RunRecord, at: int, name: str, scales: Scales) -> Iterator[Drawing]:
    """How the network at position `at` works.

    Args:
        run: the run.
        at: position of the network.
        name: what it is called.
        scales: what all networks share.
    """
    yield Drawing(f"program-{run.numbers[at]}", partial(_program, run, at, name))
    if isinstance(run.task, FlipFlop):
        yield Drawing(f"lifetimes-{run.numbers[at]}", partial(_lifetimes, run, run.task, at, name, scales))


def _program(run: RunRecord, at: int, name: str) -> Panel:
    graph = graph_scene(run.dossiers[at], run.task, Conditions.of(run.probe), run.numbers[at])
    return Panel(f"program-{run.numbers[at]}", program_graph(graph), say.program(name, graph))


def _lifetimes(run: RunRecord, task: FlipFlop, at: int, name: str, scales: Scales) -> Panel:
    found, number = known(run.dossiers[at].lifetimes), run.numbers[at]
    scene = lifetimes_scene([found], task.states, task.length_ms, [number], known(scales.lifetimes_ms))
    return Panel(f"lifetimes-{number}", lifetime_bars(scene), say.lifetimes(name, found))


def census_panel(run: RunRecord, found: Census, names: Sequence[str]) -> Panel:
    """The map of the cohort.

    Args:
        run: the run.
        found: its census.
        names: what the networks are called.
    """
    told = signatures(found, run.task)
    texts = [f"{name}<br>{_seen(found, told, at)}" for at, name in enumerate(names)]
    links = [f"network-{number}" for number in run.numbers]
    figure = census_map(census_scene(found, told), [f" {number}" for number in run.numbers], texts, links)
    return Panel("census", figure, say.census(found, told))


def _seen(found: Census, told: Sequence[str], at: int) -> str:
    """What a network says under the pointer."""
    does = told[found.signature[at]] if found.signature[at] > UNKNOWN else "regimes unknown"
    if found.stable_points[at] == UNKNOWN:
        return f"{does}<br>fixed points unknown"
    return f"{does}<br>{found.stable_points[at]} stable fixed points, {found.unstable_points[at]} unstable"


def signature_members(run: RunRecord) -> list[tuple[str, str, str, list[int]]]:
    """Of every signature its colour, its symbol, what it is in words, and the positions of its networks."""
    found = run.census
    if found is None:
        return []
    return [
        (*look_of(signature), words, np.flatnonzero(found.signature == signature).tolist())
        for signature, words in enumerate(signatures(found, run.task))
    ]


def known_landmarks(dossier: Dossier, name: str, drawn: Float[np.ndarray, "at axis"], dt_ms: float) -> Landmarks | None:
    """The landmarks in the landscape of this name; none where what they are made of is not known.

    Args:
        dossier: the analysis of a network.
        name: "landscape" or "landscape_bits".
        drawn: what is drawn besides.
        dt_ms: length of a time step, ms.
    """
    return where_known(lambda: landmarks_of(dossier, known(getattr(dossier, name)), drawn, dt_ms), None)


def landmarks_of(dossier: Dossier, where: Landscape, drawn: Float[np.ndarray, "at axis"], dt_ms: float) -> Landmarks:
    """The fixed points, unstable directions and orbits of a network near what is drawn.

    Args:
        dossier: its analysis.
        where: they lie, in the coordinates of what is drawn; further coordinates are left out.
        drawn: what is drawn besides.
        dt_ms: length of a time step, ms.
    """
    axes, found, points = drawn.shape[1], dossier.program, dossier.fixed_points
    places, branches, paths = (array[..., :axes] for array in (where.points, where.branches, where.paths))
    near = _near(drawn, places)
    kept = near[found.saddle] & (points.index[found.saddle] <= FEW_MODES)
    kept &= np.isfinite(branches).all(axis=1) & (np.linalg.norm(branches, axis=1) > 0)
    orbits = [at for at in range(len(found)) if found.kind_of(at) == "orbit" and _near(drawn, paths[at]).all()]
    return Landmarks(
        points=places[near],
        stable=points.index[near] == 0,
        texts=[point_text(points, int(at), dt_ms) for at in np.flatnonzero(near)],
        begins=places[found.saddle[kept]],
        directions=branches[kept],
        orbits=paths[orbits[:MOST_ORBITS]],
    )


def point_text(points: FixedPoints, at: int, dt_ms: float) -> str:
    """What a fixed point is: its unstable modes, its slowest or fastest growing one, and whether it is proved.

    Args:
        points: the fixed points.
        at: which of them.
        dt_ms: length of a time step, ms.
    """
    index, leading = int(points.index[at]), complex(points.eigenvalues[at, 0])
    kind = f"saddle, {index} unstable mode{'s' if index > 1 else ''}" if index else "stable fixed point"
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
