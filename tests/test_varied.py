"""Numbers of its own for every network of a cohort: the bits that it has alone with them, storage, tables, errors."""

import dataclasses
import json
import tomllib

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import RunSpec, to_spec
from recurra.storage.run_folder import RunFolder
from recurra.training import Training

TASK = rc.FlipFlop(bits=1, length_ms=120.0)
MODEL = rc.RateRNN(units=8, tau_ms=1.0, recurrent_noise=0.01, initializer=rc.Identity(0.9))
RULE = rc.BPTT(
    steps=6,
    batch=4,
    trials=rc.FreshTrials(3),
    validation_trials=8,
    penalties=(rc.L2("recurrent", 0.1),),
    rate_penalty=0.1,
)
VARY = {
    "training.learning_rate": [1e-3, 1e-2, 1e-1],
    "training.penalties.0.strength": [0.1, 0.2, 5.0],
    "training.optimizer.beta1": [0.5, 0.9, 0.8],
    "training.rate_penalty": [0.1, 0.0, 0.1],
    "model.initializer.gain": [0.2, 0.9, 1.1],
    "model.recurrent_noise": [0.0, 0.1, 0.0],
}


def alone(number: int, engine: str, seed: int) -> rc.Cohort:
    """Network `number` trained without the others, by a model and a rule with its numbers."""
    own = {key: values[number] for key, values in VARY.items()}
    model = dataclasses.replace(
        MODEL,
        initializer=rc.Identity(own["model.initializer.gain"]),
        recurrent_noise=own["model.recurrent_noise"],
    )
    rule = dataclasses.replace(
        RULE,
        learning_rate=own["training.learning_rate"],
        penalties=(rc.L2("recurrent", own["training.penalties.0.strength"]),),
        optimizer=rc.Adam(beta1=own["training.optimizer.beta1"]),
        rate_penalty=own["training.rate_penalty"],
    )
    return rc.train(TASK, model, rule, networks=[number], seed=seed, engine=engine)


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["auto", pytest.param("portable", marks=pytest.mark.slow)])
def test_each_network_is_that_of_its_numbers(engine, seed):
    cohort = rc.train(TASK, MODEL, RULE, networks=3, seed=seed, engine=engine, vary=VARY)
    for number in (1, 2):
        expected = alone(number, engine, seed)
        for a, b in zip(*map(jax.tree.leaves, (cohort.weights, expected.weights)), strict=True):
            np.testing.assert_array_equal(a[number], b[0])
        for name in ("loss", "validation_loss", "success"):
            np.testing.assert_array_equal(getattr(cohort.history, name)[number], getattr(expected.history, name)[0])


def test_one_program_trains_what_differs_in_its_numbers_alone():
    vary = {
        key: VARY[key] for key in ("training.learning_rate", "training.penalties.0.strength", "model.initializer.gain")
    }
    assert Training(TASK, MODEL, RULE, range(3), 0, "native", vary).members.parts(True) == [(0, 1, 2)]
    assert Training(TASK, MODEL, RULE, range(3), 0, "native", VARY).members.parts(True) == [(0, 2), (1,)]


@pytest.mark.thorough
def test_stopping_and_divergence_of_its_own(seed):
    rule = dataclasses.replace(RULE, stop=rc.SuccessAbove(0.0))
    cohort = rc.train(TASK, MODEL, rule, networks=2, seed=seed, vary={"training.stop.bound": [0.0, 1.0]})
    assert [status.name for status in cohort.status] == ["reached", "missed"]
    cohort = rc.train(TASK, MODEL, RULE, networks=2, seed=seed, vary={"training.divergence": [1e-6, 1e6]})
    assert [status.name for status in cohort.status] == ["diverged", "finished"]


@pytest.mark.thorough
def test_in_files_and_tables(tmp_path, seed):
    """Saved, read and resumed with the values; TOML has the keys with or without quotes."""
    vary = {key: VARY[key] for key in ("training.learning_rate", "model.initializer.gain")}
    cohort = rc.train(TASK, MODEL, RULE, networks=3, seed=seed, vary=vary)
    cohort.save(tmp_path / "run")
    again = rc.load(tmp_path / "run")
    assert again == cohort
    stored = dict(json.loads((tmp_path / "run" / "run.json").read_text())["spec"]["vary"])
    assert stored["training.learning_rate"] == [1e-3, 1e-2, 1e-1]
    table = cohort.to_dataframe()
    assert table["model.initializer.gain"].tolist() == [0.2, 0.9, 1.1]
    assert cohort[[2]].own_numbers(0)["training.learning_rate"] == 0.1
    text = (
        'task = "xor"\nnetworks = 2\n[vary]\n"training.learning_rate" = [0.1, 1]\nmodel.initializer.gain = [1.0, 2.0]\n'
    )
    spec = to_spec(tomllib.loads(text))
    assert spec.vary == (("training.learning_rate", (0.1, 1.0)), ("model.initializer.gain", (1.0, 2.0)))
    assert to_spec(spec.table()) == spec


class StopsAfterAnEpoch(SilentProgress):
    """Ends the work at the end of the first epoch."""

    def epoch(self, training, state):
        if state.epoch == 1:
            raise KeyboardInterrupt


def test_resumed_to_the_same_bits(tmp_path, seed):
    spec = RunSpec(TASK, "run", 3, seed, MODEL, RULE, vary=VARY)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        start_run(spec, tmp_path / "run", False, StopsAfterAnEpoch())
    resume_run(RunFolder.open(tmp_path / "run"), spec, SilentProgress())
    assert rc.load(tmp_path / "run") == rc.train(TASK, MODEL, RULE, networks=3, seed=seed, vary=VARY)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ({"training.learning_rate": [0.1]}, "training.learning_rate has 1 values; network 1 needs one of its own"),
        (
            {"training.learning_rate": [0.1, -1]},
            "training.learning_rate: learning_rate is -1.0; expected a number above 0",
        ),
        ({"training.learning_rat": [0.1, 1]}, "unknown key training.learning_rat; did you mean 'learning_rate'"),
        ({"training.penalties.1.strength": [1, 2]}, "training.penalties.1.strength: there are 1 entries"),
        ({"training.steps": [5, 6]}, "training.steps cannot vary within a cohort: .* use rc.sweep"),
        ({"model.units": [5, 6]}, "model.units cannot vary within a cohort"),
        ({"model.tau_ms": [1, 6]}, "model.tau_ms cannot vary within a cohort, whose networks have the same equations"),
        ({"task.length_ms": [120.0, 350.0]}, "task.length_ms gives inputs of shape .* have trials of the same shapes"),
        ({"task.dt_ms": [1.0, 2.0]}, "task.dt_ms changes dt_ms, the time step of the networks"),
        ({"task.bits": [1, 2]}, "task.bits cannot vary within a cohort: it is no number"),
        ({"task.input_noise": [0.1, -0.2]}, "task.input_noise: input_noise is -0.2"),
        ({"task.pulses.first_onset_ms": [1, 2]}, "task.pulses.first_onset_ms cannot vary within a cohort"),
        ({"task.pulses.first_onset_ms.2": [1, 2]}, "task.pulses.first_onset_ms.2: there are 2 entries"),
        ({"training": [0.1, 0.2]}, "'training' cannot vary within a cohort; expected a key such as"),
        ({"task.": [0.1, 0.2]}, "'task.' cannot vary within a cohort; expected a key such as"),
        ({"noise.gain": [0.1, 0.2]}, "'noise.gain' cannot vary within a cohort; expected a key such as"),
        ({"gain": [0.1, 0.2]}, "'gain' cannot vary within a cohort; expected a key such as training.learning_rate"),
    ],
)
def test_what_cannot_vary(vary, message):
    with pytest.raises(ValueError, match=message):
        Training(TASK, MODEL, RULE, range(2), 0, "native", vary)
    with pytest.raises(ValueError, match=message):
        to_spec(
            {
                "task": "flipflop",
                "networks": 2,
                "training": {"penalties": [{"kind": "l2", "array": "recurrent", "strength": 1.0}]},
                "vary": vary,
            }
        )


def test_the_rule_of_each_network_looks_at_the_task():
    rule = rc.Ridge(steps=1, batch=2, validation_trials=2)
    with pytest.raises(ValueError, match=r"washout_ms is 5000, and a trial has .* nothing is left to learn from"):
        Training(TASK, MODEL, rule, range(2), 0, "auto", {"training.washout_ms": [0.0, 5000.0]})


def test_the_engine_computes_what_any_network_needs():
    training = Training(TASK, MODEL, RULE, range(2), 0, "auto", {"training.unit_dropout": [0.0, 0.2]})
    assert training.used_engine.keeps_states
    assert training.advance(training.start()).epoch == 1
    with pytest.raises(ValueError, match="the native engine has no unit dropout"):
        Training(TASK, MODEL, RULE, range(2), 0, "native", {"training.unit_dropout": [0.0, 0.2]})


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["auto", pytest.param("portable", marks=pytest.mark.slow)])
def test_each_network_learns_its_own_task(engine, seed):
    """Networks 0 and 2 have the same task, and network 1 another: each has the bits that it has alone."""
    vary = {"task.input_noise": [0.1, 0.5, 0.1], "task.pulses.first_onset_ms.1": [99.0, 20.0, 99.0]}
    cohort = rc.train(TASK, MODEL, RULE, networks=3, seed=seed, engine=engine, vary=vary)
    noisy = dataclasses.replace(TASK, input_noise=0.5, pulses=rc.ScheduledPulses(first_onset_ms=(10.0, 20.0)))
    for number, task in enumerate((TASK, noisy, TASK)):
        expected = rc.train(task, MODEL, RULE, networks=[number], seed=seed, engine=engine)
        for a, b in zip(*map(jax.tree.leaves, (cohort.weights, expected.weights)), strict=True):
            np.testing.assert_array_equal(a[number], b[0])
        np.testing.assert_array_equal(cohort.history.validation_loss[number], expected.history.validation_loss[0])
    assert cohort.task == TASK


@pytest.mark.slow
def test_each_network_goes_through_a_curriculum_of_its_own_task(seed):
    rule = dataclasses.replace(RULE, curriculum=rc.Curriculum({"response_delay_ms": (5.0,)}, rc.LossBelow(1e9)))
    vary = {"task.input_noise": [0.1, 0.5]}
    cohort = rc.train(TASK, MODEL, rule, networks=2, seed=seed, vary=vary)
    alone = rc.train(dataclasses.replace(TASK, input_noise=0.5), MODEL, rule, networks=[1], seed=seed)
    assert np.asarray(cohort.history.stages_left).tolist() == [[1, 0], [1, 0]]
    np.testing.assert_array_equal(cohort.weights.recurrent[1], alone.weights.recurrent[0])
