"""What torch.save writes, read without running it: the commands of a pickle are taken one by one, and only those that
make numbers, texts, lists, tables and tensors are known. Nothing is imported or called, whatever a file asks for.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MOST_PICKLE_BYTES = 2**24
STORAGES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True)
class Storage:
    """A run of numbers in a member of the archive: its key, the type of its numbers, and how many they are."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A tensor, as a part of a storage: where it begins, its shape, and how far its entries are from each other."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class _Named:
    """Something that the pickle names, and that stays a name."""

    name: str


def _table(*given: Any) -> dict:
    return dict(*given)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_rest: Any) -> Tensor:
    """The tensor of `torch._utils._rebuild_tensor_v2`, within its storage."""
    whole = isinstance(offset, int) and isinstance(shape, tuple) and isinstance(stride, tuple)
    if not isinstance(storage, Storage) or not whole or not all(type(one) is int for one in (*shape, *stride)):
        raise ValueError("is damaged: it describes a tensor in another way than torch")
    if min((offset, *shape, *stride)) < 0 or len(shape) != len(stride):
        raise ValueError(f"is damaged: a tensor has shape {shape}, stride {stride} and offset {offset}")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if 0 not in shape and last >= storage.count:
        raise ValueError(f"is damaged: a tensor of shape {shape} reaches over the end of its {storage.count} numbers")
    return Tensor(storage, offset, shape, stride)


def _parameter(tensor: Any, *_rest: Any) -> Any:
    return tensor


MAKERS: dict[str, Callable[..., Any]] = {
    "collections OrderedDict": _table,
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": _parameter,
}
"""What a pickle may call, and what is done in its place."""


@dataclass
class _Reader:
    """The stack, the memory and the marks of a pickle while it is read."""

    stack: list[Any] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)
    marks: list[int] = field(default_factory=list)

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise ValueError("is damaged: its pickle takes more than it gives")
        return self.stack.pop()

    def to_mark(self) -> list[Any]:
        if not self.marks:
            raise ValueError("is damaged: its pickle has no mark where it needs one")
        at = self.marks.pop()
        taken = self.stack[at:]
        del self.stack[at:]
        return taken

    def last(self, kind: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise ValueError(f"is damaged: its pickle has no {kind.__name__} where it needs one")
        return self.stack[-1]

    def named(self, name: str) -> None:
        module, _, own = name.partition(" ")
        if name not in MAKERS and not (module == "torch" and own in STORAGES):
            raise ValueError(
                f"holds {name.replace(' ', '.')!r}, and recurra runs no code of a file; save the weights alone: "
                "torch.save(model.state_dict(), FILE)"
            )
        self.stack.append(_Named(name))

    def call(self, _argument: Any) -> None:
        given, maker = self.pop(), self.pop()
        if not isinstance(maker, _Named) or maker.name not in MAKERS or not isinstance(given, tuple):
            raise ValueError("is damaged: its pickle calls what is no function")
        self.stack.append(MAKERS[maker.name](*given))

    def storage(self, _argument: Any) -> None:
        said = self.pop()
        known = isinstance(said, tuple) and len(said) == 5 and said[0] == "storage" and isinstance(said[1], _Named)
        if not known or not isinstance(said[2], str) or type(said[4]) is not int or said[4] < 0:
            raise ValueError("is damaged: it describes the numbers of a tensor in another way than torch")
        self.stack.append(Storage(said[2], STORAGES[said[1].name.partition(" ")[2]], said[4]))

    def put(self, place: int) -> None:
        self.memory[place] = self.last(object)

    def get(self, place: int) -> None:
        if place not in self.memory:
            raise ValueError("is damaged: its pickle remembers what it never had")
        self.stack.append(self.memory[place])

    def set_items(self, pairs: list[Any]) -> None:
        table = self.last(dict)
        table.update(zip(pairs[::2], pairs[1::2], strict=True))

    def set_item(self, _argument: Any) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def append(self, _argument: Any) -> None:
        value = self.pop()
        self.last(list).append(value)

    def extend(self, _argument: Any) -> None:
        values = self.to_mark()
        self.last(list).extend(values)

    def join(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.stack.append(tuple(reversed(values)))


COMMANDS: dict[str, Callable[[_Reader, Any], Any]] = {
    "PROTO": lambda *_: None,
    "MARK": lambda reader, _: reader.marks.append(len(reader.stack)),
    "EMPTY_DICT": lambda reader, _: reader.stack.append({}),
    "EMPTY_LIST": lambda reader, _: reader.stack.append([]),
    "EMPTY_TUPLE": lambda reader, _: reader.stack.append(()),
    "TUPLE": lambda reader, _: reader.stack.append(tuple(reader.to_mark())),
    "TUPLE1": lambda reader, _: reader.join(1),
    "TUPLE2": lambda reader, _: reader.join(2),
    "TUPLE3": lambda reader, _: reader.join(3),
    "NONE": lambda reader, _: reader.stack.append(None),
    "NEWTRUE": lambda reader, _: reader.stack.append(True),
    "NEWFALSE": lambda reader, _: reader.stack.append(False),
    "BUILD": lambda reader, _: reader.pop(),  # the attributes of a state_dict, its versions
    "GLOBAL": _Reader.named,
    "REDUCE": _Reader.call,
    "BINPERSID": _Reader.storage,
    "SETITEM": _Reader.set_item,
    "SETITEMS": lambda reader, _: reader.set_items(reader.to_mark()),
    "APPEND": _Reader.append,
    "APPENDS": _Reader.extend,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Reader.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Reader.get),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE"),
        lambda reader, value: reader.stack.append(value),
    ),
}


def unpickled(content: bytes) -> Any:
    """The value that a pickle of torch.save describes: numbers, texts, lists, tables and `Tensor`s.

    Raises:
        ValueError: the pickle is damaged, or asks for anything else.
    """
    reader = _Reader()
    for command, argument, _ in pickletools.genops(content):
        if command.name == "STOP":
            return reader.pop()
        if command.name not in COMMANDS:
            raise ValueError(f"has the pickle command {command.name}, which torch.save does not write")
        COMMANDS[command.name](reader, argument)
    raise ValueError("is damaged: its pickle has no end")
