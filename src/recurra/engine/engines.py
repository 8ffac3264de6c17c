"""Which implementation computes: the native one in C++, or one in JAX: portable, or batched for accelerators."""

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, final

import jax
import jax.numpy as jnp

from recurra.checks import check_choice
from recurra.engine import batched, native, portable
from recurra.engine.dynamics import Dynamics
from recurra.engine.engine import Engine
from recurra.engine.native import cells, library
from recurra.numerics import check_backend

MOST_BYTES = 2**30  # of the rates of one network that are in memory at once where only outputs are wanted


@final
class PortableEngine(Engine):
    """In plain JAX: the definition of what all engines compute, for any equations."""

    name = "portable"
    whole_cohorts = False
    together = False
    keeps_states = True

    def run(self, dynamics, weights, inputs, *, noise_keys=None):
        return portable.run(dynamics, weights, inputs, noise_keys=noise_keys)

    def respond(self, dynamics, weights, inputs, *, noise_keys=None):
        if noise_keys is not None:  # the noise of a trial depends on its place among them
            return portable.respond(dynamics, weights, inputs, noise_keys=noise_keys)
        trials, time = inputs.shape[-3:-1]
        most = max(MOST_BYTES // (time * weights.units * inputs.dtype.itemsize), 1)
        pieces = (inputs[..., at : at + most, :, :] for at in range(0, trials, most))
        answers = [portable.respond(dynamics, weights, piece) for piece in pieces]
        return answers[0] if len(answers) == 1 else jnp.concatenate(answers, axis=1)

    def loss_and_gradient(self, dynamics, weights, inputs, targets, mask, **options: Any):
        return portable.loss_and_gradient(dynamics, weights, inputs, targets, mask, **options)


@final
class BatchedEngine(Engine):
    """In plain JAX, many networks at once, as accelerators need it; for any equations."""

    name = "batched"
    whole_cohorts = True
    together = True
    keeps_states = True

    def run(self, dynamics, weights, inputs, *, noise_keys=None):
        return batched.run(dynamics, weights, inputs, noise_keys=noise_keys)

    def respond(self, dynamics, weights, inputs, *, noise_keys=None):
        return batched.respond(dynamics, weights, inputs, noise_keys=noise_keys)

    def loss_and_gradient(self, dynamics, weights, inputs, targets, mask, **options: Any):
        return batched.loss_and_gradient(dynamics, weights, inputs, targets, mask, **options)

    def about(self) -> dict[str, str | int]:
        return {"name": self.name, "device": jax.devices()[0].device_kind}


class _Native(Engine):
    """In C++, for the cells of `native.cells`."""

    whole_cohorts = True
    together = False
    keeps_states = False
    bfloat16: ClassVar[bool]

    def unknown(self, dynamics: Dynamics) -> str:
        return cells.unknown(dynamics)

    def missing(self) -> str:
        loaded, why = library.load()
        return "" if loaded is not None else f"{why}. Install recurra with a C++17 compiler, or take engine auto"

    def run(self, dynamics, weights, inputs, *, noise_keys=None):
        return native.run(dynamics, weights, inputs, noise_keys=noise_keys)

    def respond(self, dynamics, weights, inputs, *, noise_keys=None):
        return native.respond(dynamics, weights, inputs, noise_keys=noise_keys)

    def loss_and_gradient(self, dynamics, weights, inputs, targets, mask, **options: Any):
        return native.loss_and_gradient(dynamics, weights, inputs, targets, mask, bfloat16=self.bfloat16, **options)

    def about(self) -> dict[str, str | int]:
        loaded, _ = library.load()
        if loaded is None:
            return {"name": self.name}
        return {"name": self.name, "instructions": library.instructions(loaded), "threads": library.threads(loaded)}


@final
class NativeEngine(_Native):
    """With exact products."""

    name = "native"
    bfloat16 = False


@final
class NativeBfloat16Engine(_Native):
    """With rounded factors in the products of training: faster, with a gradient correct to two or three digits."""

    name = "native-bfloat16"
    bfloat16 = True

    def missing(self) -> str:
        loaded, _ = library.load()
        if loaded is not None and not library.has_bfloat16(loaded):
            return "this processor has no AVX512-BF16; take engine native"
        return super().missing()


PORTABLE, BATCHED, NATIVE, NATIVE_BFLOAT16 = PortableEngine(), BatchedEngine(), NativeEngine(), NativeBfloat16Engine()
ENGINES: dict[str, Engine] = {engine.name: engine for engine in (NATIVE, PORTABLE, BATCHED, NATIVE_BFLOAT16)}
CHOICES = ("auto", *ENGINES)


def choose_engine(choice: str, dynamics: Dynamics, needed: Sequence[str] = ()) -> Engine:
    """The engine for these equations.

    Args:
        choice: "auto" (native where it can be used, batched on an accelerator), or an engine's name.
        dynamics: the equations.
        needed: what the training needs the states for, such as "penalty RateL1" or "unit dropout".

    Raises:
        ValueError: the engine asked for cannot compute the equations, or cannot be used here.
    """
    check_choice("engine", choice, CHOICES)
    if choice == "auto" and on_accelerator():
        return BATCHED
    wanted = NATIVE if choice == "auto" else ENGINES[choice]
    unknown = wanted.unknown(dynamics)
    if needed and not wanted.keeps_states and not unknown:
        unknown = needed[0]
    if choice == "auto" and unknown:
        return PORTABLE
    if unknown:
        raise ValueError(f"the native engine has no {unknown}; take engine auto or portable")
    missing = wanted.missing()
    if not missing:
        return wanted
    if choice != "auto":
        raise ValueError(f"the {choice} engine cannot be used: {missing}")
    _warn_once(library.load()[1])
    return PORTABLE


def native_or_why() -> str:
    """Why the native engine cannot compute here, after the one warning; empty if it can."""
    if on_accelerator():
        return "JAX computes on an accelerator"
    loaded, why = library.load()
    if loaded is None:
        _warn_once(why)
    return why


def on_accelerator() -> bool:
    """Whether JAX computes on something else than the processor."""
    check_backend()
    return jax.default_backend() != "cpu"


_warned: list[str] = []


def _warn_once(why: str) -> None:
    if why not in _warned:
        _warned.append(why)
        warnings.warn(
            f"the portable engine is used, many times slower than the native one: {why}", RuntimeWarning, stacklevel=3
        )
