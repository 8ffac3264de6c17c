"""The border to the terminal: encodings, closed and broken streams, texts of strangers, narrow tables."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.cli.console_tables import PlainConsole, print_table
from recurra.terminal import CONTROL, harmless, one_line


def slow(value):
    """A further example of a kind."""
    return pytest.param(value, marks=pytest.mark.slow)


def recurra(*arguments, environment=None, **options):
    """The program in a process of its own."""
    command = [sys.executable, "-m", "recurra", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONIO", "PYTHONUTF8"))}
    return subprocess.run(command, env={**kept, **(environment or {})}, check=False, **options)


@pytest.mark.parametrize("encoding", ["cp1252", slow("latin-1"), slow("ascii")])
@pytest.mark.slow
def test_a_spec_in_a_file_is_utf8_whatever_the_console_speaks(encoding, tmp_path):
    with (tmp_path / "mine.toml").open("wb") as file:
        done = recurra("run", "flipflop", "--show", stdout=file, environment={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert "φ" in (tmp_path / "mine.toml").read_text("utf-8")


@pytest.mark.thorough
def test_a_closed_standard_output_is_no_error():
    program = "import sys; sys.stdout = None; from recurra.cli.app import main; sys.exit(main(['tasks']))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.thorough
def test_a_reader_that_leaves_early_is_no_traceback():
    command = f"{sys.executable} -m recurra run flipflop --show | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("backend", [slow("module://matplotlib_inline.backend_inline"), slow("nonsense")])
def test_the_backend_of_a_notebook_does_not_stop_pictures(backend, tmp_path):
    picture = str(tmp_path / "and.png")
    done = recurra(
        "tasks", "and", "--plot", picture, environment={"MPLBACKEND": backend}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "and.png").stat().st_size > 1_000


@given(st.text())
def test_no_text_can_steer_the_terminal(text):
    shown = harmless(text)
    assert not CONTROL.search(shown)
    assert "\x1b" not in one_line(text)
    assert len(one_line(text).splitlines()) <= 1


def test_harmless_text_stays_as_it_is():
    assert harmless("φ → 0.5 ± 0.1, naïve\tname\n") == "φ → 0.5 ± 0.1, naïve\tname\n"
    assert harmless("a\x1b[31mred\x1b]8;;http://x\x07") == "a\\x1b[31mred\\x1b]8;;http://x\\x07"


def test_long_words_of_a_message_are_cut():
    line = one_line(f"unknown key {'x' * 5_000}; expected one of: a, b")
    assert len(line) < 400
    assert line.startswith("unknown key xxx")
    assert line.endswith("expected one of: a, b")


def shown(width, rows, title="found"):
    console = PlainConsole(width=width, color_system=None, markup=False)
    with console.capture() as caught:
        print_table(console, title, rows)
    return caught.get()


ROWS = [{"condition": "+++", **{f"a long heading {number}": str(number) for number in range(8)}}]


def test_a_narrow_terminal_gets_every_column_in_parts():
    wide, narrow = shown(300, ROWS), shown(60, ROWS)
    for number in range(8):
        assert f"a long heading {number}" in wide
        assert f"a long heading {number}" in narrow
    assert "found (2 of" in narrow
    assert "of" not in wide.splitlines()[0]
    assert narrow.count("condition") > 1
    assert max(map(len, narrow.splitlines())) <= 60


@pytest.mark.parametrize("name", ["a[/red]b", "[link=http://example.org]x[/link]", "[bold]", ":smile:", "\x1b[2J"])
def test_markup_in_names_is_shown_and_not_obeyed(name):
    text = shown(80, [{"network": name}], title=name)
    assert harmless(name) in text
    assert "\x1b" not in text
