"""The figures of how networks work: the program as a graph, lifetimes, landmarks of a state space, the census."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from recurra.analysis import Census
from recurra.analysis.cohorts.census import UNKNOWN
from recurra.analysis.record import RunRecord
from recurra.plotting.interactive import census_map, lifetime_bars, program_graph
from recurra.plotting.scenes.census import census_scene, look_of
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.lifetimes import lifetimes_scene
from recurra.plotting.scenes.program import graph_scene
from recurra.plotting.scenes.scales import Scales
from recurra.report.page import descriptions as say
from recurra.report.page.panel import Drawing, Panel
from recurra.tasks import FlipFlop
from recurra.words.findings import known
from recurra.words.workings import signatures


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
    found, number = known(run.dossiers[at].memories).lifetimes, run.numbers[at]
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
