"""Cross-condition generalization: whether a readout of a bit holds whatever the other bits are."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.subjects import Subject, of_each_network, visit_of
from recurra.checks import check_between, check_count
from recurra.models.network import Network
from recurra.shown import Shown
from recurra.tasks.base import Task, step_noise
from recurra.tasks.flipflop import FlipFlop
from recurra.threads import one_thread

Clouds = Float[np.ndarray, "condition trial unit"]
Hats = Float[np.ndarray, "arrangement sample sample"]
Pairs = Int[np.ndarray, "split 2"]

SPLITS = 64  # most splits per bit: as many as 4 bits have
FOLDS = 5  # parts of the trials, each of which is held out once for the decoding accuracy
AT_ONCE = 256  # most trials that run together
MOST_ENTRIES = 2**18  # most rates of arrangements that are computed together: 2 MB
SMALLEST_RIDGE = 1e-9  # with a smaller penalty rounding would decide
ROUNDING = 1e-12  # a spread up to this share of the rates' size is rounding


@dataclass(frozen=True)
class Generalization(Shown):
    """How well a linear readout of each bit works in memory states on which it was not trained.

    Near 1 the bit has one direction in the space of rates, whatever the other bits are. A bit with a high `decoding`
    and a `score` within chance can be read in the states of the training, and in no others.

    Args:
        score: share of the rates in left-out states that are read right; NaN with a single bit, for which no state can
            be left out.
        chance: mean score when the states lie at random.
        chance_high: 95th percentile of that score. With two bits, and so four states, it can be 1.
        decoding: share of the rates on held-out trials that a readout trained on all states reads right.
    """

    sources: ClassVar[tuple[str, ...]] = ("bernardi2020",)

    score: Float[np.ndarray, "bit"]
    chance: Float[np.ndarray, "bit"]
    chance_high: Float[np.ndarray, "bit"]
    decoding: Float[np.ndarray, "bit"]


@of_each_network
def cross_condition_generalization(
    network: Subject,
    task: Task | None = None,
    *,
    repeats: int = 20,
    arrangements: int = 200,
    ridge: float = 1e-3,
    seed: int | None = None,
) -> Generalization:
    r"""Train a linear readout of every bit on some memory states, and test it on the others.

    Each state is set from rest by one pulse per bit and held to the end of a trial under the input noise of the task;
    the rates of the last step count. Unlike random trials this gives all states equally many rates. The readout is
    $\mathrm{sign}(w \cdot r + c)$ with w and c from the ridge regression of the bit's sign on the rates r,
    $\min \sum (b - w \cdot r - c)^2 + \kappa S |w|^2$, with S the sum of squares of the rates about their mean.

    A split leaves out one state for each value of the bit. All splits are made for 3 and 4 bits, 64 random ones per bit
    beyond. With 2 bits the left-out states agree in the other bit: two training states that differ in both bits would
    not define which bit to read.

    Chance is the geometric random model: the mean rates of the states move to independent normal positions with the
    same sum of squares, and the units of each state's cloud of trials are permuted independently. This keeps the states
    apart and leaves nothing in common between them. A reading of 0 counts one half. If rates are not finite all values
    are NaN.

    Args:
        network: the network, or a cohort.
        task: the flip-flop that it was trained on; not needed where the network knows it.
        repeats: trials per memory state, at least 2.
        arrangements: number of random arrangements for the chance level.
        ridge: κ, the penalty as a share of the rates' sum of squares, at least 1e-9.
        seed: seed of all that is random here; if not given, that of the network's cohort, or 0.

    Source: Bernardi et al. (2020), who use a support vector machine; a ridge readout has closed-form predictions for
    all left-out states.
    """
    visit = visit_of(network, task, seed)
    network, task = visit.network, memory_task(visit.task)
    check_count("repeats", repeats, at_least=2)
    check_count("arrangements", arrangements)
    check_between("ridge", ridge, SMALLEST_RIDGE, np.inf)
    random = np.random.default_rng(visit.seed)
    clouds = noisy_hold(network, task, random, repeats)
    nothing = np.full(task.bits, np.nan)
    if not np.isfinite(clouds).all():
        return Generalization(score=nothing, chance=nothing, chance_high=nothing, decoding=nothing)
    clouds, signs = _centred(clouds), task.states.astype(np.float64)
    with one_thread():
        decoding = decoding_accuracy(clouds, signs, ridge)
        if task.bits == 1:
            return Generalization(score=nothing, chance=nothing, chance_high=nothing, decoding=decoding)
        splits = [_splits(signs, bit, random) for bit in range(task.bits)]
        score = generalization_score(clouds, signs, splits, ridge)
        chance = [
            _scores(np.stack([random_arrangement(clouds, random) for _ in range(part)]), signs, splits, ridge)
            for part in _parts(arrangements, clouds.size)
        ]
    chance = np.concatenate(chance)
    high = np.quantile(chance, 0.95, axis=0)
    return Generalization(score=score, chance=chance.mean(axis=0), chance_high=high, decoding=decoding)


def noisy_hold(network: Network, task: FlipFlop, random: np.random.Generator, repeats: int) -> Clouds:
    """Rates at the end of trials that set a memory state from rest and hold it under the input noise of the task.

    Args:
        network: the network.
        task: the flip-flop that it was trained on.
        random: generator of the noise.
        repeats: trials per memory state.
    """
    inputs = np.asarray(task.probe().inputs, np.float64)
    ends = []
    for part in np.array_split(np.arange(repeats), math.ceil(repeats * len(inputs) / AT_ONCE)):
        noise = random.standard_normal((len(inputs), len(part), *inputs.shape[1:]))
        noisy = inputs[:, None] + step_noise(task.input_noise, task.dt_ms) * noise
        rates, _ = network.run(noisy.reshape(-1, *inputs.shape[1:]))
        ends.append(rates[:, -1].reshape(len(inputs), len(part), -1))
    return np.concatenate(ends, axis=1)


def random_arrangement(clouds: Clouds, random: np.random.Generator) -> Clouds:
    """The geometric random model: states at normal positions, and the units of each state's trials permuted.

    Args:
        clouds: rates with an overall mean of 0.
        random: generator of positions and permutations.
    """
    means = clouds.mean(axis=1)
    position = random.standard_normal(means.shape)
    position -= position.mean(axis=0)
    position *= np.linalg.norm(means) / np.linalg.norm(position)
    renumbered = random.permuted(np.tile(np.arange(means.shape[1]), (len(means), 1)), axis=1)
    return position[:, None] + np.take_along_axis(clouds - means[:, None], renumbered[:, None], axis=2)


def generalization_score(
    clouds: Clouds, signs: Float[np.ndarray, "condition bit"], splits: list[Pairs], ridge: float
) -> Float[np.ndarray, "bit"]:
    """Share of the rates that are read right in the two states that each split leaves out.

    Args:
        clouds: rates with an overall mean of 0.
        signs: sign of every bit in every state.
        splits: the pairs of states that are left out, for every bit.
        ridge: penalty of the readout, as a share of the rates' sum of squares.
    """
    return _scores(clouds[None], signs, splits, ridge)[0]


def _scores(
    clouds: Float[np.ndarray, "arrangement condition trial unit"],
    signs: Float[np.ndarray, "condition bit"],
    splits: list[Pairs],
    ridge: float,
) -> Float[np.ndarray, "arrangement bit"]:
    """The scores of several arrangements at once."""
    states, trials = clouds.shape[1:3]
    hat, labels = _hat(clouds, ridge), np.repeat(signs, trials, axis=0)
    # A pair of states that differ in several bits is left out for each of these bits, and computed once for all.
    pairs, pair_of_split = np.unique(np.sort(np.concatenate(splits)), axis=0, return_inverse=True)
    samples = np.arange(states * trials).reshape(states, trials)[pairs].reshape(len(pairs), -1)
    right = _right(hat, labels, samples)
    of_bit = np.split(pair_of_split, np.cumsum([len(pairs_of_bit) for pairs_of_bit in splits])[:-1])
    return np.stack([right[:, pair_of_split, bit].mean(axis=1) for bit, pair_of_split in enumerate(of_bit)], axis=1)


def decoding_accuracy(
    clouds: Clouds, signs: Float[np.ndarray, "condition bit"], ridge: float
) -> Float[np.ndarray, "bit"]:
    """Share of the rates that are read right on held-out trials of all states, a fifth of the trials at a time.

    Args:
        clouds: rates with an overall mean of 0.
        signs: sign of every bit in every state.
        ridge: penalty of the readout, as a share of the rates' sum of squares.
    """
    states, trials = clouds.shape[:2]
    hat, labels = _hat(clouds[None], ridge), np.repeat(signs, trials, axis=0)
    numbers = np.arange(states * trials).reshape(states, trials)
    folds = np.array_split(np.arange(trials), min(FOLDS, trials))
    right = [_right(hat, labels, numbers[:, fold].reshape(1, -1))[0, 0] for fold in folds]
    return np.average(right, axis=0, weights=[len(fold) for fold in folds])


def _right(
    hat: Hats, labels: Float[np.ndarray, "sample bit"], left_out: Int[np.ndarray, "split part"]
) -> Float[np.ndarray, "arrangement split bit"]:
    r"""Share of left-out labels whose sign is predicted; a prediction within rounding of 0 is half right.

    With H the matrix from labels to fitted labels, the error on a part P of a readout that was trained without P is
    $(1 - H_{PP})^{-1}$ times the error of the readout that was trained with P.
    """
    error = (labels - hat @ labels)[:, left_out]
    own = hat[:, left_out[:, :, None], left_out[:, None, :]]
    predicted = np.round(labels[left_out] - np.linalg.solve(np.eye(left_out.shape[1]) - own, error), 9)
    return (1 + np.sign(predicted * labels[left_out])).mean(axis=2) / 2


def _hat(clouds: Float[np.ndarray, "arrangement condition trial unit"], ridge: float) -> Hats:
    r"""The matrix $H = 1/n + R R^T$ from labels to fitted labels, for rates with a mean of 0.

    $R R^T = X (X^T X + \kappa S)^{-1} X^T$ with $R = X L^{-T}$ and $L L^T = X^T X + \kappa S$, or, if there are fewer
    rates than units, $R = V \sqrt{\Lambda / (\Lambda + \kappa S)}$ with $X X^T = V \Lambda V^T$.
    """
    rates = clouds.reshape(len(clouds), -1, clouds.shape[-1])
    samples, units = rates.shape[1:]
    penalty = ridge * (rates**2).sum(axis=(1, 2))[:, None]
    penalty[penalty == 0] = 1  # without any spread every fitted label is the mean
    if samples < units:
        values, vectors = np.linalg.eigh(rates @ rates.swapaxes(1, 2))
        values = np.maximum(values, 0)
        root = vectors * np.sqrt(values / (values + penalty))[:, None]
    else:
        lower = np.linalg.cholesky(rates.swapaxes(1, 2) @ rates + penalty[..., None] * np.eye(units))
        root = np.linalg.solve(lower, rates.swapaxes(1, 2)).swapaxes(1, 2)
    return root @ root.swapaxes(1, 2) + 1 / samples


def _parts(arrangements: int, entries: int) -> list[int]:
    """Numbers of arrangements to compute together, so that each part takes a few megabytes."""
    together = max(1, MOST_ENTRIES // entries)
    return [min(together, arrangements - first) for first in range(0, arrangements, together)]


def _centred(clouds: Clouds) -> Clouds:
    """Rates about their mean in units of their size, so that no square overflows; 0 if the spread is rounding."""
    size = np.abs(clouds).max()
    if size == 0:
        return clouds
    scaled = clouds / size
    centred = scaled - scaled.mean(axis=(0, 1))
    return centred if np.abs(centred).max() > ROUNDING else np.zeros_like(clouds)


def _splits(signs: Float[np.ndarray, "condition bit"], bit: int, random: np.random.Generator) -> Pairs:
    """Pairs of a state in which the bit is -1 and one in which it is +1."""
    minus, plus = np.flatnonzero(signs[:, bit] < 0), np.flatnonzero(signs[:, bit] > 0)
    if signs.shape[1] == 2:
        return np.stack([minus, plus], axis=1)
    pairs = np.stack(np.meshgrid(minus, plus), axis=-1).reshape(-1, 2)
    return pairs if len(pairs) <= SPLITS else pairs[random.choice(len(pairs), SPLITS, replace=False)]
