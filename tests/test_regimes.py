import numpy as np
import pytest

from recurra.analysis.regimes import period_of, regimes
from recurra.studies.imports import read_network
from recurra.tasks import TASKS, And, FunctionTask, Trial
from test_fixed_points import network_of, random_network


def kicked():
    """A task of one input: a kick in the first step, then nothing."""

    def made(number):
        return Trial.of(np.eye(20, 1) * number, np.zeros((20, 1)), condition=number)

    return FunctionTask(conditions=("none", "kick"), draw=lambda _: made(1), draw_condition=made)


def kinds(network, task=None, **options):
    return [one.kind for one in regimes(network, (task or kicked()).probe(), **options)]


@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("and_n50_orthogonal_04_epoch19", "and", ["quiescent", "cycle", "cycle", "fixed"]),
        ("setreset_n50_orthogonal_06_epoch19", "setreset", ["cycle", "fixed"]),
        ("xor_n50_orthogonal_00_epoch19", "xor", ["quiescent", "fixed", "fixed", "cycle"]),
    ],
)
def test_published_networks(reference, name, task, expected):
    network = read_network(reference / f"{name}.hdf5", 1.0, None)
    found = regimes(network, TASKS[task]().probe())
    assert [one.kind for one in found] == expected
    for one in found:
        assert one.condition in TASKS[task]().condition_names
        assert np.isfinite(one.period_ms) == (one.kind == "cycle")
        assert abs(one.exponent) < 5 or one.kind != "cycle"
        assert one.exponent < 0 or one.kind != "fixed"
    if task == "setreset":
        assert found[0].period_ms == pytest.approx(48.4, abs=0.5)  # about 50 ms
        np.testing.assert_allclose([one.output[0] for one in found], [0, 1], atol=0.1)


def test_one_unit_is_quiescent_fixed_or_drifts():
    assert kinds(network_of([[0.5]])) == ["quiescent", "quiescent"]
    assert kinds(network_of([[1.5]])) == ["quiescent", "fixed"]
    # At the bifurcation itself a state decays as the root of 3 / (2 t), not exponentially: never settled.
    assert kinds(network_of([[1.0]]), windows=2) == ["quiescent", "drifting"]


def test_exponent_of_a_stable_point_is_its_leading_eigenvalue():
    network = network_of([[0.5]], leak=0.2)
    rest = regimes(network, kicked().probe())[0]
    assert rest.exponent == pytest.approx(1_000 * np.log(0.8 + 0.2 * 0.5), rel=1e-6)


@pytest.mark.parametrize("period", [25.0, 40.0, 77.3])
def test_rotation(period):
    angle = 2 * np.pi / period
    turn = 1.01 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = regimes(network_of(turn), kicked().probe())
    assert [one.kind for one in found] == ["quiescent", "cycle"]
    assert found[1].period_ms == pytest.approx(period, rel=0.02)
    assert abs(found[1].exponent) < 1


def test_strong_random_network_is_chaotic(seed):
    network = network_of(np.random.default_rng(seed).normal(0, 3 / np.sqrt(200), (200, 200)), leak=0.5)
    found = regimes(network, kicked().probe())[1]
    assert found.kind == "chaotic"
    assert found.exponent > 0


def test_time_step_does_not_change_the_exponent():
    slow, fast = (regimes(network_of([[0.5]], leak=leak), kicked().probe())[0] for leak in (0.001, 0.002))
    assert slow.exponent * 2 == pytest.approx(fast.exponent, rel=0.01)  # dt_ms is 1 in both, so tau_ms differs


@pytest.mark.parametrize("form", ["rate", "current"])
def test_all_activations_and_forms(form, seed):
    for activation in ("relu", "sigmoid", "softplus"):
        recurrent = 0.1 * random_network(seed).weights.recurrent
        network = network_of(recurrent, form=form, activation=activation, bias=0.1)
        assert kinds(network)[0] == "fixed"


@pytest.mark.parametrize("period", [5.0, 31.7, 200.0])
def test_period(period):
    time = np.arange(3_000)
    wave = np.stack([np.sin(2 * np.pi * time / period), np.cos(2 * np.pi * time / period)], axis=1)
    assert period_of(wave + 3) == pytest.approx(period, rel=1e-3)
    assert np.isnan(period_of(np.ones((100, 2))))


def test_bad_windows():
    with pytest.raises(ValueError, match="windows is 0; expected at least 1"):
        regimes(network_of([[0.5]]), And().probe(), windows=0)
