"""The comparison of conditions: each run with the first, number by number."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from recurra.analysis.cohorts.difference import ERROR_RATE, Difference, difference_of, holm, smallest_p
from recurra.analysis.cohorts.differences import Differences, by_size
from recurra.arrays import named_arrays
from recurra.checks import nearest
from recurra.models.cohort import Cohort
from recurra.runs.compared_networks import check_same_kind
from recurra.runs.network_tables import Row, TableRun, differing_keys, read_table_runs

NO_NUMBERS = ("network", "status")
NO_RESULTS = ("success_low", "success_high", "silent_mse", "silent_success", "fixed_points.residual_max")
IF_ASKED = ("weight_change",)  # runs that were trained by earlier versions do not have it
OF_THE_SAMPLE = ("seed", "networks")  # settings that are no condition


@dataclass(frozen=True)
class Group:
    """The networks of a run that are compared.

    Args:
        run: the run.
        rows: their numbers.
    """

    run: TableRun
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        return self.run.name

    def column(self, name: str, numbers: Sequence[int] | None = None) -> Float[np.ndarray, "network"]:
        """One number of every network, NaN where it is not known; of the networks with these numbers, if given."""
        rows = {row["network"]: row for row in self.rows}
        chosen = self.rows if numbers is None else [rows.get(number, {}) for number in numbers]
        return np.array([float(row.get(name, math.nan)) for row in chosen])


def compare(
    *what: Cohort | Path | str, only: str | Sequence[str] = (), learned: bool = False, paired: bool | None = None
) -> Differences:
    r"""Say in which numbers the networks of runs differ: each run is compared with the first.

    The numbers are those of `rc.table`: of the training alone for cohorts and for runs that are not analysed. Each has
    the difference of the means with a 95 % interval (bootstrap, BCa; of fewer than ten networks Welch's), the p value
    of the test of Mann and Whitney, and Cliff's $\delta = P(x > y) - P(x < y)$. What is true or false, such as
    `learned`, has the difference of the shares with Newcombe's interval and Fisher's exact test. P values
    are corrected by the method of Holm for all tests of the call; so name with `only` the numbers that you ask about.
    `weight_change` is tested only if it is named. Networks that do not have a number are counted and left out of it.
    Nothing is random, and no result depends on the order of the networks.

    Networks that began with the same weights, with the same seed and number, are pairs: the test is that of Wilcoxon
    over the differences (McNemar's for shares), and the interval is that of their mean. A note says so.

    Args:
        what: two or more run folders whose training has ended, or cohorts, of one kind of task.
        only: names of the numbers that are compared, such as "success", or of parts, such as "spectrum"; all if none.
        learned: whether to compare only networks that have learned their task.
        paired: True or False to compare networks as pairs or as independent; if None, as pairs where they are.

    Raises:
        ValueError: there is one run, a path is no run folder or is given twice, tasks are of different kinds, a number
            is not known, no networks are left, or `paired` is True and networks are no pairs.
        TypeError: an argument is neither a path nor a cohort.

    Examples:
        >>> import recurra as rc
        >>> rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
        >>> few, many = (rc.train(rc.Not(), rc.GRU(units=n), rule, networks=3, seed=n) for n in (2, 20))
        >>> found = rc.compare(few, many, only=["validation_loss"])
        >>> found.of("validation_loss").networks
        3

    Source: Efron (1987), Welch (1947), Mann and Whitney (1947), Wilcoxon (1945), Newcombe (1998), Holm (1979) and Cliff
    (1993); the page on methods has the equations.
    """
    if len(what) < 2:
        raise ValueError(f"{len(what) or 'no'} run is given; a comparison needs two or more")
    runs = read_table_runs(what)
    for run in runs[1:]:
        check_same_kind(runs[0].cohort.task, run.cohort.task, f"{run.name} and {runs[0].name}")
    groups = [_group(run, learned) for run in runs]
    return _compared(groups, [only] if isinstance(only, str) else only, learned, paired)


def _compared(groups: Sequence[Group], only: Sequence[str], learned: bool, paired: bool | None) -> Differences:
    names, same, doubles, lacking = _numbers(groups, only)
    pairs = [_pairs(groups[0], group, paired) for group in groups[1:]]
    rows = [
        _difference(name, group, groups[0], numbers, _is_share(name, groups))
        for group, numbers in zip(groups[1:], pairs, strict=True)
        for name in names
    ]
    corrected = holm([row.p_value for row in rows])
    rows = [replace(row, p_corrected=p_value) for row, p_value in zip(rows, corrected, strict=True)]
    settings = differing_keys([group.run.spec for group in groups])
    return Differences(
        runs=tuple(group.name for group in groups),
        networks=tuple(len(group.rows) for group in groups),
        rows=by_size(rows),
        settings=settings,
        pairs=tuple(map(len, pairs)),
        same=same,
        doubles=doubles,
        lacking=lacking,
        notes=tuple(_notes(groups, pairs, rows, settings, paired, learned)),
    )


def _group(run: TableRun, learned: bool) -> Group:
    rows = [row for row in run.rows if row["learned"] or not learned]
    if not rows:
        raise ValueError(f"no network of {run.name} {'has learned its task' if learned else 'is there'}")
    return Group(run, rows)


def _numbers(
    groups: Sequence[Group], only: Sequence[str]
) -> tuple[list[str], tuple[str, ...], dict[str, str], dict[str, list[str]]]:
    """The numbers to test; and those that are the same in all networks, equal another, or are lacking in a run."""
    every = dict.fromkeys(key for group in groups for row in group.rows for key in row)
    known = [name for name in every if name not in NO_NUMBERS]
    asked = _asked(known, only) if only else [name for name in known if not _says_nothing(name)]
    names, same, lacking = list[str](), list[str](), dict[str, list[str]]()
    doubles, before = dict[str, str](), dict[bytes, str]()
    for name in asked:
        columns = [group.column(name) for group in groups]
        without = [group.name for group, column in zip(groups, columns, strict=True) if not np.isfinite(column).any()]
        values = np.concatenate(columns)
        if without:
            if len(without) < len(groups) or only:
                lacking[name] = without
        elif np.ptp(values[np.isfinite(values)]) == 0:
            same.append(name)
        elif (other := before.setdefault(values.tobytes(), name)) != name:
            doubles[name] = other
        else:
            names.append(name)
    return names, tuple(same), doubles, lacking


def _asked(known: Sequence[str], only: Sequence[str]) -> list[str]:
    for one in only:
        if one not in known and not any(name.startswith(f"{one}.") for name in known):
            parts = dict.fromkeys(part for name in known for part in (name, name.partition(".")[0]))
            raise ValueError(f"the runs have no number {one!r}; {nearest(one, list(parts))}")
    return [name for name in known if any(name == one or name.startswith(f"{one}.") for one in only)]


def _says_nothing(name: str) -> bool:
    """Whether a number is tested only if it is named: an end of an interval, a chance level, an error."""
    return name in (*NO_RESULTS, *IF_ASKED) or name.endswith(("chance", "chance_high"))


def _is_share(name: str, groups: Sequence[Group]) -> bool:
    values = [row[name] for group in groups for row in group.rows if name in row]
    return any(isinstance(value, bool) for value in values)


def _difference(name: str, group: Group, first: Group, numbers: Sequence[int], shares: bool) -> Difference:
    columns = [one.column(name, numbers or None) for one in (group, first)]
    found = difference_of(name, group.name, first.name, *columns, paired=bool(numbers), shares=shares)
    without = len(group.rows) + len(first.rows) - found.networks - found.networks_against
    return replace(found, missing=without)


def _pairs(first: Group, group: Group, paired: bool | None) -> list[int]:
    """The numbers of the networks of both runs that are pairs; none if they are compared as independent."""
    numbers = [row["network"] for row in group.rows]
    common = [row["network"] for row in first.rows if row["network"] in numbers]
    alike = bool(common) and first.run.cohort.seed == group.run.cohort.seed and _began_alike(first, group, common)
    if paired and not alike:
        raise ValueError(
            f"networks of {group.name} and {first.name} are no pairs: they did not begin with the same weights; pairs "
            "have the same seed, number and start"
        )
    return common if alike and paired is not False else []


def _began_alike(first: Group, second: Group, numbers: Sequence[int]) -> bool:
    cohorts = first.run.cohort, second.run.cohort
    one, other = (named_arrays(cohort.initial) for cohort in cohorts)
    places, others = ([cohort.numbers.index(number) for number in numbers] for cohort in cohorts)
    return one.keys() == other.keys() and all(
        np.array_equal(np.asarray(one[name])[places], np.asarray(other[name])[others]) for name in one
    )


def _notes(
    groups: Sequence[Group],
    pairs: Sequence[Sequence[int]],
    rows: Sequence[Difference],
    settings: Mapping[str, Sequence[object]],
    paired: bool | None,
    learned: bool,
) -> Iterator[str]:
    first = groups[0]
    conditions = [key for key in settings if key not in OF_THE_SAMPLE]
    if not conditions and all(group.run.spec for group in groups):
        yield "the specs do not differ but in their seeds and numbers of networks"
    if len(conditions) > 1 and len(groups) == 2:
        yield f"the specs differ in {len(conditions)} keys; which of them makes a difference, the comparison cannot say"
    unknown = [group.name for group in groups if not group.run.analysed]
    if unknown:
        yield (
            f"of {', '.join(unknown)} only the numbers of the training are known; `recurra analyse` adds the others to "
            "a run folder"
        )
    if learned:
        yield "only networks that have learned their task are compared"
    for group, numbers in zip(groups[1:], pairs, strict=True):
        yield from _start_notes(first, group, numbers, paired)
        yield from _size_notes(first, group, numbers, [row for row in rows if row.run == group.name], len(rows))


def _start_notes(first: Group, group: Group, numbers: Sequence[int], paired: bool | None) -> Iterator[str]:
    names = f"{group.name} and {first.name}"
    if numbers:
        pairs = _pairs_words(len(numbers))
        yield f"networks of {names} with the same number began with the same weights: {pairs} compared"
    elif first.run.cohort.seed == group.run.cohort.seed and not _disjoint(first, group):
        begun = "began with the same weights" if paired is False and _pairs(first, group, None) else "share their seed"
        yield f"networks of {names} {begun}, but p treats them as independent; train the runs with different seeds"


def _pairs_words(count: int) -> str:
    return f"{count} pair{' is' if count == 1 else 's are'}"


def _disjoint(first: Group, group: Group) -> bool:
    return not set(first.run.cohort.numbers) & set(group.run.cohort.numbers)


def _size_notes(
    first: Group, group: Group, numbers: Sequence[int], rows: Sequence[Difference], tests: int
) -> Iterator[str]:
    counts = (len(numbers),) * 2 if numbers else (len(group.rows), len(first.rows))
    if min(counts) == 1:
        alone = [one.name for one, count in zip((group, first), counts, strict=True) if count == 1]
        yield f"one network of {' and '.join(alone)} is compared: a difference of means has no interval"
        return
    least = smallest_p(*counts, paired=bool(numbers))
    if rows and least * tests > ERROR_RATE:
        how = f"{counts[0]} pairs" if numbers else f"{counts[0]} and {counts[1]} networks"
        yield (
            f"with {how} p is at least {least:.2g}, so that after the correction for {tests} "
            f"test{'' if tests == 1 else 's'} none can be below {ERROR_RATE:g}; train more networks, "
            "or name the numbers that you ask about with `only`"
        )
