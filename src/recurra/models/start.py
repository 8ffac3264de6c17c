"""From which trained networks a training starts, as a spec says it."""

from dataclasses import dataclass
from typing import final

from recurra.checks import check_count


@final
@dataclass(frozen=True)
class Transfer:
    """Start the training of a cohort from the weights of networks that were trained before.

    Network k starts from network k of the run, or all start from one. What is then trained is for the model to say:
    `rc.Frozen` among its constraints keeps arrays, to the bit.

    Args:
        run: folder of a run whose training has ended, or the `.npz` file of a network; empty in the spec of networks
            that were given to `rc.train` in Python.
        network: number of the network from which all start; if not given, each starts from that of its own number.
        arrays: names of the arrays that are taken, such as `("recurrent", "recurrent_bias")`; the others are drawn as
            the model says. Empty for all arrays.
        sha256: hash of the weights of the run, which is filled in when the training begins; one that is given must be
            theirs.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> first = rc.train(rc.And(), rc.GRU(units=4), rule, networks=2, seed=0)
        >>> first.save("first")
        >>> kept = rc.GRU(units=4, constraints=(rc.Frozen(("recurrent", "input")),))
        >>> second = rc.train(rc.Or(), kept, rule, networks=2, seed=1, start=rc.Transfer("first"))
        >>> bool((second.weights.recurrent == first.weights.recurrent).all())
        True
    """

    run: str = ""
    network: int | None = None
    arrays: tuple[str, ...] = ()
    sha256: str = ""

    def words(self) -> str:
        """From where the weights come, for readers."""
        which = "" if self.network is None else f", network {self.network} for all"
        arrays = f"; {', '.join(self.arrays)} alone, the others as the model draws them" if self.arrays else ""
        return f"trained networks of {self.run or 'a cohort in Python'} (hash {self.sha256[:12]}){which}{arrays}"

    def __post_init__(self) -> None:
        for name in ("run", "sha256"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is {getattr(self, name)!r}; expected a text")
        if self.network is not None:
            check_count("network", self.network, at_least=0)
        if isinstance(self.arrays, str) or not all(isinstance(one, str) for one in self.arrays):
            raise TypeError(f'arrays is {self.arrays!r}; expected names such as ("recurrent", "input")')
        object.__setattr__(self, "arrays", tuple(self.arrays))
