"""The tasks whose answer is a direction: what each asks for, by hand; timings; the rule of success."""

from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import recurra as rc
from recurra.runs.spec import RunSpec, read_table, to_spec
from recurra.tasks.direction_designs import DESIGNS, FIFTEEN
from recurra.tasks.direction_rule import direction_vectors
from recurra.tasks.trials import Trials
from recurra.testing import check_task

QUIET = {"input_noise": 0.0}
PREFERRED = np.arange(32) * 11.25


def middle(task, condition=0, **chances):
    """The noiseless trial of a condition; random quantities are in the middle of their range, or as given."""
    chance = np.full(16, 0.5, np.float32)
    for number, value in chances.items():
        chance[int(number[1:])] = value
    trial = task.render(jnp.int32(condition), jnp.asarray(chance))
    return jax.tree.map(np.asarray, trial)


def bump(direction):
    apart = np.abs((PREFERRED - direction + 180) % 360 - 180)
    return 0.8 * np.exp(-((apart / 22.5) ** 2) / 2)


@cache
def trial_of(name, condition=0):
    return middle(rc.YangTask(name), condition)


def spans(signal):
    """Where a signal changes, in ms."""
    return (np.flatnonzero(np.diff(signal)) + 1) * 20


# name, end of the fixation input, go signal, end, right direction (the condition is the first: at 0°, or 18°)
TIMES = {
    "fdgo": (1500, 1500, 2000, 0),
    "reactgo": (2000, 1500, 2000, 0),
    "delaygo": (1700, 1700, 2200, 0),
    "fdanti": (1500, 1500, 2000, 180),
    "reactanti": (2000, 1500, 2000, 180),
    "delayanti": (1700, 1700, 2200, 180),
    "dm1": (1040, 1040, 1540, 0),
    "contextdm2": (1040, 1040, 1540, 0),
    "multidm": (1040, 1040, 1540, 0),
    "delaydm2": (2200, 2200, 2700, 0),
    "contextdelaydm1": (2200, 2200, 2700, 0),
    "multidelaydm": (2200, 2200, 2700, 0),
    "dmsgo": (2100, 1600, 2100, 0),
    "dmsnogo": (2100, 1600, 2100, None),
    "dmcgo": (2000, 1600, 2000, 90),
    "dmcnogo": (2000, 1600, 2000, None),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_targets_and_mask(name):
    fixation_end, go, end, direction = TIMES[name]
    trial = trial_of(name)
    assert spans(trial.inputs[:, 0]).tolist() == [fixation_end]
    weights = np.zeros(len(trial.inputs))
    weights[5 : go // 20] = 1
    weights[go // 20 + 5 : end // 20] = 5
    np.testing.assert_array_equal(trial.mask[:, 0], 2 * weights)
    np.testing.assert_array_equal(trial.mask[:, 1:], np.repeat(weights[:, None], 32, axis=1))
    answer = slice(go // 20, end // 20)
    np.testing.assert_allclose(trial.targets[: go // 20], [[0.85] + [0.05] * 32] * (go // 20), atol=1e-6)
    if direction is None:
        np.testing.assert_allclose(trial.targets[answer], [[0.85] + [0.05] * 32] * ((end - go) // 20), atol=1e-6)
    else:
        np.testing.assert_allclose(trial.targets[answer, 0], 0.05, atol=1e-6)
        np.testing.assert_allclose(trial.targets[go // 20, 1:], 0.05 + bump(direction), atol=1e-5)


def test_stimuli_of_go_and_of_decisions():
    first = middle(rc.YangTask("fdgo"), 2 * 2 + 1)  # at 90°, in modality 2
    np.testing.assert_allclose(first.inputs[30, 33:], bump(90), atol=1e-5)
    assert not first.inputs[:, 1:33].any()
    assert spans(first.inputs[:, 33 + 8]).tolist() == [500, 2000]
    weaker = trial_of("dm1", 1)  # the first stimulus is the weaker one, at 180° is the other
    np.testing.assert_allclose(weaker.inputs[30, 1:33], 0.96 * bump(0) + 1.04 * bump(180), atol=1e-5)
    np.testing.assert_allclose(weaker.targets[55, 1:], 0.05 + bump(180), atol=1e-5)
    context = trial_of("contextdm2", 1)  # stronger in the modality that counts, weaker in the other
    np.testing.assert_allclose(context.inputs[30, 33:], 1.04 * bump(0) + 0.96 * bump(180), atol=1e-5)
    np.testing.assert_allclose(context.inputs[30, 1:33], 0.96 * bump(0) + 1.04 * bump(180), atol=1e-5)
    later = trial_of("delaydm2")
    assert spans(later.inputs[:, 33] > 0.1).tolist() == [400, 800]
    assert spans(later.inputs[:, 33 + 16] > 0.1).tolist() == [1600, 2000]
    np.testing.assert_allclose(later.inputs[30, 33:], 1.16 * bump(0), atol=1e-5)
    np.testing.assert_allclose(later.inputs[90, 33:], 0.84 * bump(180), atol=1e-5)


def test_the_sum_of_both_modalities_counts():
    task = rc.YangTask("multidm")
    trial = middle(task, 1, c6=0.0, c7=0.999999)  # one contrast is -0.8, the other +0.8
    first, second = trial.inputs[30, 1], trial.inputs[30, 33]  # at 0°, little of the other stimulus
    np.testing.assert_allclose([first, second], [0.8 * 0.96 * 0.6, 0.8 * 0.96 * 1.4], atol=1e-5)
    first, second = trial.inputs[30, 17], trial.inputs[30, 49]
    np.testing.assert_allclose([first, second], [0.8 * 1.04 * 1.4, 0.8 * 1.04 * 0.6], atol=1e-5)
    np.testing.assert_allclose(trial.targets[55, 1:], 0.05 + bump(180), atol=1e-5)


def test_matches():
    same, other = (trial_of("dmsgo", condition) for condition in (2, 3))  # at 45°
    np.testing.assert_allclose(same.inputs[25, 33:], bump(45), atol=1e-5)
    np.testing.assert_allclose(same.inputs[85, 33:], bump(45), atol=1e-5)
    np.testing.assert_allclose(other.inputs[85, 33:], bump(225), atol=1e-5)
    assert other.targets[:, 0].min() == pytest.approx(0.85)
    np.testing.assert_allclose(trial_of("dmsnogo", 3).targets[85, 1:], 0.05 + bump(225), atol=1e-5)
    task = rc.YangTask("dmcgo")
    assert task.condition_names[-1] == "342 non-match"
    for condition, second in ((2, 18), (3, 198), (18, 198), (19, 18)):  # at 54° and at 342°
        trial = middle(task, condition, c1=0.0)
        np.testing.assert_allclose(trial.inputs[85, 33:], bump(second), atol=1e-5)
        assert trial.targets[:80, 0].min() == pytest.approx(0.85)
        assert (trial.targets[85, 0] < 0.1) == (condition % 2 == 0)


@pytest.mark.thorough
def test_the_fifteen():
    every = rc.fifteen_tasks()
    assert (every.inputs, every.outputs, every.names) == (20, 3, FIFTEEN)
    trial = middle(rc.DriscollTask("delayanti"), 2 * 2)  # at 90°, modality 1
    np.testing.assert_allclose(trial.inputs[50], [1, 0, 1, 0, 0], atol=1e-6)
    assert spans(trial.inputs[:, 2]).tolist() == [500, 1400]
    np.testing.assert_allclose(trial.targets[(500 + 900 + 900) // 20], [0, 0, -1], atol=1e-6)
    np.testing.assert_allclose(trial.targets[0], [0.8, 0, 0], atol=1e-6)
    assert trial.mask.shape[1] == 3
    category = middle(rc.DriscollTask("dmcgo", directions=4), 4, c0=0.9)  # 180 to 270°, at nine tenths of it
    np.testing.assert_allclose(np.degrees(np.arctan2(*category.inputs[40, [4, 3]])), 261 - 360, atol=1e-3)


@pytest.mark.thorough
def test_the_twenty():
    every = rc.twenty_tasks()
    assert (every.inputs, every.outputs, every.steps, every.unit_tau_ms) == (85, 33, 210, 100.0)
    assert every.names == tuple(DESIGNS)
    assert [name for name, share in zip(every.names, every.shares, strict=True) if share == 5] == [
        "contextdm1",
        "contextdm2",
    ]
    spec = to_spec(read_table("twenty-tasks"))
    assert spec.task == every
    assert (spec.model.units, spec.model.activation, spec.model.tau_ms) == (256, "softplus", 100.0)
    assert spec.task.sources == ("yang2019",)
    alone = RunSpec(rc.YangTask("dm1", directions=4))
    assert to_spec(alone.table()) == alone


@pytest.mark.thorough
def test_random_trials(seed):
    """Drawn trials: times and strengths in their ranges, the right direction, a success by their targets."""
    task = replace(rc.YangTask("delaydm1"), **QUIET)
    trials = jax.tree.map(np.asarray, task.sample(seed, trials=200))
    assert trials.inputs.shape == (200, 210, 65)
    assert np.asarray(task.success(trials.targets, trials)).all()
    ends = (trials.inputs[:, :, 0] > 0).sum(axis=1) * 20
    assert (ends >= 200 + 200 + 200 + 200 + 100).all()
    assert (ends <= 600 + 600 + 1600 + 600 + 300).all()
    assert len(set(ends.tolist())) > 20
    peaks = trials.inputs[:, :, 1:33].max(axis=2)
    on = peaks > 0
    starts = (on[:, 1:] & ~on[:, :-1]).sum(axis=1)
    assert (starts == 2).all()
    first, last = peaks.argmax(axis=1), [np.flatnonzero(row)[-1] for row in on]
    stronger = trials.inputs[np.arange(200), first, 1:33]
    said = direction_vectors(trials.targets[np.arange(200), ends // 20])
    angle = np.arctan2(*np.asarray(said).T[::-1])
    shown = direction_vectors(np.concatenate([np.zeros((200, 1)), stronger], axis=1))
    apart = np.angle(np.exp(1j * (angle - np.arctan2(*np.asarray(shown).T[::-1]))))
    assert np.abs(apart).max() < 0.02
    second = trials.inputs[np.arange(200), last, 1:33].max(axis=1)
    assert (second > 0.8 * 0.45 * 0.9).all()
    assert (second < 0.8 * 1.55).all()


def rows(*targets):
    """Trials of three steps and three outputs, of which the last two count."""
    array = np.array(targets, np.float32)
    mask = np.ones_like(array)
    mask[:, 0] = 0
    return Trials(array, array, mask, np.zeros(len(array), np.int32), ("all",), (), 1.0)


def test_direction_rule():
    go, stay = [[0.8, 0, 0]] * 2 + [[0.0, 1, 0]], [[0.8, 0, 0]] * 3
    trials = rows(go, stay)
    rule = rc.DirectionRule()

    def judged(*last):
        outputs = np.array(trials.targets)
        outputs[:, -1] = last
        return np.asarray(rule.success(outputs, trials)).tolist()

    within, beyond = (np.radians(angle) for angle in (35, 37))
    assert judged([0.4, 0.1 * np.cos(within), -0.1 * np.sin(within)], [0.6, 1, 0]) == [True, True]
    assert judged([0.4, np.cos(beyond), np.sin(beyond)], [0.4, 0, 0]) == [False, False]
    assert judged([0.6, 1, 0], [0.8, 0, 0]) == [False, True]
    assert judged([0.0, 0, 0], [0.0, 0, 0]) == [False, False]  # silence
    assert np.asarray(rule.judged(trials)).all()
    earlier = replace(trials, mask=trials.mask * np.array([1, 1, 0], np.float32)[:, None])
    assert np.asarray(rule.success(np.array([stay, stay], np.float32), earlier)).tolist() == [True, True]
    ring = np.concatenate([np.zeros(1), 0.05 + bump(100)])
    np.testing.assert_allclose(np.degrees(np.arctan2(*np.asarray(direction_vectors(ring))[::-1])), 100, atol=0.1)


@pytest.mark.parametrize(("ring", "most"), [(8, 1.3), (32, 0.001)])
def test_the_target_points_in_the_right_direction(ring, most):
    task, angles = rc.YangTask(ring=ring), np.linspace(0, 2 * np.pi, 200, dtype=np.float32)
    answers = np.stack([np.append(0.05, task.answered(angle)) for angle in angles])
    said = np.asarray(direction_vectors(answers))
    apart = np.angle(np.exp(1j * (np.arctan2(said[:, 1], said[:, 0]) - angles)), deg=True)
    assert np.abs(apart).max() < most


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_conformance(name):
    check_task(rc.YangTask(name))
    if name in FIFTEEN:
        check_task(rc.DriscollTask(name))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rc.YangTask("dm3"), "unknown name 'dm3'; did you mean"),
        (lambda: rc.DriscollTask("dm1"), "unknown name 'dm1'"),
        (lambda: rc.DriscollTask("dmcgo", directions=5), "directions is 5; two categories of equal size need an even"),
        (lambda: rc.YangTask(directions=1), "directions is 1"),
        (lambda: rc.YangTask(ring=2), "ring is 2"),
        (lambda: rc.YangTask(ring=7), "^ring is 7; expected at least 8$"),
        (lambda: rc.twenty_tasks(ring=7), "^ring is 7; expected at least 8$"),
        (lambda: rc.YangTask(duration_factor=0.0), "duration_factor is 0"),
        (lambda: rc.YangTask("delaygo", duration_factor=0.01), "onset may be 3 ms, no step of dt_ms = 20; lower dt_ms"),
        *(
            (
                partial(make, name, duration_factor=1e9),
                "^with duration_factor 1e.09 the longest trial is .* ms, more than",
            )
            for make, name in ((rc.YangTask, "fdgo"), (rc.DriscollTask, "delaydm1"))
        ),
        (lambda: rc.YangTask(dt_ms=1e-9), "longest trial is 2700 ms, more than 2,147,483,647 steps of dt_ms = 1e-09"),
        (lambda: rc.YangTask(duration_factor=1e308), "^with duration_factor 1e.308 the longest trial is infinite"),
        (lambda: rc.DirectionRule(tolerance_deg=200.0), "tolerance_deg is 200"),
        (lambda: rc.DirectionRule(tolerance_deg="a"), "^tolerance_deg is 'a'; expected a number$"),
        (lambda: rc.DirectionRule(fixation=float("nan")), r"^fixation is not a number \(NaN\); expected a number$"),
        (lambda: rc.DirectionRule(fixation=float("inf")), "^fixation is infinite; expected a finite number$"),
        (lambda: rc.DirectionRule(fixation="a"), "^fixation is 'a'; expected a number$"),
        (lambda: rc.YangTask(rule=36), "rule is 36; expected a rule of success"),
    ],
)
def test_errors(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
