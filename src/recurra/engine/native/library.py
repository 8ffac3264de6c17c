"""The compiled library: found, loaded and registered with XLA once per process, when it is first needed."""

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

import jax

from recurra.checks import check_choice
from recurra.numerics import check_backend

PATH = Path(__file__).parent / f"librecurra_engine.{'dylib' if sys.platform == 'darwin' else 'so'}"
INSTRUCTIONS = ("amx", "avx512bf16", "avx512", "avx2", "baseline")
HANDLERS = ("loss_and_gradient", "weighted_loss_and_gradient", "run")
TARGETS = [f"recurra_{name}_{dtype}" for name in HANDLERS for dtype in ("float32", "float64")] + [
    "recurra_spike_float32"
]


@lru_cache(maxsize=1)
def load() -> tuple[ctypes.CDLL | None, str]:
    """The library, ready to be called by XLA; or None, and why."""
    _check_environment()
    check_backend()
    if jax.default_backend() != "cpu":  # this question also lets JAX refuse a library that does not fit it
        return None, f"JAX computes on a {jax.default_backend()} here"
    if not PATH.is_file():
        return None, "it was not compiled when recurra was installed"
    try:
        library = ctypes.CDLL(str(PATH))
        library.recurra_instructions.restype = ctypes.c_char_p
        library.recurra_has_bfloat16.restype = ctypes.c_bool
        for target in TARGETS:
            jax.ffi.register_ffi_target(target, jax.ffi.pycapsule(getattr(library, target)), platform="cpu")
    except (OSError, AttributeError, RuntimeError, jax.errors.JaxRuntimeError) as error:
        return None, " ".join(str(error).split())
    if library.recurra_instructions() is None:
        wanted = os.environ["RECURRA_INSTRUCTIONS"]
        raise ValueError(
            f"RECURRA_INSTRUCTIONS is {wanted!r}; this processor or this build does not have them. Unset it."
        )
    return library, ""


def instructions(library: ctypes.CDLL) -> str:
    """The instruction set that the kernel uses on this processor."""
    return library.recurra_instructions().decode()


def has_bfloat16(library: ctypes.CDLL) -> bool:
    """Whether this processor has instructions for bfloat16 that the kernel uses."""
    return bool(library.recurra_has_bfloat16())


def threads(library: ctypes.CDLL) -> int:
    """The number of threads that work on one call."""
    return library.recurra_threads()


def _check_environment() -> None:
    count = os.environ.get("RECURRA_THREADS", "")
    if count and not (count.isascii() and count.isdigit() and 0 < int(count) <= 1024):
        raise ValueError(f"RECURRA_THREADS is {count!r}; expected a whole number from 1 to 1024")
    if wanted := os.environ.get("RECURRA_INSTRUCTIONS", ""):
        check_choice("RECURRA_INSTRUCTIONS", wanted, INSTRUCTIONS)
