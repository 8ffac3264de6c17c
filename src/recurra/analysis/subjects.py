"""What an analysis is made of: a network or a cohort, with or without its task. One rule for all analyses."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, overload, runtime_checkable

import numpy as np
from jaxtyping import Float

from recurra.analysis.failures import Failure, attempted, failure_of
from recurra.analysis.visit import Visit
from recurra.checks import check_count, check_real
from recurra.models.cohort import Cohort
from recurra.models.network import Network
from recurra.tasks.base import Task

Subject: TypeAlias = Network | Cohort | Visit
Parts = ParamSpec("Parts")
Record = TypeVar("Record")


@runtime_checkable
class Analysis(Protocol, Generic[Parts, Record]):
    """An analysis of a network, which also takes a cohort."""

    __name__: str

    @overload
    def __call__(self, network: Network | Visit | None = None, *parts: Parts.args, **named: Parts.kwargs) -> Record: ...
    @overload
    def __call__(self, network: Cohort, *parts: Parts.args, **named: Parts.kwargs) -> list[Record | Failure]: ...


def of_each_network(analysis: Callable[Concatenate[Any, Parts], Record]) -> Analysis[Parts, Record]:
    """The analysis, which for a cohort gives a list: one record per network, or the `Failure` of one on which it fails.

    If it fails on all of them for the same reason, the call is at fault and the error is raised. Of a `Visit` without
    further arguments the record is made once.

    Args:
        analysis: an analysis of a network or `Visit`.
    """

    @wraps(analysis)
    def of_any(network: Any = None, *parts: Any, **named: Any) -> Any:
        if isinstance(network, Cohort):
            return _of_cohort(lambda one: analysis(one, *parts, **named), network)

        def record() -> Any:
            return analysis(network, *parts, **named)

        plain = isinstance(network, Visit) and not parts and not named
        return network.once(analysis.__qualname__, record) if plain else record()

    return of_any


def _of_cohort(analysis: Callable[[Network], Any], cohort: Cohort) -> list[Any]:
    records, errors = list[Any](), list[Exception]()
    for position in range(len(cohort)):
        network = attempted(lambda position=position: cohort[position])
        if isinstance(network, Failure):  # it diverged
            records.append(network)
            continue
        try:
            records.append(analysis(network))
        except Exception as error:
            errors.append(error)
            records.append(failure_of(error))
    if errors and len(errors) == len(records) and len({record.reason for record in records}) == 1:
        raise errors[0]
    return records


def visit_of(network: Any, task: Task | None = None, seed: int | None = None) -> Visit:
    """The network on its task.

    Args:
        network: a network, or a `Visit`, which keeps what it has computed unless task or seed are given.
        task: the task it was trained on; if None, the one that the network knows. An analysis that needs none does
            without.
        seed: seed of everything that is drawn; if None, that of the network's cohort, or 0.
    """
    if not isinstance(network, Visit):
        if network is None:
            raise TypeError("no network is given; give one, or what is computed from it by keyword")
        return Visit(network, task, seed)
    if task is None and seed in (None, network.seed):
        return network
    known = network.known_task if task is None else task
    return Visit(network.network, known, network.seed if seed is None else seed)


def rates_of(one: Any, task: Task | None = None) -> Float[np.ndarray, "*sample unit"]:
    """The rates that are compared with those of others: on the probe for a network or `Visit`, or as they are given.

    Args:
        one: a network, a `Visit`, or rates.
        task: the task, where the network does not know it.
    """
    return visit_of(one, task).rates if isinstance(one, Network | Visit) else check_real("rates", one, "…, unit")


def seed_of(network: Any, seed: int | None) -> int:
    """The seed of what is drawn: the given one, else that of the network's cohort, else 0.

    Args:
        network: a network, a `Visit`, or None.
        seed: the given one, or None.
    """
    if seed is None:
        return (network.seed if isinstance(network, Network | Visit) else None) or 0
    check_count("seed", seed, at_least=0)
    return seed
