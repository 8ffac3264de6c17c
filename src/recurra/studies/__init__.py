"""Studies that repeat results of the papers."""
