"""How a record shows itself, although the code that words it is on a floor above it.

No floor imports from a floor above. `recurra/__init__.py`, which knows all of them, sets `find_summaries` here.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Summaries(Protocol):
    """Says what a record holds."""

    def text(self, record: Any) -> str:
        """A few lines for a terminal."""
        ...

    def html(self, record: Any) -> str:
        """A table with small pictures for a notebook."""
        ...


find_summaries: Callable[[], Summaries]


class Shown:
    """A record that shows itself in a few lines in a terminal, and as a table with small pictures in a notebook."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__repr__" not in vars(cls):
            cls.__repr__ = Shown.__repr__  # a dataclass without one would get one that prints all its arrays

    def __repr__(self) -> str:
        return find_summaries().text(self)

    def _repr_html_(self) -> str:
        return find_summaries().html(self)
