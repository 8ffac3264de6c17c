"""Transfer: training starts from the weights of networks that were trained before."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

import jax.numpy as jnp
import numpy as np

from recurra.arrays import Weights, named_arrays
from recurra.checks import nearest
from recurra.models.cohort import Cohort
from recurra.models.constraints import Constraint, check_connected, constrained, free_parameters
from recurra.models.network import Network
from recurra.models.start import Transfer
from recurra.saver import saver

IN_PYTHON = "the networks that were given"
ENOUGH = 0.9  # of the absent connections of a drawn network: their number may be random


@final
@dataclass(frozen=True, eq=False)
class TransferredWeights:
    """Trained networks from which others start.

    Args:
        source: the networks: of a cohort each starts from that of its number, unless `transfer` names one for all.
        transfer: which of them and which arrays; its hash, if it has one, must be theirs.
    """

    source: Cohort | Network
    transfer: Transfer = field(default_factory=Transfer)

    @classmethod
    def read(cls, transfer: Transfer) -> "TransferredWeights":
        """The networks of a run folder or file.

        Args:
            transfer: names it.

        Raises:
            ValueError: there is none, its training has not ended, or its weights have another hash.
        """
        if not transfer.run:
            raise ValueError(
                "start.run is empty; expected the folder of a run. Networks that were given in Python have to be saved "
                "first"
            )
        return cls(saver().load(transfer.run), replace(transfer, run=str(Path(transfer.run).resolve())))

    def __post_init__(self) -> None:
        found = hash_of_weights(self.source.weights)
        if self.transfer.sha256 not in ("", found):
            raise ValueError(
                f"the weights of {self.name} have the hash {found[:12]}, and the spec gives "
                f"{self.transfer.sha256[:12]}: they are not those from which the training starts"
            )
        if isinstance(self.source, Network) and self.transfer.network is not None:
            raise ValueError(f"start.network is {self.transfer.network}, and {self.name} is one network; leave it out")
        object.__setattr__(self, "transfer", replace(self.transfer, sha256=found))

    @property
    def name(self) -> str:
        """What messages call the networks."""
        return self.transfer.run or IN_PYTHON

    def start(self, number: int, drawn: Weights, constraints: Sequence[Constraint]) -> Weights:
        """The weights from which a network starts, float32.

        Args:
            number: of the network.
            drawn: what its model drew; arrays that are not taken stay so.
            constraints: of the model, which the weights have to obey.

        Raises:
            ValueError: there is no such network, an array has another shape, or a constraint is not obeyed.
        """
        given, wanted = self._of(number), named_arrays(drawn)
        names = self.transfer.arrays or tuple(wanted)
        for name in names:
            if name not in wanted:
                raise ValueError(f"start.arrays has {name!r}, no array of the model; {nearest(name, list(wanted))}")
            if name not in given:
                raise ValueError(
                    f"{self.name} has no array {name}, which the model has; name those to take in start.arrays, of: "
                    f"{', '.join(one for one in wanted if one in given)}"
                )
            if given[name].shape != wanted[name].shape:
                axes = ", ".join(drawn.axes()[name])
                raise ValueError(
                    f"{name} of {self.name} has the shape {given[name].shape}, and the model needs ({axes}) = "
                    f"{wanted[name].shape}; take a model of the same size, or leave {name} out of start.arrays"
                )
        taken = {name: jnp.asarray(given[name], jnp.float32) for name in names}
        weights = replace(drawn, **taken)
        check_connected(constraints, weights)
        self._check_obeyed(weights, drawn, constraints)
        return weights

    def check_varied(self, keys: Sequence[str]) -> None:
        """Refuse numbers of the start that would have no effect, since all arrays are taken.

        Args:
            keys: of the numbers that differ between networks.
        """
        idle = [key for key in keys if "initializer." in key and key.startswith("model.")]
        if idle and not self.transfer.arrays:
            raise ValueError(f"{idle[0]} has no effect, since all arrays are those of {self.name}; leave it out")

    def _of(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of the network from which network `number` starts."""
        if isinstance(self.source, Network):
            return named_arrays(self.source.weights)
        wanted = number if self.transfer.network is None else self.transfer.network
        if wanted not in self.source.numbers:
            raise ValueError(
                f"{self.name} has no network {wanted}; it has the numbers "
                f"{', '.join(map(str, self.source.numbers[:8]))}{', …' if len(self.source) > 8 else ''}. "
                "Set start.network for one from which all start"
            )
        at = self.source.numbers.index(wanted)
        return {name: array[at] for name, array in named_arrays(self.source.weights).items()}

    def _check_obeyed(self, weights: Weights, drawn: Weights, constraints: Sequence[Constraint]) -> None:
        """Check that no constraint would change the weights, and that they have no more connections than it allows."""
        for constraint in constraints:
            for name in constraint.absent():
                absent, expected = (int((np.asarray(getattr(one, name)) == 0).sum()) for one in (weights, drawn))
                if absent < ENOUGH * expected:
                    raise ValueError(
                        f"{name} of {self.name} does not obey the model's constraint {constraint.name}: it lacks "
                        f"{absent} connections, and the model {expected}"
                    )
            kept = constrained([constraint], free_parameters([constraint], weights), weights)
            for name, array in named_arrays(weights).items():
                if not np.allclose(array, np.asarray(getattr(kept, name)), rtol=1e-4, atol=1e-5, equal_nan=True):
                    raise ValueError(f"{name} of {self.name} does not obey the model's constraint {constraint.name}")


def hash_of_weights(weights: Weights) -> str:
    """SHA-256 of the names, shapes and numbers, in float32, of all arrays."""
    hashed = hashlib.sha256()
    for name, array in sorted(named_arrays(weights).items()):
        hashed.update(f"{name} {array.shape}".encode())
        hashed.update(np.ascontiguousarray(array, np.float32).tobytes())
    return hashed.hexdigest()
