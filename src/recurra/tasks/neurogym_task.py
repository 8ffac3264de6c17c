"""Tasks of NeuroGym, an optional package, as a bank of trials."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from recurra.arrays import RandomKey
from recurra.checks import check_count
from recurra.periods import Period, periods_until
from recurra.tasks.base import Task, gather
from recurra.tasks.own import first_of_each
from recurra.tasks.rules import NearRule, SuccessRule
from recurra.tasks.trials import Trial, Trials

NOTHING: Mapping[str, object] = {}


@final
@dataclass(frozen=True, eq=False)
class NeuroGymTask(Task):
    """Trials of a NeuroGym environment, drawn with replacement from a bank; `from_neurogym` makes it.

    Args:
        name: of the environment.
        bank: the trials, with a leading `trial` axis.
        conditions: their names; the `condition` of a trial is an index into them.
        rule: when a trial is a success.
        dt_ms: length of a time step, ms.

    Source: Molano-Mazón et al. (2022).
    """

    sources: ClassVar[tuple[str, ...]] = ("molano2022",)

    name: str
    bank: Trial = field(repr=False)
    conditions: tuple[str, ...]
    rule: SuccessRule
    dt_ms: float

    @property
    def condition_names(self) -> tuple[str, ...]:
        return self.conditions

    @property
    def periods(self) -> tuple[Period, ...]:
        return periods_until(self.dt_ms, trial=self.bank.inputs.shape[1])

    def trial(self, key: RandomKey) -> Trial:
        chosen = jax.random.randint(key, (), 0, len(self.bank.condition), jnp.int32)
        return jax.tree.map(lambda array: array[chosen], self.bank)

    def probe(self) -> Trials:
        """The first trial of every condition in the bank, with the noise of the environment."""
        first = jnp.asarray(first_of_each(np.asarray(self.bank.condition), self.condition_names), jnp.int32)
        return gather(self, jax.tree.map(lambda array: array[first], self.bank))


def from_neurogym(
    name: str,
    trials: int = 2_000,
    seed: int = 0,
    settings: Mapping[str, object] = NOTHING,
    rule: SuccessRule | None = None,
) -> NeuroGymTask:
    """A task of NeuroGym: a bank of trials is drawn once, and `trial` picks one of them.

    Trials are padded with 0 to the length of the longest; the padding does not count. Targets are the ground truth:
    one output per choice, 1 on the right one and 0 otherwise, or the values themselves if they are not choices of the
    environment. The conditions are the choices at the end of the trials. The noise on the inputs is that of the
    environment, drawn with the bank: most environments have a `sigma` in their settings.

    Args:
        name: of the environment, such as "PerceptualDecisionMaking-v0".
        trials: size of the bank.
        seed: of the bank.
        settings: arguments of the environment, such as {"dt": 20}.
        rule: when a trial is a success; by default `NearRule()`.

    Raises:
        ModuleNotFoundError: NeuroGym is not installed.
    """
    check_count("trials", trials)
    check_count("seed", seed, at_least=0)
    environment = _neurogym().make(name, **settings).unwrapped
    environment.seed(seed)
    drawn = [_drawn(environment, name) for _ in range(trials)]
    bank, names = _bank(drawn, getattr(environment.action_space, "n", None))
    return NeuroGymTask(name, bank, names, rule or NearRule(), float(environment.dt))


def _neurogym() -> Any:
    try:
        return importlib.import_module("neurogym")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"NeuroGym tasks need {error.name}, which is not installed; install it with: pip install neurogym torch",
            name=error.name,
        ) from None


def _drawn(environment: Any, name: str) -> tuple[Float[np.ndarray, "time input"], np.ndarray]:
    """Observations and ground truth of one trial."""
    environment.new_trial()
    truth = getattr(environment, "gt", None)
    if truth is None:
        raise ValueError(f"{name} has no ground truth to learn from; expected an environment that sets `gt`")
    return np.array(environment.ob, np.float32), np.array(truth)


def _bank(
    drawn: list[tuple[Float[np.ndarray, "time input"], np.ndarray]], choices: int | None
) -> tuple[Trial, tuple[str, ...]]:
    """All trials with the same length, and the names of their conditions."""
    steps = [len(observed) for observed, _ in drawn]
    if choices is not None and all(_are_choices(truth, choices) for _, truth in drawn):
        last = [int(truth[-1]) for _, truth in drawn]
        answers = sorted(set(last))
        condition, names = [answers.index(answer) for answer in last], tuple(f"choice {answer}" for answer in answers)
        targets = _padded([np.eye(choices)[truth.astype(int)] for _, truth in drawn])
    else:
        condition, names = [0] * len(drawn), ("all",)
        targets = _padded([truth.reshape(len(truth), -1) for _, truth in drawn])
    mask = np.arange(max(steps)) < np.array(steps)[:, None]
    bank = Trial(
        inputs=jnp.asarray(_padded([observed for observed, _ in drawn]), jnp.float32),
        targets=jnp.asarray(targets, jnp.float32),
        mask=jnp.asarray(np.broadcast_to(mask[:, :, None], targets.shape)),
        condition=jnp.asarray(condition, jnp.int32),
    )
    return bank, names


def _are_choices(truth: np.ndarray, choices: int) -> bool:
    return truth.ndim == 1 and bool(np.isin(truth, np.arange(choices)).all())


def _padded(arrays: list[np.ndarray]) -> Float[np.ndarray, "trial time channel"]:
    """Arrays of different lengths as one array, with 0 after the end of each."""
    longest = max(len(array) for array in arrays)
    return np.stack([np.pad(array, ((0, longest - len(array)), (0, 0))) for array in arrays])
