"""Constraints: signs and absent connections to the bit after every step, the start that is asked for, and theory."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.analysis import girko_distance, weight_statistics
from recurra.analysis.weights.damage import removed
from recurra.arrays import named_arrays
from recurra.models import Network
from recurra.models.constraints import UnitGroup, constrained, free_parameters, unit_groups
from recurra.models.constraints.base import Constraint
from recurra.plotting.interactive import connectivity as on_page
from recurra.plotting.papers import connectivity as on_paper
from recurra.plotting.scenes.weights import weights_scene
from recurra.runs.spec import to_spec
from recurra.training import Training

RULE = rc.BPTT(steps=6, batch=4, learning_rate=0.3, validation_trials=4, trials=rc.FreshTrials(2))
EXAMPLE = (rc.Dale(excitatory=0.8), rc.Sparse(density=0.3), rc.NoSelfConnections())
LARGE = 500  # units, so that spectra are near their limits


def start_of(model, seed):
    return model.start(jax.random.key(seed, impl="threefry2x32"), 2, 1)


def recurrent_of(constraints, seed, units=LARGE, **others):
    model = rc.RateRNN(units=units, constraints=constraints, **others)
    return np.asarray(start_of(model, seed).recurrent, np.float64)


def moduli(matrix):
    return np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]


def trained(model, rule=RULE):
    """The weights of one network at every epoch."""
    training = Training(rc.And(), model, rule, (0,), 3)
    states = [training.start()]
    while not states[-1].ended:
        states.append(training.advance(states[-1]))
    return [{name: one[0] for name, one in named_arrays(state.learner.weights).items()} for state in states]


class TestTheory:
    @pytest.mark.parametrize(
        ("initializer", "radius"),
        [(rc.Normal(1.3), 1.3), (rc.GlorotUniform(0.7), 0.7), (rc.SpectralRadius(1.2), 1.2)],
        ids=lambda one: type(one).__name__,
    )
    def test_independent_entries_fill_girkos_circle(self, initializer, radius, seed):
        values = np.linalg.eigvals(np.asarray(initializer(jax.random.key(seed), (LARGE, LARGE)), np.float64))
        assert girko_distance(eigenvalues=values, radius=radius) < (
            0.2 if isinstance(initializer, rc.SpectralRadius) else 0.06
        )
        assert girko_distance(eigenvalues=values, radius=1.5 * radius) > 0.4

    def test_an_identity_with_spread_moves_the_circle(self, seed):
        matrix = np.asarray(rc.Identity(0.5, 0.8)(jax.random.key(seed), (LARGE, LARGE)), np.float64)
        assert girko_distance(eigenvalues=np.linalg.eigvals(matrix) - 0.5, radius=0.8) < 0.06

    @pytest.mark.parametrize("density", [0.1, 0.5])
    def test_absent_connections_keep_the_circle(self, density, seed):
        """N(0, g² / (p N)) on the connections that exist."""
        matrix = recurrent_of((rc.Sparse(density),), seed, initializer=rc.Normal(1.3))
        assert np.count_nonzero(matrix) == round(density * LARGE**2)
        assert matrix[matrix != 0].std() == pytest.approx(1.3 / np.sqrt(density * LARGE), rel=0.05)
        assert girko_distance(eigenvalues=np.linalg.eigvals(matrix), radius=1.3) < 0.07

    def test_which_connections_exist_does_not_depend_on_their_weights(self, seed):
        kept = recurrent_of((rc.Sparse(0.3),), seed, initializer=rc.Normal(1.0))
        assert abs(kept[kept != 0].mean()) < 5 * kept[kept != 0].std() / np.sqrt(np.count_nonzero(kept))

    @pytest.mark.parametrize("share", [0.6, 0.8])
    def test_unbalanced_signs_have_an_outlier(self, share, seed):
        """At N (f μ_E + (1 - f) μ_I); the others within √(N (f σ_E² + (1 - f) σ_I²))."""
        matrix = recurrent_of((rc.Dale(share, balanced=False),), seed)
        excite = matrix[:, : round(share * LARGE)]
        inhibit = matrix[:, round(share * LARGE) :]
        outlier = LARGE * (share * excite.mean() + (1 - share) * inhibit.mean())
        radius = np.sqrt(LARGE * (share * excite.var() + (1 - share) * inhibit.var()))
        largest, second, *_ = moduli(matrix)
        spread = radius / np.sqrt(LARGE) / (2 * share - 1)
        assert largest == pytest.approx(outlier, abs=6 * spread)
        assert outlier > 2 * radius
        assert second < 1.35 * radius

    @pytest.mark.parametrize("share", [0.6, 0.8])
    def test_balanced_rows_have_none(self, share, seed):
        matrix = recurrent_of((rc.Dale(share),), seed)
        np.testing.assert_allclose(matrix.sum(axis=1), 0, atol=1e-6)
        excite, inhibit = np.split(matrix, [round(share * LARGE)], axis=1)
        radius = np.sqrt(LARGE * (share * excite.var() + (1 - share) * inhibit.var()))
        assert moduli(matrix)[0] == pytest.approx(radius, rel=0.2)

    def test_areas_keep_the_radius(self, seed):
        areas = rc.Areas((300, 200), density=((1.0, 0.1), (0.5, 0.3)), signs=("**", "**"))
        matrix = recurrent_of((areas,), seed, initializer=rc.Normal(1.3))
        assert moduli(matrix)[0] == pytest.approx(1.3, rel=0.2)


class TestStart:
    @pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
    def test_radius_and_balance_hold_in_any_order(self, order, seed):
        constraints = (*EXAMPLE, rc.SpectralRadius(1.5))
        matrix = recurrent_of(tuple(constraints[at] for at in order), seed, units=100)
        assert moduli(matrix)[0] == pytest.approx(1.5, abs=1e-6)
        both = (matrix > 0).any(axis=1) & (matrix < 0).any(axis=1)
        np.testing.assert_allclose(matrix[both].sum(axis=1), 0, atol=1e-6)
        assert both.sum() > 90
        assert not matrix.diagonal().any()
        assert (matrix[:, :80] >= 0).all()
        assert (matrix[:, 80:] <= 0).all()

    def test_the_start_of_song(self, seed):
        matrix = recurrent_of((rc.Dale(), rc.SpectralRadius(1.5)), seed, units=100, initializer=rc.Gamma())
        assert moduli(matrix)[0] == pytest.approx(1.5, abs=1e-6)
        np.testing.assert_allclose(matrix.sum(axis=1), 0, atol=1e-6)

    def test_rows_balanced_on_average(self, seed):
        """Of the drawn magnitudes, excitatory ones are divided by the number of excitatory units per inhibitory one."""
        drawn = np.abs(recurrent_of((), seed, units=100, initializer=rc.Normal()))
        matrix = recurrent_of((rc.Dale(0.8, balanced="average"),), seed, units=100, initializer=rc.Normal())
        np.testing.assert_allclose(matrix[:, :80], drawn[:, :80] / 4, rtol=1e-6)
        np.testing.assert_allclose(matrix[:, 80:], -drawn[:, 80:], rtol=1e-6)
        with pytest.raises(ValueError, match='balanced="average" needs units of both signs; 10 of 10 are excitatory'):
            rc.RateRNN(units=10, constraints=(rc.Dale(1.0, balanced="average"),))
        with pytest.raises(TypeError, match="balanced is 'mean'; expected True or False"):
            rc.Dale(balanced="mean")

    def test_every_gate_has_the_radius(self, seed):
        model = rc.GRU(units=20, constraints=(rc.NoSelfConnections(), rc.SpectralRadius(0.9)))
        for gate in np.asarray(start_of(model, seed).recurrent, np.float64):
            assert moduli(gate)[0] == pytest.approx(0.9, abs=1e-6)
            assert not gate.diagonal().any()

    def test_the_default_start_has_connections_between_units(self):
        assert rc.RateRNN().initializer == rc.RateRNN(constraints=(rc.LowRank(),)).initializer == rc.Identity()
        assert rc.RateRNN(constraints=EXAMPLE).initializer == rc.Normal()
        with pytest.raises(ValueError, match="no connections between units for Dale and Sparse and NoSelfConnections"):
            rc.RateRNN(constraints=EXAMPLE, initializer=rc.Identity())

    def test_a_connection_that_starts_at_zero_exists(self, seed):
        class Silent(rc.models.Initializer):
            def __call__(self, key, shape):
                return jax.numpy.zeros(shape, np.float32)

        model = rc.RateRNN(units=6, initializer=Silent(), constraints=(rc.NoSelfConnections(),))
        exist = model.connections(start_of(model, seed))
        np.testing.assert_array_equal(exist.recurrent, ~np.eye(6, dtype=bool))
        assert exist.input.all()
        assert exist.output.all()

    def test_areas_have_their_densities_and_inhibition_stays_within(self, seed):
        model = rc.RateRNN(units=60, constraints=(rc.Areas((40, 20)), rc.Dale(0.75)))
        matrix = np.asarray(start_of(model, seed).recurrent)
        assert model.groups() == (
            UnitGroup(1, 1, 0, 30),
            UnitGroup(1, -1, 30, 10),
            UnitGroup(2, 1, 40, 15),
            UnitGroup(2, -1, 55, 5),
        )
        assert matrix[:40, :40].all()
        assert matrix[40:, 40:].all()
        assert not matrix[40:, 30:40].any()
        assert not matrix[:40, 55:].any()
        for group in model.groups():
            columns = matrix[:, group.first : group.first + group.count]
            assert (columns * group.sign >= 0).all()
        forward, back = np.count_nonzero(matrix[40:, :30]), np.count_nonzero(matrix[:40, 40:55])
        assert 0 < back < 40
        assert 20 < forward <= 80

    @pytest.mark.slow
    def test_areas_without_dales_law_have_signs_of_their_own(self, seed):
        areas = rc.Areas((4, 3), density=((1.0, 1.0), (0.5, 0.0)), signs=("*-", "+*"))
        after = trained(rc.RateRNN(units=7, constraints=(areas,)))[-1]["recurrent"]
        assert (after[:4, 4:] <= 0).all()
        assert (after[4:, :4] >= 0).all()
        assert np.count_nonzero(after[4:, :4]) == 6
        assert not after[4:, 4:].any()


SIGNS = np.repeat([1, -1], [8, 2])
MODELS = {
    "all": rc.RateRNN(units=10, constraints=(*EXAMPLE, rc.SpectralRadius(1.2), rc.Frozen(("input",)))),
    "rectified": rc.RateRNN(units=10, constraints=(rc.Dale(passing_zero="rectified"), rc.Sparse(0.5))),
    "areas": rc.RateRNN(units=10, constraints=(rc.Areas((6, 4), ((1.0, 0.3), (0.3, 1.0))),)),
    "readout": rc.RateRNN(
        units=10, constraints=(rc.Dale(excitatory_readout=True, positive_input=True, positive_output=True),)
    ),
    "gru": rc.GRU(units=10, constraints=EXAMPLE),
    "lstm": rc.LSTM(units=10, constraints=(rc.Sparse(0.4), rc.NoSelfConnections())),
}


class TestTraining:
    @pytest.mark.thorough
    @pytest.mark.parametrize(
        "name",
        [pytest.param(name, marks=pytest.mark.slow) if name not in ("all", "readout") else name for name in MODELS],
    )
    def test_constraints_hold_to_the_bit_after_every_epoch(self, name):
        model = MODELS[name]
        start, *later = trained(model)
        law = any(isinstance(one, rc.Dale) for one in model.constraints)
        absent = {one for constraint in model.constraints for one in constraint.absent()}
        for weights in later:
            assert np.any(weights["recurrent"] != start["recurrent"])
            for array in absent:
                assert not weights[array][start[array] == 0].any()
            if law:
                assert (weights["recurrent"] * SIGNS >= 0).all()
        if name == "readout":
            assert not later[-1]["output"][:, 8:].any()
            assert (later[-1]["output"] >= 0).all()
            assert (later[-1]["input"] >= 0).all()

    def test_a_rectified_connection_dies_and_an_absolute_one_does_not(self, seed):
        models = [
            rc.RateRNN(units=10, constraints=(rc.Dale(passing_zero=passing),)) for passing in ("rectified", "absolute")
        ]
        for model, dead in zip(models, (True, False), strict=True):
            start = start_of(model, seed)
            constraints = model.all_constraints()
            free = free_parameters(constraints, start)
            free["recurrent"] = -0.5 * free["recurrent"]
            gradient = jax.grad(lambda free: constrained(constraints, free, start).recurrent.sum())(free)  # noqa: B023
            weights = np.asarray(constrained(constraints, free, start).recurrent)
            assert (weights == 0).all() == dead
            assert (np.asarray(gradient["recurrent"]) == 0).all() == dead
            if not dead:
                np.testing.assert_array_equal(weights, 0.5 * np.asarray(start.recurrent))

    @pytest.mark.thorough
    @pytest.mark.parametrize(
        ("frozen", "kept"),
        [
            (rc.Frozen(("recurrent",), post=(0, 3)), np.isin(np.arange(10), (0, 3))[:, None] & np.ones(10, bool)),
            (rc.Frozen(("recurrent",), pre=("inhibitory",)), np.ones((10, 1), bool) & (SIGNS < 0)),
            (rc.Frozen(("recurrent",), post=("excitatory",), pre=(1,)), np.outer(SIGNS > 0, np.arange(10) == 1)),
            (rc.Frozen.marked("recurrent", np.eye(10, dtype=bool)), np.eye(10, dtype=bool)),
        ],
        ids=["rows", "group", "group and column", "entries"],
    )
    @pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.slow)])
    def test_entries_are_frozen_to_the_bit(self, frozen, kept, first):
        law = rc.Dale(passing_zero="rectified")
        start, *_, end = trained(rc.RateRNN(units=10, constraints=(frozen, law) if first else (law, frozen)))
        np.testing.assert_array_equal(end["recurrent"][kept], start["recurrent"][kept])
        assert (end["recurrent"][~kept] != start["recurrent"][~kept]).mean() > 0.5

    def test_the_scale_of_the_readout(self, seed):
        """The start is γ times the drawn weights, and the gradient of the free ones γ times that of the weights."""
        plain, scaled = (
            rc.RateRNN(units=6, constraints=constraints)
            for constraints in ((), (rc.Dale(excitatory_readout=True), rc.ReadoutScale(4.0)))
        )
        start = start_of(scaled, seed)
        drawn = np.asarray(start_of(plain, seed).output)
        np.testing.assert_allclose(start.output[:, :5], 4 * drawn[:, :5], rtol=1e-6)
        assert not np.asarray(start.output)[:, 5:].any()
        constraints = scaled.all_constraints()
        free = free_parameters(constraints, start)
        np.testing.assert_allclose(constrained(constraints, free, start).output, start.output, rtol=1e-6)
        slope = jax.grad(lambda free: constrained(constraints, free, start).output.sum())(free)["output"]
        np.testing.assert_allclose(slope[:, :5], 4.0)

    def test_a_low_rank_stays_low(self):
        start, *_, end = trained(rc.RateRNN(units=12, constraints=(rc.LowRank(2),)))
        for weights in (start, end):
            values = np.linalg.svd(weights["recurrent"].astype(float), compute_uv=False)
            assert values[1] > 1e-3
            assert values[2] < 1e-6
        assert np.any(start["recurrent"] != end["recurrent"])

    def test_a_low_rank_start_is_the_product_of_normal_loadings(self, seed):
        matrix = recurrent_of((rc.LowRank(3),), seed)
        assert LARGE * matrix.std() == pytest.approx(np.sqrt(3), rel=0.15)

    def test_a_network_alone_is_the_same_as_in_company(self, cohort):
        alone = rc.train(rc.And(), MODELS["all"], RULE, networks=(1,), seed=1)
        np.testing.assert_array_equal(cohort.weights.recurrent[1], alone.weights.recurrent[0])
        assert np.any(cohort.connections.recurrent[0] != cohort.connections.recurrent[1])


@pytest.fixture(scope="module")
def cohort():
    return rc.train(rc.And(), MODELS["all"], RULE, networks=2, seed=1)


class TestAbsent:
    def test_a_cohort_and_a_network_say_which_connections_exist(self, cohort):
        assert cohort.connections.recurrent.shape == (2, 10, 10)
        exist = cohort[1].recurrent_connections
        np.testing.assert_array_equal(exist, cohort.connections.recurrent[1])
        assert 10 < exist.sum() <= 30
        assert cohort[1].connections.input.all()
        drawn = cohort[1].connected_recurrent
        np.testing.assert_array_equal(np.isnan(drawn), ~exist)
        assert cohort.before(1).connections.recurrent.sum() == exist.sum()

    def test_a_network_without_constraints_has_all(self):
        for model, shape in ((rc.RateRNN(units=3, tau_ms=1.0), (3, 3)), (rc.GRU(units=3), (3, 3, 3))):
            network = Network(model.dynamics(1.0), start_of(model, 0), 1.0)
            assert network.connections.recurrent.shape == shape
            assert network.connections.recurrent.all()
        assert network.connections.bias.all()

    def test_no_weight_without_a_connection(self, cohort):
        network = cohort[0]
        noisy = replace(network.weights, recurrent=np.asarray(network.weights.recurrent) + 0.1)
        with pytest.raises(ValueError, match=r"recurrent has weights on \d+ connections that do not exist; expected 0"):
            replace(network, weights=noisy)
        with pytest.raises(ValueError, match=r"connections has recurrent as bool\(2, 2\); expected bool\(10, 10\)"):
            Network(
                network.dynamics, network.weights, 1.0, replace(network.connections, recurrent=np.ones((2, 2), bool))
            )

    def test_statistics_leave_them_out(self, cohort):
        network = cohort[0]
        exist, matrix = network.recurrent_connections, network.recurrent
        found = weight_statistics(recurrent=matrix, connections=exist)
        assert found.mean == pytest.approx(matrix[exist].mean())
        assert found.positive == pytest.approx((matrix[exist] > 0).mean())
        assert found.near_zero < weight_statistics(recurrent=matrix).near_zero
        with pytest.raises(
            ValueError, match=r"connections are bool\(10, 10\) with 0 that exist; expected at least one"
        ):
            weight_statistics(recurrent=matrix, connections=np.zeros((10, 10), bool))

    @pytest.mark.parametrize("removal", ["cumulative", "slice", "strongest"])
    def test_damage_leaves_them_alone(self, cohort, removal):
        exist, matrix = cohort[0].recurrent_connections, cohort[0].recurrent
        taken = removed(matrix, 50, removal=removal, width=20, connections=exist)
        assert not (taken & ~exist).any()
        share = 0.2 if removal == "slice" else 0.5
        assert taken.sum() == pytest.approx(share * exist.sum(), abs=1)
        assert removed(matrix, 100, removal="cumulative", connections=exist).sum() >= exist.sum() - 1

    def test_pictures_leave_them_grey_and_label_the_groups(self, cohort):
        after, before = cohort[0].connected_recurrent, cohort.before(0).connected_recurrent
        scene = weights_scene(after, before, 0.5, 0, cohort.model.groups())
        exist = cohort[0].recurrent_connections
        assert scene.absent == (~exist).sum()
        assert [part.counts.sum() for part in scene.parts] == [exist.sum()] * 2
        assert scene.labels == {3.5: "E", 8.5: "I"}
        assert scene.bounds == (7.5,)
        page, paper = on_page(scene), on_paper(scene)
        assert list(page.layout["xaxis"].ticktext) == ["E", "I"]
        assert sum(shape.type == "line" for shape in page.layout["shapes"]) == 6
        assert np.isnan(np.asarray(page.data[0].z)).sum() == (~exist).sum()
        matrix = paper.axes[0]
        assert [label.get_text() for label in matrix.get_xticklabels()] == ["E", "I"]
        shown = matrix.images[0].get_array()
        assert shown is not None
        assert np.ma.masked_array(shown).count() == exist.sum()


def of(*constraints, units=10, kind=rc.RateRNN, **others):
    return lambda: kind(units=units, constraints=constraints, **others)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (of(rc.Dale(), rc.Dale(0.5)), "constraints has 2 of the kind Dale; expected one"),
        (of(rc.Sparse(0.1), rc.Sparse(0.2)), "constraints has 2 of the kind Sparse"),
        (of(rc.Dale(), rc.LowRank()), "constraints has LowRank and Dale; a product of m and n has no signs"),
        (of(rc.NoSelfConnections(), rc.LowRank(), kind=rc.GRU), "constraints has LowRank and NoSelfConnections"),
        (of(rc.LowRank(), rc.Frozen(("recurrent",))), "constraints has LowRank and Frozen for recurrent"),
        (of(rc.ReadoutScale(2.0), rc.Frozen(("output",))), "constraints has ReadoutScale and Frozen for output"),
        (of(rc.ReadoutScale(2.0), rc.ReadoutScale(3.0)), "constraints has 2 of the kind ReadoutScale"),
        (lambda: rc.ReadoutScale(0.0), "scale is 0.0; expected a number above 0"),
        (of(rc.LowRank(11)), "rank is 11; expected at most the 10 units"),
        (of(rc.Sparse(0.001)), "density is 0.001, which leaves no connection between 10 units"),
        (of(rc.NoSelfConnections(), units=1), "NoSelfConnections leaves no connection in a network of one unit"),
        (of(rc.Areas((5, 4))), "the areas have 9 units in all; the model has 10"),
        (lambda: rc.Areas((5, 5), ((1.0, 0.1),)), r"density is .*; expected 2 rows of 2, one for each of the areas"),
        (lambda: rc.Areas((5, 5), ((0.0, 0.0), (0.0, 0.0))), "density is 0 everywhere, which leaves no connection"),
        (
            lambda: rc.Areas((5, 5), ((1.0, 0.01), (0.0, 1.0))),
            "0.01 from area 2 to area 1, which leaves none of the 25",
        ),
        (lambda: rc.Areas((5, 5), signs=("*+", "x*")), 'signs has \'x\\*\'; expected "\\+", "-" or "\\*"'),
        (lambda: rc.Areas(()), "the number of areas is 0"),
        (of(rc.Frozen(("recurrent", "input", "output", "output_bias"))), "which leaves nothing to train"),
        (of(rc.Frozen(("recurrent_bias",)), kind=rc.GRU), "arrays to be frozen: recurrent_bias; the network has recur"),
        (of(rc.Frozen(("recurrent",), pre=("inhibitory",))), "names the group 'inhibitory'; the groups .* are: none"),
        (of(rc.Frozen(("recurrent",), pre=(10,))), "pre has 10; recurrent has the numbers 0 to 9"),
        (of(rc.Frozen(("recurrent",), entries=("01", "10"))), r"entries has 2 rows of 2; recurrent has \(10, 10\)"),
        (lambda: rc.Frozen.marked("recurrent", np.ones((3, 3), bool)), "entries are all 1; expected some 0"),
        (lambda: rc.Frozen(("recurrent",), entries=("01", "1")), "entries has the row '1'; expected texts of 0 and 1"),
        (lambda: rc.Frozen(("recurrent",), pre=(0,), entries=("01", "10")), "has entries and also rows or columns"),
        (of(rc.Dale(0.0, excitatory_readout=True)), "excitatory_readout needs an excitatory unit; excitatory is 0"),
        (lambda: rc.Dale(passing_zero="abs"), "unknown passing_zero 'abs'; did you mean 'absolute'"),
        (of(rc.Dale(), initializer=rc.SpectralRadius(1.5)), "whose radius Dale would change; put it among the constr"),
        (of(rc.SpectralRadius(), rc.SpectralRadius(2.0)), "constraints has 2 of the kind SpectralRadius"),
    ],
)
def test_contradictions_are_refused_in_one_line_when_the_model_is_made(make, message):
    with pytest.raises(ValueError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_what_only_the_draw_shows_is_refused_at_the_start():
    model = rc.RateRNN(units=2, constraints=(rc.Sparse(0.25), rc.NoSelfConnections()))
    outcomes = []
    for seed in range(8):
        try:
            outcomes.append(np.count_nonzero(start_of(model, seed).recurrent))
        except ValueError as error:
            outcomes.append(str(error))
    told = (
        "constraints: Sparse and NoSelfConnections leave no recurrent connection; give more units or a higher density"
    )
    assert set(outcomes) == {1, told}
    nilpotent = rc.RateRNN(
        units=4, constraints=(rc.Areas((2, 2), ((0.0, 0.0), (1.0, 0.0))), rc.SpectralRadius()), initializer=rc.Normal()
    )
    with pytest.raises(ValueError, match="SpectralRadius cannot scale recurrent weights whose eigenvalues are all 0"):
        start_of(nilpotent, 0)


def test_groups_of_a_model_without_constraints():
    assert unit_groups((), 5) == (UnitGroup(0, 0, 0, 5),)
    assert [one.label for one in unit_groups((rc.Areas((2, 3), ((1.0, 0.0), (0.0, 1.0))),), 5)] == ["1", "2"]
    assert unit_groups((rc.Dale(1.0),), 5) == (UnitGroup(0, 1, 0, 5),)


def test_a_spec_holds_them():
    constraints = [
        {"kind": "dale", "excitatory": 0.5, "passing_zero": "rectified"},
        {"kind": "sparse", "density": 0.5},
        {"kind": "areas", "units": [4, 2], "density": [[1, 0.5], [0.5, 1]], "signs": ["*+", "**"]},
        {"kind": "frozen", "arrays": ["recurrent"], "pre": ["inhibitory", 0]},
        "no_self_connections",
        {"kind": "spectral_radius", "radius": 1.2},
    ]
    spec = to_spec({"task": "and", "model": {"units": 6, "constraints": constraints}})
    assert spec.model.constraints == (
        rc.Dale(0.5, passing_zero="rectified"),
        rc.Sparse(0.5),
        rc.Areas((4, 2), ((1.0, 0.5), (0.5, 1.0)), ("*+", "**")),
        rc.Frozen(("recurrent",), pre=("inhibitory", 0)),
        rc.NoSelfConnections(),
        rc.SpectralRadius(1.2),
    )
    assert to_spec(spec.table()) == spec
    assert {"song2016", "kleinman2021", "rajan2006"} <= set(spec.sources())
    with pytest.raises(ValueError, match=r"model: constraints has LowRank and Dale"):
        to_spec({"task": "and", "model": {"constraints": ["dale", "low_rank"]}})


def test_a_constraint_of_ones_own_among_ours(seed):
    """It is started before signs and scale, whatever its place, and is asked for absent connections like ours."""

    class Chain(Constraint):
        def absent(self):
            return ("recurrent",)

        def start(self, key, weights):
            return replace(weights, recurrent=weights.recurrent * (np.eye(6, k=1) + np.eye(6, k=-1)))

        def apply(self, free, start):
            return rc.NoSelfConnections().apply(free, start)

    model = rc.RateRNN(units=6, initializer=rc.Normal(), constraints=(rc.SpectralRadius(2.0), Chain()))
    weights = start_of(model, seed)
    assert moduli(np.asarray(weights.recurrent, float))[0] == pytest.approx(2.0, abs=1e-6)
    assert model.connections(weights).recurrent.sum() == 10


@pytest.mark.thorough
def test_a_file_says_which_connections_exist(cohort, tmp_path):
    network, path = cohort[0], tmp_path / "one.npz"
    network.save(path)
    back = rc.load(path)
    for name, exist in named_arrays(network.connections).items():
        np.testing.assert_array_equal(named_arrays(back.connections)[name], exist)
    np.testing.assert_array_equal(back.weights.recurrent, network.weights.recurrent)
    with np.load(path) as file:
        arrays = dict(file)
    assert [name for name in arrays if name.startswith("connections_")] == ["connections_recurrent"]
    wrong = {
        "connections_recurrent": (np.ones((3, 3), bool), r"'connections_recurrent' is bool\(3, 3\); expected bool\(10"),
        "connections_own": (np.ones((3, 3), bool), r"'connections_own' is bool\(3, 3\); expected no such weights"),
        "connections_input": (np.zeros((10, 2), bool), r"input has weights on 20 connections that do not exist"),
        "connections_output": (np.ones((1, 10)), r"'connections_output' is float64\(1, 10\); expected bool\(1, 10\)"),
    }
    for name, (array, message) in wrong.items():
        np.savez(path, **arrays | {name: array})
        with pytest.raises(ValueError, match=f"one.npz.*{message}"):
            rc.load(path)


def test_a_gated_network_says_it_too(tmp_path, seed):
    model = MODELS["gru"]
    weights = jax.tree.map(np.asarray, start_of(model, seed))
    network = Network(model.dynamics(1.0), weights, 1.0, model.connections(weights))
    network.save(tmp_path / "gru.npz")
    exist = rc.load(tmp_path / "gru.npz").connections.recurrent
    assert exist.shape == (3, 10, 10)
    np.testing.assert_array_equal(exist, weights.recurrent != 0)


@pytest.mark.slow
def test_the_page_is_so(capsys):
    """Its Python prints what it shows, after a shorter training where the outcome is not shown; its spec is one."""
    page = (Path(__file__).parents[1] / "docs" / "constraints.md").read_text(encoding="utf-8")
    code, shown, specs = (
        re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        for language in ("python", "text", "toml")
    )
    with jax.numpy_dtype_promotion("standard"):  # as users have it
        exec("\n".join(code).replace("steps=300", "steps=2", 1), {})  # noqa: S102 (our own page)
    assert capsys.readouterr().out == "".join(shown)
    for one in specs:
        assert to_spec(tomllib.loads(one)).model.constraints[0] == rc.Dale()


def test_ridge_solves_for_the_units_that_have_a_readout():
    """The same readout as that of the excitatory rates alone, which no readout of theirs betters."""
    rule = rc.Ridge(steps=2, batch=16, ridge=1e-3, validation_trials=4, trials=rc.FreshTrials(2))
    model = rc.RateRNN(units=10, constraints=(rc.Dale(excitatory_readout=True),))
    cohort = rc.train(rc.And(), model, rule, networks=1, seed=2)
    network, absent = cohort[0], ~cohort[0].connections.output
    assert absent.tolist() == [[False] * 8 + [True] * 2]
    assert not np.asarray(network.weights.output)[absent].any()
    batches = [rule.trials.batch(rc.And(), 2, step, 16) for step in range(2)]
    rates = np.concatenate([network.run(batch.inputs)[0][..., :8] for batch in batches]).reshape(-1, 8)
    target, mask = (
        np.concatenate([np.asarray(getattr(one, name), float) for one in batches]).reshape(-1)
        for name in ("targets", "mask")
    )
    features = np.column_stack([rates, np.ones(len(rates))]) * mask[:, None]
    penalty = 1e-3 * mask.sum() * np.eye(9)
    expected = np.linalg.solve(features.T @ features + penalty, features.T @ (mask * target))
    np.testing.assert_allclose(np.asarray(network.weights.output)[0, :8], expected[:8], atol=1e-3)
