"""`rc.inspect` and `rc.write_report` do what the commands do."""

import json
from dataclasses import replace

import numpy as np
import pytest

import recurra as rc
from recurra.cli.app import main
from recurra.runs.record import cohort_of
from recurra.words.summary import dossier_table


@pytest.fixture(scope="module")
def cohort(small_run):
    return cohort_of(small_run)


@pytest.fixture(scope="module")
def record(small_run):
    return rc.inspect(small_run.path, number=1)


@pytest.mark.thorough
def test_record_is_that_of_the_command(small_run, record, capsys):
    assert main(["inspect", str(small_run.path), "--network", "1", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    for name, value in dossier_table(record.dossiers[0], record.cubes_before[0]).items():
        assert printed[name] == value, name
    assert printed["network"] == record.about["network"]
    assert record.numbers == (1,)


@pytest.mark.slow
def test_a_network_and_its_file_have_the_same_dossier(cohort, tmp_path):
    cohort[0].save(tmp_path / "one.npz")
    records = [rc.inspect(source, cohort.task) for source in (cohort[0], tmp_path / "one.npz")]
    values = [one.dossiers[0].spectrum.eigenvalues for one in records]
    np.testing.assert_array_equal(*values)
    assert [one.about["name"] for one in records] == ["network", "one.npz"]
    assert records[0].dossiers[0].performance == records[1].dossiers[0].performance


def test_what_is_missing_is_said(cohort, tmp_path):
    cohort[0].save(tmp_path / "one.npz")
    with pytest.raises(ValueError, match=r"there is no file nowhere.npz"):
        rc.inspect("nowhere.npz")
    with pytest.raises(ValueError, match="number is 2; a network is one already"):
        rc.inspect(cohort[0], cohort.task, number=2)
    with pytest.raises(ValueError, match=r"one.npz: the network has 3 inputs; the task has 2"):
        rc.inspect(tmp_path / "one.npz", rc.Xor())


@pytest.mark.slow
def test_report_of_a_folder_is_that_of_the_command(small_run, tmp_path):
    rc.write_report(small_run.path, tmp_path / "ours.html")
    assert main(["report", str(small_run.path), "--out", str(tmp_path / "theirs.html")]) == 0
    assert (tmp_path / "ours.html").read_text() == (tmp_path / "theirs.html").read_text()


@pytest.mark.thorough
def test_report_of_an_inspected_network(record, tmp_path):
    rc.write_report(record, tmp_path / "new" / "one.html")
    assert "<!doctype html>" in (tmp_path / "new" / "one.html").read_text("utf-8")[:100].lower()


@pytest.mark.slow
def test_report_of_a_cohort(cohort, tmp_path):
    rc.write_report(cohort, tmp_path / "all.html")
    assert [path.name for path in tmp_path.iterdir()] == ["all.html"]


def test_other_things_have_no_report(tmp_path):
    with pytest.raises(TypeError, match="what is a int; expected a Cohort, a RunRecord or the path of a run folder"):
        rc.write_report(3, tmp_path / "no.html")
    with pytest.raises(ValueError, match="nowhere"):
        rc.write_report(tmp_path / "nowhere", tmp_path / "no.html")


@pytest.mark.thorough
def test_a_network_of_a_cohort_knows_how_it_began(cohort):
    network = cohort[1]
    assert network.untrained == cohort.before(1) != network
    assert cohort.before(1).untrained is None
    cubes = rc.inspect(network).cubes_before
    assert cubes is not None
    assert cubes[0] is not None
    assert cubes[0].score == rc.memory_cube(cohort.before(1), cohort.task, seed=0).score
    assert rc.inspect(replace(network, untrained=None)).cubes_before is None
