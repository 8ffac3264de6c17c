"""The page of the studies: what was published beside what was found."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recurra.sources import SOURCES
from recurra.storage.files import replace_bytes, replace_text
from recurra.storage.run_folder import RunFolder

HEAD = """# Reproduction

What the papers published, beside what recurra finds. Made from the folders of finished studies by

```sh
{command}
```

after the study commands below. *Agrees* and *differs* follow from the rule that stands with each study; *cannot be
compared* says why.
"""


def write_page(folders: Sequence[RunFolder], page: Path) -> None:
    """Write the page, and copies of the figures into `assets` beside it.

    Args:
        folders: of the finished studies.
        page: the Markdown file; an older one is replaced.
    """
    parent = folders[0].path.parent
    command = f"recurra reproduction {parent.name} --page {page.parent.name}/{page.name}"
    lines = [HEAD.format(command=command)]
    for folder in folders:
        lines += _section(folder, page)
    replace_text(page, "\n".join(lines).rstrip() + "\n")


def _section(folder: RunFolder, page: Path) -> Iterator[str]:
    about = folder.about()
    verdicts: list[dict[str, str]] = about["verdicts"]
    yield f"## {about['title']}\n"
    yield f"```sh\nrecurra study {about['study']} --scale {about['scale']} --seed {about['seed']}\n```\n"
    yield f"{_counts(verdicts)} {_made(about)}\n"
    for figure in sorted(folder.path.glob("*.png")):
        name = f"{about['study']}-{figure.name}"
        (page.parent / "assets").mkdir(exist_ok=True)
        replace_bytes(page.parent / "assets" / name, figure.read_bytes())
        yield f"![{about['title']}: {figure.stem}](assets/{name})\n"
    yield "| | published | found | verdict | |\n|---|---|---|---|---|"
    for one in verdicts:
        yield "| " + " | ".join(_cell(one[key]) for key in ("what", "published", "found", "verdict", "note")) + " |"
    tables = ", ".join(f"`{name}.csv`" for name in about["tables"])
    links = "; ".join(
        f"{SOURCES[key].authors} ({SOURCES[key].year}), <{SOURCES[key].link}>" for key in about["sources"]
    )
    yield f"\nAll numbers: {tables} in `{folder.path.parent.name}/{folder.path.name}`. Sources: {links}.\n"


def _counts(verdicts: list[dict[str, str]]) -> str:
    found = [one["verdict"] for one in verdicts]
    counted = [f"{found.count(word)} {words}" for word, words in WORDS.items() if word in found]
    return f"Of {len(found)} comparisons " + ", ".join(counted) + "."


WORDS = {"agrees": "agree", "differs": "differ", "cannot be compared": "cannot be compared"}


def _made(about: dict[str, Any]) -> str:
    machine, minutes = about["machine"], about["training_seconds"] / 60
    networks = sum(about["networks"].values())
    return (
        f"{networks} networks, {minutes:.0f} min of training on {machine['cores']} cores ({machine['processor']}), "
        f"recurra {about['version']}, begun {about['started']}."
    )


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
