"""Directions of descent. Learning rate and schedule belong to the rule, so that each network can have its own."""

import abc
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import optax
from jax.scipy.special import gammaln
from optax.contrib import MuonDimensionNumbers, scale_by_muon

from recurra.checks import check_at_least_zero, check_between, check_count, check_positive


class Optimizer(abc.ABC):
    """Turns a gradient into a direction of descent, which the rule scales by the learning rate; computed by optax."""

    @abc.abstractmethod
    def direction(self) -> optax.GradientTransformation:
        """The transformation of one network's gradient."""

    sources: ClassVar[tuple[str, ...]] = ()
    varying: ClassVar[tuple[str, ...]] = ()
    """Fields that `direction` takes as numbers or as arrays alike: one program then serves all their values."""
    elementwise: ClassVar[bool] = False
    """Whether each entry of a direction depends on the same entry of the gradients alone, as if all were one array."""


@final
@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam.

    Args:
        beta1: decay per step of the mean of the gradient, in [0, 1).
        beta2: decay per step of the mean of its square, in [0, 1).
        epsilon: added to the root of the latter.

    Source: Kingma and Ba (2015); the papers' choice.
    """

    sources: ClassVar[tuple[str, ...]] = ("kingma2015",)
    varying: ClassVar[tuple[str, ...]] = ("beta1", "beta2", "epsilon")
    elementwise: ClassVar[bool] = True

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_decay("beta1", self.beta1)
        _check_decay("beta2", self.beta2)
        check_positive("epsilon", self.epsilon)

    def direction(self) -> optax.GradientTransformation:
        return optax.scale_by_adam(self.beta1, self.beta2, self.epsilon)


@final
@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam with decoupled weight decay.

    Args:
        beta1: decay per step of the mean of the gradient, in [0, 1).
        beta2: decay per step of the mean of its square, in [0, 1).
        epsilon: added to the root of the latter.
        weight_decay: share of each weight removed per step, times the learning rate.

    Source: Loshchilov and Hutter (2019), doi:10.48550/arXiv.1711.05101.
    """

    sources: ClassVar[tuple[str, ...]] = ("kingma2015", "loshchilov2019")
    varying: ClassVar[tuple[str, ...]] = ("beta1", "beta2", "epsilon", "weight_decay")
    elementwise: ClassVar[bool] = True

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        _check_decay("beta1", self.beta1)
        _check_decay("beta2", self.beta2)
        check_positive("epsilon", self.epsilon)
        check_at_least_zero("weight_decay", self.weight_decay)

    def direction(self) -> optax.GradientTransformation:
        adam = optax.scale_by_adam(self.beta1, self.beta2, self.epsilon)
        return optax.chain(adam, optax.add_decayed_weights(self.weight_decay))


@final
@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent with momentum.

    Args:
        momentum: share of the last step that is kept, in [0, 1); 0 is plain gradient descent.
    """

    varying: ClassVar[tuple[str, ...]] = ("momentum",)
    elementwise: ClassVar[bool] = True

    momentum: float = 0.0

    def __post_init__(self) -> None:
        _check_decay("momentum", self.momentum)

    def direction(self) -> optax.GradientTransformation:
        return optax.trace(self.momentum)


@final
@dataclass(frozen=True)
class Fractional(Optimizer):
    r"""Gradient descent with a fractional derivative of order ν beside the ordinary one.

    $w \leftarrow w - \left(\eta + \eta_f \frac{\lvert w \rvert^{1 - \nu}}{\Gamma(2 - \nu)}\right) g$ with
    $\eta = (1 - \mathrm{share}) \cdot$ the learning rate and $\eta_f = \mathrm{share} \cdot$ the learning rate; w
    are the free parameters. Order 1 is `SGD` with $\eta + \eta_f$, to the bit. A smaller one slows small
    weights and speeds up large ones, and a weight of exactly 0 has no fractional step. The power of a negative weight
    is no real number: that of its absolute value stands in for it, so that for negative weights this is no fractional
    derivative.

    Args:
        order: ν, above 0 and at most 1.
        share: of the fractional step in the learning rate, 0 to 1.
        momentum: share of the last step that is kept, in [0, 1); 0 is none.

    Source: Khan et al. (2018).
    """

    sources: ClassVar[tuple[str, ...]] = ("khan2018",)
    varying: ClassVar[tuple[str, ...]] = ("order", "share", "momentum")
    elementwise: ClassVar[bool] = True

    order: float = 0.5
    share: float = 0.5
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check_positive("order", self.order)
        check_between("order", self.order, 0, 1)
        check_between("share", self.share, 0, 1)
        _check_decay("momentum", self.momentum)

    def direction(self) -> optax.GradientTransformation:
        return optax.chain(optax.stateless(self._steps), optax.trace(self.momentum))

    def _steps(self, gradients: Any, weights: Any) -> Any:
        return jax.tree.map(self._step, gradients, weights)

    def _step(self, gradient: Any, weight: Any) -> jax.Array:
        order = jnp.asarray(self.order, weight.dtype)
        power = jnp.abs(weight) ** (1 - order) / jnp.exp(gammaln(2 - order))
        factor = jnp.where(order == 1, 1, power)
        return ((1 - self.share) + self.share * factor) * gradient


@final
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """The gradient over the root of its mean square.

    Args:
        decay: decay per step of the mean square, in [0, 1).
        epsilon: added to the mean square under the root.

    Source: Hinton (2012), lecture 6e.
    """

    sources: ClassVar[tuple[str, ...]] = ("hinton2012",)
    varying: ClassVar[tuple[str, ...]] = ("decay", "epsilon")
    elementwise: ClassVar[bool] = True

    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_decay("decay", self.decay)
        check_positive("epsilon", self.epsilon)

    def direction(self) -> optax.GradientTransformation:
        return optax.scale_by_rms(self.decay, self.epsilon)


@final
@dataclass(frozen=True)
class Muon(Optimizer):
    r"""Orthogonalized momentum: every weight matrix moves by a matrix whose singular values are all about 1.

    $m \leftarrow \beta m + (1 - \beta) g$, with Nesterov's look-ahead; the direction is $U V^T$ of
    $m = U \Sigma V^T$, by Newton-Schulz iterations; of gated cells, for the matrix of each gate. Biases move by Adam
    instead.

    Args:
        beta: decay per step of the mean of the gradient, in [0, 1).
        iterations: number of Newton-Schulz iterations; 5 bring the singular values between 0.7 and 1.2.
        bias_factor: factor on the learning rate of the biases, above 0.

    Source: Jordan et al. (2024); computed by optax.
    """

    sources: ClassVar[tuple[str, ...]] = ("jordan2024", "kingma2015")
    varying: ClassVar[tuple[str, ...]] = ("beta", "bias_factor")

    beta: float = 0.95
    iterations: int = 5
    bias_factor: float = 1.0

    def __post_init__(self) -> None:
        _check_decay("beta", self.beta)
        check_count("iterations", self.iterations)
        check_positive("bias_factor", self.bias_factor)

    def direction(self) -> optax.GradientTransformation:
        methods: dict[Hashable, optax.GradientTransformation] = {
            "matrix": scale_by_muon(
                beta=self.beta,
                ns_steps=self.iterations,
                weight_dimension_numbers=lambda weights: _each(weights, _MATRIX),
            ),
            "vector": optax.chain(optax.scale_by_adam(), optax.scale(self.bias_factor)),
        }
        return optax.partition(methods, lambda weights: jax.tree.map_with_path(_move, weights))


_MATRIX = MuonDimensionNumbers(reduction_axis=-1, output_axis=-2)


def _move(path: tuple[Any, ...], array: jax.Array) -> str:
    """How an array moves: a matrix or one for every gate as "matrix"; biases, also those of every gate, as "vector"."""
    return "matrix" if array.ndim > 1 and not str(path[-1].key).endswith("bias") else "vector"


def _each(weights: optax.Params, value: object) -> optax.Params:
    return jax.tree.map(lambda _: value, weights)


def _check_decay(name: str, value: float) -> None:
    check_between(name, value, 0, 1)
    if value == 1:
        raise ValueError(f"{name} is 1; expected a number below 1")


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adam": Adam,
    "adamw": AdamW,
    "sgd": SGD,
    "rmsprop": RMSprop,
    "muon": Muon,
    "fractional": Fractional,
}
