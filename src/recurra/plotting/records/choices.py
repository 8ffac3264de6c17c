"""Records of choices: psychometric and chronometric curves."""

from matplotlib.axes import Axes

from recurra.analysis import Chronometric, Psychometric
from recurra.plotting.papers.choices import draw_curves
from recurra.plotting.scenes.choices import chronometric_scene, psychometric_scene


def psychometric(axes: Axes, record: Psychometric) -> None:
    """The share of positive choices with its 95 % interval by signed evidence, and the fitted curve, by context."""
    draw_curves(axes, psychometric_scene(record))


def chronometric(axes: Axes, record: Chronometric) -> None:
    """The median reaction time with its 95 % interval by the strength of the evidence; dashed: the signal to answer."""
    draw_curves(axes, chronometric_scene(record))
