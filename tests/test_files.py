"""Files in one piece: whole or as they were, new, through no link, named as the user named them."""

import errno
import os

import pytest

from recurra.storage import files
from recurra.storage.files import check_plain, new_file, new_folder, replace_bytes, sweep


def test_a_link_is_replaced_and_not_followed(tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    for name in ("report.html", "report.html.partial"):
        (tmp_path / name).symlink_to(precious)
    replace_bytes(tmp_path / "report.html", b"a report")
    assert precious.read_text() == "years of work"
    assert (tmp_path / "report.html").read_bytes() == b"a report"
    assert not (tmp_path / "report.html").is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.txt", "report.html", "report.html.partial"}


def test_a_failure_leaves_what_was_there(tmp_path):
    def parts():
        yield b"half a"
        raise OSError("no space left")

    path = tmp_path / "report.html"
    path.write_text("the old report")
    with pytest.raises(OSError, match="no space left"), new_file(path) as file:
        file.writelines(parts())
    assert path.read_text() == "the old report"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_names_the_users_file(call, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "p.partial")

    monkeypatch.setattr(os if call == "fsync" else files.Path, call, full)
    with pytest.raises(OSError, match="No space left") as caught:
        replace_bytes(tmp_path / "p.png", b"picture")
    assert caught.value.filename == str(tmp_path / "p.png")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        replace_bytes(tmp_path / "nowhere" / "p.png", b"picture")
    assert caught.value.filename == str(tmp_path / "nowhere" / "p.png")
    with pytest.raises(ValueError, match="is a folder; expected the name of a file"):
        replace_bytes(tmp_path, b"picture")
    with pytest.raises(ValueError, match="is a device; expected the name of a file"):
        replace_bytes(files.Path("/dev/null"), b"picture")
    long = tmp_path / ("x" * 240)
    replace_bytes(long, b"a long name")
    assert long.read_bytes() == b"a long name"


def test_new_folder_is_whole_or_not_there(tmp_path):
    (tmp_path / "ex.partial").mkdir()
    (tmp_path / "ex.partial" / "mine.txt").write_text("mine")
    with pytest.raises(TypeError, match="must be str"), new_folder(tmp_path / "ex") as folder:
        (folder / "a.csv").write_text(1)
    assert not (tmp_path / "ex").exists()
    with new_folder(tmp_path / "ex") as folder:
        (folder / "a.csv").write_text("1")
    assert (tmp_path / "ex" / "a.csv").read_text() == "1"
    assert (tmp_path / "ex.partial" / "mine.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(ValueError, match="ex exists; choose another folder"), new_folder(tmp_path / "ex"):
        pass
    (tmp_path / "hanging").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="hanging exists"), new_folder(tmp_path / "hanging"):
        pass


def test_an_error_inside_a_new_folder_names_the_file_to_be(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, new_folder(tmp_path / "ex") as folder:
        (folder / "no" / "a.csv").write_text("1")
    assert caught.value.filename == str(tmp_path / "ex" / "no" / "a.csv")


def test_sweep_and_plain(tmp_path):
    (tmp_path / "run.zarr").mkdir()
    for name in (".recurra-1.partial", "run.zarr/0.ab.partial", "run.zarr/0"):
        (tmp_path / name).write_text("x")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["0", "run.zarr"]
    check_plain(tmp_path)
    (tmp_path / "run.zarr" / "c").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=r"run\.zarr/c is a link; recurra reads and writes plain files only"):
        check_plain(tmp_path)
    (tmp_path / "run.zarr" / "c").unlink()
    os.mkfifo(tmp_path / "run.zarr" / "c")
    with pytest.raises(ValueError, match="c is a pipe or device"):
        check_plain(tmp_path)
