"""The spec of a run: task, model, training, networks, seed; from the name of a preset or a TOML file."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from pathlib import Path
from typing import Any, cast, final

from recurra.checks import check_choice, check_count, check_name, nearest
from recurra.engine import Penalty
from recurra.models import CONSTRAINTS, INITIALIZERS, MODELS, Constraint, Initializer, Model
from recurra.models.start import Transfer
from recurra.models.transfer import TransferredWeights
from recurra.runs.named_files import beside, with_series
from recurra.runs.own import check_analyses, check_imported
from recurra.runs.tables import Registry, Table, arguments_of, from_table, to_table
from recurra.storage.reading import naming, read_text
from recurra.streams import check_seed
from recurra.tasks import FAMILIES, PATTERNS, RULES, SERIES, TASKS, DecisionStream, SuccessRule, Task
from recurra.tasks.published_pulse import PublishedPulse
from recurra.tasks.pulse_schedules import PoissonPulses, PulseSchedule, ScheduledPulses
from recurra.training import (
    HINTS,
    LEARNING_RULES,
    OPTIMIZERS,
    PENALTIES,
    SCHEDULES,
    STOPS,
    TRIAL_SETS,
    LearningRule,
    Preset,
    Training,
)
from recurra.training.hints import Hint
from recurra.training.members import Members
from recurra.training.optimizers import Optimizer
from recurra.training.schedules import Schedule
from recurra.training.stopping import Stop
from recurra.training.trial_sets import TrialSet
from recurra.varied import Varied, varied_of

DEEPEST = 8  # levels of a spec

REGISTRY: Registry = {
    Task: {
        **TASKS,
        **PATTERNS,
        **SERIES,
        **FAMILIES,
        "decision_stream": DecisionStream,
        "pulse_published": PublishedPulse,
    },
    PulseSchedule: {"scheduled": ScheduledPulses, "poisson": PoissonPulses},
    SuccessRule: dict(RULES),
    Model: dict(MODELS),
    Initializer: dict(INITIALIZERS),
    Constraint: dict(CONSTRAINTS),
    LearningRule: dict(LEARNING_RULES),
    Optimizer: dict(OPTIMIZERS),
    Penalty: dict(PENALTIES),
    Schedule: dict(SCHEDULES),
    TrialSet: dict(TRIAL_SETS),
    Stop: dict(STOPS),
    Hint: dict(HINTS),
}
MOST_SPEC_BYTES = 2**20


@final
@dataclass(frozen=True)
class RunSpec:
    """Everything from which a run follows.

    Args:
        task: what the networks learn.
        name: the run's name; also its folder under `runs/` if no other is given.
        networks: how many networks are trained.
        seed: fixes everything that is random, 0 or above.
        model: architecture of the networks; what it leaves to the task is filled in.
        training: how they learn.
        analyses: of your own, each "module:function", made of every network after recurra's.
        vary: numbers that differ between networks: a list of values, one for each network, by key, such as
            `"training.learning_rate"`.
        start: the run from whose networks the training starts; by default from weights that the model draws.
    """

    task: Task
    name: str = "run"
    networks: int = 4
    seed: int = 0
    model: Model = field(default_factory=MODELS["rate"])
    training: LearningRule = field(default_factory=LEARNING_RULES["bptt"])
    analyses: tuple[str, ...] = ()
    vary: Mapping[str, tuple[float, ...]] | tuple[tuple[str, tuple[float, ...]], ...] = ()
    start: Transfer | None = None

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_count("networks", self.networks)
        check_seed(self.seed)
        check_analyses(self.analyses)
        object.__setattr__(self, "model", self.model.for_task(self.task))
        if self.training.curriculum:
            self.training.curriculum.tasks(self.task)
        object.__setattr__(self, "vary", varied_of(self.vary))
        numbers = tuple(range(self.networks)) if self.vary else ()
        Members(self.model, self.training, numbers, self.task, cast(Varied, self.vary)).check()

    def to_training(self, engine: str = "auto", numbers: Sequence[int] | None = None) -> Training:
        """The training of this run's cohort; an error if it needs more memory than there is.

        Args:
            engine: the engine.
            numbers: of the networks, if not all are trained together.
        """
        chosen = range(self.networks) if numbers is None else numbers
        transfer = self.start and TransferredWeights.read(self.start)
        return Training(self.task, self.model, self.training, chosen, self.seed, engine, self.vary, transfer)

    def table(self) -> Table:
        """The complete spec in plain values; without `analyses`, `vary` and `start` where there are none."""
        table = to_table(self, REGISTRY)
        return {key: value for key, value in table.items() if value or key not in ("analyses", "vary", "start")}

    def sources(self) -> tuple[str, ...]:
        """Keys of the sources of the task and of the methods in the spec, in the order of their use."""
        return tuple(dict.fromkeys(_sources(self)))


def preset(name: str) -> Preset:
    """A preset as an object: what the networks learn, their architecture, and how they learn.

    Args:
        name: one of `rc.presets()`.

    Raises:
        ValueError: there is no preset of this name; the line has the closest one.

    Examples:
        >>> import recurra as rc
        >>> rc.preset("xor").model.units
        50
    """
    check_choice("preset", name, presets())
    spec = to_spec(read_table(name))
    return Preset(spec.name, spec.task, spec.model, spec.training, spec.networks, spec.seed)


def presets() -> list[str]:
    """The names of the presets that come with recurra, on the command line and as `rc.preset(name)`."""
    return sorted([*_preset_files(), *_gated_presets()])


def read_table(spec: str) -> Table:
    """The table of a preset or of a TOML file.

    Args:
        spec: a preset's name, or the path of a file that ends in .toml.
    """
    if spec in (files := _preset_files()):
        return tomllib.loads(files[spec].read_text("utf-8"))
    if spec in (gated := _gated_presets()):
        return gated[spec]
    path = Path(spec)
    if path.suffix != ".toml":
        raise ValueError(f"{spec!r} is neither a preset nor a file that ends in .toml; {nearest(spec, presets())}")
    with naming(path):
        text = read_text(path, MOST_SPEC_BYTES)
    try:
        table = _loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    return beside(table, path.parent)


def with_settings(table: Table, settings: Iterable[str]) -> Table:
    """The table with all settings `KEY=VALUE`: KEY with dots between levels, VALUE as in TOML or a bare word.

    Files that it names are read.
    """
    for setting in settings:
        key, separator, value = setting.partition("=")
        if not separator or not all(key.split(".")):
            raise ValueError(f"--set got {setting!r}; expected KEY=VALUE, such as training.steps=500")
        if key.count(".") >= DEEPEST:
            raise ValueError(f"--set got a key of {key.count('.') + 1} levels; no spec has more than {DEEPEST}")
        try:
            table = with_value(table, key, plain_value(value))
        except ValueError as error:
            raise ValueError(f"--set {key}: {error}") from None
    return with_series(table)


def with_value(table: Table, key: str, value: object) -> Table:
    """The table with a value at a key, with dots between levels."""
    return _with(table, key.split("."), value)


def plain_value(text: str) -> object:
    """A value from text: as in TOML, or a bare word."""
    try:
        return _loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def to_spec(table: Table) -> RunSpec:
    """The spec of a complete or partial table; missing keys have their defaults."""
    if "task" not in table:
        raise ValueError(f"the spec has no task; expected task = one of: {', '.join(TASKS)}")
    check_imported(table)
    if isinstance(table.get("vary"), dict):
        table = {**table, "vary": _flat(table["vary"], "")}
    return from_table(RunSpec, table, REGISTRY, "")


def _flat(table: Table, path: str) -> Table:
    """The values of nested tables by their full keys."""
    found: Table = {}
    for key, value in table.items():
        found |= _flat(value, f"{path}{key}.") if isinstance(value, dict) else {f"{path}{key}": value}
    return found


def _preset_files() -> dict[str, Traversable]:
    """The files of the presets, by name."""
    folder = resources.files("recurra.runs") / "presets"
    return {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}


def _gated_presets() -> dict[str, Table]:
    """The presets of gated cells, TASK-CELL: those of the tasks with the cell's model, and further values of both."""
    file = tomllib.loads((resources.files("recurra.runs") / "cells.toml").read_text("utf-8"))
    presets = {}
    for (task, own), (cell, parts) in product(file["tasks"].items(), file["cells"].items()):
        table, name = read_table(task), f"{task}-{cell}"
        changed = {"name": name, "task": table["task"] | own, "training": table["training"] | parts["training"]}
        presets[name] = {**table, **changed, "model": parts["model"]}
    return presets


def _with(table: Table, keys: list[str], value: object) -> Table:
    if len(keys) == 1:
        return {**table, keys[0]: value}
    inner = table.get(keys[0], {})
    inner = {"kind": inner} if isinstance(inner, str) else inner
    if not isinstance(inner, dict):
        raise ValueError(f"{keys[0]} is a value, not a table; it has no key {'.'.join(keys[1:])}")
    return {**table, keys[0]: _with(inner, keys[1:], value)}


def _loads(text: str) -> Table:
    """TOML as a table; no spec is nested deeper than `DEEPEST` levels."""
    deep = f"values are nested too deep; no spec has more than {DEEPEST} levels"
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError(deep) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # of Python's own: a whole number of thousands of digits
        raise ValueError(f"a value cannot be read: {str(error).split(';')[0].lower()}") from None
    level: list[Any] = [table]
    for _ in range(DEEPEST + 1):
        inner = [list(value.values()) if isinstance(value, dict) else value for value in level]
        level = [one for values in inner for one in values if isinstance(one, (dict, list))]
    if level:
        raise ValueError(deep)
    return table


def _sources(method: object) -> Iterable[str]:
    yield from getattr(method, "sources", ()) if not isinstance(method, RunSpec) else ()
    for item in arguments_of(method):
        value = getattr(method, item.name)
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "__dataclass_fields__"):
                yield from _sources(part)
