"""One network on one task: the probe, rates, states and records that its analyses share, each computed once."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from jaxtyping import Float

from recurra.analysis.dynamics.fixed_points import FixedPoints, fixed_points
from recurra.analysis.dynamics.program import Program, program, with_program
from recurra.analysis.dynamics.starts import starts_near
from recurra.analysis.dynamics.steps import states_on
from recurra.analysis.failures import Failure, UnavailableError, attempted
from recurra.analysis.shown_trials import test_trials
from recurra.checks import nearest
from recurra.models.network import Network, check_fit
from recurra.numerics import pinned
from recurra.tasks import Task, Trials
from recurra.tasks.border import check_task
from recurra.threads import Together, one_thread

COORDINATES = 3  # principal components along which paths are kept
STARTS, SPREAD = 400, 0.1  # states near the probe from which fixed points are searched, and the noise added to them


class Visit:
    """A network under analysis on a task, and the records made so far.

    Args:
        network: the network; its inputs and outputs must be those of the task.
        task: the task it was trained on.
        seed: seed of the test trials and of the chance levels.
    """

    def __init__(self, network: Network, task: Task, seed: int) -> None:
        check_task(task)
        check_fit(network, task)
        self.network, self.task, self.seed = network, task, seed
        self.records: dict[str, Any] = {}
        self._together = Together()

    def make(self, analyses: Mapping[str, Callable[["Visit"], Any]]) -> None:
        """Add the record of every analysis, or a `Failure` if it fails; as many run at a time as there are cores.

        Args:
            analyses: analyses by the names of their records, each after the analyses whose records it asks for.
        """

        def work(name: str) -> None:
            with pinned():
                self.records[name] = attempted(lambda: analyses[name](self))

        with one_thread():
            self._together.do({name: partial(work, name) for name in analyses})

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
        return test_trials(self.task, self.seed)

    @cached_property
    def probe(self) -> Trials:
        """Every condition of the task once, without noise."""
        return self.task.probe()

    @cached_property
    def answers(self) -> tuple[Float[np.ndarray, "condition time unit"], Float[np.ndarray, "condition time output"]]:
        """Rates and outputs on the probe."""
        return self.network.run(self.probe.inputs)

    @property
    def rates(self) -> Float[np.ndarray, "condition time unit"]:
        """Rates on the probe."""
        return self.answers[0]

    @cached_property
    def states(self) -> Float[np.ndarray, "condition time state"]:
        """States on the probe; in the current form and in some cells these are not the rates."""
        return states_on(self.network, np.asarray(self.probe.inputs))

    @property
    def ends(self) -> Float[np.ndarray, "condition state"]:
        """States at the end of the probe's trials."""
        return self.states[:, -1]

    @cached_property
    def points_and_program(self) -> tuple[FixedPoints, Program | Failure]:
        """The fixed points without input, including points that only the program met; and the program or its failure.

        If the program fails, the points are those of the search.
        """
        first = fixed_points(self.network, self.starts)
        joined = attempted(
            lambda: with_program(self.network, first, program(self.network, self.task, first, ends=self.ends))
        )
        return (first, joined) if isinstance(joined, Failure) else joined

    @property
    def starts(self) -> Float[np.ndarray, "start state"]:
        """States near those on the probe, from which the search for fixed points begins."""
        return starts_near(self.states, STARTS, SPREAD, self.seed)

    @cached_property
    def factors(self) -> Any:
        """The factors of the task: the level of every factor in every condition."""
        return self.task.factors()

    def along_components(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch component"]:
        """Coordinates along the first principal components."""
        return self["pca"].project(rates)[..., :COORDINATES]
