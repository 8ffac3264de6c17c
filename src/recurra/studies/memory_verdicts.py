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
    difference,
    difference_of_means,
    intraclass_correlation,
    mean_over_networks,
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
    """Whether the published program can produce a published distance.

    Its trials last 100 ms, so that the answer is cut off for delays above 30 ms. If the published
    distance minus 1.96 standard errors is larger than that of a silent network in such trials, it comes from others.
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
class MemoryDistances:
    """The measured and the published mean distance at one value of the factor, as they are and rescaled.

    The rescaled distance is 0 for a perfect network and 1 for a silent one. The published networks shared one data set;
    the errors of the published estimates account for it.

    Args:
        value: value of the factor: the delay in ms, or the number of units.
        networks: number of measured networks.
        measured: our mean distance.
        published: the published mean distance.
        measured_rescaled: our mean rescaled distance.
        published_rescaled: the published mean distance, rescaled.
        printed_error: standard error of the distance as published.
        printed_error_rescaled: standard error as published, rescaled.
        follows: whether the published program can produce the published distance.
    """

    value: float
    networks: int
    measured: Estimate
    published: Estimate
    measured_rescaled: Estimate
    published_rescaled: Estimate
    printed_error: float
    printed_error_rescaled: float
    follows: bool


def memory_distances(networks: Rows, factor: str, choice: str = AS_PUBLISHED) -> list[MemoryDistances]:
    """The measured and the published distances, one entry per value of the factor.

    Args:
        networks: one row per network.
        factor: "delay_ms" or "units".
        choice: the networks to compare: "as published", or the name of a free choice that was made differently.
    """
    networks = where(networks, choice=choice)
    values, sets = [float(row[factor]) for row in networks], [row["data_set"] for row in networks]
    distances, floors, silences = (column(networks, name) for name in ("distance", "floor", "silence"))
    rescaled, between = (distances - floors) / (silences - floors), intraclass_correlation(distances, values, sets)
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
            MemoryDistances(
                value=float(row[factor]),
                networks=len(own),
                measured=mean_over_networks(distances[own], labels, between),
                published=known,
                measured_rescaled=mean_over_networks(rescaled[own], labels, between),
                published_rescaled=Estimate((known.value - floor) / scale, known.error / scale, known.freedom),
                printed_error=float(row["error"]),
                printed_error_rescaled=float(row["error"]) / scale,
                follows=follows(row),
            )
        )
    return pairs


def _published_scores(row: dict[str, Value]) -> tuple[float, float]:
    """The distances of a perfect and of a silent network in the published trials.

    If these trials are not known, the distances are those of trials into which the whole answer fits.
    """
    return scores(PublishedPulse(delay_ms=float(row["delay_ms"]))) if follows(row) else (FLOOR, SILENCE)


def _published(factor: str) -> Rows:
    return published("memory_delay" if factor == "delay_ms" else "memory_size")


def memory_points(networks: Rows, factor: str) -> Rows:
    """One row per value of the factor: the measured and the published distance, as they are and rescaled."""
    rows: Rows = []
    for pair in memory_distances(networks, factor):
        own = where(networks, **{factor: pair.value, "choice": AS_PUBLISHED})
        rows.append(
            {
                factor: pair.value,
                "networks": pair.networks,
                "distance": pair.measured.value,
                "error": pair.measured.error,
                "floor": float(column(own, "floor").mean()),
                "silence": float(column(own, "silence").mean()),
                "rescaled": pair.measured_rescaled.value,
                "rescaled_error": pair.measured_rescaled.error,
                "published_distance": pair.published.value,
                "published_error": pair.printed_error,
                "published_rescaled": pair.published_rescaled.value,
                "published_rescaled_error": pair.printed_error_rescaled,
                "follows": int(pair.follows),
            }
        )
    return rows


def short_verdict(pairs: Sequence[MemoryDistances], claims: int) -> Verdict:
    """The verdict on the delays whose distances the published program can produce.

    A distance of 0.1 is an eighth of the way from perfect to silent at 25 ms, and a third of it at 40 ms, where the
    answer is cut off. So the rescaled distances are compared; the note gives the distances as they are.
    """
    parts = [difference(pair.measured, pair.published) for pair in pairs]
    plain = pooled(parts, [1.0] * len(parts), (-MARGIN, MARGIN), claims)
    note = f"the distances themselves differ by {interval_words(plain)}, {plain.outcome} with a margin of ±{MARGIN:g}"
    compared = [
        (f"{pair.value:g} ms", pair.measured_rescaled, pair.published_rescaled, pair.printed_error_rescaled)
        for pair in pairs
    ]
    rule = (
        f"the mean difference of the rescaled distances within ±{RESCALED_MARGIN:g}; 0 is a perfect network, 1 a "
        "silent one, on the program's trials of that delay"
    )
    return _claim(
        "short delays: the rescaled distance is the published one", compared, RESCALED_MARGIN, claims, rule, note
    )


def rescaled_verdict(pairs: Sequence[MemoryDistances], what: str, unit: str, claims: int, note: str) -> Verdict:
    """The verdict on rescaled distances if no setting of the released program gives the published ones.

    They are rescaled with the distances of a perfect and of a silent network in the released trials. The note compares
    the distances as they are, as if the published trials had been as long as ours.
    """
    parts = [difference(pair.measured, pair.published) for pair in pairs]
    other = pooled(parts, [1.0] * len(parts), (-MARGIN, MARGIN), claims)
    note += (
        f"; the published trials are taken to have had the floor {FLOOR:.2f} and the silence {SILENCE:.2f} of the "
        f"released ones. Had they been as long as ours, the distances would differ by {interval_words(other)}, "
        f"{other.outcome} with a margin of ±{MARGIN:g}"
    )
    compared = [
        (f"{pair.value:g} {unit}", pair.measured_rescaled, pair.published_rescaled, pair.printed_error_rescaled)
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
    mean_measured = np.mean([measured.value for _, measured, _, _ in compared])
    mean_known = np.mean([known.value for _, _, known, _ in compared])
    together = pooled(parts, [1.0] * len(parts), (-margin, margin), claims)
    return verdict_of(what, f"{mean_known:.2f}", f"{mean_measured:.2f}", together, rows=rows, rule=rule, note=note)


def memory_choices(networks: Rows, factor: str) -> Rows:
    """One row per free choice and value of the factor: the distances with that choice made differently."""
    others = {row[factor] for row in networks if row["choice"] != AS_PUBLISHED}
    rows: Rows = [
        {
            factor.replace("_ms", ", ms"): f"{pair.value:g}",
            "choice": choice,
            "networks": pair.networks,
            "distance": f"{pair.measured.value:.2f}",
            "published": f"{pair.published.value:.2f}",
            "rescaled": f"{pair.measured_rescaled.value:.2f}",
            "published, rescaled": f"{pair.published_rescaled.value:.2f}",
        }
        for choice in dict.fromkeys(str(row["choice"]) for row in networks)
        for pair in memory_distances(networks, factor, choice)
        if pair.value in others
    ]
    return sorted(rows, key=lambda row: float(next(iter(row.values()))))
