"""Programs that are kept in the user's cache folder: what is in it, and when there is none."""

import jax
import jax.numpy as jnp
import pytest

from recurra.runs import compiled
from recurra.runs.compiled import kept_programs, usable_folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A cache folder of a user for whom JAX keeps nothing, as if nothing were set."""
    before = {name: getattr(jax.config, name) for name in compiled.SETTINGS}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RECURRA_NO_CACHE", raising=False)
    compiled._set({"jax_compilation_cache_dir": None, "jax_persistent_cache_min_compile_time_secs": 1.0})
    yield tmp_path / "cache" / "recurra"
    compiled._set(before)


def doubled(by):
    """Twice a number, by a program of its own that is compiled now."""
    return float(jax.jit(lambda x: x * jnp.float32(by))(jnp.float32(2)))


def files(home):
    return {path.name: path for path in home.glob("programs-*/*")}


def test_programs_are_kept_and_jax_is_as_it_was(home):
    with kept_programs():
        assert doubled(4) == 8
        assert jax.config.jax_compilation_cache_dir == str(usable_folder())
        with kept_programs():  # within itself it changes nothing
            pass
        assert jax.config.jax_compilation_cache_dir == str(usable_folder())
    kept = files(home)
    assert kept
    assert jax.config.jax_compilation_cache_dir is None
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 1.0
    assert doubled(5) == 10
    assert files(home) == kept
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_damaged_program_is_compiled_again_without_a_word(home):
    with kept_programs():
        doubled(4)
        for path in files(home).values():
            path.write_bytes(path.read_bytes()[:-20])
        assert doubled(4) == 8


def test_where_nothing_is_kept(home, monkeypatch, tmp_path):
    monkeypatch.setenv("RECURRA_NO_CACHE", "1")
    with kept_programs():
        doubled(4)
    assert not home.exists()
    monkeypatch.delenv("RECURRA_NO_CACHE")
    compiled._set({"jax_compilation_cache_dir": str(tmp_path / "own")})
    with kept_programs():
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    assert not home.exists()


def test_a_folder_in_which_others_can_write_is_not_used(home, tmp_path):
    folder = usable_folder()
    assert folder is not None
    for one in (folder, home):
        one.chmod(0o770)
        assert usable_folder() is None
        one.chmod(0o700)
    folder.rmdir()
    (tmp_path / "theirs").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "theirs")
    assert usable_folder() is None


def test_a_folder_that_has_grown_large_begins_anew(home, monkeypatch):
    monkeypatch.setattr(compiled, "MOST_BYTES", 99)
    folder = usable_folder()
    assert folder
    (folder / "one").write_bytes(bytes(99))
    assert usable_folder() == folder
    assert list(folder.iterdir()) == [folder / "one"]
    (folder / "two").write_bytes(bytes(1))
    assert usable_folder() == folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("what", ["_processor", "cores"])
def test_another_processor_has_another_folder(what, home, monkeypatch):
    before = usable_folder()
    monkeypatch.setattr(compiled, what, lambda: "another")
    assert usable_folder() != before


def test_no_home_is_no_error(home, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert usable_folder() is None
    with kept_programs():
        assert doubled(7) == 14
