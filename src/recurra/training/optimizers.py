"""Directions of descent. Learning rate and schedule belong to the rule, so that each network can have its own."""

import abc
from dataclasses import dataclass
from typing import ClassVar, final

import optax

from recurra.checks import check_at_least_zero, check_between, check_positive


class Optimizer(abc.ABC):
    """What turns a gradient into a step of length one; optax does the work."""

    @abc.abstractmethod
    def direction(self) -> optax.GradientTransformation:
        """The transformation of one network's gradient."""

    sources: ClassVar[tuple[str, ...]] = ()


@final
@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam.

    Args:
        beta1: decay of the mean of the gradient a step, in [0, 1).
        beta2: decay of the mean of its square a step, in [0, 1).
        epsilon: added to the root of the latter.

    Source: Kingma and Ba (2015); the papers' choice.
    """

    sources: ClassVar[tuple[str, ...]] = ("kingma2015",)

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
        beta1: decay of the mean of the gradient a step, in [0, 1).
        beta2: decay of the mean of its square a step, in [0, 1).
        epsilon: added to the root of the latter.
        weight_decay: share of each weight taken away a step, times the learning rate.

    Source: Loshchilov and Hutter (2019), doi:10.48550/arXiv.1711.05101.
    """

    sources: ClassVar[tuple[str, ...]] = ("kingma2015", "loshchilov2019")

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

    momentum: float = 0.0

    def __post_init__(self) -> None:
        _check_decay("momentum", self.momentum)

    def direction(self) -> optax.GradientTransformation:
        return optax.trace(self.momentum)


@final
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """The gradient over the root of its mean square.

    Args:
        decay: decay of the mean square a step, in [0, 1).
        epsilon: added to the mean square under the root.

    Source: Hinton (2012), Neural networks for machine learning, lecture 6e.
    """

    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _check_decay("decay", self.decay)
        check_positive("epsilon", self.epsilon)

    def direction(self) -> optax.GradientTransformation:
        return optax.scale_by_rms(self.decay, self.epsilon)


def _check_decay(name: str, value: float) -> None:
    check_between(name, value, 0, 1)
    if value == 1:
        raise ValueError(f"{name} is 1; expected a number below 1")


OPTIMIZERS: dict[str, type[Optimizer]] = {"adam": Adam, "adamw": AdamW, "sgd": SGD, "rmsprop": RMSprop}
