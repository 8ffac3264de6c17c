"""The numbers in the pages are those that their commands and their Python print now."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.pages import (
    FENCE,
    commands_shown,
    differences,
    python_shown,
    run_command,
    run_python,
    same_token,
    save_files,
)

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"])
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
RUN = [name for name, text in TEXTS.items() if any(s.printed for s in python_shown(text))]
# A number in prose, and behind it the way to it in `recurra inspect runs/demo --network 2 --json`.
MARKED = re.compile(r"(-?[\d.]+)<!-- ([\w.]+) -->")
AUTHORS = "flipflop3_n400_epoch20.hdf5"
DEMO = "recurra run flipflop --out runs/demo"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where all commands are run, page after page."""
    return tmp_path_factory.mktemp("pages")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if commands_shown(text)])
def test_commands_print_what_the_page_shows(name, folder, request):
    if name == "own.md":
        _made_with_a_task_of_ones_own(folder)
    if DEMO in TEXTS[name]:
        shutil.rmtree(folder / "runs" / "demo", ignore_errors=True)  # another test may have made it
    status, wrong = 0, []
    for shown in commands_shown(TEXTS[name]):
        if AUTHORS in shown.code and not (folder / AUTHORS).exists():
            (folder / AUTHORS).symlink_to(request.getfixturevalue("reference") / AUTHORS)
        printed, status = run_command(shown.code, folder, status)
        found = differences(shown.printed, printed)
        wrong += [f"$ {shown.code}\n{found}"] if found else []
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_python_prints_what_the_page_shows(name, folder):
    _made(folder)
    blocks = python_shown(TEXTS[name])
    printed = run_python([shown.code for shown in blocks], folder)
    wrong = [differences(one.printed, found) for one, found in zip(blocks, printed, strict=True) if one.printed]
    assert not any(wrong), "\n\n".join(filter(None, wrong))


@pytest.mark.parametrize("name", RUN)
def test_python_reads_only_runs_that_its_page_makes(name):
    code = "\n".join(shown.code for shown in python_shown(TEXTS[name]))
    made = {"runs/demo", *re.findall(r'(?:save\(|out=)"(runs/[\w-]+)"', code)}
    assert set(re.findall(r'"(runs/[\w-]+)', code)) <= made, "what no test makes is a block of `py`: tests/pages.py"


@pytest.mark.slow
def test_marked_numbers_are_those_of_the_network(folder):
    _made(folder)
    table = json.loads(run_command("recurra inspect runs/demo --network 2 --seed 0 --json", folder, 0)[0])
    wrong = []
    for shown, way in MARKED.findall(TEXTS["methods.md"]):
        value = table
        for key in way.split("."):
            value = value[int(key)] if isinstance(value, list) else value[key]
        wrong += [] if same_token(shown, f"{value:.6f}") else [f"{way}: {value}, on the page {shown}"]
    assert not wrong


def _made(folder: Path) -> None:
    """The run of the pages, where an earlier test has not made it."""
    if not (folder / "runs" / "demo").exists():
        run_command(DEMO, folder, 0)


def _made_with_a_task_of_ones_own(folder: Path) -> None:
    """The run `tones` of the page on tasks of one's own, with fewer steps."""
    page = TEXTS["own-task.md"]
    save_files([shown.code for shown in python_shown(page)], folder)
    (spec,) = (body for language, body in FENCE.findall(page) if language == "toml")
    (folder / "tones.toml").write_text(spec, encoding="utf-8")
    shorter = "--networks 1 --set training.steps=10 --set training.trials.steps_an_epoch=10"
    printed, status = run_command(f"recurra train tones.toml --use my_task.py {shorter}", folder, 0)
    assert status == 0, printed


def test_there_is_something_to_run():
    assert len(MARKED.findall(TEXTS["methods.md"])) > 10
    assert sum(len(commands_shown(text)) for text in TEXTS.values()) > 15
    assert {name for name, text in TEXTS.items() if MARKED.search(text)} == {"methods.md", "CONTRIBUTING.md"}


@pytest.mark.parametrize("name", TEXTS)
def test_no_output_stands_without_what_prints_it(name):
    """A `text` block follows the Python that prints it; a `console` block begins with a command."""
    before = ""
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```$", TEXTS[name], re.MULTILINE | re.DOTALL):
        assert language != "text" or before == "python", body
        assert language != "console" or body.startswith("$ "), body
        assert language != "sh" or "$ " not in body, body
        before = language


def test_what_agrees():
    assert not differences("┏━━┓\n│ MSE 0.0034 ┃ 8/8 │\nin 3 s", "│ MSE 0.0035 │ 8/8 │ in 40 min")
    assert not differences("one\n…\nlast 2", "one\nand 3\nand 4\nlast 2")
    assert not differences("one …", "one and all")
    assert not differences("success 75%", "success 79%")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("cube R² 1.000", "cube 1.000"),
        ("31 files in x", "32 files in x"),
        ("MSE 0.2", "MSE 0.3"),
        ("success 75%", "success 20%"),
        ("one …", "two and all"),
        ("one … last", "one and all"),
        ("a", "a b"),
        ("a b", "a"),
    ],
)
def test_what_differs(shown, printed):
    assert printed.split()[-1].strip("%") in differences(shown, printed)
