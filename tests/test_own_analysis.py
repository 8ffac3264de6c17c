"""Analyses of a user's own: the page's file from spec to report, without its module, in processes; what is wrong."""

import contextlib
import csv
import io
import json
import re
import shutil
import sys
import tomllib
import types
from dataclasses import dataclass

import jax
import numpy as np
import pytest
from jaxtyping import Complex, Float, Shaped

import recurra as rc
from recurra.analysis.cohorts.origins import Origins
from recurra.analysis.failures import Failure
from recurra.analysis.own import OwnRecord, own_record, record_kind
from recurra.cli.app import main
from recurra.report.page.build import report_html
from recurra.runs import own
from recurra.runs.compared_networks import ComparedNetworks
from recurra.runs.executors import Processes
from recurra.runs.own_scalars import OwnScalars, own_scalars
from recurra.runs.record import read_run
from recurra.runs.record_store import cohort_dataset
from recurra.runs.runner import SilentProgress, analyse_run, start_run
from recurra.runs.spec import to_spec, with_settings
from recurra.runs.trained_cohorts import spec_hash
from recurra.storage.run_folder import RunFolder
from recurra.testing import ConformanceError, check_analysis
from recurra.words.own import own_rows
from tests.test_own_parts import IN_PYTHON, SMALLER, blocks

PAGE = "own-analysis"
MORE = """

def broken(visit: rc.Visit) -> Speed:
    return visit["fixed_pints"]


def other(visit: rc.Visit) -> Speed:
    return "fast"
"""
NAME, GROUP = "my_analysis:speed", "my_analysis.speed"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "my_analysis.py"
    path.write_text(blocks(PAGE, "python")[0] + MORE)
    return path


@pytest.fixture
def module(file, monkeypatch):
    """The page's file, imported, and forgotten afterwards."""
    monkeypatch.setattr(own, "_used", {})
    own.use([str(file)])
    yield sys.modules["my_analysis"]
    sys.modules.pop("my_analysis", None)


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    """The run of the page's spec, with an analysis that fails; tests only read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "_used", {})
        own.use([str(file)])
        (table,) = (tomllib.loads(text) for text in blocks(PAGE, "toml"))
        folder = start_run(
            to_spec(with_settings(table, SMALLER)), tmp_path_factory.mktemp("runs") / "run", False, SilentProgress()
        )
        analyse_run(folder, SilentProgress(), analyses=["my_analysis:broken"])
        del sys.modules["my_analysis"]
    return folder


@pytest.fixture
def copy(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.mark.slow
def test_records_are_read_with_and_without_the_module(run, file, monkeypatch):
    assert "my_analysis" not in sys.modules
    data = read_run(run).dossiers[0].own
    assert isinstance(data[NAME], OwnRecord)
    assert data[NAME].axes == {"fastest": (), "mean": ("condition",), "near_point": ("condition",)}
    assert data[NAME].meanings["fastest"] == "the largest distance of two states one time step apart"
    assert "my_analysis" not in sys.modules, "nothing is imported"
    monkeypatch.setattr(own, "_used", {})
    own.use([str(file)])
    typed = read_run(run).dossiers[0].own[NAME]
    assert type(typed).__name__ == "Speed"
    for name in data[NAME].axes:
        np.testing.assert_array_equal(data[NAME][name], getattr(typed, name))
    monkeypatch.setattr(sys.modules["my_analysis"].Speed, "__annotations__", {"fastest": float})
    del sys.modules["my_analysis"]


@pytest.mark.thorough
def test_what_fails_is_a_reason(run):
    dossier = read_run(run).dossiers[0]
    reason = "there is no record 'fixed_pints' of this network; did you mean 'fixed_points'?"
    assert reason in dossier.failures["my_analysis.broken"]
    assert dossier.own["my_analysis:broken"] == Failure(dossier.failures["my_analysis.broken"])


@pytest.mark.slow
def test_it_is_shown(run, tmp_path, capsys):
    """In the report, in tables and in JSON, without the module."""
    html = report_html(read_run(run))
    assert "the largest distance of two states one time step apart" in html
    assert "4 (condition)" in html
    assert "--use my_analysis.py" in html
    assert main(["export", str(run.path), "--out", str(tmp_path / "tables"), "--format", "csv"]) == 0
    with (tmp_path / "tables" / f"{GROUP}.csv").open() as table:
        (row,) = csv.DictReader(table)
    fastest = read_run(run).dossiers[0].own[NAME]["fastest"]
    assert float(row["fastest"]) == pytest.approx(fastest, rel=1e-12)
    assert (tmp_path / "tables" / f"{GROUP}_condition.csv").is_file()
    assert "my_analysis.broken,0,failed," in (tmp_path / "tables" / "missing.csv").read_text()
    capsys.readouterr()


@pytest.mark.thorough
def test_inspect_makes_it_where_the_module_is_in_use(run, file, monkeypatch, capsys):
    monkeypatch.setattr(own, "_used", {})
    assert main(["inspect", str(run.path), "--json"]) == 0
    told = capsys.readouterr()
    assert "not made: analyses is 'my_analysis:speed': it needs the module my_analysis" in told.err
    assert "own_analyses" not in json.loads(told.out)
    assert main(["inspect", str(run.path), "--json", "--use", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)["own_analyses"][NAME]
    assert found == {
        "fastest": read_run(run).dossiers[0].own[NAME].fastest,
        "mean": {"condition": 4},
        "near_point": {"condition": 4},
    }
    del sys.modules["my_analysis"]


@pytest.mark.slow
def test_the_same_bits_in_processes_and_what_is_left_out_goes(run, copy, module):
    analyse_run(copy, SilentProgress(), Processes(2))
    now, before = (set(one.about()["analysis"]["groups"]) for one in (copy, run))
    assert before - now == {"my_analysis.broken"}
    assert not (copy.path / "run.zarr" / "my_analysis.broken").exists()
    first, second = (read_run(one).dossiers[0].own[NAME] for one in (run, copy))
    assert first.fastest == second.fastest
    np.testing.assert_array_equal(first.near_point, second.near_point)


def test_a_training_does_not_begin_without_its_module(tmp_path):
    spec = to_spec({"task": "and", "analyses": ["my_analysis:speed"]})
    with pytest.raises(ValueError, match=r"analyses is 'my_analysis:speed': it needs the module my_analysis, .* --use"):
        start_run(spec, tmp_path / "run", False, SilentProgress())
    assert not (tmp_path / "run").exists()


def test_names_in_a_spec():
    plain, named = to_spec({"task": "and"}), to_spec({"task": "and", "analyses": ["a.b:c"]})
    assert "analyses" not in plain.table()
    assert to_spec(named.table()) == named
    assert spec_hash(plain) == spec_hash(named), "trained once for both"
    for names, message in (
        (["speed"], r"analyses is 'speed'; expected 'module:function', a function at the top of a module of your own"),
        (["os.path:../x"], "expected 'module:function'"),
        (["recurra.words:x"], "expected 'module:function'"),
        (["a:b", "a:b"], "analyses names a:b twice"),
    ):
        with pytest.raises(ValueError, match=message):
            to_spec({"task": "and", "analyses": names})


def test_groups_of_a_stranger_are_judged(copy):
    about = copy.about()
    about["analysis"]["groups"]["../../secret.x"] = "0"
    copy.write_about(about)
    with pytest.raises(ValueError, match="expected 'module:function'"):
        read_run(copy)


@dataclass(frozen=True)
class Mixed:
    """Of everything.

    Args:
        count: a number.
        words: texts.
        values: complex numbers.
    """

    count: int
    held: bool
    kind: str
    words: Shaped[np.ndarray, "condition"]
    values: Complex[np.ndarray, "mode"]


def mixed(visit: rc.Visit) -> Mixed:
    size = 2 + int(np.asarray(visit.network.weights.recurrent)[0, 0] > 0)  # another length in another network
    names = visit.task.condition_names
    return Mixed(len(names), True, "short" * size, np.array(names), np.arange(size) * 1j)


def drawn(_: rc.Visit) -> Mixed:
    return Mixed(np.random.default_rng().integers(10**9), True, "", np.array(["a"]), np.zeros(1, complex))


@pytest.mark.slow
def test_conformance_of_one_that_has_everything():
    check_analysis(mixed)


@pytest.mark.slow
def test_what_is_wrong_is_found(module):
    for function, message in (
        (drawn, "drawn gives another count for the same network; draw what is random from"),
        (module.broken, "broken fails on the network before training and number 0 and number 1: ValueError: there is"),
        (module.other, "it gives str; return Speed, as its annotation says"),
        (lambda visit: visit, "is not at the top of an imported module"),
        (Mixed, "is no function; give one that takes a rc.Visit"),
    ):
        with pytest.raises(ConformanceError, match=re.escape(message)):
            check_analysis(function)


@pytest.mark.slow
def test_one_of_a_notebook_is_told_so_and_all_else_too(monkeypatch):
    """Where no spec can name it is one finding, and what else is wrong another."""
    monkeypatch.setattr(mixed, "__module__", "__main__")
    monkeypatch.setattr(drawn, "__module__", "__main__")
    with pytest.raises(ConformanceError) as raised:
        check_analysis(mixed)
    assert len(raised.value.findings) == 1
    assert "mixed is defined in the program or notebook that runs" in raised.value.findings[0]
    with pytest.raises(ConformanceError) as raised:
        check_analysis(drawn)
    place, random = raised.value.findings
    assert "put it in a file of its own" in place
    assert "drawn gives another count for the same network" in random


def made_kind(name, annotation, frozen=True):
    return dataclass(frozen=frozen)(type("Made", (), {"__annotations__": {name: annotation}}))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (int, "annotate a frozen dataclass: -> MyRecord"),
        (made_kind("x", float, False), "Made is no frozen dataclass; put @dataclass(frozen=True) above the class"),
        (made_kind("x", list), "Made.x is annotated as <class 'list'>; expected its axes"),
        (made_kind("x", np.ndarray), "expected its axes, such as Float"),
        (made_kind("x", Float[np.ndarray, "*batch unit"]), "Made.x has the axis '*batch'; expected names such as"),
        (made_kind("x", Float[np.ndarray, "network"]), "Made.x has the axis 'network'; expected names such as"),
        (made_kind("unit", Float[np.ndarray, "unit"]), "Made.unit has a name that the axis unit needs; rename it"),
    ],
)
def test_a_record_that_cannot_be_stored(kind, message):
    def function(visit): ...

    function.__annotations__["return"] = kind
    with pytest.raises(TypeError, match=re.escape(message)):
        record_kind(function)


def test_values_are_those_of_the_annotations():
    @dataclass(frozen=True)
    class Two:
        one: Float[np.ndarray, "unit"]
        other: Float[np.ndarray, "unit"]

    def function(values):
        return Two(*values)

    function.__annotations__["return"] = Two
    for values, message in (
        ((np.zeros(2), np.zeros(3)), "other has 3 along unit, another array 2; name the axes apart"),
        ((np.zeros(2), np.zeros((2, 2))), r"other has shape (2, 2); its annotation has the axes (unit)"),
        (
            (np.zeros(2), np.array([None, 1])),
            "other is of the type object; let it be numbers, true and false, or texts",
        ),
    ):
        assert own_record(function, values) == Failure(message)


@pytest.mark.slow
def test_the_python_of_the_page_runs(module, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, printed = blocks(PAGE, "python")[1], io.StringIO()
    for value, smaller in IN_PYTHON.items():
        code = code.replace(value, smaller)
    with contextlib.redirect_stdout(printed), jax.numpy_dtype_promotion("standard"):  # as users have it
        exec(compile(code, PAGE, "exec"), {"__name__": "page"})  # noqa: S102 (our own page)
    assert printed.getvalue() == blocks(PAGE, "text")[0]


def test_what_a_spec_needs_names_the_modules_of_its_analyses_too():
    table = {"task": {"kind": "their_task:Tone"}, "analyses": ["their_analysis:speed"]}
    with pytest.raises(ValueError, match=r"their_task and their_analysis, .*_task.py --use their_analysis.py"):
        to_spec(table)


def test_a_number_that_is_an_array_is_told_plainly():
    @dataclass(frozen=True)
    class One:
        fastest: float

    def function(values):
        return One(values)

    function.__annotations__["return"] = One
    message = "fastest has shape (2,); its annotation says one number or text, not an array"
    assert own_record(function, np.zeros(2)) == Failure(message)


def test_inspect_takes_the_seed_of_the_run(run, monkeypatch, capsys):
    run_seed = run.about()["spec"]["seed"] + 5
    about = run.about()
    about["spec"]["seed"] = run_seed
    seeds = []
    monkeypatch.setattr(RunFolder, "about", lambda _: about)
    monkeypatch.setattr("recurra.runs.inspect.record_of_network", lambda *given: seeds.append(given[2]) or 1 / 0)
    for options in ([], ["--seed", "9"]):
        with contextlib.suppress(ZeroDivisionError):
            main(["inspect", str(run.path), *options])
    assert seeds == [run_seed, 9]
    assert f"have the seed of the run, {run_seed}" in capsys.readouterr().err


def test_a_census_has_its_numbers(run, copy):
    """Two networks of two runs: it failed on the second's, whose run was not analysed by the other analysis."""
    groups = set(copy.about()["analysis"]["groups"]) - {"my_analysis.broken"}
    copy.write_dataset(GROUP, cohort_dataset([Failure("it broke")], [0]))
    copy.seal(groups)
    origins = Origins(np.array([0, 1]), np.array([0, 0]), ("one", "two"))
    compared = ComparedNetworks([], ["one/0", "two/0"], origins, [], rc.And(), {}, (), (run.path, copy.path))
    found, fastest = own_scalars(compared), read_run(run).dossiers[0].own[NAME]["fastest"]
    assert found.values == {"my_analysis.speed.fastest": [fastest, None]}
    assert [found.of(at)["my_analysis.speed.fastest"] for at in (0, 1)] == [fastest, None]
    assert found.failures["my_analysis.speed of network two/0"] == "it broke"
    assert next(iter(found.failures)) == "my_analysis.broken of network one/0"
    assert found.notes == ("two was not analysed by my_analysis:broken",)
    assert found.spreads(np.array([True, True])) == {"my_analysis.speed.fastest": [fastest] * 3}
    assert found.spreads(np.array([False, True])) == {"my_analysis.speed.fastest": None}
    copy.write_dataset(GROUP, cohort_dataset([Failure("changed by hand")], [0]))
    damaged = own_scalars(compared)
    assert "my_analysis.speed" in damaged.failures["own analyses of two"]
    assert damaged.values == found.values


def test_numbers_only_come_into_a_census(run, monkeypatch):
    record = Mixed(3, True, "short", np.array(["a"]), np.zeros(1, complex))
    monkeypatch.setattr("recurra.runs.own_scalars.own_records", lambda *_: {"m:mixed": [record]})
    origins = Origins(np.array([0]), np.array([0]), ("one",))
    found = own_scalars(ComparedNetworks([], ["0"], origins, [], rc.And(), {}, (), (run.path,)))
    assert found == OwnScalars({"m.mixed.count": [3]}, {}, ())


def test_rows_over_networks_say_what_differs():
    @dataclass(frozen=True)
    class Found:
        steps: int
        peak: float
        held: bool
        word: str

    def dossier(own):
        return types.SimpleNamespace(own=own)

    def network(peak, held, word):
        return dossier({"m:f": Found(199, peak, held, word), "m:never": Failure("it broke")})

    lost = dossier({"m:f": Failure("no"), "m:never": Failure("it broke")})
    rows = own_rows([network(0.5, True, "a" * 50), network(29.0, False, "b"), network(2.0, True, "b"), lost])
    assert [(row.what, row.summary, row.networks, row.meaning) for row in rows] == [
        ("steps", "199", "3 of 4", ""),
        ("peak", "2 [0.500, 29]", "3 of 4", ""),
        ("held", "true: 2, false: 1", "3 of 4", ""),
        ("word", f"b: 2, {'a' * 39}…: 1", "3 of 4", ""),
        ("–", "–", "0 of 4", "it broke"),
    ]
