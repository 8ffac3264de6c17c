"""What becomes of an analysis that fails on a network: it is data, with a reason, and takes nothing else with it."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

from recurra.models.cohort import NotApplicableError

Found = TypeVar("Found")
Otherwise = TypeVar("Otherwise")
AnyRecords = TypeVar("AnyRecords", bound="Records")
LONGEST = 200  # characters of a reason
ROOT = Path(__file__).parents[1]
GROUP = "group"  # of a field's metadata: the group of `run.zarr` that holds the record, if not called like the field


@dataclass(frozen=True)
class Failure:
    """Stands where the record of an analysis would, had it not failed, or were it possible on such a network.

    Args:
        reason: what happened, in one line: the kind of the error, its message, and the function in which it arose, or
            which record was needed and is not there.
        applies: False where no network of this kind has such a record.
    """

    reason: str
    applies: bool = True


class UnavailableError(Exception):
    """A record was asked for that is not there.

    Args:
        name: of the record.
        failure: why it is not there.
    """

    def __init__(self, name: str, failure: Failure) -> None:
        super().__init__(f"{in_words(name)} {'failed' if failure.applies else 'not defined'}: {failure.reason}")
        self.name, self.failure = name, failure


class Records:
    """A frozen dataclass of records of one network.

    In place of a record whose analysis failed on this network stands its `Failure`: whoever asks for it gets an
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
        """Made of records that stand by the names of their groups; there may be others among them."""
        return cls(**{name: records[group] for name, group in groups_of(cls).items()})


def groups_of(kind: type[Records]) -> dict[str, str]:
    """The group of `run.zarr` that holds each record, by the name of its field; a nested one has none of its own."""
    groups = {one.name: one.metadata.get(GROUP, one.name) for one in fields(kind)}
    return {name: group for name, group in groups.items() if group}


def kinds_of(kind: type[Records]) -> dict[str, type]:
    """The kinds of the records by the names of their groups."""
    hints = get_type_hints(kind)
    return {group: hints[name] for name, group in groups_of(kind).items()}


def attempted(make: Callable[[], Any]) -> Any:
    """What is made; or, where that fails, the failure with its reason.

    Every kind of error is caught: what a network of a stranger does to an analysis is not known beforehand, and the
    others must go on. That nothing fails on ordinary networks is for the tests to say.

    Args:
        make: makes a record, and may ask for others.
    """
    try:
        return make()
    except UnavailableError as error:
        missing = "failed" if error.failure.applies else "are not defined for these networks"
        return Failure(f"it needs {in_words(error.name)}, which {missing}", error.failure.applies)
    except NotApplicableError as error:
        return Failure(str(error), applies=False)
    except Exception as error:
        return Failure(reason_of(error))


def where_known(make: Callable[[], Found], otherwise: Otherwise) -> Found | Otherwise:
    """What is made of records; something else where one of them is not there.

    Args:
        make: asks for records.
        otherwise: what stands in its place.
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
        error: which was raised.
    """
    message = " ".join(str(error).split())[:LONGEST]
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ROOT)]
    own = [frame for frame in own if Path(frame.filename) != Path(__file__) and "<lambda>" not in frame.name]
    where = f" (in {Path(own[-1].filename).stem}.{own[-1].name})" if own else ""
    return f"{type(error).__name__}{': ' if message else ''}{message}{where}"
