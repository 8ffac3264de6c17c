"""Networks on the pages of a figure."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from recurra.analysis.failures import UnavailableError

Record = TypeVar("Record")
PAGE = 20  # networks in one figure of state spaces


def all_known(make: Callable[[int], Record], part: Iterable[int]) -> list[Record]:
    """What is made of the networks of a page, without those of which it is not known; the reason where it is of none.

    Args:
        make: from the position of a network.
        part: the positions.
    """
    made, missing = [], None
    for at in part:
        try:
            made.append(make(at))
        except UnavailableError as error:
            missing = error
    if missing is not None and not made:
        raise missing
    return made


def pages(name: str, networks: int) -> Iterator[tuple[str, range]]:
    """Names of the figures and positions of the networks in each; one page needs no number.

    Args:
        name: the name of the figure.
        networks: number of networks.
    """
    for page, first in enumerate(range(0, networks, PAGE), start=1):
        yield name if networks <= PAGE else f"{name}_{page}", range(first, min(first + PAGE, networks))
