"""What was run: the spec, where and how long, how to run it again, and the sources of the methods used."""

import base64
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from recurra.analysis import Similarities
from recurra.analysis.dossier_records import record_kinds
from recurra.analysis.record import RunRecord
from recurra.runs.own import file_of, modules_of
from recurra.runs.show import to_toml
from recurra.runs.spec import RunSpec
from recurra.sources import SOURCES, Source


@dataclass(frozen=True)
class Provenance:
    """The last section of the report.

    Args:
        toml: the spec, if the run was made here.
        file: the name of a file for it.
        download: the spec as an address that holds it.
        command: how to run it again.
        lines: further facts, as name and value.
        sources: the sources of every method used.
        protocol: the latest publication that the task comes from, if there is one.
    """

    toml: str
    file: str
    download: str
    command: str
    lines: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    protocol: Source | None


def provenance(run: RunRecord, spec: RunSpec | None) -> Provenance:
    """What is known of a run."""
    toml = to_toml(spec) if spec else ""
    file = f"{_file_name(str(run.about['name']))}.toml"
    modules = modules_of(run.spec)
    options = [word for own in dict.fromkeys(modules) for word in ("--use", file_of(own))]
    known = [SOURCES[key] for key in run.task.sources if key in SOURCES]
    encoded = base64.b64encode(toml.encode()).decode()
    return Provenance(
        toml=toml,
        file=file,
        download=f"data:application/toml;base64,{encoded}",
        command=shlex.join(["recurra", "run", file, "--out", f"runs/{file.removesuffix('.toml')}", *options]),
        lines=tuple(_lines(run.about, spec)),
        sources=used_sources(run),
        protocol=max(known, key=lambda source: source.year, default=None),
    )


def used_sources(run: RunRecord) -> tuple[Source, ...]:
    """The sources of the task, of the training and of the analyses, each once, by author and year."""
    undefined = run.dossiers[0].not_applicable
    records: list[Any] = [kind for group, kind in record_kinds(run.task).items() if group not in undefined]
    keys = [*run.about.get("sources", run.task.sources)]
    records += [run.census, Similarities] if run.census else []
    keys += [key for record in records for key in getattr(record, "sources", ())]
    sources = [SOURCES[key] for key in dict.fromkeys(keys) if key in SOURCES]
    return tuple(sorted(sources, key=lambda source: (_family_name(source), source.year)))


def _family_name(source: Source) -> str:
    """Of the first author, after the initials."""
    return source.authors.split(",")[0].split(" and ")[0].split(". ")[-1]


def recurra_version(about: Mapping[str, Any]) -> str:
    """The version that made the run, or the one installed."""
    try:
        return str(about.get("versions", {}).get("recurra") or version("recurra"))
    except PackageNotFoundError:
        return ""


def _network_lines(network: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which network of its run it is, and what it was read as; nothing of a whole run."""
    if "status" in network:
        yield "Network", f"number {network['number']} of its run, training {network['status']}"
    if told := [f"{key} {value}" for key, value in network.items() if key not in ("number", "status", "notes")]:
        yield "Read as", ", ".join(told)
    for note in network.get("notes", ()):
        yield "Mind", note


def _lines(about: Mapping[str, Any], spec: RunSpec | None) -> Iterator[tuple[str, str]]:
    if spec:
        yield "Seed", str(spec.seed)
        if spec.start:
            yield "Weights at the start", spec.start.words()
    for key, name in (("file", "File"), ("started", "Started")):
        if about.get(key):
            yield name, str(about[key])
    yield from _network_lines(about.get("network", {}))
    if engine := about.get("engine"):
        details = [f"{engine['threads']} threads", engine["instructions"]] if "threads" in engine else []
        yield "Engine", ", ".join([engine["name"], *details])
    machine = about.get("machine")
    if machine:
        yield "Machine", f"{machine.get('system')}, {machine.get('processor')}, {machine.get('cores')} cores"
    for key, seconds in about.get("seconds", {}).items():
        yield f"Time for {key}", _duration(float(seconds))
    if about.get("versions"):
        yield "Versions", ", ".join(f"{name} {number}" for name, number in about["versions"].items())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in name).strip("-.") or "run"
