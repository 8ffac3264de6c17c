"""Initial weights. Each initializer is a pure function of a key and a shape (post, pre)."""

import abc
import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import RandomKey, Weights
from recurra.checks import check_at_least_zero, check_positive
from recurra.linalg import scaled, scaled_to_radius, spectral_radius
from recurra.models.constraints.base import SCALE, Constraint, Kind, Parameters, check_single
from recurra.streams import seed_or_key

Matrix = Float[Array, "post pre"]


class Initializer(abc.ABC):
    """A random matrix from a key, or a seed, and a shape."""

    def __init_subclass__(cls) -> None:
        """Every initializer, including your own, takes a seed for the key."""
        super().__init_subclass__()
        for name in ("__call__", "of_inputs"):
            if name in cls.__dict__:
                setattr(cls, name, seed_or_key(getattr(cls, name)))

    @abc.abstractmethod
    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        """A float32 matrix of shape (post, pre)."""

    def of_inputs(self, key: RandomKey, shape: tuple[int, int], units: int) -> Matrix:
        """The input weights of a network: the matrix of this shape, unless it depends on the number of units.

        Args:
            key: random key.
            shape: (post, pre) with as many columns as there are inputs.
            units: number of units of the network.
        """
        del units
        return self(key, shape)

    sources: ClassVar[tuple[str, ...]] = ()


def check_initializer(name: str, value: object) -> None:
    """A parameter of a model must be an initializer."""
    if not isinstance(value, Initializer):
        raise TypeError(f"{name} is {value!r}; expected an initializer such as Identity()")


@final
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, times `gain`.

    A square matrix has all its eigenvalues on a circle of radius `gain`.

    Args:
        gain: factor, above 0.

    Source: Saxe, McClelland and Ganguli (2014); the papers' choice.
    """

    sources: ClassVar[tuple[str, ...]] = ("saxe2014",)

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        return jax.nn.initializers.orthogonal(self.gain)(key, shape, jnp.float32)


@final
@dataclass(frozen=True)
class Normal(Initializer):
    r"""Independent normal entries with mean 0 and standard deviation $g / \sqrt{N}$, N the number of columns.

    Args:
        gain: g, above 0; the eigenvalues of a large square matrix fill a disc of this radius.

    Source: Rajan and Abbott (2006); the papers' choice.
    """

    sources: ClassVar[tuple[str, ...]] = ("rajan2006",)

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        return self.gain / math.sqrt(shape[1]) * jax.random.normal(key, shape, jnp.float32)


@final
@dataclass(frozen=True)
class Gamma(Initializer):
    r"""Independent positive entries with a gamma distribution and standard deviation $g / \sqrt{N}$, N the columns.

    Their mean is $g \sqrt{k / N}$. `Dale` gives them signs and balances the rows.

    Args:
        gain: g, above 0.
        shape: k of the distribution, above 0; 1 is the exponential distribution, and large ones are nearly normal.

    Source: Song, Yang and Wang (2016).
    """

    sources: ClassVar[tuple[str, ...]] = ("song2016",)

    gain: float = 1.0
    shape: float = 2.0

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)
        check_positive("shape", self.shape)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        scale = self.gain / math.sqrt(self.shape * shape[1])
        return scale * jax.random.gamma(key, self.shape, shape, jnp.float32)


@final
@dataclass(frozen=True)
class GlorotUniform(Initializer):
    r"""Independent entries, uniform within $\pm g \sqrt{6 / (\mathrm{post} + \mathrm{pre})}$.

    Args:
        gain: g, above 0.

    Source: Glorot and Bengio (2010); Keras's default for inputs and readouts.
    """

    sources: ClassVar[tuple[str, ...]] = ("glorot2010",)

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        return uniform_within(self.gain * math.sqrt(6 / sum(shape)), key, shape)


@final
@dataclass(frozen=True)
class Uniform(Initializer):
    r"""Independent entries, uniform within $\pm$ `bound`, whatever the shape.

    Args:
        bound: above 0.

    Source: Sussillo and Abbott (2009), for weights of feedback and inputs.
    """

    sources: ClassVar[tuple[str, ...]] = ("sussillo2009",)

    bound: float = 1.0

    def __post_init__(self) -> None:
        check_positive("bound", self.bound)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        return uniform_within(self.bound, key, shape)


@final
@dataclass(frozen=True)
class Zeros(Initializer):
    """Weights that are all 0, from which a rule that needs no gradient may start."""

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        del key
        return jnp.zeros(shape, jnp.float32)


@final
@dataclass(frozen=True)
class TorchUniform(Initializer):
    r"""Independent entries, uniform within $\pm 1 / \sqrt{N}$, N the number of units, as PyTorch draws all weights.

    So do `nn.RNN`, `nn.GRU` and `nn.LSTM`, their input weights included, and an `nn.Linear` that reads N units. Their
    biases start in the same way with `biases="torch_uniform"` of the model.
    """

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        return uniform_within(1 / math.sqrt(shape[1]), key, shape)

    def of_inputs(self, key: RandomKey, shape: tuple[int, int], units: int) -> Matrix:
        return uniform_within(1 / math.sqrt(units), key, shape)


@final
@dataclass(frozen=True)
class Identity(Initializer):
    r"""The identity times `gain`, plus independent normal entries with standard deviation $s / \sqrt{N}$.

    Args:
        gain: factor of the identity, above 0.
        spread: s, 0 or above.

    Source: Le, Jaitly and Hinton (2015).
    """

    sources: ClassVar[tuple[str, ...]] = ("le2015",)

    gain: float = 1.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        check_positive("gain", self.gain)
        check_at_least_zero("spread", self.spread)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        if shape[0] != shape[1]:
            raise ValueError(f"Identity got the shape {shape}; it is for the square recurrent weights only")
        noise = self.spread / math.sqrt(shape[1]) * jax.random.normal(key, shape, jnp.float32)
        return self.gain * jnp.eye(shape[0], dtype=jnp.float32) + noise


@final
@dataclass(frozen=True)
class SpectralRadius(Initializer, Constraint):
    """Entries scaled at the start so that the largest modulus of the eigenvalues is exactly `radius`.

    As the initializer of the recurrent weights: of independent normal entries. Among the constraints: of the weights
    that the initializer and all other constraints leave, with their absent connections and signs; of gated cells, of
    each gate. Training may change the radius.

    Args:
        radius: the spectral radius at the start, above 0.

    Source: Rajan and Abbott (2006).
    """

    sources: ClassVar[tuple[str, ...]] = ("rajan2006",)
    start_order: ClassVar[int] = SCALE

    radius: float = 1.0

    def __post_init__(self) -> None:
        check_positive("radius", self.radius)

    def __call__(self, key: RandomKey, shape: tuple[int, int]) -> Matrix:
        if shape[0] != shape[1]:
            raise ValueError(f"SpectralRadius got the shape {shape}; it is for the square recurrent weights only")
        return scaled_to_radius(jax.random.normal(key, shape, jnp.float32), self.radius)

    def among(self, constraints: tuple[Constraint, ...], units: int) -> Constraint:
        check_single(self, constraints)
        return self

    def start(self, key: RandomKey, weights: Kind) -> Kind:
        recurrent = cast(Any, weights).recurrent
        matrices = recurrent.reshape(-1, *recurrent.shape[-2:])
        radii = [spectral_radius(one) for one in matrices]
        if not all(radius > 0 for radius in radii):
            raise ValueError(
                "SpectralRadius cannot scale recurrent weights whose eigenvalues are all 0; choose another initializer "
                "or denser connections"
            )
        rescaled = jnp.stack([scaled(one, self.radius / radius) for one, radius in zip(matrices, radii, strict=True)])
        return replace(cast(Any, weights), recurrent=rescaled.reshape(recurrent.shape))

    def apply(self, free: Parameters, start: Weights) -> Parameters:
        return free


def uniform_within(bound: float, key: RandomKey, shape: tuple[int, ...]) -> Array:
    """Independent float32 entries, uniform from -bound to below bound."""
    return jax.random.uniform(key, shape, jnp.float32, -bound, bound)


def initial_biases(biases: str, key: RandomKey, shape: tuple[int, ...], units: int) -> Array:
    """Biases before training.

    Args:
        biases: one of `BIASES`.
        key: random key.
        shape: of the biases.
        units: number of units of the network.
    """
    return jnp.zeros(shape, jnp.float32) if biases == "zeros" else uniform_within(1 / math.sqrt(units), key, shape)


BIASES = ("zeros", "torch_uniform")
GENERAL_INITIALIZERS: dict[str, type[Initializer]] = {
    "orthogonal": Orthogonal,
    "normal": Normal,
    "gamma": Gamma,
    "glorot_uniform": GlorotUniform,
    "uniform": Uniform,
    "torch_uniform": TorchUniform,
    "zeros": Zeros,
    "identity": Identity,
    "spectral_radius": SpectralRadius,
}
