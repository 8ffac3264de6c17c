"""The invariances that the conventions promise, on small cohorts."""

import dataclasses
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import recurra as rc
from recurra.engine import NATIVE, PORTABLE
from recurra.status import Status
from recurra.training import OPTIMIZERS, SCHEDULES, Training
from recurra.training.bptt import _steps
from recurra.training.numbers import numbers_of, with_numbers, without_numbers
from recurra.training.rule import Setup

TASK = rc.FlipFlop(bits=1, length_ms=120.0)
MODEL = rc.RateRNN(units=8, tau_ms=1.0, initializer=rc.Identity(0.9))
RULE = rc.BPTT(steps=12, batch=4, trials=rc.FreshTrials(6), validation_trials=8)
every_optimizer = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in ("adamw", "muon") else pytest.mark.slow) for name in OPTIMIZERS]
)


def weights_of(cohort, number):
    at = cohort.numbers.index(number)
    return [np.asarray(array)[at] for array in jax.tree.leaves(cohort.weights)]


def assert_same_bits(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def cohort(seed):
    return rc.train(TASK, MODEL, RULE, networks=8, seed=seed)


@pytest.mark.slow
def test_alone_and_among_eight(cohort, seed):
    alone = rc.train(TASK, MODEL, RULE, networks=[5], seed=seed)
    before = [np.asarray(array) for array in jax.tree.leaves(cohort.before(5).weights)]
    assert_same_bits(before, [np.asarray(array)[0] for array in jax.tree.leaves(alone.initial)])
    assert_same_bits(weights_of(cohort, 5), weights_of(alone, 5))


def test_networks_and_seeds_differ(cohort, seed):
    assert np.any(weights_of(cohort, 0)[0] != weights_of(cohort, 1)[0])
    other = rc.train(TASK, MODEL, dataclasses.replace(RULE, steps=6), networks=1, seed=seed + 1)
    assert np.any(np.asarray(other.initial.input) != np.asarray(cohort.initial.input)[:1])


@pytest.mark.thorough
def test_history(cohort):
    assert list(cohort.history.step) == [6, 12]
    assert cohort.history.loss.shape == (8, 2)
    assert np.isfinite(cohort.history.validation_loss).all()
    assert set(cohort.status) == {Status.finished}
    assert [network.weights.units for network in cohort] == [8] * 8
    with pytest.raises(IndexError, match="the cohort has 8 networks; there is none at position 8"):
        cohort[8]
    rate = cohort.success_rate(trials=20)
    assert rate.total == 8
    assert rate.low <= rate.value <= rate.high


@pytest.mark.thorough
def test_a_diverging_network_touches_nobody(seed):
    rule = dataclasses.replace(RULE, learning_rate=(1e-3, 10.0, 1e-3, 1e-3), gradient_clip=float("inf"))
    four = rc.train(TASK, MODEL, rule, networks=4, seed=seed)
    three = rc.train(TASK, MODEL, rule, networks=[0, 2, 3], seed=seed)
    assert four.status[1] is Status.diverged
    assert all(np.isfinite(array).all() for array in weights_of(four, 1))
    for number in (0, 2, 3):
        assert_same_bits(weights_of(four, number), weights_of(three, number))
    assert np.isnan(four.history.success[1, 1]), "it goes on after it has diverged"


@pytest.mark.slow
def test_few_validation_trials_without_targets_make_nobody_diverge():
    """With this seed the two validation trials have next to no targets, so that silence alone would look perfect."""
    rule = dataclasses.replace(RULE, steps=1, batch=3, validation_trials=2, trials=rc.FreshTrials(1))
    assert rc.train(TASK, MODEL, rule, networks=1, seed=1569368995).status == (Status.finished,)


@pytest.mark.parametrize(
    ("stop", "status"), [(rc.LossBelow(100.0), Status.reached), (rc.LossBelow(1e-9), Status.missed)]
)
def test_stop_by_loss(stop, status, seed):
    cohort = rc.train(TASK, MODEL, dataclasses.replace(RULE, stop=stop), networks=1, seed=seed)
    assert cohort.status == (status,)
    assert len(cohort.history.step) == (1 if status is Status.reached else 2)


@pytest.mark.slow
def test_a_stopped_network_stays_as_it_is(seed):
    """One network starts with a solved task, so that it stops after the first epoch; the other goes on."""
    rule = dataclasses.replace(RULE, stop=rc.LossBelow(1e-3), learning_rate=(1e-12, 1e-3))
    training = Training(rc.FlipFlop(bits=1, length_ms=120.0, input_noise=0.0), MODEL, rule, (0, 1), seed)
    start = training.start()
    after = training.advance(start)
    stopped = dataclasses.replace(after, status=(Status.reached, Status.training))
    told = []
    end = training.advance(stopped, told.append)
    assert sum(told) == 6
    for before, later in zip(jax.tree.leaves(after.learner), jax.tree.leaves(end.learner), strict=True):
        np.testing.assert_array_equal(before[0], later[0])
    assert end.status == (Status.reached, Status.missed)


def test_success_stop():
    assert rc.SuccessAbove(0.9).reached(1.0, 0.9)
    assert not rc.SuccessAbove(0.9).reached(1.0, 0.89)
    assert not rc.Never().reached(0.0, 1.0)


def test_frozen_biases_stay_zero(cohort):
    assert not np.any(np.asarray(cohort.weights.recurrent_bias))
    assert np.any(np.asarray(cohort.weights.output_bias))


def test_one_step_of_gradient_descent_by_hand(seed):
    """With SGD, no clipping and a constant schedule the weights move by the gradient times the learning rate."""
    rule = rc.BPTT(
        steps=1, batch=3, learning_rate=0.1, optimizer=rc.SGD(), schedule=rc.Constant(), gradient_clip=float("inf"),
        trials=rc.FreshTrials(1), validation_trials=2,
    )  # fmt: skip
    training = Training(TASK, MODEL, rule, (0,), seed)
    start, trials = training.start(), rule.trials.batch(TASK, seed, 0, 3)
    end = training.advance(start)

    def loss(recurrent):
        weights = start.learner.weights

        def trial(inputs):
            def step(h, x):
                h = jnp.tanh(recurrent @ h + weights.input[0] @ x)
                return h, weights.output[0] @ h

            return jax.lax.scan(step, jnp.zeros(8, jnp.float32), inputs)[1]

        return ((jax.vmap(trial)(trials.inputs) - trials.targets) ** 2).mean()

    gradient = jax.grad(loss)(start.learner.weights.recurrent[0])
    expected = start.learner.weights.recurrent[0] - 0.1 * gradient
    np.testing.assert_allclose(end.learner.weights.recurrent[0], expected, atol=1e-6)


def test_clipping_is_a_network_at_a_time(seed):
    rule = dataclasses.replace(
        RULE, optimizer=rc.SGD(), schedule=rc.Constant(), gradient_clip=1e-3, steps=1, learning_rate=1.0
    )
    training = Training(TASK, MODEL, rule, (0, 1), seed)
    start = training.start()
    end = training.advance(start)
    moved = jax.tree.map(lambda a, b: np.asarray(b - a), start.learner.weights, end.learner.weights)
    for network in range(2):
        norm = np.sqrt(sum((array[network] ** 2).sum() for array in jax.tree.leaves(moved)))
        assert norm == pytest.approx(1e-3, rel=1e-3)


def test_fixed_trials_are_gone_through_once_an_epoch(seed):
    fixed = rc.FixedTrials(10)
    assert fixed.epoch_steps(4) == 3
    everything = np.asarray(TASK.sample(jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 1), 0), 10).inputs)
    epochs = [
        [np.asarray(fixed.batch(TASK, seed, step, 4).inputs) for step in range(3 * epoch, 3 * epoch + 3)]
        for epoch in (0, 1)
    ]
    assert [len(batch) for batch in epochs[0]] == [4, 4, 2]
    for epoch in epochs:
        seen = np.concatenate(epoch)
        np.testing.assert_array_equal(np.sort(seen.sum(axis=(1, 2))), np.sort(everything.sum(axis=(1, 2))))
    assert np.any(np.concatenate(epochs[0]) != np.concatenate(epochs[1]))


@pytest.mark.thorough
@every_optimizer
def test_every_optimizer_descends(name, seed):
    """On a bowl, under vmap as in training, every direction leads down, and none mixes the networks."""
    direction = OPTIMIZERS[name]().direction()
    weights = {
        "matrix": jax.random.normal(jax.random.key(seed), (2, 4, 4), jnp.float32),
        "vector": jnp.ones((2, 3), jnp.float32),
    }
    state = jax.vmap(direction.init)(weights)
    first = weights
    for _ in range(20):
        with jax.numpy_dtype_promotion("standard"):
            change, state = jax.vmap(direction.update)(weights, state, weights)
        weights = jax.tree.map(lambda w, c: w - 0.02 * c, weights, change)
    for before, after in zip(jax.tree.leaves(first), jax.tree.leaves(weights), strict=True):
        assert (np.linalg.norm(after.reshape(2, -1), axis=1) < np.linalg.norm(before.reshape(2, -1), axis=1)).all()


def test_muon_moves_by_an_orthogonal_matrix(seed):
    direction = rc.Muon().direction()
    gradient = {"w": jax.random.normal(jax.random.key(seed), (6, 6), jnp.float32), "b": jnp.ones(3, jnp.float32)}
    with jax.numpy_dtype_promotion("standard"):
        change, _ = direction.update(gradient, direction.init(gradient), gradient)
    bias, matrix = jax.tree.leaves(change)
    singular = np.linalg.svd(np.asarray(matrix), compute_uv=False)
    assert singular.min() > 0.3
    assert singular.max() < 1.3
    np.testing.assert_allclose(bias, 1.0, atol=1e-3)


def test_muon_moves_every_gate_as_a_matrix_of_its_own(seed):
    """The biases of gates move by Adam, though they have two axes too."""
    direction = rc.Muon().direction()
    recurrent = jax.random.normal(jax.random.key(seed), (3, 6, 6), jnp.float32)
    gradient = {"recurrent": recurrent, "bias": jnp.ones((3, 6), jnp.float32)}
    with jax.numpy_dtype_promotion("standard"):
        change, *alone = [
            cast(dict, direction.update(one, direction.init(one), one)[0]) for one in (gradient, *_gates(recurrent))
        ]
    np.testing.assert_allclose(change["recurrent"], np.stack([one["recurrent"] for one in alone]), atol=1e-5)
    np.testing.assert_allclose(change["bias"], 1.0, atol=1e-3)


def _gates(recurrent):
    return [{"recurrent": one} for one in recurrent]


def test_adam_is_optax_adam(seed):
    gradient = jax.random.normal(jax.random.key(seed), (5,), jnp.float32)
    with jax.numpy_dtype_promotion("standard"):
        ours = rc.Adam().direction().update(gradient, rc.Adam().direction().init(gradient))[0]
        theirs = optax.adam(1.0).update(gradient, optax.adam(1.0).init(gradient))[0]
    np.testing.assert_allclose(np.asarray(ours), -np.asarray(theirs), rtol=1e-6)


def test_schedules_by_hand():
    def factors(schedule, steps=10):
        return [float(schedule.factor(jnp.float32(step), steps)) for step in range(steps)]

    assert factors(rc.Constant()) == [1.0] * 10
    assert factors(rc.Constant(warmup_steps=4))[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert factors(rc.InverseTimeDecay(0.5))[2] == pytest.approx(0.5)
    assert factors(rc.Linear())[5] == pytest.approx(0.5)
    cosine = factors(rc.Cosine(final=0.1))
    assert cosine[0] == pytest.approx(1.0)
    assert cosine == sorted(cosine, reverse=True)
    assert float(rc.Cosine(final=0.1).factor(jnp.float32(10), 10)) == pytest.approx(0.1)
    for kind in SCHEDULES.values():
        assert all(0 <= factor <= 1 for factor in factors(kind()))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps is 0; expected at least 1"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate is -1.0; expected a number above 0"),
        ({"learning_rate": (1e-3, 0.0)}, ValueError, "learning_rate is 0.0"),
        ({"gradient_clip": 0.0}, ValueError, "gradient_clip is 0.0; expected a number above 0"),
        ({"optimizer": "adam"}, TypeError, "optimizer is 'adam'; expected an Optimizer"),
    ],
)
def test_bad_rule(change, error, message):
    with pytest.raises(error, match=message):
        rc.BPTT(**change)


def test_bad_training():
    with pytest.raises(ValueError, match="networks is 0; expected at least 1"):
        rc.train(TASK, MODEL, RULE, networks=0, seed=0)
    with pytest.raises(ValueError, match="seed is -1; expected at least 0"):
        rc.train(TASK, MODEL, RULE, networks=1, seed=-1)
    with pytest.raises(ValueError, match="learning_rate has 2 values; network 2 needs one of its own"):
        rc.train(TASK, MODEL, dataclasses.replace(RULE, learning_rate=(1e-3, 1e-3)), networks=3, seed=0)
    with pytest.raises(ValueError, match=r"training 1 networks of 300,000 units would take .* GiB of memory"):
        rc.train(TASK, rc.RateRNN(units=300_000), RULE, networks=1, seed=0)


# ---- numbers that one program serves


def test_one_program_serves_all_numbers_of_a_rule():
    parts = {"optimizer": rc.AdamW(beta1=0.8), "schedule": rc.Linear(0.5), "penalties": (rc.L2("recurrent", 0.1),)}
    first = dataclasses.replace(RULE, **parts, learning_rate=0.01, gradient_clip=2.0)
    parts = {"optimizer": rc.AdamW(beta1=0.9), "schedule": rc.Linear(0.1), "penalties": (rc.L2("recurrent", 0.3),)}
    second = dataclasses.replace(RULE, **parts, learning_rate=0.02, gradient_clip=0.5)
    cohorts, sizes = [], []
    for rule in (first, second):
        cohorts.append(rc.train(TASK, MODEL, rule, networks=1, seed=0, progress=False))
        sizes.append(_steps._cache_size())
    assert sizes[0] == sizes[1]
    assert np.any(np.asarray(cohorts[0].weights.recurrent) != np.asarray(cohorts[1].weights.recurrent))


def test_numbers_of_a_rule_and_its_parts():
    rule = dataclasses.replace(RULE, optimizer=rc.SGD(momentum=0.5), penalties=(rc.L1("input", 0.2),))
    numbers = numbers_of(rule)
    assert numbers["optimizer.momentum"] == 0.5
    assert numbers["penalties.0.strength"] == 0.2
    other = dataclasses.replace(rule, optimizer=rc.SGD(momentum=0.1), penalties=(rc.L1("input", 0.7),))
    assert without_numbers(rule) == without_numbers(other)
    assert with_numbers(without_numbers(rule), numbers_of(other)) == other
    assert without_numbers(rule) != without_numbers(dataclasses.replace(other, penalties=(rc.L2("input", 0.7),)))


# ---- what is not trained, what is not scored, what is weighted


def setup_of(rule, engine, weights, constraints):
    """What two networks learn with by themselves."""
    return Setup(
        dynamics=MODEL.dynamics(1.0),
        engine=engine,
        constraints=constraints,
        start=weights,
        own=rule.own((0, 1)),
        noise=jax.random.split(jax.random.key(0), 2),
        loss_bound=np.float32(np.inf),
    )


@pytest.mark.thorough
@every_optimizer
def test_what_is_not_trained_stays_to_the_bit(name, seed):
    weights = jax.vmap(lambda key: MODEL.initial_weights(key, 1, 1))(jax.random.split(jax.random.key(seed), 2))
    weights = dataclasses.replace(weights, recurrent_bias=weights.recurrent_bias + np.float32(0.3))
    rule = dataclasses.replace(RULE, optimizer=OPTIMIZERS[name](), learning_rate=0.1)
    trials = TASK.sample(jax.random.key(seed), 4)
    frozen = (rc.Frozen(("recurrent", "input", "recurrent_bias")),)
    setup = setup_of(rule, PORTABLE, weights, frozen)
    learner, active = rule.init(setup, weights), jnp.ones(2, bool)
    assert set(learner.memory.free) == {"output", "output_bias"}
    for _ in range(3):
        learner, active, _ = rule.step(setup, learner, active, trials)
    for held in ("recurrent", "input", "recurrent_bias"):
        np.testing.assert_array_equal(getattr(learner.weights, held), getattr(weights, held))
    assert np.any(np.asarray(learner.weights.output) != np.asarray(weights.output))


@pytest.mark.slow
def test_a_batch_in_which_nothing_counts_is_no_step(seed):
    """Momentum would move the weights otherwise, and a mean over nothing would end the networks as diverged."""
    trials = TASK.sample(jax.random.key(seed), 4)
    nothing = dataclasses.replace(trials, mask=jnp.zeros_like(trials.mask))
    start = Training(TASK, MODEL, RULE, (0, 1), seed).start().learner
    for engine in (NATIVE, PORTABLE):
        setup = setup_of(RULE, engine, start.weights, MODEL.all_constraints())
        before, active, loss = RULE.step(setup, start, jnp.ones(2, bool), trials)
        after, active, loss = RULE.step(setup, before, active, nothing)
        assert_same_bits(
            jax.tree.leaves((before.weights, before.memory)), jax.tree.leaves((after.weights, after.memory))
        )
        assert list(after.step) == [2, 2]
        assert np.asarray(active).all()
        assert np.isnan(loss).all()


def own_task(mask, targets=1.0):
    """Inputs of one channel, the same target throughout, and a mask of the key."""

    def trial(key):
        inputs = jax.random.normal(key, (20, 1), jnp.float32)
        return rc.Trial.of(inputs, jnp.full((20, 1), targets, jnp.float32), mask(key))

    return rc.FunctionTask(draw=trial)


@pytest.mark.slow
def test_batches_without_a_scored_step_end_no_network(seed):
    """A trial in eight counts: of batches of one trial most score nothing."""
    task = own_task(lambda key: jnp.broadcast_to(jax.random.bernoulli(key, 0.125), (20, 1)))
    rule = rc.BPTT(steps=12, batch=1, trials=rc.FreshTrials(3), validation_trials=1)
    cohort = rc.train(task, MODEL, rule, networks=2, seed=seed)
    assert set(cohort.status) == {Status.finished}
    assert np.isfinite(jax.tree.leaves(cohort.weights)[0]).all()
    assert (cohort.history.success[np.isnan(cohort.history.validation_loss)] == 0).all()


def test_a_task_that_never_scores_is_refused(seed):
    task = own_task(lambda _: jnp.zeros((20, 1), bool))
    with pytest.raises(ValueError, match="FunctionTask scores nothing"):
        rc.train(task, MODEL, RULE, networks=1, seed=seed)


@pytest.mark.slow
def test_a_mask_of_ones_trains_as_a_mask_of_truths_and_twice_the_mask_the_same(seed):
    half = np.arange(20)[:, None] < 15
    cohorts = [
        rc.train(own_task(lambda _, mask=mask: mask), MODEL, RULE, networks=2, seed=seed)
        for mask in (half, half.astype(float), 4 * half)
    ]
    for other in cohorts[1:]:
        for a, b in zip(jax.tree.leaves(cohorts[0].weights), jax.tree.leaves(other.weights), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_bad_weights_of_the_loss(bad, seed):
    with pytest.raises(ValueError, match="mask has weights that are negative, infinite or NaN"):
        rc.Trial.of(np.ones((5, 1)), np.ones((5, 1)), np.full((5, 1), bad))
    task = own_task(lambda key: jnp.full((20, 1), bad) + jax.random.normal(key, (20, 1)) * 0)
    with pytest.raises(ValueError, match="mask has weights that are negative, infinite or NaN"):
        task.sample(jax.random.key(seed), 2)


def test_success_asks_wherever_the_weight_is_above_zero(seed):
    task = own_task(lambda _: jnp.array([0.2] * 10 + [5.0] * 5 + [0.0] * 5)[:, None])
    trials = task.sample(jax.random.key(seed), 3)
    assert (np.asarray(trials.counts)[0, :, 0] == np.array([True] * 15 + [False] * 5)).all()
    right = np.ones((3, 20, 1), np.float32)
    assert task.success(right, trials).all()
    right[:, -5:] = 9
    assert task.success(right, trials).all()
    right[:, :13] = 9
    assert not task.success(right, trials).any()


@pytest.mark.parametrize("field", ["steps", "batch", "validation_trials"])
def test_counts_beyond_int32_are_refused(field):
    with pytest.raises(ValueError, match=f"{field} is 20000000000; expected at most 2,147,483,647"):
        rc.BPTT(**{field: 20_000_000_000})


# ---- many trials, sizes, misuse


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["auto", "portable"])
def test_trials_scored_in_pieces_are_the_same_and_so_are_the_networks(engine, seed, monkeypatch):
    from recurra.tasks import base

    rule = dataclasses.replace(RULE, steps=6, validation_trials=70)
    whole = rc.train(TASK, MODEL, rule, networks=2, seed=seed, engine=engine)
    rate = whole.success_rate(70, needed=0.2)
    monkeypatch.setattr(base, "PIECE", 32)
    assert whole.success_rate(70, needed=0.2) == rate
    key = jax.random.key(seed, impl="threefry2x32")
    pieces = list(TASK.sample_pieces(key, 70))
    assert [len(piece) for piece in pieces] == [32, 32, 6]
    for name in ("inputs", "targets", "mask", "condition"):
        together = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_array_equal(together, getattr(TASK.sample(key, 70), name))
    cut = rc.train(TASK, MODEL, rule, networks=2, seed=seed, engine=engine)
    assert_same_bits(jax.tree.leaves(whole.weights), jax.tree.leaves(cut.weights))
    np.testing.assert_allclose(whole.history.validation_loss, cut.history.validation_loss, rtol=1e-5)
    np.testing.assert_allclose(whole.history.success, cut.history.success, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"networks": 1_000_000_000}, "training 1,000,000,000 networks of 8 units would take"),
        ({"model": {"units": 10**6}}, "training 1 networks of 1,000,000 units would take"),
        ({"rule": {"batch": 2 * 10**9}}, "batches of 2,000,000,000 trials of 120 steps would take"),
        ({"rule": {"trials": rc.FixedTrials(2 * 10**9)}}, "a set of 2,000,000,000 trials of 120 steps would take"),
    ],
)
def test_sizes_are_looked_at_before_anything_is_made(change, message):
    model = dataclasses.replace(MODEL, initializer=rc.Orthogonal(), **change.get("model", {}))
    rule = dataclasses.replace(RULE, **change.get("rule", {}))
    with pytest.raises(ValueError, match=message):
        rc.train(TASK, model, rule, networks=change.get("networks", 1), seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((MODEL, TASK, RULE), r"task is a RateRNN; expected a Task. The order is train\(task, model, rule\)"),
        ((TASK, RULE, MODEL), "model is a BPTT; expected a Model"),
        ((TASK, MODEL, "bptt"), "rule is 'bptt'; expected a LearningRule"),
        ((rc.FlipFlop, MODEL, RULE), r"task is the class FlipFlop; expected an instance of it: FlipFlop\(\)"),
    ],
)
def test_arguments_of_train_in_a_wrong_place(arguments, message):
    with pytest.raises(TypeError, match=message):
        rc.train(*arguments, networks=1, seed=0)


def test_an_optimizer_by_name_and_a_name_that_is_none():
    with pytest.raises(TypeError, match=r"optimizer is 'adam'; expected an Optimizer such as Adam\(\)"):
        rc.BPTT(optimizer="adam")
    with pytest.raises(AttributeError, match=r"recurra has no 'FlipFlp'; did you mean 'FlipFlop'?"):
        rc.FlipFlp  # noqa: B018
