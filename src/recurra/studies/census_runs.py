"""A census of the networks in one or several run folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from recurra.analysis import Census, Similarities, regimes
from recurra.analysis.regimes import KINDS
from recurra.models.cohort import Network
from recurra.storage.run_folder import RunFolder
from recurra.studies.census import FEWEST, census_table, census_with, signature_names, similarities_of
from recurra.studies.dossier import points_of
from recurra.studies.failures import Failure, attempted
from recurra.studies.run_record import cohort_of
from recurra.tasks import Task


@dataclass(frozen=True)
class Members:
    """The networks of a census.

    Args:
        networks: the networks.
        names: what each is called: its number, after its run's name where there are several runs.
        task: what all were trained on.
    """

    networks: Sequence[Network]
    names: Sequence[str]
    task: Task


@dataclass(frozen=True)
class RunsCensus:
    """A census and whose it is.

    Args:
        members: the networks.
        similarities: of all pairs.
        census: what they do and how they fall into groups.
        failures: what failed on which network, with the reason.
    """

    members: Members
    similarities: Similarities
    census: Census
    failures: dict[str, str]

    @property
    def signatures(self) -> list[str]:
        """The regime signatures in words, the most frequent one first."""
        return signature_names(self.census, KINDS, self.members.task)

    def table(self) -> dict[str, Any]:
        """Plain values, for JSON; every network with its name."""
        table = census_table(self.census, KINDS, self.members.task)
        rows = zip(table["each"], self.members.names, strict=True)
        each = [{**row, "network": name} for row, name in rows]
        left_out = [self.members.names[at] for at in table["left_out"]]
        return {**table, "left_out": left_out, "each": each, "failures": self.failures}


def read_members(folders: Sequence[RunFolder]) -> Members:
    """The networks of all runs; the runs must be of one task.

    Args:
        folders: run folders whose training has ended.
    """
    cohorts = [cohort_of(folder) for folder in folders]
    task = cohorts[0].task
    for folder, cohort in zip(folders, cohorts, strict=True):
        if cohort.task != task:
            raise ValueError(
                f"{folder.path} was trained on another task than {folders[0].path}; compare runs of one task"
            )
    networks = [network for cohort in cohorts for network in cohort]
    if len(networks) < FEWEST:
        raise ValueError(f"the runs have {len(networks)} networks; a census needs at least {FEWEST}")
    names = [
        str(number) if len(folders) == 1 else f"{folder.path.name}/{number}"
        for folder, cohort in zip(folders, cohorts, strict=True)
        for number in cohort.numbers
    ]
    return Members(networks, names, task)


def census_of_runs(
    members: Members, seed: int, measure: str, on_network: Callable[[], None] = lambda: None
) -> RunsCensus:
    """Regimes and fixed points of every network, and the census of all.

    Args:
        members: the networks.
        seed: of the states from which fixed points are searched, and of the cohorts without clusters.
        measure: the one by which networks are compared: "procrustes", "cka", "spectral", "dynamical" or
            "linearized".
        on_network: told when a network is done.
    """
    found, points, probe = [], [], members.task.probe()
    with threadpool_limits(1):
        for network in members.networks:
            found.append(attempted(partial(regimes, network, probe)))
            points.append(attempted(partial(points_of, network, members.task, seed)))
            on_network()
        similarities = similarities_of(members.networks, members.task, points)
    failures = {
        f"{what} of network {name}": one.reason
        for what, records in (("regimes", found), ("fixed points", points))
        for name, one in zip(members.names, records, strict=True)
        if isinstance(one, Failure)
    }
    return RunsCensus(members, similarities, census_with(similarities, found, points, seed, measure), failures)
