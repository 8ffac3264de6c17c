"""Spiking units: their equations, that no trial depends on its company, the search over λ, and what is refused."""

import ast
import dataclasses
import json

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.failures import Failure
from recurra.analysis.spikes.units import KINDS
from recurra.cli.app import main
from recurra.engine.native import library
from recurra.engine.spikes import SpikingGiven, padded, run_spikes
from recurra.models import Network
from recurra.models.spiking import converted
from recurra.tasks.trials import Trials
from recurra.words.spikes import network_rows, search_table, search_words, share_words, units_words

TASK = rc.PulseGoNoGo()
QUIET = rc.LIF(noise_mv=0.0, start_mv=(-65.0, -65.0))
CURRENT = {"form": "current", "activation": "sigmoid", "dt_ms": 5.0}


def lone(currents, tau_ms=50.0):
    """Units without connections, each with a current of its own per unit of input; each is an output."""
    count = len(currents)
    column = np.array(currents, float)[:, None]
    return rc.network(np.zeros((count, count)), column, np.eye(count), tau_ms=tau_ms, **CURRENT)


def holding(units=40):
    """Units that excite each other and hold a pulse: go / no-go by hand."""
    weights = np.full((units, units), 8.0 / units)
    arrays = (weights, np.full((units, 1), 8.0), np.full((1, units), 1.0 / units))
    return rc.network(*arrays, recurrent_bias=np.full(units, -4.5), tau_ms=50.0, **CURRENT)


def random_network(seed, units=33):
    random = np.random.default_rng(seed)
    arrays = (random.normal(size=shape) for shape in ((units, units), (units, 2), (3, units)))
    return rc.network(*arrays, tau_ms=random.uniform(20, 100, units), **CURRENT)


def test_the_rate_of_a_unit_is_that_of_the_formula():
    currents = (-1.0, 0.5, 3.0, 20.0, 200.0)
    found = rc.to_spikes(lone(currents), 40.0, QUIET).run(np.ones((1, 400, 1)), key=0)
    known = QUIET.rate_hz(np.array(currents))
    np.testing.assert_allclose(found.counts[0] / 2, known, rtol=0.02, atol=0.5)  # a step or a first interval
    assert found.counts[0, 0] == 0
    assert known[-1] < QUIET.highest_hz


def test_the_response_to_a_spike_train_has_its_rate_as_area():
    currents = (3.0, 20.0)
    found = rc.to_spikes(lone(currents), 40.0, QUIET).run(np.ones((1, 400, 1)), key=0)
    rates = QUIET.rate_hz(np.array(currents))
    np.testing.assert_allclose(found.traces[0, 200:].mean(axis=0), rates, rtol=0.03)
    np.testing.assert_allclose(found.outputs[0, 200:].mean(axis=0), rates / 40, rtol=0.03)  # W_out r / λ


def test_an_isolated_voltage_has_the_standard_deviation_of_the_noise():
    """Counts of a unit that the noise alone drives grow with it; without it there are none."""
    network, inputs = lone((-2.0,)), np.ones((4, 200, 1))
    counts = [
        rc.to_spikes(network, 40.0, rc.LIF(noise_mv=noise)).run(inputs, key=1).counts.sum() for noise in (0.0, 1.0, 4.0)
    ]
    assert counts[0] == 0 < counts[1] < counts[2]


def test_the_two_amplitudes_differ_by_the_time_constant():
    """With one time constant τ for all units, λ with 1/rise is λ τ with τ in seconds: the same bits."""
    arrays = random_network(0).double
    network = rc.network(arrays.recurrent, arrays.input, arrays.output, tau_ms=50.0, **CURRENT)
    inputs = np.ones((2, 40, 2))
    by_area = rc.to_spikes(network, 20.0).run(inputs, key=0)
    by_rise = rc.to_spikes(network, 1.0, rc.LIF(amplitude="1/rise")).run(inputs, key=0)
    np.testing.assert_array_equal(by_area.counts, by_rise.counts)
    np.testing.assert_allclose(by_area.outputs, by_rise.outputs, rtol=1e-4, atol=1e-5)


def test_a_trial_does_not_depend_on_its_company(seed):
    parts, inputs = converted(random_network(seed), rc.LIF()), np.random.default_rng(seed).normal(size=(5, 20, 2))
    every = parts.run((15.0, 20.0, 40.0), inputs, seed, traces=True, spikes=True)
    alone = parts.run((20.0,), inputs[3:4], seed, first_trial=3, traces=True, spikes=True)
    for one, all_of in zip(alone, every, strict=True):
        np.testing.assert_array_equal(np.asarray(one)[0, 0], np.asarray(all_of)[1, 3])
    assert not np.array_equal(every.outputs[1, 3], parts.run((20.0,), inputs[3:4], seed).outputs[0, 0])
    spikes, late = np.asarray(every.spikes), round(2 / 0.05)
    np.testing.assert_array_equal(every.counts, spikes[:, :, late:].sum(axis=2))


@pytest.mark.thorough
@pytest.mark.skipif(library.load()[0] is None, reason="no native engine")
@pytest.mark.parametrize("units", [1, 32, 33])
def test_both_implementations_agree(units):
    """Over times in which rounding moves no spike, with the noise."""
    parts = converted(random_network(7, units), rc.LIF())
    random = np.random.default_rng(3)
    inputs = random.normal(size=(2, 10, 2)).astype(np.float32)
    start = np.pad(random.uniform(-65, -30, (2, units)), ((0, 0), (0, padded(units) - units)), constant_values=-65.0)
    key = np.array([3, 5], np.uint32)
    given = SpikingGiven(np.float32([0.1, 0.02]), key, start.astype(np.float32), inputs, first_trial=9)
    one, other = (
        run_spikes(parts.steps, parts.arrays, given, traces=True, spikes=True, portable=portable)
        for portable in (False, True)
    )
    assert np.mean(np.asarray(one.spikes) != np.asarray(other.spikes)) < 1e-3
    assert [one.shape for one in one] == [other.shape for other in other]
    np.testing.assert_allclose(one.outputs, other.outputs, rtol=1e-3, atol=1e-2)


def test_a_search_has_the_whole_curve():
    search = rc.spiking_search(holding(), TASK, scaling_factors=(50.0, 10.0, 35.0), trials=30, seed=2)
    assert search.scaling_factor.tolist() == [10.0, 35.0, 50.0]
    assert search.rate_success == 1.0
    assert search.success[0] < 0.95 < search.success[1]  # with a small λ the units wake each other
    assert search.best in (35.0, 50.0)
    assert search.mean_hz[0] > search.mean_hz[1]
    again = rc.spiking_search(holding(), TASK, scaling_factors=(35.0,), trials=30, seed=2)
    assert again.success[0] == search.success[1]
    assert again.mean_hz[0] == search.mean_hz[1]
    assert search_words(search).startswith("Works for λ from 35 to 50 Hz and perhaps beyond, where the search ends")


def test_a_search_without_a_success_names_no_best():
    search = rc.spiking_search(lone((0.0,)), TASK, scaling_factors=(20.0, 40.0), trials=10)
    assert search.best is None
    assert search.span is None
    assert np.isnan(search.width)
    assert search_words(search).startswith("No scaling factor works: at most ")


def test_the_row_of_working_factors_is_the_one_around_the_best():
    search = rc.spiking_search(lone((0.0,)), TASK, scaling_factors=(1, 2, 3, 4, 5, 6, 7), trials=2)
    made = dataclasses.replace(search, success=np.array([1.0, 0.2, 0.96, 1.0, 1.0, 1.0, 0.5]))
    assert made.best == 4.0
    assert made.span == (3.0, 6.0)
    assert made.width == 2.0


def test_why_units_fail():
    """A unit below its threshold without noise, one far above it, and one whose current is a few large spikes."""
    weights = np.zeros((4, 4))
    weights[3, 2] = 60.0
    bias, tau_ms = [-0.5, 3e3, 2.0, 0.0], [50.0, 50.0, 50.0, 5.0]
    network = rc.network(weights, np.zeros((4, 1)), np.ones((1, 4)), recurrent_bias=bias, tau_ms=tau_ms, **CURRENT)
    table = rc.spiking_units(network, TASK, scaling_factor=40.0, trials=4, units=QUIET)
    assert [KINDS[kind] for kind in table.kind] == ["silent", "saturated", "follows", "noisy"]
    assert table.sign.tolist() == [0, 0, 1, 0]
    assert units_words(table).endswith("1 is silent, 1 is saturated, 1 is noisy.")


def test_spike_trains_are_those_of_the_counts():
    trains = rc.spike_trains(holding(), TASK, scaling_factor=40.0)
    assert trains.condition_names == ("no-go", "go")
    time, unit = trains.of_condition(1)
    late = np.bincount(unit[time > 2.001], minlength=40)
    np.testing.assert_allclose(trains.rates_hz[1], late / 0.998)
    assert trains.rates_hz[1].mean() > 2 * trains.rates_hz[0].mean()
    assert np.abs(trains.rate_outputs[1, -1] - 1) < 0.1 < trains.outputs[1, -1, 0]


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (rc.network([[0.1]], [[1.0]], [[1.0]], form="current"), 'activation is "tanh"; spiking units need rates'),
        (rc.network([[0.1]], [[1.0]], [[1.0]], activation="sigmoid"), 'form is "rate"; .* train with form="current"'),
        (rc.network([[0.1]], [[1.0]], [[1.0]], form="current", activation="sigmoid", dt_ms=0.12), "dt_ms of the task"),
    ],
)
def test_what_cannot_be_converted(network, message):
    with pytest.raises(ValueError, match=message):
        rc.to_spikes(network, 30.0)
    with pytest.raises(ValueError, match=message):
        rc.spiking_search(network, dataclasses.replace(TASK, dt_ms=network.dt_ms))


def test_gated_cells_have_no_spikes():
    model = rc.GRU(units=3)
    network = Network(model.dynamics(5.0), model.initial_weights(jax.random.key(0), 1, 1), 5.0)
    with pytest.raises(TypeError, match="GRU networks cannot be converted to spikes; train rate units in the current"):
        rc.to_spikes(network, 30.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.LIF(membrane_ms=0.01), "membrane_ms is 0.01; expected at least dt_ms"),
        (lambda: rc.LIF(reset_mv=-40.0), "reset_mv is -40; expected a voltage below threshold_mv"),
        (lambda: rc.LIF(refractory_ms=0.07), "refractory_ms"),
        (lambda: rc.LIF(start_mv=(0.0, -1.0)), "start_mv"),
        (lambda: rc.LIF(amplitude="2"), "amplitude"),
        (lambda: rc.to_spikes(holding(), 0.0), "scaling_factor is 0"),
        (lambda: rc.spiking_search(holding(), TASK, scaling_factors=()), "scaling_factors is empty"),
        (lambda: rc.spiking_search(holding(), TASK, scaling_factors=(3, 3)), "give each once"),
        (lambda: rc.spiking_search(holding(), TASK, scaling_factors=(-3,)), "scaling_factor is -3"),
        (lambda: rc.PeakRule(height=0.0), "height is 0"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_peak_counts_once_and_silence_always():
    rule, trials = rc.PeakRule(from_ms=375.0), TASK.probe()
    outputs = np.zeros(trials.targets.shape)
    assert np.asarray(rule.success(outputs, trials)).tolist() == [True, False]
    outputs[:, 20] = 5.0  # before it is judged
    outputs[1, 100] = 0.8
    assert np.asarray(rule.success(outputs, trials)).tolist() == [True, True]
    outputs[0, 150] = -0.4
    assert np.asarray(rule.success(outputs, trials)).tolist() == [False, True]
    assert isinstance(trials, Trials)
    assert np.asarray(trials.inputs).sum(axis=(1, 2)).tolist() == [0.0, 25.0]
    assert np.asarray(trials.targets)[1, :, 0].sum() == 125.0


@pytest.mark.thorough
def test_every_network_of_a_run_has_a_row(tmp_path, capsys):
    run = tmp_path / "run"
    settings = ["units=6", "activation=sigmoid", "form=current", "tau_ms=50.0"]
    few = ["training.steps=2", "training.batch=2", "training.validation_trials=4", "training.trials.steps_an_epoch=2"]
    words = [word for one in [*(f"model.{one}" for one in settings), *few] for word in ("--set", one)]
    assert main(["train", "pulse_go_nogo", "--networks", "2", "--out", str(run), *words]) == 0
    capsys.readouterr()
    given = ["spikes", str(run), "--all", "--factors", "20,40", "--trials", "4"]
    assert main([*given, "--json"]) == 0
    cohort = rc.load(run)
    assert isinstance(cohort, rc.Cohort)
    rows = json.loads(capsys.readouterr().out)["networks"]
    assert [row["network"] for row in rows] == [0, 1]
    alone = rc.spiking_search(cohort[1], scaling_factors=(20.0, 40.0), trials=4)
    assert [one["success"] for one in rows[1]["curve"]] == alone.success.tolist()
    assert main(given) == 0
    assert "networks learned the task as rate units" in capsys.readouterr().out
    assert main([*given, "--network", "1"]) == 2
    assert capsys.readouterr().err == "recurra: --network is for one network; leave it or --all out\n"
    cohort[0].save(tmp_path / "one.npz")
    assert main(["spikes", str(tmp_path / "one.npz"), "--all"]) == 2
    assert "is no run folder" in capsys.readouterr().err


def test_the_share_that_converts():
    works, fails = (
        rc.spiking_search(holding(), TASK, scaling_factors=one, trials=30, seed=2) for one in ((50.0,), (10.0,))
    )
    assert share_words([works, works, fails]).startswith("3 of 3 networks learned the task as rate units; 2/3 = 66.7 %")
    assert [row["best λ, Hz"] for row in network_rows((4, 7), [works, fails])] == ["50", "none"]
    assert [row["network"] for row in network_rows((4, 7), [works, fails])] == ["4", "7"]
    failed = Failure("it broke")
    assert share_words([works, failed]).startswith("1 of 2 networks learned the task as rate units; 1/1")
    assert [row["network"] for row in network_rows((4, 7), [failed, works])] == ["7"]
    assert search_table(failed) == {"failure": "it broke"}
    nothing = dataclasses.replace(works, rate_success=0.5)
    assert share_words([nothing]) == "0 of 1 network learned the task as rate units."


@pytest.mark.parametrize("amplitude", ["1/(rise*decay)", "1/rise"])
def test_what_brian2_gets(amplitude, tmp_path):
    """The numbers of network and units, the area of a response by hand, and each entry that the script reads."""
    network = random_network(0, units=5)
    units = rc.LIF(amplitude=amplitude)
    rc.to_spikes(network, 40.0, units).to_brian2(tmp_path / "new" / "brian", np.ones((2, 30, 2)))
    given = np.load(tmp_path / "new" / "brian" / "network.npz")
    np.testing.assert_array_equal(given["recurrent"], network.recurrent)
    assert given["inputs"].shape == (2, 30, 2)
    numbers = dataclasses.asdict(units)
    assert {name: given[name].tolist() for name in numbers if name in given} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in numbers.items() if name in given
    }
    area = given["gain"] * given["decay_ms"] / 1e3  # of dsent/dt = -sent / decay + gain * own / rise_time, in s
    tau_s = np.asarray(network.dynamics.leak) ** -1 * network.dt_ms / 1e3
    np.testing.assert_allclose(area, (1 if amplitude == "1/(rise*decay)" else tau_s) / 40, rtol=1e-6)
    script = (tmp_path / "new" / "brian" / "network.py").read_text()
    names = {node.slice.value for node in ast.walk(ast.parse(script)) if is_entry(node)}
    assert names == set(given.files)


def is_entry(node):
    """`given["name"]` in a script."""
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "given"


def test_a_script_for_brian2_that_cannot_be_written(tmp_path):
    spiking = rc.to_spikes(random_network(0, units=5), 40.0)
    with pytest.raises(ValueError, match=r"inputs have the shape \(2, 30, 3\)"):
        spiking.to_brian2(tmp_path / "new", np.ones((2, 30, 3)))
    assert not list(tmp_path.iterdir())
    (tmp_path / "new").mkdir()
    with pytest.raises(ValueError, match="new exists; choose another folder"):
        spiking.to_brian2(tmp_path / "new", np.ones((2, 30, 2)))


@pytest.mark.thorough
def test_the_command_writes_a_script_for_brian2(tmp_path, capsys):
    file, folder = tmp_path / "holding.npz", tmp_path / "brian"
    holding().save(file)
    command = ["spikes", str(file), "--task", "pulse_go_nogo", "--factors", "20,50", "--trials", "8"]
    assert main([*command, "--brian2", str(folder)]) == 0
    assert np.load(folder / "network.npz")["gain"] == pytest.approx(1 / (0.05 * 50))
    assert np.load(folder / "network.npz")["inputs"].shape[0] == 2  # a trial of each condition
    capsys.readouterr()
    assert main([*command, "--brian2", str(folder)]) == 2
    assert "brian exists; choose another folder" in capsys.readouterr().err
