"""Runs: specs and presets, training and analysis, and the contents of run folders."""
