"""What counts as a success: in every task the target does, and nothing that a sensible reader calls wrong."""

import re
from dataclasses import replace
from functools import cache, partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from networks import network_of
from recurra.analysis.performance import Performance, performance
from recurra.cli.app import main
from recurra.cli.console import _nothing_learned
from recurra.tasks import TASKS, FlipFlop, FunctionTask, NearRule, SignRule, Trial
from recurra.tasks.base import gather
from recurra.tasks.rules import GLITCH_MS, SUCCESSFUL, longest_run

LATE = 0.1  # of the trial
LAX = {
    "pulse_go_nogo": {"late", "last step", "early"},  # the published criterion asks for a peak at any time
    "ready_set_go": {"offset below"},  # it asks when the output rises, and not how low it rests
}
NEVER = {"constant 1", "constant -1", "offset before", "offset below"}  # right in no trial


@partial(jax.jit, static_argnames="task")
def success(task, outputs, trials):
    return task.success(outputs, trials)


def shifted(targets, steps):
    """Later by so many steps; silence fills the gap."""
    moved = np.zeros_like(targets)
    if steps > 0:
        moved[:, steps:] = targets[:, :-steps]
    else:
        moved[:, :steps] = targets[:, -steps:]
    return moved


def before_the_answer(trials):
    """Where every target is still 0."""
    return ~np.maximum.accumulate(np.abs(trials.targets) > 0, axis=1)


def adversaries(trials):
    """Outputs that are wrong, by name."""
    targets, steps = trials.targets, round(LATE * trials.targets.shape[1])
    channels = np.arange(targets.shape[2])
    inputs = trials.inputs[:, :, channels % trials.inputs.shape[2]]
    last = np.arange(targets.shape[1])[:, None] >= targets.shape[1] - 1
    # the mask may end before the trial does
    last = last | (trials.mask & ~np.pad(trials.mask, ((0, 0), (0, 1), (0, 0)))[:, 1:])
    found = {f"constant {value:g}": np.full_like(targets, value) for value in (-1, -0.5, 0, 0.3, 0.5, 1)}
    found |= {
        "negated": -targets,
        "echo": inputs,
        "mean input": np.broadcast_to(trials.inputs.mean(axis=2, keepdims=True), targets.shape),
        "late": shifted(targets, steps),
        "last step": np.where(last, targets, 0),
        "too small": targets * np.float32(0.4),
    }
    if before_the_answer(trials)[:, 1:].any():  # the sine is asked for from the first step on
        found["offset before"] = targets + np.float32(0.6) * before_the_answer(trials)
        found["offset below"] = targets - np.float32(0.6) * before_the_answer(trials)
    if trials.mask.all():  # else the time before an answer is free
        found["early"] = shifted(targets, -steps)
    return found


@cache
def judged(name):
    """The share of successes on the probe, by adversary, and that of the target itself."""
    task = TASKS[name]()
    trials = jax.tree.map(np.asarray, task.probe())
    outputs = {"target": trials.targets, **adversaries(trials)}
    many = jax.tree.map(lambda array: np.concatenate([array] * len(outputs)), trials)
    good = np.asarray(success(task, np.concatenate(list(outputs.values())).astype(np.float32), many))
    return dict(zip(outputs, good.reshape(len(outputs), -1).mean(axis=1), strict=True))


@pytest.mark.parametrize(
    "name", [name if at % 4 == 0 else pytest.param(name, marks=pytest.mark.slow) for at, name in enumerate(TASKS)]
)
def test_only_the_target_is_a_success(name):
    found = judged(name)
    assert found.pop("target") == 1
    passed = {adversary: share for adversary, share in found.items() if share >= SUCCESSFUL}
    assert set(passed) == LAX.get(name, set())
    never = (
        NEVER & set(found) - set(passed) if name != "pulse_go_nogo" else set()
    )  # one height is right in half its trials
    assert {adversary: found[adversary] for adversary in never} == dict.fromkeys(never, 0)


@pytest.mark.slow
def test_silence_before_the_first_pulse_is_judged(seed):
    """The flip-flop's outputs may not be above 0.5 where no pulse has come."""
    task = FlipFlop()
    trials = jax.tree.map(np.asarray, task.sample(jax.random.key(seed), 50))
    silent = trials.targets == 0
    assert task.success(trials.targets, trials).all()
    for value in (0.6, -0.6, 0.4):
        assert not task.success(trials.targets + np.float32(value) * silent, trials).any()
    assert task.success(trials.targets + np.float32(0.2) * silent, trials).all()
    assert task.scored(trials)[silent].all()


def flat(*levels, mask=None, rule=None):
    """A task of one trial of 10 steps a level, and that trial."""
    targets = jnp.repeat(jnp.array(levels, jnp.float32), 10)[:, None]
    trial = Trial.of(jnp.zeros_like(targets), targets, mask)
    task = FunctionTask(draw=lambda _: trial, rule=rule or NearRule(settle_ms=0.0))
    return task, gather(task, jax.tree.map(lambda array: array[None], trial))


@pytest.mark.slow
def test_silence_before_the_answer_and_the_answer_are_judged_apart():
    """Neither is hidden by a long silence; the silence after the answer is judged with all silence."""
    for levels, wrong, passes in [
        ((0, 1, *[0] * 30), slice(0, 10), False),
        ((*[0] * 30, 1, 0), slice(300, 310), False),
        ((*[0] * 20, 1, 0), slice(210, 220), True),
        ((*[0] * 20, 1, 0, 0), slice(210, 230), False),
    ]:
        task, trials = flat(*levels)
        outputs = np.array(trials.targets)
        outputs[:, wrong] = np.where(outputs[:, wrong], 0, 0.7)
        assert task.success(trials.targets, trials).all()
        assert task.success(outputs, trials).all() == passes


@pytest.mark.parametrize(
    ("task", "false_ms"),
    [
        pytest.param(rc.PulseMemory(length_ms=300), 20, marks=pytest.mark.slow),
        pytest.param(rc.PulseMemory(length_ms=1_000), 20, marks=pytest.mark.slow),
        pytest.param(rc.PulseMemory(length_ms=5_000), 12, marks=pytest.mark.slow),
        (rc.GoNoGo(), 60),
        pytest.param(rc.GoNoGo(delay_ms=4_500), 200, marks=pytest.mark.slow),
        pytest.param(rc.Oscillation(), 30, marks=pytest.mark.slow),
        pytest.param(rc.Xor(), 15, marks=pytest.mark.slow),
        (rc.And(length_ms=3_000), 15),
    ],
    ids=str,
)
def test_an_answer_where_none_was_asked_is_no_success_however_long_the_trial(task, false_ms):
    """The target, and once in the silence an output of 1 for a while; what is short enough to be a glitch may pass."""
    trials = jax.tree.map(np.asarray, task.probe())
    silent = np.abs(trials.targets[..., 0]) <= task.rule.rest
    scored = np.asarray(task.scored(trials))[..., 0]
    steps, glitch = round(false_ms / task.dt_ms), max(round(GLITCH_MS / task.dt_ms), 1)
    checked = 0
    for length, passes in ((steps, False), (glitch, True)):
        outputs = trials.targets.copy()
        for at, row in enumerate(silent & scored):
            begins = [step for step in range(len(row) - length) if row[step : step + length].all()]
            if begins:
                begin = begins[len(begins) // 2]
                outputs[at, begin : begin + length] = 1.0
                checked += 1
        good = np.asarray(success(task, outputs.astype(np.float32), trials))
        changed = (outputs != trials.targets).any(axis=(1, 2))
        assert not good[changed].any() or passes
        assert good[~changed].all()
        if passes and silent.sum(axis=1).min() > 20 * glitch:
            assert good.all()
    assert checked > 1


@pytest.mark.parametrize("seed", range(5))
def test_longest_run(seed):
    flags = np.random.default_rng(seed).random((4, 30, 2)) < 0.6
    flags[0], flags[1] = True, False
    found = np.asarray(longest_run(jnp.asarray(flags)))
    for trial in range(4):
        for channel in range(2):
            runs = "".join("1" if flag else "0" for flag in flags[trial, :, channel]).split("0")
            assert found[trial, channel] == max(map(len, runs))


def test_a_target_at_rest_asks_for_silence():
    """With a base of 0.05 a silent network would be right nearly always."""
    for rule, passes in [(NearRule(0.0, rest=0.05), False), (NearRule(0.0), True)]:
        task, trials = flat(*[0.05] * 30, 0.7, rule=rule)
        assert bool(task.success(jnp.zeros_like(trials.targets), trials)[0]) == passes
        assert task.success(trials.targets, trials).all()


@pytest.mark.parametrize("kind", [NearRule, SignRule])
def test_bad_rule(kind):
    for change, message in [
        ({"tolerance": 0.0}, "tolerance is 0.0; expected a number above 0"),
        ({"rest": -1.0}, "rest is -1.0; expected 0 or a finite number above it"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind(**change)


def half_scored():
    """Every second trial is masked."""

    def draw(key):
        counts = jax.random.bernoulli(key)
        return Trial.of(jnp.zeros((20, 1)), jnp.ones((20, 1)), jnp.broadcast_to(counts, (20, 1)))

    return FunctionTask(draw=draw)


def constant(value):
    """A network that puts out one value throughout."""
    network = network_of(np.zeros((1, 1)))
    return replace(network, weights=replace(network.weights, output=np.zeros((1, 1)), output_bias=np.full(1, value)))


@pytest.mark.slow
def test_trials_without_a_judged_step_count_neither_way(seed):
    task = half_scored()
    trials = task.sample(jax.random.key(seed), 100)
    judged = int(trials.mask.any(axis=(1, 2)).sum())
    assert 0 < judged < 100
    good, bad = (performance(constant(value), task, trials=trials) for value in (1.0, 0.0))
    assert (good.success, good.judged, good.trials) == (1, judged, 100)
    assert (bad.success, bad.judged) == (0, judged)
    assert task.success_share(trials.targets, trials) == 1
    assert int(task.success(trials.targets, trials).sum()) == judged


def test_nothing_scored_is_no_success():
    task, trials = flat(1, mask=jnp.zeros((10, 1), bool))
    assert np.isnan(task.success_share(trials.targets, trials))
    found = performance(constant(1.0), task, trials=trials)
    assert np.isnan([found.success, found.success_low, found.mse, found.bit_accuracy, found.silent_mse]).all()
    assert found.contradiction == "nothing was scored: in none of 1 trials the task's rule judges a step"


def measured(**values):
    nothing = dict.fromkeys(("distance", "bit_accuracy", "success_low", "success_high"), 0.0)
    return Performance(**nothing, **{"trials": 10, "judged": 10, "silent_success": 0.1, **values})


@pytest.mark.parametrize(
    ("mse", "success", "silent_mse", "says"),
    [
        (0.7, 1.0, 0.6, "100.0% of the trials are a success, but the MSE, 0.7, is no better than that of a silent"),
        (0.6, 0.6, 0.6, "is no better than that of a silent network, 0.6, which has 10.0% success"),
        (0.006, 0.4, 0.6, "40.0% of the trials are a success, but the MSE, 0.006, is 1% of that of a silent network"),
        (0.59, 1.0, 0.6, ""),
        (0.7, 0.5, 0.6, ""),
        (0.0061, 0.4, 0.6, ""),
        (0.001, 1.0, 0.6, ""),
        (0.3, 0.0, 0.0, ""),
    ],
)
def test_a_contradiction_is_told(mse, success, silent_mse, says):
    found = measured(mse=mse, success=success, silent_mse=silent_mse).contradiction
    assert says in found
    assert bool(found) == bool(says)


def test_a_silent_network_contradicts_itself_on_rare_pulses(seed):
    """Of trials that nearly all ask for silence a silent network has nearly all right, with the error of silence."""
    task = rc.PulseMemory(chance=0.02)
    found = performance(constant(0.0), task, trials=task.sample(jax.random.key(seed), 400))
    assert found.success > 0.9
    assert found.mse == pytest.approx(found.silent_mse)
    assert found.success == found.silent_success
    assert "is no better than that of a silent network" in found.contradiction


@pytest.mark.thorough
def test_a_training_without_success_says_what_to_look_at(tmp_path, capsys):
    small = ("model.units=3", "training.steps=1", "training.batch=2", "training.validation_trials=4")
    settings = [word for setting in small for word in ("--set", setting)]
    assert main(["train", "flipflop", "--networks", "1", "--out", str(tmp_path / "run"), *settings]) == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "no trial is a success in any network" in told
    assert "recurra run TASK --show" in told


def test_what_to_look_at_names_only_what_there_is():
    """A task of one's own has no preset, a reservoir's ridge readout no learning rate."""
    ours, own = (
        _nothing_learned(SimpleNamespace(task=task, model=rc.RateRNN(), rule=rule))
        for task, rule in ((rc.And(), rc.BPTT()), (object(), rc.Ridge()))
    )
    assert "try another start or learning rate (model.initializer, training.learning_rate). The preset" in ours
    assert own.endswith("(training.steps); where it stays on a plateau, try another start (model.initializer).")


@pytest.mark.parametrize("task", TASKS.values())
def test_the_criterion_is_a_sentence_of_the_rule_that_judges(task):
    told = task().rule.criterion
    assert re.fullmatch(r"(A trial is a success if|Every trial is judged) [^\n]+\.", told)
    assert not re.search(r"inf|says so| 0 %", told), told


def test_a_rule_of_a_user_that_judges_whole_trials_is_named():
    class Always(rc.tasks.SuccessRule):
        def correct(self, outputs, trials):
            return trials.counts

        @partial(jax.jit, static_argnames="self")
        def success(self, outputs, trials):
            return trials.counts.any(axis=(1, 2))

    assert Always().criterion == "A trial is a success if Always says so."
