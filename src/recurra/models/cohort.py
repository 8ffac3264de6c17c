"""A trained network, and a cohort of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import Inputs, Weights, as_cohort, in_double, named_arrays, of_network, padded_rows
from recurra.checks import check_between, check_finite, check_shapes, same
from recurra.engine import Dynamics, choose_engine
from recurra.engine.dynamics import state_size
from recurra.intervals import Proportion, wilson_interval
from recurra.models.model import Model
from recurra.numerics import pinned
from recurra.saver import saver
from recurra.status import Status
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL


class NotApplicableError(TypeError):
    """A network was asked for something that its kind does not have, such as an LSTM for one recurrent matrix."""


@dataclass(frozen=True)
class Network:
    """One network: its equations, its weights and its time step.

    Args:
        dynamics: the equations of one step.
        weights: the weights, of the class that the equations need, without a `network` axis.
        dt_ms: length of a time step, ms.
        connections: which connections exist: True or False in place of every weight; by default all. The weight of one
            that does not exist is 0.
    """

    dynamics: Dynamics
    weights: Weights
    dt_ms: float
    connections: Weights = None  # type: ignore[assignment]  # __post_init__ fills it

    def __post_init__(self) -> None:
        arrays = named_arrays(self.weights)
        check_shapes({name: array.shape for name, array in arrays.items()}, self.weights.axes())
        for name, array in arrays.items():
            check_finite(f"{name} weights", array)
        if self.connections is None:
            exist = type(self.weights)(**{name: np.ones(array.shape, bool) for name, array in arrays.items()})
            object.__setattr__(self, "connections", exist)
        _check_absent(arrays, named_arrays(self.connections))

    @classmethod
    def of_cohort(
        cls, dynamics: Dynamics, weights: Weights, connections: Weights, position: int, dt_ms: float
    ) -> "Network":
        """One network of a cohort, with fixed equations.

        Args:
            dynamics: the cohort's equations.
            weights: its weights, with a leading `network` axis.
            connections: which of them exist, in the same shapes.
            position: of the network in it.
            dt_ms: length of a time step, ms.
        """
        fixed, own = dynamics.settled(of_network(weights, position))
        exist = named_arrays(of_network(connections, position))
        return cls(fixed, own, dt_ms, type(own)(**{name: exist[name] for name in named_arrays(own)}))

    @property
    def recurrent(self) -> Float[np.ndarray, "post pre"]:
        """The matrix whose spectrum is called that of the network, float64; an error if there is none."""
        with pinned(double=True):
            matrix = self.dynamics.recurrent(self.double)
        if matrix is None:
            kind = type(self.dynamics).__name__.removesuffix("Dynamics")
            raise NotApplicableError(f"{kind} networks have no single recurrent matrix")
        return np.asarray(matrix, np.float64)

    @property
    def recurrent_connections(self) -> Bool[np.ndarray, "post pre"]:
        """Which entries of `recurrent` are connections that exist."""
        exist, shape = np.asarray(getattr(self.connections, "recurrent", True)), self.recurrent.shape
        return exist if exist.shape == shape else np.ones(shape, bool)

    @property
    def connected_recurrent(self) -> Float[np.ndarray, "post pre"]:
        """`recurrent` for pictures: NaN where no connection exists."""
        return np.where(self.recurrent_connections, self.recurrent, np.nan)

    @property
    def has_recurrent(self) -> bool:
        """Whether there is one matrix whose spectrum is called that of the network."""
        return jax.eval_shape(self.dynamics.recurrent, self.weights) is not None

    @property
    def state_size(self) -> int:
        """Number of entries of the state: one per unit in a network of rate units, two per unit in an LSTM."""
        return state_size(self.dynamics, self.weights)

    @property
    def readout_rows(self) -> Float[np.ndarray, "output unit"]:
        """The derivative of the outputs with respect to the rates at rest, float64: the weights of a linear readout."""
        with pinned(double=True):
            return np.asarray(_readout_rows(self.dynamics, self.double))

    def readout(self, rates: Float[np.ndarray, "*batch unit"]) -> Float[np.ndarray, "*batch output"]:
        """The outputs for given rates, in float64."""
        return self._of_rows(lambda rows: _readout(self.dynamics, self.double, rows), rates)

    def rates(self, states: Float[np.ndarray, "*batch state"]) -> Float[np.ndarray, "*batch unit"]:
        """The rates of given states, in float64."""
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
        saver().save_network(self, path, overwrite)

    @cached_property
    def double(self) -> Weights:
        """The weights in float64, the precision of all analyses."""
        return in_double(self.weights)

    @staticmethod
    def _of_rows(of: Callable[[Array], Array], batch: np.ndarray) -> np.ndarray:
        """Apply a function to each row, compiled for only a few numbers of rows."""
        rows = np.asarray(batch, np.float64).reshape(-1, np.shape(batch)[-1])
        with pinned(double=True):
            values = np.asarray(of(jnp.asarray(padded_rows(rows))))[: len(rows)]
        return values.reshape(*np.shape(batch)[:-1], values.shape[-1])


def _check_absent(arrays: dict[str, np.ndarray], connections: dict[str, np.ndarray]) -> None:
    """Where a connection does not exist, its weight must be 0."""
    for name, exist in connections.items():
        if exist.shape != arrays[name].shape or exist.dtype != bool:
            raise ValueError(f"connections has {name} as {exist.dtype}{exist.shape}; expected bool{arrays[name].shape}")
        count = int(np.count_nonzero(arrays[name][~exist]))
        if count:
            raise ValueError(f"{name} has weights on {count} connections that do not exist; expected 0 there")


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
    """Check that the network has the inputs, outputs and time step of the task, and that the task is of this kind."""
    if not isinstance(network, Network):
        raise TypeError(f"network is a {type(network).__name__}; expected a Network, such as cohort[0]")
    if not isinstance(task, kind):
        raise TypeError(f"task is a {type(task).__name__}; expected a {kind.__name__}")
    for name in ("inputs", "outputs"):
        count, expected = getattr(network.weights, name), getattr(task, name)
        if count != expected:
            raise ValueError(f"the network has {count} {name}; the task has {expected}")
    if not same(network.dt_ms, task.dt_ms):
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the task's is {task.dt_ms:g} ms")


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class History:
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
class Origin:
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
class Cohort:
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
        return Network.of_cohort(self.dynamics, weights, self.connections, position, self.task.dt_ms)

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
