"""A complete spec as TOML; the meaning and unit of every key are read from the docstrings."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from recurra.docstrings import parameter_texts
from recurra.runs.spec import REGISTRY, RunSpec
from recurra.runs.tables import arguments_of, to_table
from recurra.sources import SOURCES
from recurra.tasks import FAMILIES, PATTERNS, SERIES, TASKS, Task

EXACT = ("dt_ms", "smooth_ms")  # times in ms that need not be a whole number of steps


def to_toml(spec: RunSpec) -> str:
    """The spec as TOML that reads back as the same spec, with one comment per key."""
    return "\n".join(_lines(spec, "")).strip() + "\n"


def _lines(method: Any, path: str) -> Iterator[str]:
    texts, table = parameter_texts(type(method)), to_table(method, REGISTRY)
    if path:
        yield from ("", f"[{path}]")
    if "kind" in table:
        others = next(names for kind, names in REGISTRY.items() if isinstance(method, kind))
        yield f"kind = {json.dumps(table['kind'])}  # one of: {', '.join(others)}; or module:Class of your own"
    inner = []
    for field in arguments_of(method):
        if is_dataclass(getattr(method, field.name)):
            inner.append(field.name)
        elif table[field.name] is None:  # which TOML cannot say
            yield f"# {field.name} is not set  # {texts.get(field.name, '')}"
        else:
            yield f"{field.name} = {_toml(table[field.name])}  # {texts.get(field.name, '')}"
    for name in inner:
        yield from _lines(getattr(method, name), f"{path}.{name}".strip("."))


def _toml(value: object) -> str:
    if value in ("inf", "-inf"):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def describe_tasks() -> dict[str, str]:
    """The name of every task, with one sentence that describes it."""
    return {name: _summary(kind) for name, kind in {**TASKS, **PATTERNS, **SERIES, **FAMILIES}.items()}


def describe_task(task: Task) -> dict[str, Any]:
    """A task's parameters with values and meanings, its size, conditions and sources."""
    texts, table = parameter_texts(type(task)), to_table(task, REGISTRY)
    return {
        "name": table["kind"],
        "summary": _summary(type(task)),
        "inputs": task.inputs,
        "outputs": task.outputs,
        "steps": task.steps,
        "dt_ms": task.dt_ms,
        "conditions": list(task.condition_names),
        "rounded": rounded_durations(task),
        "periods": [{"name": p.name, "start_ms": p.start_ms, "end_ms": p.end_ms} for p in task.periods],
        "parameters": {
            name: {"value": value, "meaning": texts.get(name, "")} for name, value in table.items() if name != "kind"
        },
        "sources": [
            f"{source.authors} ({source.year}). {source.link}" for source in map(SOURCES.get, task.sources) if source
        ],
    }


def rounded_durations(task: Task) -> dict[str, float | list[float]]:
    """The durations that are not a whole number of the task's time steps, rounded to the nearest step as in use."""
    return dict(_rounded(to_table(task, REGISTRY), task.dt_ms, ""))


def _rounded(table: dict[str, Any], dt_ms: float, path: str) -> Iterator[tuple[str, float | list[float]]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _rounded(value, dt_ms, f"{path}{name}.")
        elif name.endswith("_ms") and name not in EXACT:
            given = value if isinstance(value, list) else [value]
            used = [round(round(time / dt_ms) * dt_ms, 9) for time in given]
            if any(abs(time - rounded) > 1e-6 * dt_ms for time, rounded in zip(given, used, strict=True)):
                yield path + name, used if isinstance(value, list) else used[0]


def task_text(described: dict[str, Any]) -> str:
    """The description as lines of text."""
    parameters = [
        f"  {name} = {entry['value']}  # {entry['meaning']}" for name, entry in described["parameters"].items()
    ]
    sources = [f"  {source}" for source in described["sources"]]
    used = ", ".join(f"{name} {value}" for name, value in described["rounded"].items())
    rounded = [f"to the nearest whole step of {described['dt_ms']:g} ms: {used}"] if used else []
    head = [
        described["summary"],
        f"inputs {described['inputs']}, outputs {described['outputs']}, {described['steps']} steps",
    ]
    conditions = f"conditions: {', '.join(described['conditions'])}" if described["conditions"] else ""
    parts = [conditions, *_headed("parameters:", parameters), *rounded, *_headed("sources:", sources)]
    return "\n".join(filter(None, [*head, *parts]))


def _headed(heading: str, lines: list[str]) -> list[str]:
    return [heading, *lines] if lines else []


def _summary(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]
