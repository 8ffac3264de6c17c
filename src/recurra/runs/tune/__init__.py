"""Searches over hyperparameters: a cohort of networks is one trial."""
