"""Versions, machine and settings of a computation, recorded by training and kept in a cohort."""

import os
import platform
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recurra.numerics import NUMERICS

PACKAGES = ("recurra", "jax", "jaxlib", "optax", "numpy", "scipy", "scikit-learn", "xarray", "zarr")


def stretch_of(engine: Mapping[str, Any], epoch: int) -> dict[str, Any]:
    """Versions, machine and settings of a stretch of training that begins now.

    Args:
        engine: what the engine says about itself.
        epoch: the epoch after which it begins.
    """
    return {
        "epoch": epoch,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "numerics": NUMERICS,
        "versions": {name: version(name) for name in PACKAGES},
        "engine": dict(engine),
        "machine": machine(),
        "settings": {name: value[:500] for name, value in sorted(os.environ.items()) if _is_setting(name)},
    }


def machine() -> dict[str, Any]:
    """What a run records about its machine."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "vectors": vectors(),
        "cores": os.cpu_count() or 1,
    }


@lru_cache(maxsize=1)
def vectors() -> str:
    """The widest vectors of this processor, for which JAX compiles: their width affects the order of sums."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except (OSError, UnicodeDecodeError):
        return ""
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)).split())
    return next((name for name in ("avx512f", "avx2", "avx", "sse4_2", "sve", "asimd") if name in flags), "")


def _is_setting(name: str) -> bool:
    """Whether a variable may affect the numbers; all variables of recurra and JAX are recorded."""
    return name.startswith(("RECURRA_", "JAX_")) or name == "XLA_FLAGS"
