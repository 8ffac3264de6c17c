"""Every kind of model, constraint and rule goes the whole way: training, folder, dossier, census, report, tables."""

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.report.page.build import report_html
from recurra.runs.export import export_run
from recurra.runs.imports import inspected_network
from recurra.runs.record import cohort_of, read_run
from recurra.runs.runner import SilentProgress, analyse_run, resume_run, start_run
from recurra.runs.spec import to_spec
from recurra.storage.run_folder import RunFolder

SMALL = {
    "networks": 3,
    "training": {"steps": 4, "batch": 4, "validation_trials": 8, "trials": {"kind": "fresh", "steps_an_epoch": 2}},
}
PARTS = {
    "lstm": {"model": {"kind": "lstm", "units": 5}},
    "gru": {"model": {"kind": "gru", "units": 5}},
    "ugrnn": {"model": {"kind": "ugrnn", "units": 5}},
    "ridge": {"model": {"units": 5}, "training": {**SMALL["training"], "kind": "ridge"}},
}


BLOCKS = {"kind": "areas", "units": [4, 3], "density": [[1, 0.3], [0.3, 1]]}
CONSTRAINTS = {
    "signs": ["dale", {"kind": "sparse", "density": 0.7}, "no_self_connections", "spectral_radius"],
    "areas": [BLOCKS, {"kind": "dale", "excitatory": 0.6, "passing_zero": "rectified"}],
    "low rank": [{"kind": "low_rank", "rank": 2}, {"kind": "frozen", "arrays": ["output"], "pre": [0, 1]}],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("task", ["and", "flipflop"])
def test_all_the_way(name, task, tmp_path):
    parts = go_all_the_way({"task": task, **SMALL, **PARTS[name]}, tmp_path)
    run = read_run(parts)
    assert "LSTM" in report_html(run) if name == "lstm" else report_html(run)
    assert (tmp_path / "tables" / "missing.csv").exists() == (name in ("lstm", "gru", "ugrnn"))


ONE_BY_ONE = {**SMALL["training"], "batch": 1}
CURRENT = {"units": 6, "form": "current", "output_bias": False, "initializer": "zeros", "output_initializer": "zeros"}
RULES = {
    "force": ({"kind": "feedback", "units": 6}, {**ONE_BY_ONE, "kind": "force", "continuing": False}),
    "full force": (CURRENT, {**ONE_BY_ONE, "kind": "full_force", "hint": {"kind": "last_pulse"}}),
    "online ridge": ({"units": 6}, {**ONE_BY_ONE, "kind": "online_ridge"}),
    "truncated": ({"units": 6}, {**SMALL["training"], "window": 50}),
    "fractional": ({"units": 6}, {**SMALL["training"], "optimizer": {"kind": "fractional", "order": 0.5}}),
    "curriculum": ({"units": 6}, {**SMALL["training"], "curriculum": {"stages": {"response_delay_ms": [5.0]}}}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_rules_all_the_way(name, tmp_path):
    model, rule = RULES[name]
    parts = go_all_the_way({"task": "flipflop", **SMALL, "model": model, "training": rule}, tmp_path)
    assert "flip-flop" in report_html(read_run(parts))


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [["and", "xor"], [{"kind": "yang", "name": "fdgo"}, {"kind": "yang", "name": "dm1"}]])
def test_many_tasks_all_the_way(tasks, tmp_path):
    table = {"task": {"kind": "multi", "tasks": tasks}, **SMALL, "model": {"units": 6, "tau_ms": 40.0}}
    parts = go_all_the_way(table, tmp_path)
    assert report_html(read_run(parts))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rate", "gru"])
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_all_the_way(name, kind, tmp_path):
    """Signs and absent connections are the same to the bit in the folder, in its report and in exported networks."""
    model = {"kind": kind, "units": 7, "constraints": CONSTRAINTS[name]}
    parts = go_all_the_way({"task": "and", **SMALL, "model": model}, tmp_path)
    run, absent = read_run(parts), name != "low rank"
    html = report_html(run)
    assert ("where no connection exists the matrix is grey" in html) == (absent and kind == "rate")
    assert ("E are excitatory units and I inhibitory ones" in html) == (absent and kind == "rate")
    inspected = inspected_network(parts.path, None, 1, [])
    assert inspected.groups == run.groups
    export_run(parts, "npz", tmp_path / "networks")
    for at, number in enumerate(run.numbers):
        network, before = run.network(at), run.network_before(at)
        assert before is not None
        exported = rc.load(tmp_path / "networks" / f"network-{number:03d}.npz")
        exist = np.asarray(network.connections.recurrent)
        assert exist.all() != absent
        for one in (network, exported, before):
            weights = np.asarray(one.weights.recurrent)
            assert not weights[~exist].any()
            np.testing.assert_array_equal(one.connections.recurrent, exist)
            if absent:
                assert ((weights <= 0).all(axis=-2) | (weights >= 0).all(axis=-2)).all(), "a sign for every column"
        if not absent:
            output, start = (np.asarray(one.weights.output) for one in (network, before))
            np.testing.assert_array_equal(output[:, :2], start[:, :2])
            assert (output[:, 2:] != start[:, 2:]).any()


def go_all_the_way(table, tmp_path):
    """Trained, interrupted, resumed to the same bits, analysed, compared, reported and exported."""
    spec = to_spec(table)
    whole = start_run(spec, tmp_path / "whole", False, SilentProgress())

    class Killed(SilentProgress):
        def epoch(self, training, state):
            if state.epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "parts", False, Killed())
    parts = RunFolder.open(tmp_path / "parts")
    resume_run(parts, spec, SilentProgress())
    analyse_run(parts, SilentProgress())
    run = read_run(parts)
    for first, second in zip(*(jax.tree.leaves(cohort_of(one).weights) for one in (whole, parts)), strict=True):
        np.testing.assert_array_equal(first, second)
    assert all(dossier.failures == {} for dossier in run.dossiers)
    assert run.census is not None
    export_run(parts, "csv", tmp_path / "tables")
    assert (tmp_path / "tables" / "fixed_points.csv").exists()
    return parts
