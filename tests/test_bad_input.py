"""Bad input at every border is one line that names the thing: paths, numbers, flags, kinds, shapes, time steps."""

import errno
from pathlib import Path

import jax
import numpy as np
import pytest
import typer

import recurra as rc
from recurra.cli.paths import user_path
from recurra.runs.imports import read_network
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.storage.files import describe
from recurra.storage.npz_files import write_npz
from recurra.storage.run_folder import RunFolder
from recurra.training import sizes
from recurra.training.sizes import STRETCH, check_size
from tests.networks import network_of

FLIPFLOP = rc.FlipFlop(bits=2)
NETWORK = network_of(3 * np.eye(2), inward=10.0, bits=True)
HALF = rc.FlipFlop(bits=2, dt_ms=0.5)


def test_only_a_leading_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert user_path("~/runs") == Path("/home/someone/runs")
    assert user_path("./~/runs") == Path("~/runs")
    assert user_path("a/~b") == Path("a/~b")
    assert user_path(Path("~x")) == Path("~x")
    with pytest.raises(typer.BadParameter, match=r"^~nobody-here/x: no such user; .* given as \./~nobody-here/x$"):
        user_path("~nobody-here/x")


@pytest.mark.parametrize("dt_ms", [1e-300, 1e-8])
@pytest.mark.parametrize("kind", [rc.FlipFlop, rc.Xor, rc.Oscillation, rc.PerceptualDecision])
def test_a_trial_of_too_many_steps(kind, dt_ms):
    with pytest.raises(ValueError, match=r"more than 2,147,483,647 steps of dt_ms = .*; raise dt_ms"):
        kind(dt_ms=dt_ms)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (f"model.units={'9' * 5_000}", "--set model.units: a value cannot be read: exceeds the limit"),
        ("model.units=[[[[[[[[[[3]]]]]]]]]]", "--set model.units: values are nested too deep"),
        ("training.stop.bound=0.5", "training.stop is 'never', which has no keys. Name another kind first"),
        ("training.stop.bond=0.5", "one of never, loss, success"),
    ],
)
def test_settings(setting, message):
    with pytest.raises(ValueError, match=message):
        to_spec(with_settings(read_table("flipflop"), [setting]))


@pytest.mark.parametrize("value", ["no", "false", 2, None, []])
@pytest.mark.parametrize("name", ["recurrent_bias", "output_bias"])
def test_flags(name, value):
    with pytest.raises(TypeError, match=f"{name} is .*; expected True or False"):
        rc.RateRNN(units=4, **{name: value})


@pytest.mark.parametrize("kind", [rc.FlipFlop, rc.Xor, rc.PerceptualDecision, rc.SineGeneration, rc.SetReset])
def test_rules(kind):
    for rule in ("near", rc.Adam(), None):
        with pytest.raises(TypeError, match=r"rule is .*; expected a rule of success such as NearRule\(\)"):
            kind(rule=rule)


def test_a_task_of_another_time_step_or_size_or_kind():
    line = r"the network's time step is 1 ms; the task's is 0\.5 ms"
    calls = [
        lambda task: rc.held_memories(NETWORK, task),
        lambda task: rc.memory_cube(NETWORK, task, seed=0),
        lambda task: rc.memory_geometry(NETWORK, task),
        lambda task: rc.memory_lifetimes(NETWORK, task),
        lambda task: rc.noisy_lifetimes(NETWORK, task, seed=0, input_noise=(0.1,)),
        lambda task: rc.cross_condition_generalization(NETWORK, task, seed=0),
        lambda task: rc.pulse_table(NETWORK, task),
        lambda task: rc.performance(NETWORK, task, trials=task.sample(jax.random.key(0), 4)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=line):
            call(HALF)
        with pytest.raises(ValueError, match="the network has 2 inputs; the task has 3"):
            call(rc.FlipFlop(bits=3))
    with pytest.raises(ValueError, match=r"the network's time step is 1 ms; the probe's is 0\.5 ms"):
        rc.regimes(NETWORK, probe=HALF.probe())
    with pytest.raises(TypeError, match="network is a FlipFlop; expected a Network"):
        rc.memory_cube(FLIPFLOP, NETWORK, seed=0)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="the task is And, which has no memory states; expected a flip-flop"):
        rc.held_memories(rc.network(np.eye(2), np.eye(2), np.ones((1, 2))), rc.And())


@pytest.mark.parametrize("analysis", [rc.spectrum, rc.non_normality, rc.weight_statistics])
def test_matrices(analysis):
    for shape in ((5, 4, 4), (2, 3), (4,), (0, 0)):
        with pytest.raises(ValueError, match=r"recurrent has the shape .*; expected a square matrix \(post, pre\)"):
            analysis(recurrent=np.zeros(shape))
    with pytest.raises(ValueError, match="recurrent holds 9 values that are NaN"):
        analysis(recurrent=np.full((3, 3), np.nan))


def test_inputs_that_are_no_numbers():
    with pytest.raises(ValueError, match="inputs holds 8 values that are NaN"):
        NETWORK.run(np.full((1, 4, 2), np.nan))


def test_a_number_for_a_file_of_one_network(tmp_path):
    path = tmp_path / "one.npz"
    write_npz(path, NETWORK)
    assert read_network(str(path), 1.0).weights.units == 2
    with pytest.raises(ValueError, match=r"one\.npz holds one network; a number \(3\) is for a run folder"):
        read_network(path, 1.0, number=3)
    with pytest.raises(ValueError, match="there is no folder"):
        RunFolder.open(str(tmp_path / "none"))


def test_a_full_disk_behind_standard_output_is_not_a_run():
    told = describe(OSError(errno.ENOSPC, "No space left on device"), resumable=True)
    assert told == "standard output: No space left on device. Free some space"


def test_keys_of_validation_trials_count():
    rule = rc.BPTT(steps=1, batch=2, validation_trials=8)
    object.__setattr__(rule, "validation_trials", 2 * 10**12)
    with pytest.raises(ValueError, match="drawing 2,000,000,000,000 validation trials would take"):
        check_size(FLIPFLOP, rc.RateRNN(units=3), rule, 1, None)


def test_the_batches_of_a_stretch_are_in_memory_twice(monkeypatch):
    """As they were drawn, and stacked for the program that takes them."""
    needed = {}
    monkeypatch.setattr(sizes, "check_memory", lambda words, count: needed.update({words.split()[0]: count}))
    task, rule = rc.FlipFlop(bits=2, dt_ms=1.0), rc.BPTT(steps=20, batch=64, validation_trials=1)
    check_size(task, rc.RateRNN(units=3), rule, 1, None)
    batch = task.sample(jax.random.key(0), 64)
    arrays = batch.inputs.nbytes + batch.targets.nbytes  # the mask is smaller
    assert needed["batches"] - needed["training"] >= 2 * STRETCH * arrays
