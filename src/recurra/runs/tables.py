"""Conversion between frozen dataclasses and tables of plain values, as in TOML and JSON."""

import hashlib
import inspect
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from recurra.checks import check_choice, nearest
from recurra.runs.own import is_own, own_class, own_classes, own_name

Table = dict[str, Any]
Registry = dict[type, dict[str, type]]
LONG = 200  # letters of an array that a line holds


def from_table(kind: type, table: object, registry: Registry, path: str) -> Any:
    """An instance of the dataclass `kind`, or of the class named in the table, with the values of the table.

    Args:
        kind: a frozen dataclass, or an abstract class of the registry.
        table: values by field name; for an abstract class also `kind`, or only that name instead of a table.
        registry: names of the dataclasses derived from every abstract class.
        path: place of the table in the spec, for messages.
    """
    if kind in registry:
        kind, table = _chosen(kind, table, registry, path)
    if not isinstance(table, dict):
        raise ValueError(
            f"{path or 'the spec'} is {table!r}; expected a table of {', '.join(f.name for f in arguments_of(kind))}"
        )
    hints = _hints(kind)
    known = {field.name: field for field in arguments_of(kind)}
    values = {}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"unknown key {_joined(path, key)}; {_keys(kind, key, list(known), registry, path)}")
        values[key] = _value(hints[key], _with_kind(known[key], value, registry), registry, _joined(path, key))
    needed = [name for name, one in known.items() if one.default is MISSING and one.default_factory is MISSING]
    if missing := [name for name in needed if name not in values]:
        raise ValueError(f"{path or 'the spec'} needs {missing[0]}")
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}" if path else str(error)) from None


def to_table(method: Any, registry: Registry) -> Table:
    """The complete table from which `from_table` makes `method`; an error if that is impossible."""
    table: Table = {}
    for kind, names in registry.items():
        if isinstance(method, kind):
            table["kind"] = kind_name(type(method), names)
    for field in arguments_of(method):
        table[field.name] = _plain(getattr(method, field.name), registry, f"{type(method).__name__}.{field.name}")
    return table


def arguments_of(method: Any) -> list[Field]:
    """The fields of a dataclass, or of its instance, that it is made from."""
    return [field for field in fields(method) if field.init]


def kind_name(kind: type, names: dict[str, type]) -> str:
    """The name of a class in a spec: its name in `names`, or "module:Class" for a user's own class."""
    return next((name for name, known in names.items() if known is kind), None) or own_name(kind)


def storable(value: Any) -> Any:
    """A plain value as JSON can hold it: infinite numbers, also within lists and tables, are "inf" and "-inf".

    `from_table` reads these words as the numbers.
    """
    if isinstance(value, dict):
        return {key: storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one) for one in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def changes(old: Table, new: Table, path: str = "") -> dict[str, tuple[object, object]]:
    """The full keys whose values differ between two tables, with both values; "nothing" for a missing key.

    Of a long array its length and its digest stand for the values.
    """
    changed: dict[str, tuple[object, object]] = {}
    for key in sorted({*old, *new}):
        first, second = old.get(key, "nothing"), new.get(key, "nothing")
        if isinstance(first, dict) and isinstance(second, dict):
            changed |= changes(first, second, f"{path}{key}.")
        elif first != second:
            changed[f"{path}{key}"] = (_short(first), _short(second))
    return changed


def _short(value: object) -> object:
    """The kind of a table, and the length and digest of a long array; other values are themselves."""
    if isinstance(value, dict):
        return value.get("kind", value)
    if not isinstance(value, list | tuple) or len(text := json.dumps(value)) <= LONG:
        return value
    return f"{len(value):,} rows, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _keys(kind: type, key: str, known: list[str], registry: Registry, path: str) -> str:
    """A hint for an unknown key: the nearest key, or another kind if this one has no keys."""
    others = [name for names in registry.values() if kind in names.values() for name in names]
    if known:
        return nearest(key, known)
    if not others:
        return f"{path} has no keys"
    own = next(name for names in registry.values() for name in names if names[name] is kind)
    return f"{path} is {own!r}, which has no keys. Name another kind first: {path}.kind = one of {', '.join(others)}"


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except NameError as error:
        raise ValueError(f"{kind.__name__}: an annotation cannot be understood: {error}") from None


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _chosen(kind: type, table: object, registry: Registry, path: str) -> tuple[type, object]:
    table = {"kind": table} if isinstance(table, str) else table
    if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
        names = ", ".join(registry[kind])
        raise ValueError(
            f"{path} needs a kind; expected one of: {names}"
            if isinstance(table, dict)
            else f"{path} is {table!r}; expected a table, or one of: {names}"
        )
    name, values = table["kind"], {key: value for key, value in table.items() if key != "kind"}
    if is_own(name):
        return own_class(name, kind, path), values
    own = own_classes(kind)
    whole = next((one for one in own if one.endswith(f":{name}")), None)
    if whole:
        raise ValueError(f"unknown {path} {name!r}; did you mean {whole!r}?")
    check_choice(path, name, [*registry[kind], *own])
    return registry[kind][name], values


def _with_kind(field: Field, value: object, registry: Registry) -> object:
    """The table with the default kind of the field if it names none."""
    if not isinstance(value, dict) or "kind" in value:
        return value
    default = field.default if field.default_factory is MISSING else field.default_factory()
    for kind, names in registry.items():
        if isinstance(default, kind):
            return {"kind": kind_name(type(default), names), **value}
    return value


def _value(hint: Any, value: object, registry: Registry, path: str) -> object:
    if isinstance(hint, type) and (hint in registry or is_dataclass(hint)):
        return from_table(hint, value, registry, path)
    alternative = _table_among(hint, registry)
    if isinstance(value, dict) and alternative:
        return from_table(alternative, value, registry, path)
    if kind := _kind_in_tuple(hint, registry):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{path} is {value!r}; expected a list of tables, each with a kind")
        return tuple(from_table(kind, item, registry, f"{path}[{at}]") for at, item in enumerate(value))
    value = _tuples(value)
    if value in ("inf", "-inf"):
        value = float(str(value))
    try:
        return TypeAdapter(_without(hint, alternative)).validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(f"{path} is {value!r}; {_expected(hint, error)}") from None
    except PydanticUserError:
        raise ValueError(
            f"{path} is {value!r}; its annotation is {hint}, which no spec can hold. "
            "Expected numbers, texts, tuples or frozen dataclasses"
        ) from None


def _options(hint: Any) -> tuple[Any, ...]:
    """The kinds of value among which a field has one; none if it has a single kind."""
    return typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else ()


def _table_among(hint: Any, registry: Registry) -> type | None:
    """The dataclass, or abstract class of the registry, among the kinds of value that a field may have."""
    classes = (part for part in _options(hint) if isinstance(part, type))
    return next((part for part in classes if part in registry or is_dataclass(part)), None)


def _without(hint: Any, alternative: type | None) -> Any:
    """The kinds of value that a field may have beside a table."""
    if alternative is None:
        return hint
    return typing.Union[tuple(part for part in _options(hint) if part is not alternative)]  # noqa: UP007


def _tuples(value: object) -> object:
    """Lists, and lists within them and within tables, as tuples."""
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return tuple(_tuples(one) for one in value) if isinstance(value, (list, tuple)) else value


def _kind_in_tuple(hint: Any, registry: Registry) -> type | None:
    """The abstract class of the entries of a field that holds any number of them."""
    arguments = typing.get_args(hint)
    of_any_length = typing.get_origin(hint) is tuple and arguments[1:] == (Ellipsis,)
    return arguments[0] if of_any_length and arguments[0] in registry else None


def _expected(hint: Any, error: ValidationError) -> str:
    if options := _options(hint):
        return "expected " + " or ".join(_words(part) for part in options if part is not types.NoneType)
    if typing.get_origin(hint) is typing.Literal:
        return "expected one of: " + ", ".join(typing.get_args(hint))
    return f"expected {_words(hint)}" if hint in _WORDS else error.errors()[0]["msg"].lower()


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _words(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(map(repr, typing.get_args(hint)))
    if typing.get_origin(hint) is Mapping:
        return "a table of numbers"
    if is_dataclass(hint):
        return f"a table of {', '.join(field.name for field in arguments_of(hint))}"
    if inspect.isabstract(hint):
        return "a table with a kind"
    return _WORDS.get(hint, "a list of numbers")


def _plain(value: object, registry: Registry, path: str) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return to_table(value, registry)
    if isinstance(value, tuple):
        return [_plain(item, registry, path) for item in value]
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise ValueError(
            f"{path} is a {type(value).__name__}, which no spec can hold; expected numbers, texts, tuples or frozen "
            "dataclasses. rc.train and the analyses take it as it is."
        )
    return storable(value)
