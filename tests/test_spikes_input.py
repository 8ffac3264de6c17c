"""Spiking units: what is refused, in which line, and what the command says and leaves behind."""

import dataclasses
import re

import numpy as np
import pytest

import recurra as rc
from recurra import checks
from recurra.cli.app import main
from recurra.words.spikes import units_words
from tests.test_spikes import CURRENT, QUIET, TASK, holding, lone

NEVER_JUDGED = dataclasses.replace(TASK, rule=rc.PeakRule(from_ms=1e6))
LONG = rc.LIF(refractory_ms=1_000.0)


def run_with(units=None, factor=40.0, inputs=1.0, **arrays):
    """A network of one unit on a trial of 100 ms."""
    given = {"recurrent": [[0.0]], "input": [[1.0]], "output": [[1.0]], **arrays}
    network = rc.network(**given, tau_ms=50.0, **CURRENT)
    return rc.to_spikes(network, factor, units).run(np.full((1, 20, 1), inputs), key=0)


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ((0.0, np.inf), ValueError, r"start_mv is \(0.0, inf\); expected .*lowest <= highest"),
        ((-np.inf, 0.0), ValueError, r"start_mv is \(-inf, 0.0\); expected .*lowest <= highest"),
        ((np.nan, 0.0), ValueError, r"start_mv is not a number \(NaN\)"),
        ((0.0, 1e39), ValueError, r"the highest start_mv is 1e\+39; expected a number from -1e\+30 to 1e\+30"),
        ((0.0, -1.0), ValueError, r"start_mv is \(0.0, -1.0\); expected .*lowest <= highest"),
        ("ab", TypeError, r"start_mv is 'ab'; expected a pair \(lowest, highest\)"),
        (("a", "b"), TypeError, "start_mv is 'a'; expected a number"),
        (3, TypeError, r"start_mv is 3; expected a pair"),
        (None, TypeError, r"start_mv is None; expected a pair"),
        ((1.0, 2.0, 3.0), TypeError, r"start_mv is \(1.0, 2.0, 3.0\); expected a pair"),
    ],
)
def test_first_voltages_that_are_no_range(start, error, message):
    with pytest.raises(error, match=message):
        rc.LIF(start_mv=start)


def test_a_list_of_first_voltages_is_a_pair():
    units = rc.LIF(start_mv=[-65, 30])
    assert units == rc.LIF()
    assert run_with(units, inputs=20.0).counts == run_with(inputs=20.0).counts > 0


@pytest.mark.parametrize("name", ["membrane_ms", "rise_ms"])
def test_time_constants_below_a_step(name):
    with pytest.raises(ValueError, match=rf"{name} is 0.01; expected at least dt_ms = 0.05"):
        rc.LIF(**{name: 0.01})
    rc.LIF(**{name: 0.05})


def test_the_area_of_a_response():
    """One spike, from the start; the docstring of `LIF` and the page have the numbers, and that Euler's area is 1."""
    once = dataclasses.replace(QUIET, start_mv=(30.0, 30.0))
    equations = CURRENT | {"dt_ms": once.dt_ms}
    network = rc.network(np.zeros((2, 2)), [[-50.0]] * 2, np.eye(2), tau_ms=[20.0, 100.0], **equations)
    traces = rc.to_spikes(network, 40.0, once).run(np.ones((1, 40_000, 1)), key=0).traces[0]
    np.testing.assert_allclose(traces.sum(axis=0, dtype=float) * once.dt_ms / 1e3, [1.0138, 1.0128], atol=2e-4)
    current, rise, area = np.zeros(2), np.ones(2), np.zeros(2)
    decay_ms = np.array([20.0, 100.0])
    for _ in range(40_000):
        change = (-current + rise * 1e3 / once.rise_ms) / decay_ms
        current, rise = current + once.dt_ms * change, rise * (1 - once.dt_ms / once.rise_ms)
        area += current * once.dt_ms / 1e3
    np.testing.assert_allclose(area, 1.0, rtol=1e-6)


def test_noise_alone_can_exceed_the_highest_rate():
    near = rc.LIF(reset_mv=-40.5, noise_mv=3.0)
    counts = run_with(near, inputs=200.0).counts
    assert counts[0, 0] / 0.098 > near.highest_hz > run_with(QUIET, inputs=200.0).counts[0, 0] / 0.098


@pytest.mark.parametrize("analysis", [rc.spiking_search, rc.spiking_units, rc.spike_trains])
def test_a_refractory_period_as_long_as_a_trial(analysis):
    named = {} if analysis is rc.spiking_search else {"scaling_factor": 40.0}
    with pytest.raises(ValueError, match="refractory_ms is 1000; expected less than a trial of 1000 ms"):
        analysis(holding(4), TASK, units=LONG, **named)


@pytest.mark.parametrize("analysis", [rc.spiking_search, rc.spiking_units])
def test_trials_of_which_none_is_judged(analysis):
    named = {"trials": 4} | ({} if analysis is rc.spiking_search else {"scaling_factor": 40.0})
    with pytest.raises(ValueError, match="in none of 4 trials the task's rule judges a step; give more trials"):
        analysis(holding(4), NEVER_JUDGED, **named)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: run_with(factor=1e-50), r"scaling_factor is 1e-50; expected a number from 1.17549e-38 to 8.5"),
        (lambda: run_with(factor=1e300), r"scaling_factor is 1e\+300; expected a number from 1.17549e-38 to 8.5"),
        (lambda: run_with(factor=1e-36), r"scaling_factor is 1e-36, and the largest weight 1; expected a quotient of"),
        (lambda: run_with(recurrent=[[1e39]]), r"recurrent weights are as large as 1e\+39; expected at most 3.4e\+38"),
        (lambda: run_with(input=[[-1e39]]), r"input weights are as large as 1e\+39"),
        (lambda: run_with(output=[[1e39]]), r"output weights are as large as 1e\+39"),
        (lambda: run_with(recurrent_bias=[1e39]), r"recurrent biases are as large as 1e\+39"),
        (lambda: run_with(output_bias=[1e39]), r"output biases are as large as 1e\+39"),
        (lambda: run_with(inputs=1e39), r"inputs are as large as 1e\+39"),
        (lambda: rc.LIF(reset_mv=-1e39), r"reset_mv is -1e\+39; expected a number from -1e\+30 to 1e\+30"),
        (lambda: rc.LIF(threshold_mv=1e39), r"threshold_mv is 1e\+39; expected"),
        (lambda: rc.LIF(noise_mv=1e39), r"noise_mv is 1e\+39; expected a number from 0 to 1e\+30"),
    ],
)
def test_numbers_beyond_float32(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("factors", "error", "message"),
    [
        (("20",), TypeError, "scaling_factor is '20'; expected a number"),
        ((True,), TypeError, "scaling_factor is True; expected a number"),
        (np.array([[20.0]]), TypeError, r"scaling_factor is \[20.0\]; expected a number"),
        (20, TypeError, r"scaling_factors is 20; expected several numbers above 0, such as \(20.0, 30.0\)"),
        ("20,30", TypeError, "scaling_factors is '20,30'; expected several numbers above 0"),
        ((20, 30, 30.0), ValueError, "scaling_factors holds 30 more than once; give each once"),
        ((20, np.nan), ValueError, r"scaling_factor is not a number \(NaN\)"),
        ((1e-50,), ValueError, "scaling_factor is 1e-50; expected a number from"),
    ],
)
def test_scaling_factors_that_are_none(factors, error, message):
    with pytest.raises(error, match=message):
        rc.spiking_search(holding(4), TASK, scaling_factors=factors)


@pytest.mark.parametrize("factors", [range(30, 20, -5), np.array([30, 25]), [25.0, np.float32(30)]])
def test_scaling_factors_of_any_collection(factors):
    search = rc.spiking_search(holding(4), TASK, scaling_factors=factors, trials=2)
    assert search.scaling_factor.tolist() == [25.0, 30.0]


@pytest.mark.parametrize("analysis", [rc.spiking_units, rc.spike_trains])
@pytest.mark.parametrize("factor", [None, [30.0], "30", True])
def test_a_scaling_factor_that_is_no_number(analysis, factor):
    with pytest.raises(TypeError, match=r"scaling_factor is .*; expected a number"):
        analysis(holding(4), TASK, scaling_factor=factor)


@pytest.mark.parametrize("units", ["LIF", 0, ()])
def test_units_that_are_no_spiking_units(units):
    with pytest.raises(TypeError, match=r"units is a \w+; expected spiking units, such as rc.LIF\(\)"):
        rc.spiking_search(holding(4), TASK, units=units)
    with pytest.raises(TypeError, match="expected spiking units"):
        rc.to_spikes(holding(4), 40.0, units)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rc.spiking_search(holding(4), TASK, trials=30),
            "the outputs of 30 trials of 1,000 ms with 14 scaling factors would take",
        ),
        (lambda: rc.spike_trains(holding(4), TASK, scaling_factor=40.0), "the spikes of 2 trials of 1,000 ms with 1 "),
        (
            lambda: rc.to_spikes(holding(4), 40.0).run(np.ones((1, 200, 1)), key=0),
            "the filtered spike trains of 1 trial of 1,000 ms with 1 scaling factor would take",
        ),
        (
            lambda: rc.spiking_units(holding(4), TASK, scaling_factor=40.0, trials=30),
            "the filtered spike trains of 30 trials would take",
        ),
    ],
)
def test_trials_that_need_too_much_memory(monkeypatch, call, message):
    monkeypatch.setattr(checks, "free_memory_bytes", lambda: 1e3)
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shape", [(0, 5, 1), (2, 0, 1)])
def test_brian2_gets_trials(shape, tmp_path):
    message = rf"inputs have the shape \({shape[0]}, {shape[1]}, 1\); expected at least one trial and one step"
    with pytest.raises(ValueError, match=message):
        rc.to_spikes(holding(4), 40.0).to_brian2(tmp_path / "new", np.zeros(shape))
    assert not list(tmp_path.iterdir())


def test_the_sentence_on_units_says_of_how_many_trials():
    table = rc.spiking_units(lone((20.0,)), TASK, scaling_factor=40.0, trials=4, units=QUIET)
    assert (table.trials, table.judged) == (4, 4)
    assert " of 4 trials are right at λ = 40: 1 of 1 unit follows" in units_words(table)
    assert " of 1 trial is right at λ = 40: " in units_words(dataclasses.replace(table, judged=1))
    two = dataclasses.replace(table, kind=np.array([0, 0]))
    assert ": 2 of 2 units follow" in units_words(two)


@pytest.fixture
def command(tmp_path):
    file = tmp_path / "holding.npz"
    holding(10).save(file)
    return ["spikes", str(file), "--task", "pulse_go_nogo", "--factors", "20", "--trials", "4"]


def test_the_command_has_one_share_for_one_factor(command, capsys):
    assert main([*command, "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    (share,) = re.findall(r"at most ([\d.]+) % .* of 4 trials are right, at λ = 20 Hz", printed)
    assert re.findall(r"([\d.]+) % of 4 trials are right at λ = 20:", printed) == [share]


@pytest.mark.parametrize("broken", ["--figure", "--brian2"])
def test_the_command_writes_all_or_nothing(command, broken, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.iterdir())
    paths = {"--figure": tmp_path / "half.png", "--brian2": tmp_path / "brian"}
    paths[broken] = tmp_path / "file" / paths[broken].name
    assert main([*command, *(str(word) for pair in paths.items() for word in pair)]) in (1, 2)
    assert "file" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
