"""Training that starts from trained networks: their bits, what is taken and kept, files, resumption, errors."""

import json
import shutil
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.models.transfer import TransferredWeights, hash_of_weights
from recurra.runs.divided import DividedRun
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import RunSpec, read_table, to_spec
from recurra.storage.run_folder import RunFolder

MODEL = rc.RateRNN(units=6)
RULE = rc.BPTT(steps=4, batch=4, trials=rc.FreshTrials(2), validation_trials=8)
KEPT = replace(MODEL, constraints=(rc.Frozen(("recurrent", "input")),))


@cache
def first(seed: int) -> rc.Cohort:
    """Networks 0 to 2, from which others start."""
    return rc.train(rc.And(), MODEL, RULE, networks=3, seed=seed)


@pytest.fixture
def folder(seed, tmp_path) -> Path:
    """The run folder of these networks."""
    first(seed).save(tmp_path / "first")
    return tmp_path / "first"


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (one, other)), strict=True))


@pytest.mark.thorough
def test_network_k_starts_from_network_k(seed):
    """Whatever the others are, and from the very weights."""
    second = rc.train(rc.Or(), KEPT, RULE, networks=[2, 0], seed=seed + 1, start=first(seed))
    chosen = first(seed)[[2, 0]]
    assert same(second.initial, chosen.weights)
    np.testing.assert_array_equal(second.weights.recurrent, chosen.weights.recurrent)
    assert not np.array_equal(second.weights.output, chosen.weights.output)
    alone = rc.train(rc.Or(), KEPT, RULE, networks=[0], seed=seed + 1, start=first(seed))
    assert same(alone.weights, second[[1]].weights)
    assert second.start == rc.Transfer(sha256=hash_of_weights(first(seed).weights))


def test_all_from_one_network(seed, folder):
    from_network = rc.train(rc.Or(), MODEL, RULE, networks=2, seed=seed, start=first(seed)[1])
    assert same(from_network.initial, first(seed)[[1, 1]].weights)
    from_folder = rc.train(rc.Or(), MODEL, RULE, networks=2, seed=seed, start=rc.Transfer(str(folder), network=1))
    assert same(from_network.weights, from_folder.weights)
    assert from_folder.start is not None
    assert "trained networks of" in str(from_folder)
    assert from_folder.start.words() == (
        f"trained networks of {folder} (hash {hash_of_weights(first(seed).weights)[:12]}), network 1 for all"
    )


@pytest.mark.thorough
def test_some_arrays_alone(seed, folder):
    """The recurrent weights into a network with another readout; the others are those that the model draws."""
    task = rc.FlipFlop(bits=2, length_ms=120.0)
    transfer = rc.Transfer(str(folder), arrays=("recurrent", "recurrent_bias"))
    new = rc.train(task, MODEL, RULE, networks=2, seed=seed, start=transfer)
    drawn = rc.train(task, MODEL, RULE, networks=2, seed=seed)
    np.testing.assert_array_equal(new.initial.recurrent, first(seed).weights.recurrent[:2])
    for name in ("input", "output", "output_bias"):
        np.testing.assert_array_equal(getattr(new.initial, name), getattr(drawn.initial, name))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "rule",
    [rc.Ridge(steps=2, validation_trials=4), rc.OnlineRidge(steps=2, validation_trials=4)],
    ids=["ridge", "online ridge"],
)
def test_other_rules(rule, seed):
    second = rc.train(rc.Or(), MODEL, rule, networks=2, seed=seed, start=first(seed))
    np.testing.assert_array_equal(second.weights.recurrent, first(seed).weights.recurrent[:2])


@pytest.mark.thorough
def test_saved_and_read(seed, folder, tmp_path):
    second = rc.train(rc.Or(), KEPT, RULE, networks=2, seed=seed, start=folder)
    second.save(tmp_path / "second")
    assert rc.load(tmp_path / "second") == second
    stored = json.loads((tmp_path / "second" / "run.json").read_text())["spec"]["start"]
    assert stored["run"] == str(folder)
    assert stored["sha256"] == hash_of_weights(first(seed).weights)
    one = tmp_path / "one.npz"
    first(seed)[1].save(one)
    third = rc.train(rc.Or(), MODEL, RULE, networks=1, seed=seed, start=one)
    assert same(third.initial, first(seed)[[1]].weights)


class StopsAfterAnEpoch(SilentProgress):
    """Ends the work at the end of the first epoch."""

    def epoch(self, training, state):
        if state.epoch == 1:
            raise KeyboardInterrupt


def test_resumed_to_the_same_bits(seed, folder, tmp_path):
    spec = RunSpec(rc.Or(), "run", 2, seed, KEPT, RULE, start=rc.Transfer(str(folder)))
    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "run", False, StopsAfterAnEpoch())
    resume_run(RunFolder.open(tmp_path / "run"), spec, SilentProgress())
    again = rc.load(tmp_path / "run")
    assert again == rc.train(rc.Or(), KEPT, RULE, networks=2, seed=seed, start=folder)


def test_resumed_from_other_weights(seed, folder, tmp_path):
    """The hash of the start is in run.json, and a run that was replaced is not taken for it."""
    spec = RunSpec(rc.Or(), "run", 2, seed, MODEL, RULE, start=rc.Transfer(str(folder)))
    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "run", False, StopsAfterAnEpoch())
    shutil.rmtree(folder)
    rc.train(rc.And(), MODEL, RULE, networks=3, seed=seed + 1).save(folder)
    with pytest.raises(ValueError, match=r"weights of .*first have the hash .* and the spec gives .*: they"):
        resume_run(RunFolder.open(tmp_path / "run"), spec, SilentProgress())


@pytest.mark.thorough
def test_trained_in_parts(seed, folder, tmp_path):
    spec = RunSpec(rc.Or(), "run", 2, seed, KEPT, RULE, start=rc.Transfer(str(folder)))
    run = DividedRun.begin(spec, tmp_path / "run", 2)
    DividedRun.begin(spec, tmp_path / "run", 2)
    for part in (1, 2):
        run.train(part, SilentProgress())
    run.join()
    assert rc.load(tmp_path / "run") == rc.train(rc.Or(), KEPT, RULE, networks=2, seed=seed, start=folder)


def test_train_run_takes_start_and_vary(seed, folder, tmp_path):
    more = {"vary": {"training.learning_rate": [1e-3, 1e-2]}, "start": rc.Transfer(str(folder))}
    once, again = (
        rc.train_run(rc.Or(), KEPT, RULE, networks=2, seed=seed, path=tmp_path / "run", **more) for _ in range(2)
    )
    assert once == again == rc.train(rc.Or(), KEPT, RULE, networks=2, seed=seed, **more)


def test_in_a_spec():
    text = 'task = "or"\n[start]\nrun = "runs/first"\nnetwork = 2\narrays = ["recurrent"]\n'
    spec = to_spec(tomllib.loads(text))
    assert spec.start == rc.Transfer("runs/first", 2, ("recurrent",))
    assert to_spec(spec.table()) == spec
    assert "start" not in RunSpec(rc.Or()).table()


def test_the_run_of_a_spec_is_beside_the_spec(tmp_path, monkeypatch):
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "second.toml").write_text('task = "or"\n[start]\nrun = "../first"\n')
    monkeypatch.chdir(tmp_path)
    start = to_spec(read_table("specs/second.toml")).start
    assert start is not None
    assert Path(start.run) == (tmp_path / "first").resolve()


@pytest.mark.parametrize(
    ("model", "start", "message"),
    [
        (
            rc.RateRNN(units=5),
            {},
            r"recurrent of .* has the shape \(6, 6\), and the model needs \(post, pre\) = \(5, 5\)",
        ),
        (rc.GRU(units=6), {}, r"recurrent of .* \(6, 6\), .* needs \(gate, post, pre\) = \(3, 6, 6\)"),
        (MODEL, {"arrays": ("recurent",)}, r"start.arrays has 'recurent', no array of the model; did you mean"),
        (MODEL, {"network": 7}, r"has no network 7; it has the numbers 0, 1, 2"),
        (MODEL, {"sha256": "abc"}, r"have the hash .* and the spec gives abc: they are not"),
        (
            replace(MODEL, constraints=(rc.NoSelfConnections(),)),
            {},
            "recurrent of .* does not obey .*NoSelfConnections",
        ),
        (replace(MODEL, constraints=(rc.Dale(),)), {}, "does not obey the model's constraint Dale"),
    ],
)
def test_starts_that_do_not_fit(model, start, message, seed, folder):
    with pytest.raises(ValueError, match=message) as error:
        rc.train(rc.Or(), model, RULE, networks=2, seed=seed, start=rc.Transfer(str(folder), **start))
    assert "\n" not in str(error.value)
    assert not (folder.parent / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"networks": 4}, r"the networks that were given has no network 3"),
        (
            {"vary": {"model.initializer.gain": [0.5, 1.0]}},
            "model.initializer.gain has no effect, since all",
        ),
    ],
)
def test_cohorts_that_do_not_fit(arguments, message, seed):
    model = rc.RateRNN(units=6, initializer=rc.Normal())
    with pytest.raises(ValueError, match=message):
        rc.train(rc.Or(), model, RULE, **({"networks": 2} | arguments), seed=seed, start=first(seed))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: rc.train(rc.Or(), MODEL, RULE, networks=1, seed=0, start=3),
            "start is 3; expected a cohort, a network",
        ),
        (
            lambda: rc.train(rc.Or(), MODEL, RULE, networks=1, seed=0, start="nowhere"),
            "there is no file or folder nowhere",
        ),
        (lambda: rc.Transfer(run=3), "run is 3; expected a text"),  # type: ignore[arg-type]
        (lambda: rc.Transfer("first", network=-1), "network"),
        (lambda: rc.Transfer("first", arrays="recurrent"), "arrays is 'recurrent'; expected names such as"),  # type: ignore[arg-type]
        (lambda: TransferredWeights.read(rc.Transfer()), r"start\.run is empty; expected the folder of a run"),
    ],
)
def test_bad_starts(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
