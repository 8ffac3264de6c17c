"""The pages say what is so: their Python runs, their commands parse, their tables are those of the code."""

import ast
import importlib
import itertools
import re
import shlex
import shutil
from dataclasses import fields, is_dataclass
from pathlib import Path

import jax
import pytest
import typer.main

import recurra
from recurra.cli.app import app
from recurra.docstrings import parameter_texts
from recurra.engine.rate import ACTIVATIONS
from recurra.runs.spec import REGISTRY, RunSpec, presets, read_table, to_spec, with_settings
from recurra.runs.tables import to_table
from recurra.sources import SOURCES
from recurra.tasks import TASKS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"])
COMMANDS = typer.main.get_command(app).commands
COMMAND_LINE = (DOCS / "command-line.md").read_text()

# What the test makes smaller in getting-started.md, so that it runs in seconds.
SMALLER = {
    "units=100": "units=8",
    "steps=350": "steps=4",
    "batch=16": "batch=2",
    "steps_an_epoch=25": "steps_an_epoch=2",
    "networks=4": "networks=2",
}


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks in one of these languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in found if language in languages]


def commands(text: str) -> list[tuple[list[str], str]]:
    """The arguments of every `recurra` command in a page's shell blocks, and the line after it."""
    found = []
    for block in blocks(text, "sh", "console"):
        lines = [*block.splitlines(), ""]
        for line, after in itertools.pairwise(lines):
            if "$ " in block and not line.startswith("$ "):
                continue
            words = shlex.split(line.removeprefix("$ ").split(" > ")[0], comments=True)
            if words and Path(words[0]).name == "recurra":
                found.append((words[1:], after))
    return found


SHOWN = [(page.name, *shown) for page in PAGES for shown in commands(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_imports_from_recurra_exists(page):
    """Renamed names are found at once, and not only where the pages are run."""
    for code in blocks(page.read_text(), "python", "py"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "recurra":
                module = importlib.import_module(str(node.module))
                missing = [one.name for one in node.names if not hasattr(module, one.name)]
                assert not missing, f"{node.module} has no {', '.join(missing)}"


@pytest.mark.slow
def test_python_of_getting_started_runs(small_run, tmp_path, monkeypatch, capsys):
    """All Python blocks in one go, smaller as `SMALLER` says, beside a small run in the place of `runs/demo`."""
    code = "\n".join(blocks((DOCS / "getting-started.md").read_text(), "python"))
    for value, smaller in SMALLER.items():
        assert value in code, f"the page no longer has {value}"
        code = code.replace(value, smaller)
    shutil.copytree(small_run.path, tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "getting-started.md", "exec"), {})  # noqa: S102 (our own page)
    shown = capsys.readouterr().out
    assert "['finished', 'finished']" in shown
    assert "('post', 'pre')" in shown
    assert "RateDynamics(form='rate', activation='tanh', leak=1.0, noise=0.0)" in shown


@pytest.mark.slow
def test_python_of_notebooks_runs(monkeypatch, capsys):
    code = "\n".join(blocks((DOCS / "notebooks.md").read_text(), "python"))
    for value, smaller in SMALLER.items():
        assert value in code, f"the page no longer has {value}"
        code = code.replace(value, smaller)
    monkeypatch.setenv("MPLBACKEND", "agg")
    exec(compile(code, "notebooks.md", "exec"), {})  # noqa: S102 (our own page)
    assert capsys.readouterr().out.startswith("Cohort: 2 × RateRNN, 8 units, on the 3-bit flip-flop\n")


def test_python_of_the_readme_runs(capsys):
    (code,) = blocks((ROOT / "README.md").read_text(), "python")
    for value, smaller in {"units=100": "units=4", "steps=350": "steps=2", "batch=16": "batch=2"}.items():
        assert value in code
        code = code.replace(value, smaller)
    with jax.numpy_dtype_promotion("standard"):  # as users have it
        exec(compile(code.replace("networks=4", "networks=1"), "README.md", "exec"), {})  # noqa: S102 (our own page)
    assert capsys.readouterr().out.startswith("0/1")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_is_python(page):
    for block in blocks(page.read_text(), "python", "py"):
        ast.parse(block)


@pytest.mark.parametrize(("page", "arguments", "after"), SHOWN, ids=[f"{page}: {' '.join(a)}" for page, a, _ in SHOWN])
def test_command_parses(page, arguments, after):
    """Options and keys exist; where the page shows a refusal of a key, it is refused with this message."""
    values = COMMANDS[arguments[0]].make_context(arguments[0], arguments[1:]).params
    if after.startswith("recurra: unknown key"):
        with pytest.raises(ValueError, match=re.escape(after.removeprefix("recurra: "))):
            check_settings(arguments[0], values)
    else:
        check_settings(arguments[0], values)


def check_settings(command, values):
    settings = values.get("settings") or []
    if command in ("run", "train") and values["spec"] in presets():
        to_spec(with_settings(read_table(values["spec"]), settings))
    elif settings and command in ("tasks", "inspect"):
        to_spec(with_settings({"task": values.get("name") or values["task"]}, settings))


def test_commands_are_found():
    assert len(SHOWN) > 20


def test_spec_of_your_own():
    import tomllib

    for block in blocks(COMMAND_LINE, "toml"):
        assert to_spec(tomllib.loads(block)).name == "two-bits"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options_of_a_command(name):
    """A command's section has its options, and no others."""
    section = re.search(rf"^## recurra {name}\n(.*?)(?=^## |\Z)", COMMAND_LINE, re.MULTILINE | re.DOTALL)
    assert section, f"command-line.md has no section for {name}"
    prose = re.sub(r"^```.*?^```$", "", section[1], flags=re.MULTILINE | re.DOTALL)
    shown = set(re.findall(r"`(--[a-z0-9-]+)", prose))
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    assert shown == options - {"--help"}


def rows(kind: type, prefix: str = "") -> list[str]:
    """A table row for every field of a dataclass: key, default, meaning."""
    texts = parameter_texts(kind)
    found = []
    for field in fields(kind):
        default = to_table(kind(), REGISTRY)[field.name]
        default = default["kind"] if isinstance(default, dict) else default
        words = ((True, "true"), (False, "false"), (None, "none" if prefix == "training." else "of the task"))
        shown = next((word for value, word in words if default is value), default)
        found.append(f"| `{prefix}{field.name}` | {shown} | {texts[field.name]} |")
    return found


def test_parameters_of_the_flipflop():
    page = (DOCS / "task-flipflop.md").read_text()
    for kind in (recurra.FlipFlop, recurra.ScheduledPulses, recurra.PoissonPulses):
        table = "\n".join(rows(kind))
        assert f"|---|---|---|\n{table}\n" in page, (
            f"the table of {kind.__name__} in task-flipflop.md should be\n{table}"
        )


def keys_section() -> str:
    """The tables of keys as command-line.md should have them."""
    texts = parameter_texts(RunSpec)
    plain = {"name": "run", "networks": 4, "seed": 0}
    top = [f"| `{name}` | {default} | {texts[name]} |" for name, default in plain.items()]
    spec = to_spec({"task": "flipflop"})
    parts = [top]
    for name in ("model", "training"):
        parts.append(rows(type(getattr(spec, name)), f"{name}."))
    for names in list(REGISTRY.values())[1:]:
        lines = []
        for name, kind in names.items():
            own = ", ".join(f"`{field.name}`" for field in fields(kind)) or "none"
            lines.append(f"| `{name}` | {own} | {(kind.__doc__ or '').strip().splitlines()[0].rstrip('.')} |")
        parts.append(lines)
    return "\n".join(line for part in parts for line in part)


def test_keys_of_the_spec():
    """Every row that follows from the code stands in command-line.md."""
    missing = [row for row in keys_section().splitlines() if row not in COMMAND_LINE]
    assert not missing, "command-line.md lacks these rows:\n" + "\n".join(missing)
    known = {f"{name}.{field.name}" for name in ("model", "training") for field in fields(_kind(name))}
    shown = set(re.findall(r"^\| `((?:model|training)\.\w+)`", COMMAND_LINE, re.MULTILINE))
    assert shown == known


def _kind(name: str) -> type:
    kind = type(getattr(to_spec({"task": "flipflop"}), name))
    assert is_dataclass(kind)
    return kind


def test_reference_has_every_public_name():
    page = (DOCS / "api.md").read_text()
    for name in recurra.__all__:
        assert f"`rc.{name}`" in page, f"api.md lacks rc.{name}"
    for module in re.findall(r"^::: (\S+)", page, re.MULTILINE):
        assert importlib.import_module(module).__doc__


def test_docstrings_have_the_sections_that_the_pages_know():
    """A heading of another name, such as "Example", would be an aside whose `>>>` is three quotations."""
    sections = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for name in re.findall(r"^([A-Z][a-z]+):$", ast.get_docstring(node) or "", re.MULTILINE)
    }
    assert sections == {"Args", "Examples", "Raises", "Returns"}


def test_pages_load_nothing_from_the_network():
    settings = (ROOT / "mkdocs.yml").read_text()
    assert "font: false" in settings
    assert "http" not in settings
    for page in [*DOCS.glob("*.md"), *DOCS.glob("assets/*.css")]:
        text = page.read_text()
        assert not re.search(r"""<(?:script|link|img|iframe)\b|!\[[^]]*\]\(http|@import|url\(""", text), page


def tasks_table() -> str:
    """A row a task, as tasks.md should have it."""
    lines = []
    for name, kind in TASKS.items():
        task = kind()
        sources = "; ".join(f"{_family(SOURCES[key].authors)} ({SOURCES[key].year})" for key in task.sources)
        size = f"{task.inputs} / {task.outputs}"
        length = f"{task.steps * task.dt_ms:,.0f} ms, steps of {task.dt_ms:g} ms"
        summary = (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
        lines.append(f"| `{name}` | {summary} | {size} | {length} | {len(task.condition_names)} | {sources} |")
    return "\n".join(lines)


def _family(authors: str) -> str:
    first, *others = [name.split(". ")[-1] for name in re.split(r", | and ", authors)]
    return first if not others else f"{first} and {others[0]}" if len(others) == 1 else f"{first} et al."


def test_table_of_tasks():
    table = tasks_table()
    assert f"|---|---|---|---|---|---|\n{table}\n" in (DOCS / "tasks.md").read_text(), f"it should be\n{table}"


def test_every_task_has_a_preset_and_a_row_of_its_results():
    page = (DOCS / "tasks.md").read_text()
    for name, kind in TASKS.items():
        assert isinstance(to_spec(read_table(name)).task, kind)
        assert re.search(rf"^\| {name} \| \d+ \|", page, re.MULTILINE), f"tasks.md lacks the results of {name}"


def test_groups_of_a_run_folder(small_run):
    page = (DOCS / "conventions.md").read_text()
    table = page[page.index("| group of `run.zarr` | holds |") :].split("\n\n")[0]
    shown = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    groups = {path.name for path in (small_run.path / "run.zarr").iterdir() if path.is_dir()}
    three_networks, choices = {"census", "similarities"}, {"psychometric", "chronometric"}
    assert shown == groups | three_networks | choices  # which this run does not have


def test_keys_of_the_json(small_run):
    from recurra.runs.record import read_run
    from recurra.words.summary import dossier_table
    from recurra.words.workings_table import workings_table

    run = read_run(small_run)
    keys = {"network", *dossier_table(run.dossiers[0]), *workings_table(run.dossiers[0], run.task)}
    shown = re.search(r"The JSON has the keys (.*?);", COMMAND_LINE, re.DOTALL)
    assert shown
    assert set(re.findall(r"`(\w+)`", shown[1])) == keys


def test_counts_in_words():
    """How many there are of what the pages count: a new task, optimizer or start changes the sentence."""
    small = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    words = [*small.split(), "seventeen", "eighteen", "nineteen", "twenty"]
    words += [f"{tens}-{one}".removesuffix("-zero") for tens in ("twenty", "thirty", "forty") for one in words[:10]][1:]
    readme, index = (path.read_text() for path in (ROOT / "README.md", DOCS / "index.md"))
    kinds = {kind.__name__: words[len(names)] for kind, names in REGISTRY.items()}
    assert f"**{words[len(TASKS)].capitalize()} [tasks]" in readme
    assert f"{words[len(TASKS) - 8]} further ones" in index  # beside the flip-flop and the seven of one paper
    assert f"{words[len(ACTIVATIONS)]} activations" in index
    assert f"{kinds['Optimizer']} optimizers" in index
    assert f"{kinds['Schedule']} learning-rate schedules" in index
    assert f"{kinds['Initializer']} kinds of initial weights" in index


GLOSSARY = re.findall(r"^\*\*(.+?)\.\*\* (.+)$", (DOCS / "glossary.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("term", "text"), GLOSSARY, ids=[term for term, _ in GLOSSARY])
def test_a_term_of_the_glossary_has_its_page_and_its_functions(term, text):
    """Two sentences; a heading that exists; and public names, each at the place that its link names."""
    said = text.partition(" [More](")[0]
    assert 2 <= len(re.findall(r"[.:;] (?=[A-Z])|\.$", said)) <= 3, f"{term}: {said}"
    (page, anchor), *more = re.findall(r"\[More\]\(([\w-]+\.md)(?:#([\w-]+))?\)", text)
    assert not more
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(), re.MULTILINE)
    assert not anchor or anchor in {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}
    named = re.findall(r"\[`rc\.(\w+)`\]\[([\w.]+)\]", text)
    assert named
    for name, place in named:
        module, _, own = place.rpartition(".")
        assert getattr(recurra, name) is getattr(importlib.import_module(module), own)


def test_the_glossary_is_in_the_order_of_the_alphabet():
    terms = [term.lower() for term, _ in GLOSSARY]
    assert len(terms) >= 50
    assert terms == sorted(terms)
