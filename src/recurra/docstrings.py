"""What docstrings say of the arguments of a class."""

import inspect
import re

SYMBOLS = {
    "ell": "ℓ",
    "lambda": "λ",
    "mu": "μ",
    "sigma": "σ",
    "varphi": "φ",
    "phi": "φ",
    "pi": "π",
    "tau": "τ",
    "eta": "η",
    "kappa": "κ",
    "sum": "Σ",
    "sqrt": "√",
    "max": "max",
    "ln": "ln",
    "le": "≤",
    "ge": "≥",
    "leftarrow": "←",
    "langle": "⟨",
    "rangle": "⟩",
    "cdot": "·",
    "hat": "",
    "bar": "",
    "infty": "∞",
}
"""What stands for a symbol of TeX in plain text."""


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
        name.strip(): _plain(" ".join(words.split())).rstrip(".") for names, words in pairs for name in names.split(",")
    }


def _plain(text: str) -> str:
    """A text without the marks of TeX, its symbols as characters."""
    text = re.sub(r"\\([a-z]+)", lambda symbol: SYMBOLS.get(symbol[1], symbol[1]), text.replace("\\|", "‖"))
    return re.sub(r"[$\\]", "", text.replace("\\,", " "))
