"""Where a network pulls the states of a plane: streamlines, with the speed as shading."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from recurra.analysis.dynamics.flow_field import FlowField
from recurra.plotting.colors import INK, INPUT, PAPER, UNSET, mix
from recurra.plotting.papers.style import COLUMN_MM, SMALL, few_ticks, in_print, new_figure, plain_number
from recurra.plotting.papers.trajectories import condition_marks, line_style
from recurra.plotting.scenes.conditions import Conditions
from recurra.plotting.scenes.flow import FlowPlane

SLOW, FAST = "#5d6b86", "#f4f6f9"
SPEEDS = LinearSegmentedColormap.from_list("speed", [SLOW, mix(SLOW, FAST, 0.62), FAST]).with_extremes(bad=UNSET)
STREAM = mix(INK, PAPER, 0.15)
DECADES = 2.5  # of speed on the shading; slower states have the colour of its end
PLANE_MM = 60.0  # width of the plane; its height follows from the field
TITLE_MM, FOOT_MM, ROW_MM = 9.0, 10.0, 4.0
TALLEST, FLATTEST = 1.6, 0.5  # height over width of the panel


@in_print()
def flow_field(scene: FlowPlane) -> Figure:
    """The flow in a plane: streamlines, slow states dark, and how much of the displacement the plane shows.

    Trajectories have a dot at their end; stable fixed points are black, unstable ones white. All are drawn where they
    fall on the plane, as `FlowField.project` gives it, however far from it they are.

    Args:
        scene: the flow, and what is drawn into it.
    """
    field = scene.field
    handles = condition_marks(scene.lines) if scene.paths is not None and scene.lines is not None else []
    handles += _point_marks(scene.unstable)
    rows = -(-len(handles) // 4)
    shape = np.ptp(field.upwards) / np.ptp(field.across)
    height = PLANE_MM * float(np.clip(shape, FLATTEST, TALLEST)) + TITLE_MM + FOOT_MM + ROW_MM * rows
    figure = new_figure(COLUMN_MM, height)
    panel = figure.add_subplot()
    shading = flow_panel(panel, field)
    if scene.paths is not None and scene.lines is not None:
        _paths(panel, scene.paths, scene.lines)
    if scene.points is not None:
        _points(panel, scene.points, scene.unstable)
    _frame(panel, field, scene.axes, scene.title, FLATTEST <= shape <= TALLEST)
    _bar(figure, panel, shading)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), columnspacing=1.2)
    return figure


def flow_panel(panel: Axes, field: FlowField) -> QuadMesh:
    """Streamlines on the speed as shading, which is returned for a scale."""
    shading = _speed(panel, field)
    _streams(panel, field)
    return shading


def _speed(panel: Axes, field: FlowField) -> QuadMesh:
    speed = np.where(np.isfinite(field.speed), field.speed, np.nan)
    fastest = float(np.nanmax(speed)) if np.isfinite(speed).any() else 0.0
    lowest = max(float(np.nanmin(speed)), fastest / 10**DECADES) if fastest > 0 else 0.0
    scale = LogNorm(lowest, fastest, clip=True) if 0 < lowest < fastest else Normalize(0, fastest or 1.0)
    shown = np.ma.masked_invalid(np.maximum(speed, lowest))
    return panel.pcolormesh(
        field.across, field.upwards, shown, cmap=SPEEDS, norm=scale, shading="gouraud", rasterized=True, zorder=0
    )


def _streams(panel: Axes, field: FlowField) -> None:
    """Lines along the displacement, which is scaled so that no square of it overflows."""
    known = np.all(np.isfinite(field.displacement), axis=-1)
    largest = np.abs(field.displacement[known]).max(initial=0)
    if largest == 0:
        return
    moved = np.ma.masked_array(np.where(known[..., None], field.displacement, 0.0) / largest)
    across, upwards = (np.ma.masked_array(moved[..., axis], mask=~known) for axis in (0, 1))
    panel.streamplot(
        field.across,
        field.upwards,
        across,
        upwards,
        density=1.0,
        color=STREAM,
        linewidth=0.45,
        arrowsize=0.55,
        zorder=1,
    )


def _paths(panel: Axes, paths: Float[np.ndarray, "condition path_time direction"], lines: Conditions) -> None:
    """Lines with a light edge; the dots at their ends lie on the fixed points that they reached."""
    halo = [withStroke(linewidth=2.2, foreground=PAPER)]
    for condition, path in enumerate(np.where(np.isfinite(paths), paths, np.nan)):
        color, style = lines.colors[condition], line_style(lines, condition)
        panel.plot(*path.T, color=color, linestyle=style, linewidth=1.1, path_effects=halo, zorder=3)
        for shade, size, order in ((PAPER, 4.6, 3.5), (color, 3.2, 5)):
            panel.plot(*path[-1:].T, color=shade, marker="o", markersize=size, markeredgewidth=0, zorder=order)


def _points(panel: Axes, points: Float[np.ndarray, "point direction"], unstable: Bool[np.ndarray, "point"]) -> None:
    for chosen, fill, order in ((unstable, PAPER, 4), (~unstable, INK, 4.5)):
        place = points[chosen].T
        panel.scatter(*place, s=34, facecolors=fill, edgecolors=INK, linewidths=0.9, zorder=order)


def _point_marks(unstable: Bool[np.ndarray, "point"]) -> list[Line2D]:
    """What the two kinds of fixed points look like, for those that there are."""
    kinds = (("Stable point", INK, ~unstable), ("Unstable point", PAPER, unstable))
    return [
        Line2D([], [], label=name, color=INK, marker="o", markersize=4, markerfacecolor=fill, linestyle="none")
        for name, fill, chosen in kinds
        if chosen.any()
    ]


def _frame(panel: Axes, field: FlowField, axes: tuple[str, str], title: str, equal: bool) -> None:
    """The window is the field's; a unit is as long in both directions unless that made a strip."""
    panel.set_xlim(field.across[0], field.across[-1])
    panel.set_ylim(field.upwards[0], field.upwards[-1])
    panel.set_aspect("equal" if equal else "auto", adjustable="box")
    panel.spines[["top", "right"]].set_visible(True)
    panel.set_xlabel(axes[0])
    panel.set_ylabel(axes[1])
    few_ticks(panel, x=4, y=4)
    panel.set_title(title, pad=10)
    shown = f"{100 * field.shown:.0f} %" if np.isfinite(field.shown) else "nothing"
    place = {"xycoords": "axes fraction", "xytext": (0, 3), "textcoords": "offset points"}
    panel.annotate(f"the plane shows {shown} of the squared pull", (0.5, 1), ha="center", fontsize=SMALL, **place)


def _bar(figure: Figure, panel: Axes, shading: QuadMesh) -> None:
    lowest = isinstance(shading.norm, LogNorm)
    bar = figure.colorbar(shading, ax=panel, shrink=0.8, aspect=22, pad=0.03)
    bar.set_label("Speed |f(h) − h|")
    bar.outline.set_linewidth(0.4)  # type: ignore[operator]
    bar.ax.tick_params(length=2, width=0.4, which="both", color=INPUT)
    if lowest:
        bar.ax.yaxis.set_major_formatter(plain_number)
        bar.ax.yaxis.set_minor_formatter("")
