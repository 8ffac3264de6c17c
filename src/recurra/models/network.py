"""A single network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import (
    AnyArray,
    Inputs,
    RandomKey,
    Weights,
    as_cohort,
    hash_of_arrays,
    in_double,
    named_arrays,
    of_network,
    padded_rows,
    same_arrays,
)
from recurra.checks import check_finite, check_shapes, same
from recurra.engine import Dynamics, choose_engine
from recurra.engine.dynamics import state_size
from recurra.engine.portable import run_from
from recurra.models.lesions import without_connections, without_units
from recurra.models.simulate import checked_inputs, checked_states, noisy
from recurra.numerics import pinned
from recurra.saver import saver
from recurra.shown import Shown
from recurra.tasks.base import Task

if TYPE_CHECKING:
    import xarray


class NotApplicableError(TypeError):
    """A network was asked for something that its kind does not have, such as an LSTM for one recurrent matrix."""


@dataclass(frozen=True, eq=False)
class Network(Shown):
    """One network: its equations, its weights and its time step.

    Args:
        dynamics: the equations of one step.
        weights: the weights, of the class that the equations need, without a `network` axis.
        dt_ms: length of a time step, ms.
        connections: which connections exist: True or False in place of every weight; by default all. The weight of one
            that does not exist is 0.
        task: what it was trained on, which analyses take from it; None if that is not known. Two networks are equal
            whatever their tasks, seeds and pasts.
        seed: the seed of its run, from which analyses draw; None if that is not known.
        untrained: the network before training, which those of a cohort know; None if that is not known.
    """

    dynamics: Dynamics
    weights: Weights
    dt_ms: float
    connections: Weights = None  # type: ignore[assignment]  # __post_init__ fills it
    task: Task | None = None
    seed: int | None = None
    untrained: "Network | None" = None

    def __post_init__(self) -> None:
        arrays = named_arrays(self.weights)
        check_shapes({name: array.shape for name, array in arrays.items()}, self.weights.axes())
        for name, array in arrays.items():
            check_finite(f"{name} weights", array)
        if self.connections is None:
            exist = type(self.weights)(**{name: np.ones(array.shape, bool) for name, array in arrays.items()})
            object.__setattr__(self, "connections", exist)
        _check_absent(arrays, named_arrays(self.connections))

    def __eq__(self, other: object) -> bool:
        """Whether both have the same equations, time step, weights and connections."""
        if not isinstance(other, Network):
            return NotImplemented
        alike = (self.dynamics, self.dt_ms) == (other.dynamics, other.dt_ms)
        return alike and same_arrays((self.weights, self.connections), (other.weights, other.connections))

    def __hash__(self) -> int:
        return hash((self.dynamics, self.dt_ms, hash_of_arrays(self.weights)))

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
        self,
        inputs: Inputs,
        *,
        initial_state: Float[AnyArray, "*trial state"] | None = None,
        noise: float = 0.0,
        key: RandomKey | int | None = None,
    ) -> tuple[Float[np.ndarray, "trial time unit"], Float[np.ndarray, "trial time output"]]:
        """Rates and outputs on every trial, in float64.

        The rates are those after every step: the state h itself in the rate form, and φ(v) in the current form, whose
        states v `rc.states_on(network, inputs=inputs)` gives.

        Args:
            inputs: inputs of the trials.
            initial_state: the state before the first step, one for all trials or one per trial; if not given, the
                network's own, which is 0 in a network of rate units.
            noise: σ of the recurrent noise, as `recurrent_noise` of the model; 0 is none.
            key: seed or random key of the noise, which it needs.
        """
        inputs = checked_inputs(inputs, self.weights.inputs)
        dynamics, words = noisy(self.dynamics, noise, key)
        with pinned(double=True):
            if initial_state is not None:
                states = checked_states(initial_state, len(inputs), self.state_size)
                rates, outputs = run_from(dynamics, self.double, states, inputs, noise_key=words)
                return np.asarray(rates), np.asarray(outputs)
            keys = None if words is None else words[None]
            engine = choose_engine("auto", dynamics)
            rates, outputs = engine.run(dynamics, as_cohort(self.double), inputs, noise_keys=keys)
            return np.asarray(rates)[0], np.asarray(outputs)[0]

    def without_units(self, units: Sequence[int] | np.ndarray) -> "Network":
        """The network with these units silenced: every connection from them and to them is gone, and their biases.

        Args:
            units: the numbers of the units; the others keep theirs.

        Examples:
            >>> import recurra as rc
            >>> network = rc.network([[1.5, 0.2], [0.0, 0.5]], [[1.0], [1.0]], [[1.0, 1.0]])
            >>> network.without_units([1]).recurrent.tolist()
            [[1.5, 0.0], [0.0, 0.0]]
        """
        return self._lesioned(lambda weights: without_units(weights, units))

    def with_connections_cut(self, cut: Bool[np.ndarray, "post pre"]) -> "Network":
        """The network without some recurrent connections; of a gated cell in every gate.

        Args:
            cut: True for every connection, from unit `pre` to unit `post`, that is cut, such as the weakest tenth,
                `recurra.analysis.weights.damage.removed(network.recurrent, 10)`.
        """
        return self._lesioned(lambda weights: without_connections(weights, cut))

    def _lesioned(self, lesion: Callable[[Any], Any]) -> "Network":
        dynamics, weights = self.dynamics.settled(self.weights)
        exist = named_arrays(self.connections)
        connections = type(weights)(**{name: exist[name] for name in named_arrays(weights)})
        return replace(self, dynamics=dynamics, weights=lesion(weights), connections=lesion(connections))

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

    def to_xarray(self) -> "xarray.Dataset":
        """The weights as labelled arrays, with the axes that `Weights.axes` names, such as `post` and `pre`.

        The arrays `input` and `output` are called `input_weights` and `output_weights`, since axes have these names.

        Examples:
            >>> import recurra as rc
            >>> network = rc.network([[1.5, 0.2], [0.0, 0.5]], [[1.0], [1.0]], [[1.0, 1.0]])
            >>> float(network.to_xarray()["recurrent"].sel(post=0, pre=1).round(3))
            0.2
        """
        return saver().weights_dataset(self.weights)

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
            raise ValueError(
                f"connections has {name} as {exist.dtype}{exist.shape}; expected bool{arrays[name].shape}, or "
                "connections=None for all"
            )
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


def check_network(network: Any) -> None:
    """Check that this is a network, and not the arrays that one can be made of."""
    if not isinstance(network, Network):
        raise TypeError(
            f"network is a {type(network).__name__}; expected a Network, such as cohort[0], or one made of your own "
            "arrays by rc.network(recurrent, input, output)"
        )


def check_fit(network: Network, task: Task, kind: type[Task] = Task) -> None:
    """Check that the network has the inputs, outputs and time step of the task, and that the task is of this kind."""
    check_network(network)
    if not isinstance(task, kind):
        raise TypeError(f"task is a {type(task).__name__}; expected a {kind.__name__}")
    for name in ("inputs", "outputs"):
        count, expected = getattr(network.weights, name), getattr(task, name)
        if count != expected:
            raise ValueError(f"the network has {count} {name}; the task has {expected}")
    if not same(network.dt_ms, task.dt_ms):
        raise ValueError(f"the network's time step is {network.dt_ms:g} ms; the task's is {task.dt_ms:g} ms")
