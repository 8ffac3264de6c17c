"""Analyses of the weights: their distribution, spectra and damage."""
