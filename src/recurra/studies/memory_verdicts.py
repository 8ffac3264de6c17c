"""Pulse memory compared with Figure 13 of Jarne and Laje (2019)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import gammaln, hyp1f1

from recurra.studies.study import Rows, Value, column, published, where
from recurra.studies.verdict_words import interval_words, verdict_of
from recurra.studies.verdicts import (
    Estimate,
    Verdict,
    between_share,
    difference,
    difference_of_means,
    found_mean,
    pooled,
    published_mean,
)
from recurra.tasks.published_pulse import PublishedPulse

FLOOR, SILENCE = 1.00, 1.84  # of a perfect and of a silent network in the program's ten test trials, five with a pulse
MARGIN = 0.1  # of a distance, in the notes: an eighth of the way from perfect to silent where an answer fits
RESCALED_MARGIN = 0.15  # of the way from perfect to silent
AS_PUBLISHED = "as published"


@cache
def scores(task: PublishedPulse) -> tuple[float, float]:
    """The expected distances of a perfect network and of a silent network, whose output stays at rest."""
    targets = task.clean_targets().astype(float)
    apart = np.linalg.norm(targets - task.rest, axis=(1, 2))
    perfect, silent, answer = (expected_distance(len(targets[0]), task.noise, float(one)) for one in (0.0, *apart))
    return perfect, (1 - task.chance) * silent + task.chance * answer


def expected_distance(steps: int, noise: float, apart: float) -> float:
    r"""The mean of $\|d + \sigma \xi\|$ for $\|d\|$ = `apart`, the mean of a non-central chi distribution.

    Args:
        steps: number n of steps of a trial.
        noise: standard deviation of the noise on every step.
        apart: distance of the output from the noiseless target.
    """
    chi = np.sqrt(2) * np.exp(gammaln((steps + 1) / 2) - gammaln(steps / 2))
    return float(noise * chi * hyp1f1(-0.5, steps / 2, -((apart / noise) ** 2) / 2))


def follows(row: dict[str, Value]) -> bool:
    """Whether the published program can produce a published distance at all.

    Its trials of 100 ms cut the answer for delays above 30 ms. If even a silent network is closer to the rest of the
    target than the published distance minus 1.96 of its errors, that distance comes from other trials.
    """
    if "delay_ms" not in row:
        return False
    silence = scores(PublishedPulse(delay_ms=float(row["delay_ms"])))[1]
    return float(row["distance"]) - 1.96 * float(row["error"]) <= silence


@cache
def longest_released() -> float:
    """The longest delay whose published distance the published program can produce, ms."""
    return max(float(row["delay_ms"]) for row in published("memory_delay") if follows(row))


@dataclass(frozen=True)
class Pair:
    """Our and the published distance for a value of the factor, as they are and rescaled.

    The rescaled distance is 0 for a perfect network and 1 for a silent one. The errors of `known` account for the one
    data set that its networks shared; `printed_error` is the published error.
    """

    value: float
    networks: int
    found: Estimate
    known: Estimate
    found_rescaled: Estimate
    known_rescaled: Estimate
    printed_error: float
    printed_error_rescaled: float
    follows: bool


def pairs_of(networks: Rows, factor: str, choice: str = AS_PUBLISHED) -> list[Pair]:
    """Our and the published distances by the value of the factor.

    Args:
        networks: one row per network.
        factor: "delay_ms" or "units".
        choice: which networks: trained as published, or with a free choice made differently.
    """
    networks = where(networks, choice=choice)
    values, sets = [float(row[factor]) for row in networks], [row["data_set"] for row in networks]
    distances, floors, silences = (column(networks, name) for name in ("distance", "floor", "silence"))
    rescaled, between = (distances - floors) / (silences - floors), between_share(distances, values, sets)
    pairs = []
    for row in _published(factor):
        own = [at for at, value in enumerate(values) if value == row[factor]]
        if not own:
            continue
        labels = [sets[at] for at in own]
        known = published_mean(float(row["distance"]), float(row["error"]), int(float(row["networks"])), between)
        floor, silence = _published_scores(row)
        scale = silence - floor
        pairs.append(
            Pair(
                value=float(row[factor]),
                networks=len(own),
                found=found_mean(distances[own], labels, between),
                known=known,
                found_rescaled=found_mean(rescaled[own], labels, between),
                known_rescaled=Estimate((known.value - floor) / scale, known.error / scale, known.freedom),
                printed_error=float(row["error"]),
                printed_error_rescaled=float(row["error"]) / scale,
                follows=follows(row),
            )
        )
    return pairs


def _published_scores(row: dict[str, Value]) -> tuple[float, float]:
    """Distances of perfection and silence in the published trials if these are known; else as if answers fit."""
    return scores(PublishedPulse(delay_ms=float(row["delay_ms"]))) if follows(row) else (FLOOR, SILENCE)


def _published(factor: str) -> Rows:
    return published("memory_delay" if factor == "delay_ms" else "memory_size")


def memory_points(networks: Rows, factor: str) -> Rows:
    """One row per value of the factor: our and the published distance and rescaled distance, with standard errors."""
    rows: Rows = []
    for pair in pairs_of(networks, factor):
        own = where(networks, **{factor: pair.value, "choice": AS_PUBLISHED})
        rows.append(
            {
                factor: pair.value,
                "networks": pair.networks,
                "distance": pair.found.value,
                "error": pair.found.error,
                "floor": float(column(own, "floor").mean()),
                "silence": float(column(own, "silence").mean()),
                "rescaled": pair.found_rescaled.value,
                "rescaled_error": pair.found_rescaled.error,
                "published_distance": pair.known.value,
                "published_error": pair.printed_error,
                "published_rescaled": pair.known_rescaled.value,
                "published_rescaled_error": pair.printed_error_rescaled,
                "follows": int(pair.follows),
            }
        )
    return rows


def short_verdict(pairs: Sequence[Pair], claims: int) -> Verdict:
    """The verdict on the delays whose distances the published program can produce, rescaled.

    A distance of 0.1 is an eighth of the way from perfect to silent at 25 ms and a third of it at 40 ms, where the
    answer is cut: so the rescaled distances are compared, and the note has the others.
    """
    parts = [difference(pair.found, pair.known) for pair in pairs]
    plain = pooled(parts, [1.0] * len(parts), (-MARGIN, MARGIN), claims)
    note = f"the distances themselves differ by {interval_words(plain)}, {plain.outcome} with a margin of ±{MARGIN:g}"
    compared = [
        (f"{pair.value:g} ms", pair.found_rescaled, pair.known_rescaled, pair.printed_error_rescaled) for pair in pairs
    ]
    rule = (
        f"the mean difference of the rescaled distances within ±{RESCALED_MARGIN:g}; 0 is a perfect network, 1 a "
        "silent one, on the program's trials of that delay"
    )
    return _claim(
        "short delays: the rescaled distance is the published one", compared, RESCALED_MARGIN, claims, rule, note
    )


def rescaled_verdict(pairs: Sequence[Pair], what: str, unit: str, claims: int, note: str) -> Verdict:
    """The verdict on rescaled distances if no released setting gives the published ones.

    They are rescaled as if the published trials had had the floor and the silence of the released ones. The note says
    what the distances themselves would give if they had been as long as ours.
    """
    parts = [difference(pair.found, pair.known) for pair in pairs]
    other = pooled(parts, [1.0] * len(parts), (-MARGIN, MARGIN), claims)
    note += (
        f"; the published trials are taken to have had the floor {FLOOR:.2f} and the silence {SILENCE:.2f} of the "
        f"released ones. Had they been as long as ours, the distances would differ by {interval_words(other)}, "
        f"{other.outcome} with a margin of ±{MARGIN:g}"
    )
    compared = [
        (f"{pair.value:g} {unit}", pair.found_rescaled, pair.known_rescaled, pair.printed_error_rescaled)
        for pair in pairs
    ]
    rule = f"the mean difference of the rescaled distances (0 perfect, 1 silent) within ±{RESCALED_MARGIN:g}"
    return _claim(what, compared, RESCALED_MARGIN, claims, rule, note)


def _claim(
    what: str,
    compared: Sequence[tuple[str, Estimate, Estimate, float]],
    margin: float,
    claims: int,
    rule: str,
    note: str = "",
) -> Verdict:
    rows = tuple(
        verdict_of(
            words,
            f"{known.value:.2f} ± {printed:.2f}",
            f"{measured.value:.2f} ± {measured.error:.2f}",
            difference_of_means(measured, known, margin, len(compared)),
        )
        for words, measured, known, printed in compared
    )
    parts = [difference(measured, known) for _, measured, known, _ in compared]
    mean_found = np.mean([measured.value for _, measured, _, _ in compared])
    mean_known = np.mean([known.value for _, _, known, _ in compared])
    together = pooled(parts, [1.0] * len(parts), (-margin, margin), claims)
    return verdict_of(what, f"{mean_known:.2f}", f"{mean_found:.2f}", together, rows=rows, rule=rule, note=note)


def memory_choices(networks: Rows, factor: str) -> Rows:
    """One row per free choice and value: the distances with the choice made differently."""
    others = {row[factor] for row in networks if row["choice"] != AS_PUBLISHED}
    rows: Rows = [
        {
            factor.replace("_ms", ", ms"): f"{pair.value:g}",
            "choice": choice,
            "networks": pair.networks,
            "distance": f"{pair.found.value:.2f}",
            "published": f"{pair.known.value:.2f}",
            "rescaled": f"{pair.found_rescaled.value:.2f}",
            "published, rescaled": f"{pair.known_rescaled.value:.2f}",
        }
        for choice in dict.fromkeys(str(row["choice"]) for row in networks)
        for pair in pairs_of(networks, factor, choice)
        if pair.value in others
    ]
    return sorted(rows, key=lambda row: float(next(iter(row.values()))))
