"""Figures for print, at the sizes of the papers: scenes in, Matplotlib figures out."""

from recurra.plotting.papers.behaviour import behaviour, cube_walk, probe_answers
from recurra.plotting.papers.choices import choice_curves
from recurra.plotting.papers.connectivity import connectivity
from recurra.plotting.papers.learning import learning
from recurra.plotting.papers.loadings import loadings
from recurra.plotting.papers.spectra import spectra
from recurra.plotting.papers.state_space import state_space
from recurra.plotting.papers.style import in_print
from recurra.plotting.papers.tasks import sample_trials
from recurra.plotting.papers.trajectories import trajectories

__all__ = [
    "behaviour",
    "choice_curves",
    "connectivity",
    "cube_walk",
    "in_print",
    "learning",
    "loadings",
    "probe_answers",
    "sample_trials",
    "spectra",
    "state_space",
    "trajectories",
]
