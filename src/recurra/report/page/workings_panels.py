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
from recurra.report.page.panel import PageFigure
from recurra.wording import number_of
from recurra.words.workings import signatures


def program_panel(run: RunRecord, at: int, name: str) -> PageFigure:
    """What stimuli make of the attractors of the network at position `at`.

    Args:
        run: the run.
        at: position of the network.
        name: name of the network.
    """
    graph = graph_scene(run.dossiers[at], run.task, Conditions.of(run.probe), run.numbers[at])
    return PageFigure(f"program-{run.numbers[at]}", program_graph(graph), say.program(name, graph))


def census_panel(run: RunRecord, census: Census, names: Sequence[str]) -> PageFigure:
    """The map of the cohort.

    Args:
        run: the run.
        census: its census.
        names: names of the networks.
    """
    told = signatures(census, run.task)
    texts = [f"{name}<br>{_seen(census, told, at)}" for at, name in enumerate(names)]
    links = [f"network-{number}" for number in run.numbers]
    figure = census_map(census_scene(census, told), [f" {number}" for number in run.numbers], texts, links)
    return PageFigure("census", figure, say.census(census, told))


def _seen(census: Census, told: Sequence[str], at: int) -> str:
    """What a network says under the pointer."""
    does = told[census.signature[at]] if census.signature[at] > UNKNOWN else "regimes unknown"
    if census.stable_points[at] == UNKNOWN:
        return f"{does}<br>fixed points unknown"
    stable = number_of(int(census.stable_points[at]), "stable fixed point")
    return f"{does}<br>{stable}, {census.unstable_points[at]} unstable"


def signature_members(run: RunRecord) -> list[tuple[str, str, str, list[int]]]:
    """Of every signature its colour, its symbol, what it is in words, and the positions of its networks."""
    census = run.census
    if census is None:
        return []
    return [
        (*look_of(signature), words, np.flatnonzero(census.signature == signature).tolist())
        for signature, words in enumerate(signatures(census, run.task))
    ]
