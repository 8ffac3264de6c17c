"""A cohort on one page: every network as a point on a map, and all distances between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from recurra.analysis.cohorts.census import Census
from recurra.analysis.cohorts.origins import Origins
from recurra.plotting.colors import GRID, INK, NETWORKS, PAPER
from recurra.plotting.papers.style import (
    PAGE_MM,
    SMALL,
    few_ticks,
    in_print,
    new_figure,
)
from recurra.plotting.scenes.census import OTHER, SHOWN, CensusMap, ClusterOutline, census_scene, look_of
from recurra.plotting.scenes.limits import shared_bound
from recurra.words.names import cluster_name, run_letter

PANEL_MM, FOOT_MM, ROW_MM = 74.0, 14.0, 3.6
MARKERS = {  # Matplotlib's names of the marks
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "P",
    "x": "X",
    "circle-open": ".",
}
MANY = 60  # networks; beyond that their marks are small
NARROW = 0.03  # share of the networks in a cluster whose name has no room below the matrix
WIDE = 52  # letters; signatures with a longer name stand in one column
DISTANCES = LinearSegmentedColormap.from_list("near-far", [INK, "#5b7a99", "#b9cbd6", PAPER])
LABELS = {
    "procrustes": "Procrustes distance (rad)",
    "cka": "CKA angle (rad)",
    "spectral": "Distance of the spectra",
    "dynamical": "Distance of the dynamics",
    "linearized": "Distance of the linearizations",
}

Points = Float[np.ndarray, "_point 2"]


@in_print()
def census_map(census: Census, names: Sequence[str], origins: Origins | None = None) -> Figure:
    """The map of a cohort, and the matrix of distances with networks of a cluster, and of a signature, side by side.

    Colours and marks are the regime signatures; an outline is a cluster. In the matrix dark is near, the distances of
    an outlier have the colour of the scale's end, lines part the clusters, and the strip at the left has the
    signatures' colours. Networks that were left out are in neither. If there are several runs, each has a letter: a
    network on the map is named by the letter of its run and its number, and a second strip has one grey per run.

    Args:
        census: the census; its map needs two dimensions.
        names: names of the signatures, the most frequent one first.
        origins: the run of each network; a single run if not given.
    """
    scene = census_scene(census, names)
    whose = origins if origins and len(origins.names) > 1 else None
    columns, lines = (1, len(whose.names)) if whose else (_columns(names), 0)
    rows = -(-len(scene.groups) // columns) + lines
    figure = new_figure(PAGE_MM, PANEL_MM + FOOT_MM + ROW_MM * rows)
    plane, strip, matrix = figure.subplots(1, 3, width_ratios=[1, 0.035, 1])
    map_panel(plane, scene)
    order = np.lexsort((census.signature, _last_if_alone(census.labels)))
    order = order[census.compared[order]]
    if len(order):
        _strip(strip, census.signature[order], whose.run[order] if whose else None, lines)
        _matrix(figure, matrix, census, order)
    else:
        strip.set_axis_off()
        matrix.set_axis_off()
    if whose:
        _name_networks(plane, census, whose)
    _legend(figure, scene, _run_handles(census, whose) if whose else [], columns)
    return figure


def map_panel(axes: Axes, scene: CensusMap) -> None:
    """Clusters, and on them networks, rare signatures above frequent ones."""
    for outline in scene.outlines:
        _outline(axes, outline)
    size = 18 if sum(len(group.networks) for group in scene.groups) <= MANY else 9
    for order, group in enumerate(scene.groups):
        style = {"color": group.color, "marker": MARKERS[group.mark], "linewidths": 0.3, "edgecolors": PAPER}
        axes.scatter(*scene.places[group.networks].T, s=size, zorder=3 + order / 1_000, **style)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.14)
    few_ticks(axes, x=4, y=4)
    axes.set_xlabel(scene.axes[0])
    axes.set_ylabel(scene.axes[1])
    axes.set_title(scene.title)


def _outline(axes: Axes, outline: ClusterOutline) -> None:
    """A border around the networks of a cluster, with its name where it is farthest from the middle of the map."""
    corners = outline.corners
    axes.add_patch(Polygon(corners, facecolor=INK, alpha=0.05, linewidth=0, zorder=1))
    axes.add_patch(Polygon(corners, fill=False, edgecolor=INK, linewidth=0.5, zorder=2))
    outward = corners / np.maximum(np.linalg.norm(corners, axis=1, keepdims=True), 1e-300)
    far = int(np.linalg.norm(corners, axis=1).argmax())
    place = {"textcoords": "offset points", "xytext": tuple(5 * outward[far])}
    axes.annotate(outline.name, tuple(corners[far]), ha="center", va="center", fontsize=SMALL, zorder=6, **place)


def _name_networks(axes: Axes, census: Census, origins: Origins) -> None:
    """The run's letter and the number beside every network; with very many only the matrix shows the runs."""
    if census.compared.sum() > MANY:
        return
    for at in np.flatnonzero(census.compared):
        name = f"{run_letter(int(origins.run[at]))}{origins.number[at]}"
        place = (float(census.coordinates[at, 0]), float(census.coordinates[at, 1]))
        axes.annotate(name, place, textcoords="offset points", xytext=(3, 3), fontsize=SMALL, color=OTHER, zorder=5)


def _run_grey(run: int, runs: int) -> str:
    """Dark for the first run, light for the last."""
    return to_hex(DISTANCES(0.15 + 0.7 * run / max(runs - 1, 1)))


def _strip(
    axes: Axes, signature: Int[np.ndarray, "network"], run: Int[np.ndarray, "network"] | None, runs: int
) -> None:
    """One cell per network, in the colour of its signature; for several runs a second one, in the grey of its run."""
    colors, cells = [look_of(at)[0] for at in range(SHOWN + 1)], np.minimum(signature, SHOWN)[:, None]
    if run is not None:
        cells = np.column_stack([cells, run + len(colors)])
        colors += [_run_grey(at, runs) for at in range(runs)]
    axes.imshow(cells, cmap=ListedColormap(colors), vmin=0, vmax=len(colors) - 1, aspect="auto", interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _matrix(figure: Figure, axes: Axes, census: Census, order: Int[np.ndarray, "network"]) -> None:
    distances = census.distances[np.ix_(order, order)]
    bound = shared_bound(list(distances[np.triu_indices(len(order), 1)]))
    image = axes.imshow(distances, cmap=DISTANCES, vmin=0, vmax=bound, aspect="auto", interpolation="none")
    for border in np.flatnonzero(_borders(census.labels[order])) + 0.5:
        axes.axhline(border, color=NETWORKS[1], linewidth=0.7)
        axes.axvline(border, color=NETWORKS[1], linewidth=0.7)
    _name_clusters(axes, census.labels[order])
    axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(True)
    clusters = int(census.labels.max(initial=0)) + 1
    told = f"{clusters} clusters" if clusters > 1 else "One continuum"
    axes.set_title(f"{told}: silhouette {census.silhouette:.2f}, p = {census.p_value:.2g}")
    axes.set_xlabel("Network, by cluster and signature")
    bar = figure.colorbar(
        image, ax=axes, shrink=0.8, aspect=24, pad=0.02, extend="max" if distances.max() > bound else "neither"
    )
    bar.set_label(LABELS[census.measure_name])
    bar.outline.set_edgecolor(GRID)  # type: ignore[operator]


def _name_clusters(axes: Axes, labels: Int[np.ndarray, "network"]) -> None:
    """Names under the clusters that are wide enough."""
    clusters, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    middles = first + (sizes - 1) / 2
    named = (clusters >= 0) & (sizes > NARROW * len(labels)) & (len(clusters) > 1)
    axes.set_xticks(list(middles[named]), [cluster_name(int(cluster)) for cluster in clusters[named]])
    axes.tick_params(axis="x", length=0)


def _legend(figure: Figure, scene: CensusMap, runs: list[Line2D], columns: int) -> None:
    """Signatures with their numbers of networks, those after the seventh in one line; then the runs, with theirs."""
    handles = []
    for group in scene.groups:
        look: dict[str, Any] = {"color": group.color, "marker": MARKERS[group.mark]}
        handles.append(Line2D([], [], linestyle="none", markersize=4, markeredgewidth=0, label=group.name, **look))
    place = {"loc": "outside lower left", "ncols": columns}
    figure.legend(handles=[*handles, *runs], handletextpad=0.3, labelspacing=0.35, **place)


def _run_handles(census: Census, origins: Origins) -> list[Line2D]:
    """The runs with their letters, greys and numbers of networks."""
    handles = []
    for run, name in enumerate(origins.names):
        label = f"{run_letter(run)}: run {name} ({int((census.compared & (origins.run == run)).sum())})"
        grey = _run_grey(run, len(origins.names))
        handles.append(Line2D([], [], linestyle="none", color=grey, marker="s", markersize=4, label=label))
    return handles


def _columns(names: Sequence[str]) -> int:
    """Number of columns of the legend."""
    return 2 if len(names) > 1 and max(map(len, names)) <= WIDE else 1


def _last_if_alone(labels: Int[np.ndarray, "network"]) -> Int[np.ndarray, "network"]:
    return np.where(labels < 0, labels.max(initial=0) - labels, labels)


def _borders(labels: Int[np.ndarray, "network"]) -> Bool[np.ndarray, "border"]:
    return labels[1:] != labels[:-1]
