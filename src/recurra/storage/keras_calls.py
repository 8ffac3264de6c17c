"""The calls of layers in the configuration of a functional model of Keras: one chain, from the input to the output."""

from collections.abc import Iterator, Sequence
from typing import Any


def entry(holder: object, key: str, kind: Any) -> Any:
    """The value of a key in a part of the configuration, if it has the given type."""
    value = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise ValueError(f"its model configuration has no valid {key!r} where one is needed")
    return value


def in_chain(described: Sequence[object]) -> list[object]:
    """The layers of a functional model in the order of their calls, each with only the one before as its input."""
    described = without_masks(described)
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


def without_masks(described: Sequence[object]) -> Sequence[object]:
    """The layers without the operations by which Keras 3 works out the mask of a Masking layer, and without their use.

    They are NotEqual, whose value is that of the Masking layer, and Any.
    """
    made: set[str] = set()
    values = [entry(one, "config", dict).get("mask_value") for one in described if kind_in(one) == "Masking"]
    for kind in ("NotEqual", "Any") if values else ():
        for one in described:
            if kind_in(one) != kind:
                continue
            arguments = [node.get("args") for node in entry(one, "inbound_nodes", list) if isinstance(node, dict)]
            of_values = kind == "NotEqual" and all(
                isinstance(given, list) and given[-1] in values for given in arguments
            )
            of_made = kind == "Any" and {name for name, _ in references(arguments)} <= made
            if arguments and (of_values or of_made):
                made.add(entry(one, "name", str))
    return [unmasked(one, made) for one in described if not isinstance(one, dict) or one.get("name") not in made]


def kind_in(described: object) -> object:
    """The class of a layer in the configuration, if it has one."""
    return described.get("class_name") if isinstance(described, dict) else None


def unmasked(described: object, made: set[str]) -> object:
    """The layer without masks among the arguments of its calls, if they are from the layers named `made`."""
    if not isinstance(described, dict) or not made:
        return described
    nodes = [
        {**node, "kwargs": {key: value for key, value in node["kwargs"].items() if not masked_by(key, value, made)}}
        if isinstance(node, dict) and isinstance(node.get("kwargs"), dict)
        else node
        for node in entry(described, "inbound_nodes", list)
    ]
    return {**described, "inbound_nodes": nodes}


def masked_by(key: str, value: object, made: set[str]) -> bool:
    """Whether an argument of a call is a mask from the layers named `made`."""
    return key == "mask" and value is not None and {name for name, _ in references([value])} <= made


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
