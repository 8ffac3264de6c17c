"""An analysis that fails on one network is data: all else is computed, stored, shown and compared."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from recurra.analysis import Spectrum
from recurra.analysis.dossier import ANALYSES, analyses_of
from recurra.analysis.dossier_records import Dossier, record_kinds
from recurra.analysis.failures import Failure, UnavailableError, attempted, where_known
from recurra.analysis.memory.analyses import MEMORY_ANALYSES
from recurra.cli.app import main
from recurra.cli.console import failure_lines, print_run, print_workings
from recurra.report.figures import _drawn, figures_of
from recurra.report.page.build import report_html
from recurra.runs.record import read_run
from recurra.runs.record_store import cohort_dataset, cohort_records, single_dataset, single_record
from recurra.runs.runner import SilentProgress, analyse_run, start_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.storage.run_folder import RunFolder
from recurra.tasks import And, FlipFlop, PerceptualDecision
from recurra.words.summary import dossier_table, run_table
from recurra.words.workings_table import workings_table

TINY = [
    "model.units=5",
    "networks=3",
    "training.steps=2",
    "training.trials.steps_an_epoch=2",
    "training.batch=4",
    "training.validation_trials=8",
]
DEPENDENT = {
    "regimes": {"lifetimes"},
    "pca": {"landscape"},
    "fixed_points": {"program", "gains", "slow_points", "landscape", "alignment", "landscape_bits"},
    "program": {"landscape", "landscape_bits"},
    "geometry": {"alignment", "landscape_bits"},
}


@pytest.fixture(scope="module")
def small(small_run):
    return read_run(small_run)


def with_failure(run, *names):
    """The run, with these analyses of its second network failed."""
    records = run.dossiers[1].by_group() | {name: Failure("made to fail") for name in names}
    return replace(run, dossiers=[run.dossiers[0], Dossier.of(run.task, records)])


@pytest.mark.parametrize("task", [FlipFlop(), PerceptualDecision(), And()], ids=["memories", "choices", "others"])
def test_every_record_has_its_analysis(task):
    assert set(analyses_of(task)) == set(record_kinds(task))


@pytest.mark.thorough
def test_nothing_fails_on_ordinary_networks(small):
    """So that a defect does not pass for a network's fault."""
    assert [one.failures for one in small.dossiers] == [{}, {}]
    assert "No figure" not in report_html(small)
    assert failure_lines(small) == []


def test_a_failure_says_what_and_where():
    def overflowing():
        return np.linalg.eigvals(np.full((2, 2), np.nan))

    assert attempted(overflowing).reason.startswith("LinAlgError: Array must not contain infs or NaNs")
    assert attempted(lambda: 3) == 3
    with pytest.raises(KeyboardInterrupt):
        attempted(lambda: (_ for _ in ()).throw(KeyboardInterrupt()))


def test_a_failed_record_says_why_when_it_is_asked_for(small):
    broken = with_failure(small, "regimes").dossiers[1]
    with pytest.raises(UnavailableError, match="regimes failed: made to fail"):
        _ = broken.regimes
    assert broken.failures == {"regimes": "made to fail"}
    without = with_failure(small, "memories").dossiers[1]
    with pytest.raises(UnavailableError, match="memories failed: made to fail"):
        _ = without.memories.held
    assert without.failures == {"memories": "made to fail"}
    assert where_known(lambda: len(broken.regimes), "unknown") == "unknown"


def test_records_of_some_networks(small):
    spectra = [one.spectrum for one in small.dossiers]
    dataset = cohort_dataset([spectra[0], Failure("no luck"), spectra[1]], (3, 5, 7))
    assert dataset["network"].values.tolist() == [3, 7]
    first, failed, last = cohort_records(Spectrum, dataset, (3, 5, 7))
    assert failed == Failure("no luck")
    np.testing.assert_array_equal(first.eigenvalues, spectra[0].eigenvalues)
    np.testing.assert_array_equal(last.eigenvalues, spectra[1].eigenvalues)
    none = cohort_dataset([Failure("a"), Failure("b")], (1, 2))
    assert cohort_records(Spectrum, none, (1, 2)) == [Failure("a"), Failure("b")]
    assert single_record(Spectrum, single_dataset(Failure("c"))) == Failure("c")
    with pytest.raises(ValueError, match="lacks network 9; analyse the run again"):
        cohort_records(Spectrum, dataset, (3, 9))


@pytest.mark.parametrize("name", analyses_of(FlipFlop()))
def test_tables_go_on(small, name, capsys):
    run = with_failure(small, name)
    table = dossier_table(run.dossiers[1]) | workings_table(run.dossiers[1], run.task)
    assert table["failures"] == {name: "made to fail"}
    assert json.dumps(run_table(run))
    whole = dossier_table(small.dossiers[1]) | workings_table(small.dossiers[1], small.task)
    assert sum(table[key] is None for key in whole) - sum(whole[key] is None for key in whole) <= 2
    print_run(run)
    print_workings(run.dossiers[1], run.task)
    assert f"network 1, {name.replace('_', ' ')}: made to fail" in capsys.readouterr().out


@pytest.mark.slow
def test_a_report_of_a_network_of_which_nothing_is_known(small):
    """Every table and figure is there for the other network, and says of this one what is missing."""
    html = report_html(with_failure(small, *record_kinds(small.task)))
    for key in ("trials", "walk", "principal", "program", "lifetimes", "spectrum"):
        assert f'id="data-{key}-1" data-label="No figure: ' in html
        assert f'id="data-{key}-0" data-label="No figure' not in html
    assert html.count("Failed: ") >= 1
    assert "made to fail" in html
    assert "analyses failed on 1 of 2" in html


@pytest.mark.thorough
def test_figures_of_a_network_of_which_nothing_is_known(small):
    drawn = {name: _drawn(draw) for name, draw in figures_of(with_failure(small, *record_kinds(small.task))).items()}
    missing = {name for name, figure in drawn.items() if isinstance(figure, Failure)}
    assert missing == {"behaviour_1", "cube_walk_1", "program_1"}


@pytest.fixture(scope="module", params=["flipflop", "xor"])
def trained(request, tmp_path_factory):
    """A run of three networks that is not analysed."""
    preset = request.param
    spec = to_spec(with_settings(read_table(preset), TINY + ["task.bits=1"] * (preset == "flipflop")))
    return spec, start_run(spec, tmp_path_factory.mktemp(preset) / "run", False, SilentProgress())


@pytest.mark.slow
@pytest.mark.parametrize("name", analyses_of(FlipFlop()))
def test_from_the_analysis_to_the_export(trained, name, tmp_path, monkeypatch, capsys):
    """One network of three fails: everything that does not need this analysis is made, and the rest has its reason."""
    spec, original = trained
    if name not in record_kinds(spec.task):
        pytest.skip("only a flip-flop has it")
    shutil.copytree(original.path, tmp_path / "run")
    folder, analysis, calls = RunFolder.open(tmp_path / "run"), analyses_of(spec.task)[name], []

    def failing(subject):
        calls.append(subject)
        if len(calls) == 2:
            raise np.linalg.LinAlgError("it did not converge")
        return analysis(subject)

    monkeypatch.setitem(ANALYSES if name in ANALYSES else MEMORY_ANALYSES, name, failing)
    analyse_run(folder, SilentProgress())
    run = read_run(folder)
    expected = {name} | (DEPENDENT.get(name, set()) & set(record_kinds(spec.task)))
    assert [set(one.failures) for one in run.dossiers] == [set(), expected, set()]
    assert run.dossiers[1].failures[name].startswith("LinAlgError: it did not converge")
    assert run.census is not None
    path = str(folder.path)
    for arguments in (["report", path, "--figures"], ["census", path, "--all"], ["census", path, "--all", "--json"]):
        assert main(arguments) == 0
    assert main(["export", path, "--format", "csv", "--out", str(tmp_path / "tables")]) == 0
    assert name in (tmp_path / "tables" / "missing.csv").read_text()
    assert "it did not converge" in (folder.path / "report.html").read_text()
    capsys.readouterr()
