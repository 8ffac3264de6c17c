"""Records that are points in a plane: eigenvalues, maps, loadings, the flow."""

import numpy as np
from jaxtyping import Complex, Float
from matplotlib.axes import Axes

from recurra.analysis import Census, FixedPoints, FlowField, Loadings, RestingModes, SlowPoints, Spectrum
from recurra.analysis.cohorts.network_map import NetworkMap
from recurra.analysis.cohorts.similarity import Signature
from recurra.models.network import Network
from recurra.plotting.colors import INK, INPUT
from recurra.plotting.papers.census import map_panel
from recurra.plotting.papers.flow_field import flow_panel
from recurra.plotting.papers.spectra import complex_plane, dots, spectrum_panel
from recurra.plotting.papers.style import ROOM, legend_above
from recurra.plotting.records.axes import labelled, legend_beside
from recurra.plotting.scenes.census import census_scene
from recurra.plotting.scenes.spectra import PlaneLimits, spectrum_scene

SIZE = 6.0  # of an eigenvalue, points²


def spectrum(axes: Axes, record: Spectrum) -> None:
    """The eigenvalues with the unit circle; those outside have an edge."""
    spectrum_panel(axes, spectrum_scene(record, None, 0, PlaneLimits.of([record])))
    labelled(axes, "Real part", "Imaginary part")


def network_spectrum(axes: Axes, record: Network) -> None:
    """The eigenvalues of the recurrent weights."""
    _eigenvalues(axes, {"eigenvalues of W": (np.linalg.eigvals(record.recurrent), INK)})


def resting_modes(axes: Axes, record: RestingModes) -> None:
    """The modes of one step where the network rests."""
    _eigenvalues(axes, {"modes at rest": (record.eigenvalues, INK)})


def fixed_points(axes: Axes, record: FixedPoints) -> None:
    """The eigenvalues of one step at all fixed points: of stable points black, of unstable ones grey."""
    stable = record.index == 0
    parts = {
        "unstable points": (record.eigenvalues[~stable], INPUT),
        "stable points": (record.eigenvalues[stable], INK),
    }
    _eigenvalues(axes, parts)


def slow_points(axes: Axes, record: SlowPoints) -> None:
    """The eigenvalues of one step at all slow points."""
    _eigenvalues(axes, {"slow points": (record.eigenvalues, INK)})


def signature(axes: Axes, record: Signature) -> None:
    """The eigenvalues of the weights, and those of the dynamics of the rates."""
    _eigenvalues(axes, {"of the weights": (record.eigenvalues, INPUT), "of the rates": (record.dynamic_modes, INK)})


def _eigenvalues(axes: Axes, parts: dict[str, tuple[Complex[np.ndarray, "*axes"], str]]) -> None:
    """Eigenvalues in parts, each with a colour, and with a legend if there are several."""
    every = np.concatenate([np.ravel(values) for values, _ in parts.values()])
    every = every[np.isfinite(every)]
    reach = 1.1 * max(1.0, float(np.abs(every).max(initial=0)))
    complex_plane(axes, PlaneLimits(-reach, reach, reach))
    for values, color in parts.values():
        dots(axes, np.ravel(values)[np.isfinite(np.ravel(values))], color, SIZE)
    if len(parts) > 1:
        for name, (_, color) in parts.items():
            axes.plot([], [], color=color, marker="o", markersize=3, linestyle="none", label=name)
        legend_above(axes)
    labelled(axes, "Real part", "Imaginary part")


def census(axes: Axes, record: Census) -> None:
    """The map of the networks: a colour and a mark for each regime signature, outlines around clusters."""
    if record.coordinates.shape[1] < 2:
        raise ValueError(f"the census has a map of {record.coordinates.shape[1]} dimensions; a drawing needs 2")
    names = [f"signature {at + 1}" for at in range(len(record.signature_kinds))]
    scene = census_scene(record, names)
    map_panel(axes, scene)
    for group in scene.groups:
        axes.plot([], [], color=group.color, marker="o", markersize=4, linestyle="none", label=group.name)
    legend_beside(axes)


def network_map(axes: Axes, record: NetworkMap) -> None:
    """The networks along the first two dimensions of their map."""
    if record.coordinates.shape[1] < 2:
        raise ValueError(f"the map has {record.coordinates.shape[1]} dimensions; a drawing needs 2")
    axes.scatter(*record.coordinates[:, :2].T, s=14, color=INK)
    axes.margins(ROOM)
    shares = [f"Dimension {at + 1} ({100 * share:.0f} %)" for at, share in enumerate(record.explained[:2])]
    labelled(axes, shares[0], shares[1], f"Stress {record.stress:.2g}")


def loadings(axes: Axes, record: Loadings) -> None:
    """The first output vector m against the first input-selection vector n, a dot for each unit."""
    axes.scatter(record.n[:, 0], record.m[:, 0], s=4, color=INK, alpha=0.6, linewidths=0)
    axes.axhline(0, color=INPUT, linewidth=0.4, zorder=0)
    axes.axvline(0, color=INPUT, linewidth=0.4, zorder=0)
    axes.margins(ROOM)
    labelled(axes, "n1", "m1")


def flow_field(axes: Axes, record: FlowField) -> None:
    """Streamlines along the displacement; slow states are dark."""
    flow_panel(axes, record)
    axes.set_xlim(_ends(record.across))
    axes.set_ylim(_ends(record.upwards))
    labelled(axes, "Along the first direction", "Along the second direction")


def _ends(values: Float[np.ndarray, "column"]) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
