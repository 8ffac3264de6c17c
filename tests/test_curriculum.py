"""Curricula: stages of a task, the moves of each network by itself, storage, resumption, words, drawings, errors."""

import dataclasses
import tomllib
from functools import cache

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.models.cohort import History
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import RunSpec, to_spec
from recurra.storage.run_folder import RunFolder
from recurra.streams import Stream, random_key
from recurra.training import Training
from recurra.training.stopping import Stop

TASK = rc.PulseMemory(length_ms=120.0, delay_ms=40.0)
MODEL = rc.RateRNN(units=8)
CURRICULUM = rc.Curriculum({"delay_ms": (10.0, 20.0)}, until=rc.LossBelow(1e6))
RULE = rc.BPTT(steps=8, batch=4, trials=rc.FreshTrials(2), validation_trials=8, curriculum=CURRICULUM)


@dataclasses.dataclass(frozen=True)
class AtHalf(Stop):
    """Met where the success is at least a half: by some networks before others."""

    def reached(self, loss, success):
        return success >= 0.5


def left_of(cohort: rc.Cohort) -> np.ndarray:
    """The stages left, which a training with a curriculum has."""
    assert cohort.history.stages_left is not None
    return cohort.history.stages_left


def same(first, second) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True))


def test_the_task_itself_is_the_last_stage():
    tasks = CURRICULUM.tasks(TASK)
    assert [task.delay_ms for task in tasks] == [10.0, 20.0, 40.0]
    assert tasks[-1] is TASK
    assert len(CURRICULUM) == 3
    flipflop = rc.FlipFlop(bits=1, pulses=rc.PoissonPulses())
    easier = rc.Curriculum({"pulses.rate_hz": (5.0,), "input_noise": (0.0,)}).tasks(flipflop)[0]
    assert (easier.pulses.rate_hz, easier.input_noise) == (5.0, 0.0)
    coherences = rc.Curriculum({"coherences": [[51.2], [25.6, 51.2]]}).tasks(rc.PerceptualDecision())
    assert [task.coherences for task in coherences[:2]] == [(51.2,), (25.6, 51.2)]


def test_stages_from_arrays():
    """They are the numbers in them, whole ones too, also where one stage has several."""
    assert rc.Curriculum({"delay_ms": np.array([10.0, 20.0])}, rc.LossBelow(1e6)) == CURRICULUM
    assert repr(rc.Curriculum({"bits": np.array([1, 2])}).pairs) == "(('bits', (1, 2)),)"
    assert rc.Curriculum({"coherences": [np.array([51.2]), [25.6]]}).pairs == (("coherences", ((51.2,), (25.6,))),)


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["native", pytest.param("portable", marks=pytest.mark.slow), "batched"])
def test_stages_follow_each_other(engine, seed):
    """A bound that is always met: one epoch a stage, on the trials of the stage, then the task to the end."""
    told = []
    cohort = rc.train(TASK, MODEL, RULE, networks=2, seed=seed, engine=engine, callback=told.append)
    np.testing.assert_array_equal(left_of(cohort), [[2, 1, 0, 0]] * 2)
    np.testing.assert_array_equal(np.transpose([epoch.stages_left for epoch in told]), left_of(cohort))
    first = rc.train(CURRICULUM.tasks(TASK)[0], MODEL, without(RULE), networks=2, seed=seed, engine=engine)
    np.testing.assert_array_equal(cohort.history.loss[:, 0], first.history.loss[:, 0])
    np.testing.assert_array_equal(cohort.history.success[:, 0], first.history.success[:, 0])
    second = Training(TASK, MODEL, RULE, range(2), seed, engine)
    state = second.advance(second.advance(second.start()))
    trials = CURRICULUM.tasks(TASK)[1].sample(random_key(seed, Stream.validation), 8)
    outputs = second.used_engine.respond(second.dynamics, state.learner.weights, trials.inputs)
    error = np.mean((np.asarray(outputs) - trials.targets)[:, np.asarray(trials.mask)] ** 2, axis=1)
    np.testing.assert_allclose(state.history.validation_loss[:, 1], error, rtol=1e-5)


def without(rule):
    return dataclasses.replace(rule, curriculum=None)


def test_a_bound_that_is_never_met_and_one_that_is_met_at_once(seed):
    never = dataclasses.replace(RULE, curriculum=rc.Curriculum({"delay_ms": (10.0,)}, rc.LossBelow(1e-9)))
    stuck = rc.train(TASK, MODEL, never, networks=1, seed=seed)
    first = rc.train(dataclasses.replace(TASK, delay_ms=10.0), MODEL, without(RULE), networks=1, seed=seed)
    assert same(stuck.weights, first.weights)
    assert left_of(stuck).tolist() == [[1, 1, 1, 1]]
    assert np.isnan(stuck.history.on_task(stuck.history.success)).all()


@pytest.mark.thorough
def test_the_criterion_counts_in_the_last_stage_alone(seed):
    rule = dataclasses.replace(RULE, stop=rc.LossBelow(1e6))
    cohort = rc.train(TASK, MODEL, rule, networks=2, seed=seed)
    assert [status.name for status in cohort.status] == ["reached", "reached"]
    assert len(cohort.history.step) == 3
    assert cohort.to_dataframe()["stages_left"].tolist() == [0, 0]


@cache
def some_move(seed) -> tuple[rc.BPTT, rc.Cohort]:
    """A bound between the losses of three networks after an epoch, so that they go through stages apart."""
    losses = rc.train(TASK, MODEL, RULE, networks=3, seed=seed).history.validation_loss[:, 0]
    middle = float(np.sort(losses)[:2].mean())
    rule = dataclasses.replace(RULE, curriculum=rc.Curriculum({"delay_ms": (10.0, 20.0)}, rc.LossBelow(middle)))
    return rule, rc.train(TASK, MODEL, rule, networks=3, seed=seed)


@pytest.mark.thorough
def test_each_network_moves_by_itself(seed):
    rule, cohort = some_move(seed)
    left = left_of(cohort)
    assert sorted(left[:, 1].tolist()) == [1, 2, 2]
    for number in range(3):
        alone = rc.train(TASK, MODEL, rule, networks=[number], seed=seed)
        assert same(alone.weights, cohort[[number]].weights)
        np.testing.assert_array_equal(left_of(alone)[0], left[number])


@pytest.mark.thorough
def test_batched_networks_in_different_stages(seed):
    rule, native = some_move(seed)
    batched = rc.train(TASK, MODEL, rule, networks=3, seed=seed, engine="batched")
    np.testing.assert_array_equal(left_of(batched)[:, :2], left_of(native)[:, :2])
    np.testing.assert_allclose(batched.history.loss[:, :2], native.history.loss[:, :2], rtol=1e-4)


def test_bounds_of_its_own(seed):
    vary = {"training.curriculum.until.bound": [1e-9, 1e6]}
    cohort = rc.train(TASK, MODEL, RULE, networks=2, seed=seed, vary=vary)
    assert left_of(cohort)[:, -1].tolist() == [2, 0]


class StopsAfter(SilentProgress):
    """Ends the work at the end of an epoch."""

    def __init__(self, epoch):
        self.last = epoch

    def epoch(self, training, state):
        if state.epoch == self.last:
            raise KeyboardInterrupt


@pytest.mark.thorough
@pytest.mark.parametrize("epoch", [1, 2])
def test_resumed_to_the_same_bits(tmp_path, epoch, seed):
    rule, cohort = some_move(seed)
    spec = RunSpec(TASK, "run", 3, seed, MODEL, rule)
    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "run", False, StopsAfter(epoch))
    resume_run(RunFolder.open(tmp_path / "run"), spec, SilentProgress())
    assert rc.load(tmp_path / "run") == cohort


@pytest.mark.thorough
@pytest.mark.parametrize(
    "rule",
    [
        rc.OnlineRidge(steps=4, validation_trials=4, trials=rc.FreshTrials(2), curriculum=CURRICULUM),
        rc.FullFORCE(steps=4, validation_trials=4, trials=rc.FreshTrials(2), curriculum=CURRICULUM),
    ],
    ids=["online ridge", "full FORCE"],
)
def test_other_rules(rule, seed):
    cohort = rc.train(TASK, rc.RateRNN(units=5, recurrent_bias=True), rule, networks=1, seed=seed)
    assert left_of(cohort).tolist() == [[2, 1]]


def test_fixed_trials_are_drawn_for_every_stage(seed):
    rule = dataclasses.replace(RULE, trials=rc.FixedTrials(8), steps=6)
    cohort = rc.train(TASK, MODEL, rule, networks=2, seed=seed)
    assert left_of(cohort).tolist() == [[2, 1, 0]] * 2


def test_in_a_spec_and_in_files(tmp_path, seed):
    text = """
        task = { kind = "pulse", length_ms = 120.0, delay_ms = 40.0 }
        [training]
        steps = 20
        [training.curriculum]
        stages = { delay_ms = [10, 20], input_noise = [0.0, 0.05] }
        until = { kind = "loss", bound = 0.01 }
    """
    spec = to_spec(tomllib.loads(text))
    assert spec.training.curriculum == rc.Curriculum(
        {"delay_ms": (10, 20), "input_noise": (0.0, 0.05)}, rc.LossBelow(0.01)
    )
    assert to_spec(spec.table()) == spec
    assert {"elman1993", "bengio2009"} <= set(spec.sources())
    cohort = some_move(seed)[1]
    cohort.save(tmp_path / "run")
    assert rc.load(tmp_path / "run") == cohort
    assert left_of(cohort[[2]]).shape == (1, 4)


def test_joined_histories(seed):
    _, cohort = some_move(seed)
    joined = History.joined([cohort[[0]].history, cohort[[1, 2]].history])
    assert same(joined, cohort.history)


def test_words_and_drawings(seed):
    _, cohort = some_move(seed)
    sentence = cohort.rule.curriculum.sentence()
    assert "3 stages (1: delay_ms 10; 2: delay_ms 20; 3: the task itself)" in sentence
    assert "stages left" in str(cohort)
    for what in ("loss", "success"):
        axes = rc.plot(cohort, what)
        moves = sum(len(line.get_xdata()) for line in axes.get_lines() if line.get_marker() == "^")
        assert moves == int((np.diff(left_of(cohort)) < 0).sum()) > 0


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            {"length_ms": (110.0,)},
            r"stage 1 .*length_ms 110\) gives inputs of shape \(110, 1\), and the task \(120, 1\)",
        ),
        ({"dt_ms": (2.0,)}, "changes dt_ms, the time step of the networks"),
        ({"delay": (2.0,)}, "unknown key delay; did you mean 'delay_ms'"),
        ({"delay_ms": (20.0, 40.0)}, r"stage 2 .*\(delay_ms 40\) is the task itself, which follows by itself; leave"),
        ({"delay_ms": (20.0, 20.0)}, "stage 1 .* is stage 2; leave it out"),
        ({"delay_ms": (-20.0,)}, "delay_ms"),
        ({"delay_ms": ("long",)}, "delay_ms"),
        ({"rule.tolerance.low": (1.0,)}, "rule.tolerance.low"),
    ],
)
def test_stages_that_a_task_cannot_have(stages, message):
    rule = dataclasses.replace(RULE, curriculum=rc.Curriculum(stages))
    with pytest.raises(ValueError, match=message):
        rc.train(TASK, MODEL, rule, networks=1, seed=0)
    with pytest.raises(ValueError, match=message):
        RunSpec(TASK, training=rule)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.Curriculum({}), "stages is empty"),
        (lambda: rc.Curriculum({"delay_ms": ()}), "stages has no value of delay_ms"),
        (lambda: rc.Curriculum({"delay_ms": (1.0,), "chance": (0.1, 0.2)}), "1 values of delay_ms and 2 of chance"),
        (lambda: rc.Curriculum({"delay_ms": "long"}), "expected the values of a parameter, one for each stage"),
        (lambda: rc.Curriculum({"delay_ms": 20.0}), "expected the values of a parameter, one for each stage"),
        (
            lambda: rc.Curriculum([("delay_ms",)]),
            r"stages has \('delay_ms',\); expected a name and its values, such as",
        ),
        (lambda: rc.Curriculum([1]), "stages has 1; expected a name and its values, such as"),
        (lambda: rc.Curriculum(["ab"]), "stages has 'ab'; expected a name and its values, such as"),
        (lambda: rc.Curriculum({"delay_ms": b"ab"}), "expected the values of a parameter, one for each stage"),
        (
            lambda: rc.Curriculum({"delay_ms": np.ones((2, 1))}),
            r"stages\['delay_ms'\] has shape \(2, 1\); expected \(stage\)",
        ),
        (lambda: rc.Curriculum({"delay_ms": np.array([1j])}), r"stages\['delay_ms'\] has the type complex128"),
        (lambda: rc.Curriculum("delay_ms"), "stages is 'delay_ms'; expected values of parameters by name"),
        (lambda: rc.Curriculum({"delay_ms": (1.0,)}, rc.Never()), r"until is Never\(\); expected a bound such as"),
        (lambda: rc.Curriculum({"delay_ms": (1.0,)}, 0.9), "until is 0.9; expected a bound such as"),
        (lambda: rc.BPTT(curriculum=0.9), r"curriculum is 0.9; expected a Curriculum such as"),
        (lambda: rc.Ridge(curriculum=CURRICULUM), "Ridge fits the trials of all steps at once"),
    ],
)
def test_bad_curricula(make, message):
    with pytest.raises((TypeError, ValueError), match=message) as error:
        make()
    assert "\n" not in str(error.value)
