"""Plotly figures for the screen: records in, figures out; nothing here saves, reads or computes."""

from recurra.plotting.interactive.behaviour import bit_trials, cube_walk
from recurra.plotting.interactive.census import census_map
from recurra.plotting.interactive.conditions import probe_answers, sample_trials
from recurra.plotting.interactive.connectivity import connectivity, strongest
from recurra.plotting.interactive.landscape import Landmarks
from recurra.plotting.interactive.learning import LOSS_TOP, Bound, learning_curves
from recurra.plotting.interactive.lifetimes import lifetime_bars, shortest
from recurra.plotting.interactive.program import Arrow, Divide, Graph, oblique, program_graph
from recurra.plotting.interactive.spectra import Span, spectra_density, spectrum_plane
from recurra.plotting.interactive.state_space import Portrait, state_space, vertices
from recurra.plotting.interactive.trajectories import Paths, trajectories

__all__ = [
    "LOSS_TOP",
    "Arrow",
    "Bound",
    "Divide",
    "Graph",
    "Landmarks",
    "Paths",
    "Portrait",
    "Span",
    "bit_trials",
    "census_map",
    "connectivity",
    "cube_walk",
    "learning_curves",
    "lifetime_bars",
    "oblique",
    "probe_answers",
    "program_graph",
    "sample_trials",
    "shortest",
    "spectra_density",
    "spectrum_plane",
    "state_space",
    "strongest",
    "trajectories",
    "vertices",
]
