"""The five weight arrays of a network by name, and their axes. Of all modules, what reads strangers' files needs it."""

WEIGHT_AXES: dict[str, tuple[str, ...]] = {
    "recurrent": ("post", "pre"),
    "input": ("unit", "input"),
    "output": ("output", "unit"),
    "recurrent_bias": ("unit",),
    "output_bias": ("output",),
}
