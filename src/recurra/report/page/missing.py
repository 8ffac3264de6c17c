"""What a template shows of a record whose analysis failed: a dash, whatever number it asks for."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import jinja2

from recurra.analysis.dossier_records import Dossier
from recurra.analysis.failures import Records, UnavailableError, where_known

DASH = "–"


class Missing:
    """A number that is not there: all that is asked of it or computed from it is missing too, and prints as a dash."""

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> "Missing":
        return self

    def __call__(self, *arguments: Any) -> "Missing":
        return self

    def __iter__(self) -> Iterator["Missing"]:
        return iter([self])

    def __len__(self) -> int:
        return 1

    def __float__(self) -> float:
        return float("nan")

    def __str__(self) -> str:
        return DASH

    def __format__(self, spec: str) -> str:
        return DASH

    def __abs__(self) -> "Missing":
        return self

    def _with(self, other: Any) -> "Missing":
        return self

    def _unknown(self, other: Any) -> bool:
        return False

    __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __sub__ = __rsub__ = _with
    __lt__ = __le__ = __gt__ = __ge__ = _unknown


def told(words: Callable[[Any], str], dossier: Dossier, name: str) -> str:
    """What is said of a record; a dash where it is not there.

    Args:
        words: made of the record.
        dossier: the dossier of a network.
        name: the name of the record.
    """
    return where_known(lambda: words(getattr(dossier, name)), DASH)


class RecordEnvironment(jinja2.Environment):
    """Templates in which a record whose analysis failed is `Missing`; every other mistake stays an error."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        try:
            return super().getattr(obj, attribute)
        except UnavailableError:
            return Missing()


class FirstKnown:
    """Of every record the first that there is, for what is the same in all networks.

    Args:
        networks: the records of each.
    """

    def __init__(self, networks: Sequence[Records]) -> None:
        self._networks = networks

    def __getattr__(self, name: str) -> Any:
        for one in self._networks:
            record = where_known(partial(getattr, one, name), None)
            if record is not None:
                return record
        return Missing()
