"""The entries of `run.json` and their types, which are checked on reading because anyone may have written it."""

import json
from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from recurra.status import Status
from recurra.storage.plain import check_plain

FORMAT = 2
READABLE = (1, FORMAT)

Count = Annotated[int, Field(ge=0, lt=2**53)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _status(name: str) -> str:
    if name not in Status.__members__:
        raise ValueError(f"expected one of: {', '.join(Status.__members__)}")
    return name


class NetworkAbout(TypedDict):
    """A network and the state of its training."""

    number: Count
    status: Annotated[str, AfterValidator(_status)]


class CheckpointAbout(TypedDict):
    """A state from which training can resume, and the hash of its file."""

    epoch: Count
    sha256: str


class EngineAbout(TypedDict, total=False):
    """The engine that trained."""

    name: Required[str]
    instructions: str
    threads: Count


class MachineAbout(TypedDict, total=False):
    """The machine."""

    system: str
    processor: str
    vectors: str
    cores: Count


class StretchAbout(TypedDict, total=False):
    """A part of a training without an interruption."""

    epoch: Count
    started: str
    numerics: Count
    versions: dict[str, str]
    engine: EngineAbout
    machine: MachineAbout
    settings: dict[str, str]
    gave_up: list[str]
    part: Count


class PartAbout(TypedDict):
    """Which part of a run's networks a folder holds; parts are numbered from 1."""

    number: Count
    of: Count


class AnalysisAbout(TypedDict):
    """The seal of the analysis."""

    made_of: str
    groups: dict[str, str]


class ConfirmedAbout(TypedDict):
    """The trial of a search that is confirmed, and the aim of the networks that confirm it; null if not finite."""

    trial: Count
    value: Annotated[float, Field(allow_inf_nan=False)] | None


class About(TypedDict, total=False):
    """The entries of `run.json` of a run, study, sweep or search; which are required depends on its use."""

    name: str
    status: Literal["training", "trained", "analysed", "running", "finished"]
    epoch: Count
    networks: list[NetworkAbout] | dict[str, Count]
    checkpoints: list[CheckpointAbout]
    engine: EngineAbout
    seconds: dict[str, Seconds] | Seconds
    versions: dict[str, str]
    machine: MachineAbout
    started: str
    stretches: list[StretchAbout]
    analysis: AnalysisAbout
    parts: Count
    part: PartAbout
    spec: dict[str, Any]
    sources: list[str]
    sweep: dict[str, Any]
    tuning: dict[str, Any]
    trials: Count
    confirmed: ConfirmedAbout
    base: dict[str, Any]
    study: str
    scale: str
    seed: Count
    title: str
    version: str
    training_seconds: Seconds
    tables: list[str]
    verdicts: list[dict[str, Any]]


ABOUT = TypeAdapter(About)


def parsed(text: str) -> dict[str, Any]:
    """The entries of a `run.json`.

    Raises:
        ValueError: the text is not JSON or has another format, or an entry has the wrong type; the message completes a
            sentence that begins with the name of the file.
    """
    try:
        about = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot be read: {'it is nested too deeply' if _too_deep(error) else error}") from None
    if not isinstance(about, dict):
        raise ValueError("holds no object")
    if about.get("format") not in READABLE or isinstance(about["format"], bool):
        raise ValueError(
            f"has the format {str(about.get('format'))[:40]}; this version reads {READABLE[0]} and {FORMAT}"
        )
    check_plain(about)
    try:
        ABOUT.validate_python(about, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"has a wrong entry {place[:100]}: {first['msg'].lower()}") from None
    _check_networks(about.get("networks"))
    return about


def written(about: dict[str, Any]) -> str:
    """The text of a `run.json`."""
    try:
        return json.dumps(about, indent=2, allow_nan=False) + "\n"
    except TypeError as error:
        raise ValueError(f"the run cannot be stored: {error}; a spec holds numbers, texts, lists and tables") from None


def _check_networks(networks: Any) -> None:
    if not isinstance(networks, list):
        return
    numbers = [network["number"] for network in networks]
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError("names no network, or one of them twice")


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _too_deep(error: Exception) -> bool:
    return isinstance(error, RecursionError)
