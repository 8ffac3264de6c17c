"""The user's own parts, named "module:Class" in specs: found among imported modules, never imported for a spec."""

import importlib
import importlib.util
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from recurra.checks import nearest
from recurra.storage.run_folder import RunFolder

RESERVED = ("recurra", "__main__")  # parts in the first have short names, parts in the second have none
MOST_ANALYSES = 100  # most analyses that a run may name
_used: dict[str, str] = {}  # the argument of `use` for every module


def use(names: Iterable[str]) -> None:
    """Import your own files or modules, so that specs can name the parts in them.

    Args:
        names: paths of files that end in .py, each of which becomes the module of its name, or names of installed
            modules. A module that is already in use is not imported again.

    Raises:
        ValueError: there is no such file or module, it fails, or another module has its name; one line.
    """
    for name in names:
        if name.endswith(".py"):
            _use_file(Path(name))
        else:
            _use_module(name)


def used() -> tuple[str, ...]:
    """The files and modules in which parts were found: with them, `use` in another process finds the parts too."""
    return tuple(_used.values())


def command_for(words: str, folder: RunFolder) -> str:
    """A command line on a run folder, with the `--use` options that the parts and analyses of its spec need.

    Args:
        words: the command and its options, such as "run --resume".
        folder: the run.
    """
    needed = dict.fromkeys(_used[module] for module in modules_of(folder.about().get("spec", {})) if module in _used)
    return " ".join([f"recurra {words} {shlex.quote(str(folder))}", *(f"--use {shlex.quote(name)}" for name in needed)])


def is_own(name: str) -> bool:
    """Whether a kind in a spec has the form "module:Class"."""
    return ":" in name


def own_class(name: str, kind: type, path: str) -> type:
    """The class that a spec names.

    Args:
        name: "module:Class".
        kind: the abstract class from which it must be derived.
        path: place of the name in the spec, for messages.
    """
    own = own_object(name, path)
    if not isinstance(own, type) or not issubclass(own, kind):
        what = f"the class {own.__name__}" if isinstance(own, type) else f"a {type(own).__name__}"
        raise ValueError(f"{path} is {name!r}, {what}; expected a class that is derived from rc.{kind.__name__}")
    frozen = is_dataclass(own) and own.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if not frozen or "__dataclass_params__" not in vars(own):
        raise ValueError(f"{path} is {name!r}, no frozen dataclass; put @dataclass(frozen=True) above the class")
    return own


def own_classes(kind: type) -> list[str]:
    """The names "module:Class" of the classes in modules in use that are derived from an abstract class.

    Args:
        kind: the abstract class.
    """
    modules = [(name, vars(sys.modules[name])) for name in _used if name in sys.modules]
    return [
        f"{module}:{name}"
        for module, names in modules
        for name, value in names.items()
        if isinstance(value, type) and issubclass(value, kind) and value.__module__ == module
    ]


def own_object(name: str, path: str) -> Any:
    """The object with a name in a module that is already imported.

    It is looked up in the dictionary of the module, because an attribute might import something.
    """
    check_own_name(name, path)
    module_name, _, own = name.partition(":")
    module = sys.modules.get(module_name)
    if not isinstance(module, ModuleType):
        raise ValueError(f"{path} is {name!r}: {_needed([module_name])}")
    if own not in vars(module):
        public = [entry for entry, value in vars(module).items() if callable(value) and not entry.startswith("_")]
        raise ValueError(f"{path} is {name!r}, but {module_name} has no {own!r}; {nearest(own, public)}")
    _used.setdefault(module_name, module_name)
    return vars(module)[own]


def check_own_name(name: str, path: str, what: str = "class") -> None:
    """Check that a name is "module:name" with a module that is not one of recurra's.

    Args:
        name: the name.
        path: place of the name in the spec, for messages.
        what: the kind of object that it names, for messages.
    """
    module, _, own = name.partition(":")
    if not all(map(str.isidentifier, [*module.split("."), own])) or module.split(".")[0] in RESERVED:
        expected = f"'module:{what.title() if what == 'class' else what}', a {what} at the top of a module of your own"
        raise ValueError(f"{path} is {name!r}; expected {expected}")


def check_analyses(names: Sequence[str]) -> None:
    """Check that names of analyses are "module:function" and occur once each."""
    for name in names:
        check_own_name(name, "analyses", "function")
    if len(set(names)) < len(names):
        raise ValueError(f"analyses names {next(name for name in names if names.count(name) > 1)} twice")
    if len(names) > MOST_ANALYSES:
        raise ValueError(f"analyses has {len(names)} names; expected at most {MOST_ANALYSES}")


def own_name(part: Any) -> str:
    """The name "module:Class" of a class, or of a function, by which `own_object` finds it again.

    Raises:
        ValueError: it could not be found again by a name; one line that says what to do.
    """
    module, name = part.__module__, part.__qualname__
    if module.split(".")[0] == "recurra":
        raise ValueError(
            f"{name} is made in Python of what no file can name, such as functions; write a class of your own in its "
            "place, in a file of its own. rc.train and the analyses take it as it is."
        )
    if module == "__main__":
        raise ValueError(
            f"{name} is defined in the program or notebook that runs, where no spec can name it; put it in a file of "
            "its own, such as my_parts.py, and import that. rc.train and the analyses take it as it is."
        )
    imported = sys.modules.get(module)
    if imported is None or vars(imported).get(name) is not part:
        raise ValueError(
            f"{module}:{name} is not at the top of an imported module, so that no spec can name it; define it there, "
            "outside of functions and classes. rc.train and the analyses take it as it is."
        )
    _used.setdefault(module, module)
    return f"{module}:{name}"


def modules_in(table: Any) -> tuple[str, ...]:
    """The user's own modules that the table of a spec names, each once, in their order."""
    if isinstance(table, dict):
        kind = table.get("kind")
        own = [kind.partition(":")[0]] if isinstance(kind, str) and is_own(kind) else []
        return tuple(dict.fromkeys([*own, *(module for value in table.values() for module in modules_in(value))]))
    return tuple(module for value in table for module in modules_in(value)) if isinstance(table, list) else ()


def modules_of(table: Any) -> tuple[str, ...]:
    """The user's own modules of a whole spec: those of its parts, and those of its analyses."""
    named = table.get("analyses") if isinstance(table, dict) else None
    analyses = [name.partition(":")[0] for name in named if isinstance(name, str)] if isinstance(named, list) else []
    return tuple(dict.fromkeys([*modules_in(table), *analyses]))


def check_imported(table: Any) -> None:
    """Check that the modules of all parts named in the table of a spec are imported.

    A run can be read without the modules of its analyses. The error names them too, so that one command is enough.
    """
    if any(module not in sys.modules for module in modules_in(table)):
        raise ValueError(_needed([module for module in modules_of(table) if module not in sys.modules]))


def file_of(module: str) -> str:
    """The argument of `--use` for a module: its file, or its name if it is in a package."""
    return module if "." in module else f"{module}.py"


def _needed(missing: Sequence[str]) -> str:
    options = " ".join(f"--use {file_of(module)}" for module in missing)
    names = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    return (
        f"it needs the module{'s' if len(missing) > 1 else ''} {names}, not imported yet: a spec or a "
        f"folder imports nothing by itself. Give {options}, or import it in Python"
    )


def _use_file(path: Path) -> None:
    name = path.stem
    if not name.isidentifier():
        raise ValueError(f"{path} cannot be imported: {name!r} is no module's name; rename it to letters and _")
    if not path.is_file():
        raise ValueError(f"--use: there is no file {path}")
    path = path.resolve()
    other = _origin(name)
    if other is not None and other != str(path):
        raise ValueError(f"--use: {path} would be the module {name}, which {other} is already; rename the file")
    _used[name] = str(path)
    if name in sys.modules:
        return
    loader = SourceFileLoader(name, str(path))
    spec = ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name], _used[name]
        raise ValueError(f"--use: {path} cannot be imported: {_reason(error, path)}") from None


def _use_module(name: str) -> None:
    try:
        importlib.import_module(name)
    except (Exception, SystemExit) as error:
        hint = "; expected a file that ends in .py, or an installed module" if isinstance(error, ImportError) else ""
        raise ValueError(f"--use: {name} cannot be imported: {_reason(error, None)}{hint}") from None
    _used[name] = name


def _origin(name: str) -> str | None:
    """The origin of a module, imported or not; None if there is no such module."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        file = getattr(loaded, "__file__", None)
        return str(Path(file).resolve()) if file else "a part of Python"
    spec = importlib.util.find_spec(name)
    if spec is None or (spec.origin is None and spec.loader is None):  # none, or only a folder of this name
        return None
    return str(Path(spec.origin).resolve()) if spec.has_location and spec.origin else "a part of Python"


def _reason(error: BaseException, path: Path | None) -> str:
    """An error in one line, with the line of the user's file where it arose."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == str(path)
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {' '.join(message.split())[:300]}".rstrip(": ")
