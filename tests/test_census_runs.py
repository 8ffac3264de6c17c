"""A census of several runs: which networks are compared, whose they are, and whether the runs differ."""

import dataclasses
import json

import numpy as np
import pytest

from recurra.analysis.cohorts.census import census_of
from recurra.analysis.cohorts.comparison import census_with
from recurra.analysis.cohorts.origins import Origins, independence, neighbour_independence
from recurra.analysis.cohorts.similarity import Similarities
from recurra.analysis.failures import Failure
from recurra.cli.console_census import print_census
from recurra.models import Cohort
from recurra.models.cohort import History
from recurra.plotting.papers.census import census_map
from recurra.runs import compared_networks
from recurra.runs.census_runs import RunsCensus, run_tests
from recurra.runs.compared_networks import ComparedNetworks, read_compared
from recurra.runs.own_scalars import OwnScalars
from recurra.status import Status
from recurra.tasks import TASKS
from recurra.words.names import run_letter
from tests.networks import ModelOf, network_of


def test_independence_by_hand(seed):
    """Two runs of four in two groups: a perfect split has chi-square 8 and comes up in 2 of 70 orders."""
    runs = np.repeat([0, 1], 4)
    split, mixed = independence(runs, runs, seed), independence(runs, np.array([0, 1] * 4), seed)
    assert split is not None
    assert mixed is not None
    assert split.value == pytest.approx(8)
    assert split.p_value == pytest.approx(2 / 70, abs=0.015)
    assert (mixed.value, mixed.p_value) == (pytest.approx(0), 1)
    assert split.chance == pytest.approx(8 / 7, abs=0.2), "the mean of shuffled tables is n / (n - 1)"
    assert independence(0 * runs, runs, seed) is None
    assert independence(runs, 0 * runs, seed) is None
    assert independence(7 - 2 * runs, runs, seed) == split, "names of runs mean nothing"


def test_neighbours_of_their_own_run(seed):
    places = np.array([0.0, 1, 2, 3.1, 100, 101, 102, 103.1])
    distances, runs = np.abs(places[:, None] - places), np.repeat([0, 1], 4)
    found = neighbour_independence(distances, runs, seed)
    assert found is not None
    assert found.value == 1
    assert found.chance == pytest.approx(3 / 7, abs=0.02)
    assert found.p_value < 0.05
    assert neighbour_independence(distances, 0 * runs, seed) is None


def made(task, statuses, seed=0):
    """A cohort of silent networks, and the shares of trials that each is said to get right."""
    network = network_of(np.zeros((3, 3)))
    count = len(statuses)
    zeros = {
        "recurrent": np.full((count, 3, 3), seed), "input": np.zeros((count, 3, task.inputs)),
        "output": np.zeros((count, task.outputs, 3)), "recurrent_bias": np.zeros((count, 3)),
        "output_bias": np.zeros((count, task.outputs)),
    }  # fmt: skip
    weights = type(network.weights)(**zeros)
    curve = np.zeros((count, 1))
    history = History(np.ones(1), curve, curve, curve)
    model = ModelOf(network, network.weights.units)
    return Cohort(model, None, weights, weights, task, seed, tuple(range(count)), tuple(statuses), history)


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Compared networks of cohorts; those whose training reached its criterion have learned."""

    def reading(cohorts, names=("one", "two"), **options):
        paths = [tmp_path / name for name in names[: len(cohorts)]]
        by_path = dict(zip(paths, cohorts, strict=True))
        monkeypatch.setattr(compared_networks.RunFolder, "open", compared_networks.RunFolder)
        monkeypatch.setattr(compared_networks, "cohort_of", lambda folder: by_path[folder.path])
        monkeypatch.setattr(
            compared_networks,
            "_outcomes",
            lambda cohort: [(one.name, one is Status.reached) for one in cohort.status],
        )
        return read_compared(paths, **options)

    return reading


GOOD, BAD = Status.reached, Status.diverged
AND = TASKS["and"]()


def test_only_networks_that_learned_are_compared(read):
    compared = read([made(AND, [GOOD, BAD, GOOD]), made(dataclasses.replace(AND, input_noise=0.5), [GOOD, GOOD], 1)])
    assert list(compared.names) == ["one/0", "one/2", "two/0", "two/1"]
    assert compared.origins.run.tolist() == [0, 0, 1, 1]
    assert compared.origins.number.tolist() == [0, 2, 0, 1]
    assert compared.apart == {"one/1": "diverged"}
    assert compared.notes == (
        f"the task of two differs from that of one: input_noise 0.5 instead of {AND.input_noise}",
    )
    everyone = read([made(AND, [GOOD, BAD, GOOD])], all_networks=True)
    assert (list(everyone.names), everyone.apart) == (["0", "1", "2"], {})


def test_what_cannot_be_compared_is_one_line(read):
    with pytest.raises(
        ValueError, match=r"1 of 4 networks have learned .*needs at least 3. --all, in Python .* includes networks"
    ):
        read([made(AND, [GOOD, BAD, BAD, BAD])])
    with pytest.raises(ValueError, match="the runs have 2 networks; a census needs at least 3"):
        read([made(AND, [GOOD, BAD])])
    with pytest.raises(ValueError, match="a run is given twice"):
        read([made(AND, [GOOD])] * 2, ("one", "one"))
    with pytest.raises(ValueError, match="two and one are runs of different kinds of tasks, FlipFlop and And"):
        read([made(AND, [GOOD] * 3), made(TASKS["flipflop"](), [GOOD])])
    with pytest.raises(ValueError, match="two and one cannot be compared: their time steps, ms are 2"):
        read([made(AND, [GOOD] * 3), made(dataclasses.replace(AND, dt_ms=2.0), [GOOD])])
    with pytest.raises(ValueError, match=r"regimes of no network are known, .*these: LinAlgError: no"):
        census_with(None, [Failure("LinAlgError: no")] * 3, [Failure("LinAlgError: no")] * 3, 0)


def test_pairs_that_began_alike_are_told(read):
    compared = read([made(AND, [GOOD] * 2), made(AND, [GOOD] * 2)])
    assert compared.notes[0].startswith("networks of one and two began with the same weights: they are pairs")


def two_runs(seed=0):
    """Twelve networks of two runs, all of whose kinds and places are those of their run."""
    random = np.random.default_rng(seed)
    run = np.repeat([0, 1], 6)
    points = random.normal(size=(12, 3)) + 30 * run[:, None]
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    kinds = np.where(run[:, None] == 0, [[1, 1, 1, 1]], [[0, 2, 2, 1]])
    measures = Similarities(distances, np.cos(np.minimum(distances, 1)), distances, distances, distances)
    found = census_of(
        similarities=measures,
        kinds=kinds,
        stable_points=np.ones(12, int),
        unstable_points=np.ones(12, int),
        seed=seed,
        draws=39,
    )
    origins = Origins(run, np.tile(np.arange(6), 2), ("low", "high"))
    names = [f"{origins.names[one]}/{number}" for one, number in zip(run, origins.number, strict=True)]
    compared = ComparedNetworks(
        [], names, origins, ["reached, learned"] * 12, AND, {"low/6": "diverged, not learned"}, ("mind",)
    )
    own = OwnScalars({"lab.speed.peak": [*range(11), None]}, {"lab.speed of network high/5": "it broke"})
    return RunsCensus(compared, measures, found, {}, run_tests(found, run, seed), own)


OWN = ("lab.speed.peak", "0 / 5 / 10", "0 / 2.50 / 5", "6 / 8 / 10", "failed: lab.speed of network high/5: it broke")


def test_the_table_says_run_and_network(capsys):
    found = two_runs()
    table = found.table()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert table["runs"][0] == {
        "run": "low",
        "networks": 6,
        "signatures": {
            "fixed point after every condition": 6,
            "rest after 00, cycle after 01 and 10, fixed point after 11": 0,
        },
        "clusters": [6, 0],
        "own": {"lab.speed.peak": [0, 2.5, 5]},
    }
    assert {name: table["each"][7][name] for name in ("run", "number", "status")} == {
        "run": "high",
        "number": 1,
        "status": "reached, learned",
    }
    assert [row["own"]["lab.speed.peak"] for row in table["each"]] == [*range(11), None]
    assert [one["own"]["lab.speed.peak"] for one in table["members"]] == [[0, 2.5, 5], [6, 8, 10]]
    assert all(table["independent_of_run"][name]["p_value"] < 0.02 for name in ("signature", "cluster"))
    print_census(table)
    told = capsys.readouterr().out
    for words in ("of low", "of high", "low/6 (diverged, not learned)", "note: mind", "of their own run", *OWN):
        assert words in told


@pytest.mark.thorough
def test_the_figure_says_run_and_network():
    found = two_runs()
    figure = census_map(found.census, found.signatures, found.compared.origins)
    figure.canvas.draw()
    named = {text.get_text() for text in figure.axes[0].texts}
    assert {f"{letter}{number}" for letter in "ab" for number in range(6)} <= named
    assert [text.get_text() for text in figure.legends[0].get_texts()][-2:] == ["a: run low (6)", "b: run high (6)"]
    assert np.asarray(figure.axes[1].images[0].get_array()).shape == (12, 2)
    assert [run_letter(at) for at in (0, 25, 26)] == ["a", "z", "za"]
