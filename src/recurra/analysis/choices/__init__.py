"""Choices by evidence: psychometric and chronometric curves."""
