"""The house: each floor imports only from floors below it or from its own folder."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "recurra"
FLOORS = {
    "engine": 1,
    "tasks": 1,
    "models": 2,
    "training": 3,
    "analysis": 3,
    "storage": 4,
    "words": 4,
    "plotting": 5,
    "runs": 5,  # no pictures: a worker loads no Matplotlib
    "studies": 6,
    "testing": 6,
    "summaries": 7,
    "report": 7,
    "cli": 8,
    "__main__": 9,
}
GROUND = {
    "arrays",
    "checks",
    "docstrings",
    "status",
    "periods",
    "intervals",
    "linalg",
    "threads",
    "sources",
    "streams",
    "wording",
    "varied",
    "numerics",
    "interrupts",
    "terminal",
    "surroundings",
    "saver",
    "shown",
}
MODULES = sorted(SOURCE.rglob("*.py"))


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "recurra"


def floor(name: str) -> int:
    return 0 if name in GROUND else FLOORS[name]


def imports(path: Path) -> list[tuple[str, bool]]:
    """The names of recurra's modules that a file imports, and whether it does so at its start."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found += [(name, node in tree.body) for name in names if name.split(".")[0] == "recurra"]
    return found


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py" or path.parent != SOURCE], ids=str
)
def test_floor(path):
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for module, _ in imports(path):
        other = room(module)
        allowed = other == own or floor(other) < floor(own) or (own in GROUND and other in GROUND)
        assert allowed, f"{path.name} on floor {floor(own)} imports {module} on floor {floor(other)}"


def check_no_circle(graph: dict[str, set[str]]) -> None:
    done: set[str] = set()
    while len(done) < len(graph):
        ready = {name for name, needs in graph.items() if name not in done and needs <= done}
        assert ready, f"a circle among {set(graph) - done}"
        done |= ready


def test_ground_floor_has_no_circle():
    check_no_circle({name: {room(module) for module, _ in imports(SOURCE / f"{name}.py")} for name in GROUND})


@pytest.mark.parametrize("floor_with_rooms", ["analysis", "plotting", "report"])
def test_rooms_of_a_floor_have_no_circle(floor_with_rooms):
    """Rooms import one another one way; the modules beside them may import from all."""
    folder = SOURCE / floor_with_rooms
    rooms = {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
    graph = {}
    for own in rooms:
        used = [module.split(".") for path in (folder / own).rglob("*.py") for module, _ in imports(path)]
        inside = {parts[2] if len(parts) > 2 else "" for parts in used if parts[1:2] == [floor_with_rooms]}
        assert "" not in inside, f"{floor_with_rooms}/{own} imports its floor's __init__"
        graph[own] = (inside & rooms) - {own}
    check_no_circle(graph)


DRAWING = {"matplotlib", "plotly"}


def imported(path: Path) -> dict[str, list[str]]:
    """The names that a file imports, by the module that they are from."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom | ast.Import)]
    found: dict[str, list[str]] = {}
    for node in nodes:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for module in modules:
            found.setdefault(module, []).extend(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", sorted((SOURCE / "plotting" / "scenes").glob("*.py")), ids=lambda path: path.name)
def test_scenes_draw_nothing(path):
    found = set(imported(path))
    assert not {module.split(".")[0] for module in found} & DRAWING
    assert not [module for module in found if module.startswith(("recurra.plotting.papers", "recurra.plotting.inter"))]


BACKENDS = [path for room in ("papers", "interactive") for path in sorted((SOURCE / "plotting" / room).glob("*.py"))]


@pytest.mark.parametrize("path", BACKENDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_backends_only_draw(path):
    """They import scenes and not each other, and of the analysis nothing that computes: records and constants."""
    other = {"papers": "interactive", "interactive": "papers"}[path.parent.name]
    for module, names in imported(path).items():
        assert not module.startswith(f"recurra.plotting.{other}"), f"{path.name} imports {module}"
        if module.startswith("recurra.analysis"):
            computing = [name for name in names if not (name.isupper() or name[:1].isupper())]
            assert not computing, f"{path.name} computes: {', '.join(computing)} of {module}"


@pytest.mark.slow
def test_loading_a_scene_loads_no_drawing_library():
    names = [path.stem for path in (SOURCE / "plotting" / "scenes").glob("*.py") if path.stem != "__init__"]
    code = "; ".join(f"import recurra.plotting.scenes.{name}" for name in sorted(names))
    assert not {module.split(".")[0] for module in loaded_by(code)} & DRAWING


def test_every_room_is_on_a_floor():
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in MODULES} - {"__init__"}
    assert rooms <= GROUND | set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_size(path):
    text = path.read_text()
    assert text.count("\n") <= 320 or path.name == "sources.py", "more than 300 lines: would two rooms read better?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is longer than 50 lines"


def loaded_by(code: str) -> set[str]:
    command = f"{code}; import sys; print(' '.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.split()
    )


def test_import_is_light(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    heavy = {"matplotlib", "plotly", "dask", "h5py", "keras", "torch", "jax", "sklearn", "pandas"}
    assert not loaded_by("import recurra") & heavy
    assert not loaded_by("import recurra as rc; rc.train, rc.FlipFlop") & (heavy - {"jax"})
    assert not loaded_by("import recurra.cli") & heavy
    assert not list(tmp_path.iterdir()), "import creates a file"


def test_every_public_name_can_be_used():
    import recurra

    assert len(recurra.__all__) > 20
    for name in recurra.__all__:
        assert getattr(recurra, name).__doc__


@pytest.mark.parametrize(("name", "home"), [("RateRNN", "models"), ("BPTT", "training")])
def test_one_kind_of_model_or_rule_is_named_in_its_own_room_only(name, home):
    """Elsewhere what is done depends on what a kind says of itself. The examples of `testing` are made of ours."""
    elsewhere = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0] not in (home, "testing")
        and re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))
    ]
    assert elsewhere == []


FLIPFLOP_ROOMS = {
    "__init__.pyi",  # a public name
    "tasks/__init__.py",
    "tasks/flipflop.py",
    "words/memories.py",
    "studies/realizations.py",  # a study of the flip-flop's paper
}


def test_the_flipflop_is_named_in_its_own_rooms_only():
    """Elsewhere what is done depends on what the task says of itself, or on whether a dossier has memories."""
    named = {
        path.relative_to(SOURCE).as_posix()
        for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.pyi"), *SOURCE.rglob("*.j2")]
        if "FlipFlop" in path.read_text(encoding="utf-8")
    }
    assert {name for name in named if not name.startswith("analysis/memory/")} == FLIPFLOP_ROOMS
    asked = [name for name in named if re.search(r"isinstance\([^)]*FlipFlop", (SOURCE / name).read_text("utf-8"))]
    assert asked == ["analysis/memory/memory_tasks.py"], "one place says which tasks have memories"
