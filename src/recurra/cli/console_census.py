"""The output of the census command."""

from collections.abc import Iterator
from typing import Any

from recurra.cli.console_tables import print_table, results_console
from recurra.wording import whole_or_three
from recurra.words.names import cluster_name

MOST = 60  # networks; for more there is no table with one row per network
WHAT = {
    "signature": "whether the signature depends on the run: chi-square",
    "cluster": "whether the cluster depends on the run: chi-square",
}


def print_census(table: dict[str, Any]) -> None:
    """Tables of signatures, clusters and, for several runs, networks; lines about runs, clusters, map and neighbours.

    Args:
        table: the census as plain values.
    """
    console, runs = results_console(), table["runs"]
    several, clustered = len(runs) > 1, table["clusters"]["count"] > 1
    shown = [
        {
            "networks": str(row["networks"]),
            **_by_run(runs, "signatures", row["signature"]),
            "signature": row["signature"],
        }
        for row in table["signatures"]
    ]
    print_table(console, f"{table['networks']} networks", shown, left=("signature",))
    if clustered:
        rows = [row | _by_run(runs, "clusters", at) for at, row in enumerate(_members(table["members"]))]
        print_table(console, "", rows, left=("cluster", "signatures"))
    if table["own"]:
        title = "own analyses: least / median / greatest"
        print_table(console, title, list(_own(table, clustered)), left=("what",))
    if several and table["networks"] <= MOST:
        print_table(
            console, "", [_network(row, clustered) for row in table["each"]], left=("run", "status", "signature")
        )
    console.print("\n".join(_lines(table)), highlight=False, markup=False)


def _by_run(runs: list[dict[str, Any]], what: str, key: str | int) -> dict[str, str]:
    """One column per run if there are several: how many of its networks have it."""
    return {f"of {one['run']}": str(one[what][key]) for one in runs} if len(runs) > 1 else {}


def _own(table: dict[str, Any], clustered: bool) -> Iterator[dict[str, str]]:
    """One row per number of a user's own analyses: its spread over all networks, each run and each cluster."""
    groups = {"all networks": table["own"]}
    if len(table["runs"]) > 1:
        groups |= {f"of {one['run']}": one["own"] for one in table["runs"]}
    if clustered:
        groups |= {f"cluster {cluster_name(at)}": one["own"] for at, one in enumerate(table["members"])}
    for name in table["own"]:
        yield {"what": name} | {group: _counts(spreads[name]) for group, spreads in groups.items()}


def _network(row: dict[str, Any], clustered: bool) -> dict[str, str]:
    cluster = {"cluster": "-" if row["cluster"] is None else cluster_name(row["cluster"])} if clustered else {}
    told = {"number": str(row["number"]), "run": row["run"], "status": row["status"]}
    return {**told, **cluster, "signature": row["signature"] or "not known"}


def _lines(table: dict[str, Any]) -> Iterator[str]:
    yield from _group_lines(table)
    yield from _run_lines(table)
    if table["left_out"]:
        names = ", ".join(table["left_out"])
        yield f"left out, since {table['measure']} has no number for them or their regimes are unknown: {names}"
    if table["not_learned"]:
        told = ", ".join(f"{name} ({status})" for name, status in table["not_learned"].items())
        yield f"not compared because they have not learned (--all includes them): {told}"
    yield from (f"note: {note}" for note in table["notes"])
    yield from (f"failed: {what}: {reason}" for what, reason in table["failures"].items())


def _group_lines(table: dict[str, Any]) -> Iterator[str]:
    clusters, near = table["clusters"], table["nearest_neighbour"]
    yield (
        f"{clusters['count']} {'cluster' if clusters['count'] == 1 else 'clusters'} by {table['measure']}: silhouette "
        f"{clusters['silhouette']:.2f}, without groups {clusters['null_mean']:.2f} on average, "
        f"p = {clusters['p_value']:.3g}"
    )
    yield f"the map shows the distances with a stress of {table['map']['stress']:.2f}"
    if near["same_signature"] is not None:
        yield (
            f"{near['same_signature']:.0%} of the networks have a nearest neighbour of their own signature, "
            f"by chance {near['chance']:.0%}"
        )


def _run_lines(table: dict[str, Any]) -> Iterator[str]:
    """Whether several runs differ, by tests that shuffle the runs."""
    if len(table["runs"]) == 1:
        return
    tests = table["independent_of_run"]
    for name, words in WHAT.items():
        if one := tests[name]:
            yield f"{words} {one['value']:.3g}, by chance {one['chance']:.3g} on average, p = {one['p_value']:.3g}"
        else:
            yield f"no test of whether the {name} depends on the run: there is one {name}, or one run"
    if one := tests["nearest_neighbour"]:
        yield (
            f"{one['value']:.0%} of the networks have a nearest neighbour of their own run, "
            f"by chance {one['chance']:.0%}, p = {one['p_value']:.3g}"
        )


def _members(clusters: list[dict[str, Any]]) -> list[dict[str, str]]:
    """One row per cluster, with the letters of the figure: least, median and greatest numbers of fixed points."""
    return [
        {
            "cluster": cluster_name(at),
            "networks": str(one["networks"]),
            "stable points": _counts(one["stable_points"]),
            "other points": _counts(one["unstable_points"]),
            "signatures": "\n".join(f"{count} {name}" for name, count in one["signatures"].items()),
        }
        for at, one in enumerate(clusters)
    ]


def _counts(least_to_most: list[float] | None) -> str:
    return " / ".join(map(whole_or_three, least_to_most)) if least_to_most else "?"
