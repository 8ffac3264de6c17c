from decimal import Decimal

import numpy as np
import pytest

from recurra.analysis.dynamics.activations import slope, value
from recurra.analysis.dynamics.automatic_flow import AutomaticFlow
from recurra.analysis.dynamics.fixed_points import fixed_points
from recurra.analysis.dynamics.flows import flow_of
from recurra.analysis.dynamics.proofs import UNKNOWN, contracts, prove
from recurra.analysis.dynamics.rounding import CURVATURE, SLOPE, curvature_near, norm_above, steepest_near, value_error
from recurra.arrays import RateWeights
from recurra.engine import ACTIVATIONS, RateDynamics
from recurra.models import Network
from tests import exact
from tests.networks import network_of, random_network, rotation, starts_of

CURRENTS = np.concatenate([sign * 10.0 ** np.arange(-12, 3, 0.37) for sign in (1, -1)])


def drawn(random, activation, form):
    """A network of 1 to 5 units with weights, biases, leaks and inputs of very different sizes."""
    units, inputs = random.integers(1, 6), random.integers(1, 3)
    gain, strength = random.choice([0.3, 1.0, 3.0, 30.0]), random.choice([0.0, 1.0, 100.0])
    recurrent = gain / np.sqrt(units) * random.normal(size=(units, units))
    if activation in ("softplus", "relu", "linear"):
        recurrent *= 0.9 / max(np.abs(np.linalg.eigvals(recurrent)).max(), 0.9)
    if random.random() < 0.3:  # nearly singular
        recurrent *= (1 - 10.0 ** -random.uniform(2, 7)) / max(np.abs(np.linalg.eigvals(recurrent)).max(), 1e-3)
    weights = RateWeights(
        recurrent=recurrent,
        input=strength * random.normal(size=(units, inputs)),
        output=np.ones((1, units)),
        recurrent_bias=strength * random.normal(size=units),
        output_bias=np.zeros(1),
    )
    leaks = tuple(10.0 ** -random.uniform(0, 3, units))
    return Network(RateDynamics(form, activation, leaks), weights, 1.0), random.normal(size=inputs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_stated_errors_of_the_activations_hold(activation):
    for current in CURRENTS:
        here = np.array(current)
        off = abs(Decimal(float(value(activation, here))) - exact.value(activation, Decimal(float(current))))
        assert off <= Decimal(float(value_error(activation, value(activation, here)))), current
        off = abs(Decimal(float(slope(activation, here))) - exact.slope(activation, Decimal(float(current))))
        assert off <= Decimal(SLOPE), current


@pytest.mark.parametrize("activation", CURVATURE)
def test_slopes_and_curvatures_nearby_are_bounded(activation):
    for current in (-30.0, -3.0, -0.5, 0.0, 0.2, 1.0, 9.0):
        for within in (0.0, 0.3, 4.0):
            near = np.linspace(current - within, current + within, 200)
            steepest = steepest_near(activation, np.array(current), np.array(within))
            assert (slope(activation, near) <= steepest + SLOPE).all()
            largest = curvature_near(activation, np.array(current), np.array(within))
            change = np.abs(np.diff(slope(activation, near))) / np.maximum(np.diff(near), 1e-300)
            assert (change <= largest + 1e-12).all()
    assert curvature_near(activation, np.array(40.0), np.array(1.0)) < 1e-12, "saturated"


def test_kink_of_relu():
    assert list(curvature_near("relu", np.array([2.0, -2.0, 0.5]), np.array([1.0, 1.0, 1.0]))) == [0, 0, np.inf]


def test_spectral_norm_is_bounded(seed):
    matrix = np.random.default_rng(seed).normal(size=(30, 30))
    assert np.linalg.norm(matrix, 2) <= norm_above(matrix) <= np.sqrt(30) * np.linalg.norm(matrix, 2)
    assert norm_above(np.diag([3.0, 1e-9])) == pytest.approx(3)


@pytest.mark.parametrize("form", ["rate", "current"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_proved_radius_holds_the_true_point(activation, form, seed):
    """The true points are known to sixty digits."""
    random, proved = np.random.default_rng(seed), 0
    for _ in range(12):
        network, inputs = drawn(random, activation, form)
        size = 1 + np.abs(flow_of(network, inputs).constant).max()
        found = fixed_points(network, starts=size * random.normal(size=(4, network.weights.units)), inputs=inputs)
        known = exact.Exact(network, inputs)
        for state, radius in zip(found.states, found.radius, strict=True):
            if np.isfinite(radius):
                point, last = known.fixed_point(state)
                assert last < Decimal("1e-55")
                assert exact.distance(state, point) <= Decimal(float(radius))
                proved += 1
    assert proved > 1


def test_large_rates_make_large_errors():
    """softplus(w h + b) = h at h = b / (1 - w): the current is the small difference of large numbers."""
    network = network_of([[0.99999]], activation="softplus", bias=3.3)
    found = fixed_points(network, starts=np.array([[0.0], [3e5], [1e5]]))
    point, _ = exact.Exact(network).fixed_point(found.states[0])
    assert len(found) == 1, "states that one radius holds are one point"
    assert exact.distance(found.states[0], point) <= Decimal(float(found.radius[0]))
    assert 1e-6 < found.radius[0] < 1e-2
    assert found.proved_stable == 1


@pytest.mark.parametrize(
    ("recurrent", "options"),
    [
        ([[1e6, 0.0], [0.0, 1e6]], {}),
        ([[1e6, 0.0], [0.0, 1e6]], {"form": "current"}),
        ([[0.5]], {"bias": 1e8, "activation": "relu"}),
        ([[0.5]], {"bias": 1e8, "activation": "softplus", "form": "current"}),
        ([[1 - 1e-6]], {"bias": 1.0, "activation": "relu"}),
        ([[-40.0, 3.0], [2.0, 0.1]], {"bias": 30.0, "activation": "sigmoid"}),
    ],
)
def test_extreme_networks(recurrent, options):
    network = network_of(recurrent, **options)
    starts = np.concatenate([size * starts_of(network, 20) for size in (1.0, 1e6)])
    found, known = fixed_points(network, starts=starts), exact.Exact(network)
    assert found.certified >= 1
    for state, radius in zip(found.states, found.radius, strict=True):
        if np.isfinite(radius):
            assert exact.distance(state, known.fixed_point(state, 40)[0]) <= Decimal(float(radius))


def test_nothing_is_proved_across_a_kink():
    """relu(h / 2 + b) with b of no more than rounding: whether the unit is on is open."""
    assert np.isnan(fixed_points(network_of([[0.5]], activation="relu"), starts=np.zeros((1, 1))).radius[0])
    beside = fixed_points(network_of([[0.5]], activation="relu", bias=-1e-3), starts=np.zeros((1, 1)))
    assert beside.certified == beside.proved_stable == 1


def test_two_points_nearer_than_the_fold_are_not_one():
    """h = tanh(a h + b) within 1e-9 of the fold has two points 1e-4 apart, at the fold one that no radius proves."""
    gain, top = 1.5, np.sqrt(1 - 1 / 1.5)
    fold = np.arctanh(top) - gain * top
    apart = fixed_points(network_of([[gain]], bias=fold + 1e-9), starts=np.linspace(0.5, 0.65, 40)[:, None])
    upper = apart.states[apart.states[:, 0] > 0]
    assert len(upper) == 2
    assert np.linalg.norm(upper[0] - upper[1]) > 2 * np.nanmax(apart.radius)
    at = fixed_points(network_of([[gain]], bias=fold), starts=np.array([[top]]))
    assert not len(at) or np.isnan(at.radius[0]) or at.radius[0] > 1e-9


class TestStability:
    """The Jacobian of a triangular network has its eigenvalues on the diagonal: leak (w φ' - 1)."""

    @staticmethod
    def triangular(random, activation):
        units = int(random.integers(1, 6))
        recurrent = np.tril(random.normal(size=(units, units)), -1) + np.diag(random.uniform(-4, 4, units))
        order = random.permutation(units)
        network = network_of(recurrent[order][:, order], activation=activation, bias=0.3)
        leaks = tuple(10.0 ** -random.uniform(0, 4, units))
        return Network(RateDynamics("rate", activation, leaks), network.weights, 1.0)

    @pytest.mark.thorough
    @pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
    def test_proved_numbers_of_unstable_modes_are_exact(self, activation, seed):
        random, proved = np.random.default_rng(seed), 0
        for _ in range(50):
            network = self.triangular(random, activation)
            found = fixed_points(network, starts=starts_of(network, 8))
            known, leaks = exact.Exact(network), network.dynamics.unit_leaks(network.weights.units)
            for at in np.flatnonzero(found.stability_proved):
                diagonal = [
                    row[unit] for unit, row in enumerate(known.jacobian(known.fixed_point(found.states[at])[0]))
                ]
                moduli = [abs(1 + Decimal(float(leak)) * one) for leak, one in zip(leaks, diagonal, strict=True)]
                assert found.index[at] == sum(modulus > 1 for modulus in moduli)
                proved += 1
        assert proved, "of softplus most networks have no fixed point, but not all"

    @pytest.mark.parametrize("off", [1e-3, 1e-10, -1e-3, -1e-10])
    def test_near_the_edge_the_side_is_proved(self, off):
        proof = prove(flow_of(network_of([[1 + off]])), np.zeros(1))
        assert proof.unstable == (off > 0)

    def test_on_the_edge_it_stays_open(self):
        assert prove(flow_of(network_of([[-1.0]])), np.zeros(1)).unstable == UNKNOWN
        turn = rotation(1.0, 40)  # of modulus 1 to rounding
        proof = prove(flow_of(network_of(turn)), np.zeros(2))
        assert np.isfinite(proof.radius)
        assert proof.unstable == UNKNOWN

    @pytest.mark.parametrize("leak", [1.0, 1e-3, 1e-9])
    def test_a_short_time_step_changes_no_proof(self, leak, seed):
        network = random_network(seed, leak=leak)
        found = fixed_points(network, starts=starts_of(network, 40))
        assert found.stability_proved.sum() == found.certified == len(found)
        real = np.linalg.eigvals(flow_of(network).jacobian(found.states)).real
        if leak < 1:
            np.testing.assert_array_equal(found.index, (real > 0).sum(axis=1))

    def test_not_normal_and_without_a_basis_of_eigenvectors(self):
        chain = 0.9 * np.eye(6) + 5 * np.diag(np.ones(5), -1)
        assert prove(flow_of(network_of(chain)), np.zeros(6)).unstable == 0
        assert prove(flow_of(network_of(chain + 0.3 * np.eye(6))), np.zeros(6)).unstable == 6
        line = np.diag(np.ones(49), -1)  # each unit tells the next, the last none
        assert prove(flow_of(network_of(line)), np.zeros(50)).unstable == 0

    def test_a_matrix_is_proved_to_contract_whose_powers_first_grow(self):
        chain = 0.9 * np.eye(3) + np.diag(np.ones(2), -1)
        assert contracts(chain, 1e-12)
        assert not contracts(chain, 1e-2), "so near there are matrices that do not contract"
        assert contracts((1 - 1e-3) * rotation(1.0, 40), 0.0)
        assert not contracts(rotation(1.0, 40), 0.0)
        assert not contracts((1 + 1e-12) * rotation(1.0, 40), 0.0)
        assert not contracts(np.diag([0.5, 1.1]), 0.0)
        assert not contracts(np.full((2, 2), np.nan), 0.0)

    def test_a_pair_of_modes_and_a_single_one_are_told_apart(self):
        for outside, inside in ((1.2, 0.5), (0.5, 1.2)):
            matrix = np.zeros((3, 3))
            matrix[:2, :2], matrix[2, 2] = rotation(outside, 9), inside
            mixed = np.array([[1.0, 0.3, 0.0], [0.2, 1.0, 0.4], [0.1, 0.0, 1.0]])
            turned = mixed @ matrix @ np.linalg.inv(mixed)
            assert prove(flow_of(network_of(turned)), np.zeros(3)).unstable == (2 if outside > 1 else 1)

    @pytest.mark.parametrize("units", [100, 300])
    def test_large_networks(self, units, seed):
        network = random_network(seed, units)
        proof = prove(flow_of(network), np.zeros(units))
        assert proof.unstable == (np.abs(np.linalg.eigvals(network.weights.recurrent)) > 1).sum()

    def test_saddles_of_relu(self):
        network = network_of([[0.0, -2.0], [-2.0, 0.0]], activation="relu", bias=1.0, leak=0.1)
        found = fixed_points(network, starts=np.array([[0.3, 0.4], [1.0, 0.0], [0.0, 1.0]]))
        assert list(found.index) == [0, 0, 1]
        assert found.stability_proved.all()


def test_own_equations_are_computed_and_not_proved():
    network = random_network(0)
    assert prove(AutomaticFlow(network, np.zeros(1)), np.zeros(12)).unstable == UNKNOWN
    assert np.isnan(prove(AutomaticFlow(network, np.zeros(1)), np.zeros(12)).radius)


def test_not_a_number_proves_nothing():
    assert np.isnan(prove(flow_of(network_of([[1e300, 1e300], [1e300, -1e300]])), np.ones(2)).radius)
    assert np.isnan(prove(flow_of(network_of([[1.0]])), np.zeros(1)).radius), "a singular Jacobian"
    assert np.isnan(prove(flow_of(network_of([[0.5]])), np.array([0.3])).radius), "no fixed point"
