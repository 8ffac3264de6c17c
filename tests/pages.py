"""Runs what the pages show, and compares what it prints with what stands there.

`python tests/pages.py docs/command-line.md` puts in the page what its commands print now, but where it has an ellipsis.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[+-]?\d+)?")
TIMES = re.compile(r"[\d.,]+ (?:s|min|h|GFLOP/s)\b")  # the machine's
COUNTED = {"files", "networks", "units", "steps", "groups"}  # numbers of these must be the same
NEAR = 0.3  # relative difference of two numbers: another processor rounds otherwise, and training makes more of it
NEAR_ZERO, NEAR_PERCENT = 0.01, 5.0
OF_TESTS = ("XLA_FLAGS", "JAX_COMPILATION_CACHE_DIR")  # set in conftest.py: with them the numbers have other bits
PROCESSOR = {  # whatever the machine: other instructions round otherwise, after which a network is another one
    "RECURRA_INSTRUCTIONS": "avx2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
BETWEEN = "\x1e"
TABLES = Path(__file__).parents[1] / "reproductions"  # of the studies, which pages read as in a checkout
FILE = re.compile(r"# (\w+\.py)\n")  # what a block begins with that the reader saves


@dataclass(frozen=True)
class Shown:
    """A command, or a piece of Python, and what a page says that it prints.

    Args:
        code: of one command, without the prompt, or of one block.
        printed: as the page has it.
    """

    code: str
    printed: str


def commands_shown(page: str) -> list[Shown]:
    """The commands of all `console` blocks."""
    found = []
    for language, body in FENCE.findall(page):
        if language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                code, _, printed = part.partition("\n")
                found.append(Shown(code, printed))
    return found


def python_shown(page: str) -> list[Shown]:
    """All `python` blocks, each with the `text` block that follows it, if one does before the next Python.

    A block of `py` looks the same to the reader and is not run: it has what is not installed, or a run that takes long.
    """
    fences = [(language, body) for language, body in FENCE.findall(page) if language in ("python", "text")]
    following = [*fences, ("", "")][1:]
    return [
        Shown(body, after if kind == "text" else "")
        for (language, body), (kind, after) in zip(fences, following, strict=True)
        if language == "python"
    ]


def run_command(code: str, folder: Path, last: int) -> tuple[str, int]:
    """What a command prints on both streams, and its exit status; `echo $?` has that of the last one."""
    if code == "echo $?":
        return f"{last}\n", 0
    name, *arguments = shlex.split(code)
    assert name == "recurra", f"pages show recurra's commands only, not {name}"
    return _printed(["-m", "recurra", *arguments], folder)


def run_python(blocks: list[str], folder: Path) -> list[str]:
    """What each block prints, all in one go; a block that is a file is there to be imported."""
    save_files(blocks, folder)
    if not (folder / TABLES.name).exists():
        (folder / TABLES.name).symlink_to(TABLES)
    text, status = _printed(["-c", f"\nprint({BETWEEN!r})\n".join(blocks)], folder)
    assert status == 0, text
    return [part.lstrip("\n") for part in text.split(BETWEEN)]


def save_files(blocks: list[str], folder: Path) -> None:
    """Those Python blocks that are whole files, under the names that they begin with."""
    for block in blocks:
        if name := FILE.match(block):
            (folder / name[1]).write_text(block, encoding="utf-8")


def _printed(arguments: list[str], folder: Path) -> tuple[str, int]:
    surroundings = {name: value for name, value in os.environ.items() if name not in OF_TESTS}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=surroundings | PROCESSOR | {"PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE), done.returncode


def differences(shown: str, printed: str) -> str:
    """What differs in a line; nothing where the two agree.

    Words must be the same, numbers near each other, times of the machine are left out. An ellipsis stands for anything.
    """
    found, at = _tokens(printed), 0
    pieces = [_tokens(piece) for piece in shown.split("…")]
    for number, piece in enumerate(pieces):
        places = [at] if number == 0 else range(at, len(found) - len(piece) + 1)
        if number == len(pieces) - 1:
            places = [place for place in places if place + len(piece) == len(found)]
        fitting = [place for place in places if _same(piece, found[place : place + len(piece)])]
        if not fitting:
            return f"the page has\n{' '.join(piece)}\nand printed is\n{' '.join(found[at:])}"
        at = fitting[0] + len(piece)
    return ""


def _tokens(text: str) -> list[str]:
    plain = re.sub(r"[\u2500-\u257f]+", " ", TIMES.sub("TIME", text))
    return re.findall(rf"{NUMBER.pattern}|[^\W\d]+|[^\w\s]", plain)


def _same(shown: list[str], printed: list[str]) -> bool:
    if len(shown) != len(printed):
        return False
    following = [*shown[1:], ""]
    return all(map(same_token, shown, printed, following))


def same_token(shown: str, printed: str, following: str = "") -> bool:
    """Whether a word is the same, or a number near; what follows it says how near."""
    if not (NUMBER.fullmatch(shown) and NUMBER.fullmatch(printed)) or following in COUNTED:
        return shown == printed
    one, other = (float(text.replace(",", "")) for text in (shown, printed))
    bound = NEAR_PERCENT if following == "%" else NEAR_ZERO
    return abs(one - other) <= bound + NEAR * min(abs(one), abs(other))


def rewritten(page: str, folder: Path) -> str:
    """The page with what its commands and its Python print now, where it has no ellipsis."""
    last = 0
    for shown in commands_shown(page):
        printed, last = run_command(shown.code, folder, last)
        if "…" not in shown.printed:
            page = page.replace(f"$ {shown.code}\n{shown.printed}", f"$ {shown.code}\n{printed}")
    blocks = python_shown(page)
    if any(shown.printed for shown in blocks):
        for shown, printed in zip(blocks, run_python([shown.code for shown in blocks], folder), strict=True):
            if shown.printed:
                page = page.replace(f"```text\n{shown.printed}```", f"```text\n{printed}```")
    return page


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            text = rewritten(Path(name).read_text(encoding="utf-8"), Path(place))
        Path(name).write_text(text, encoding="utf-8")
