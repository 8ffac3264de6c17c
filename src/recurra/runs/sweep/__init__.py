"""Sweeps: conditions × networks as one labelled cohort."""
