"""Which implementation computes: the native one in C++, or the portable one in JAX."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from recurra.checks import check_choice
from recurra.engine import native, portable
from recurra.engine.dynamics import Dynamics, RateDynamics
from recurra.engine.native import library

CHOICES = ("auto", "native", "portable", "native-bfloat16")


@dataclass(frozen=True)
class Engine:
    """One implementation of the engine's three functions; `portable` has their docstrings.

    Args:
        name: "native", "portable" or "native-bfloat16".
        run: rates and outputs.
        respond: outputs.
        loss_and_gradient: what training needs.
        whole_cohorts: whether one call should have all networks of a cohort: it then uses all threads.
    """

    name: str
    run: Callable[..., Any]
    respond: Callable[..., Any]
    loss_and_gradient: Callable[..., Any]
    whole_cohorts: bool

    def about(self) -> dict[str, str | int]:
        """What a run says of the engine that it was trained with."""
        found, _ = library.load()
        if self is PORTABLE or found is None:
            return {"name": self.name}
        return {"name": self.name, "instructions": library.instructions(found), "threads": library.threads(found)}


PORTABLE = Engine("portable", portable.run, portable.respond, portable.loss_and_gradient, whole_cohorts=False)
NATIVE = Engine("native", native.run, native.respond, native.loss_and_gradient, whole_cohorts=True)
NATIVE_BFLOAT16 = Engine(
    "native-bfloat16",
    native.run,
    native.respond,
    partial(native.loss_and_gradient, bfloat16=True),
    whole_cohorts=True,
)


def choose_engine(choice: str, dynamics: Dynamics) -> Engine:
    """The engine for these equations.

    Args:
        choice: "auto" (native where it can be used), "native", "portable", or "native-bfloat16", which rounds the
            factors of the matrix products in training: faster, with a gradient to between two and three digits.
        dynamics: the equations; the native engine knows `RateDynamics` alone, and not all of its activations.

    Raises:
        ValueError: the native engine was asked for and cannot be used.
    """
    check_choice("engine", choice, CHOICES)
    if choice == "portable":
        return PORTABLE
    unknown = _unknown_to_native(dynamics)
    if choice == "auto" and unknown:
        return PORTABLE
    if unknown:
        raise ValueError(f"the native engine has no {unknown}; take engine auto or portable")
    found, why = library.load()
    if choice == "native-bfloat16" and found is not None:
        if not library.has_bfloat16(found):
            raise ValueError("the native-bfloat16 engine needs a processor with AVX512-BF16; take engine native")
        return NATIVE_BFLOAT16
    if found is not None:
        return NATIVE
    if choice != "auto":
        raise ValueError(
            f"the native engine cannot be used: {why}. Install recurra with a C++17 compiler, or take engine auto"
        )
    _warn_once(why)
    return PORTABLE


def _unknown_to_native(dynamics: Dynamics) -> str | None:
    """What of these equations the native engine does not know, if there is something."""
    if not isinstance(dynamics, RateDynamics):
        return type(dynamics).__name__
    return None if dynamics.activation in native.ACTIVATIONS else f"activation {dynamics.activation!r}"


_warned: list[str] = []


def _warn_once(why: str) -> None:
    if why not in _warned:
        _warned.append(why)
        warnings.warn(
            f"the portable engine is used, many times slower than the native one: {why}", RuntimeWarning, stacklevel=3
        )
