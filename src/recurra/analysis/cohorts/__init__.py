"""Comparison of networks: how similar they are, and which kinds there are."""
