"""Sentences and tables made from records, in one place for the terminal, the page and the figures."""
