"""The player in the browser: its numbers are recurra's, its data are checked, and what it does not have is refused."""

import html
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.analysis import held_memories, states_on
from recurra.analysis.weights.damage import removed
from recurra.arrays import RateWeights, named_arrays
from recurra.cli.app import main
from recurra.engine import ACTIVATIONS, Dynamics, RateDynamics
from recurra.engine.gated import GATES, GRUDynamics, LSTMDynamics
from recurra.models import GRU, LSTM, UGRNN, Areas, Network, RateRNN, Sparse
from recurra.numerics import pinned
from recurra.report.page.build import report_html
from recurra.report.play.equations import UNITS, NotPlayableError, equations_of
from recurra.report.play.module import FILES, page_script, widget_module
from recurra.report.play.payload import packed, payload, payload_json
from recurra.report.play.played import PlayedNetwork, Points, View
from recurra.report.play.runs import played_of_run
from recurra.runs.record import read_run
from recurra.tasks import And, FlipFlop

NODE = shutil.which("node")
PLAYER = Path(str(resources.files("recurra.report.play"))) / "player"
TASK = FlipFlop(bits=2, length_ms=120.0)
STEPS = 40


def with_view(network: Network, **fields) -> PlayedNetwork:
    """A network as it is played, with a view that no analysis has made."""
    units = network.weights.units
    components = np.zeros((3, units))
    components[:, :3] = np.eye(3)[:, : min(3, units)]
    view = View(
        np.zeros(units), components, ("a", "b", "c"), 1.0, np.zeros((0, 3)), np.zeros((0, 2), int), np.zeros((0, 1, 3))
    )
    return PlayedNetwork(3, network, view, Points(np.zeros((0, 3)), np.zeros(0, bool), ()), **fields)


def random_network(model, seed: int = 0, scale: float = 1.0, task=TASK) -> Network:
    """A network whose weights and biases are all random."""
    random, dynamics = np.random.default_rng(seed), model.for_task(task).dynamics(task.dt_ms)
    gates = {GRUDynamics: 3, LSTMDynamics: 4}.get(type(dynamics), 2)
    sizes = {"input": task.inputs, "output": task.outputs, "gate": gates}
    arrays = {
        name: scale * random.standard_normal(tuple(int(sizes.get(axis, model.units)) for axis in axes))
        for name, axes in dynamics.weights.axes().items()
    }
    single = {name: (array / model.units**0.5).astype(np.float32) for name, array in arrays.items()}
    return Network(dynamics, dynamics.weights(**single), task.dt_ms)


def stepped(network: Network, inputs) -> np.ndarray:
    """The states by the equations themselves, step by step: without a program to compile for each network."""
    with pinned(double=True):
        weights = jax.tree.map(jnp.asarray, network.double)
        state, states = network.dynamics.initial_state(weights), []
        for one in jnp.asarray(inputs[0], jnp.float64):
            state = network.dynamics.step(weights, state, one)
            states.append(np.asarray(state))
    return np.array(states)[None]


def played_in_node(*cases: dict) -> list[dict]:
    """What the player makes of some cases."""
    if NODE is None:
        pytest.skip("no node on this machine")
    command = [NODE, str(Path(__file__).with_name("play_numerics.mjs")), str(PLAYER)]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def case_of(network: Network, inputs=(), task=TASK, **changes) -> dict:
    return {
        "payload": payload_json(task, "a title", [with_view(network)]),
        "inputs": np.asarray(inputs).tolist(),
        **changes,
    }


def changed_weights(network: Network, gain: float, silenced: list[int]):
    """The weights that the player has in effect: the silenced units are heard by nobody."""
    arrays = {name: array.astype(np.float64) for name, array in named_arrays(network.weights).items()}
    arrays["recurrent"] = gain * arrays["recurrent"]
    arrays["recurrent"][..., silenced] = 0
    arrays["output"][:, silenced] = 0
    return type(network.weights)(**arrays)


def rate_models(units: int):
    for form in ("rate", "current"):
        for activation in ACTIVATIONS:
            yield RateRNN(units=units, form=form, activation=activation, tau_ms=2.0)


def gated_models(units: int):
    for gate in GATES:
        yield LSTM(units=units, gate=gate)
        yield UGRNN(units=units, gate=gate)
        yield from (GRU(units=units, gate=gate, reset=reset) for reset in ("after", "before"))


@pytest.fixture(autouse=True)
def _nothing_to_compile(monkeypatch):
    monkeypatch.setattr("recurra.report.play.payload.states_on", stepped)


@pytest.mark.parametrize("units", [3, *(pytest.param(one, marks=pytest.mark.slow) for one in (1, 50))])
def test_states_and_outputs_are_those_of_recurra(seed, units):
    """Every cell, form, activation and gate function; changed gain and leak, and silenced units."""
    random = np.random.default_rng(seed)
    inputs = random.standard_normal((STEPS, TASK.inputs)).astype(np.float32)
    cases, expected = [], []
    for number, model in enumerate([*rate_models(units), *gated_models(units)]):
        network = random_network(model, number)
        silenced = sorted({0, model.units - 1}) if model.units > 1 and number % 2 else []
        gain, factor = (0.7, 0.5) if number % 3 else (1.0, 1.0)
        cases.append(case_of(network, inputs, silenced=silenced, changed={"gain": gain, "leakFactor": factor}))
        dynamics = network.dynamics
        if isinstance(dynamics, RateDynamics):
            dynamics = replace(dynamics, leak=factor / 2)
        effective = replace(network, dynamics=dynamics, weights=changed_weights(network, gain, silenced))
        states = stepped(effective, inputs[None])[0]
        rates = [np.asarray(dynamics.rates(jnp.asarray(state))) for state in states]
        expected.append((model, states, rates @ effective.double.output.T + effective.double.output_bias))
    for (model, states, outputs), found in zip(expected, played_in_node(*cases), strict=True):
        size = max(1.0, float(np.abs(states).max()))
        np.testing.assert_allclose(
            [one["state"] for one in found["steps"]], states, atol=1e-9 * size, err_msg=str(model)
        )
        np.testing.assert_allclose([one["output"] for one in found["steps"]], outputs, atol=1e-8 * size)
        assert found["test"]["passed"]


def test_a_leak_per_unit(seed):
    leaks = (0.1, 0.5, 1.0)
    network = random_network(RateRNN(units=3, tau_ms=tuple(1 / leak for leak in leaks)))
    inputs = np.random.default_rng(seed).standard_normal((STEPS, 2)).astype(np.float32)
    (found,) = played_in_node(case_of(network, inputs))
    np.testing.assert_allclose(
        [one["state"] for one in found["steps"]], states_on(network, inputs=inputs[None])[0], atol=1e-10
    )


@pytest.mark.thorough
@pytest.mark.parametrize("sign", ["both", "positive", "negative"])
@pytest.mark.parametrize("removal", ["cumulative", pytest.param("strongest", marks=pytest.mark.slow)])
def test_damage_is_that_of_recurra(sign, removal):
    model = RateRNN(units=20, tau_ms=1.0, constraints=(Sparse(0.5),))
    start = model.start(jax.random.key(1), 2, 2)
    network = Network(model.dynamics(1.0), start, 1.0, model.connections(start))
    percents = (0, 7, 30, 100)
    damage = {"removal": removal, "sign": sign, "from": -1, "to": -1}
    found = played_in_node(*(case_of(network, changed={"damage": {**damage, "percent": one}}) for one in percents))
    for percent, one in zip(percents, found, strict=True):
        taken = removed(network.recurrent, percent, sign, removal, connections=network.recurrent_connections)
        assert one["removed"] == taken.sum()


@pytest.mark.slow
def test_damage_between_areas():
    model = RateRNN(units=6, tau_ms=1.0, constraints=(Areas(units=(2, 4), density=((1.0, 0.75), (0.75, 1.0))),))
    start = model.start(jax.random.key(1), 2, 2)
    network = Network(model.dynamics(1.0), start, 1.0, model.connections(start))
    data = payload_json(TASK, "areas", [with_view(network, groups=model.groups())])
    damage = {"percent": 100, "removal": "strongest", "sign": "both", "from": 0, "to": 1}
    (found,) = played_in_node({"payload": data, "changed": {"damage": damage}})
    existing = np.abs(network.recurrent[network.recurrent_connections])
    between = network.recurrent_connections[2:, :2]
    assert found["removed"] == (np.abs(network.recurrent[2:, :2][between]) > existing.min()).sum()


@pytest.mark.slow
def test_memories_are_those_that_recurra_finds_held():
    networks = [random_network(RateRNN(units=30), number, 0.8) for number in range(4)]
    for network, found in zip(networks, played_in_node(*map(case_of, networks)), strict=True):
        assert found["held"] == held_memories(network, TASK).held.tolist()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "model",
    [
        RateRNN(units=9, form="current"),
        GRU(units=9),
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in (LSTM(units=9), GRU(units=9, reset="before"), UGRNN(units=9))
        ),
    ],
)
def test_particles_move_by_the_same_equations(model):
    """Two hundred states at once, and a few of them one by one."""
    network = random_network(model)
    (found,) = played_in_node(case_of(network, particles=True))
    starts, ends = (np.reshape(found["cloud"][name], (200, -1)) for name in ("starts", "ends"))
    for at in (0, 3, 199):
        step = network.dynamics.step(network.double, jnp.asarray(starts[at]), jnp.zeros(2))
        np.testing.assert_allclose(ends[at], step, atol=1e-10)


def test_the_self_test_fails_if_a_weight_is_wrong():
    data = json.loads(payload_json(TASK, "a title", [with_view(random_network(RateRNN(units=5)))]))
    assert played_in_node({"payload": json.dumps(data)})[0]["test"]["passed"]
    data["networks"][0]["equations"]["activation"] = "sigmoid"
    assert not played_in_node({"payload": json.dumps(data)})[0]["test"]["passed"]


DAMAGED = {
    "its data have another format": (("format",), "recurra-play 2"),
    "title is no short text": (("title",), ["x"]),
    "pulse is no whole number": (("pulse", "steps"), 0.5),
    "networks is no list": (("networks",), [{}] * 9),
    "units is no whole number": (("networks", 0, "units"), 10**9),
    "the equations have no known kind": (("networks", 0, "equations", "kind"), "__proto__"),
    "the activation is not known": (("networks", 0, "equations", "activation"), "constructor"),
    "leak is no number": (("networks", 0, "equations", "leak"), [2.0]),
    "recurrent has 2 numbers, not 25": (("networks", 0, "checkpoints", 0, "recurrent"), "AAAAAAAAAAA="),
    "input is no base64": (("networks", 0, "checkpoints", 0, "input"), "<script>"),
    "bias is no number": (("networks", 0, "checkpoints", 0, "bias"), "AADAfwAAwH8AAMB/AADAfwAAwH8="),  # NaN
    "colour is no colour": (("networks", 0, "color"), "red;background:url(x)"),
    "edge is no whole number": (("networks", 0, "view", "edges"), [0, 1]),
}


def test_damaged_data_are_refused_in_one_line():
    whole, cases = payload_json(TASK, "a title", [with_view(random_network(RateRNN(units=5)))]), []
    for path, value in DAMAGED.values():
        data = inner = json.loads(whole)
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        cases.append({"payload": json.dumps(data)})
    for message, found in zip(DAMAGED, played_in_node(*cases), strict=True):
        assert found.get("error", "").startswith("this page is damaged: " + message), found
        assert "\n" not in found["error"]


@dataclass(frozen=True)
class StrangeDynamics(Dynamics):
    weights: ClassVar = RateWeights

    def initial_state(self, weights):
        return jnp.zeros_like(jnp.asarray(weights.recurrent_bias))

    def step(self, weights, state, inputs):
        return jnp.sin(weights.recurrent @ state + weights.input @ inputs)

    def rates(self, state):
        return state


def test_a_network_that_the_player_does_not_have_is_refused():
    network = replace(random_network(RateRNN(units=3)), dynamics=StrangeDynamics())
    with pytest.raises(NotPlayableError, match="StrangeDynamics, which the player does not have"):
        equations_of(network)
    large = RateWeights(
        *(np.zeros(shape, np.float32) for shape in ((UNITS + 1,) * 2, (UNITS + 1, 1), (1, UNITS + 1), UNITS + 1, 1))
    )
    with pytest.raises(NotPlayableError, match="1,001 units; a page can play up to 1,000"):
        equations_of(Network(RateDynamics("rate", "tanh", 1.0), large, 1.0))
    wide = FlipFlop(bits=2)
    huge = random_network(RateRNN(units=2))
    huge = replace(huge, weights=replace(huge.weights, output=np.full((2, 2), 1e300)))
    with pytest.raises(NotPlayableError, match="too large for a page"):
        payload(wide, "huge", [with_view(huge)])


def test_the_data_can_stand_in_a_script_element():
    text = payload_json(TASK, "</script><script>alert(1)</script>\u2028", [with_view(random_network(RateRNN(units=2)))])
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text)["title"] == "</script><script>alert(1)</script>\u2028"


@pytest.mark.thorough
def test_pulses_are_those_of_the_task():
    data = payload(FlipFlop(bits=2, pulse_ms=7.0, amplitude=0.5), "", [with_view(random_network(RateRNN(units=2)))])
    assert data["pulse"] == {"steps": 7, "height": 0.5}
    assert data["stimuli"] == [], "a pulse on one input has its buttons"
    task = And()
    data = payload(task, "", [with_view(random_network(RateRNN(units=2), task=task))])
    assert [one["name"] for one in data["stimuli"]] == [name for name in task.condition_names if "1" in name]
    assert data["memories"] is None


def test_the_module_is_whole():
    """All files are in it, in an order in which each needs only those before it; nothing is left to import."""
    named = {path.name for path in PLAYER.glob("*.mjs")}
    assert named == {*FILES, "page.mjs", "widget.mjs"}
    for at, name in enumerate(FILES):
        needed = re.findall(r'from "\./(\w+\.mjs)"', (PLAYER / name).read_text("utf-8"))
        assert set(needed) <= {*FILES[:at], "style.mjs"}, name
    for text in (page_script(), widget_module()):
        assert not re.search(r"^\s*import ", text, re.MULTILINE)
        assert "http" not in text
    assert len(re.findall(r"^export ", widget_module(), re.MULTILINE)) == 1
    assert "</" not in page_script()


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_module_has_no_name_twice(tmp_path):
    for name, text in (("page.js", page_script()), ("widget.mjs", widget_module())):
        (tmp_path / name).write_text(text, "utf-8")
        subprocess.run([str(NODE), "--check", str(tmp_path / name)], check=True, capture_output=True)


@pytest.mark.slow
def test_the_command_writes_a_page_with_checkpoints(small_run, tmp_path, capsys):
    target = tmp_path / "new" / "play.html"
    assert main(["play", str(small_run.path), "--out", str(target), "--network", "1"]) == 0
    assert capsys.readouterr().out == f"play: {target}\n"
    page = target.read_text("utf-8")
    assert len(page) < 200_000
    assert not re.search(r"(src|href|srcset)=|@import|url\((?!#)", page), "it loads nothing"
    data = json.loads(re.search(r'id="play-data">(.*?)</script>', page)[1])  # type: ignore[index]
    (network,) = data["networks"]
    assert network["number"] == 1
    assert [one["name"] for one in network["checkpoints"]] == ["before training", "after epoch 1 of 2", "trained"]
    weights = read_run(small_run).network(1).weights
    assert network["checkpoints"][-1]["recurrent"] == packed(weights.recurrent)
    (found,) = played_in_node({"payload": json.dumps(data)})
    assert found["test"]["passed"]
    assert len(network["points"]["stable"]) + network["points"]["left_out"] == len(
        read_run(small_run).dossiers[1].fixed_points
    )


def test_the_command_names_a_network_that_is_not_there(small_run, tmp_path, capsys):
    assert main(["play", str(small_run.path), "--out", str(tmp_path / "play.html"), "--network", "7"]) == 2
    assert capsys.readouterr().err.startswith("recurra: flipflop has no network 7; it has 0, 1")
    assert not list(tmp_path.iterdir())


def test_as_many_epochs_as_there_is_room_for(small_run, monkeypatch):
    run = read_run(small_run)
    monkeypatch.setattr("recurra.report.play.runs.ROOM", 0)
    assert list(played_of_run(run, [0])[0].earlier) == ["before training"]
    assert played_of_run(replace(run, initial=None), [0])[0].earlier == {}


@pytest.fixture(scope="module")
def player():
    network = random_network(RateRNN(units=4))
    return rc.play(network, TASK)


def test_a_notebook_shows_the_page_in_a_frame(player, tmp_path):
    frame = player._repr_html_()
    assert frame.startswith('<iframe sandbox="allow-scripts"')
    inner = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])  # type: ignore[index]
    player.save(tmp_path / "play.html")
    assert inner == (tmp_path / "play.html").read_text("utf-8")
    assert repr(player) == "Player(title='2-bit flip-flop')"


@pytest.mark.thorough
def test_a_cohort_knows_its_task(small_run):
    cohort = rc.load(small_run.path)
    data = json.loads(rc.play(cohort).payload)
    assert [one["number"] for one in data["networks"]] == [0, 1]
    assert data["networks"][0]["view"]["corner_count"] == 8


def test_what_cannot_be_played_is_told(small_run):
    network = random_network(RateRNN(units=3))
    with pytest.raises(ValueError, match="task is None; a network by itself does not know its task"):
        rc.play(network)
    with pytest.raises(ValueError, match="the network has 2 inputs; the task has 3"):
        rc.play(network, FlipFlop())
    with pytest.raises(TypeError, match="networks is a str; expected a Network, such as cohort"):
        rc.play("runs/small")  # type: ignore[arg-type]
    with pytest.raises(NotPlayableError, match="StrangeDynamics"):
        rc.play(replace(network, dynamics=StrangeDynamics()), TASK)


def test_a_widget_has_the_module_and_the_data(player):
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    widget = player.widget()
    assert widget.payload == player.payload
    assert str(widget._esm) == widget_module()


def test_without_anywidget_the_error_says_what_to_install(player, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=r"pip install 'recurra\[notebook\]'"):
        player.widget()


@pytest.mark.thorough
def test_the_report_leaves_out_what_the_player_does_not_have(small_run, monkeypatch):
    run = read_run(small_run)
    assert 'id="data-play"' in report_html(run)

    def refuse(network):
        raise NotPlayableError("unknown")

    monkeypatch.setattr("recurra.report.play.payload.equations_of", refuse)
    page = report_html(run)
    assert "data-play" not in page
    assert "#play" not in page


@pytest.mark.thorough
def test_the_report_says_why_a_network_cannot_be_played(small_run, monkeypatch):
    def broken(task):
        raise ValueError("2 names for <b>3</b> stimuli")

    monkeypatch.setattr("recurra.report.play.payload._stimuli", broken)
    page = report_html(read_run(small_run))
    assert "data-play" not in page
    assert "The networks cannot be played: ValueError: 2 names for &lt;b&gt;3&lt;/b&gt; stimuli" in page
