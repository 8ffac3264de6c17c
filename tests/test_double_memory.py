"""A rule whose memory is in float64 keeps its bits from step to step, from epoch to epoch, and in a checkpoint."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.numerics import pinned, unrounded
from recurra.storage.states import read_state, write_state
from recurra.testing import check_rule
from recurra.training import Training

THIRD = 1 / 3


@dataclass(frozen=True)
class Counting(rc.LearningRule):
    """A third for every step, added in float64, and a readout that moves by it."""

    def init(self, setup, weights):
        return rc.Learner(weights, jnp.zeros(weights.networks, jnp.int32), np.zeros(weights.networks))

    def step(self, setup, learner, active, trials):
        _, outputs = setup.engine.run(setup.dynamics, learner.weights, trials.inputs)
        loss = (outputs**2).mean(axis=(1, 2, 3))
        going = active & (loss <= setup.loss_bound)
        with pinned(double=True):
            memory = jnp.where(going, unrounded(learner.memory) + THIRD, learner.memory)
        bias = learner.weights.output_bias + jnp.where(going, 0.1, 0).astype(jnp.float32)[:, None]
        new = rc.Learner(replace(learner.weights, output_bias=bias), learner.step + going.astype(jnp.int32), memory)
        return new, going, jnp.where(going, loss, jnp.nan)


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["portable", "batched"])
def test_memory_in_float64_keeps_its_bits_from_epoch_to_epoch_and_in_a_checkpoint(engine, tmp_path):
    rule = Counting(steps=6, batch=2, trials=rc.FreshTrials(2), validation_trials=2)
    training = Training(rc.And(), rc.RateRNN(units=3), rule, range(2), 0, engine)
    state = training.start()
    for epoch in range(1, 4):
        state = training.advance(state)
        path = tmp_path / f"{epoch}.npz"
        state = read_state(path, write_state(path, state), epoch, training)
    known = np.float64(0)
    for _ in range(6):
        known += THIRD
    assert np.asarray(state.learner.memory).dtype == np.float64
    np.testing.assert_array_equal(state.learner.memory, [known, known])
    assert np.float32(known) != known


@pytest.mark.thorough
def test_a_rule_with_memory_in_float64_conforms():
    check_rule(Counting())


def test_float64_is_not_rounded_where_jax_computes_in_float32():
    with pinned():
        assert jnp.asarray(np.full(2, THIRD)).dtype == jnp.float32
        kept = unrounded(np.full(2, THIRD))
        assert isinstance(kept, jax.Array)
        np.testing.assert_array_equal(kept, np.full(2, THIRD))
