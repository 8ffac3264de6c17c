"""What docstrings say of the arguments of a class."""

import inspect
import re


def parameter_texts(kind: type) -> dict[str, str]:
    """What the docstring of a class, or those of its bases, say of each of its arguments."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        texts |= _argument_texts(base.__doc__ or "")
    return texts


def _argument_texts(docstring: str) -> dict[str, str]:
    text = inspect.cleandoc(docstring)
    match = re.search(r"^Args:\n((?:    .*\n?)+)", text, re.MULTILINE)
    entries = re.split(r"^    (?=\w+(?:, \w+)*: )", match[1] if match else "", flags=re.MULTILINE)
    pairs = (entry.split(": ", 1) for entry in entries if ": " in entry)
    return {
        name.strip(): re.sub(r"[$\\]", "", " ".join(words.split())).rstrip(".")
        for names, words in pairs
        for name in names.split(",")
    }
