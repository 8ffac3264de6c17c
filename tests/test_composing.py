"""One rule for all analyses: (network, task) or (cohort, task), or what knows its task; the parts by keyword."""

import dataclasses
import inspect

import jax
import numpy as np
import pytest
import xarray as xr

import recurra as rc
from recurra.analysis.failures import Failure
from recurra.status import Status
from tests.networks import network_of

OF_TWO = {"linear_cka", "procrustes_distance", "spectral_distance", "connectivity_agreement"}
OF_COHORTS = {"census", "similarity_matrices"}
OF_RECORDS = {"cluster_count"}
MANY = {"between_tasks", "task_performance", "task_variance"}
MEMORY = {
    "axis_alignment",
    "cross_condition_generalization",
    "held_memories",
    "memory_cube",
    "memory_geometry",
    "memory_lifetimes",
    "noisy_lifetimes",
    "pulse_table",
}
CHOICES = {"psychometric", "chronometric"}
SPIKES = {"spike_trains", "spiking_search", "spiking_units"}
NEEDED = {
    "between_tasks": {"first": "and", "second": "xor", "time_ms": 20.0},
    "continuation": {"direction": np.ones(2)},
    "cross_condition_generalization": {"arrangements": 2, "repeats": 2},
    "fixed_points_under": {"inputs": np.zeros((1, 2))},
    "floquet_multipliers": {"state": np.full(12, 0.1), "period_ms": 5.0},
    "latent_flow": {"kappa": np.zeros((3, 1))},
    "lyapunov_spectrum": {"steps": 100},
    "memory_capacity": {"lags": 6, "steps": 200, "washout": 20},
    "noisy_lifetimes": {"input_noise": (0.1,), "repeats": 1},
    "populations": {"count": 1},
    "spike_trains": {"scaling_factor": 40.0},
    "spiking_search": {"scaling_factors": (40.0,), "trials": 4},
    "spiking_units": {"scaling_factor": 40.0, "trials": 4},
    "task_variance": {"rotations": 2, "most": 3},
    "tensor_components": {"iterations": 2, "starts": 1},
    "unit_selectivity": {"permutations": 3},
}


def analyses():
    """All public functions of the folder of analyses."""
    public = {name: getattr(rc, name) for name in rc.__all__}
    return {
        name: one
        for name, one in public.items()
        if inspect.isfunction(one) and one.__module__.startswith("recurra.analysis")
    }


@pytest.mark.parametrize("name", sorted(set(analyses()) - OF_TWO - OF_RECORDS))
def test_signatures_obey_the_rule(name):
    first, second, *others = inspect.signature(analyses()[name]).parameters.values()
    assert (first.name, second.name) == ("cohort" if name in OF_COHORTS else "network", "task")
    assert second.default is None
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in others)
    assert all(one.default in (None, 0) for one in others if one.name == "seed")


def trained(task, **options):
    """Two networks after a step of training: quick, and with rates of a moderate size."""
    model = rc.RateRNN(units=12, constraints=(rc.LowRank(1),), **options)
    return rc.train(task, model, rc.BPTT(steps=1, batch=2, validation_trials=4), networks=2, seed=3)


@pytest.fixture(scope="module")
def cohorts():
    flipflop = rc.FlipFlop(bits=2, length_ms=60.0, pulse_ms=5.0, response_delay_ms=5.0)
    return {
        "xor": trained(rc.Xor()),
        "flipflop": trained(flipflop),
        "decision": trained(rc.PerceptualDecision()),
        "many": trained(rc.MultiTask((rc.And(), rc.Xor()))),
        "sigmoid": trained(rc.Xor(), form="current", activation="sigmoid"),
    }


def assert_same(one, other):
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        one, other = vars(one), vars(other)
    if isinstance(one, dict):
        for name, value in one.items():
            assert_same(value, other[name])
    elif isinstance(one, xr.Dataset):
        xr.testing.assert_identical(one, other)
    elif isinstance(one, list | tuple):
        for value, again in zip(one, other, strict=True):
            assert_same(value, again)
    elif np.asarray(one).dtype.kind in "fc":  # numbers below 1e-38 may be flushed to 0 in one thread and not in another
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-30)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in ("noisy_lifetimes", "resampling") else ())
        for name in sorted(set(analyses()) - OF_TWO - OF_COHORTS - OF_RECORDS - {"make_dossier"})
    ],
)
def test_a_cohort_gives_what_its_networks_give(name, cohorts):
    kinds = {"flipflop": MEMORY, "decision": CHOICES, "sigmoid": SPIKES, "many": MANY}
    cohort = cohorts[next((kind for kind, names in kinds.items() if name in names), "xor")]
    analysis, needed = analyses()[name], NEEDED.get(name, {})
    every = analysis(cohort, **needed)
    assert len(every) == 2
    network = cohort[1]
    alone = dataclasses.replace(network, task=None, seed=None)
    assert_same(every[1], analysis(network, cohort.task, **needed))
    seed = {"seed": 3} if "seed" in inspect.signature(analysis).parameters else {}
    assert_same(every[1], analysis(alone, cohort.task, **needed, **seed))
    assert_same(every[1], analysis(rc.Visit(alone, cohort.task, 3), **needed))


def test_two_networks_are_compared_as_their_rates_eigenvalues_and_loadings_are(cohorts):
    first, second = cohorts["xor"]
    rates = [rc.Visit(one).rates for one in (first, second)]
    for measure in (rc.linear_cka, rc.procrustes_distance):
        assert measure(first, second) == measure(*rates)
        alone = dataclasses.replace(first, task=None)
        assert measure(alone, second, cohorts["xor"].task) == measure(first, rates[1])
    eigenvalues = [rc.spectrum(one).eigenvalues for one in (first, second)]
    assert rc.spectral_distance(first, second) == rc.spectral_distance(*eigenvalues)
    assert rc.connectivity_agreement(first, second) == rc.connectivity_agreement(rc.loadings(first), second)


def test_what_is_computed_on_a_task_is_asked_for_in_a_line():
    alone = network_of(np.eye(3) / 2)
    with pytest.raises(ValueError, match="the network knows no task; give the one it was trained on as the second"):
        rc.fixed_points(alone)
    assert len(rc.fixed_points(alone, starts=np.zeros((1, 3)))) == 1
    assert rc.spectrum(alone).leading == 0.5
    with pytest.raises(TypeError, match="no network is given; give one, or what is computed from it by keyword"):
        rc.principal_components()
    for analysis in (rc.spectrum, rc.fixed_points, rc.performance):
        with pytest.raises(TypeError, match=r"network is a ndarray; .* by rc.network\(recurrent, input, output\)"):
            analysis(np.eye(3))  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="the task is Xor, which has no memory states; expected a flip-flop"):
        rc.held_memories(rc.network(np.eye(3), np.ones((3, 2)), np.ones((1, 3))), rc.Xor())
    with pytest.raises(ValueError, match="the network has 2 inputs; the task has 3"):
        rc.performance(rc.network(np.eye(3), np.ones((3, 2)), np.ones((1, 3))), rc.FlipFlop())


def test_a_network_that_fails_is_data_and_a_wrong_call_an_error(cohorts):
    cohort = cohorts["xor"]
    recurrent = np.array(cohort.weights.recurrent)
    recurrent[0] = np.nan
    weights = dataclasses.replace(cohort.weights, recurrent=recurrent)
    broken = dataclasses.replace(cohort, weights=weights, status=(Status.diverged, Status.finished))
    first, second = rc.spectrum(broken)
    assert isinstance(first, Failure)
    assert first.reason.startswith("ValueError: recurrent weights holds 144 values")
    assert_same(second, rc.spectrum(cohort[1]))
    with pytest.raises(ValueError, match="fastest is -1; expected a number above 0"):
        rc.slow_points(cohort, points=rc.fixed_points(cohort[0]), fastest=-1)
    with pytest.raises(ValueError, match="the network has 2 inputs; the task has 3"):
        rc.performance(cohort, rc.FlipFlop())


def test_a_visit_computes_everything_once(cohorts, monkeypatch):
    visit = rc.Visit(cohorts["xor"][0])
    points = rc.fixed_points(visit)
    assert rc.fixed_points(visit) is points
    alone = rc.Visit(dataclasses.replace(visit.network, task=None, seed=None), visit.task, 3)
    assert rc.performance(alone, seed=4) == rc.performance(visit, seed=4)
    monkeypatch.setattr(rc.Visit, "starts", property(lambda _: pytest.fail("searched again")))
    assert len(rc.slow_points(visit).states) <= len(points.stuck)


def test_a_seed_draws_other_trials(cohorts):
    network = cohorts["xor"][0]
    assert rc.performance(network) == rc.performance(network, seed=3) != rc.performance(network, seed=4)
    with pytest.raises(ValueError, match="seed is -1; expected at least 0"):
        rc.performance(network, seed=-1)


@pytest.mark.thorough
def test_census_of_a_cohort(cohorts):
    cohort = cohorts["xor"]
    with pytest.raises(ValueError, match="cohort has 2 networks; a census needs at least 3"):
        rc.census(cohort)
    with pytest.raises(TypeError, match="cohort is Network; expected a Cohort, or a list of networks on one task"):
        rc.census(cohort[0])
    networks = [cohort[0], cohort[1], cohort.before(0), cohort.before(1)]
    found, distances = rc.census(networks, draws=19), rc.similarity_matrices(networks)
    assert found.compared.all()
    np.testing.assert_array_equal(found.distances, distances.procrustes)
    kinds = [rc.regimes(network).kind for network in networks]
    np.testing.assert_array_equal(found.kinds, kinds)
    assert jax.tree.leaves(rc.similarity_matrices(networks, signatures=[rc.signature_of(one) for one in networks]))
