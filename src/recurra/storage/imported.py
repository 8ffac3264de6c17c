"""A network from what a file holds and what the user says of it; where both are silent, what was assumed is told."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from recurra.arrays import RateWeights
from recurra.checks import check_choice, check_positive, same
from recurra.engine.rate import ACTIVATIONS, RateDynamics
from recurra.models.cohort import Network
from recurra.storage.content import Content

USUAL = {"activation": "tanh", "form": "rate", "leak": 1.0}
WORDS = {"activation": "activation", "form": "form", "leak": "time constant"}
OPTIONS = {"activation": "--activation", "form": "--form", "leak": "--tau"}


@final
@dataclass(frozen=True)
class StatedSettings:
    """What the user says of a network whose file may not say it; None where he says nothing.

    Args:
        activation: φ of the equations, such as "relu".
        form: "rate" or "current".
        tau_ms: time constant, ms; one for all units, or a tuple with one a unit.
    """

    activation: str | None = None
    form: str | None = None
    tau_ms: float | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.activation is not None:
            check_choice("activation", self.activation, ACTIVATIONS)
        if self.form is not None:
            check_choice("form", self.form, ("rate", "current"))
        for tau_ms in self.tau_ms if isinstance(self.tau_ms, tuple) else (self.tau_ms,):
            if tau_ms is not None:
                check_positive("tau_ms", tau_ms)

    def equations(self, dt_ms: float) -> dict[str, Any]:
        """What is stated, by the names of `RateDynamics`."""
        stated: dict[str, Any] = {"activation": self.activation, "form": self.form}
        if isinstance(self.tau_ms, tuple):
            stated["leak"] = [dt_ms / tau_ms for tau_ms in self.tau_ms]
        elif self.tau_ms is not None:
            stated["leak"] = dt_ms / self.tau_ms
        return {name: value for name, value in stated.items() if value is not None}


@final
@dataclass(frozen=True)
class Imported:
    """A network of another program, and what a reader of its numbers has to know.

    Args:
        network: the network.
        notes: sentences: what the file does not say and was assumed, and what recurra does otherwise than its program.
    """

    network: Network
    notes: tuple[str, ...] = ()

    def told(self) -> Network:
        """The network; every note becomes a warning."""
        for note in self.notes:
            warnings.warn(note, stacklevel=3)
        return self.network


def imported(name: str, content: Content, dt_ms: float, stated: StatedSettings) -> Imported:
    """The network that a file holds.

    Args:
        name: of the file, for the notes.
        content: what the file holds.
        dt_ms: length of a time step, ms; the file's own, where it has one, must be equal.
        stated: what the user says of the network.

    Raises:
        ValueError: the file and the user contradict each other, or there can be no such network.
    """
    in_file = dict(content.says)
    own_dt_ms = in_file.pop("dt_ms", dt_ms)
    if not same(own_dt_ms, dt_ms):
        raise ValueError(f"has dt_ms = {own_dt_ms:g}, and dt_ms = {dt_ms:g} was asked for; ask for the file's own")
    asked = stated.equations(dt_ms)
    check_stated(in_file, asked)
    settings = {**USUAL, **asked, **in_file}
    if isinstance(settings["leak"], list):
        settings["leak"] = tuple(settings["leak"])
    unsaid = [key for key in USUAL if key not in in_file and key not in asked]
    notes = [f"{name}: {note}" for note in ([assumed(unsaid)] if unsaid else []) + list(content.notes)]
    network = Network(RateDynamics(**settings), weights_of(content.arrays), float(dt_ms))
    network.dynamics.leaks(network.weights)  # a leak a unit must have as many values as there are units
    return Imported(network, tuple(notes))


def check_stated(in_file: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """What the user says must not contradict what the file says."""
    for key, value in asked.items():
        if key not in in_file or in_file[key] == value:
            continue
        known = in_file[key]
        if key == "leak" and np.shape(known) in ((), np.shape(value)) and np.allclose(known, value, rtol=1e-6, atol=0):
            continue
        what = "leak = dt_ms / tau_ms" if key == "leak" else key
        raise ValueError(f"says {what} = {shown(known)}, and {OPTIONS[key]} says {shown(value)}; leave the option out")


def shown(value: Any) -> str:
    """A setting in a message."""
    if isinstance(value, list):
        return f"{min(value):g} to {max(value):g}"
    return value if isinstance(value, str) else f"{value:g}"


def assumed(unsaid: list[str]) -> str:
    """The sentence on what neither the file nor the user says."""
    values = {"activation": "tanh", "form": "the rate form", "leak": "tau_ms = dt_ms (leak 1)"}
    words, taken, options = (", ".join(names[key] for key in unsaid) for names in (WORDS, values, OPTIONS))
    return f"does not say its {words}; assumed: {taken}. Say it with {options}."


def weights_of(given: Mapping[str, np.ndarray]) -> RateWeights:
    """The five arrays in float32 or float64; biases that are missing are zeros."""
    arrays: dict[str, Any] = {
        name: np.array(given[name], np.float64 if given[name].itemsize == 8 else np.float32, order="C")
        for name in RateWeights.axes()
        if name in given
    }
    for bias, like in (("recurrent_bias", arrays["recurrent"]), ("output_bias", arrays["output"])):
        arrays.setdefault(bias, np.zeros(len(like), like.dtype))
    return RateWeights(**arrays)
