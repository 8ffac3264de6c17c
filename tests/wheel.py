"""What `make wheel` left in dist/, checked, installed in environments of its own, and run there.

`python tests/wheel.py`: the wheel with today's dependencies and with the oldest that pyproject.toml allows, where no
compiler is found; then the source archive, which such a machine installs without the native engine. Nothing of the
checkout is seen there: neither its modules nor its libraries.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
SOURCES = subprocess.run(
    ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
BESIDE_SOURCES = {
    "CHANGELOG.md",
    "CITATION.cff",
    "CMakeLists.txt",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "PKG-INFO",
}
BESIDE_SOURCES |= {"README.md", "pyproject.toml"}
NO_COMPILER = {"CC": "/no/compiler", "CXX": "/no/compiler"}
NOT_CARRIED = {"RECURRA_REQUIRE_NATIVE", "PYTHONPATH", "XLA_FLAGS"}  # the checkout's settings
LIBRARY = "recurra/engine/native/librecurra_engine.so"
INSTRUCTIONS = (b"baseline", b"avx2", b"avx512", b"avx512bf16", b"amx")  # of a wheel for x86-64
MIB = 1024 * 1024
SMALL = ["--units", "12", "--networks", "2", "--set", "training.steps=20", "--set", "training.trials.steps_an_epoch=10"]


def run(command: list, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a command printed; an error when it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_CARRIED} | settings
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def check_archive(archive: Path) -> None:
    """All files of the package, what builds it, and nothing else: no CI, no pictures, no pages, no runs."""
    with tarfile.open(archive) as opened:
        names = {member.name.partition("/")[2] for member in opened.getmembers() if member.isfile()}
    expected = {*SOURCES, *BESIDE_SOURCES}
    assert names == expected, f"{archive.name} lacks {sorted(expected - names)}, and has {sorted(names - expected)}"
    assert archive.stat().st_size < MIB, f"{archive.name} is larger than 1 MiB"


def check_wheel(wheel: Path, native: bool) -> None:
    """All files of the package but the C++, the licence, and a description without a link to the repository."""
    files = zipfile.ZipFile(wheel)
    names = files.namelist()
    expected = {name.removeprefix("src/") for name in SOURCES if not name.endswith((".cc", ".h"))}
    assert not expected - set(names), f"{wheel.name} lacks {sorted(expected - set(names))}"
    assert any(name.endswith("/licenses/LICENSE") for name in names), f"{wheel.name} lacks the licence"
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    links = re.findall(r"\]\((?!https?:)[^)]*\)", files.read(metadata).decode())
    assert not links, f"the description links to {links}, which are only in the repository"
    assert wheel.stat().st_size < 3 * MIB, f"{wheel.name} is larger than 3 MiB"
    assert (LIBRARY in names) == native, f"{wheel.name}: native engine expected {native}"
    tag = "-py3-none-manylinux_" if native else "-py3-none-any"
    assert tag in wheel.name, f"{wheel.name}: expected {tag}"
    if native and "x86_64" in wheel.name:
        library = files.read(LIBRARY)
        missing = [name for name in INSTRUCTIONS if name + b"\0" not in library]
        assert not missing, f"{wheel.name} lacks the instruction sets {missing}"


def environment_with(package: Path, folder: Path, *options: str | Path) -> Path:
    """The Python of a new environment with the package, from the package index."""
    venv.create(folder, with_pip=True)
    install(folder / "bin" / "python", package, *options)
    return folder / "bin" / "python"


def install(python: Path, package: Path, *options: str | Path) -> None:
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-compile"]
    run([*pip, *options, package], python.parent, **on_path_of(python))


def on_path_of(python: Path) -> dict[str, str]:
    """The settings of a machine on which nothing is installed but this Python."""
    return {"PATH": str(python.parent), **NO_COMPILER}


def oldest(folder: Path) -> Path:
    """Constraints for pip: of every dependency the oldest version that the package allows."""
    bounds = dict(dependency.split(">=") for dependency in PROJECT["dependencies"])
    path = folder / "oldest.txt"
    path.write_text("".join(f"{name}=={bound}\n" for name, bound in {**bounds, "jaxlib": bounds["jax"]}.items()))
    return path


def check_readme(python: Path, folder: Path) -> None:
    """The README's lines train four networks."""
    (code,) = README
    done = run([python, "-I", "-c", code], folder, **on_path_of(python))
    sys.stdout.write(f"{done.stdout}{done.stderr}\n")
    assert done.stdout.startswith("4/4"), "not all of the README's networks were trained"
    assert not done.stderr, done.stderr


def check_commands(python: Path, folder: Path, engine: str) -> None:
    """A run with its report by the engine, of which the portable one warns once; and one network's numbers."""
    settings, recurra = on_path_of(python), python.with_name("recurra")
    assert run([recurra, "--version"], folder, **settings).stdout == f"{PROJECT['version']}\n"
    made = folder / f"run-{python.parents[1].name}-{engine}"
    done = run([recurra, "run", "flipflop", "--out", made, *SMALL], folder, **settings)
    about = json.loads((made / "run.json").read_text())
    found = {"status": about["status"], "engine": about["engine"]["name"], "numpy": about["versions"]["numpy"]}
    sys.stdout.write(f"{found | {'jax': about['versions']['jax']}}\n")
    assert (found["status"], found["engine"]) == ("analysed", engine)
    assert done.stderr.count("portable engine") == (engine == "portable"), done.stderr
    assert (made / "report.html").stat().st_size > MIB
    assert json.loads(run([recurra, "inspect", made, "--json"], folder, **settings).stdout)


def main() -> None:
    (archive,), (wheel,) = (list((ROOT / "dist").glob(f"*{ending}")) for ending in (".tar.gz", ".whl"))
    check_archive(archive)
    check_wheel(wheel, native=True)
    with tempfile.TemporaryDirectory(prefix="recurra-wheel-") as name:
        folder = Path(name)
        python = environment_with(wheel, folder / "newest")
        check_readme(python, folder)
        check_commands(python, folder, "native")
        check_commands(environment_with(wheel, folder / "oldest", "--constraint", oldest(folder)), folder, "native")

        build = [python, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", folder / "portable", archive]
        run(build, folder, **on_path_of(python))
        (portable,) = (folder / "portable").glob("*.whl")
        check_wheel(portable, native=False)
        install(python, portable, "--no-deps", "--force-reinstall")
        check_commands(python, folder, "portable")


if __name__ == "__main__":
    main()
