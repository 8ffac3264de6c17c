"""Makes the notebooks of the primer, the galleries and the papers' figures from their pages, and the pages' images.

`python -m tests.primer docs/primer-*.md` runs each page, saves the figure that a block draws, or that its last line
gives, as the image that the page shows behind the block, puts in the page what its blocks print, and writes the
notebook of the page beside it.
"""

import ast
import base64
import json
import re
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from tests.pages import run_python

PIECE = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?(?:\n!\[(?P<alt>[^\]]*)\]\((?P<image>[^)]*)\)\n)?",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)|\[([^\]]+)\]\[[^\]]*\]")
FOLDED = re.compile(r"^\?\?\? \w+ \"(.*)\"\n((?:    .*\n|\n)*)", re.MULTILINE)
DRAWING = {"plot", "set", "legend", "supxlabel", "supylabel", "set_title", "set_xlabel", "set_ylabel", "axhline"}
DPI, GALLERY_DPI = 110, 90
GALLERIES = ("gallery", "tasks")  # folders of many small images
INSTALL = """\
import importlib.util

if importlib.util.find_spec("recurra") is None:
    %pip install --quiet recurra
"""
SAVE = """
import matplotlib.pyplot as plt
from PIL import Image
shown_ = plt.gcf() if plt.get_fignums() else last_
shown_.savefig({path!r}, dpi={dpi}, bbox_inches="tight", metadata={{"Software": None}})
Image.open({path!r}).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE).save({path!r}, optimize=True)
plt.close("all")
"""


def notebook_of(page: str, folder: Path) -> dict[str, Any]:
    """The notebook of a page: how to install recurra, the page's text, its code, and what the code prints and draws.

    Args:
        page: the text of the page.
        folder: where its images are.
    """
    cells, at = [_code(INSTALL, [])], 0
    for piece in PIECE.finditer(page):
        cells += _text(page[at : piece.start()])
        outputs: list[dict[str, Any]] = []
        if piece["printed"]:
            outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(piece["printed"])})
        if piece["image"]:
            drawn = base64.b64encode((folder / piece["image"]).read_bytes()).decode()
            outputs.append({"output_type": "display_data", "metadata": {}, "data": {"image/png": drawn}})
        cells.append(_code(piece["code"], outputs))
        at = piece.end()
    cells += _text(page[at:])
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


def _code(code: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    code = code.strip("\n").replace('"reproductions/', '"../reproductions/')  # a notebook runs in its own folder
    source = _lines(f"{code};" if outputs and _draws(code) else code)
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "source": source, "outputs": outputs}


def _draws(code: str) -> bool:
    """Whether the last line is a call that draws: a notebook would print what it returns above the figure."""
    last = ast.parse(code).body[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in DRAWING


def _text(markdown: str) -> list[dict[str, Any]]:
    markdown = FOLDED.sub(lambda part: f"**{part[1]}**\n{textwrap.dedent(part[2])}", markdown)
    plain = LINK.sub(lambda link: link[1] or link[2], markdown).strip("\n")
    return [{"cell_type": "markdown", "metadata": {}, "source": _lines(plain)}] if plain else []


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def written(notebook: dict[str, Any]) -> str:
    """The text of its file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _saving(target: Path) -> str:
    dpi = GALLERY_DPI if target.parent.name in GALLERIES else DPI
    return SAVE.format(path=str(target.resolve()), dpi=dpi)


def remade(path: Path) -> None:
    """Run the page, and write its figures, its printed lines and its notebook."""
    page = path.read_text(encoding="utf-8")
    pieces = list(PIECE.finditer(page))
    blocks = ["import matplotlib\nmatplotlib.use('Agg')\n"]
    for piece in pieces:
        target = path.parent / piece["image"] if piece["image"] else None
        if target:
            target.parent.mkdir(parents=True, exist_ok=True)
        blocks.append(kept(piece["code"]) + _saving(target) if target else piece["code"])
    with tempfile.TemporaryDirectory() as folder:
        printed = run_python(blocks, Path(folder))[1:]
    for piece, found in reversed(list(zip(pieces, printed, strict=True))):
        if piece["printed"] is not None:
            page = page[: piece.start("printed")] + found + page[piece.end("printed") :]
    path.write_text(page, encoding="utf-8")
    path.with_suffix(".ipynb").write_text(written(notebook_of(page, path.parent)), encoding="utf-8")


def kept(code: str) -> str:
    """The code, with the value of its last line under a name: a notebook shows it if it is a figure."""
    last, lines = ast.parse(code).body[-1], code.splitlines(keepends=True)
    if isinstance(last, ast.Expr):
        lines[last.lineno - 1] = f"last_ = {lines[last.lineno - 1]}"
    return "".join(lines)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        remade(Path(argument))
