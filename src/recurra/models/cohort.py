"""A cohort of trained networks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from recurra.arrays import Weights
from recurra.checks import check_between
from recurra.engine import Dynamics, choose_engine
from recurra.intervals import Proportion, wilson_interval
from recurra.models.model import Model
from recurra.models.network import Network
from recurra.numerics import pinned
from recurra.saver import saver
from recurra.shown import Shown
from recurra.status import Status
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class History(Shown):
    """The measurements at the end of every epoch; NaN after a network has ended.

    Args:
        step: training steps taken by then.
        loss: mean training loss of the epoch.
        validation_loss: loss on trials that are never used for training.
        success: share of the validation trials that are a success.
    """

    step: Float[np.ndarray, "epoch"]
    loss: Float[np.ndarray, "network epoch"]
    validation_loss: Float[np.ndarray, "network epoch"]
    success: Float[np.ndarray, "network epoch"]


@dataclass(frozen=True)
class Origin(Shown):
    """When, where and with what a cohort was trained.

    Args:
        name: name of the run; empty if it was trained in Python.
        seconds: duration of the training, s.
        stretches: the parts of the training without an interruption: each with the time at which it began, versions,
            machine, settings and engine, as in `run.json`; empty if they are not known.
    """

    name: str = ""
    seconds: float = 0.0
    stretches: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Cohort(Shown):
    """Networks that were trained together, each with its outcome.

    Args:
        model: their architecture.
        rule: how they learned.
        initial: the weights before training, with a leading `network` axis.
        weights: the weights after training.
        task: what they were trained on.
        seed: of the run; trials for tests are drawn from it.
        numbers: number k of each network; with the seed it fixes the network, whichever others are trained beside it.
        status: how the training of each network ended.
        history: losses and success by epoch.
        origin: when, where and with what the training was done.
    """

    model: Model
    rule: Any
    initial: Weights
    weights: Weights
    task: Task
    seed: int
    numbers: tuple[int, ...]
    status: tuple[Status, ...]
    history: History
    origin: Origin = field(default_factory=Origin)

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of recurra and of the libraries it uses, in the last stretch of the training."""
        return self.origin.stretches[-1].get("versions", {}) if self.origin.stretches else {}

    @property
    def dynamics(self) -> Dynamics:
        """The equations of one network at the task's time step."""
        return self.model.dynamics(self.task.dt_ms)

    @cached_property
    def connections(self) -> Weights:
        """Which connections exist: True or False in place of every weight, with a leading `network` axis."""
        return self.model.connections(self.initial)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, position: int) -> Network:
        return self._network(self.weights, position)

    def __iter__(self) -> Iterator[Network]:
        return (self[position] for position in range(len(self)))

    def before(self, position: int) -> Network:
        """The network at `position` before training."""
        return self._network(self.initial, position)

    def _network(self, weights: Weights, position: int) -> Network:
        if not -len(self) <= position < len(self):
            raise IndexError(f"the cohort has {len(self)} networks; there is none at position {position}")
        network = Network.of_cohort(self.dynamics, weights, self.connections, position, self.task.dt_ms)
        return replace(network, task=self.task, seed=self.seed)

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the same run folder as `recurra train`; `rc.load` and all commands read it.

        Args:
            path: the folder to make; its name becomes the name of the run.
            overwrite: whether an existing run may be deleted.

        Raises:
            ValueError: the folder is not empty, the training has not ended, or a spec cannot name a part of the cohort,
                such as a class that is not in a file of its own.
        """
        saver().save_cohort(self, path, overwrite)

    @pinned()
    def success_rate(self, trials: int = 1_000, needed: float = SUCCESSFUL) -> Proportion:
        """The share of successful networks, with its 95 % Wilson interval.

        A network is successful if at least the share `needed` of its trials is, on trials never used for training.

        Args:
            trials: fresh trials, the same for all networks.
            needed: share of trials that must be a success, 0 to 1.
        """
        check_between("needed", needed, 0, 1)
        engine, good, judged = choose_engine("auto", self.dynamics), np.zeros(len(self), int), 0
        for fresh in self.task.sample_pieces(random_key(self.seed, Stream.test), trials):
            outputs = np.asarray(engine.respond(self.dynamics, self.weights, fresh.inputs))
            good += [int(np.asarray(self.task.success(one, fresh)).sum()) for one in outputs]
            judged += int(np.asarray(self.task.rule.judged(fresh)).sum())
        successful = judged > 0 and good / judged >= needed
        return wilson_interval(int(np.sum(successful)), len(self))
