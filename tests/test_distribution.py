"""One version everywhere, the oldest JAX, and the workflow that makes wheels where the project will be public."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import recurra
from test_docs import COMMANDS

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
VERSION = PYPROJECT["project"]["version"]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "wheels.yml").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
RELEASES = re.findall(r"^## \[(.*?)\] - (.*)$", CHANGELOG, re.MULTILINE)


# ---- the version


def test_the_version_is_that_of_pyproject():
    assert recurra.__version__ == VERSION
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_newest_release_of_the_changelog_is_this_version():
    assert RELEASES[0][0] == VERSION
    numbers = [tuple(map(int, version.split("."))) for version, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(re.findall(r"^## ", CHANGELOG, re.MULTILINE)) == len(RELEASES), "a heading without version and date"
    for _, date in RELEASES:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d|not released yet", date)
    assert all(re.match(r"\d", date) for _, date in RELEASES[1:]), "only the newest version can wait for its release"


# ---- the versions of others


def test_the_native_engine_is_compiled_with_the_headers_of_the_oldest_jax():
    """JAX refuses a library that was compiled with the headers of a newer one."""
    (bound,) = (name.partition(">=")[2] for name in PYPROJECT["project"]["dependencies"] if name.startswith("jax>="))
    (built,) = (name for name in PYPROJECT["build-system"]["requires"] if name.startswith("jaxlib=="))
    assert built.startswith(f"jaxlib=={bound}.0;")


# ---- the workflow


def commands_of(job):
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def actions_of(job):
    return [step["uses"].partition("@")[0] for step in WORKFLOW["jobs"][job]["steps"] if "uses" in step]


def test_wheels_are_made_for_linux_and_macos_with_the_native_engine():
    job = WORKFLOW["jobs"]["native"]
    runners = [one["runner"] for one in job["strategy"]["matrix"]["include"]]
    assert [re.sub(r"[\d.]+", "", runner) for runner in runners] == ["ubuntu-", "ubuntu--arm", "macos-"]
    assert actions_of("native")[1] == "pypa/cibuildwheel"
    settings = PYPROJECT["tool"]["cibuildwheel"]
    assert settings["environment"]["RECURRA_REQUIRE_NATIVE"] == "1", "a wheel without the engine must be an error"
    assert settings["archs"] == ["native"], "each runner builds for its own processor"


def test_windows_runs_the_wheel_without_the_native_engine():
    assert "python -m build --wheel --config-setting wheel.cmake=false" in commands_of("portable")
    assert WORKFLOW["jobs"]["windows"]["needs"] == "portable"
    assert WORKFLOW["jobs"]["windows"]["runs-on"].startswith("windows-")
    assert "actions/checkout" not in actions_of("windows"), "it would test the checkout"


def test_nothing_is_published_without_a_tag_and_all_tests():
    job = WORKFLOW["jobs"]["publish"]
    assert job["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(job["needs"]) == set(WORKFLOW["jobs"]) - {"publish"}
    assert WORKFLOW["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("where", ["windows", "cibuildwheel"])
def test_what_is_run_in_the_workflow_is_a_command(where):
    lines = commands_of(where) if where == "windows" else [PYPROJECT["tool"]["cibuildwheel"]["test-command"]]
    (words,) = (line.rpartition("recurra ")[2].split() for line in lines if "recurra run" in line)
    given = COMMANDS[words[0]].make_context(words[0], words[1:]).params
    assert given["units"] == 12
    assert given["networks"] == 2
