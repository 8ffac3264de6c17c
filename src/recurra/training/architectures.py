"""Where recursive least squares acts in a network: what FORCE calls its architectures."""

import abc
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias, cast, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import Weights
from recurra.engine import ControlFeedbackDynamics, Dynamics, OutputFeedbackDynamics, RateDynamics
from recurra.engine.dynamics import State
from recurra.training.recursion import LeastSquares

Systems: TypeAlias = tuple[LeastSquares, ...]
Matrices: TypeAlias = tuple[Float[Array, "row feature"], ...]


class Architecture(abc.ABC):
    """Which weights are learned, as rows of one or more systems of least squares, and how the network moves meanwhile.

    The first rows of the first system are those of the outputs. A feature of the rates is there for every unit, and
    one more, which is 1, where the readout has a trained bias.
    """

    arrays: ClassVar[tuple[str, ...]]
    """The arrays that are learned."""
    biased: ClassVar[bool] = False
    """Whether a bias of the readout can be learned too."""

    @abc.abstractmethod
    def misfit(self, dynamics: Dynamics) -> str:
        """What networks it needs, if these are others; else empty."""

    @abc.abstractmethod
    def matrices(self, weights: Any) -> Matrices:
        """The rows of every system, in float64, without those of a bias."""

    @abc.abstractmethod
    def merged(self, weights: Any, matrices: Matrices) -> Weights:
        """The weights with these rows in place of their own."""

    def read(self, start: Any) -> tuple[Float[Array, "unit"], ...]:
        """For every system, 1 for the units that its rows read and 0 for others; `start` is before training."""
        return tuple(jnp.ones(matrix.shape[-1]) for matrix in self.matrices(start))

    def errors(self, error: Float[Array, "output"], units: int) -> tuple[Float[Array, "row"], ...]:
        """The errors of the rows of every system, from those of the outputs."""
        return (error,)

    @abc.abstractmethod
    def advanced(
        self, dynamics: Any, weights: Any, systems: Systems, state: State, drive: Any, fed: Float[Array, "output"]
    ) -> State:
        """The state one step later.

        Args:
            dynamics: the equations.
            weights: before this training step; float32.
            systems: what is learned.
            state: the state.
            drive: of the inputs.
            fed: what the network feeds back.
        """

    def fed_back(
        self, systems: Systems, output: Float[Array, "output"], features: Float[Array, "feature"]
    ) -> Float[Array, "output"]:
        """What the network feeds back at its next step."""
        return output


@final
class ReadoutAlone(Architecture):
    """The readout of any network, which is not fed back."""

    arrays = ("output",)
    biased = True

    def misfit(self, dynamics: Dynamics) -> str:
        fed = isinstance(dynamics, OutputFeedbackDynamics)
        return "networks whose outputs are not fed back; for these take FORCE" if fed else ""

    def matrices(self, weights: Any) -> Matrices:
        return (_double(weights.output),)

    def merged(self, weights: Any, matrices: Matrices) -> Weights:
        return replace(weights, output=matrices[0].astype(jnp.float32))

    def advanced(self, dynamics, weights, systems, state, drive, fed):
        return dynamics.driven(weights, state, drive)


@final
class OutputLoop(Architecture):
    """A: the readout, which is fed back."""

    arrays = ("output",)
    biased = True

    def misfit(self, dynamics: Dynamics) -> str:
        return "" if isinstance(dynamics, OutputFeedbackDynamics) else 'rc.FeedbackRNN(fed_back="outputs")'

    def matrices(self, weights: Any) -> Matrices:
        return (_double(weights.output),)

    def merged(self, weights: Any, matrices: Matrices) -> Weights:
        return replace(weights, output=matrices[0].astype(jnp.float32))

    def advanced(self, dynamics, weights, systems, state, drive, fed):
        return _with_feedback(dynamics, weights, state, drive, fed)


@final
class ControlLoop(Architecture):
    """B: the readout, and control units with weights of their own, which are fed back in its place."""

    arrays = ("output", "control")

    def misfit(self, dynamics: Dynamics) -> str:
        return "" if isinstance(dynamics, ControlFeedbackDynamics) else 'rc.FeedbackRNN(fed_back="controls")'

    def matrices(self, weights: Any) -> Matrices:
        return _double(weights.output), _double(weights.control)

    def merged(self, weights: Any, matrices: Matrices) -> Weights:
        output, control = (matrix.astype(jnp.float32) for matrix in matrices)
        return replace(weights, output=output, control=control)

    def read(self, start: Any) -> tuple[Float[Array, "unit"], ...]:
        return jnp.ones(start.units), _double(start.control[0] != 0)

    def errors(self, error: Float[Array, "output"], units: int) -> tuple[Float[Array, "row"], ...]:
        return error, error

    def advanced(self, dynamics, weights, systems, state, drive, fed):
        return _with_feedback(dynamics, weights, state, drive, fed)

    def fed_back(self, systems, output, features):
        return systems[1].respond(features)


@final
class InternalLoop(Architecture):
    """C: the readout, and all recurrent weights, with the error of output i modulo their number for unit i."""

    arrays = ("output", "recurrent")

    def misfit(self, dynamics: Dynamics) -> str:
        rates = isinstance(dynamics, RateDynamics | OutputFeedbackDynamics)
        return "" if rates else "rate units without trained time constants and without control units"

    def matrices(self, weights: Any) -> Matrices:
        return (jnp.concatenate([_double(weights.output), _double(weights.recurrent)]),)

    def merged(self, weights: Any, matrices: Matrices) -> Weights:
        both = matrices[0].astype(jnp.float32)
        return replace(weights, output=both[: weights.outputs], recurrent=both[weights.outputs :])

    def errors(self, error: Float[Array, "output"], units: int) -> tuple[Float[Array, "row"], ...]:
        return (jnp.concatenate([error, jnp.resize(error, (units,))]),)

    def advanced(self, dynamics, weights, systems, state, drive, fed):
        rates = dynamics.rates(state)
        current = systems[0].respond(_double(rates))[weights.outputs :].astype(state.dtype)
        if isinstance(dynamics, OutputFeedbackDynamics):
            current = current + weights.feedback @ fed.astype(state.dtype)
        return dynamics.moved(weights, state, current + drive + weights.recurrent_bias)


def _with_feedback(dynamics: Any, weights: Any, state: State, drive: Any, fed: Float[Array, "output"]) -> State:
    current = weights.recurrent @ dynamics.rates(state) + weights.feedback @ fed.astype(state.dtype)
    return dynamics.moved(weights, state, current + drive + weights.recurrent_bias)


def _double(array: Any) -> Any:
    return cast(Any, jnp.asarray(array)).astype(jnp.float64)
