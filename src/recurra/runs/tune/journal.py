"""The trials of a search in Optuna's journal file, and what Optuna suggests for the next one.

Optuna would leave the trial of a killed worker running for ever, and its own lock of the file too. Here the journal has
one line when a trial begins, with all its values, and lines when it ends; in between, its run folder and the lock on it
say how far it is and whether somebody works at it. The journal is written only under the lock of the search's folder.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, final

from recurra.analysis.cohorts.swept import word
from recurra.analysis.cohorts.tuning import TrialState
from recurra.runs.sweep.axes import Axis, Range
from recurra.storage.files import check_plain, shown
from recurra.streams import Stream, derived_seed
from recurra.terminal import one_line

NAME = "optuna.journal"
STUDY = "recurra"
REASON = "reason"  # the attribute of a failed trial
STATES: dict[str, TrialState] = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running"}
MOST_BYTES = 2**28
SAMPLER_SEEDS = 2**32  # Optuna's samplers take a seed of 32 bits


@final
@dataclass(frozen=True)
class Entry:
    """A trial as the journal has it.

    Args:
        number: its number.
        values: the value of every axis.
        state: its state; "running" also if its worker was killed.
        value: what the search improves; NaN unless the trial is finished.
        reason: why it failed.
        so_far: what the aim was after so many training steps.
    """

    number: int
    values: tuple[Any, ...]
    state: TrialState
    value: float
    reason: str
    so_far: Mapping[int, float]


@final
class Journal:
    """The journal of a search.

    Args:
        folder: folder of the search.
        axes: what varies.
        larger: whether a larger value is better.
    """

    def __init__(self, folder: Path, axes: Sequence[Axis], larger: bool) -> None:
        self.path = folder / NAME
        self._axes, self._larger = axes, larger
        self._distributions = {axis.key: _distribution(axis) for axis in axes}

    def study(self) -> Any:
        """The study as Optuna has it, for its own pictures; a journal that is missing holds no trial."""
        if not self.path.is_file():
            return self._in_memory([], None)
        with self._reading(), quiet() as optuna:
            return optuna.load_study(study_name=STUDY, storage=self._storage())

    def entries(self) -> list[Entry]:
        """All trials, in the order of their numbers."""
        study = self.study()
        with self._reading():
            return [self._entry(trial) for trial in study.get_trials(deepcopy=False)]

    def suggested(self, seed: int) -> dict[str, Any]:
        """What Optuna suggests for the next trial: it follows from the seed and from the trials so far alone.

        Args:
            seed: seed of the search.
        """
        trials = self.study().get_trials(deepcopy=False)
        sampler_seed = derived_seed(seed, Stream.tuning, len(trials)) % SAMPLER_SEEDS
        sampler = optuna_module().samplers.TPESampler(seed=sampler_seed, constant_liar=True)
        return self._in_memory(trials, sampler).ask(self._distributions).params

    def begin(self, suggested: Mapping[str, Any]) -> Entry:
        """Write that a trial begins, in one line.

        Args:
            suggested: its values, by the keys of the axes.
        """
        self._mend()
        trial = optuna_module().trial
        new = trial.create_trial(
            state=trial.TrialState.RUNNING, params=dict(suggested), distributions=self._distributions
        )
        study = self._made()
        study.add_trial(new)
        return self._entry(study.get_trials(deepcopy=False)[-1])

    def end(self, entry: Entry) -> None:
        """Write how a trial ended; the line with its state is the last.

        Args:
            entry: the trial as it ended.
        """
        self._mend()
        storage, states = self._storage(), optuna_module().trial.TrialState
        trial = storage.get_all_trials(storage.get_study_id_from_name(STUDY), deepcopy=False)[entry.number]
        if trial.state.is_finished():
            return
        for step, found in entry.so_far.items():
            storage.set_trial_intermediate_value(trial._trial_id, step, found)
        if entry.reason:
            storage.set_trial_user_attr(trial._trial_id, REASON, entry.reason)
        name = next(name for name, ours in STATES.items() if ours == entry.state)
        value = [entry.value] if entry.state == "finished" else None
        storage.set_trial_state_values(trial._trial_id, states[name], value)

    def _entry(self, trial: Any) -> Entry:
        finished = trial.state.name == "COMPLETE"
        return Entry(
            number=trial.number,
            values=tuple(_value(axis, trial.params[axis.key]) for axis in self._axes),
            state=STATES[trial.state.name],
            value=float(trial.value) if finished else math.nan,
            reason=one_line(str(trial.user_attrs.get(REASON, ""))),
            so_far={int(step): float(value) for step, value in sorted(trial.intermediate_values.items())},
        )

    def _made(self) -> Any:
        """The study, made if the journal is new."""
        with quiet() as optuna:
            storage = self._storage()
            if not storage.get_all_studies():
                storage.create_new_study([self._direction()], STUDY)
            return optuna.load_study(study_name=STUDY, storage=storage)

    def _in_memory(self, trials: Sequence[Any], sampler: Any) -> Any:
        """A study with these trials that nothing is written of."""
        with quiet() as optuna:
            storage = optuna.storages.InMemoryStorage()
            storage.create_new_study([self._direction()], STUDY)
            study = optuna.load_study(study_name=STUDY, storage=storage, sampler=sampler)
            study.add_trials(trials)
            return study

    def _storage(self) -> Any:
        if self.path.is_symlink() or self.path.exists():
            check_plain(self.path)
        optuna = optuna_module()
        backend = optuna.storages.journal.JournalFileBackend(str(self.path), lock_obj=_OurLock())
        return optuna.storages.JournalStorage(backend)

    def _direction(self) -> Any:
        directions = optuna_module().study.StudyDirection
        return directions.MAXIMIZE if self._larger else directions.MINIMIZE

    def _mend(self) -> None:
        """Remove the part of a line that a killed worker has left at the end."""
        if not self.path.is_file():
            return
        with self.path.open("r+b") as file:
            text = file.read()
            file.truncate(text.rfind(b"\n") + 1)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """An error in what the journal holds, which anyone may have written, is one line that names it."""
        name = shown(self.path)
        if self.path.is_file() and self.path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{name} has more than {MOST_BYTES:,} bytes; it is no journal of a search")
        try:
            yield
        except Exception as error:
            why = one_line(f"{type(error).__name__}: {error}")
            raise ValueError(f"{name} is no journal of this search: {why}") from None


@final
class _OurLock:
    """Optuna asks for a lock; the folder of the search is locked already, by a lock that a killed worker releases."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def optuna_module() -> Any:
    """Optuna, which is optional and takes a second to import.

    Raises:
        ValueError: it is not installed.
    """
    if find_spec("optuna") is None:
        raise ValueError("a search needs Optuna, which is not installed here: pip install 'recurra[tune]'")
    return import_module("optuna")


@contextmanager
def quiet() -> Iterator[Any]:
    """Optuna, which does not say that it makes a study, or that a picture leaves out infinite values."""
    optuna = optuna_module()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield optuna
    finally:
        optuna.logging.set_verbosity(before)


def _distribution(axis: Axis) -> Any:
    kinds = optuna_module().distributions
    if not isinstance(axis.values, Range):
        return kinds.CategoricalDistribution(_choices(axis))
    low, high, log = axis.values.low, axis.values.high, axis.values.log
    whole = isinstance(low, int) and isinstance(high, int)
    return (kinds.IntDistribution if whole else kinds.FloatDistribution)(low, high, log=log)


def _choices(axis: Axis) -> list[Any]:
    """The values of a list as Optuna takes them: tables and lists in words, with their place if these are the same."""
    values = axis.values if isinstance(axis.values, tuple) else ()
    words = [value if isinstance(value, bool | int | float | str) else word(value) for value in values]
    return [f"{one} #{at}" if words.count(one) > 1 else one for at, one in enumerate(words)]


def _value(axis: Axis, suggested: Any) -> Any:
    if isinstance(axis.values, Range):
        return suggested
    return axis.values[_choices(axis).index(suggested)]
