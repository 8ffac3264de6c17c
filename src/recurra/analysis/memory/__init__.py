"""Analyses of the memories of a flip-flop: which are held, for how long, and their geometry."""
