"""The rates: directions that carry them, and factors with which they vary."""
