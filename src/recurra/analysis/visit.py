"""One network on one task: the probe, rates, states and records that its analyses share, each computed once."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.starts import starts_among, starts_anywhere
from recurra.analysis.dynamics.steps import first_state, paths_from, states_along
from recurra.analysis.failures import Failure, UnavailableError, attempted
from recurra.analysis.shown_trials import test_trials
from recurra.checks import check_count, nearest
from recurra.models.network import Network, check_fit, check_network
from recurra.numerics import pinned
from recurra.tasks import Task, Trials
from recurra.tasks.border import check_task
from recurra.threads import Together, one_thread

COORDINATES = 3  # principal components along which paths are kept
STARTS, SPREAD = 400, 0.1  # states near the probe from which fixed points are searched, and the noise added to them


class Visit:
    """A network under analysis on a task, and the records made so far. All analyses take it in place of a network.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: the task it was trained on; if not given, the one that the network knows, as those of a cohort do.
        seed: seed of everything that is drawn, such as test trials; if not given, that of the network's cohort, or 0.

    Examples:
        >>> visit = rc.Visit(cohort[0])
        >>> rc.fixed_points(visit), rc.slow_points(visit)  # the fixed points are computed once
    """

    def __init__(self, network: Network, task: Task | None = None, seed: int | None = None) -> None:
        check_network(network)
        known = task if task is not None else network.task
        if known is not None:
            check_fit(network, known)
        if seed is not None:
            check_count("seed", seed, at_least=0)
        self.network, self.known_task = network, known
        self.seed = seed if seed is not None else network.seed or 0
        self.records: dict[str, Any] = {}
        self._made: dict[str, Any] = {}
        self._together = Together()

    @property
    def task(self) -> Task:
        """The task; an error if none is known."""
        if self.known_task is None:
            raise ValueError(
                "the network knows no task; give the one it was trained on as the second argument, or what is computed "
                "on the task by keyword"
            )
        return self.known_task

    @cached_property
    def checked_task(self) -> Task:
        """The task, after the check that every task gets once before anything is computed on it."""
        check_task(self.task)
        return self.task

    def make(self, analyses: Mapping[str, Callable[["Visit"], Any]]) -> None:
        """Add the record of every analysis, or a `Failure` if it fails; as many run at a time as there are cores.

        Args:
            analyses: analyses by the names of their records, each after the analyses whose records it asks for.
        """

        def work(name: str) -> None:
            with pinned():
                self.records[name] = attempted(lambda: analyses[name](self))

        _ = self.checked_task  # an error if no network can be tested on it, and not a failure of every analysis
        with one_thread():
            self._together.do({name: partial(work, name) for name in analyses})

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, which is called only the first time that the name is asked for.

        Args:
            name: the name of what is made.
            make: makes it.
        """
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def __getitem__(self, name: str) -> Any:
        """A record by name; an error that says why if its analysis failed or if there is no record of this name."""
        self._together.wait_for(name)
        if name not in self.records:
            raise ValueError(f"there is no record {name!r} of this network; {nearest(name, list(self.records))}")
        if isinstance(self.records[name], Failure):
            raise UnavailableError(name, self.records[name])
        return self.records[name]

    @cached_property
    def trials(self) -> Trials:
        """The trials that the network is tested on."""
        return test_trials(self.checked_task, self.seed)

    @cached_property
    def probe(self) -> Trials:
        """Every condition of the task once, without noise."""
        return self.checked_task.probe()

    @cached_property
    def begun(self) -> Float[np.ndarray, "condition state"] | None:
        """The states in which the conditions begin; None for the network's own first state, as in every task.

        Where no task was given the first condition begins there, and the others in random states.
        """
        if self.checked_task.known:
            return None
        own = first_state(self.network)
        return np.concatenate([own[None], starts_anywhere(own, STARTS, self.seed)])[: len(self.probe)]

    @cached_property
    def answers(self) -> tuple[Float[np.ndarray, "condition time unit"], Float[np.ndarray, "condition time output"]]:
        """Rates and outputs on the probe."""
        if self.begun is None:
            return self.network.run(self.probe.inputs)
        return self.network.run(self.probe.inputs, initial_state=self.begun)

    @property
    def rates(self) -> Float[np.ndarray, "condition time unit"]:
        """Rates on the probe."""
        return self.answers[0]

    @cached_property
    def states(self) -> Float[np.ndarray, "condition time state"]:
        """States on the probe; in the current form and in some cells these are not the rates."""
        inputs = np.asarray(self.probe.inputs)
        if self.begun is None:
            return states_along(self.network, inputs)
        return paths_from(self.network, self.begun, inputs[0, 0], inputs.shape[1])

    @property
    def ends(self) -> Float[np.ndarray, "condition state"]:
        """States at the end of the probe's trials."""
        return self.states[:, -1]

    @property
    def starts(self) -> Float[np.ndarray, "start state"]:
        """States near those on the probe, from which the search for fixed points begins.

        Where no task was given, half of them are random states.
        """
        if self.begun is None:
            return starts_among(self.states, STARTS, SPREAD, self.seed)
        near = starts_among(self.states, STARTS // 2, SPREAD, self.seed)
        return np.concatenate([near, starts_anywhere(first_state(self.network), STARTS - len(near), self.seed)])

    @cached_property
    def factors(self) -> Any:
        """The factors of the task: the level of every factor in every condition."""
        return self.checked_task.factors()

    def along_components(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch component"]:
        """Coordinates along the first principal components."""
        return self["pca"].project(rates)[..., :COORDINATES]
