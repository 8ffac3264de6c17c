"""Specs and presets, runs from training to dossier, and what goes in and out of them."""
