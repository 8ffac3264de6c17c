"""What training lowers: how far outputs are from the targets, over trials, steps and outputs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from recurra.arrays import Mask, Targets


def mean_squared_error(outputs: Float[Array, "trial time output"], targets: Targets, mask: Mask) -> Float[Array, ""]:
    """Mean squared difference, weighted by the mask, so that the mask does not scale it; 0 if nothing counts.

    A weight that is negative or NaN counts as 0; `Trial.of` refuses it.
    """
    mask = jnp.asarray(mask)
    counts = mask if mask.dtype == bool else mask > 0
    difference = jnp.where(counts, outputs - targets, 0)  # masked here, to keep a masked NaN out of the gradient
    if mask.dtype == bool:
        total, error = mask.sum().astype(difference.dtype), (difference**2).sum()
    else:
        weights = jnp.where(counts, mask, 0).astype(difference.dtype)
        total, error = weights.sum(), (weights * difference**2).sum()
    return error / jnp.where(total > 0, total, 1)


def cross_entropy(outputs: Float[Array, "trial time output"], targets: Targets, mask: Mask) -> Float[Array, ""]:
    r"""Cross-entropy of a softmax readout with the targets, the mean over the steps that count; 0 if nothing counts.

    $E = -K \sum_{btk} m_{btk} z^*_{btk} \ln p_{btk} / \sum_{btk} m_{btk}$ with $p = \mathrm{softmax}(z)$ over the K
    outputs, m the mask and targets $z^*$ that are the probabilities of the choices, such as 1 for the right one and 0
    for the others. If all K outputs of a step have the same mask, this is the weighted mean over steps.
    """
    mask = jnp.asarray(mask)
    counts = mask if mask.dtype == bool else mask > 0
    weights = jnp.where(counts, mask.astype(outputs.dtype), 0)
    asked = jnp.where(counts, weights * jnp.asarray(targets, outputs.dtype), 0)  # a masked NaN counts as 0
    known = jnp.where(asked.sum(axis=-1, keepdims=True) > 0, outputs, 0)  # and stays out of the gradient
    entropy = -(asked * jax.nn.log_softmax(known)).sum()
    total = weights.sum()
    return outputs.shape[-1] * entropy / jnp.where(total > 0, total, 1)


LOSSES: dict[str, Callable[..., Float[Array, ""]]] = {
    "mean_squared_error": mean_squared_error,
    "cross_entropy": cross_entropy,
}
