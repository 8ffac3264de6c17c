"""Figures: records in, figures out; nothing here saves, reads or computes."""
