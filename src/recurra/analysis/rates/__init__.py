"""The rates: directions that carry them, and what they vary with."""
