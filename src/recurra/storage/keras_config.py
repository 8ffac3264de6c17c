"""The configuration of a Keras model: its layers, and whether recurra can run them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

GATED = {"GRU": "a GRU", "LSTM": "an LSTM"}
READOUTS = ("Dense", "TimeDistributedDense")
DROPOUTS = ("Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise")
# Idle layers do not change their input outside training.
IDLE = ("InputLayer", "Activation", "ActivityRegularization", *DROPOUTS)
MOST_LAYERS = 100
ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus", "linear", "hard_sigmoid")
HALF_PRECISION = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class Layer:
    """A layer in the configuration of a model: its class, and the arguments it was made with."""

    kind: str
    settings: dict[str, Any]

    def activation(self, default: str) -> str:
        """The name of its activation."""
        name = self.settings.get("activation", default)
        if isinstance(name, dict):
            name = name.get("class_name") if name.get("config") is None else name["config"]
            raise ValueError(f"its {self.kind} layer has the activation {name!r}, which is not from Keras")
        if not isinstance(name, str | None):
            raise ValueError(f"its {self.kind} layer has an activation that is not from Keras")
        return name or "linear"

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


def layers_in_order(config: str | bytes) -> list[Layer]:
    """The layers of a model, from its input to its output."""
    try:
        model = json.loads(config)
    except (ValueError, RecursionError):
        raise ValueError("its model configuration is not valid JSON") from None
    kind = entry(model, "class_name", str)
    if kind not in ("Sequential", "Model", "Functional"):
        raise ValueError(f"holds a model of the class {kind}; expected a Sequential or functional one")
    inner = entry(model, "config", list | dict)
    described = inner if isinstance(inner, list) else entry(inner, "layers", list)
    if len(described) > MOST_LAYERS:
        raise ValueError(f"holds {len(described):,} layers; expected one SimpleRNN and then one Dense, its readout")
    return [layer_of(one) for one in (described if kind == "Sequential" else in_chain(described))]


def entry(holder: object, key: str, kind: Any) -> Any:
    """The value of a key in a part of the configuration, if it has the given type."""
    value = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise ValueError(f"its model configuration has no valid {key!r} where one is needed")
    return value


def layer_of(described: object) -> Layer:
    """The layer that a part of the configuration describes; a TimeDistributed layer counts as the layer inside it."""
    layer = Layer(entry(described, "class_name", str), entry(described, "config", dict))
    module = described.get("module") if isinstance(described, dict) else None
    if module is not None and str(module).split(".")[0] != "keras":
        raise ValueError(f"holds a layer {layer.kind} of the module {module!r}, which is not Keras's")
    if layer.kind != "TimeDistributed":
        return layer
    inner = layer_of(layer.settings.get("layer"))
    if inner.kind not in (*READOUTS, *IDLE):
        raise ValueError(f"holds a TimeDistributed layer of {inner.kind}; expected one of Dense")
    return inner


def in_chain(described: Sequence[object]) -> list[object]:
    """The layers of a functional model in the order of their calls, each with only the one before as its input."""
    layers = {entry(one, "name", str): one for one in described}
    calls = {name: entry(one, "inbound_nodes", list) for name, one in layers.items()}
    for name, nodes in calls.items():
        check_calls(name, nodes)
    sources = {name: list(references(nodes)) for name, nodes in calls.items()}
    chain = following = [name for name, inbound in sources.items() if not inbound]
    while len(following) == 1:
        following = [name for name, inbound in sources.items() if inbound == [(chain[-1], 0)]]
        chain = chain + following
    if len(chain) != len(described) or following:
        raise ValueError("its layers do not form one chain from the input to the output")
    return [layers[name] for name in chain]


def references(node: object) -> Iterator[tuple[str, int]]:
    """The outputs of other layers that a call names: ["lstm_1", 0, 1] is output 1 of the first call of that layer."""
    parts = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if len(parts) > 2 and [type(part) for part in parts[:3]] == [str, int, int]:
        yield parts[0], parts[2]
    for part in parts:
        yield from references(part)


def check_calls(name: str, node: object) -> None:
    """Check that no layer is called in training mode, where dropout acts, or with a mask or an initial state."""
    for part in node if isinstance(node, list) else []:
        if not isinstance(part, dict):
            check_calls(name, part)
            continue
        given = part.get("kwargs", {} if "args" in part else part)
        for key, value in given.items() if isinstance(given, dict) else ():
            if value is not None and value is not False:
                raise ValueError(f"its layer {name!r} is called with {key}; recurra runs a layer on its input alone")


def check_layers(layers: Sequence[Layer]) -> Layers:
    """Check that the layers, apart from idle ones, are a SimpleRNN and a linear readout, and return these two."""
    for layer in layers:
        check_not_gated(layer.kind.removeprefix("CuDNN"))
        if layer.kind not in ("SimpleRNN", *READOUTS, *IDLE):
            raise ValueError(f"holds a layer of the class {layer.kind}; expected one SimpleRNN and a Dense readout")
        if layer.kind in (*READOUTS, "Activation") and layer.activation("linear") != "linear":
            name = layer.activation("linear")
            raise ValueError(f"its {layer.kind} layer has the activation {name!r}; expected 'linear'")
    working = [layer for layer in layers if layer.kind not in IDLE]
    kinds = [layer.kind.replace("TimeDistributedDense", "Dense") for layer in working]
    if kinds != ["SimpleRNN", "Dense"]:
        named = " and then ".join(kinds) or "none of them"
        raise ValueError(f"holds the layers {named}; expected one SimpleRNN and then one Dense, its readout")
    if working[0].settings.get("go_backwards"):
        raise ValueError("its SimpleRNN layer has go_backwards set; recurra runs time forwards only")
    return Layers(*working)


def activation_of(recurrent: Layer, version: str | None) -> str:
    """Recurra's name for the activation of a SimpleRNN layer.

    Args:
        recurrent: the layer.
        version: version of Keras, if the file has it; the slope of a hard sigmoid is 1/5 up to Keras 2, 1/6 from Keras
            3.
    """
    name = recurrent.activation("tanh")
    if name not in ACTIVATIONS:
        raise ValueError(f"its SimpleRNN layer has the activation {name!r}; expected one of: {', '.join(ACTIVATIONS)}")
    if name != "hard_sigmoid":
        return name
    major = (version or "").partition(".")[0]
    if not major.isdigit():
        raise ValueError("has a hard_sigmoid and does not say its version of Keras, which decides on the slope")
    return "hard_sigmoid_5" if int(major) < 3 else "hard_sigmoid_6"


def remarks(layers: Layers) -> list[str]:
    """What recurra does differently from Keras with these layers, one sentence each."""
    notes = []
    if layers.recurrent.settings.get("stateful"):
        notes.append("its SimpleRNN layer is stateful; recurra begins every trial at a state of zero")
    if layers.recurrent.settings.get("return_sequences") is False:
        notes.append("its SimpleRNN layer returns the last step only; recurra reads it out at every step")
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


def check_not_gated(kind: str) -> None:
    """Refuse the gated layers by name."""
    if kind in GATED:
        raise ValueError(
            f"holds {GATED[kind]} layer; recurra reads SimpleRNN networks only, {kind} is not supported yet"
        )
