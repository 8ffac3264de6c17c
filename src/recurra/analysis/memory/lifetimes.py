"""Lifetimes of memories far beyond the trained length, with and without noise."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaincinv

from recurra.analysis.dynamics.regimes import CHAOTIC, CYCLE, FIXED, QUASIPERIODIC, QUIESCENT, Regimes, regimes
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_between, check_count, check_positive
from recurra.shown import Shown
from recurra.tasks.base import Task, step_noise
from recurra.tasks.flipflop import FlipFlop
from recurra.tasks.trials import Trials

STABLE, DRIFTING, OSCILLATING = "stable", "drifting", "oscillating"
KINDS = (STABLE, DRIFTING, OSCILLATING)
LONGEST = 20_000, 6  # steps for which memories are watched, or lengths of a trial if that is longer
LONGEST_NOISY = 5_000, 2  # the same under noise


@dataclass(frozen=True)
class Lifetimes(Shown):
    """How long a flip-flop network holds each memory state without a further pulse and without noise.

    Args:
        kind: 0 stable: right to the end, and at rest; 1 drifting: becomes wrong, or has not settled; 2 oscillating:
            right to the end, on a cycle or in chaos.
        lifetime_ms: from the end of the settling time until a bit first has the wrong sign, ms; infinite if none has.
        ends_in: the memory state whose signs the outputs have at the end.
        longest_ms: time for which each memory was watched, ms.
    """

    flags: ClassVar[dict[str, tuple[str, ...]]] = {"kind": KINDS}

    sources: ClassVar[tuple[str, ...]] = ("sussillo2013",)

    kind: Int[np.ndarray, "condition"]
    lifetime_ms: Float[np.ndarray, "condition"]
    ends_in: Int[np.ndarray, "condition"]
    longest_ms: float

    def kind_of(self, condition: int) -> str:
        """The kind of a memory state as a word."""
        return KINDS[int(self.kind[condition])]


@of_each_network
def memory_lifetimes(
    network: Subject, task: Task | None = None, *, longest_ms: float | None = None, after: Regimes | None = None
) -> Lifetimes:
    """Set each memory state from rest by one pulse per bit, and watch it.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
        longest_ms: time to watch, ms; at least the length of a trial. If not given 20,000 steps (20 s at steps of
            1 ms), or six lengths of a trial if that is longer.
        after: the regimes after the task's probe, if they are known.
    """
    visit = visit_of(network, task)
    network, task = visit.network, memory_task(visit.task)
    longest_ms = _longest_ms(longest_ms, task, *LONGEST)
    probe = task.hold(longest_ms)
    outputs = network.respond(probe.inputs)
    right = (np.sign(outputs) == task.states[:, None]).all(axis=-1)
    begin = _judged_from(task, probe)
    left = ~right[:, begin:]
    after = regimes(visit) if after is None else after
    lifetime_ms = np.where(left.any(axis=1), left.argmax(axis=1) * task.dt_ms, np.inf)
    return Lifetimes(
        kind=np.array([_kind(after.kind_of(state), np.isinf(time)) for state, time in enumerate(lifetime_ms)]),
        lifetime_ms=lifetime_ms,
        ends_in=(np.sign(outputs[:, -1])[:, None] == task.states[None]).all(axis=-1).argmax(axis=1),
        longest_ms=float(longest_ms),
    )


def _kind(regime: str, held: bool) -> int:
    if held and regime in (FIXED, QUIESCENT):
        return KINDS.index(STABLE)
    return KINDS.index(OSCILLATING if held and regime in (CYCLE, CHAOTIC, QUASIPERIODIC) else DRIFTING)


@dataclass(frozen=True)
class NoisyLifetimes(Shown):
    """Mean time until noise on the inputs makes a memory fail, over all memory states.

    Args:
        input_noise: σ of the noise on the inputs, as in the task: its standard deviation at a step of 1 ms, √ms.
        mean_ms: total time watched over the number of failures, ms; infinite without a failure.
        low_ms: lower end of its 95 % interval, ms.
        high_ms: upper end, ms.
        failures: number of trials that failed.
        trials: number of trials that were watched.
    """

    sources: ClassVar[tuple[str, ...]] = ("epstein1953",)

    input_noise: Float[np.ndarray, "noise"]
    mean_ms: Float[np.ndarray, "noise"]
    low_ms: Float[np.ndarray, "noise"]
    high_ms: Float[np.ndarray, "noise"]
    failures: Int[np.ndarray, "noise"]
    trials: int

    @property
    def barrier(self) -> float:
        r"""Slope of the log of the mean time over $1/\sigma^2$, for noises with some failures, not all at once.

        NaN for fewer than two such noises.
        """
        seen = (self.failures > 0) & (self.mean_ms > 0)
        if seen.sum() < 2:
            return float("nan")
        return float(np.polyfit(1 / self.input_noise[seen] ** 2, np.log(self.mean_ms[seen]), 1)[0])


@of_each_network
def noisy_lifetimes(
    network: Subject,
    task: Task | None = None,
    *,
    input_noise: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5),
    repeats: int = 8,
    longest_ms: float | None = None,
    seed: int | None = None,
) -> NoisyLifetimes:
    r"""Mean first-passage times under noise, by the estimator of an exponential waiting time with censored trials.

    A trial fails when a bit first has the wrong sign for longer than `settle_ms` of the task's rule. With total watched
    time S and k failures the mean is S / k, and its interval $2 S / \chi^2_{2k + 2}$ to $2 S / \chi^2_{2k}$.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
        input_noise: σ of the noises to try, √ms, above 0.
        repeats: trials per memory state and noise.
        longest_ms: longest time to watch a trial, ms; at least the length of a trial. If not given 5,000 steps (5 s at
            steps of 1 ms), or two lengths of a trial if that is longer.
        seed: seed of the noise; if not given, that of the network's cohort, or 0.

    Source: Epstein and Sobel (1953).
    """
    visit = visit_of(network, task, seed)
    network, task = visit.network, memory_task(visit.task)
    check_count("repeats", repeats)
    longest_ms = _longest_ms(longest_ms, task, *LONGEST_NOISY)
    for noise in input_noise:
        check_positive("input_noise", noise)
    probe = jax.tree.map(np.asarray, task.hold(longest_ms))
    begin = _judged_from(task, probe)
    random = np.random.default_rng(visit.seed)
    inputs = np.repeat(probe.inputs, repeats, axis=0)
    states = np.repeat(task.states, repeats, axis=0)
    patience = max(round(task.rule.settle_ms / task.dt_ms), 1)
    outcomes = []
    for noise in input_noise:
        noisy = inputs + step_noise(noise, task.dt_ms) * random.standard_normal(inputs.shape)
        wrong = (np.sign(network.respond(noisy)) != states[:, None]).any(axis=-1)[:, begin:]
        failed, steps = _first_lasting(wrong, patience)
        outcomes.append((steps.sum() * task.dt_ms, int(failed.sum())))
    watched, failures = np.array([outcome[0] for outcome in outcomes]), np.array([outcome[1] for outcome in outcomes])
    with np.errstate(divide="ignore"):
        return NoisyLifetimes(
            input_noise=np.array(input_noise),
            mean_ms=watched / failures,
            low_ms=watched / gammaincinv(failures + 1, 0.975),
            high_ms=np.where(failures > 0, watched / gammaincinv(np.maximum(failures, 1), 0.025), np.inf),
            failures=failures,
            trials=len(inputs),
        )


def _longest_ms(longest_ms: float | None, task: FlipFlop, steps: int, lengths: int) -> float:
    """The time to watch: as given, or a number of steps or of lengths of a trial, whichever is longer."""
    if longest_ms is None:
        return max(steps, lengths * task.steps) * task.dt_ms
    check_between("longest_ms", longest_ms, task.length_ms, np.inf)
    return longest_ms


def _judged_from(task: FlipFlop, probe: Trials) -> int:
    """The first step in which all bits are held; the same in every memory state."""
    return int(np.asarray(task.held(probe)).argmax(axis=1)[0])


def _first_lasting(wrong: np.ndarray, patience: int) -> tuple[np.ndarray, np.ndarray]:
    """Which trials are wrong for `patience` steps in a row, and the steps until then or to the end."""
    total = np.cumsum(wrong, axis=1)
    run = total[:, patience - 1 :] - np.pad(total, ((0, 0), (1, 0)))[:, : total.shape[1] - patience + 1]
    lasting = run == patience
    failed = lasting.any(axis=1)
    return failed, np.where(failed, lasting.argmax(axis=1), wrong.shape[1])
