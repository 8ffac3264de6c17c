"""Files and folders that are whole or not there, on the disk before they are named, and nobody else's."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

OURS = ".recurra-"  # how the names begin of what recurra leaves nowhere but after a crash
SYNCS_AT_ONCE = 16  # a file system writes its journal once for many


def replace_text(path: Path, text: str, folders: bool = False) -> None:
    """Write a text file, UTF-8, in one piece: it is there whole, or as it was.

    Args:
        path: the file.
        text: what is put in.
        folders: whether missing folders on the way to it are made, as for a file that a user names.
    """
    replace_bytes(path, text.encode(), folders)


def replace_bytes(path: Path, content: bytes | memoryview, folders: bool = False) -> None:
    """Write a file in one piece: it is there whole, or as it was; one that has this content already is not touched."""
    if folders:
        make_folder_of(path)
    if (
        path.is_file()
        and not path.is_symlink()
        and path.stat().st_size == len(content)
        and path.read_bytes() == content
    ):
        return
    with new_file(path) as file:
        file.write(content)


def make_folder_of(path: Path) -> None:
    """Make the folder that a file will be in; an error names the file and what is in the way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f"{path} cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written in one piece: it takes the place of `path` when it is whole and on the disk.

    Until then it has a random name beside it, in a file that nobody had before; it is removed if anything fails. A
    link at `path` is replaced and not followed.

    Raises:
        OSError: the file cannot be written; it names `path`.
        ValueError: something that is neither a file nor a link to one stands at `path`.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} is a {'folder' if path.is_dir() else 'device'}; expected the name of a file")
    partial = beside(path)
    with naming_file(path):
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            with suppress(OSError):
                partial.unlink()
        sync(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to be filled: it becomes `path`, which must not exist, when it is whole, and is removed if that fails.

    Raises:
        ValueError: `path` exists.
        OSError: it cannot be written; it names `path`, or the file in it.
    """
    if os.path.lexists(path):
        raise ValueError(f"{path} exists; choose another folder")
    partial = beside(path)
    with naming_file(path, partial):
        make_folder(path.parent)
        partial.mkdir()
        try:
            yield partial
            sync_tree(partial)
            if os.path.lexists(path):  # made by someone else meanwhile
                raise ValueError(f"{path} exists; choose another folder")
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync(path.parent)


@contextmanager
def naming_file(path: Path, partial: Path | None = None) -> Iterator[None]:
    """An `OSError` names `path`, which the user knows, and not the file that will take its place.

    Args:
        path: what the user named.
        partial: where it is until it is whole; files within keep their names.
    """
    try:
        yield
    except OSError as error:
        name = path
        if partial is not None and error.filename and Path(error.filename).is_relative_to(partial):
            name = path / Path(error.filename).relative_to(partial)
        raise OSError(error.errno, error.strerror or str(error), str(name)) from None


def beside(path: Path) -> Path:
    """A name in the folder of `path` that nothing has."""
    return path.with_name(f"{OURS}{secrets.token_hex(8)}.partial")


def shown(path: Path) -> Path:
    """A path as messages name it: as seen from here where it is below here."""
    with suppress(OSError):  # the folder that we are in may be gone
        here = Path.cwd()
        return path.relative_to(here) if here in path.parents else path
    return path


def describe(error: OSError, resumable: bool) -> str:
    """What went wrong with which file, and what helps.

    Args:
        error: the error.
        resumable: whether the command has an option that goes on from where it was.
    """
    name = shown(Path(error.filename)) if error.filename else "standard output"  # what has no name is the terminal's
    words = f"{name}: {error.strerror or error}"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return words
    goes_on = "; the same command with --resume goes on from the last epoch" if resumable and error.filename else ""
    return f"{words}. Free some space{goes_on}"


def make_folder(path: Path) -> None:
    """Make a folder and those that it lies in, where they are missing, and wait until their names are on the disk."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync(one.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; what cannot be synced is left to the system."""
    with suppress(PermissionError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # a file system without it
                raise
        finally:
            os.close(descriptor)


def sync_all(paths: list[Path]) -> None:
    """Wait until all files and folders are on the disk."""
    with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:
        list(pool.map(sync, paths))


def sync_tree(path: Path) -> None:
    """Wait until a folder and all that is in it are on the disk."""
    sync_all([Path(entry, name) for entry, _, names in os.walk(path) for name in [*names, "."]])


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; nothing that a link leads to. It may be missing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what a crash has left of files that were being written, in a folder and all that is in it."""
    for folder, _, names in os.walk(path):
        for name in names:
            if name.endswith(".partial"):
                (Path(folder) / name).unlink(missing_ok=True)


def check_plain(path: Path) -> None:
    """A file, or all that is in a folder, must be plain: no link, which may lead anywhere, and no pipe."""
    left = [path]
    while left:
        here = left.pop()
        kind = here.lstat().st_mode
        if stat.S_ISDIR(kind):
            with os.scandir(here) as entries:
                left += [Path(one) for one in entries if not one.is_file(follow_symlinks=False)]
        elif not stat.S_ISREG(kind):
            what = "a link" if stat.S_ISLNK(kind) else "a pipe or device"
            raise ValueError(f"{here} is {what}; recurra reads and writes plain files only")
