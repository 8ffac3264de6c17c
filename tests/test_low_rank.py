"""Networks of low rank whose loadings, latent dynamics and populations are known."""

import dataclasses

import jax
import numpy as np
import pytest

import recurra as rc
from networks import network_of
from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.low_rank.effective import connectivity_agreement, effective_connectivity
from recurra.analysis.low_rank.latent import latent_flow, latent_paths, latent_variables, reduced_paths
from recurra.analysis.low_rank.loadings import Loadings, canonical, is_low_rank, loadings
from recurra.analysis.low_rank.populations import best_populations, populations
from recurra.analysis.low_rank.resampling import mean_interval, resampling, shuffled_loadings
from recurra.arrays import RateWeights
from recurra.engine import RateDynamics
from recurra.models import Network
from recurra.plotting import interactive, papers
from recurra.plotting.scenes.loadings import loadings_scene
from recurra.report.figures import figures_of
from recurra.report.page.build import report_html
from recurra.runs.record import read_run
from recurra.storage.records import from_dataset, to_dataset

UNITS, RANK = 40, 2


def low_rank_network(seed, form="current", activation="tanh", bias=0.3, leak=0.2, units=UNITS, rank=RANK, inputs=3):
    random = np.random.default_rng(seed)
    m, n = random.normal(size=(2, units, rank)) * [1.0, 2.0][:rank]
    weights = RateWeights(
        recurrent=m @ n.T / units,
        input=random.normal(size=(units, inputs)),
        output=random.normal(size=(2, units)) * 4 / units,
        recurrent_bias=bias * random.normal(size=units),
        output_bias=np.array([0.5, -0.5]),
    )
    return Network(RateDynamics(form, activation, leak), weights, 20.0), m, n


def test_loadings_by_hand():
    """W = 3 m nᵀ with unit vectors: singular value 3, m and n of length √(3 N), and m along the readout."""
    m, n = np.array([0.6, -0.8, 0, 0]), np.array([0, 0, 1.0, 0])
    network = network_of(3 * np.outer(m, n), form="current")
    weights = dataclasses.replace(network.weights, output=np.array([[0, 0.25, 0, 0]]))
    found = loadings(dataclasses.replace(network, weights=weights))
    np.testing.assert_allclose(found.m[:, 0], np.sqrt(12) * -m, atol=1e-12)
    np.testing.assert_allclose(found.n[:, 0], np.sqrt(12) * -n, atol=1e-12)
    np.testing.assert_allclose(found.output_loadings[:, 0], [0, 1, 0, 0])
    assert found.explained == pytest.approx(1)
    assert found.names == ("I1", "n1", "m1", "w1")
    assert found.overlaps().sel(loading="n1", other="I1").item() == pytest.approx(-np.sqrt(12) / 4)


def test_readout_without_overlap_leaves_the_sign_to_the_largest_entry():
    network = network_of(np.outer([0.6, -0.8, 0, 0], [1, 0, 0, 0]))
    weights = dataclasses.replace(network.weights, output=np.array([[0, 0, 1.0, 1.0]]))
    found = loadings(dataclasses.replace(network, weights=weights))
    np.testing.assert_allclose(found.m[:, 0] / np.linalg.norm(found.m), [-0.6, 0.8, 0, 0], atol=1e-12)


@pytest.mark.parametrize("rank", [1, 2])
def test_a_low_rank_is_found_and_exact(rank, seed):
    network, *_ = low_rank_network(seed, rank=rank)
    found = loadings(network)
    assert found.rank == rank
    np.testing.assert_allclose(found.recurrent, network.recurrent, atol=1e-12)
    np.testing.assert_allclose(found.m.T @ found.m, found.n.T @ found.n, atol=1e-8)
    np.testing.assert_allclose(np.tril(found.m.T @ found.m, -1), 0, atol=1e-8)
    assert (found.m.T @ found.output_loadings[:, 0] > 0).all()
    overlaps = found.overlaps()
    assert overlaps.sel(loading="m1", other="w2").item() == pytest.approx(
        found.m[:, 0] @ network.weights.output[1], rel=1e-9
    )
    np.testing.assert_allclose(overlaps, overlaps.T)
    assert loadings(dataclasses.replace(network, weights=in_single(network.weights))).rank == rank


def in_single(weights):
    return jax.tree.map(lambda array: np.asarray(array, np.float32), weights)


def test_truncation_keeps_the_largest_values(seed):
    """By the theorem of Eckart and Young the rest has the other singular values."""
    network = network_of(np.random.default_rng(seed).normal(size=(12, 12)))
    values = np.linalg.svd(network.recurrent, compute_uv=False)
    found = loadings(network, rank=3)
    rest = np.linalg.svd(network.recurrent - found.recurrent, compute_uv=False)
    np.testing.assert_allclose(rest[:9], values[3:], atol=1e-10)
    assert found.explained == pytest.approx((values[:3] ** 2).sum() / (values**2).sum())
    assert loadings(network).rank == 12


def test_scale_and_mixture_of_pairs_change_nothing(seed):
    """m → m a with n → n a⁻ᵀ, for a number and for a matrix: the product and what is canonical stay."""
    network, m, n = low_rank_network(seed)
    found = loadings(network)
    for turn in (np.diag([3.0, 3.0]), np.random.default_rng(seed).normal(size=(RANK, RANK))):
        again = canonical(m @ turn, n @ np.linalg.inv(turn).T, found.output_loadings)
        np.testing.assert_allclose(again[0], found.m, atol=1e-7)
        np.testing.assert_allclose(again[1], found.n, atol=1e-7)


@pytest.mark.parametrize("form", ["current", "rate"])
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_latent_dynamics_are_those_of_the_network(form, activation, seed):
    network, *_ = low_rank_network(seed, form, activation)
    inputs = np.random.default_rng(seed).normal(size=(5, 60, 3))
    found = loadings(network)
    paths = latent_paths(network, inputs=inputs)
    np.testing.assert_allclose(paths.kappa, latent_variables(network, loadings=found, inputs=inputs), atol=1e-9)
    np.testing.assert_allclose(paths.outputs, network.respond(inputs), atol=1e-9)
    assert np.ptp(paths.kappa) > 0.1


@pytest.mark.parametrize("form", ["current", "rate"])
def test_latent_flow_is_zero_at_fixed_points_and_the_step_of_settled_inputs(form, seed):
    network, *_ = low_rank_network(seed, form)
    found, constant = loadings(network), np.array([0.5, -1.0, 0.2])
    states = fixed_points(network, starts=np.random.default_rng(seed).normal(size=(50, UNITS)), inputs=constant).states
    kappa = states @ found.n / UNITS if form == "rate" else states @ found.m / (found.m**2).sum(axis=0)
    np.testing.assert_allclose(latent_flow(network, kappa=kappa, inputs=constant), 0, atol=1e-6)
    paths = latent_paths(network, loadings=found, inputs=np.broadcast_to(constant, (1, 400, 3)))
    step = np.diff(paths.kappa[0], axis=0)[200:] / 0.2
    np.testing.assert_allclose(latent_flow(network, kappa=paths.kappa[0, 200:-1], inputs=constant), step, atol=1e-8)


def test_network_of_loadings_is_the_network(seed):
    network, *_ = low_rank_network(seed)
    again = loadings(network).network(network)
    inputs = np.random.default_rng(seed).normal(size=(3, 30, 3))
    np.testing.assert_allclose(again.respond(inputs), network.respond(inputs), atol=1e-9)
    names = loadings(network)
    np.testing.assert_allclose(names.with_cloud(names.cloud).cloud, names.cloud, atol=1e-9)


def test_effective_connectivity_is_what_acts_on_the_span(seed):
    """n + anything orthogonal to m, I and b: other weights, the same effective connectivity."""
    network, *_ = low_rank_network(seed, units=200)
    found = loadings(network)
    span = np.concatenate([found.m, found.input_loadings, found.bias[:, None]], axis=1)
    other = np.random.default_rng(seed + 1).normal(size=found.n.shape) * 5
    other -= span @ np.linalg.lstsq(span, other, rcond=None)[0]
    changed = dataclasses.replace(found, n=found.n + other)
    effective = effective_connectivity(loadings=found)
    np.testing.assert_allclose(effective @ span, found.recurrent @ span, atol=1e-9)
    np.testing.assert_allclose(effective_connectivity(loadings=changed), effective, atol=1e-9)
    both = connectivity_agreement(found, changed)
    assert both.effective == pytest.approx(1)
    assert both.recurrent < 0.6
    assert connectivity_agreement(found, found).recurrent == pytest.approx(1)


def cloud_of(rows):
    """Loadings of rank 1 with one input and one output, whose canonical form is not asked for."""
    inward, n, m, output = rows.T[:, :, None]
    return Loadings(inward, n, m, output, np.zeros(len(rows)), np.zeros(1), 1.0)


def test_a_single_population_is_mean_and_covariance(seed):
    found = cloud_of(np.random.default_rng(seed).normal(size=(300, 4)) * [1, 5, 0.1, 2] + 3)
    fitted = populations(loadings=found, count=1, seed=seed)
    np.testing.assert_allclose(fitted.mean[0], found.cloud.mean(axis=0))
    np.testing.assert_allclose(fitted.covariance[0], np.cov(found.cloud.T, bias=True), rtol=1e-4, atol=1e-4)
    assert not fitted.unit_population.any()


def test_two_populations_are_found_and_drawn_again(seed):
    """Two Gaussians with equal means that differ in their covariances alone, as those of a context decision."""
    random = np.random.default_rng(seed)
    first = random.multivariate_normal(np.zeros(4), np.diag([9, 0.1, 1, 1]), 700)
    second = random.multivariate_normal(
        np.zeros(4), [[0.1, 0, 0, 0], [0, 4, 1.5, 0], [0, 1.5, 1, 0], [0, 0, 0, 1]], 300
    )
    found = cloud_of(np.concatenate([first, second]))
    one, two, three = (populations(loadings=found, count=count, seed=0) for count in (1, 2, 3))
    assert two.bic < min(one.bic, three.bic)
    assert two.share == pytest.approx([0.7, 0.3], abs=0.05)
    assert (two.unit_population == np.repeat([0, 1], [700, 300])).mean() > 0.9
    np.testing.assert_allclose(two.covariance[1][1:3, 1:3], [[4, 1.5], [1.5, 1]], atol=1.0)
    drawn = two.draw(100_000, seed)
    mean = two.share @ two.mean
    mixed = np.einsum("p,pij->ij", two.share, two.covariance + two.mean[:, :, None] * two.mean[:, None]) - np.outer(
        mean, mean
    )
    np.testing.assert_allclose(np.cov(drawn.T), mixed, atol=0.15)
    np.testing.assert_array_equal(two.draw(50, 1), two.draw(50, 1))
    assert not np.array_equal(two.draw(50, 1), two.draw(50, 2))


def test_size_of_loadings_does_not_change_the_populations(seed):
    rows = np.random.default_rng(seed).normal(size=(200, 4))
    plain, scaled = (populations(loadings=cloud_of(rows * size), count=2, seed=0) for size in (1.0, [1e-3, 1, 1e3, 10]))
    np.testing.assert_array_equal(plain.unit_population, scaled.unit_population)
    np.testing.assert_allclose(scaled.covariance[0, 2, 0], plain.covariance[0, 2, 0], rtol=1e-6)


def integrator(units=800, seed=0):
    """A decision network made by hand: one Gaussian with n along I and m, and m along w."""
    random = np.random.default_rng(seed)
    inward, m, rest = random.normal(size=(3, units))
    n, output = 2 * inward + 1.3 * m + rest, 4 * m + random.normal(size=units)
    weights = RateWeights(np.outer(m, n) / units, inward[:, None], output[None] / units, np.zeros(units), np.zeros(1))
    return Network(RateDynamics("current", "tanh", 0.2), weights, 20.0)


@pytest.fixture(scope="module")
def resampled():
    network, task = integrator(), rc.SignedDecision(rule=rc.SignRule(settle_ms=0.0, share=0.5, error_bound=np.inf))
    found = loadings(network)
    fitted = populations(loadings=found, count=1, seed=0)
    trials = task.sample(jax.random.key(0), 200)
    return (
        resampling(network, task, loadings=found, populations=fitted, trials=trials, draws=4, seed=0),
        network,
        task,
        found,
        fitted,
        trials,
    )


@pytest.mark.slow
def test_resampled_networks_decide_and_shuffled_ones_do_not(resampled):
    result, network, task, _, _, trials = resampled
    assert result.original == pytest.approx(rc.performance(network, task, trials=trials).success)
    assert result.original > 0.95
    assert result.interval[0] > 0.95
    assert result.chance[0] < 0.75


@pytest.mark.slow
def test_resampling_is_reproducible_and_of_any_size(resampled):
    result, network, task, found, fitted, trials = resampled
    again = resampling(network, task, loadings=found, populations=fitted, trials=trials, draws=4, seed=0)
    np.testing.assert_array_equal(result.success, again.success)
    larger = resampling(network, task, loadings=found, populations=fitted, trials=trials, draws=1, units=1_500, seed=0)
    assert larger.success[0] > 0.95
    assert np.isnan(larger.interval[1:]).all()


def test_shuffling_keeps_every_distribution(seed):
    found = cloud_of(np.random.default_rng(seed).normal(size=(500, 4)))
    shuffled = shuffled_loadings(loadings=found, seed=seed)
    np.testing.assert_array_equal(np.sort(shuffled.input_loadings, axis=0), np.sort(found.input_loadings, axis=0))
    np.testing.assert_array_equal(np.sort(shuffled.output_loadings, axis=0), np.sort(found.output_loadings, axis=0))


def test_mean_interval_by_hand():
    assert mean_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(
        (2, 2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), rel=1e-4
    )


def test_records_are_stored(seed):
    network, *_ = low_rank_network(seed)
    found = loadings(network)
    for record in (found, populations(loadings=found, count=1, seed=0)):
        (again,) = from_dataset(type(record), to_dataset([record], [0]))
        for name, value in vars(record).items():
            np.testing.assert_array_equal(getattr(again, name), value)


def test_bad_input(seed):
    network, *_ = low_rank_network(seed)
    found = loadings(network)
    with pytest.raises(ValueError, match="rank is 41; expected at most 40"):
        loadings(network, rank=41)
    with pytest.raises(ValueError, match="3 populations of 10 loadings need at least 60 units; the network has 40"):
        populations(loadings=found, count=3, seed=0)
    with pytest.raises(ValueError, match=r"cloud has shape \(40, 2\); expected \(unit, 10\): I1, I2, I3, n1, n2, m1"):
        found.with_cloud(found.cloud[:, :2])
    with pytest.raises(ValueError, match="the networks have 40 and 20 units; expected as many"):
        connectivity_agreement(found, loadings(low_rank_network(seed, units=20)[0]))
    uneven = RateDynamics("current", "tanh", tuple(np.linspace(0.1, 0.5, UNITS).tolist()))
    with pytest.raises(TypeError, match=r"leaks from 0\.1 to 0\.5; latent variables have dynamics of their own only"):
        reduced_paths(uneven, found, np.zeros((1, 2, 3)), 1.0)
    gated = Network(rc.GRU(units=5).dynamics(1.0), rc.GRU(units=5).start(jax.random.key(0), 2, 1), 1.0)
    with pytest.raises(TypeError, match="GRU networks have no loadings"):
        loadings(gated)


def test_number_of_populations_follows_the_criterion(seed):
    random = np.random.default_rng(seed)
    one = random.normal(size=(300, 4))
    two = np.where(np.arange(300)[:, None] < 150, one * [5, 0.2, 1, 1], one * [0.2, 5, 1, 1])
    assert best_populations(cloud_of(one), 0).count == 1
    assert best_populations(cloud_of(two), 0).count == 2
    assert best_populations(cloud_of(two[::20]), 0).count == 1, "15 units have room for no more"


def test_which_networks_are_of_low_rank(seed):
    assert is_low_rank(low_rank_network(seed, rank=2)[0])
    assert not is_low_rank(low_rank_network(seed, units=10, rank=2)[0])
    assert is_low_rank(low_rank_network(seed, units=5, rank=1)[0])
    assert not is_low_rank(network_of(np.eye(30)))
    assert not is_low_rank(network_of(np.zeros((30, 30))))


@pytest.fixture(scope="module")
def scene():
    return loadings_scene(integrator(), 3)


def test_scene_of_the_loadings(scene):
    assert (scene.name, scene.names, scene.units, scene.hidden) == ("Network 3", ("I1", "n1", "m1", "w1"), 800, ())
    assert len(scene.pairs) == 6
    assert sum(len(one.units) for one in scene.populations) == len(scene.points) == 400
    (one,) = scene.populations
    x, y = one.outline(0, 1)
    offset = np.stack([x - one.mean[0], y - one.mean[1]])
    distance = (offset * np.linalg.solve(one.covariance[:2, :2], offset)).sum(axis=0)
    np.testing.assert_allclose(distance, 4, rtol=1e-6)
    assert (scene.limits[:, 0] < scene.points.min(axis=0)).all()


def test_many_loadings_leave_inputs_out(seed):
    scene = loadings_scene(low_rank_network(seed, units=200, rank=2, inputs=6)[0], 0)
    assert scene.names == ("I1", "I2", "n1", "n2", "m1", "m2", "w1", "w2")
    assert scene.hidden == ("I3", "I4", "I5", "I6", "b")


def test_figures_of_the_loadings(scene):
    figure = papers.loadings(scene)
    figure.canvas.draw()
    assert [axes.get_xlabel() for axes in figure.axes[-3:]] == ["I1", "n1", "m1"]
    assert len(figure.axes) == 6
    assert all(len(axes.collections) == len(axes.lines) == 1 for axes in figure.axes)
    screen = interactive.loadings(scene)
    assert len(screen.data) == 12
    np.testing.assert_allclose(screen.data[0].x, scene.points[:, 0], rtol=1e-5)
    np.testing.assert_allclose(screen.data[0].y, scene.points[:, 1], rtol=1e-5)


@pytest.mark.slow
def test_report_of_a_low_rank_run_has_its_loadings(small_run):
    run = read_run(small_run)
    assert "Loadings." not in report_html(run)
    m, n = np.random.default_rng(0).normal(size=(2, *run.weights.recurrent.shape[:2]))
    weights = dataclasses.replace(run.weights, recurrent=m[:, :, None] * n[:, None] / m.shape[1])
    low = dataclasses.replace(run, weights=weights)
    page = report_html(low)
    assert "Loadings." in page
    assert f'id="data-loadings-{run.numbers[0]}"' in page
    assert {f"loadings_{number}" for number in run.numbers} <= set(figures_of(low))
