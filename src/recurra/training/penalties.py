r"""Penalties: terms of the loss that depend on the weights or on what the networks do, each with a factor λ.

$E = L + \sum_i P_i$. They are means and not sums, so that λ means the same for any number of units, steps and trials.
"""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from recurra.arrays import Weights
from recurra.checks import check_positive, nearest
from recurra.engine import Dynamics, Penalty, Trajectories, TrajectoryPenalty
from recurra.training.one_by_one import each_network
from recurra.training.rule import Setup


class WeightPenalty(Penalty, abc.ABC):
    """A penalty that depends on the weights alone; any engine trains with it."""

    @abc.abstractmethod
    def value(self, dynamics: Dynamics, weights: Any, start: Any) -> Float[Array, ""]:
        """The term of one network.

        Args:
            dynamics: the equations.
            weights: of the network, with all constraints.
            start: its weights before training.
        """


@dataclass(frozen=True)
class ArrayPenalty(WeightPenalty):
    """The common part of penalties on one weight array.

    Args:
        array: its name, such as "recurrent", "input", "output", "recurrent_bias" or "output_bias".
        strength: λ, above 0.
    """

    varying: ClassVar[tuple[str, ...]] = ("strength",)

    array: str
    strength: float

    def __post_init__(self) -> None:
        if not isinstance(self.array, str):
            raise TypeError(f"array is {self.array!r}; expected the name of a weight array, such as 'recurrent'")
        check_positive("strength", self.strength)

    def check(self, dynamics: Dynamics) -> None:
        names = list(dynamics.weights.axes())
        if self.array not in names:
            raise ValueError(f"penalty {self.name} is on the array {self.array!r}; {nearest(self.array, names)}")

    def value(self, dynamics: Dynamics, weights: Any, start: Any) -> Float[Array, ""]:
        return self.strength * self.mean(getattr(weights, self.array), getattr(start, self.array))

    @abc.abstractmethod
    def mean(self, array: Float[Array, "*axes"], start: Float[Array, "*axes"]) -> Float[Array, ""]:
        """The mean over all entries of the array, those of absent connections included."""


@final
@dataclass(frozen=True)
class L1(ArrayPenalty):
    r"""$\lambda \langle \lvert w \rvert \rangle$ over the entries of one array: drives weights to 0.

    Args:
        array: its name, such as "recurrent".
        strength: λ, above 0.

    Source: Tibshirani (1996).
    """

    sources = ("tibshirani1996",)

    def mean(self, array: Float[Array, "*axes"], start: Float[Array, "*axes"]) -> Float[Array, ""]:
        return jnp.abs(array).mean()


@final
@dataclass(frozen=True)
class L2(ArrayPenalty):
    r"""$\lambda \langle w^2 \rangle$ over the entries of one array: keeps weights small.

    Args:
        array: its name, such as "recurrent".
        strength: λ, above 0.

    Source: Hoerl and Kennard (1970).
    """

    sources = ("hoerl1970",)

    def mean(self, array: Float[Array, "*axes"], start: Float[Array, "*axes"]) -> Float[Array, ""]:
        return (array**2).mean()


@final
@dataclass(frozen=True)
class StartDistance(ArrayPenalty):
    r"""$\lambda \langle (w - w_0)^2 \rangle$ with the weights $w_0$ before training: keeps them near their start.

    Args:
        array: its name, such as "recurrent".
        strength: λ, above 0.
    """

    def mean(self, array: Float[Array, "*axes"], start: Float[Array, "*axes"]) -> Float[Array, ""]:
        return ((array - start) ** 2).mean()


@final
@dataclass(frozen=True)
class RadiusAbove(WeightPenalty):
    r"""$\lambda\, [\rho(W) - \rho_0]_+^2$ with the spectral radius ρ of the recurrent weights.

    Its gradient exists where one eigenvalue, or a pair of conjugate ones, is larger than all others.

    Args:
        strength: λ, above 0.
        radius: $\rho_0$, above 0, up to which nothing is added.
    """

    varying: ClassVar[tuple[str, ...]] = ("strength", "radius")

    strength: float
    radius: float = 1.0

    def __post_init__(self) -> None:
        check_positive("strength", self.strength)
        check_positive("radius", self.radius)

    def check(self, dynamics: Dynamics) -> None:
        if dynamics.weights.axes().get("recurrent") != ("post", "pre"):
            raise ValueError(f"penalty {self.name} needs one recurrent matrix; {type(dynamics).__name__} has none")

    def value(self, dynamics: Dynamics, weights: Any, start: Any) -> Float[Array, ""]:
        moduli = jnp.abs(jnp.linalg.eigvals(weights.recurrent))
        return self.strength * jnp.maximum(moduli.max() - self.radius, 0) ** 2


@dataclass(frozen=True)
class _OfTrajectories(TrajectoryPenalty):
    """The common part of penalties on trajectories."""

    strength: float

    def __post_init__(self) -> None:
        check_positive("strength", self.strength)


@final
@dataclass(frozen=True)
class RateL1(_OfTrajectories):
    r"""$\lambda \langle \lvert r \rvert \rangle$ over trials, steps and units: sparse activity.

    Args:
        strength: λ, above 0.

    Source: Yang et al. (2019), doi:10.1038/s41593-018-0310-2.
    """

    def value(self, dynamics: Dynamics, weights: Any, trajectories: Trajectories) -> Float[Array, ""]:
        return self.strength * jnp.abs(trajectories.rates).mean()


@final
@dataclass(frozen=True)
class ReadoutSmoothness(_OfTrajectories):
    r"""$\lambda \langle (z_{t+1} - 2 z_t + z_{t-1})^2 \rangle$ over trials, inner steps and outputs.

    Args:
        strength: λ, above 0.
    """

    def value(self, dynamics: Dynamics, weights: Any, trajectories: Trajectories) -> Float[Array, ""]:
        bends = jnp.diff(trajectories.outputs, n=2, axis=1)
        return self.strength * (bends**2).sum() / max(bends.size, 1)


@final
@dataclass(frozen=True)
class JacobianNorm(_OfTrajectories):
    r"""$\lambda \langle \frac{1}{N} \lVert \partial F / \partial h \rVert_F^2 \rangle$ of a step F, along trajectories.

    The mean is over trials and steps; N is the length of the state h, the square norm therefore a mean over unit
    directions: by how much a step expands a small change of the state. A step costs about N times as much as without.

    Args:
        strength: λ, above 0.

    Source: Hoffman, Roberts and Yaida (2019).
    """

    sources = ("hoffman2019",)

    def value(self, dynamics: Dynamics, weights: Any, trajectories: Trajectories) -> Float[Array, ""]:
        @jax.checkpoint  # the Jacobians of all steps would not fit into memory
        def square(state: Float[Array, "state"], inputs: Float[Array, "input"]) -> Float[Array, ""]:
            jacobian = jax.jacfwd(lambda one: dynamics.step(weights, one, inputs))(state)
            return (jacobian**2).sum() / len(state)

        def of_step(total: Float[Array, ""], now: tuple[Array, Array]) -> tuple[Float[Array, ""], None]:
            return total + jax.vmap(square)(*now).mean(), None

        steps = jnp.swapaxes(trajectories.before, 0, 1), jnp.swapaxes(trajectories.inputs, 0, 1)
        total, _ = jax.lax.scan(of_step, jnp.zeros((), trajectories.before.dtype), steps)
        return self.strength * total / len(steps[0])


PENALTIES: dict[str, type[Penalty]] = {
    "l1": L1,
    "l2": L2,
    "start_distance": StartDistance,
    "radius_above": RadiusAbove,
    "rate_l1": RateL1,
    "readout_smoothness": ReadoutSmoothness,
    "jacobian_norm": JacobianNorm,
}


def penalized(
    penalties_of: Callable[[Any], Sequence[WeightPenalty]],
    setup: Setup,
    weights: Weights,
    active: Bool[Array, "network"],
    found: tuple[Float[Array, "network"], Weights],
) -> tuple[Float[Array, "network"], Weights]:
    """Loss and gradient of the active networks with penalties on their weights.

    Args:
        penalties_of: the penalties of a network, from its part of `setup.own`.
        setup: the setting in which they learn.
        weights: their weights.
        active: networks that train.
        found: their loss and gradient without the penalties.
    """

    def one_network(given: tuple[Weights, Weights, Any], so_far: tuple[Float[Array, ""], Weights]):
        start, weights, own = given
        penalties = penalties_of(own)

        def together(one: Weights) -> Float[Array, ""]:
            return jnp.stack([penalty.value(setup.dynamics, one, start) for penalty in penalties]).sum()

        terms = jax.value_and_grad(together)(weights)
        return jax.tree.map(lambda old, term: old + term.astype(old.dtype), so_far, terms)

    return each_network(setup.engine.together, active, one_network, (setup.start, weights, setup.own), found)
