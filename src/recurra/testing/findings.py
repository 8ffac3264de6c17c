"""Findings: one line each that says what is wrong and what to do, collected and raised together."""

import json
import sysconfig
import tomllib
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeAlias

import jax
import numpy as np

from recurra.runs.show import to_toml
from recurra.runs.spec import RunSpec, to_spec
from recurra.training import BPTT, FreshTrials

Look: TypeAlias = Callable[[], Iterator[str]]
RECURRA = Path(__file__).parents[1]
NEAR = 1e-4  # relative tolerance of results in float32
SHORT = BPTT(steps=4, batch=4, validation_trials=4, trials=FreshTrials(2), learning_rate=0.01)  # a short trial training


class ConformanceError(AssertionError):
    """The findings about a part.

    Args:
        name: name of the part's class.
        findings: what is wrong, one line each.
    """

    def __init__(self, name: str, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        lines = "".join(f"\n- {one}" for one in findings)
        super().__init__(f"{name} has {len(findings)} finding{'s' if len(findings) > 1 else ''}:{lines}")


def check(name: str, *stages: Sequence[Look], beside: Sequence[Look] = ()) -> None:
    """Check a part stage by stage, and raise all findings of the first stage that has any.

    A check that fails with an error gives a finding too. Later stages would repeat the same findings in other words.

    Args:
        name: name of the part's class.
        stages: checks, each of which yields its findings.
        beside: checks whose findings stop no stage; they are raised with those of the stages.
    """
    also = _findings(beside)
    found = next((findings for looks in stages if (findings := _findings(looks))), [])
    if found or also:
        raise ConformanceError(name, list(dict.fromkeys([*also, *found])))


def _findings(looks: Sequence[Look]) -> list[str]:
    findings: list[str] = []
    for look in looks:
        try:
            findings += look()
        except Exception as error:
            findings.append(_line(error))
    return findings


def name_of(part: Any) -> str:
    """The name of a part's class, or of the class that was given in place of a part."""
    return part.__name__ if isinstance(part, type) else type(part).__name__


def kind(part: Any, base: type) -> Iterator[str]:
    """A part must be an instance of its abstract class, frozen and hashable."""
    name = type(part).__name__
    if isinstance(part, type):
        yield f"{part.__name__} is a class; give an instance of it: {part.__name__}()"
        return
    if not isinstance(part, base):
        yield f"{name} is no {base.__name__}; derive the class from rc.{base.__name__}"
        return
    if "__dataclass_fields__" not in vars(type(part)) or not type(part).__dataclass_params__.frozen:
        yield f"{name} is no frozen dataclass; put @dataclass(frozen=True) above the class"
    try:
        hash(part)
    except TypeError as error:
        yield f"{name} has no hash ({error}); let its fields be numbers, texts and tuples, not lists or arrays"


def spec_there_and_back(part: Any, spec: Callable[[], RunSpec]) -> Iterator[str]:
    """A part must read back from the spec in a run folder and from the one that `--show` prints."""
    if type(part).__module__.startswith("recurra.") and is_dataclass(part) and not _named(spec):
        return  # made in Python, such as a FunctionTask: not meant for a spec
    made = spec()
    for text, where in ((json.dumps(made.table()), json.loads), (to_toml(made), tomllib.loads)):
        if to_spec(where(text)).table() != made.table():
            yield f"{type(part).__name__} reads back from its spec as another one; let fields be what was given"


def _named(spec: Callable[[], RunSpec]) -> bool:
    try:
        spec().table()
    except ValueError:
        return False
    return True


def same(one: Any, other: Any) -> bool:
    """Whether two trees of arrays are identical to the bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True) for a, b in pairs)


def near(one: Any, other: Any, tolerance: float = NEAR) -> bool:
    """Whether two trees of arrays agree, relative to the largest entry of each array."""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(*map(jax.tree.leaves, (one, other)), strict=True)]
    return all(np.allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max(initial=0.0))) for a, b in pairs)


def finite(tree: Any) -> bool:
    """Whether all numbers of a tree of arrays are finite."""
    return all(np.isfinite(np.asarray(array)).all() for array in jax.tree.leaves(tree))


def _line(error: Exception) -> str:
    """An error in one line, with the user's line on which it arose."""
    message = " ".join(str(error).split())[:400]
    where = _place(error)
    if isinstance(error, jax.errors.ConcretizationTypeError | jax.errors.TracerArrayConversionError):
        return (
            f"{where}{type(error).__name__}: this decides, counts or calls NumPy with a value that JAX traces; use "
            "jnp.where or jax.lax.cond for `if`, and jax.numpy"
        )
    plain = isinstance(error, (ValueError, TypeError)) and message
    return where + (message if plain else f"{type(error).__name__}: {message}")


def _place(error: Exception) -> str:
    """The innermost line of the error that is in a file of the user's own; empty if there is none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _installed(frame.filename)]
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""


def _installed(file: str) -> bool:
    """Whether a file belongs to recurra, to Python or to an installed package, or is none."""
    path = Path(file)
    libraries = (RECURRA, Path(sysconfig.get_path("stdlib")))
    return file.startswith("<") or "site-packages" in path.parts or any(map(path.is_relative_to, libraries))
