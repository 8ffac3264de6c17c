"""A network from the content of a file and the statements of the user; what neither says is assumed and reported."""

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
    """What the user states about a network whose file may not say it; None for what is not stated.

    Args:
        activation: φ of the equations, such as "relu".
        form: "rate" or "current".
        tau_ms: time constant, ms; one for all units, or a tuple with one per unit.
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
        """The stated settings, under the names of `RateDynamics`."""
        stated: dict[str, Any] = {"activation": self.activation, "form": self.form}
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


def imported(name: str, content: Content, dt_ms: float, stated: StatedSettings) -> Imported:
    """The network that a file holds.

    Args:
        name: name of the file, for the notes.
        content: what the file holds.
        dt_ms: length of a time step, ms; it must be equal to that in the file, if the file has one.
        stated: what the user states about the network.

    Raises:
        ValueError: the file and the user contradict each other, or there can be no such network.
    """
    in_file = dict(content.says)
    own_dt_ms = in_file.pop("dt_ms", dt_ms)
    check_time_step(own_dt_ms, dt_ms)
    asked = stated.equations(dt_ms)
    check_stated(in_file, asked)
    settings = {**USUAL, **asked, **in_file}
    if isinstance(settings["leak"], list):
        settings["leak"] = tuple(settings["leak"])
    unsaid = [key for key in USUAL if key not in in_file and key not in asked]
    notes = [f"{name}: {note}" for note in ([assumed(unsaid)] if unsaid else []) + list(content.notes)]
    network = Network(RateDynamics(**settings), weights_of(content.arrays), float(dt_ms))
    network.dynamics.leaks(network.weights)  # a tuple of leaks must have one value per unit
    return Imported(network, tuple(notes))


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
        raise ValueError(f"says {what} = {shown(known)}, and {OPTIONS[key]} says {shown(value)}; leave the option out")


def shown(value: Any) -> str:
    """A setting in a message."""
    if isinstance(value, list):
        return f"{min(value):g} to {max(value):g}"
    return value if isinstance(value, str) else f"{value:g}"


def assumed(unsaid: list[str]) -> str:
    """The sentence about what neither the file nor the user says."""
    values = {"activation": "tanh", "form": "the rate form", "leak": "tau_ms = dt_ms (leak 1)"}
    words, taken, options = (", ".join(names[key] for key in unsaid) for names in (WORDS, values, OPTIONS))
    return f"does not say its {words}; assumed: {taken}. Say it with {options}."


def weights_of(given: Mapping[str, np.ndarray]) -> RateWeights:
    """The five arrays in float32 or float64; missing biases are zeros."""
    arrays: dict[str, Any] = {
        name: np.array(given[name], np.float64 if given[name].itemsize == 8 else np.float32, order="C")
        for name in RateWeights.axes()
        if name in given
    }
    for bias, like in (("recurrent_bias", arrays["recurrent"]), ("output_bias", arrays["output"])):
        arrays.setdefault(bias, np.zeros(len(like), like.dtype))
    return RateWeights(**arrays)
