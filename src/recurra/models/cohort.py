"""A trained network, and a cohort of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from recurra.arrays import Inputs, Weights, as_cohort, in_double, named_arrays, of_network, padded_rows
from recurra.checks import check_between, check_finite, check_shapes, same
from recurra.engine import Dynamics, choose_engine
from recurra.engine.dynamics import state_size
from recurra.intervals import Proportion, wilson_interval
from recurra.keeping import keeper
from recurra.models.model import Model
from recurra.numerics import pinned
from recurra.status import Status
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL


class NotApplicableError(TypeError):
    """A network was asked for what its kind does not have, such as an LSTM for the matrix of its recurrent weights."""


@dataclass(frozen=True)
class Network:
    """One network: its equations, its weights and its time step.

    Args:
        dynamics: the equations of one step.
        weights: of the kind that the equations have, without a `network` axis.
        dt_ms: length of a time step, ms.
    """

    dynamics: Dynamics
    weights: Weights
    dt_ms: float

    def __post_init__(self) -> None:
        arrays = named_arrays(self.weights)
        check_shapes({name: array.shape for name, array in arrays.items()}, self.weights.axes())
        for name, array in arrays.items():
            check_finite(f"{name} weights", array)

    @property
    def recurrent(self) -> Float[np.ndarray, "post pre"]:
        """The matrix whose spectrum is meant where one speaks of that of the network, float64; raises without one."""
        with pinned(double=True):
            matrix = self.dynamics.recurrent(self.double)
        if matrix is None:
            kind = type(self.dynamics).__name__.removesuffix("Dynamics")
            raise NotApplicableError(f"{kind} networks have no single recurrent matrix")
        return np.asarray(matrix, np.float64)

    @property
    def has_recurrent(self) -> bool:
        """Whether there is one matrix whose spectrum is meant where one speaks of that of the network."""
        return jax.eval_shape(self.dynamics.recurrent, self.weights) is not None

    @property
    def state_size(self) -> int:
        """How many entries the state has: in a network of rate units one a unit, in an LSTM two."""
        return state_size(self.dynamics, self.weights)

    @property
    def readout_rows(self) -> Float[np.ndarray, "output unit"]:
        """The derivative of the outputs by the rates at rest, float64: of a linear readout its weights."""
        with pinned(double=True):
            return np.asarray(_readout_rows(self.dynamics, self.double))

    def readout(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch output"]:
        """The outputs of rates, in float64."""
        return self._of_rows(lambda rows: _readout(self.dynamics, self.double, rows), rates)

    def rates(self, states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch unit"]:
        """The rates that states have, in float64."""
        return self._of_rows(lambda rows: _rates(self.dynamics, rows), states)

    def run(
        self, inputs: Inputs
    ) -> tuple[Float[np.ndarray, "trial time unit"], Float[np.ndarray, "trial time output"]]:
        """Rates and outputs on every trial, in float64 and without recurrent noise."""
        check_finite("inputs", np.asarray(inputs))
        engine = choose_engine("auto", self.dynamics)
        with pinned(double=True):
            rates, outputs = engine.run(self.dynamics, as_cohort(self.double), np.asarray(inputs, np.float64))
            return np.asarray(rates)[0], np.asarray(outputs)[0]

    def respond(self, inputs: Inputs) -> Float[np.ndarray, "trial time output"]:
        """Outputs on every trial, as `run` gives them, without keeping the rates."""
        engine = choose_engine("auto", self.dynamics)
        with pinned(double=True):
            return np.asarray(engine.respond(self.dynamics, as_cohort(self.double), np.asarray(inputs, np.float64)))[0]

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write an `.npz` file: the weight arrays by name, the equations and the time step. `rc.load` reads it.

        Args:
            path: the file, whose name ends in .npz.
            overwrite: whether a file that is there already may be replaced.

        Raises:
            ValueError: there is such a file, or the equations are none that a file can name, such as a class that is
                not in a file of its own.
        """
        keeper().save_network(self, path, overwrite)

    @cached_property
    def double(self) -> Weights:
        """The weights in float64, in which networks are analysed."""
        return in_double(self.weights)

    @staticmethod
    def _of_rows(of: Callable[[Array], Array], batch: np.ndarray) -> np.ndarray:
        """Of each row, compiled for few numbers of them."""
        rows = np.asarray(batch, np.float64).reshape(-1, np.shape(batch)[-1])
        with pinned(double=True):
            found = np.asarray(of(jnp.asarray(padded_rows(rows))))[: len(rows)]
        return found.reshape(*np.shape(batch)[:-1], found.shape[-1])


@partial(jax.jit, static_argnums=0)
def _rates(dynamics: Dynamics, states: Float[Array, "row state"]) -> Float[Array, "row unit"]:
    return jax.vmap(dynamics.rates)(states)


@partial(jax.jit, static_argnums=0)
def _readout_rows(dynamics: Dynamics, weights: Weights) -> Float[Array, "output unit"]:
    return jax.jacfwd(partial(dynamics.readout, weights))(jnp.zeros(weights.units, jnp.float64))


@partial(jax.jit, static_argnums=0)
def _readout(dynamics: Dynamics, weights: Weights, rates: Float[Array, "row unit"]) -> Float[Array, "row output"]:
    return dynamics.readout(weights, rates)


def check_fit(network: Network, task: Task, kind: type[Task] = Task) -> None:
    """The network's inputs, outputs and time step must be those of the task, and the task of this kind."""
    if not isinstance(network, Network):
        raise TypeError(f"network is a {type(network).__name__}; expected a Network, such as cohort[0]")
    if not isinstance(task, kind):
        raise TypeError(f"task is a {type(task).__name__}; expected a {kind.__name__}")
    for name in ("inputs", "outputs"):
        found, expected = getattr(network.weights, name), getattr(task, name)
        if found != expected:
            raise ValueError(f"the network has {found} {name}; the task has {expected}")
    if not same(network.dt_ms, task.dt_ms):
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the task's is {task.dt_ms:g} ms")


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class History:
    """What was measured at the end of every epoch; NaN after a network has ended.

    Args:
        step: training steps taken by then.
        loss: mean training loss over the epoch.
        validation_loss: loss on trials that were never trained on.
        success: share of those trials that are a success.
    """

    step: Float[np.ndarray, "epoch"]
    loss: Float[np.ndarray, "network epoch"]
    validation_loss: Float[np.ndarray, "network epoch"]
    success: Float[np.ndarray, "network epoch"]


@dataclass(frozen=True)
class Origin:
    """How the training of a cohort came about.

    Args:
        name: of the run; nothing where it was trained in Python.
        seconds: that the training took.
        stretches: the parts of the training without an interruption: each with the time at which it began, versions,
            machine, settings and engine, as `run.json` has them; none where that is not known.
    """

    name: str = ""
    seconds: float = 0.0
    stretches: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Cohort:
    """Networks that were trained together, each with its outcome.

    Args:
        model: what they are made of.
        rule: how they learned.
        initial: the weights before training, with a leading `network` axis.
        weights: the weights after training.
        task: what they were trained on.
        seed: of the run; trials for tests are drawn from it.
        numbers: each network's number k; with the seed it fixes the network, whoever trains beside it.
        status: what became of each network.
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
        """The versions of recurra and of what it stands on, of the last stretch of the training."""
        return self.origin.stretches[-1].get("versions", {}) if self.origin.stretches else {}

    @property
    def dynamics(self) -> Dynamics:
        """The equations of one network at the task's time step."""
        return self.model.dynamics(self.task.dt_ms)

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
        return Network(self.dynamics, of_network(weights, position), self.task.dt_ms)

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the run folder that `recurra train` would; `rc.load` and all commands read it.

        Args:
            path: the folder to make; its name is that of the run.
            overwrite: whether a run that is there already may be deleted.

        Raises:
            ValueError: the folder holds something, the training has not ended, or a part of the cohort is none that a
                spec can name, such as a class that is not in a file of its own.
        """
        keeper().save_cohort(self, path, overwrite)

    @pinned()
    def success_rate(self, trials: int = 1_000, needed: float = SUCCESSFUL) -> Proportion:
        """The share of successful networks, with its 95 % Wilson interval.

        A network is successful if at least `needed` of its trials are, on trials that no network was trained on.

        Args:
            trials: fresh trials, the same for all networks.
            needed: share of the trials that must be a success, 0 to 1.
        """
        check_between("needed", needed, 0, 1)
        engine, good, judged = choose_engine("auto", self.dynamics), np.zeros(len(self), int), 0
        for fresh in self.task.sample_pieces(random_key(self.seed, Stream.test), trials):
            outputs = np.asarray(engine.respond(self.dynamics, self.weights, fresh.inputs))
            good += [int(np.asarray(self.task.success(one, fresh)).sum()) for one in outputs]
            judged += int(np.asarray(self.task.rule.judged(fresh)).sum())
        successful = judged > 0 and good / judged >= needed
        return wilson_interval(int(np.sum(successful)), len(self))
