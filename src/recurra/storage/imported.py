"""A network from the content of a file and the statements of the user; what neither says is assumed and reported."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from recurra.arrays import RateWeights, Weights
from recurra.checks import check_choice, check_positive, same
from recurra.engine.gated import GATES, RESETS
from recurra.engine.rate import ACTIVATIONS
from recurra.models import CELLS
from recurra.models.network import Network
from recurra.storage.content import KIND, NO_HINTS, Content, Hints
from recurra.storage.parsing import read_content
from recurra.storage.reading import NoTimeStepError, naming

USUAL: dict[str, dict[str, Any]] = {
    "rate": {"activation": "tanh", "form": "rate", "leak": 1.0},
    "gru": {"gate": "sigmoid", "reset": "after"},
    "lstm": {"gate": "sigmoid"},
}
"""What is assumed of each kind of cell if neither its file nor the user says it."""

WORDS = {
    "activation": ("activation", "tanh", "--activation", "activation="),
    "form": ("form", "the rate form", "--form", "form="),
    "leak": ("time constant", "tau_ms = dt_ms (leak 1)", "--tau", "tau_ms="),
    "gate": ("gate function", "sigmoid", "--set model.gate=NAME", "gate="),
    "reset": ("place of the reset gate", "after the recurrent weights", "--set model.reset=NAME", "reset="),
}
"""Of each setting its word, what is assumed, and what states it: an option, and an argument of `StatedSettings`."""


@final
@dataclass(frozen=True)
class StatedSettings:
    """What the user states about a network whose file may not say it; None for what is not stated.

    Args:
        activation: φ of the equations, such as "relu".
        form: "rate" or "current".
        tau_ms: time constant, ms; one for all units, or a tuple with one per unit.
        gate: σ of a gated cell, such as "hard_sigmoid_5".
        reset: "after" or "before" the recurrent weights, of a GRU.
    """

    activation: str | None = None
    form: str | None = None
    tau_ms: float | tuple[float, ...] | None = None
    gate: str | None = None
    reset: str | None = None

    def __post_init__(self) -> None:
        if self.activation is not None:
            check_choice("activation", self.activation, ACTIVATIONS)
        if self.form is not None:
            check_choice("form", self.form, ("rate", "current"))
        if self.gate is not None:
            check_choice("gate", self.gate, GATES)
        if self.reset is not None:
            check_choice("reset", self.reset, RESETS)
        for tau_ms in self.tau_ms if isinstance(self.tau_ms, tuple) else (self.tau_ms,):
            if tau_ms is not None:
                check_positive("tau_ms", tau_ms)

    def equations(self, dt_ms: float) -> dict[str, Any]:
        """The stated settings, under the names of the fields of `Dynamics`."""
        stated: dict[str, Any] = {name: getattr(self, name) for name in ("activation", "form", "gate", "reset")}
        if isinstance(self.tau_ms, tuple):
            stated["leak"] = [dt_ms / tau_ms for tau_ms in self.tau_ms]
        elif self.tau_ms is not None:
            stated["leak"] = dt_ms / self.tau_ms
        return {name: value for name, value in stated.items() if value is not None}


@final
@dataclass(frozen=True)
class Imported:
    """A network from another program, and what a reader of its numbers has to know.

    Args:
        network: the network.
        notes: sentences about what was assumed because the file does not say it, and what recurra does differently.
    """

    network: Network
    notes: tuple[str, ...] = ()

    def told(self) -> Network:
        """The network; every note becomes a warning."""
        for note in self.notes:
            warnings.warn(note, stacklevel=3)
        return self.network


def import_file(
    kind: Literal["keras", "torch"], path: Path, dt_ms: float | None, stated: StatedSettings, hints: Hints = NO_HINTS
) -> Imported:
    """The network in a file of Keras or PyTorch with its notes, without warnings.

    Args:
        kind: the program: "keras", or "torch", also for `.safetensors`.
        path: the file.
        dt_ms: length of a time step, ms; None takes the file's own.
        stated: what the user states about the network.
        hints: what is known of the file beforehand.
    """
    if dt_ms is not None:
        check_positive("dt_ms", dt_ms)
    content = read_content(path, kind, RateWeights.axes(), hints)
    with naming(path):
        return imported(path.name, content, dt_ms, stated)


def imported(name: str, content: Content, dt_ms: float | None, stated: StatedSettings) -> Imported:
    """The network that a file holds.

    Args:
        name: name of the file, for the notes.
        content: what the file holds.
        dt_ms: length of a time step, ms; it must be equal to that in the file, if the file has one. None takes the
            file's own.
        stated: what the user states about the network.

    Raises:
        ValueError: the file and the user contradict each other, or there can be no such network.
        NoTimeStepError: neither says the time step.
    """
    in_file = dict(content.says)
    kind, own_dt_ms = in_file.pop(KIND, "rate"), in_file.pop("dt_ms", dt_ms)
    if own_dt_ms is None:
        raise NoTimeStepError("does not say its time step dt_ms; read it with recurra.runs.imports.read_network")
    dt_ms = float(own_dt_ms) if dt_ms is None else dt_ms
    check_time_step(own_dt_ms, dt_ms)
    asked, usual = stated.equations(dt_ms), USUAL[kind]
    check_known(kind, asked)
    check_stated(in_file, asked)
    settings = {**usual, **asked, **in_file}
    if isinstance(settings.get("leak"), list):
        settings["leak"] = tuple(settings["leak"])
    unsaid = [key for key in usual if key not in in_file and key not in asked]
    notes = [f"{name}: {note}" for note in ([assumed(unsaid)] if unsaid else []) + list(content.notes)]
    dynamics = CELLS[kind](**settings)
    network = Network(dynamics, weights_of(content.arrays, dynamics.weights), float(dt_ms))
    network.dynamics.leaks(network.weights)  # a tuple of leaks must have one value per unit
    return Imported(network, tuple(notes))


def check_known(kind: str, asked: Mapping[str, Any]) -> None:
    """Check that the user states nothing that this kind of cell does not have."""
    for key in asked:
        if key not in USUAL[kind]:
            holds = "rate units" if kind == "rate" else f"a cell of the kind {kind}"
            raise ValueError(f"holds {holds}, without {WORDS[key][0]}; leave that out")


def check_time_step(own_dt_ms: float, dt_ms: float) -> None:
    """The time step that was asked for, ms, must be the file's own, ms."""
    if not same(own_dt_ms, dt_ms):
        raise ValueError(
            f"has dt_ms = {own_dt_ms:g}, and dt_ms = {dt_ms:g} was asked for; ask for the file's own, on the command "
            f"line with --set task.dt_ms={own_dt_ms:g}"
        )


def check_stated(in_file: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Check that the user does not contradict the file."""
    for key, value in asked.items():
        if key not in in_file or in_file[key] == value:
            continue
        known = in_file[key]
        if key == "leak" and np.shape(known) in ((), np.shape(value)) and np.allclose(known, value, rtol=1e-6, atol=0):
            continue
        what = "leak = dt_ms / tau_ms" if key == "leak" else key
        raise ValueError(f"says {what} = {shown(known)}, and {shown(value)} was stated; leave that out")


def shown(value: Any) -> str:
    """A setting in a message."""
    if isinstance(value, list):
        return f"{min(value):g} to {max(value):g}"
    return value if isinstance(value, str) else f"{value:g}"


def assumed(unsaid: list[str]) -> str:
    """The sentence about what neither the file nor the user says."""
    words, taken, options, arguments = (", ".join(WORDS[key][at] for key in unsaid) for at in range(4))
    return (
        f"does not say its {words}; assumed: {taken}. Say it with {options}, "
        f"or in Python read it with read_network and stated=StatedSettings({arguments})."
    )


def weights_of(given: Mapping[str, np.ndarray], kind: type[Weights]) -> Weights:
    """The arrays in float32 or float64; missing biases are zeros.

    Args:
        given: the arrays by name.
        kind: the class of the weights.
    """
    arrays: dict[str, Any] = {name: floating(given[name]) for name in kind.axes() if name in given}
    if kind is RateWeights:
        for bias, like in (("recurrent_bias", arrays["recurrent"]), ("output_bias", arrays["output"])):
            arrays.setdefault(bias, np.zeros(len(like), like.dtype))
    return kind(**arrays)


def floating(array: np.ndarray) -> np.ndarray:
    """The array in float64 if it has that, else in float32, in C's order."""
    return np.array(array, np.float64 if array.itemsize == 8 else np.float32, order="C")
