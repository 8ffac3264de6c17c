"""Analyses of the rates: directions with most of their variance, and the factors of the task with which they vary."""
