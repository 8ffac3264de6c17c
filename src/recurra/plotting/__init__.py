"""Figures: scenes say what a picture shows, `papers` and `interactive` draw it; nothing here saves or reads."""
