"""A whole spec as TOML, every key with what it means and its unit, read from the docstrings."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from recurra.studies.spec import REGISTRY, RunSpec
from recurra.studies.tables import to_table


def to_toml(spec: RunSpec) -> str:
    """The spec as TOML that reads back to the same spec, with a comment a key."""
    return "\n".join(_lines(spec, "")).strip() + "\n"


def parameter_texts(kind: type) -> dict[str, str]:
    """What the docstring of a class says of each of its arguments."""
    text = inspect.getdoc(kind) or ""
    match = re.search(r"^Args:\n((?:    .*\n?)+)", text, re.MULTILINE)
    entries = re.split(r"^    (?=\w+: )", match[1] if match else "", flags=re.MULTILINE)
    pairs = (entry.split(": ", 1) for entry in entries if ": " in entry)
    return {name.strip(): re.sub(r"[$\\]", "", " ".join(words.split())).rstrip(".") for name, words in pairs}


def _lines(method: Any, path: str) -> Iterator[str]:
    texts, table = parameter_texts(type(method)), to_table(method, REGISTRY)
    if path:
        yield from ("", f"[{path}]")
    if "kind" in table:
        others = next(names for names in REGISTRY.values() if table["kind"] in names and type(method) in names.values())
        yield f"kind = {json.dumps(table['kind'])}  # one of: {', '.join(others)}"
    inner = []
    for field in fields(method):
        if is_dataclass(getattr(method, field.name)):
            inner.append(field.name)
        else:
            yield f"{field.name} = {_toml(table[field.name])}  # {texts.get(field.name, '')}"
    for name in inner:
        yield from _lines(getattr(method, name), f"{path}.{name}".strip("."))


def _toml(value: object) -> str:
    if value in ("inf", "-inf"):
        return str(value)
    return json.dumps(value)
