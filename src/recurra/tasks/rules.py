"""The rules by which a trial counts as a success."""

import abc
import math
from dataclasses import dataclass
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from recurra.arrays import AnyArray, Outputs
from recurra.checks import check_at_least_zero, check_between, check_positive
from recurra.tasks.trials import Trials

SUCCESSFUL = 0.95  # share of fresh trials that must be a success for a network to be successful
GLITCH_MS = 10.0  # an output that breaks silence for longer, and for more than one step, is an answer
JUMP = 0.5  # a target that changes by more in one step jumps


class SuccessRule(abc.ABC):
    """Which steps of a trial are judged, where the output is right, and when the trial is a success.

    A rule is a frozen dataclass with `settle_ms`, `share`, `error_bound` and `rest` among its fields, unless it has a
    `success` of its own that does not need them.
    The steps inside the mask are judged, without the first `settle_ms` after each jump of the target by more than 0.5,
    in three parts: the silence before the first answer, where the target is 0; the answers, where it is not; and all
    silence, before and after. A trial is a success if, on every output and in each of these parts, at least `share`
    of the judged steps are right and the root-mean-square error over them is below `error_bound`; and if silence is
    nowhere broken for more than 10 consecutive ms, or for more than one step if steps are longer. So however long the
    trial, silence is not a success if a short answer was asked for, nor is an answer if none was asked for.

    A part without a judged step cannot fail a trial; a trial without one counts neither way: see `judged`.
    Each method is one compiled program of JAX, so that its operations are not compiled one by one.
    """

    settle_ms: float = 0.0
    share: float = 0.0
    error_bound: float = math.inf
    rest: float = 0.0

    @abc.abstractmethod
    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output gives the right answer."""

    @property
    def criterion(self) -> str:
        """When a trial is a success, in a sentence."""
        if type(self).success is not SuccessRule.success:
            return f"A trial is a success if {type(self).__name__} says so."
        near = f", with a root-mean-square error below {self.error_bound:g}" if self.error_bound < math.inf else ""
        return (
            f"A trial is a success if every output is right in at least {100 * self.share:g} % of the steps that count"
            f"{near}: separately in the silence before the first answer, in the answers, and in all silence."
        )

    def check(self) -> None:
        """Raise an error if a field makes no sense."""
        check_at_least_zero("settle_ms", self.settle_ms)
        check_between("share", self.share, 0, 1)
        check_positive("error_bound", self.error_bound, infinite=True)
        check_at_least_zero("rest", self.rest)

    def check_room(self, steps: int, answer: int, dt_ms: float) -> None:
        """Raise an error if a trial ends before an answer at step `answer` can settle and be judged."""
        needed = answer + round(self.settle_ms / dt_ms) + 1
        if steps < needed:
            raise ValueError(
                f"length_ms is {steps * dt_ms:g}; the answer may come as late as {answer * dt_ms:g} ms and has "
                f"{self.settle_ms:g} ms to settle. Expected at least {needed * dt_ms:g} ms."
            )

    def asked(self, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the target asks for an answer, and not for silence."""
        return abs(jnp.asarray(trials.targets)) > self.rest

    @partial(jax.jit, static_argnames="self")
    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        """Where the output is judged."""
        steps = round(self.settle_ms / trials.dt_ms)
        return trials.counts & steady(trials.targets, steps)

    @partial(jax.jit, static_argnames="self")
    def judged(self, trials: Trials) -> Bool[Array, "trial"]:
        """Which trials have a step that is judged."""
        return self.scored(trials).any(axis=(1, 2))

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        """Which trials count as a success; trials without a judged step do not."""
        squared_error = (jnp.asarray(outputs) - trials.targets) ** 2
        correct, scored = self.correct(outputs, trials), self.scored(trials)
        parts = jnp.stack(self._parts(trials))
        passed = jax.vmap(lambda part: self._passed(correct, squared_error, scored & part))(parts)
        broken = longest_run(scored & ~self.asked(trials) & ~correct) > max(round(GLITCH_MS / trials.dt_ms), 1)
        return passed.all(axis=0) & ~broken.any(axis=-1) & scored.any(axis=(1, 2))

    def _parts(self, trials: Trials) -> tuple[Bool[Array, "trial time output"], ...]:
        """The silence before the first answer, the answers, and all silence."""
        asked = self.asked(trials)
        begun = jax.lax.cummax(asked.astype(jnp.int32), axis=1).astype(bool)
        return (~begun, asked, ~asked)

    def _passed(
        self,
        correct: Bool[Array, "trial time output"],
        squared_error: Float[Array, "trial time output"],
        scored: Bool[Array, "trial time output"],
    ) -> Bool[Array, "trial"]:
        steps = scored.sum(axis=1).astype(squared_error.dtype)
        right = (correct & scored).sum(axis=1).astype(squared_error.dtype) >= self.share * steps
        rms = jnp.sqrt(jnp.where(scored, squared_error, 0).sum(axis=1) / jnp.maximum(steps, 1))
        return (right & (rms < self.error_bound)).all(axis=-1)


@final
@dataclass(frozen=True)
class SignRule(SuccessRule):
    """The output is right if it has the sign of the target where an answer is asked for, and is near 0 in silence.

    Args:
        settle_ms: time after a jump of the target in which the output is not judged, ms.
        share: share of the judged steps that must be right for a success, 0 to 1.
        error_bound: upper bound on the root-mean-square error of a success.
        tolerance: distance from 0 below which an output is silent.
        rest: a target of at most this size asks for silence.
    """

    settle_ms: float = 10.0
    share: float = 0.95
    error_bound: float = 0.3
    tolerance: float = 0.5
    rest: float = 0.0

    def __post_init__(self) -> None:
        self.check()
        check_positive("tolerance", self.tolerance)

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        outputs = jnp.asarray(outputs)
        silent = abs(outputs - trials.targets) < self.tolerance
        return jnp.where(self.asked(trials), jnp.sign(outputs) == jnp.sign(trials.targets), silent)


@final
@dataclass(frozen=True)
class NearRule(SuccessRule):
    """The output is right if it is near the target, whether that is 0 or not.

    Args:
        settle_ms: time after a jump of the target in which the output is not judged, ms.
        share: share of the judged steps in which the output must be near, 0 to 1.
        error_bound: upper bound on the root-mean-square error of a success.
        tolerance: distance from the target below which an output is near it.
        rest: a target of at most this size asks for silence.
    """

    settle_ms: float = 10.0
    share: float = 0.95
    error_bound: float = 0.3
    tolerance: float = 0.5
    rest: float = 0.0

    def __post_init__(self) -> None:
        self.check()
        check_positive("tolerance", self.tolerance)

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        return abs(jnp.asarray(outputs) - trials.targets) < self.tolerance


@final
@dataclass(frozen=True)
class ChoiceRule(SuccessRule):
    """The output is right if the largest of all outputs is the one with the largest target, as after a softmax.

    For targets that are 1 for the right choice and 0 for the others. Of equal outputs the first counts as the largest.

    Args:
        settle_ms: time after a jump of the target in which the output is not judged, ms.
        share: share of the judged steps in which the choice must be right, 0 to 1.
        error_bound: upper bound on the root-mean-square error of a success; outputs before a softmax need none.
        rest: a target of at most this size asks for no answer of its output.
    """

    settle_ms: float = 10.0
    share: float = 0.95
    error_bound: float = math.inf
    rest: float = 0.0

    def __post_init__(self) -> None:
        self.check()

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        outputs, targets = jnp.asarray(outputs), jnp.asarray(trials.targets)
        right = outputs.argmax(axis=-1) == targets.argmax(axis=-1)
        return jnp.broadcast_to(right[..., None], targets.shape)


@final
@dataclass(frozen=True)
class PeakRule(SuccessRule):
    """A trial is a success if the output once rises to the answer, or never does where none is asked for.

    Judged are the steps inside the mask from `from_ms` on. Where the target asks for an answer, its sign times the
    output must be above `height` in one step at least. Where it asks for none in the whole trial, the size of the
    output must stay below `silence` in all steps. Each output must do so. In its own steps an output is called right
    if it is above `height`, or below `silence` where no answer is asked for.

    Args:
        height: what the output of an answer must exceed once, above 0.
        silence: what the size of a silent output must stay below, above 0.
        from_ms: time from which outputs are judged, ms from the start of the trial.

    Source: the published programs of Kim, Li and Sejnowski (2019).
    """

    height: float = 0.7
    silence: float = 0.3
    from_ms: float = 0.0

    def __post_init__(self) -> None:
        check_positive("height", self.height)
        check_positive("silence", self.silence)
        check_at_least_zero("from_ms", self.from_ms)

    @property
    def criterion(self) -> str:
        since = f", from {self.from_ms:g} ms on" if self.from_ms else ""
        return (
            f"A trial is a success if every output once rises above {self.height:g}, with the sign of the answer, or "
            f"stays within ±{self.silence:g} where no answer is asked for{since}."
        )

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        outputs = jnp.asarray(outputs)
        risen = jnp.where(jnp.asarray(trials.targets) > 0, outputs > self.height, outputs < -self.height)
        return jnp.where(self.asked(trials), risen, abs(outputs) < self.silence)

    @partial(jax.jit, static_argnames="self")
    def scored(self, trials: Trials) -> Bool[Array, "trial time output"]:
        time = jnp.arange(trials.targets.shape[1], dtype=jnp.int32)[:, None]
        return trials.counts & (time >= round(self.from_ms / trials.dt_ms))

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        correct, scored = self.correct(outputs, trials), self.scored(trials)
        asked = scored & self.asked(trials)
        answered, silent = (correct & asked).any(axis=1), (correct | ~scored).all(axis=1)
        return jnp.where(asked.any(axis=1), answered, silent).all(axis=-1) & scored.any(axis=(1, 2))


@final
@dataclass(frozen=True)
class NormalizedErrorRule(SuccessRule):
    r"""A trial is a success if $\sum (z - z^*)^2 / \sum z^{*2}$ is below `error_bound` on every output.

    The sums go over the steps inside the mask. Silence has the error 1. A step is called right where the squared error
    is below `error_bound` times the mean square of the target.

    Args:
        error_bound: upper bound on the normalized error of a success, above 0.

    Source: DePasquale et al. (2018).
    """

    error_bound: float = 0.01

    def __post_init__(self) -> None:
        check_positive("error_bound", self.error_bound)

    @property
    def criterion(self) -> str:
        return (
            "A trial is a success if on every output the sum of the squared errors is below "
            f"{100 * self.error_bound:g} % of the sum of the squared targets."
        )

    def correct(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial time output"]:
        power = _mean_over_time(jnp.asarray(trials.targets) ** 2, trials.counts)
        return (jnp.asarray(outputs) - trials.targets) ** 2 < self.error_bound * power

    @partial(jax.jit, static_argnames="self")
    def success(self, outputs: Outputs, trials: Trials) -> Bool[Array, "trial"]:
        error = normalized_error(outputs, trials)
        return (error < self.error_bound).all(axis=-1) & trials.counts.any(axis=(1, 2))


def normalized_error(outputs: Outputs, trials: Trials) -> Float[Array, "trial output"]:
    r"""$\sum (z - z^*)^2 / \sum z^{*2}$ over the steps inside the mask; 0 or infinite where the target is always 0."""
    targets = jnp.asarray(trials.targets)
    squares = _mean_over_time((jnp.asarray(outputs) - targets) ** 2, trials.counts)
    return (squares / _mean_over_time(targets**2, trials.counts))[:, 0]


def _mean_over_time(
    values: Float[Array, "trial time output"], counts: Bool[Array, "trial time output"]
) -> Float[Array, "trial 1 output"]:
    steps = jnp.maximum(counts.sum(axis=1, keepdims=True), 1).astype(values.dtype)
    return jnp.where(counts, values, 0).sum(axis=1, keepdims=True) / steps


def steady(signal: Float[AnyArray, "trial time channel"], steps: int) -> Bool[Array, "trial time channel"]:
    """Where the signal has not jumped in the last `steps` steps; before the trial it was 0."""
    before = jnp.pad(jnp.asarray(signal), ((0, 0), (1, 0), (0, 0)))[:, :-1]
    time = jnp.arange(signal.shape[1], dtype=jnp.int32)[:, None]
    jumped = jax.lax.cummax(jnp.where(abs(signal - before) > JUMP, time, -steps), axis=1)
    return time - jumped >= steps


def longest_run(flags: Bool[Array, "trial time channel"]) -> Int[Array, "trial channel"]:
    """The largest number of consecutive steps in which a flag is set."""
    time = jnp.arange(1, flags.shape[1] + 1, dtype=jnp.int32)[:, None]
    last_unset = jax.lax.cummax(jnp.where(flags, 0, time), axis=1)
    return (time - last_unset).max(axis=1)
