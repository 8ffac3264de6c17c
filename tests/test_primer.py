"""The notebooks of the primer, the galleries and the papers' figures are their pages."""

import json
import re
from pathlib import Path

import pytest

from tests.primer import INSTALL, PIECE, kept, notebook_of, written

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = sorted(DOCS.glob("figures-*.md"))
PAGES = [*sorted(DOCS.glob("primer-*.md")), *sorted(DOCS.glob("gallery-*.md")), *FIGURES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_notebook_has_what_its_page_has(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("```python\n") == len(list(PIECE.finditer(text))), "a block is not followed as the notebook needs"
    notebook = notebook_of(text, page.parent)
    assert page.with_suffix(".ipynb").read_text(encoding="utf-8") == written(notebook), (
        f"run python -m tests.primer docs/{page.name}"
    )


def test_every_figure_has_a_row_of_the_index_and_a_place_in_the_navigation():
    index, settings = ((DOCS / name).read_text(encoding="utf-8") for name in ("figures.md", "../mkdocs.yml"))
    assert set(re.findall(r"\]\((figures-[\w-]+\.md)\)", index)) == {page.name for page in FIGURES}
    assert set(re.findall(r": (figures-\S+)", settings)) == {page.name for page in FIGURES}


@pytest.mark.parametrize("page", FIGURES, ids=lambda page: page.stem)
def test_a_page_of_figures_has_source_statement_picture_and_verdict(page):
    text = page.read_text(encoding="utf-8")
    assert re.search(r"\]\(https://doi\.org/\S+\)", text)
    for part in ("**What is stated** (", "**Verdict", "](assets/figures/"):
        assert part in text, part
    for piece in PIECE.finditer(text):
        assert not piece["image"] or (DOCS / piece["image"]).stat().st_size <= 60_000, piece["image"]


def test_the_last_line_of_a_block_is_kept_as_a_notebook_shows_it():
    assert kept("x = 1\nx + 1\n") == "x = 1\nlast_ = x + 1\n"
    assert kept("f(\n    1,\n)\n") == "last_ = f(\n    1,\n)\n"
    assert kept("x = 1\n") == "x = 1\n"


def test_text_code_and_what_it_prints_and_draws(tmp_path):
    (tmp_path / "one.png").write_bytes(b"picture")
    page = (
        "# Title\n\nSee [here](there.md), [it][recurra.it] and [far](https://example.org).\n\n"
        "```python\nx = 1\nprint(x)\n"
        '```\n\n```text\n1\n```\n\n![One](one.png)\n\n```python\nx\n```\n\n??? success "Answers"\n\n    1. Yes.\n'
    )
    install, *cells = notebook_of(page, tmp_path)["cells"]
    assert "".join(install["source"]) == INSTALL.strip()
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "markdown"]
    assert "".join(cells[0]["source"]) == "# Title\n\nSee here, it and [far](https://example.org)."
    assert "".join(cells[1]["source"]) == "x = 1\nprint(x)"
    assert cells[1]["outputs"][0]["text"] == ["1\n"]
    assert cells[1]["outputs"][1]["data"] == {"image/png": "cGljdHVyZQ=="}
    assert cells[2]["outputs"] == []
    assert "".join(cells[3]["source"]) == "**Answers**\n\n1. Yes."
    json.loads(written(notebook_of(page, tmp_path)))
