"""Programs that JAX has compiled for runs are kept in the user's cache folder for reuse.

A program compiled for another processor crashes on one that lacks an instruction, and a home folder may be shared. So
there is one folder of programs per kind of processor, number of usable cores and version of JAX. Whoever can write a
program can have it run: the folder is used only if it belongs to the user alone.
"""

import hashlib
import os
import platform
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import jax
from jax.experimental.compilation_cache import compilation_cache

from recurra.storage.files import remove
from recurra.threads import cores

OFF = "RECURRA_NO_CACHE"
MOST_BYTES = 2**28  # a larger folder is emptied; a program takes about 10 kB
KINDS = ("vendor_id", "cpu family", "model", "model name", "flags", "CPU implementer", "CPU part", "Features")
SETTINGS = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")


@contextmanager
def kept_programs() -> Iterator[None]:
    """A context in which compiled programs of JAX are stored and reused.

    It does nothing if `RECURRA_NO_CACHE` is set, if the user has already given JAX a cache, or if the folder cannot be
    made or others can write to it. The settings of JAX are restored afterwards.
    """
    folder = None if os.environ.get(OFF) or jax.config.jax_compilation_cache_dir else usable_folder()  # type: ignore[attr-defined]
    if folder is None:
        yield
        return
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    _set(dict(zip(SETTINGS, (str(folder), 0.0), strict=True)))
    try:
        with warnings.catch_warnings():  # a file that is damaged or being written is ignored
            warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache", UserWarning)
            yield
    finally:
        _set(before)


def usable_folder() -> Path | None:
    """The folder of the programs for this processor, made if it is missing; None if that is impossible."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
        folder = home / "recurra" / f"programs-{kind_of_machine()}"
        for place in (folder.parent, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _ours_alone(place):
                return None
        emptied_if_large(folder, MOST_BYTES)
    except (OSError, RuntimeError):  # no home, no space, no permission; or another process clears it
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def emptied_if_large(folder: Path, bytes_at_most: int) -> None:
    """Remove all programs in a folder that has become too large."""
    if sum(path.stat().st_size for path in folder.iterdir()) > bytes_at_most:
        remove(folder)
        folder.mkdir(mode=0o700, exist_ok=True)


def _ours_alone(folder: Path) -> bool:
    """Whether nobody else can write to the folder."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def kind_of_machine() -> str:
    """Identifies everything that a compiled program depends on and JAX does not check."""
    parts = [version("jax"), version("jaxlib"), platform.machine(), str(cores()), _processor()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The kind of this processor and its instructions, or the name of the machine if they are not known."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except (OSError, UnicodeDecodeError):
        return platform.node()
    entries = dict(re.findall(r"^([^\t:]+?)\s*:\s*(.*)$", first, re.MULTILINE))
    return repr([entries.get(name) for name in KINDS])


def _set(settings: dict[str, object]) -> None:
    """Change the cache settings of JAX and make it read them again."""
    for name, value in settings.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
