"""Records that are bars and matrices."""

from itertools import product

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgb

from recurra.analysis import (
    Alignment,
    Demixed,
    Generalization,
    Lifetimes,
    Memories,
    MemoryCube,
    Populations,
    PulseTable,
    Reduction,
    Regimes,
    Resampling,
    Selectivity,
    Similarities,
)
from recurra.analysis.cohorts.census import Clusters
from recurra.models.network import Network
from recurra.plotting.colors import INK, INPUT, PAPER, state_colors, text_on
from recurra.plotting.papers.connectivity import matrix_panel
from recurra.plotting.papers.style import ROOM, SMALL, legend_above, plain_log
from recurra.plotting.records.axes import MOST_NAMES, bars, labelled, matrix, named_ticks, scale
from recurra.plotting.scenes.weights import weight_limit
from recurra.wording import number_of
from recurra.words.names import bit_name, short_name

LEAST_SILHOUETTE = 0.1  # where the axis ends if all silhouettes are smaller


def weights(axes: Axes, record: Network) -> None:
    """The recurrent weights: red is excitatory, blue inhibitory, grey no connection."""
    limit = weight_limit([record.connected_recurrent])
    matrix_panel(axes, record.connected_recurrent, Normalize(-limit, limit))
    scale(axes, axes.images[-1], "Weight")
    axes.set_ylabel("Postsynaptic unit")


def reduction(axes: Axes, record: Reduction) -> None:
    """The share of the variance along each component."""
    bars(axes, 100 * record.explained_variance)
    named_ticks(axes, [str(at + 1) for at in range(len(record.explained_variance))])
    labelled(axes, "Component", "Variance of the rates (%)", f"{record.participation_ratio:.3g} dimensions")


def demixed(axes: Axes, record: Demixed) -> None:
    """The share of each marginalization in the variance of the rates: time, each factor, interactions."""
    count = len(record.marginal_variance)
    bars(axes, 100 * record.marginal_variance)
    factors = [f"factor {at}" for at in range(1, count - (1 if count > 2 else 0))]
    named_ticks(axes, ["time", *factors, *(["interactions"] if count > 2 else [])])
    labelled(axes, "", "Variance of the rates (%)")


def selectivity(axes: Axes, record: Selectivity) -> None:
    """The number of units that respond to no factor, to one, and to several, with chance levels."""
    bars(axes, record.count.astype(float), record.count_chance, record.count_chance_high)
    named_ticks(axes, ("none", "one factor", "several"))
    labelled(axes, "", "Units that respond")


def regimes(axes: Axes, record: Regimes) -> None:
    """The mean outputs after every condition, a row each, with the kind of its regime."""
    reach = float(np.abs(record.mean_output[np.isfinite(record.mean_output)]).max(initial=0)) or 1.0
    image = axes.imshow(record.mean_output, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto", interpolation="none")
    scale(axes, image, "Mean output")
    if len(record) <= 32:
        axes.set_yticks(list(range(len(record))), [f"{record.kind_of(at)} {at}" for at in range(len(record))])
    named_ticks(axes, [str(at + 1) for at in range(record.mean_output.shape[1])])
    labelled(axes, "Output", "Condition")


def pulse_table(axes: Axes, record: PulseTable) -> None:
    """The memory state that each pulse leads to from each state, in its colour; × where the task asks for another.

    The names are in the fields if they have room. An output of exactly 0 belongs to no state: its field is white.
    """
    states, (count, pulses) = _states(len(record.reached)), record.reached.shape
    names, colors = [short_name(state) for state in states] + ["0"], [*state_colors(states), PAPER]
    axes.imshow([[to_rgb(colors[at]) for at in row] for row in record.reached], aspect="auto", interpolation="none")
    wrong = record.reached != record.expected
    named_ticks(axes, [f"{at // 2 + 1}{'−' if at % 2 else '+'}" for at in range(pulses)])
    if count <= MOST_NAMES:
        axes.set_yticks(list(range(count)), names[:count])
        for (row, column), at in np.ndenumerate(record.reached):
            text = names[at] + " ×" * bool(wrong[row, column])
            axes.text(column, row, text, ha="center", va="center", fontsize=SMALL, color=text_on(colors[at]))
    else:
        axes.scatter(*np.nonzero(wrong)[::-1], marker="x", s=12, color=INK)
    right = f"{record.right:,} of {record.reached.size:,} as the task asks" + ", not those with ×" * bool(wrong.any())
    labelled(axes, "Pulse on a bit", "Memory state before", f"State after the pulse: {right}")


def lifetimes(axes: Axes, record: Lifetimes) -> None:
    """How long each memory lasts; a triangle is one that lasts as long as it was watched."""
    held = np.isinf(record.lifetime_ms)
    times = np.where(held, record.longest_ms, record.lifetime_ms)
    least = float(min(times[times > 0], default=1.0)) / 2
    axes.bar(np.arange(len(times)), np.maximum(times - least, 0), bottom=least, width=0.72, color=INPUT, linewidth=0)
    axes.margins(x=ROOM)
    axes.scatter(np.flatnonzero(held), np.full(held.sum(), record.longest_ms * 1.3), marker="^", s=14, color=INK)
    plain_log(axes)
    named_ticks(axes, _state_names(len(times)))
    labelled(axes, "Memory state", "Lifetime (ms)")


def memories(axes: Axes, record: Memories) -> None:
    """Whether each memory is held to the end of a trial, and for six times as long: filled dots are held."""
    for row, held in enumerate((record.held, record.held_long)):
        fills = [INK if one else PAPER for one in held]
        axes.scatter(np.arange(len(held)), np.full(len(held), row), s=40, c=fills, edgecolors=INK, linewidths=0.8)
    axes.set_yticks([0, 1], ["a trial", f"{record.long_ms:,g} ms"])
    axes.set_ylim(1.5, -0.5)
    axes.margins(x=ROOM)
    named_ticks(axes, _state_names(len(record.held)))
    labelled(
        axes, "Memory state", "Held for", f"Filled: held. {int(record.held_long.sum())} of {len(record.held)} held long"
    )


def cube(axes: Axes, record: MemoryCube) -> None:
    """The score of every bit; the lowest is the score of the cube."""
    bars(axes, record.bit_scores)
    axes.set_ylim(0, 1)
    named_ticks(axes, _bit_names(len(record.bit_scores)))
    labelled(axes, "", "Score", f"Cube score {record.score:.3f}")


def generalization(axes: Axes, record: Generalization) -> None:
    """How well a readout of each bit works in states on which it was not trained, with chance levels."""
    bars(axes, record.score, record.chance, record.chance_high)
    axes.set_ylim(0, 1.05)
    named_ticks(axes, _bit_names(len(record.score)))
    labelled(axes, "", "Read right in left-out states")


def alignment(axes: Axes, record: Alignment) -> None:
    """The cosines between the axes of the bits and the rows of the readout."""
    image = axes.imshow(record.readout, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none")
    scale(axes, image, "Cosine")
    named_ticks(axes, [str(at + 1) for at in range(record.readout.shape[1])])
    axes.set_yticks(list(range(len(record.readout))), _bit_names(len(record.readout)))
    labelled(axes, "Output", "")


def similarity_drawing(measure: str, label: str):
    """How the distances in one measure are drawn.

    Args:
        measure: one of `MEASURES`.
        label: what the scale is called.
    """

    def draw(axes: Axes, record: Similarities) -> None:
        distances = record.distances(measure)
        matrix(axes, distances, label)
        labelled(axes, "Network", "Network")

    return draw


def clusters(axes: Axes, record: Clusters) -> None:
    """The silhouette of the best clustering beside those of simulated cohorts without clusters."""
    top = max(record.silhouette, float(record.null_silhouette.max()), LEAST_SILHOUETTE)
    axes.hist(record.null_silhouette, bins=np.linspace(0, top, 25).tolist(), color=INPUT, label="without clusters")
    axes.axvline(record.silhouette, color=INK, linewidth=1.2, label="these networks")
    axes.margins(x=ROOM)
    legend_above(axes)
    labelled(axes, "Mean silhouette", "Simulated cohorts")
    axes.set_title(f"p = {record.p_value:.2g}: {_groups(record)}", loc="left")


def populations(axes: Axes, record: Populations) -> None:
    """The share of the units of each population."""
    bars(axes, 100 * record.share)
    named_ticks(axes, [str(at + 1) for at in range(record.count)])
    labelled(axes, "Population", "Units (%)")


def resampling(axes: Axes, record: Resampling) -> None:
    """The success of the network, of networks drawn from its populations, and of shuffled ones."""
    for place, values in enumerate((np.array([record.original]), record.success, record.shuffled)):
        axes.plot(np.full(len(values), place), 100 * values, color=INK, marker="o", markersize=4, linestyle="none")
    named_ticks(axes, ("the network", "drawn again", "shuffled"))
    axes.set_xlim(-0.5, 2.5)
    labelled(axes, "", "Successful trials (%)")


def _groups(record: Clusters) -> str:
    """How many clusters stand."""
    found = int(record.labels.max(initial=0)) + 1
    return number_of(found, "cluster") if found > 1 else "no clusters"


def _bit_names(count: int) -> list[str]:
    return [bit_name(bit, count) for bit in range(count)]


def _state_names(count: int) -> list[str]:
    """The names of memory states in their order, bit 1 first."""
    return [short_name(state) for state in _states(count)]


def _states(count: int) -> Int[np.ndarray, "state bit"]:
    """The signs of memory states in their order, bit 1 first."""
    return np.array(list(product((-1, 1), repeat=max(count - 1, 1).bit_length())))[:count]
