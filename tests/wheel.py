"""Builds the package as it is published, installs it in an environment of its own, and runs the README's Python there.

`python tests/wheel.py`: once with the C++ compiler, from the checkout, where what is compiled is not compiled again;
once without one, from the source archive. Nothing of the checkout is seen there: neither its modules nor its libraries.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
README = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
SOURCES = subprocess.run(
    ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
NO_COMPILER = {"CC": "/no/compiler", "CXX": "/no/compiler"}
LIBRARY = "recurra/engine/native/librecurra_engine"
NOT_CARRIED = {"RECURRA_REQUIRE_NATIVE", "PYTHONPATH", "XLA_FLAGS"}  # the checkout's settings


def run(command: list, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a command printed; an error when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_CARRIED} | settings
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def source_archive(folder: Path) -> Path:
    build = f"from scikit_build_core.build import build_sdist; build_sdist({str(folder)!r})"
    run([sys.executable, "-c", build], ROOT)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def wheel_of(source: Path, folder: Path, **settings: str) -> Path:
    folder.mkdir()
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source], folder, **settings)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_archive(archive: Path) -> None:
    """All files of the package, what builds it, and none of the reproductions."""
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    expected = {*SOURCES, "CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml"}
    assert not expected - names, f"{archive.name} lacks {sorted(expected - names)}"
    assert not [name for name in names if name.startswith("reproductions")]


def check_wheel(wheel: Path, native: bool) -> None:
    """All files of the package but the C++, the licence, and a description without a link to the repository."""
    names = zipfile.ZipFile(wheel).namelist()
    expected = {name.removeprefix("src/") for name in SOURCES if not name.endswith((".cc", ".h"))}
    assert not expected - set(names), f"{wheel.name} lacks {sorted(expected - set(names))}"
    assert any(name.endswith("/licenses/LICENSE") for name in names), f"{wheel.name} lacks the licence"
    assert any(name.startswith(LIBRARY) for name in names) == native, f"{wheel.name}: native engine expected {native}"
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    links = re.findall(r"\]\((?!https?:)[^)]*\)", zipfile.ZipFile(wheel).read(metadata).decode())
    assert not links, f"the description links to {links}, which are only in the repository"


def check_runs(python: Path, folder: Path, native: bool) -> None:
    """The README's lines, with one warning where the native engine is not there."""
    (code,) = README
    done = run([python, "-I", "-c", code], folder)
    sys.stdout.write(f"{done.stdout}{done.stderr}\n")
    assert done.stdout.startswith("4/4"), "not all of the README's networks were trained"
    warnings = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert len(warnings) == (0 if native else 1), done.stderr


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="recurra-wheel-") as name:
        folder = Path(name)
        archive = source_archive(folder)
        check_archive(archive)
        native = wheel_of(ROOT, folder / "native", RECURRA_REQUIRE_NATIVE="1")
        portable = wheel_of(archive, folder / "portable", **NO_COMPILER)
        venv.create(folder / "clean")
        python = folder / "clean" / "bin" / "python"
        for wheel, options in ((native, []), (portable, ["--no-deps", "--force-reinstall"])):
            check_wheel(wheel, wheel is native)
            run([*PIP, "--python", python, "install", "--no-compile", *options, wheel], folder)
            check_runs(python, folder, wheel is native)


if __name__ == "__main__":
    main()
