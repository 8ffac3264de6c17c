"""The figures of how networks of any task work: the program as a graph, the census."""

from collections.abc import Sequence

import numpy as np

from recurra.analysis import Census
from recurra.analysis.cohorts.census import UNKNOWN
from recurra.analysis.record import RunRecord
from recurra.plotting.interactive import census_map, program_graph
from recurra.plotting.scenes.census import census_scene, look_of
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.program import graph_scene
from recurra.report.page import descriptions as say
from recurra.report.page.panel import Panel
from recurra.words.workings import signatures


def program_panel(run: RunRecord, at: int, name: str) -> Panel:
    """What stimuli make of the attractors of the network at position `at`.

    Args:
        run: the run.
        at: position of the network.
        name: what it is called.
    """
    graph = graph_scene(run.dossiers[at], run.task, Conditions.of(run.probe), run.numbers[at])
    return Panel(f"program-{run.numbers[at]}", program_graph(graph), say.program(name, graph))


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
