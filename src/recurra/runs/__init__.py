"""Runs: specs and presets, from training to analysis, and what goes in and out of a run folder."""
