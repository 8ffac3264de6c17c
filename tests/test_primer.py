"""The notebooks of the primer are its pages."""

import json
from pathlib import Path

import pytest

from tests.primer import PIECE, notebook_of, written

PAGES = sorted((Path(__file__).parents[1] / "docs").glob("primer-*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_notebook_has_what_its_page_has(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("```python\n") == len(list(PIECE.finditer(text))), "a block is not followed as the notebook needs"
    notebook = notebook_of(text, page.parent)
    assert page.with_suffix(".ipynb").read_text(encoding="utf-8") == written(notebook), (
        f"run python -m tests.primer docs/{page.name}"
    )


def test_text_code_and_what_it_prints_and_draws(tmp_path):
    (tmp_path / "one.png").write_bytes(b"picture")
    page = (
        "# Title\n\nSee [here](there.md), [it][recurra.it] and [far](https://example.org).\n\n"
        "```python\nx = 1\nprint(x)\n"
        '```\n\n```text\n1\n```\n\n![One](one.png)\n\n```python\nx\n```\n\n??? success "Answers"\n\n    1. Yes.\n'
    )
    cells = notebook_of(page, tmp_path)["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "markdown"]
    assert "".join(cells[0]["source"]) == "# Title\n\nSee here, it and [far](https://example.org)."
    assert "".join(cells[1]["source"]) == "x = 1\nprint(x)"
    assert cells[1]["outputs"][0]["text"] == ["1\n"]
    assert cells[1]["outputs"][1]["data"] == {"image/png": "cGljdHVyZQ=="}
    assert cells[2]["outputs"] == []
    assert "".join(cells[3]["source"]) == "**Answers**\n\n1. Yes."
    json.loads(written(notebook_of(page, tmp_path)))
