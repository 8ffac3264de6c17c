"""The galleries have a picture of every task, and of every kind of record that is drawn."""

import re
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import recurra as rc
from recurra.analysis.dossier_records import Dossier
from recurra.plotting.records.table import DRAWINGS
from recurra.tasks import TASKS
from tests.primer import PIECE

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "gallery-tasks.md", DOCS / "gallery-analyses.md"]
LINKED = re.compile(r"\[`(?:rc\.)?(\w+)`\]\[recurra\.[\w.]+\.\1\]")
LARGEST, LARGEST_TOGETHER = 40_000, 2_500_000  # bytes
ON_DISK = {"RunRecord"}  # drawn as a cohort is, and read from a run folder that a page does not make


@dataclass(frozen=True)
class Entry:
    """A part of a gallery under a heading of the third rank."""

    name: str
    text: str

    @property
    def kinds(self) -> list[str]:
        """The classes that it links to."""
        return LINKED.findall(self.text)


def entries(page: Path) -> list[Entry]:
    parts = re.split(r"^##+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [Entry(*part.split("\n", 1)) for part in parts]
    return [entry for entry in found if "![" in entry.text]


def test_every_task_is_shown_and_described_as_its_class_describes_it():
    shown = {entry.name: entry for entry in entries(PAGES[0])}
    assert list(shown) == [name for name in shown if name in TASKS]
    assert set(shown) == set(TASKS), "each task of TASKS needs an entry in docs/gallery-tasks.md"
    for name, kind in TASKS.items():
        assert shown[name].kinds == [kind.__name__]
        assert f"rc.show_task(rc.{kind.__name__}())" in shown[name].text
        told = shown[name].text.split("]: ", 1)[1].split("\n")[0]
        assert told.lower() == " ".join((kind.__doc__ or "").split("\n\n")[0].split()).lower()


def test_every_kind_of_record_is_drawn_in_all_its_ways():
    every = entries(PAGES[1])
    assert {kind for entry in every for kind in entry.kinds} == {kind.__name__ for kind in DRAWINGS}
    for kind, drawings in DRAWINGS.items():
        of_kind = [entry.text for entry in every if kind.__name__ in entry.kinds]
        missing = [name for name in list(drawings)[1:] if not any(f'"{name}")' in text for text in of_kind)]
        assert not missing, f"docs/gallery-analyses.md does not draw {missing} of {kind.__name__}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_entry_is_a_sentence_a_few_lines_and_a_small_picture(page):
    for entry in entries(page):
        (piece,) = PIECE.finditer(entry.text)
        assert len(piece["code"].splitlines()) <= 3, entry.name
        assert entry.text.strip().count("\n\n") == 2, entry.name
        assert (page.parent / piece["image"]).stat().st_size <= LARGEST, entry.name


def test_the_pictures_are_small_together_and_none_is_left_over():
    pieces = [piece for page in PAGES for piece in PIECE.finditer(page.read_text(encoding="utf-8"))]
    there = {path for folder in ("tasks", "gallery") for path in (DOCS / "assets" / folder).iterdir()}
    assert {DOCS / piece["image"] for piece in pieces if piece["image"]} == there
    assert sum(path.stat().st_size for path in there) <= LARGEST_TOGETHER


@pytest.mark.slow
def test_every_entry_draws_the_record_that_it_names(monkeypatch, tmp_path):
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)  # where the page keeps its sweep and its search
    drawn, plot, place = [], rc.plot, {}

    def noted(record, what=None):
        drawn.append(type(record.by_group()[what] if isinstance(record, Dossier) else record).__name__)
        return plot(record, what)

    monkeypatch.setattr(rc, "plot", noted)
    text = PAGES[1].read_text(encoding="utf-8")
    for piece in PIECE.finditer(text):
        exec(piece["code"], place)  # noqa: S102 - the page's own code
        plt.close("all")
    named = [entry.kinds[0] for entry in entries(PAGES[1])]
    assert drawn == named
    assert {kind for entry in entries(PAGES[1]) for kind in entry.kinds} - set(drawn) == ON_DISK
