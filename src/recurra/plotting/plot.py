"""Any record on one pair of axes: `rc.plot`; sample trials of a task, and a network's answers: `rc.show_task`."""

from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recurra.analysis.dossier_records import Dossier
from recurra.checks import check_choice
from recurra.models.network import Network, check_fit
from recurra.plotting.papers.style import MM_PER_INCH, in_print_but
from recurra.plotting.papers.tasks import draw_sample_trials
from recurra.plotting.records.axes import check_dimensions
from recurra.plotting.records.table import DRAWINGS, Drawing
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.border import check_task

SIZE_MM = 110.0, 80.0  # of a new figure, unless the user has set a size


def plot(record: Any, what: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw a record on one pair of axes, in the style of the papers where you have set no other in `rcParams`.

    Nothing global is changed, and of figures nothing but a new one is made if you give no axes; `plt.show()` shows it.
    Records with three coordinates, such as a walk through the memory states of three bits, need axes with three
    dimensions.

    Args:
        record: the result of an analysis, a cohort, a network, a dossier, or trials.
        what: which drawing, if there are several: "loss" (default) or "success" of a cohort, "weights" (default) or
            "spectrum" of a network, "bits" (default) or "components" of a walk, "cube" (default) or "scores" of a
            memory cube, a measure of similarities; of a dossier the name of a record, such as "fixed_points"
            ("spectrum" if not given).
        ax: your axes; if None, axes in a new figure of pyplot.

    Returns:
        The axes.

    Raises:
        TypeError: there is no drawing of this kind of record; the message names those that there are.
        ValueError: there is no drawing of this name, or `ax` has the wrong number of dimensions.

    Examples:
        >>> import numpy as np
        >>> import recurra as rc
        >>> axes = rc.plot(rc.spectrum(recurrent=np.eye(3)))
        >>> axes.get_xlabel()
        'Real part'
    """
    if isinstance(record, Dossier):
        record, what = _of_dossier(record, what), None
    drawing = _drawing(record, what)
    coordinates = drawing.coordinates(record)
    if coordinates < 1:
        raise ValueError(f"this {type(record).__name__} has no coordinates: the directions that they belong to failed")
    with in_print_but(matplotlib.rcParams.copy()):
        axes = _new_axes(coordinates) if ax is None else ax
        check_dimensions(axes, coordinates, type(record).__name__)
        drawing.draw(axes, record)
    return axes


def show_task(task: Task, trials: int = 3, seed: int = 0, network: Network | None = None) -> Figure:
    """Draw inputs and targets of sample trials, one column for each trial, in a new figure of pyplot.

    Args:
        task: the task.
        trials: number of trials, at least 1.
        seed: fixes the trials.
        network: a network whose outputs in these trials are drawn over the targets.

    Returns:
        The figure; `plt.show()` shows it, and a notebook does so by itself.

    Examples:
        >>> import recurra as rc
        >>> figure = rc.show_task(rc.Xor(), trials=2)
        >>> len(figure.axes)  # two inputs and a target of two trials
        6
    """
    if not isinstance(task, Task):
        raise TypeError(f"task is {task!r}; expected a Task, such as rc.Xor()")
    check_task(task)
    if network is not None:
        check_fit(network, task)
    shown = task.sample(random_key(seed, Stream.test), trials)
    outputs = None if network is None else network.respond(shown.inputs)
    with in_print_but(matplotlib.rcParams.copy()):
        figure = pyplot.figure(layout="constrained")
        draw_sample_trials(figure, shown, trials, outputs)
    return figure


def _of_dossier(dossier: Dossier, what: str | None) -> Any:
    records = {name: record for name, record in dossier.by_group().items() if type(record) in DRAWINGS}
    if what is None and "spectrum" not in records:
        raise ValueError(f"the dossier has no spectrum; name one of its records: {', '.join(records)}")
    if what is not None:
        check_choice("record", what, list(records))
    return records[what or "spectrum"]


def _drawing(record: Any, what: str | None) -> Drawing:
    drawings = DRAWINGS.get(type(record))
    if drawings is None:
        kinds = ", ".join(sorted({kind.__name__ for kind in [*DRAWINGS, Dossier]}))
        kind = record.__name__ if isinstance(record, type) else type(record).__name__
        raise TypeError(f"there is no drawing of a {kind}; what can be drawn: {kinds}")
    if what is not None:
        check_choice("drawing", what, list(drawings))
    return drawings[what or next(iter(drawings))]


def _new_axes(coordinates: int) -> Axes:
    own, default = matplotlib.rcParams["figure.figsize"], matplotlib.rcParamsDefault["figure.figsize"]
    size = [side / MM_PER_INCH for side in SIZE_MM] if own == default else own
    spatial = {"projection": "3d"} if coordinates > 2 else {}
    return pyplot.figure(figsize=size, layout="constrained").add_subplot(**spatial)
