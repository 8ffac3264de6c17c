"""Every stretch of a training says with what it was made, and a resume that would give other bits says so first."""

import copy
import json
import os

import pytest

from recurra import surroundings
from recurra.cli.app import main
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.stretches import differences
from recurra.storage.run_folder import RunFolder
from recurra.training import Training


@pytest.fixture
def cut(small_spec, tmp_path, monkeypatch):
    """A run that was interrupted after its first epoch."""
    advance = Training.advance

    def once(self, state, on_steps=lambda _: None):
        if state.epoch == 1:
            monkeypatch.setattr(Training, "advance", advance)
            raise KeyboardInterrupt
        return advance(self, state, on_steps)

    monkeypatch.setattr(Training, "advance", once)
    with pytest.raises(KeyboardInterrupt):
        start_run(small_spec, tmp_path / "cut", False, SilentProgress(), "portable")
    return RunFolder.open(tmp_path / "cut")


@pytest.mark.thorough
def test_a_resume_adds_a_stretch(cut):
    (first,) = cut.entry("stretches")
    assert first["epoch"] == 0
    assert set(first["versions"]) == set(surroundings.PACKAGES)
    resume_run(cut, None, SilentProgress())
    first, second = cut.entry("stretches")
    assert second["epoch"] == 1
    assert second["versions"] == first["versions"]
    assert "gave_up" not in second


def test_another_version_is_refused_unless_told(cut, monkeypatch, capsys):
    version = surroundings.version
    monkeypatch.setattr(surroundings, "version", lambda name: "99.9" if name == "jaxlib" else version(name))
    before = (cut.path / "run.json").read_text()
    own = version("jaxlib")
    with pytest.raises(ValueError, match=rf"was trained with jaxlib {own}, here 99.9. Going on here breaks"):
        resume_run(cut, None, SilentProgress())
    assert (cut.path / "run.json").read_text() == before
    resume_run(cut, None, SilentProgress(), anyway=True)
    assert cut.entry("stretches")[1]["gave_up"] == [f"jaxlib {own}, here 99.9"]
    assert cut.entry("status") == "trained"


def test_the_command_line_says_how_to_go_on_anyway(cut, small_spec, monkeypatch, capsys, tmp_path):
    from recurra.runs.show import to_toml

    before = os.environ.get("XLA_FLAGS", "")  # this process began with it
    added = "--xla_cpu_enable_fast_math=true --xla_force_host_platform_device_count=2"
    monkeypatch.setenv("XLA_FLAGS", f"{before} {added}".strip())
    (tmp_path / "small.toml").write_text(to_toml(small_spec), encoding="utf-8")
    command = ["train", str(tmp_path / "small.toml"), "--out", str(cut.path)]
    assert main([*command, "--resume"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    here = " ".join(sorted(f"{before} --xla_cpu_enable_fast_math=true".split()))
    assert f"was trained with XLA_FLAGS {before or 'none'}, here {here}. Going on" in said
    assert f"recurra run --resume-anyway {cut.path}" in said
    assert main([*command, "--resume-anyway"]) == 0
    assert len(json.loads((cut.path / "run.json").read_text())["stretches"]) == 2


STRETCH = {
    "numerics": 2,
    "versions": {"jax": "1", "jaxlib": "1", "optax": "1", "numpy": "1"},
    "engine": {"name": "native", "instructions": "avx512", "threads": 2},
    "machine": {"processor": "x86_64", "vectors": "avx512f", "cores": 2},
    "settings": {"XLA_FLAGS": "--b --a", "JAX_ENABLE_X64": "1"},
}


def changed(*path_and_value):
    *path, last, value = path_and_value
    made = copy.deepcopy(STRETCH)
    inner = made
    for name in path:
        inner = inner[name]
    inner[last] = value
    return made


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed("versions", "numpy", "2"), []),
        (changed("engine", "threads", 16), []),
        (changed("engine", "instructions", "avx2"), []),
        (changed("settings", "JAX_ENABLE_X64", "0"), []),
        (changed("settings", "XLA_FLAGS", "--a --b --xla_dump_to=/x"), []),
        (changed("versions", "jax", "2"), ["jax 1, here 2"]),
        (changed("versions", "optax", "2"), ["optax 1, here 2"]),
        (changed("numerics", 3), ["the numerics of recurra 2, here 3"]),
        (changed("engine", "name", "portable"), ["the engine native, here portable"]),
        (changed("machine", "processor", "arm64"), ["a processor x86_64, here arm64"]),
        (changed("machine", "vectors", "avx2"), ["the vectors avx512f, here avx2"]),
        (
            changed("engine", "instructions", "baseline"),
            ["instructions with fused products (amx, avx512bf16, avx512, avx2), here baseline"],
        ),
        (changed("settings", "XLA_FLAGS", "--a"), ["XLA_FLAGS --a --b, here --a"]),
    ],
)
def test_what_decides_the_bits(new, expected):
    assert [one for one in differences(STRETCH, new) if not one.startswith("instructions") or expected] == expected


def test_rounded_products_have_the_bits_of_their_instructions():
    rounded = changed("engine", "name", "native-bfloat16")
    other = {**rounded, "engine": {**rounded["engine"], "instructions": "amx"}}
    assert differences(other, other) == []
    assert differences(rounded, other) == [f"instructions {rounded['engine']['instructions']}, here amx"]


def test_what_an_older_run_does_not_say_is_no_difference():
    assert differences({}, STRETCH) == []
    assert differences({"versions": {"jax": "0"}}, STRETCH) == ["jax 0, here 1"]
