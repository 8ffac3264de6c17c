"""A network of which nobody says the task: what weights and dynamics say by themselves, and what is missing."""

import json
import re

import numpy as np
import pytest

import recurra as rc
from conftest import REFERENCE
from recurra.analysis.dossier import ANALYSES
from recurra.analysis.visit import STARTS
from recurra.cli.app import main
from recurra.runs.imports import inspected_network
from recurra.runs.inspect import inspected_record
from recurra.tasks.no_task import NEEDED, NoTask
from recurra.words.runs import NO_TASK

MISSING = {"performance", "svd", "demixed", "tensors", "selectivity"}
AND = REFERENCE / "and_n50_orthogonal_04_epoch19.hdf5"


def saved(folder, model):
    cohort = rc.train(rc.Xor(), model, rc.Ridge(steps=2, batch=8, validation_trials=4), networks=1, seed=0)
    path = folder / "one.npz"
    cohort[0].save(path)
    return path, cohort[0]


@pytest.fixture(scope="module")
def bistable():
    """h <- tanh(2 h): 0 is unstable, and the two points at ±0.9575 are stable."""
    return rc.inspect(rc.network([[2.0]], [[1.0]], [[1.0]]))


def test_a_network_solved_by_hand(bistable):
    dossier = bistable.dossiers[0]
    points = np.sort(dossier.fixed_points.states[:, 0])
    np.testing.assert_allclose(points, [-0.957504, 0, 0.957504], atol=1e-6)
    assert sorted(dossier.fixed_points.index) == [0, 0, 1]
    assert dossier.spectrum.leading == 2
    kinds = [dossier.regimes.kind_of(at) for at in range(len(dossier.regimes))]
    assert (kinds[0], set(kinds[1:])) == ("quiescent", {"fixed"}), "its own start is the point at 0"
    assert set(np.sign(dossier.regimes.mean_output[1:, 0])) == {-1, 1}, "random starts are on both sides"


def test_what_needs_the_task_is_named_and_nothing_failed(bistable):
    dossier = bistable.dossiers[0]
    assert dossier.failures == {}
    assert dossier.not_applicable == dict.fromkeys(MISSING, NEEDED)
    assert dossier.without_task
    assert set(ANALYSES) > MISSING
    assert dossier.memories is None


def test_what_is_shown_says_that_there_is_no_task(bistable):
    assert repr(bistable.dossiers[0]).startswith("Dossier of a network: no task given, ")
    assert "failed" not in repr(bistable.dossiers[0]).split("missing")[0]
    assert NO_TASK[:40] in " ".join(repr(bistable).split())
    assert "none given" in repr(bistable)
    assert "no task given" in bistable.dossiers[0]._repr_html_()
    assert NO_TASK in bistable._repr_html_()


@pytest.mark.thorough
def test_the_report_has_only_what_is_known(tmp_path):
    recurrent = np.random.default_rng(0).standard_normal((12, 12)) / 4
    rc.write_report(rc.inspect(rc.network(recurrent, np.ones((12, 1)), np.ones((1, 12)))), tmp_path / "one.html")
    page = (tmp_path / "one.html").read_text("utf-8")
    assert f'<p class="sentence">{NO_TASK}</p>' in page
    assert set(re.findall(r'<section id="([\w-]+)"', page)) == {
        "summary",
        "connectivity",
        "spectrum",
        "state-space",
        "geometry",
        "workings",
        "dossiers",
        "run",
    }
    assert "No figure" not in page
    assert "fresh trials" not in page


@pytest.mark.thorough
@pytest.mark.skipif(not AND.exists(), reason="the papers' networks are not here")
def test_the_command_finds_what_the_paper_says(capsys):
    assert main(["inspect", str(AND)]) == 0
    out, err = capsys.readouterr()
    assert " ".join(out.split()).startswith(NO_TASK)
    assert "fixed points without input: 3 (2 stable, 1 not with 6 unstable modes), 3 proved" in out
    assert "73.8" in out, "the period of its oscillation"
    assert "weights: mean " in out
    assert "does not say its time step, and no task was given that has one: a step is taken as 1 ms" in " ".join(
        err.split()
    )


@pytest.mark.slow
def test_json_of_a_network_without_task(tmp_path, capsys):
    path, network = saved(tmp_path, rc.RateRNN(units=3))
    assert main(["inspect", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["no_task"] == NO_TASK
    assert found["units"] == 3
    assert [found[name] for name in ("performance", "memories", "reduction", "selectivity")] == [None] * 4
    assert set(found["not_applicable"]) == MISSING
    assert len(found["regimes"]) == 8
    assert found["weights"]["deviation"] == rc.weight_statistics(network).deviation


@pytest.mark.parametrize("model", [rc.GRU(units=4), rc.LSTM(units=3), rc.RateRNN(units=1)])
@pytest.mark.slow
def test_every_cell_has_a_dossier(model, tmp_path):
    path, network = saved(tmp_path, model)
    record = rc.inspect(path)
    assert record.dossiers[0].failures == {}
    assert set(record.dossiers[0].not_applicable) >= MISSING
    assert record.task == NoTask(2, 1, dt_ms=network.dt_ms), "the file says its time step"
    assert record.dossiers[0].fixed_points.starts == STARTS


def test_the_time_step_is_that_of_the_file_or_stated(tmp_path):
    path = tmp_path / "plain.npz"
    np.savez(path, recurrent=np.eye(2), input=np.ones((2, 1)), output=np.ones((1, 2)))
    assumed = inspected_network(path, None, None, [], without_task=True)
    assert assumed.task.dt_ms == 1
    assert any("a step is taken as 1 ms" in note for note in assumed.notes)
    stated = inspected_network(path, None, None, ["task.dt_ms=5", "model.tau_ms=20"], without_task=True)
    assert (stated.task.dt_ms, stated.network.dynamics.leak) == (5, 0.25)
    assert not any("time step" in note for note in stated.notes)
    with pytest.raises(ValueError, match=r"task.bits is of a task, and none is named; name it with --task"):
        inspected_network(path, None, None, ["task.bits=3"], without_task=True)
    with pytest.raises(ValueError, match="dt_ms"):
        inspected_network(path, None, None, ["task.dt_ms=-1"], without_task=True)


@pytest.mark.slow
def test_the_seed_draws_the_starts(tmp_path):
    path, _ = saved(tmp_path, rc.RateRNN(units=3))
    inspected = inspected_network(path, None, None, [], without_task=True)
    one, again, other = (inspected_record(inspected, "one", seed).dossiers[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.behaviour.probe, again.behaviour.probe)
    np.testing.assert_array_equal(one.behaviour.probe[0], other.behaviour.probe[0])
    assert (one.behaviour.probe[1:, 0] != other.behaviour.probe[1:, 0]).all()


@pytest.mark.thorough
def test_a_network_that_knows_its_task_is_tested_on_it(tmp_path):
    _, network = saved(tmp_path, rc.RateRNN(units=3))
    record = rc.inspect(network)
    assert record.task == rc.Xor()
    assert record.dossiers[0].performance.trials == 1000


@pytest.mark.slow
def test_weights_that_blow_up_have_a_dossier():
    record = rc.inspect(rc.network([[1.5]], [[1.0]], [[1.0]], activation="relu"))
    assert record.dossiers[0].spectrum.leading == 1.5
    assert "drifting" in {record.dossiers[0].regimes.kind_of(at) for at in range(8)}
