"""The dynamics: modes at rest, fixed and slow points, stability, regimes, attractors, programs."""
