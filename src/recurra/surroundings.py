"""With what and where something is computed: versions, machine, settings. A training says it, a cohort carries it."""

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
    """What a stretch of training that begins here and now is made with.

    Args:
        engine: what the engine says of itself.
        epoch: after which it begins.
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
    """What a run says of the machine that it was made on."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "vectors": vectors(),
        "cores": os.cpu_count() or 1,
    }


@lru_cache(maxsize=1)
def vectors() -> str:
    """The widest vectors of this processor, for which JAX compiles: sums are taken in another order on others."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except (OSError, UnicodeDecodeError):
        return ""
    flags = set(" ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)).split())
    return next((name for name in ("avx512f", "avx2", "avx", "sse4_2", "sve", "asimd") if name in flags), "")


def _is_setting(name: str) -> bool:
    """Whether a variable may change how numbers come about; those of recurra and JAX are told, whatever they do."""
    return name.startswith(("RECURRA_", "JAX_")) or name == "XLA_FLAGS"
