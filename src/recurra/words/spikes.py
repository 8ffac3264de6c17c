"""What is said of the conversion of a network to spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.analysis.failures import Failure
from recurra.analysis.spikes.search import SpikingSearch
from recurra.analysis.spikes.units import SpikingUnits
from recurra.intervals import wilson_interval
from recurra.tasks.rules import SUCCESSFUL
from recurra.wording import as_sentence, is_or_are, number_of, percent, percent_high, percent_low, three


def factor_unit(amplitude: str) -> str:
    """The unit of λ, which the amplitude of the synapses decides."""
    return " Hz" if amplitude == "1/(rise*decay)" else ""


def best_or_most(record: SpikingSearch) -> float:
    """The best λ, or if none works the one at which most trials are right."""
    return float(record.scaling_factor[np.argmax(record.success)]) if record.best is None else record.best


def search_words(record: SpikingSearch) -> str:
    """Which scaling factors work and which is the best, or that none does."""
    unit, at = factor_unit(record.amplitude), int(np.argmax(record.success))
    rate = f"the rate network has {percent(record.rate_success)} %"
    if record.span is None or record.best is None:
        most = f"at most {_share(record, at)} of {record.judged:,} trials are right, at λ = "
        needed = f"{percent(SUCCESSFUL)} % are needed, and {rate}"
        return as_sentence(f"no scaling factor works: {most}{record.scaling_factor[at]:g}{unit}; {needed}")
    at = _best_at(record)
    low, high = record.span
    which = f"works at λ = {low:g}{unit}" if low == high else f"works for λ from {low:g} to {high:g}{unit}"
    ends = [low == record.scaling_factor[0], high == record.scaling_factor[-1]]
    beyond = " and perhaps beyond, where the search ends" if any(ends) else ""
    best = f"at {record.best:g} {_share(record, at)} of {record.judged:,} trials are right"
    return as_sentence(f"{which}{beyond}: {best}, and {rate}")


def search_rows(record: SpikingSearch) -> list[dict[str, str]]:
    """A row for every scaling factor."""
    return [
        {
            f"λ{factor_unit(record.amplitude).replace(' ', ', ')}": f"{factor:g}",
            "right (%)": _share(record, at).replace(" %", ""),
            "works": "yes" if record.working[at] else "",
            "mean rate (Hz)": three(record.mean_hz[at]),
            "silent units (%)": percent(record.silent[at]),
        }
        for at, factor in enumerate(record.scaling_factor)
    ]


def network_rows(numbers: Sequence[int], records: Sequence[SpikingSearch | Failure]) -> list[dict[str, str]]:
    """A row for every network that did not fail: its best scaling factor, its success there, which factors work."""
    every = zip(numbers, records, strict=True)
    return [
        {"network": str(number), **_network_row(record)} for number, record in every if not isinstance(record, Failure)
    ]


def _network_row(record: SpikingSearch) -> dict[str, str]:
    unit, at = factor_unit(record.amplitude).replace(" ", ", "), _best_at(record)
    low, high = record.span or (0.0, 0.0)
    return {
        "rate network (%)": percent(record.rate_success),
        f"best λ{unit}": "none" if record.best is None else f"{record.best:g}",
        "spikes, most right (%)": _share(record, at).replace(" %", ""),
        f"works from … to{unit}": f"{low:g} … {high:g}" if record.span else "",
        "mean rate (Hz)": three(record.mean_hz[at]),
    }


def share_words(records: Sequence[SpikingSearch | Failure]) -> str:
    """How many networks do the task as rate units, and how many of them as spikes."""
    searches = [record for record in records if not isinstance(record, Failure)]
    learned = [search for search in searches if search.rate_success >= SUCCESSFUL]
    found = f"{len(learned)} of {number_of(len(records), 'network')} learned the task as rate units"
    if not learned:
        return as_sentence(found)
    converted = wilson_interval(sum(one.best is not None for one in learned), len(learned))
    return as_sentence(f"{found}; {converted} of these do it as spikes")


def search_table(record: SpikingSearch | Failure) -> dict[str, Any]:
    """The whole search for JSON; of one that failed, why."""
    if isinstance(record, Failure):
        return {"failure": record.reason}
    curve = ("scaling_factor", "success", "success_low", "success_high", "mean_hz", "silent")
    return {
        "best": record.best,
        "span": record.span,
        "amplitude": record.amplitude,
        "rate_success": record.rate_success,
        "trials": record.trials,
        "judged": record.judged,
        "curve": [{name: float(getattr(record, name)[at]) for name in curve} for at in range(len(record.success))],
    }


def units_words(record: SpikingUnits) -> str:
    """How many units follow the rate units, and what is wrong with the others."""
    counts = {kind: record.count(kind) for kind in ("follows", "silent", "saturated", "noisy")}
    wrong = [f"{count} {is_or_are(count)} {kind}" for kind, count in counts.items() if count and kind != "follows"]
    known = record.correlation[np.isfinite(record.correlation)]
    middle = f", with a median correlation of {three(float(np.median(known)))}" if known.size else ""
    units = number_of(len(record.kind), "unit")
    right = f"{percent(record.success)} % of {number_of(record.judged, 'trial')} {is_or_are(record.judged)} right"
    share = f"{right} at λ = {record.scaling_factor:g}"
    verb = "follows" if counts["follows"] == 1 else "follow"
    others = f"; {', '.join(wrong)}" if wrong else ""
    return as_sentence(f"{share}: {counts['follows']} of {units} {verb}{middle}{others}")


def _best_at(record: SpikingSearch) -> int:
    """Where the best scaling factor is, or if none works the one at which most trials are right."""
    return int(np.flatnonzero(record.scaling_factor == best_or_most(record))[0])


def _share(record: SpikingSearch, at: int) -> str:
    low, high = percent_low(record.success_low[at]), percent_high(record.success_high[at])
    return f"{percent(record.success[at])} % [{low}, {high}]"
