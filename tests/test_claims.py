"""What the papers say in words: the traits of a network, and the verdicts on the author's own files."""

from dataclasses import replace

import numpy as np
import pytest

from recurra.cli.app import main
from recurra.storage.npz_files import write_npz
from recurra.studies.claims import large_claim, oscillation_claim, regime_claim, variety_claim, weight_claims
from recurra.studies.published_networks import PublishedNetworks, published_files, task_of
from recurra.studies.traits import dynamic_traits, leading_kinds, normal_distance, weight_traits
from recurra.tasks import And
from tests.networks import network_of


def of_and(recurrent):
    """A network with two inputs and one output."""
    network = network_of(recurrent)
    weights = replace(network.weights, input=np.ones((len(recurrent), 2)))
    return replace(network, weights=weights, connections=None)


def orthogonal(units, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(units, units)))[0]


def test_traits_of_an_orthogonal_start_that_training_pushed_one_direction_of(seed):
    start = orthogonal(40, seed)
    direction = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(40, 1)))[0]
    found = weight_traits(start + 2 * direction @ direction.T, start, seed)
    assert found["on_circle_before"] == 1
    assert found["outside_before"] == 0
    assert found["henrici_before"] == pytest.approx(0, abs=1e-6)
    assert 1 <= found["outside"] <= 4
    assert found["henrici"] > 0.05
    unknown = weight_traits(start, None, seed)
    assert unknown.keys() == found.keys()
    assert np.isnan(unknown["outside_before"])
    assert np.isnan(unknown["henrici_chance"])


def test_leading_eigenvalues():
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    matrix = np.zeros((5, 5))
    matrix[0, 0], matrix[1:3, 1:3], matrix[3:, 3:] = 1.5, 1.2 * turn, 0.1 * np.eye(2)
    assert leading_kinds(matrix) == "1 real, 1 pair"
    assert leading_kinds(np.diag([3.0, 2.0, 1.0, 0.5])) == "3 real, 0 pairs"
    matrix[0, 0], matrix[3:, 3:] = 0.0, 1.1 * turn
    assert leading_kinds(matrix) == "0 real, 2 pairs"


def test_a_silent_network_rests_at_one_point():
    found = dynamic_traits(of_and(np.zeros((4, 4))), And(), 0)
    assert found["regimes"] == "00 quiescent; 01 quiescent; 10 quiescent; 11 quiescent"
    assert (found["fixed_points"], found["stable_points"], found["at_rest"], found["cycles"]) == (1, 1, 4, 0)


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("and_n50_orthogonal_04", "and"),
        ("setreset_n50_orthogonal_06", "setreset"),
        ("flipflop3_n400", "flipflop"),
        ("xor_n50_orthogonal_00", "xor"),
        ("or_n50_normal_01", "or"),
        ("01_delayed_orthogonal_0", None),
    ],
)
def test_the_task_in_a_name(name, task):
    assert task_of(name) == task


def test_files_of_one_network_belong_together(tmp_path):
    for name in ("and_n5_orthogonal_04_initial", "and_n5_orthogonal_04_epoch3", "and_n5_orthogonal_04_epoch19", "b"):
        write_npz(tmp_path / f"{name}.npz", of_and(np.eye(5)))
    first, second = published_files(tmp_path)
    assert (first.name, first.task, second.name, second.task) == ("and_n5_orthogonal_04", "and", "b", None)
    assert first.trained.name == "and_n5_orthogonal_04_epoch19.npz"
    assert first.initial is not None
    assert first.initial.name == "and_n5_orthogonal_04_initial.npz"
    assert second.initial is None
    with pytest.raises(ValueError, match="holds no trained network of the author"):
        published_files(tmp_path / "none")


def row(**values):
    traits = {"units": 50, "on_circle": 0.7, "rest_on_circle": 0.7, "outside": 3, "henrici": 0.1, "near_zero": 0.3}
    before = {"on_circle_before": 1.0, "outside_before": 0, "henrici_before": 0.0, "near_zero_before": 0.3}
    chance = {"outside_chance": 0.5, "henrici_chance": 0.05, "near_zero_normal": 0.3, "normal_distance": 0.02}
    names = {"task": "and", "initializer": "orthogonal", "name": "and_04", "regimes": "00 fixed; 01 cycle"}
    return {**names, **traits, **before, **chance, "stable_points": 0, **values}


def outcomes(verdicts):
    return [one.verdict for one in verdicts]


def test_a_claim_about_given_networks_holds_in_all_or_differs():
    none = "cannot be compared"
    assert outcomes(weight_claims([row()])) == ["agrees", "agrees", "agrees", none, "agrees", none, "agrees"]
    one_less = weight_claims([row(), row(outside=0, henrici=0.04)])
    assert outcomes(one_less)[1] == outcomes(one_less)[4] == "differs"
    assert "larger than before in 2 of 2" in one_less[4].found
    assert outcomes(weight_claims([row(outside=30)]))[2] == "differs"


def test_a_claim_about_all_networks_needs_many():
    few = weight_claims([row() for _ in range(5)], claims=5)
    many = weight_claims([row() for _ in range(60)], claims=5)
    assert outcomes(few)[1] == "undecided"
    assert outcomes(many)[1] == "agrees"
    assert outcomes(weight_claims([row(outside=0) for _ in range(60)], claims=5))[1] == "differs"


def test_a_claim_about_all_networks_is_judged_by_start_and_knows_of_data_sets():
    """Of one start all, of the other none; networks of one data set that are all alike are one case."""
    mixed = [row(data_set=at % 3) for at in range(60)]
    mixed += [row(initializer="normal", outside=0, data_set=at % 3) for at in range(60)]
    found = weight_claims(mixed, claims=5)[1]
    assert outcomes(found.rows) == ["agrees", "differs"]
    assert found.verdict == "differs"
    alone = [row(data_set=at) for at in range(60)]
    alike = [row(data_set=at % 3, outside=0 if at % 3 == 0 else 3) for at in range(60)]
    width = [
        float(one.difference.split(", ")[1].split("]")[0]) - float(one.difference.split("[")[1].split(",")[0])
        for one in (weight_claims(alike, claims=5)[1], weight_claims([*alone[:40], *alone[:20]], claims=5)[1])
    ]
    assert width[0] > 50 > width[1]


def test_weights_that_are_not_normal_differ():
    assert outcomes(weight_claims([row(normal_distance=0.2)]))[6] == "differs"
    draws = np.random.default_rng(0).standard_normal((100, 100))
    assert normal_distance(draws) < 0.02
    assert normal_distance(np.eye(100)) > 0.3
    assert normal_distance(np.zeros((3, 3))) == 0


def test_large_networks_are_compared_with_small_ones_of_their_task():
    assert large_claim([row()]).verdict == "cannot be compared"
    assert large_claim([row(), row(units=500)]).verdict == "agrees"
    assert large_claim([row(), row(units=500, regimes="00 cycle")]).verdict == "differs"


def test_an_oscillation_without_a_state_at_rest():
    own = row(task="oscillation")
    assert oscillation_claim([own]).verdict == "agrees"
    assert oscillation_claim([own, row(task="oscillation", stable_points=1)]).verdict == "differs"
    assert oscillation_claim([row()]).verdict == "cannot be compared"


def test_regimes_of_one_network():
    asked = ("and_04", "the regimes", "as published")
    assert regime_claim([row()], *asked, {"01": "cycle"}).verdict == "agrees"
    wrong = regime_claim([row()], *asked, {"00": "cycle", "01": "cycle"})
    assert (wrong.verdict, wrong.note) == ("differs", "differs after 00")
    assert regime_claim([row(name="or_04")], *asked, {"01": "cycle"}).verdict == "cannot be compared"


def test_networks_that_all_do_it_alike_are_no_variety():
    assert variety_claim([row(), row()], ["and"], 5).verdict == "undecided"
    assert variety_claim([row() for _ in range(60)], ["and"], 5).verdict == "differs"
    assert variety_claim([row(), row(regimes="00 fixed; 01 fixed")], ["and", "or"], 5).verdict == "agrees"
    assert variety_claim([row()], ["and"], 5).verdict == "cannot be compared"


@pytest.mark.thorough
def test_the_study_of_a_folder(tmp_path, capsys):
    before = of_and(orthogonal(6, 0))
    after = of_and(orthogonal(6, 0) + 0.3 * np.eye(6))
    write_npz(tmp_path / "and_n6_orthogonal_04_initial.npz", before)
    write_npz(tmp_path / "and_n6_orthogonal_04_epoch19.npz", after)
    arguments = [
        "study",
        "published-networks",
        "--out",
        str(tmp_path / "out"),
        "--networks",
        str(tmp_path / "networks"),
    ]
    assert main(arguments) == 2
    assert "published-networks reads files: name their folder with --files" in capsys.readouterr().err
    assert main([*arguments, "--files", str(tmp_path)]) == 0
    assert "an orthogonal start has its eigenvalues on the unit circle" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"networks.csv", "spectra.csv", "spectra.png"}
    assert main(["study", "damage", "--files", str(tmp_path)]) == 2
    assert "damage takes no --files" in capsys.readouterr().err


@pytest.mark.slow
def test_the_authors_networks_are_what_the_paper_says(reference):
    study = PublishedNetworks(reference)
    tables = study.measure("laptop", 0, pytest.fail)
    judged = {one.what: one for one in study.verdicts(tables)}
    verdicts = {what: one.verdict for what, one in judged.items()}
    assert verdicts["`and`, network 04: the regimes (2019, Figures 9 and 10)"] == "agrees"
    assert verdicts["set/reset, network 06: the regimes (2019, Figure 11)"] == "agrees"
    assert verdicts["`and`, network 04: leading eigenvalues"] == "agrees"
    # What docs/studies.md says of them.
    leading = judged["set/reset, network 06: leading eigenvalues"]
    assert leading.verdict == "differs"
    assert leading.found.startswith("2 real, 1 pair")
    departure = next(one.found for what, one in judged.items() if "non-normal" in what)
    assert "after 0.059 to 0.125" in departure
    assert "random change 0.0634 to 0.128" in departure
