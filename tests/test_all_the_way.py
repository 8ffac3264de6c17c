"""Every kind of model, constraint and rule goes the whole way: training, folder, dossier, census, report, tables."""

import jax
import numpy as np
import pytest

from recurra.report.page.build import report_html
from recurra.runs.export import export_run
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
    "dale": {"model": {"units": 5, "constraints": ["dale"]}},
    "ridge": {"model": {"units": 5}, "training": {**SMALL["training"], "kind": "ridge"}},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("task", ["and", "flipflop"])
def test_all_the_way(name, task, tmp_path):
    """Trained, interrupted, resumed to the same bits, analysed, compared, reported and exported."""
    spec = to_spec({"task": task, **SMALL, **PARTS[name]})
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
    assert "LSTM" in report_html(run) if name == "lstm" else report_html(run)
    export_run(parts, "csv", tmp_path / "tables")
    assert (tmp_path / "tables" / "fixed_points.csv").exists()
    assert (tmp_path / "tables" / "missing.csv").exists() == (name in ("lstm", "gru", "ugrnn"))
