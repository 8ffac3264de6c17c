"""Free parameters as one vector: optimizers that treat all entries alike move it in a few operations."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from recurra.models.constraints import Parameters


@dataclass(frozen=True)
class Packing:
    """How the parameters of a network are packed, or not packed at all.

    Args:
        template: a tree like the one to be packed, with the `Parameters` of every network.
        free: those parameters alone.
        packs: whether there is anything to do; if not, trees stay as they are.
    """

    template: Any
    free: Parameters
    packs: bool

    def pack(self, tree: Any) -> Any:
        """The tree with one vector a network in place of each of its `Parameters`."""
        if not self.packs:
            return tree
        return jax.tree.map(lambda part: _vectors(part) if _is_parameters(part) else part, tree, is_leaf=_is_parameters)

    def unpack(self, packed: Any) -> Any:
        """The tree that `pack` made from."""
        if not self.packs:
            return packed

        def parts(template: Any, part: Any) -> Any:
            return jax.vmap(_unraveled(template))(part) if _is_parameters(template) else part

        return jax.tree.map(parts, self.template, packed, is_leaf=_is_parameters)

    def parameters_of(self, packed: Any) -> Parameters:
        """The parameters of one network, from its vector."""
        return _unraveled(self.free)(packed) if self.packs else packed


def _unraveled(free: Parameters) -> Callable[[Float[Array, "entry"]], Parameters]:
    return ravel_pytree(jax.tree.map(lambda array: array[0], free))[1]


def _vectors(free: Parameters) -> Float[Array, "network entry"]:
    return jax.vmap(lambda one: ravel_pytree(one)[0])(free)


def _is_parameters(part: Any) -> bool:
    return isinstance(part, OrderedDict)
