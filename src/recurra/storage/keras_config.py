"""The configuration of a Keras model: its layers, and whether recurra can run them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recurra.storage.content import KIND
from recurra.storage.keras_calls import entry, in_chain

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
CELLS = {f"{kind}Cell": kind for kind in RECURRENT}  # what an RNN layer may repeat over time
CUDNN = {"CuDNNGRU": "GRU", "CuDNNLSTM": "LSTM"}
MODELS = ("Sequential", "Model", "Functional")
EXPECTED = "expected one recurrent layer (SimpleRNN, GRU or LSTM) and then one Dense, its readout"
READOUTS = ("Dense", "TimeDistributedDense")
DROPOUTS = ("Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise")
# Idle layers do not change their input outside training.
IDLE = ("InputLayer", "Activation", "ActivityRegularization", *DROPOUTS)
MOST_LAYERS = 100
MOST_DEPTH = 8  # of models in models
ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus", "linear", "hard_sigmoid")
HALF_PRECISION = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class Layer:
    """A layer in the configuration of a model: its class, and the arguments it was made with.

    Args:
        kind: the class.
        settings: the arguments.
        cudnn: whether it is one of the old layers that run on graphics processors alone.
    """

    kind: str
    settings: dict[str, Any]
    cudnn: bool = False

    def activation(self, default: str | None, key: str = "activation") -> str | None:
        """The name of its activation, or of the one under another key; `default` if the configuration has none."""
        name = self.settings.get(key, default)
        if isinstance(name, dict):
            name = name.get("class_name") if name.get("config") is None else name["config"]
            raise ValueError(f"its {self.kind} layer has the activation {name!r}, which is not from Keras")
        if not isinstance(name, str | None):
            raise ValueError(f"its {self.kind} layer has an activation that is not from Keras")
        if name is None:
            return "linear" if key in self.settings else default
        return name

    def biased(self) -> bool:
        """Whether it has a bias; "bias" is the word of Keras 1, where a recurrent layer always has one."""
        return self.settings.get("use_bias", self.settings.get("bias", True)) is not False

    def units(self) -> object:
        """Its number of units; "output_dim" is the word of Keras 1."""
        return self.settings.get("units", self.settings.get("output_dim"))


@dataclass(frozen=True)
class Layers:
    """The layers that recurra runs, from a model that it can run."""

    recurrent: Layer
    readout: Layer
    masks: tuple[object, ...] = ()
    """Inputs that a step has to have, all of them, to be skipped."""


def layers_in_order(config: str | bytes) -> list[Layer]:
    """The layers of a model, from its input to its output."""
    try:
        model = json.loads(config)
    except (ValueError, RecursionError):
        raise ValueError("its model configuration is not valid JSON") from None
    kind = entry(model, "class_name", str)
    if kind not in MODELS:
        raise ValueError(f"holds a model of the class {kind}; expected a Sequential or functional one")
    return layers_of_model(model, 0)


def layers_of_model(model: object, depth: int) -> list[Layer]:
    """The layers of a model, those of models within it in their place."""
    inner = entry(model, "config", list | dict)
    described = inner if isinstance(inner, list) else entry(inner, "layers", list)
    if len(described) > MOST_LAYERS:
        raise ValueError(f"holds {len(described):,} layers; {EXPECTED}")
    if depth > MOST_DEPTH:
        raise ValueError(f"holds models within models, more than {MOST_DEPTH} deep; {EXPECTED}")
    layers: list[Layer] = []
    for one in described if entry(model, "class_name", str) == "Sequential" else in_chain(described):
        nested = isinstance(one, dict) and one.get("class_name") in MODELS
        layers += layers_of_model(one, depth + 1) if nested else [layer_of(one)]
    return layers


def layer_of(described: object) -> Layer:
    """The layer that a part of the configuration describes; a TimeDistributed layer counts as the layer inside it."""
    layer = Layer(entry(described, "class_name", str), entry(described, "config", dict))
    module = described.get("module") if isinstance(described, dict) else None
    if module is not None and str(module).split(".")[0] != "keras":
        raise ValueError(f"holds a layer {layer.kind} of the module {module!r}, which is not Keras's")
    if layer.kind in CUDNN:
        return Layer(CUDNN[layer.kind], layer.settings, cudnn=True)
    if layer.kind == "RNN":
        return layer_of_cell(layer)
    if layer.kind != "TimeDistributed":
        return layer
    inner = layer_of(layer.settings.get("layer"))
    if inner.kind not in (*READOUTS, *IDLE):
        raise ValueError(f"holds a TimeDistributed layer of {inner.kind}; expected one of Dense")
    return inner


def layer_of_cell(layer: Layer) -> Layer:
    """The recurrent layer that an RNN layer makes of its cell."""
    cell = layer_of(layer.settings.get("cell"))
    if cell.kind not in CELLS:
        raise ValueError(f"holds an RNN layer of the class {cell.kind}; expected one of: {', '.join(CELLS)}")
    outer = {name: value for name, value in layer.settings.items() if name != "cell"}
    return Layer(CELLS[cell.kind], outer | cell.settings)


def check_layers(layers: Sequence[Layer]) -> Layers:
    """Check that the layers, apart from idle ones, are a recurrent layer and a linear readout; return these two."""
    for layer in layers:
        if layer.kind not in (*RECURRENT, *READOUTS, *IDLE, "Masking"):
            raise ValueError(f"holds a layer of the class {layer.kind}; {EXPECTED}")
        if layer.kind in (*READOUTS, "Activation") and layer.activation("linear") != "linear":
            name = layer.activation("linear")
            raise ValueError(f"its {layer.kind} layer has the activation {name!r}; expected 'linear'")
        if layer.kind == "Masking" and layer.settings.get("mask_value", 0) == 0:
            raise ValueError(
                "its Masking layer skips every step at which all inputs are 0, and recurra runs them all; save the "
                "model without that layer"
            )
    working = [layer for layer in layers if layer.kind not in (*IDLE, "Masking")]
    kinds = [layer.kind.replace("TimeDistributedDense", "Dense") for layer in working]
    if len(kinds) != 2 or kinds[0] not in RECURRENT or kinds[1] != "Dense":
        raise ValueError(f"holds the layers {' and then '.join(kinds) or 'none of them'}; {EXPECTED}")
    if working[0].settings.get("go_backwards"):
        raise ValueError(f"its {kinds[0]} layer has go_backwards set; recurra runs time forwards only")
    masks = [layer.settings.get("mask_value") for layer in layers if layer.kind == "Masking"]
    return Layers(working[0], working[1], tuple(masks))


def says_of(recurrent: Layer, version: str | None, reset: str | None) -> dict[str, Any]:
    """What the configuration says of the equations, in recurra's words.

    Args:
        recurrent: the recurrent layer.
        version: version of Keras, if the file has it.
        reset: what the biases of a GRU say of its reset gate, if it has biases.
    """
    if recurrent.kind == "SimpleRNN":
        return {"form": "rate", "leak": 1.0, "activation": activation_of(recurrent, version)}
    if recurrent.activation("tanh") != "tanh":
        name = recurrent.activation("tanh")
        raise ValueError(f"its {recurrent.kind} layer has the activation {name!r}; recurra's has 'tanh'")
    gate = gate_of(recurrent, version)
    says: dict[str, Any] = {KIND: recurrent.kind.lower()} | ({} if gate is None else {"gate": gate})
    if recurrent.kind == "GRU":
        stated = recurrent.settings.get("reset_after")
        known = "after" if recurrent.cudnn or stated is True else "before" if stated is False else reset
        if reset not in (None, known):
            raise ValueError(
                f"says that the reset gate of its GRU layer comes {known} the weights; its biases say {reset}"
            )
        says |= {} if known is None else {"reset": known}
    return says


def gate_of(recurrent: Layer, version: str | None) -> str | None:
    """Recurra's name for the gate function of a layer; None if neither the layer nor the version of Keras says it.

    It was a hard sigmoid where not told otherwise before Keras 2.3; "inner_activation" is the word of Keras 1.
    """
    if recurrent.cudnn:
        return "sigmoid"
    parts = numbers_of(version)
    usual = None if parts is None else "sigmoid" if parts >= (2, 3) else "hard_sigmoid"
    key = "inner_activation" if "inner_activation" in recurrent.settings else "recurrent_activation"
    name = recurrent.activation(usual, key)
    if name not in ("sigmoid", "hard_sigmoid", None):
        raise ValueError(f"its {recurrent.kind} layer has the {key} {name!r}; expected one of: sigmoid, hard_sigmoid")
    return hard_sigmoid_of(version) if name == "hard_sigmoid" else name


def activation_of(recurrent: Layer, version: str | None) -> str:
    """Recurra's name for the activation of a SimpleRNN layer."""
    name = recurrent.activation("tanh")
    if name not in ACTIVATIONS:
        raise ValueError(f"its SimpleRNN layer has the activation {name!r}; expected one of: {', '.join(ACTIVATIONS)}")
    return hard_sigmoid_of(version) if name == "hard_sigmoid" else str(name)


def hard_sigmoid_of(version: str | None) -> str:
    """The hard sigmoid of a version of Keras: its slope is 1/5 up to Keras 2, 1/6 from Keras 3."""
    parts = numbers_of(version)
    if parts is None:
        raise ValueError("has a hard_sigmoid and does not say its version of Keras, which decides on the slope")
    return "hard_sigmoid_5" if parts < (3, 0) else "hard_sigmoid_6"


def numbers_of(version: str | None) -> tuple[int, int] | None:
    """The first two numbers of a version such as "2.2.4-tf"; None if it has not got them."""
    parts = [part for part in re.split(r"[.-]", version or "")[:2] if part.isdecimal() and len(part) < 5]
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 else None


def remarks(layers: Layers) -> list[str]:
    """What recurra does differently from Keras with these layers, one sentence each."""
    kind, notes = layers.recurrent.kind, []
    if layers.recurrent.settings.get("stateful"):
        notes.append(f"its {kind} layer is stateful; recurra begins every trial at a state of zero")
    if layers.recurrent.settings.get("return_sequences") is False:
        notes.append(f"its {kind} layer returns the last step only; recurra reads it out at every step")
    for value in layers.masks:
        notes.append(f"its Masking layer skips every step at which all inputs are {value!s:.20}; recurra runs them all")
    for layer in (layers.recurrent, layers.readout):
        name = precision(layer.settings.get("dtype"))
        if name in HALF_PRECISION:
            notes.append(f"its {layer.kind} layer computes in {name}; recurra computes in float64")
        elif name not in (None, "float32", "float64"):
            raise ValueError(f"its {layer.kind} layer has the dtype {name!r}; expected a plain floating-point type")
    return notes


def precision(dtype: object) -> object:
    """The name of a precision, or of its policy, as Keras 2 and 3 write them."""
    while isinstance(dtype, dict):
        inner = dtype.get("config")
        dtype = inner.get("name") if isinstance(inner, dict) else inner
    return dtype
