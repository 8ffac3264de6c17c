"""The rule by which answers in a direction are judged."""

import math
from dataclasses import dataclass
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from recurra.arrays import Outputs
from recurra.checks import check_between, check_finite_number, check_positive
from recurra.tasks.rules import SuccessRule
from recurra.tasks.trials import Trials


@final
@dataclass(frozen=True)
class DirectionRule(SuccessRule):
    """A trial is a success if the last step that counts fixates, or points in the right direction, as the target does.

    The first output is fixation: above `fixation` while the network fixates, below it when it answers. The others say
    the direction: two are its cosine and sine, more are units with equally spaced preferred directions, the first of
    which is 0°, whose population vector points there.

    Args:
        tolerance_deg: largest angle between the direction and that of the target, degrees, above 0 to 180.
        fixation: the level of the first output that divides fixation from answers.

    Source: Yang et al. (2019).
    """

    tolerance_deg: float = 36.0
    fixation: float = 0.5

    def __post_init__(self) -> None:
        check_positive("tolerance_deg", self.tolerance_deg)
        check_between("tolerance_deg", self.tolerance_deg, 0, 180)
        check_finite_number("fixation", self.fixation)

    @property
    def criterion(self) -> str:
        return (
            "A trial is a success if, at the last step that counts, the network fixates where it should, or else "
            f"answers within {self.tolerance_deg:g}° of the right direction."
        )

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        outputs, targets = jnp.asarray(outputs), jnp.asarray(trials.targets)
        said, right = direction_vectors(outputs), direction_vectors(targets).astype(outputs.dtype)
        lengths = jnp.linalg.norm(said, axis=-1) * jnp.linalg.norm(right, axis=-1)
        near = (said * right).sum(axis=-1) > math.cos(math.radians(self.tolerance_deg)) * lengths
        fixates, should = outputs[..., 0] > self.fixation, targets[..., 0] > self.fixation
        good = jnp.where(should, fixates, near & (outputs[..., 0] < self.fixation))
        return jnp.broadcast_to(good[..., None], targets.shape)

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        counted = trials.counts.any(axis=-1)
        last = counted.shape[1] - 1 - jnp.argmax(counted[:, ::-1], axis=1)
        at_end = jnp.take_along_axis(self.correct(outputs, trials)[..., 0], last[:, None], axis=1)[:, 0]
        return at_end & counted.any(axis=1)


def direction_vectors(outputs: Outputs) -> Float[Array, "*any 2"]:
    """The vector that points where the outputs say: cosine and sine, or the population vector of a ring of units."""
    units = jnp.asarray(outputs)[..., 1:]
    if units.shape[-1] == 2:
        return units
    preferred = 2 * math.pi * np.arange(units.shape[-1]) / units.shape[-1]
    return units @ jnp.asarray(np.stack([np.cos(preferred), np.sin(preferred)], axis=1), units.dtype)
