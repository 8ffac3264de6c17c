"""Plotly figures for the screen: scenes in, figures out; nothing here saves, reads or computes."""

from recurra.plotting.interactive.behaviour import cube_walk, probe_answers, sample_trials
from recurra.plotting.interactive.census import census_map
from recurra.plotting.interactive.choices import choice_curves
from recurra.plotting.interactive.connectivity import connectivity, strongest
from recurra.plotting.interactive.learning import learning_curves
from recurra.plotting.interactive.lifetimes import lifetime_bars
from recurra.plotting.interactive.loadings import loadings
from recurra.plotting.interactive.program import program_graph
from recurra.plotting.interactive.spectra import spectra_density, spectrum_plane
from recurra.plotting.interactive.state_space import state_space
from recurra.plotting.interactive.trajectories import trajectories

__all__ = [
    "census_map",
    "choice_curves",
    "connectivity",
    "cube_walk",
    "learning_curves",
    "lifetime_bars",
    "loadings",
    "probe_answers",
    "program_graph",
    "sample_trials",
    "spectra_density",
    "spectrum_plane",
    "state_space",
    "strongest",
    "trajectories",
]
