"""What a network does in each of several tasks: success, task variance and its clusters, fixed points between tasks."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import recurra as rc
from recurra.analysis import BetweenTasks, ClusterCount, TaskVariance
from recurra.analysis.failures import Failure
from recurra.analysis.many_tasks.variance import _clustered

LEVELS = (-1.0, 0.0, 2.0)


def shown(channel, level=1.0):
    """A task of three conditions: after two steps one of two inputs is at one of three levels, which is the target."""

    def draw_condition(condition):
        value = level * jnp.asarray(LEVELS, jnp.float32)[condition]
        on = jnp.where(jnp.arange(5) >= 2, value, 0.0)
        inputs = jnp.zeros((5, 2), jnp.float32).at[:, channel].set(on.astype(jnp.float32))
        mask = jnp.arange(5)[:, None] == 4
        return rc.Trial.of(inputs, on[:, None], mask, condition)

    def draw(key):
        return draw_condition(jax.random.randint(key, (), 0, len(LEVELS), jnp.int32))

    return rc.FunctionTask(
        tuple(map(str, LEVELS)), rc.NearRule(settle_ms=0.0), draw=draw, draw_condition=draw_condition
    )


@pytest.fixture(scope="module")
def both():
    return rc.MultiTask((shown(0), shown(1, 2.0)), ("first", "second"))


@pytest.fixture(scope="module")
def network():
    """Linear units without memory: two see the first input, three the second, two both; one is silent."""
    seen = np.array([[1, 0], [0.5, 0], [0, 1], [0, 0.2], [0, -1], [1, 0.5], [2, 1], [0, 0]])
    weights = np.concatenate([seen, np.zeros((8, 2))], axis=1)
    return rc.network(np.zeros((8, 8)), weights, [[1, 0, 0, 0, 0, 0, 0, 0]], activation="linear")


def test_variance_by_hand(network, both):
    found = rc.task_variance(network, both, rotations=3)
    spread = np.var(LEVELS)
    expected = np.square([[1, 0], [0.5, 0], [0, 2], [0, 0.4], [0, 2], [1, 1], [2, 2], [0, 0]]) * spread
    np.testing.assert_allclose(found.variance, expected, atol=1e-12)
    assert found.clusters == 3
    assert found.cluster.tolist() == [0, 0, 2, 2, 2, 1, 1, -1] or found.cluster.tolist() == [1, 1, 2, 2, 2, 0, 0, -1]
    assert found.silhouette[found.tried == 3] == pytest.approx(1)
    np.testing.assert_allclose(found.normalized[:7], expected[:7] / expected[:7].max(axis=1, keepdims=True))
    assert np.isnan(found.normalized[7]).all()
    assert found.rotated_silhouette.shape == (3, len(found.tried))


def test_order_of_units_changes_no_cluster(network, both, seed):
    order = np.random.default_rng(seed).permutation(8)
    moved = replace(network.weights, input=np.asarray(network.weights.input)[order])
    one, other = (rc.task_variance(net, both, rotations=1) for net in (network, replace(network, weights=moved)))
    np.testing.assert_allclose(other.variance, one.variance[order])
    same = one.cluster[order][:, None] == one.cluster[order]
    np.testing.assert_array_equal(other.cluster[:, None] == other.cluster, same)


def test_clusters_of_random_units_are_worse(seed):
    """Three groups of units have a high silhouette at three; rates without groups have a lower one at any number."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.eye(3), 20, axis=0) + 0.05 * random.random((60, 3))
    labels, silhouettes = _clustered(groups, np.arange(2, 8), 0)
    assert labels.tolist() == [0] * 20 + [1] * 20 + [2] * 20
    assert silhouettes.argmax() == 1
    scattered = _clustered(random.random((60, 3)), np.arange(2, 8), 0)[1]
    assert silhouettes.max() > 0.85 > scattered.max()


def found_with(clusters, rotated=(2, 3), best=0.5):
    tried = np.arange(2, 6)
    silhouette = np.where(tried == clusters, best, 0.1)
    null = np.stack([np.where(tried == number, 0.4, 0.1) for number in rotated])
    return TaskVariance(("a", "b"), np.ones((clusters, 2)), np.arange(clusters), tried, silhouette, null)


def test_the_number_of_clusters_of_a_cohort():
    found = rc.cluster_count([found_with(3), found_with(4, best=0.3), Failure("diverged"), found_with(5)])
    assert found.count.tolist() == [3, 4, 5]
    assert (found.mean, found.beyond, found.failed) == (4.0, 2, 1)
    half = 4.302653 / np.sqrt(3)
    np.testing.assert_allclose([found.low, found.high], [2, 4 + half], atol=1e-5)  # two are the fewest that are tried
    more = rc.cluster_count([found_with(count) for count in (7, 8, 9)])
    np.testing.assert_allclose([more.low, more.high], [8 - half, 8 + half], atol=1e-5)
    assert found.rotated.tolist() == [2.5] * 3
    assert (found_with(3).p_value, found_with(4, best=0.3).p_value) == (pytest.approx(1 / 3), 1.0)
    with pytest.raises(ValueError, match="1 networks have clusters; expected at least two"):
        rc.cluster_count([found_with(3), Failure("diverged")])


@pytest.mark.parametrize(
    ("records", "confidence", "message"),
    [
        (found_with(3), 0.95, "records is of the type TaskVariance; expected the list that rc.task_variance gives"),
        (None, 0.95, "records is of the type NoneType; expected the list"),
        (
            [found_with(3), found_with(4), 5],
            0.95,
            "records has an entry of the type int; expected what rc.task_variance",
        ),
        ([found_with(3)] * 2, 0, "confidence is 0; expected a number above 0 and below 1$"),
        ([found_with(3)] * 2, 1.0, "confidence is 1.0; expected a number above 0 and below 1$"),
        ([found_with(3)] * 2, "a", "confidence is 'a'; expected a number$"),
    ],
)
def test_errors_of_the_number_of_clusters(records, confidence, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        rc.cluster_count(records, confidence)


def with_inputs(seen):
    """Linear units without memory that see two inputs, and no rule input."""
    units = len(seen)
    weights = np.concatenate([seen, np.zeros((units, 2))], axis=1)
    return rc.network(np.zeros((units, units)), weights, np.zeros((1, units)), activation="linear")


def test_silent_units_change_nothing(both, seed):
    seen = np.random.default_rng(seed).normal(size=(6, 2))
    one = rc.task_variance(with_inputs(seen), both, rotations=3)
    more = rc.task_variance(with_inputs(np.concatenate([seen, np.zeros((60, 2))])), both, rotations=3)
    np.testing.assert_array_equal(more.cluster, [*one.cluster, *[-1] * 60])
    np.testing.assert_array_equal(more.tried, one.tried)
    np.testing.assert_allclose(more.silhouette, one.silhouette, atol=1e-9)
    np.testing.assert_allclose(more.rotated_silhouette, one.rotated_silhouette, atol=1e-9)
    assert (one.rotated_silhouette > -1).all()


def test_few_units_that_vary_among_many():
    random, weights = np.random.default_rng(0), np.zeros((600, 4))
    weights[:5, :2], weights[:5, 2:] = 0.8 * random.normal(size=(5, 2)), 0.3 * random.normal(size=(5, 2))
    network = rc.network(np.zeros((600, 600)), weights, np.zeros((1, 600)))
    found = rc.task_variance(network, rc.MultiTask((rc.And(), rc.Xor())), rotations=5, most=10)
    assert found.tried.tolist() == [2, 3, 4]
    assert (found.rotated_silhouette > -1).all()


def test_what_has_no_silhouette():
    """Every unit a cluster; more clusters than different units. A unit without variance divides by nothing."""
    silhouettes = _clustered(np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]]), np.arange(2, 6), 0)[1]
    assert (silhouettes > -1).tolist() == [True, True, False, False]
    silhouettes = _clustered(np.repeat(np.eye(3), 2, axis=0), np.arange(2, 6), 0)[1]
    assert silhouettes[1:].tolist() == [1, -1, -1]


@pytest.mark.thorough
def test_performance_by_task(network, both):
    found = rc.task_performance(network, both)  # it repeats the first input, and is silent in the second task
    assert found.names == ("first", "second")
    assert found.judged.sum() == 1_000
    assert found.success[0] == 1
    assert abs(found.success[1] - 1 / 3) < 5 * np.sqrt(2 / 9 / found.judged[1])  # silence is right at one of three
    assert (found.success_low <= found.success).all()
    assert found.mse[0] == pytest.approx(0, abs=1e-12)
    assert found.worst == "second"
    assert rc.performance(network, both).success == pytest.approx(found.success @ found.judged / 1_000)
    only = rc.task_performance(network, both, trials=both.sample_of("first", 0, trials=10))
    assert only.judged.tolist() == [10, 0]
    assert np.isnan(only.success[1])
    assert only.worst == "first"


def test_performance_where_nothing_is_judged(network, both):
    trials = both.sample(0, trials=4)
    found = rc.task_performance(network, both, trials=replace(trials, mask=np.zeros_like(trials.mask)))
    assert "judged" in repr(found)
    with pytest.raises(ValueError, match=r"^no task is judged: in none of the trials"):
        _ = found.worst


@pytest.mark.parametrize("analysis", [rc.task_performance, rc.performance])
def test_trials_that_are_none(network, both, analysis):
    with pytest.raises(TypeError, match=r"^trials is 100; expected trials of the task, such as task.sample"):
        analysis(network, both, trials=100)
    with pytest.raises(TypeError, match=r"^trials is of the type list; expected trials of the task"):
        analysis(network, both, trials=[1])


@pytest.fixture(scope="module")
def bistable():
    """One unit h = tanh(1.5 h + x): the first rule input pushes it up, the second down."""
    return rc.network([[1.5]], [[0.0, 0.0, 0.5, -0.5]], [[1.0]])


def test_points_between_tasks(bistable, both):
    found = rc.between_tasks(bistable, both, first="first", second="second", time_ms=0.0)
    np.testing.assert_array_equal(found.inputs, [[0, 0, 1, 0], [0, 0, 0, 1]])
    assert len(found) == 1  # at an input of 0.5 the lower state is gone
    assert found.folds.tolist() == [True]  # and on the way to -0.5 the upper one vanishes
    one = rc.network([[0.5]], [[0.0, 0.0, 0.5, -0.5]], [[1.0]])
    found = rc.between_tasks(one, both, first="first", second="second", time_ms=0.0)
    assert (found.arrives.tolist(), found.folds.tolist(), found.changes.tolist(), found.distinct) == (
        [True],
        [False],
        [False],
        1,
    )
    np.testing.assert_allclose(found.branches[0].states[0], -found.branches[0].states[-1], atol=1e-8)
    np.testing.assert_allclose(both.input_at("second", 3.0, 2), [0, 4, 0, 1])


def test_errors(network, both, bistable):
    with pytest.raises(ValueError, match="the task is Xor; expected a MultiTask"):
        rc.task_variance(rc.network([[0.0]], [[0.0, 0.0]], [[0.0]]), rc.Xor())
    with pytest.raises(ValueError, match="0 units vary over the conditions; expected at least 4"):
        rc.task_variance(bistable, both)
    with pytest.raises(ValueError, match="rotations is 0"):
        rc.task_variance(network, both, rotations=0)
    with pytest.raises(ValueError, match="inputs of first and first are the same"):
        rc.between_tasks(bistable, both, first="first", second="first", time_ms=0.0)
    with pytest.raises(ValueError, match="time_ms is 9; expected a time in the trials of first, 0 to 4 ms"):
        rc.between_tasks(bistable, both, first="first", second="second", time_ms=9.0)
    with pytest.raises(ValueError, match="unknown task 'third'"):
        rc.between_tasks(bistable, both, first="first", second="third", time_ms=0.0)
    with pytest.raises(ValueError, match=r"^time_ms is infinite; expected a finite number$"):
        rc.between_tasks(bistable, both, first="first", second="second", time_ms=float("inf"))


def test_drawings(network, both, bistable):
    found = rc.task_variance(network, both, rotations=2)
    crossing = rc.between_tasks(bistable, both, first="first", second="second", time_ms=0.0)
    assert isinstance(crossing, BetweenTasks)
    count = rc.cluster_count([found_with(3), found_with(4)])
    assert isinstance(count, ClusterCount)
    for record in (found, crossing, count, rc.task_performance(network, both)):
        rc.plot(record)
        assert "Args" not in repr(record)
    rc.plot(found, "silhouettes")
    plt.close("all")
