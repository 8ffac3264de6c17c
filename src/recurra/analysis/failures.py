"""Failures of an analysis on a network: each is data with a reason, and no other analysis fails with it."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

from recurra.models.network import NotApplicableError
from recurra.shown import Shown

Made = TypeVar("Made")
Otherwise = TypeVar("Otherwise")
AnyRecords = TypeVar("AnyRecords", bound="Records")
LONGEST = 200  # most characters of an error's message in a reason
ROOT = Path(__file__).parents[1]
GROUP = "group"  # in a field's metadata: the group of `run.zarr` that holds the record, if not named like the field


@dataclass(frozen=True)
class Failure:
    """Takes the place of a record whose analysis failed, or is not possible on this kind of network.

    Args:
        reason: one line: the kind of the error, its message, and the function that raised it; or the record that was
            needed and is missing.
        applies: False if no network of this kind has such a record.
    """

    reason: str
    applies: bool = True


class UnavailableError(Exception):
    """A record that was asked for is missing.

    Args:
        name: name of the record.
        failure: why it is missing.
    """

    def __init__(self, name: str, failure: Failure) -> None:
        super().__init__(f"{in_words(name)} {'failed' if failure.applies else 'not defined'}: {failure.reason}")
        self.name, self.failure = name, failure


class Records(Shown):
    """A frozen dataclass of records of one network.

    A `Failure` takes the place of a record whose analysis failed on this network; reading that field raises an
    `UnavailableError` that says why.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if isinstance(value, Failure):
            raise UnavailableError(groups_of(type(self))[name], value)
        return value

    def by_group(self) -> dict[str, Any]:
        """Every record, or its `Failure`, by the name of its group in `run.zarr`."""
        return {group: vars(self)[name] for name, group in groups_of(type(self)).items()}

    @classmethod
    def of_groups(cls: type[AnyRecords], records: Mapping[str, Any]) -> AnyRecords:
        """The records of this class, picked by group from a mapping that may hold further ones."""
        return cls(**{name: records[group] for name, group in groups_of(cls).items()})


def groups_of(kind: type[Records]) -> dict[str, str]:
    """The group of `run.zarr` that holds each record, by the name of its field; nested records have no own group."""
    groups = {field.name: field.metadata.get(GROUP, field.name) for field in fields(kind)}
    return {name: group for name, group in groups.items() if group}


def kinds_of(kind: type[Records]) -> dict[str, type]:
    """The classes of the records by the names of their groups."""
    hints = get_type_hints(kind)
    return {group: hints[name] for name, group in groups_of(kind).items()}


def attempted(make: Callable[[], Any]) -> Any:
    """The result of a call; if it raises, a `Failure` with the reason.

    Every kind of error is caught: nobody knows beforehand how an analysis fails on a user's network, and the other
    analyses must go on. The tests assert that no analysis fails on ordinary networks.

    Args:
        make: makes a record, and may ask for other records.
    """
    try:
        return make()
    except Exception as error:
        return failure_of(error)


def failure_of(error: Exception) -> Failure:
    """The `Failure` that takes the place of a record whose analysis raised an error."""
    if isinstance(error, UnavailableError):
        missing = "failed" if error.failure.applies else "are not defined for these networks"
        return Failure(f"it needs {in_words(error.name)}, which {missing}", error.failure.applies)
    if isinstance(error, NotApplicableError):
        return Failure(str(error), applies=False)
    return Failure(reason_of(error))


def where_known(make: Callable[[], Made], otherwise: Otherwise) -> Made | Otherwise:
    """The result of a call, or another value if a record that the call asks for is missing.

    Args:
        make: a call that asks for records.
        otherwise: the value if a record is missing.
    """
    try:
        return make()
    except UnavailableError:
        return otherwise


def in_words(name: str) -> str:
    """The name of a record for readers: "fixed points"."""
    return name.replace("_", " ")


def reason_of(error: BaseException) -> str:
    """An error in one line: "LinAlgError: Eigenvalues did not converge (in spectra.spectrum)".

    Args:
        error: an error that was raised.
    """
    message = " ".join(str(error).split())[:LONGEST]
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    own = [frame for frame in own if Path(frame.filename) != Path(__file__) and "<lambda>" not in frame.name]
    where = f" (in {Path(own[-1].filename).stem}.{own[-1].name})" if own else ""
    return f"{type(error).__name__}{': ' if message else ''}{message}{where}"
