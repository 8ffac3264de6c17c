"""One process at a time works in a run folder: a lock that the system releases however its holder ends."""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from recurra.storage.files import OURS, make_folder, naming_file, shown

try:
    import fcntl
except ImportError:  # Windows has no locks of this kind
    fcntl = None  # type: ignore[assignment]

NAME = f"{OURS}lock"
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EROFS, errno.EACCES, errno.EPERM)
PAUSE_S = 0.2  # between two checks of a lock that another process holds


class InUseError(ValueError):
    """Another process works in the folder."""


@contextmanager
def locked(folder: Path, on_wait: Callable[[str], None] | None = None) -> Iterator[Callable[[], None]]:
    """Work in a folder alone; a missing folder is made, and removed again if it stays empty.

    The lock is a file in the folder, which is removed at the end. A killed process leaves the file but not the lock.
    There is no lock if the system or file system has no locks of this kind, or if the folder cannot be written.

    Args:
        folder: the folder.
        on_wait: if given, wait for another process that holds the lock; called once with a description of that process.

    Returns:
        A function to call before writing: it raises an error if the folder has since been deleted, or made again by
        another process.

    Raises:
        InUseError: another process works in the folder.
    """
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        with naming_file(folder):
            descriptor = _acquired(folder, on_wait)
    except OSError:  # a full disk
        _remove_empty(missing)
        raise

    def check() -> None:
        if descriptor is not None and not _still_there(folder / NAME, descriptor):
            raise FileNotFoundError(errno.ENOENT, "the folder was deleted or replaced meanwhile", str(folder))

    try:
        yield check
    finally:
        if descriptor is not None:
            if _still_there(folder / NAME, descriptor):
                (folder / NAME).unlink()
            os.close(descriptor)
        _remove_empty(missing)


def _remove_empty(folders: list[Path]) -> None:
    """Remove empty folders, each before its parent."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except (FileExistsError, NotADirectoryError):
        raise ValueError(f"{shown(folder)} is no folder; choose another") from None


def _acquired(folder: Path, on_wait: Callable[[str], None] | None) -> int | None:
    """The open lock file, with the lock on it; None if there are no locks."""
    announced = False
    while isinstance(lock_or_owner := _tried(folder), str):
        if on_wait is None:
            raise InUseError(f"{shown(folder)} is in use by {lock_or_owner}; wait for it, or choose another folder")
        if not announced:
            on_wait(f"waiting for {lock_or_owner}, which works in {shown(folder)}")
        announced = True
        time.sleep(PAUSE_S)
    return lock_or_owner


def _tried(folder: Path) -> int | str | None:
    """The open lock file, or the name of the process that holds the lock; None if there are no locks."""
    if fcntl is None:
        return None
    try:
        descriptor = _opened(folder)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return None
        raise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _still_there(folder / NAME, descriptor):  # its last holder has removed it
            raise BlockingIOError
        os.ftruncate(descriptor, 0)
        os.write(descriptor, _own_name().encode())
        return descriptor
    except OSError as error:
        if isinstance(error, BlockingIOError):
            holder = _holder(descriptor)
            os.close(descriptor)
            return holder
        with suppress(OSError):
            (folder / NAME).unlink()
        os.close(descriptor)
        if error.errno in NO_LOCKS:
            return None
        raise


def _opened(folder: Path) -> int:
    """The lock file; the folder is made, even if its last holder has just removed it because it was empty."""
    while True:
        _make(folder)
        with suppress(FileNotFoundError):
            return os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _own_name() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"


def _holder(descriptor: int) -> str:
    """The name that the holder wrote into the lock file, if it has written it yet."""
    text = os.pread(descriptor, 200, 0).decode(errors="replace")
    return "".join(sign for sign in text if sign.isprintable()) or "another process"
