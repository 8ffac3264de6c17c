"""The page of the studies: published results next to our results."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recurra.sources import SOURCES
from recurra.storage.files import replace_bytes, replace_text
from recurra.storage.run_folder import RunFolder
from recurra.studies.all_studies import STUDIES
from recurra.studies.conduct import read_tables
from recurra.studies.study import Rows, Study
from recurra.studies.verdicts import Verdict

HEAD = """# Reproduction

The published results next to those of recurra. This page is made from the folders of finished studies by

```sh
{command}
```

after the study commands below; the verdicts are computed again from the stored tables. *Agrees*: the whole interval of
the difference lies inside the margin that was stated before. *Differs*: the whole interval lies outside. *Undecided*:
the interval crosses an end of the margin, because there are too few networks or they vary too much; the column *power*
says what the comparison can show. *Cannot be compared*: the note says why. [Studies](studies.md) explains the rules;
[The papers' figures](figures.md) goes through the papers figure by figure.
"""
RERUN = """The tables of this study are older than the rules of [Studies](studies.md) and cannot be judged by them.
There is no verdict until the study is rerun.
"""
COLUMNS = ("published", "found", "difference", "power", "verdict")
COUNTED = {  # of one, of several
    "agrees": ("agrees", "agree"),
    "differs": ("differs", "differ"),
    "undecided": ("is undecided", "are undecided"),
    "cannot be compared": ("cannot be compared", "cannot be compared"),
}


def write_page(folders: Sequence[RunFolder], page: Path) -> None:
    """Write the page, and copies of the figures into `assets` beside it.

    Args:
        folders: the folders of the finished studies.
        page: the Markdown file; an older one is replaced, and missing folders on the way to it are made.
    """
    parent = folders[0].path.parent
    command = f"recurra reproduction {parent.name} --page {page.parent.name}/{page.name}"
    lines = [HEAD.format(command=command)]
    for folder in folders:
        lines += _section(folder, page)
    replace_text(page, "\n".join(lines).rstrip() + "\n", folders=True)


def _section(folder: RunFolder, page: Path) -> Iterator[str]:
    about = folder.about()
    study = STUDIES[about["study"]]() if about["study"] in STUDIES else None
    yield f"## {about['title']}\n"
    files = " --files DIR" if study and study.reads_files else ""
    yield f"```sh\nrecurra study {about['study']}{files} --scale {about['scale']} --seed {about['seed']}\n```\n"
    if study is None or about.get("rules") != study.rules:
        yield RERUN
        return
    tables = read_tables(folder)
    verdicts = study.verdicts(tables)
    yield f"{_counts(verdicts)} {_made(about)}\n"
    for figure in sorted(folder.path.glob("*.png")):
        name = f"{about['study']}-{figure.name}"
        replace_bytes(page.parent / "assets" / name, figure.read_bytes(), folders=True)
        yield f"![{about['title']}: {figure.stem}](assets/{name})\n"
    yield "\n".join(_table(("claim", *COLUMNS, "margin", "note"), [_claim(one) for one in verdicts])) + "\n"
    for one in verdicts:
        if one.rows:
            yield f"*{one.what[0].upper()}{one.what[1:]}*, row by row. {_counts(one.rows, 'rows')}\n"
            yield "\n".join(_table(("", *COLUMNS), [_row(row) for row in one.rows])) + "\n"
    yield from _choices(study, tables)
    yield _ending(folder, study)


def _row(one: Verdict) -> tuple[str, ...]:
    return one.what, one.published, one.found, one.difference, one.power, one.verdict


def _claim(one: Verdict) -> tuple[str, ...]:
    what, *others, verdict = _row(one)
    return what, *others, f"**{verdict}**", one.rule, one.note


def _choices(study: Study, tables: dict[str, Rows]) -> Iterator[str]:
    """The results of the study with free choices made differently."""
    rows = study.sensitivity(tables)
    if rows:
        yield "Results with other free choices:\n"
        yield "\n".join(_table(tuple(rows[0]), [tuple(map(str, row.values())) for row in rows])) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(map(_cell, head)) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"


def _ending(folder: RunFolder, study: Study) -> str:
    names = [*folder.entry("tables"), *(["sensitivity"] if (folder.path / "sensitivity.csv").exists() else [])]
    tables = ", ".join(f"`{name}.csv`" for name in names)
    links = "; ".join(f"{SOURCES[key].authors} ({SOURCES[key].year}), <{SOURCES[key].link}>" for key in study.sources)
    return f"All numbers: {tables} in `{folder.path.parent.name}/{folder.path.name}`. Sources: {links}.\n"


def _counts(verdicts: Sequence[Verdict], noun: str = "claims") -> str:
    numbers = Counter(one.verdict for one in verdicts)
    counted = ", ".join(
        f"{numbers[word]} {words[numbers[word] > 1]}" for word, words in COUNTED.items() if numbers[word]
    )
    return f"Of {len(verdicts)} {noun if len(verdicts) > 1 else noun.removesuffix('s')} {counted}."


def _made(about: dict[str, Any]) -> str:
    machine, minutes = about["machine"], about["training_seconds"] / 60
    networks = sum(about["networks"].values())
    trained = f"{networks} networks, {minutes:.0f} min of training" if networks else "Nothing was trained; analysed"
    return (
        f"{trained} on {machine['cores']} cores ({machine['processor']}), recurra {about['version']}, "
        f"begun {about['started']}."
    )


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
