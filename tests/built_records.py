"""Records of any kind, filled with random numbers as their annotations allow."""

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import SweptCondition, word
from recurra.arrays import axes_in


def filled(hint: Any, size: int, random: np.random.Generator, words: int) -> Any:
    """A value that an annotation allows, with axes of one length."""
    if get_origin(hint) is tuple and ... not in get_args(hint):
        return tuple(filled(one, size, random, words) for one in get_args(hint))
    hint = (get_args(hint) or (hint,))[0] if axes_in(hint) is None else hint
    axes = axes_in(hint)
    if axes is not None:
        shape = (size,) * len([axis for axis in axes.split() if not axis.startswith("*")])
        kind = hint.dtypes[0] if isinstance(hint.dtypes, (list, tuple)) else "float"
        if "bool" in kind:
            return random.random(shape) < 0.5
        if "complex" in kind:
            return random.normal(size=shape) + 1j * random.normal(size=shape)
        return random.integers(0, words or 3, shape) if "int" in kind else random.random(shape)
    plain = {float: 0.123456789, int: 1, bool: True, str: "text", complex: 0.5 + 0.5j}
    return plain.get(hint, ())


def built(kind: type, size: int, seed: int) -> Any:
    """A record whose axes all have this length."""
    random, flags = np.random.default_rng(seed), getattr(kind, "flags", {})
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: filled(hints[name], size, random, len(flags.get(name, ()))) for name in names})


def built_sweep(keys, how, columns):
    """A sweep of made-up numbers: for every condition its values, the losses of its networks, and its starts."""
    conditions = []
    for values, losses, starts in columns:
        rows = tuple({"network": k, "status": "finished", "learned": loss < 1, "validation_loss": loss}
                     for k, loss in enumerate(losses))  # fmt: skip
        label = ", ".join(f"{key.name} {word(value)}" for key, value in zip(keys, values, strict=True))
        conditions.append(SweptCondition(values, label, Path("x"), False, rows, tuple(starts), 1.0))
    return Sweep("built", Path("x"), keys, how, tuple(conditions))
