"""Labels of stored numbers: unit and meaning, from the docstrings, and the words for which numbers stand."""

from collections.abc import Sequence
from typing import Any

from recurra.docstrings import parameter_texts

UNITS = {"_ms": "ms", "_hz": "Hz", "_step": "time steps", "_steps": "time steps"}  # by the ending of a name; 1 for none


def labels_of(kind: type, name: str) -> dict[str, Any]:
    """The attributes of a field of a record: `units`, `long_name`, `description`, and the words of its numbers.

    Args:
        kind: the class of the record; its docstring has the meanings, its `flags` the words for numbers.
        name: name of the field.
    """
    unit = next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "1")
    words = getattr(kind, "flags", {}).get(name)
    texts = parameter_texts(kind)
    return {
        "units": unit,
        "long_name": name.removesuffix("_ms").removesuffix("_hz").replace("_", " "),
        "description": texts.get(name, ""),
        **(word_labels(words) if words else {}),
    }


def word_labels(words: Sequence[str]) -> dict[str, Any]:
    """The attributes that say which word each number stands for, as in the conventions for climate data (CF)."""
    return {
        "flag_values": list(range(len(words))),
        "flag_meanings": " ".join("_".join(word.split()) or "_" for word in words),
    }
