"""A cohort of trained networks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import jax
import numpy as np
from jaxtyping import Float, Int

from recurra.arrays import Weights, hash_of_arrays, same_arrays
from recurra.checks import check_between
from recurra.engine import Dynamics, choose_engine
from recurra.intervals import Proportion, wilson_interval
from recurra.models.model import Model
from recurra.models.network import Network
from recurra.models.start import Transfer
from recurra.numerics import pinned
from recurra.saver import saver
from recurra.shown import Shown
from recurra.status import Status
from recurra.streams import Stream, random_key
from recurra.tasks.base import Task
from recurra.tasks.rules import SUCCESSFUL
from recurra.varied import Varied, value_of

if TYPE_CHECKING:
    import pandas
    import xarray

WITHOUT_ARRAYS = ("model", "rule", "task", "seed", "numbers", "status", "vary", "start")


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class History(Shown):
    """The measurements at the end of every epoch; NaN after a network has ended.

    Args:
        step: training steps taken by then.
        loss: mean training loss of the epoch.
        validation_loss: loss on trials that are never used for training.
        success: share of the validation trials that are a success.
        stages_left: stages of the curriculum that were left before the task itself; the trials of the epoch, also those
            of validation, are of its stage. None for a training without a curriculum.
        weight_change: Frobenius distance of all matrices of weights together from those before training; None where
            a log does not have it.
    """

    step: Float[np.ndarray, "epoch"]
    loss: Float[np.ndarray, "network epoch"]
    validation_loss: Float[np.ndarray, "network epoch"]
    success: Float[np.ndarray, "network epoch"]
    stages_left: Float[np.ndarray, "network epoch"] | None = None
    weight_change: Float[np.ndarray, "network epoch"] | None = None

    def curves(self) -> dict[str, Float[np.ndarray, "network epoch"]]:
        """The measurements of every network by epoch, by their names."""
        names = ("loss", "validation_loss", "success", "stages_left", "weight_change")
        curves = {name: getattr(self, name) for name in names}
        return {name: curve for name, curve in curves.items() if curve is not None}

    def on_task(self, curve: Float[np.ndarray, "network epoch"]) -> Float[np.ndarray, "network epoch"]:
        """A curve where it was measured on the task itself; NaN in the stages of a curriculum before it.

        Args:
            curve: one of the measurements.
        """
        return curve if self.stages_left is None else np.where(self.stages_left == 0, curve, np.nan)

    @classmethod
    def joined(cls, histories: Sequence["History"]) -> "History":
        """The measurements of the networks of several trainings with the same steps, one after the other.

        Args:
            histories: where one has fewer epochs than another, its networks have ended.
        """
        longest = max(histories, key=lambda history: len(history.step))

        def stacked(name: str) -> Float[np.ndarray, "network epoch"]:
            curves = [history.curves()[name] for history in histories]
            missing = [len(longest.step) - curve.shape[1] for curve in curves]
            filled = [
                np.pad(curve, ((0, 0), (0, more)), constant_values=np.nan)
                for curve, more in zip(curves, missing, strict=True)
            ]
            return np.concatenate(filled)

        return cls(longest.step, **{name: stacked(name) for name in longest.curves()})


@dataclass(frozen=True)
class Origin(Shown):
    """When, where and with what a cohort was trained.

    Args:
        name: name of the run; empty if it was trained in Python.
        seconds: duration of the training, s.
        stretches: the parts of the training without an interruption: each with the time at which it began, versions,
            machine, settings and engine, as in `run.json`; empty if they are not known.
    """

    name: str = ""
    seconds: float = 0.0
    stretches: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Cohort(Shown):
    """Networks that were trained together, each with its outcome; a sequence of its networks.

    A number gives a network, `cohort[0]`; a slice, a list of numbers, or one True or False per network gives the cohort
    of these, `cohort[2:5]`, `cohort[[0, 3]]`, `cohort[success > 0.9]`. Two cohorts are equal if they hold the same,
    whenever and wherever they were trained.

    Args:
        model: their architecture.
        rule: how they learned.
        initial: the weights before training, with a leading `network` axis.
        weights: the weights after training.
        task: what they were trained on.
        seed: of the run; trials for tests are drawn from it.
        numbers: number k of each network; with the seed it fixes the network, whichever others are trained beside it.
        status: how the training of each network ended.
        history: losses and success by epoch.
        origin: when, where and with what the training was done.
        vary: numbers of task, model and rule that differ between networks, by their keys; value k is that of network k.
        start: from which trained networks the training started; None if from weights that the model drew.
    """

    model: Model
    rule: Any
    initial: Weights
    weights: Weights
    task: Task
    seed: int
    numbers: tuple[int, ...]
    status: tuple[Status, ...]
    history: History
    origin: Origin = field(default_factory=Origin)
    vary: Varied = ()
    start: Transfer | None = None

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of recurra and of the libraries it uses, in the last stretch of the training."""
        return self.origin.stretches[-1].get("versions", {}) if self.origin.stretches else {}

    @property
    def dynamics(self) -> Dynamics:
        """The equations of one network at the task's time step."""
        return self.model.dynamics(self.task.dt_ms)

    @cached_property
    def connections(self) -> Weights:
        """Which connections exist: True or False in place of every weight, with a leading `network` axis."""
        return self.model.connections(self.initial)

    def own_numbers(self, position: SupportsIndex) -> dict[str, float]:
        """The numbers of the network at `position` that differ between networks, by their keys in a spec."""
        number = self.numbers[index(position)]
        return {key: value_of(key, values, number) for key, values in self.vary}

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, position: SupportsIndex) -> Network: ...
    @overload
    def __getitem__(self, position: slice | Sequence[int] | Sequence[bool] | np.ndarray) -> "Cohort": ...
    def __getitem__(self, position: Any) -> "Network | Cohort":
        if isinstance(position, SupportsIndex) and not getattr(position, "ndim", 0):
            at = index(position)
            return replace(self._network(self.weights, at), untrained=self.before(at))
        return self._part(np.arange(len(self))[chosen(position, len(self))])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cohort):
            return NotImplemented
        alike = all(getattr(self, name) == getattr(other, name) for name in WITHOUT_ARRAYS)
        return alike and same_arrays(
            (self.initial, self.weights, self.history), (other.initial, other.weights, other.history)
        )

    def __hash__(self) -> int:
        return hash((self.task, self.seed, self.numbers, self.status, hash_of_arrays(self.weights)))

    def __iter__(self) -> Iterator[Network]:
        return (self[position] for position in range(len(self)))

    def before(self, position: SupportsIndex) -> Network:
        """The network at `position` before training."""
        return self._network(self.initial, index(position))

    @cached_property
    def learned(self) -> "Cohort":
        """The networks that learned the task: at least 95 % of 1,000 fresh trials are a success."""
        return self[self.success_shares() >= SUCCESSFUL]

    def _part(self, positions: Int[np.ndarray, "part"]) -> "Cohort":
        initial, weights = jax.tree.map(lambda array: np.asarray(array)[positions], (self.initial, self.weights))
        curves = {name: curve[positions] for name, curve in self.history.curves().items()}
        return replace(
            self,
            initial=initial,
            weights=weights,
            numbers=tuple(self.numbers[at] for at in positions),
            status=tuple(self.status[at] for at in positions),
            history=replace(self.history, **curves),
        )

    def _network(self, weights: Weights, position: int) -> Network:
        if not -len(self) <= position < len(self):
            raise IndexError(f"the cohort has {len(self)} networks; there is none at position {position}")
        network = Network.of_cohort(self.dynamics, weights, self.connections, position, self.task.dt_ms)
        return replace(network, task=self.task, seed=self.seed)

    def save(self, path: Path | str, overwrite: bool = False) -> None:
        """Write the same run folder as `recurra train`; `rc.load` and all commands read it.

        Args:
            path: the folder to make; its name becomes the name of the run.
            overwrite: whether an existing run may be deleted.

        Raises:
            ValueError: the folder is not empty, the training has not ended, or a spec cannot name a part of the cohort,
                such as a class that is not in a file of its own.
        """
        saver().save_cohort(self, path, overwrite)

    def to_dataframe(self) -> "pandas.DataFrame":
        """The numbers of the networks as a pandas frame, one row a network.

        Its columns are `network` (the number), `status`, `steps` (training steps taken), `steps_to_criterion`
        (missing if it was not met), `steps_to_success` (the first step after which 95 % of the validation trials were
        right, missing if there is none), `stages_left` (of a curriculum, if there is one), `loss`,
        `validation_loss` and `weight_change` (how far the weights are from their start) of its last epoch, `success`
        (share of 1,000 fresh trials) with its 95 % Wilson interval `success_low` and `success_high`, `learned`, and the
        error on these trials. A number that is not known is missing. `rc.table` gives the numbers of analysed runs too.

        Examples:
            >>> import recurra as rc
            >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
            >>> cohort = rc.train(rc.Not(), rc.RateRNN(3), rule, networks=2, seed=0)
            >>> cohort.to_dataframe()["status"].tolist()
            ['finished', 'finished']
        """
        return saver().cohort_table(self)

    def to_xarray(self, before: bool = False) -> "xarray.Dataset":
        """The weights as labelled arrays: `cohort.to_xarray()["recurrent"].sel(network=0, pre=3)`.

        Every array has the axis `network`, whose coordinate is the number of the network, and those that `Weights.axes`
        names, such as `post` and `pre`, with numbers from 0 on. The arrays `input` and `output` are called
        `input_weights` and `output_weights`, since axes have these names.

        Args:
            before: whether to give the weights before training.
        """
        return saver().weights_dataset(self.initial if before else self.weights, self.numbers)

    @pinned()
    def success_rate(self, trials: int = 1_000, needed: float = SUCCESSFUL) -> Proportion:
        """The share of successful networks, with its 95 % Wilson interval.

        A network is successful if at least the share `needed` of its trials is, on trials never used for training
        and without recurrent noise.

        Args:
            trials: fresh trials, the same for all networks.
            needed: share of trials that must be a success, 0 to 1.
        """
        check_between("needed", needed, 0, 1)
        return wilson_interval(int(np.sum(self.success_shares(trials) >= needed)), len(self))

    @pinned()
    def success_shares(self, trials: int = 1_000) -> Float[np.ndarray, "network"]:
        """The share of successful trials of every network, on trials never used for training; NaN if none is judged.

        They have the noise of the task but no recurrent noise, with which `history.success` is measured.

        Args:
            trials: fresh trials, the same for all networks.
        """
        engine, good, judged = choose_engine("auto", self.dynamics), np.zeros(len(self), int), 0
        needed = self.task.test_trials(trials)
        for fresh in self.task.sample_pieces(random_key(self.seed, Stream.test), needed):
            outputs = np.asarray(engine.respond(self.dynamics, self.weights, fresh.inputs))
            good += [int(np.asarray(self.task.success(one, fresh)).sum()) for one in outputs]
            judged += int(np.asarray(self.task.rule.judged(fresh)).sum())
        return good / judged if judged else np.full(len(self), np.nan)


def chosen(selection: Any, count: int) -> Any:
    """What selects some of `count` entries of a NumPy array: a slice, numbers, or one True or False per entry.

    Args:
        selection: what was asked for.
        count: number of networks.
    """
    if isinstance(selection, slice):
        return selection
    array = np.asarray(selection) if isinstance(selection, Sequence | np.ndarray) else np.asarray(None)
    if isinstance(selection, str) or array.ndim != 1 or (array.dtype.kind not in "iub" and array.size):
        raise TypeError(
            f"a cohort cannot be indexed with {selection!r}; expected a number, a slice, a list of numbers, or one "
            "True or False per network"
        )
    if array.dtype == bool and len(array) != count:
        raise IndexError(f"the mask has {len(array)} entries; the cohort has {count} networks")
    if array.dtype != bool and array.size and not (-count <= array.min() and array.max() < count):
        raise IndexError(f"the cohort has {count} networks; there is none at some of {array.tolist()}")
    return array if array.size else np.zeros(0, int)
