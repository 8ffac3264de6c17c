"""Files and folders that are complete or absent, on disk before they get their name, and plain."""

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

OURS = ".recurra-"  # prefix of the names of temporary files, which only a crash leaves behind
SYNCS_AT_ONCE = 16  # a file system writes its journal once for several syncs


def replace_text(path: Path, text: str, folders: bool = False) -> None:
    """Write a text file, UTF-8, in one piece: it is either complete or as it was before.

    Args:
        path: the file.
        text: its new content.
        folders: whether to make missing parent folders, as for a file that a user names.
    """
    replace_bytes(path, text.encode(), folders)


def replace_bytes(path: Path, content: bytes | memoryview, folders: bool = False) -> None:
    """Write a file in one piece: it is either complete or as before; a file that has this content is not touched."""
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
    """Make the parent folder of a file; an error names the file and what is in the way."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f"{path} cannot be written: {path.parent} is no folder") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to be written in one piece: it takes the place of `path` when it is complete and on disk.

    Until then it is a new file with a random name in the same folder, which is removed if anything fails. A link at
    `path` is replaced and not followed.

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
    """A folder to be filled: it becomes `path`, which must not exist, when it is complete; on failure it is removed.

    Raises:
        ValueError: `path` exists.
        OSError: it cannot be written; it names `path`, or the file in it.
    """
    check_new_folder(path)
    partial = beside(path)
    with naming_file(path, partial):
        make_folder(path.parent)
        partial.mkdir()
        try:
            yield partial
            sync_tree(partial)
            check_new_folder(path)  # another process may have made it in the meantime
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync(path.parent)


def check_new_folder(path: Path) -> None:
    """Raise an error if something stands where a folder is to be made."""
    if os.path.lexists(path):
        raise ValueError(f"{path} exists; choose another folder")


@contextmanager
def naming_file(path: Path, partial: Path | None = None) -> Iterator[None]:
    """Let an `OSError` name `path`, which the user knows, and not the file that will take its place.

    Args:
        path: the path that the user named.
        partial: its temporary path; files in it keep their names.
    """
    try:
        yield
    except OSError as error:
        name = path
        if partial is not None and error.filename and Path(error.filename).is_relative_to(partial):
            name = path / Path(error.filename).relative_to(partial)
        raise OSError(error.errno, error.strerror or str(error), str(name)) from None


def beside(path: Path) -> Path:
    """An unused name in the folder of `path`."""
    return path.with_name(f"{OURS}{secrets.token_hex(8)}.partial")


def shown(path: Path) -> Path:
    """A path as in messages: relative to the current folder if it is inside it."""
    with suppress(OSError):  # the current folder may be gone
        here = Path.cwd()
        return path.relative_to(here) if here in path.parents else path
    return path


def describe(error: OSError, resumable: bool) -> str:
    """What went wrong with which file, and what to do.

    Args:
        error: the error.
        resumable: whether the command has an option to resume.
    """
    name = shown(Path(error.filename)) if error.filename else "standard output"  # without a name it is the terminal
    words = f"{name}: {error.strerror or error}"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return words
    goes_on = "; the same command with --resume goes on from the last epoch" if resumable and error.filename else ""
    return f"{words}. Free some space{goes_on}"


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, and wait until their names are on disk."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk; a path that cannot be synced is left to the system."""
    with suppress(PermissionError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # a file system without syncing
                raise
        finally:
            os.close(descriptor)


def sync_all(paths: list[Path]) -> None:
    """Wait until all files and folders are on disk."""
    with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:
        list(pool.map(sync, paths))


def sync_tree(*paths: Path) -> None:
    """Wait until folders and everything in them are on disk."""
    entries = (entry for path in paths for entry in os.walk(path))
    sync_all([Path(folder, name) for folder, _, names in entries for name in [*names, "."]])


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with its contents, but no target of a link. It may be missing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove the partial files that a crash has left in a folder and its subfolders."""
    for folder, _, names in os.walk(path):
        for name in names:
            if name.endswith(".partial"):
                (Path(folder) / name).unlink(missing_ok=True)


def check_plain(path: Path) -> None:
    """Check that a file, or everything in a folder, is plain: no link, which may lead anywhere, and no pipe."""
    left = [path]
    while left:
        here = left.pop()
        kind = here.lstat().st_mode
        if stat.S_ISDIR(kind):
            with os.scandir(here) as entries:
                left += [Path(entry) for entry in entries if not entry.is_file(follow_symlinks=False)]
        elif not stat.S_ISREG(kind):
            what = "a link" if stat.S_ISLNK(kind) else "a pipe or device"
            raise ValueError(f"{here} is {what}; recurra reads and writes plain files only")
