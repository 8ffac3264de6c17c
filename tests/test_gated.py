"""Gated cells by hand, and what is found in them."""

from dataclasses import fields, replace

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.dossier import make_dossier
from recurra.engine import portable
from recurra.models import Network
from recurra.numerics import pinned
from recurra.report.page.build import report_html
from recurra.runs.record import read_run
from recurra.runs.runner import SilentProgress, analyse_run, start_run
from recurra.runs.spec import to_spec

HARD = {"hard_sigmoid_5": 5, "hard_sigmoid_6": 6}
CELLS = {
    "gru": rc.GRU(units=4),
    "gru-before": rc.GRU(units=4, reset="before"),
    "lstm": rc.LSTM(units=4),
    "ugrnn": rc.UGRNN(units=4),
}


def sigmoid(current, width=None):
    return 1 / (1 + np.exp(-current)) if width is None else np.clip(current / width + 0.5, 0, 1)


def gru(w, state, inputs, before=False, width=None):
    current = [w.input[g] @ inputs + w.bias[g] for g in range(3)]
    z, r = (sigmoid(w.recurrent[g] @ state + current[g], width) for g in range(2))
    inner = w.recurrent[2] @ (r * state) if before else r * (w.recurrent[2] @ state + w.reset_bias)
    return z * state + (1 - z) * np.tanh(current[2] + inner)


def lstm(w, state, inputs, width=None):
    rates, cell = state[:4], state[4:]
    i, f, g, o = (w.recurrent[k] @ rates + w.input[k] @ inputs + w.bias[k] for k in range(4))
    cell = sigmoid(f, width) * cell + sigmoid(i, width) * np.tanh(g)
    return np.concatenate([sigmoid(o, width) * np.tanh(cell), cell])


def ugrnn(w, state, inputs, width=None):
    gate, candidate = (w.recurrent[k] @ state + w.input[k] @ inputs + w.bias[k] for k in range(2))
    return sigmoid(gate, width) * state + (1 - sigmoid(gate, width)) * np.tanh(candidate)


BY_HAND = {
    "gru": lambda *call: gru(*call, before=False),
    "gru-before": lambda *call: gru(*call, before=True),
    "lstm": lstm,
    "ugrnn": ugrnn,
}


def drawn(model, seed, outputs=3):
    """A network of this model with every array random: zeros would hide mistakes."""
    random = np.random.default_rng(seed)
    with pinned():
        weights = model.start(jax.random.key(0), 2, outputs)
    filled = {one.name: random.normal(size=getattr(weights, one.name).shape) for one in fields(weights)}
    return Network(model.dynamics(1.0), type(weights)(**filled), 1.0)


@pytest.mark.parametrize("name", CELLS)
def test_steps_by_hand(name, seed):
    network = drawn(CELLS[name], seed)
    inputs = np.random.default_rng(seed).normal(size=(1, 6, 2))
    state = np.zeros(network.state_size)
    rates, outputs = network.run(inputs)
    for now in range(6):
        state = BY_HAND[name](network.weights, state, inputs[0, now])
        np.testing.assert_allclose(rates[0, now], state[:4], atol=1e-12)
        np.testing.assert_allclose(
            outputs[0, now], network.weights.output @ state[:4] + network.weights.output_bias, atol=1e-12
        )


@pytest.mark.parametrize("gate", ["hard_sigmoid_5", "hard_sigmoid_6"])
@pytest.mark.parametrize(("make", "by_hand"), [(rc.GRU, gru), (rc.LSTM, lstm), (rc.UGRNN, ugrnn)])
def test_hard_gates_by_hand(make, by_hand, gate, seed):
    """Currents of this size reach both ends of the line."""
    network = drawn(make(units=4, gate=gate), seed)
    inputs = np.random.default_rng(seed).normal(0, 3, size=(1, 6, 2))
    state, rates = np.zeros(network.state_size), network.run(inputs)[0]
    for now in range(6):
        state = by_hand(network.weights, state, inputs[0, now], width=HARD[gate])
        np.testing.assert_allclose(rates[0, now], state[:4], atol=1e-12)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", ["gru", "lstm", *(pytest.param(one, marks=pytest.mark.slow) for one in ("gru-before", "ugrnn"))]
)
def test_gradients_against_finite_differences(name, seed):
    network, random = drawn(CELLS[name], seed, outputs=1), np.random.default_rng(seed)
    weights = jax.tree.map(lambda array: np.stack([array]), network.weights)
    inputs, targets = random.normal(size=(3, 5, 2)), random.normal(size=(3, 5, 1))
    call = (network.dynamics, inputs, targets, np.ones((3, 5, 1), bool))

    def loss(weights):
        return portable.loss_and_gradient(call[0], weights, *call[1:])

    _, gradient = loss(weights)
    for one in fields(weights):
        direction = random.normal(size=getattr(weights, one.name).shape)
        steps = [
            replace(weights, **{one.name: getattr(weights, one.name) + size * direction}) for size in (1e-6, -1e-6)
        ]
        slope = (loss(steps[0])[0][0] - loss(steps[1])[0][0]) / 2e-6
        np.testing.assert_allclose((getattr(gradient, one.name) * direction).sum(), slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.GRU(units=0), "units is 0"),
        (lambda: rc.GRU(reset="never"), "unknown reset 'never'"),
        (lambda: rc.LSTM(forget_bias="one"), "forget_bias is 'one'"),
        (lambda: rc.GRU(gate="hard"), "unknown gate 'hard'; expected one of: hard_sigmoid_5, hard_sigmoid_6, sigmoid"),
        (lambda: rc.UGRNN(initializer=1.0), "initializer is 1.0; expected an initializer"),
        (lambda: rc.LSTM(constraints=(1,)), "constraints has 1"),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.slow
def test_the_reset_bias_of_the_first_form_stays_zero():
    """Where the gate comes before the weights there is no such bias, and training makes none."""
    cohort = rc.train(
        rc.And(), rc.GRU(units=4, reset="before"), rc.BPTT(steps=3, batch=4, validation_trials=4), networks=1, seed=0
    )
    assert not np.asarray(cohort.weights.reset_bias).any()
    assert (np.asarray(cohort.weights.bias) != np.asarray(cohort.initial.bias)).any()


@pytest.mark.slow
def test_what_an_lstm_does_not_have_is_no_failure():
    """It has fixed points of (h, c), and no one matrix with a spectrum."""
    network = drawn(CELLS["lstm"], 3, outputs=1)
    dossier = make_dossier(network, rc.And(), seed=0)
    assert dossier.failures == {}
    assert set(dossier.not_applicable) == {"spectrum", "non_normality"}
    assert dossier.not_applicable["spectrum"] == "LSTM networks have no single recurrent matrix"
    states = dossier.fixed_points.states
    assert len(states)
    assert states.shape[1] == dossier.modes.state.size == 8
    assert dossier.landscape.points.shape[0] == len(states)
    for state in states:
        np.testing.assert_allclose(lstm(network.weights, state, np.zeros(2)), state, atol=1e-9)


@pytest.mark.slow
def test_a_report_draws_no_matrix_that_there_is_not(tmp_path):
    spec = to_spec(
        {"task": "and", "networks": 1, "model": {"kind": "lstm", "units": 4}, "training": {"steps": 1, "batch": 2}}
    )
    folder = start_run(spec, tmp_path / "run", False, SilentProgress())
    analyse_run(folder, SilentProgress())
    html = report_html(read_run(folder))
    assert "No figure" not in html
    assert html.count("Networks of this kind have no single recurrent matrix") == 2
    assert "Eigenvalues of the recurrent weights" not in html
