"""Statements of the papers about trained networks, each as a rule that networks can follow or break."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from recurra.studies.study import Rows, Value, column, where
from recurra.studies.verdict_words import verdict_of
from recurra.studies.verdicts import (
    Outcome,
    Proportion,
    Verdict,
    all_of,
    design_effect,
    intraclass_correlation,
    proportion_at_least,
)

Row = dict[str, Value]
SMALL_SET = 0.2  # largest share of the eigenvalues that counts as a small set
REMAIN = 0.9  # smallest share of the eigenvalues not outside that must be on the circle to "remain on it"
ALL_THERE_ARE = "a fact about these networks, without sampling error"
LARGE = 500  # units
NORMAL = 0.05  # largest difference from the normal distribution function
MOST = 0.9  # share of networks for which a claim about all networks must hold


def weight_claims(rows: Rows, claims: int = 0) -> list[Verdict]:
    """The claims about the recurrent weights.

    Args:
        rows: one row per network, with its `weight_traits`.
        claims: number of claims that the study judges, if the networks are a sample of all that could be trained; 0 if
            each network is a fact of its own.
    """
    known = [row for row in rows if not math.isnan(float(row["outside_before"]))]
    orthogonal = where(known, initializer="orthogonal")
    flipflops = where(rows, task="flipflop")
    return [
        of_all(
            "an orthogonal start has its eigenvalues on the unit circle (2019, Figure 6)",
            orthogonal,
            lambda row: float(row["on_circle_before"]) == 1,
            "all eigenvalues within 2 % of the circle",
            _named("share on it", orthogonal, "on_circle_before"),
            claims,
        ),
        of_all(
            "training pushes eigenvalues out of the circle (2019, Figure 6)",
            known,
            lambda row: float(row["outside"]) > max(float(row["outside_before"]), float(row["outside_chance"])),
            "more are outside than before, and than after a random change of the same size",
            _beside(known, "outside"),
            claims,
        ),
        of_all(
            "only a small set of eigenvalues is outside (2019, section 5.5)",
            rows,
            lambda row: float(row["outside"]) <= SMALL_SET * float(row["units"]),
            f"at most {SMALL_SET:.0%} of the eigenvalues",
            f"{span([float(row['outside']) / float(row['units']) for row in rows], percent=True)} of the eigenvalues",
            claims,
        ),
        of_all(
            "the eigenvalues that did not move out remain on the circle (2024, Figures 4 and 5)",
            flipflops,
            lambda row: float(row["rest_on_circle"]) >= REMAIN,
            f"of those not outside at least {REMAIN:.0%} within 2 % of the circle; 3-bit flip-flops",
            _named("share", flipflops, "rest_on_circle"),
            claims,
        ),
        _non_normal(known, claims),
        _near_zero(rows, known),
        _normally_distributed(where(rows, task="and"), claims),
    ]


def _non_normal(known: Rows, claims: int) -> Verdict:
    """Non-normality, compared with the weights before training and with random changes of equal size."""
    more = sum(float(row["henrici"]) > float(row["henrici_before"]) for row in known)
    return of_all(
        "training makes the weights non-normal (2024, section 4)",
        known,
        lambda row: float(row["henrici"]) > max(float(row["henrici_before"]), float(row["henrici_chance"])),
        "Henrici's departure is larger than before, and than after a random change of the same size",
        f"larger than before in {more} of {len(known)}; {_beside(known, 'henrici')}",
        claims,
    )


def _near_zero(rows: Rows, known: Rows) -> Verdict:
    before = f", before training {span(column(known, 'near_zero_before'))}" if known else ""
    normal = span(column(rows, "near_zero_normal"))
    return Verdict(
        "after training most weights are near zero (2024, section 4)",
        "no bound is given",
        f"{span(column(rows, 'near_zero'))} of the weights are below a tenth of the largest{before}",
        "cannot be compared",
        f"of normally distributed weights it is {normal}, so that the sentence is as true of a random matrix",
    )


def _normally_distributed(rows: Rows, claims: int) -> Verdict:
    return of_all(
        "the weights of networks that learned `and` are normally distributed (2019, Figure 14)",
        rows,
        lambda row: float(row["normal_distance"]) <= NORMAL,
        f"largest difference from the normal distribution of the same mean and deviation at most {NORMAL:g}",
        _named("difference", rows, "normal_distance"),
        claims,
    )


def oscillation_claim(rows: Rows, claims: int = 0) -> Verdict:
    """Networks of the oscillation task have no stable fixed points.

    Args:
        rows: one row per network, with its `dynamic_traits`.
        claims: number of claims that the study judges, if the networks are a sample; 0 if each is a fact of its own.
    """
    own = where(rows, task="oscillation")
    return of_all(
        "networks of the oscillation task have no fixed points (2019, section 5.5)",
        own,
        lambda row: int(row["stable_points"]) == 0,
        "none of the fixed points without input is stable; an unstable one at 0 every network without biases has",
        _named("stable points", own, "stable_points"),
        claims,
    )


def variety_claim(rows: Rows, tasks: Sequence[str], claims: int) -> Verdict:
    """Networks do the same task in different ways.

    Two networks that differ show it. If all networks are alike, there may be too few of them to tell.

    Args:
        rows: one row per network, with its `dynamic_traits`.
        tasks: the tasks, in the order in which the verdict lists them.
        claims: number of claims that the study judges.
    """
    counts = {task: [str(row["regimes"]) for row in where(rows, task=task)] for task in tasks}
    counts = {task: own for task, own in counts.items() if len(own) > 1}
    what = "networks do one task in different regimes (2019, section 5.5)"
    if not counts:
        return Verdict(what, "not unique", "", "cannot be compared", "no task with two networks that learned it")
    signatures = {task: len(set(own)) for task, own in counts.items()}
    rule = (
        "on every task at least two networks differ in the kind of regime after some condition; it differs where so "
        f"many are alike that fewer than {1 - MOST:.0%} are of another kind"
    )
    each = tuple(
        Verdict(
            task,
            "not unique",
            f"{signatures[task]} signatures in {len(own)} networks; the most frequent in {max(map(own.count, own))}",
            _unique(signatures[task], len(own), claims * len(counts)),
            power=f"{all_of(MOST, claims * len(counts))} networks that are alike would show the contrary",
        )
        for task, own in counts.items()
    )
    outcomes = [one.verdict for one in each]
    pooled: Outcome = "differs" if "differs" in outcomes else "undecided" if "undecided" in outcomes else "agrees"
    words = f"{sum(number > 1 for number in signatures.values())} of {len(signatures)} tasks have several signatures"
    note = "the paper excepts the oscillation task"
    return Verdict(what, "not unique", words, pooled, note, rule=rule, power=each[0].power, rows=each)


def _unique(signatures: int, networks: int, claims: int) -> Outcome:
    if signatures > 1:
        return "agrees"
    return "differs" if networks >= all_of(MOST, claims) else "undecided"


def regime_claim(rows: Rows, name: str, what: str, published: str, expected: dict[str, str]) -> Verdict:
    """The regimes of one published network, condition by condition.

    Args:
        rows: one row per network.
        name: beginning of the network's name.
        what: the claim.
        published: the statement of the paper.
        expected: the kind of regime after each condition.
    """
    own = [row for row in rows if str(row["name"]).startswith(name)]
    if not own:
        return Verdict(what, published, "", "cannot be compared", f"no file of {name} in the folder")
    regimes = dict(part.rsplit(" ", 1) for part in str(own[0]["regimes"]).split("; "))
    wrong = [condition for condition, kind in expected.items() if regimes.get(condition) != kind]
    note = f"differs after {', '.join(wrong)}" if wrong else ""
    rule = "the same kind of regime after every condition that the paper names"
    return fact(what, published, str(own[0]["regimes"]), not wrong, rule, note)


def leading_claim(rows: Rows, name: str, what: str, expected: str) -> Verdict:
    """The leading eigenvalues of one published network."""
    own = [row for row in rows if str(row["name"]).startswith(name)]
    if not own:
        return Verdict(what, expected, "", "cannot be compared", f"no file of {name} in the folder")
    leading, outside = str(own[0]["leading"]), int(float(own[0]["outside"]))
    rule = "of the three eigenvalues of largest modulus, a pair counted whole"
    values = f"the leading eigenvalues are {own[0]['leading_values']}"
    return fact(what, expected, f"{leading}; {outside} outside", leading == expected, rule, values)


def large_claim(rows: Rows) -> Verdict:
    """Networks of 500 units do their task in the same way as networks of 50 units."""
    what = "the same regimes with 500 units (2019, section 5.5)"
    large, small = ([row for row in rows if (float(row["units"]) >= LARGE) is big] for big in (True, False))
    pairs = [(row, {str(one["regimes"]) for one in where(small, task=str(row["task"]))}) for row in large]
    pairs = [(row, known) for row, known in pairs if known and str(row["regimes"])]
    if not pairs:
        return Verdict(what, "the same", "", "cannot be compared", "no such network beside a smaller one of its task")
    alike = sum(str(row["regimes"]) in known for row, known in pairs)
    rule = "each has the kinds of regimes, condition by condition, of one of the smaller networks of its task"
    return fact(what, "the same", f"{alike} of {len(pairs)} networks", alike == len(pairs), rule)


def of_all(what: str, rows: Rows, holds: Callable[[Row], bool], rule: str, found: str, claims: int) -> Verdict:
    """A claim about all networks: it must hold for each given network, or for the share `MOST` of all possible ones.

    Args:
        what: the claim.
        rows: one row per network.
        holds: tells whether the claim holds for one network.
        rule: the condition in words.
        found: further results, in words.
        claims: number of claims that the study judges, if the networks are a sample; 0 if each is a fact of its own.
    """
    if not rows:
        return Verdict(what, "all networks", "", "cannot be compared", "no such network here", rule=rule)
    count = sum(holds(row) for row in rows)
    words = f"{count} of {len(rows)} networks; {found}"
    if claims:
        comparison = proportion_at_least(_share(rows, holds, rows), MOST, claims)
        rule = f"{rule}, in at least {MOST:.0%} of the networks"
        each = _by_start(rows, holds)
        return verdict_of(what, "all networks", words, comparison, rule=rule, percent=True, rows=each)
    return fact(what, "all networks", words, count == len(rows), f"{rule}, in every one of these networks")


def _by_start(rows: Rows, holds: Callable[[Row], bool]) -> tuple[Verdict, ...]:
    """One row per kind of initial weights, if there are several."""
    starts = list(dict.fromkeys(str(row["initializer"]) for row in rows if "initializer" in row))
    if len(starts) < 2:
        return ()
    shares = {start: _share(where(rows, initializer=start), holds, rows) for start in starts}
    return tuple(
        verdict_of(
            f"{start} start",
            "all networks",
            f"{share.count} of {share.total} networks",
            proportion_at_least(share, MOST, len(starts)),
            percent=True,
        )
        for start, share in shares.items()
    )


def _share(own: Rows, holds: Callable[[Row], bool], rows: Rows) -> Proportion:
    """The proportion of networks for which a claim holds; networks with the same data set are not independent."""

    def parts(of: Rows) -> tuple[list[float], list[tuple[str, ...]], list[str]]:
        conditions = [tuple(str(row.get(name, "")) for name in ("task", "initializer", "recipe")) for row in of]
        return [float(holds(row)) for row in of], conditions, [str(row.get("data_set", "")) for row in of]

    between = intraclass_correlation(*parts(rows))
    held, conditions, data_sets = parts(own)
    together = [f"{condition} {data_set}" for condition, data_set in zip(conditions, data_sets, strict=True)]
    return Proportion(int(sum(held)), len(own), design_effect(together, between))


def fact(what: str, published: str, found: str, holds: bool, rule: str, note: str = "") -> Verdict:
    """A claim about given networks, without sampling error."""
    return Verdict(what, published, found, "agrees" if holds else "differs", note, rule=rule, power=ALL_THERE_ARE)


def _beside(rows: Rows, name: str) -> str:
    parts = (("after", ""), ("before", "_before"), ("random change", "_chance"))
    return ", ".join(f"{word} {span(column(rows, name + ending))}" for word, ending in parts) if rows else ""


def _named(word: str, rows: Rows, name: str) -> str:
    return f"{word} {span(column(rows, name))}" if rows else ""


def span(values: Sequence[float] | np.ndarray, percent: bool = False) -> str:
    """The lowest and the highest value in words."""
    if not len(values):
        return "none"
    low, high = (f"{100 * end:.0f} %" if percent else f"{end:.3g}" for end in (np.min(values), np.max(values)))
    return low if low == high else f"{low} to {high}"
