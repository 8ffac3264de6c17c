# ruff: noqa: ARG005 - the parameters are those of the methods that are replaced
"""The conformance checks pass all of recurra's own parts, and find what is wrong with broken ones, a line each."""

import itertools
import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import recurra as rc
from recurra.models import CONSTRAINTS, MODELS
from recurra.periods import Period
from recurra.tasks import TASKS
from recurra.testing import ConformanceError, check_constraint, check_model, check_rule, check_task
from recurra.training import LEARNING_RULES

QUICK = ("and",)
MADE = {
    "readout_scale": rc.ReadoutScale(0.5),
    "frozen": rc.Frozen(("input",)),
    "areas": rc.Areas((3, 2), ((1.0, 0.5), (0.5, 1.0))),
}
COUNT = itertools.count()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in TASKS]
)
def test_our_tasks_conform(name):
    check_task(TASKS[name]())


@pytest.mark.parametrize(
    "name", [name if name == "ugrnn" else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
@pytest.mark.slow
def test_our_models_conform(name):
    kind: Any = MODELS[name]
    check_model(kind(units=4))


@pytest.mark.slow
def test_a_noisy_model_of_the_current_form_conforms():
    check_model(rc.RateRNN(4, form="current", tau_ms=(2.0, 3.0, 4.0, 5.0), recurrent_noise=0.1, recurrent_bias=True))


@pytest.mark.parametrize(
    "name", [name if name == "dale" else pytest.param(name, marks=pytest.mark.slow) for name in CONSTRAINTS]
)
@pytest.mark.slow
def test_our_constraints_conform(name):
    check_constraint(MADE[name] if name in MADE else CONSTRAINTS[name]())


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", [name if name == "ridge" else pytest.param(name, marks=pytest.mark.slow) for name in LEARNING_RULES]
)
def test_our_rules_conform(name):
    check_rule(LEARNING_RULES[name](), model=rc.FeedbackRNN(units=8) if name == "force" else None)


def broken(base, fields=(), **members):
    """An instance of a class at the top of this module, with some members of its base replaced, and these fields."""
    made = type("Broken", (base,), {"__module__": __name__, **members})
    globals()["Broken"] = made
    return dataclass(frozen=True)(made)(**dict(fields))


def finding(check, part) -> str:
    """The only finding."""
    with pytest.raises(ConformanceError) as caught:
        check(part)
    (found,) = caught.value.findings
    assert str(caught.value) == f"{type(part).__name__} has 1 finding:\n- {found}"
    assert "\n" not in found
    return found


@dataclass(frozen=True)
class Sign(rc.OwnTask):
    """Say a sign."""

    conditions: tuple[str, ...] = ("down", "up")

    def trial(self, key):
        return self.made(jnp.where(up := jax.random.bernoulli(key), 1.0, -1.0), up)

    def made(self, value, up):
        return rc.Trial.of(jnp.full((12, 1), value), jnp.full((12, 1), value), condition=up)


def tail(self, key):
    up = (jax.random.key_data(key)[-1] % 2).astype(jnp.int32) * 0 + 1
    return self.made(1.0, up)


def with_step(task, dt_ms):
    """The task with a time step that its own checks have not seen."""
    object.__setattr__(task, "dt_ms", dt_ms)
    return task


def per_call(self):
    return replace(Sign().probe(), inputs=np.full((2, 12, 1), float(next(COUNT))))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda: Sign(conditions=["down", "up"]), "Sign has no hash .*numbers, texts and tuples"),
        (lambda: with_step(Sign(), 0.0), "dt_ms is 0.0; expected a number above 0"),
        (lambda: broken(Sign, trial=lambda self, key: None), "Broken.trial gives NoneType; expected a Trial"),
        (lambda: broken(Sign, periods=(Period("late", 5, 90),)), "the period 'late' is from 5 to 90 ms"),
        (lambda: broken(Sign, trial=lambda self, key: self.made(1.0, True)), "Broken.trial ignores its key"),
        (
            lambda: broken(Sign, made=lambda self, value, up: Sign().made(value, up.astype(jnp.int32) + 2)),
            "the condition is 2",
        ),
        (lambda: broken(Sign, probe=lambda self: Sign().probe().part([0])), r"Broken.probe has the conditions \[0\]"),
        (
            lambda: broken(Sign, trial=tail, probe=lambda self: Sign().probe()),
            "same 64 trials",
        ),
        (
            lambda: broken(Sign, made=lambda self, value, up: Sign().made(0.2 * value, up)),
            "output of 0 throughout is a",
        ),
        (lambda: broken(Sign, probe=per_call), "Broken.probe gives another set each time"),
    ],
)
def test_what_is_wrong_with_a_task(part, message):
    assert re.search(message, " ".join(found(check_task, part())))


def test_a_rule_of_success_by_which_the_right_answer_fails():
    class Strict(rc.NearRule.__base__):  # type: ignore[misc, name-defined]
        settle_ms, share, error_bound, tolerance, rest = 0.0, 0.95, 0.3, 0.5, 0.0

        def correct(self, outputs, trials):
            return jnp.zeros(outputs.shape, bool)

    assert "the targets themselves are no success in 64 of 64 trials" in "".join(found(check_task, Sign(rule=Strict())))


def found(check, part):
    with pytest.raises(ConformanceError) as caught:
        check(part)
    return caught.value.findings


@pytest.mark.slow
def test_a_mask_that_the_model_has_no_array_for():
    @dataclass(frozen=True)
    class NoBias(rc.Constraint):
        def start(self, key, weights):
            return replace(weights, recurrent_bias=jnp.zeros(5)) if "recurrent_bias" in weights.axes() else weights

        def apply(self, free, start):
            return OrderedDict(free, recurrent_bias=start.recurrent_bias) if "recurrent_bias" in free else free

    told = r"NoBias changes no weights of GRU, which are recurrent, input, .*reset_bias: any free parameters"
    assert any(re.match(told, finding) for finding in found(partial(check_constraint, model=rc.GRU(units=5)), NoBias()))
    assert not any("changes no weights" in finding for finding in found(check_constraint, NoBias()))


def test_each_of_many_tasks_is_checked():
    def unscored(self, key):
        return replace(Sign().trial(key), mask=jnp.zeros((12, 1), bool))

    both = rc.MultiTask((Sign(), broken(Sign, trial=unscored)), ("good", "bad"))
    assert finding(check_task, both).startswith("bad: Broken scores nothing: in none of 64 trials")


def test_all_findings_of_a_stage_come_at_once():
    lines = found(
        check_task,
        broken(
            Sign,
            periods=(Period("late", 5, 90),),
            made=lambda self, value, up: Sign().made(value, up.astype(jnp.int32) + 2),
        ),
    )
    assert len(lines) == 3
    assert "has 3 findings:\n- " in str(ConformanceError("Broken", lines))


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CellWeights(rc.Weights):
    recurrent: Float[Array, "*network post pre"]
    input: Float[Array, "*network unit input"]
    output: Float[Array, "*network output unit"]
    output_bias: Float[Array, "*network output"]


@dataclass(frozen=True)
class Cell(rc.Dynamics):
    weights: ClassVar = CellWeights

    def initial_state(self, weights):
        return jnp.zeros_like(weights.output[0])

    def step(self, weights, state, inputs):
        return jnp.tanh(weights.recurrent @ state + weights.input @ inputs)

    def rates(self, state):
        return state


@dataclass(frozen=True)
class Cells(rc.Model):
    """A cell of one's own."""

    units: int = 3
    cell: ClassVar = Cell()

    def dynamics(self, dt_ms):
        return self.cell

    def initial_weights(self, key, inputs, outputs):
        own = rc.RateRNN(self.units, initializer=rc.Orthogonal()).initial_weights(key, inputs, outputs)
        return CellWeights(own.recurrent, own.input, own.output, own.output_bias)


def cells(**members):
    """A model whose equations are broken."""
    made = dataclass(frozen=True)(type("BrokenCell", (Cell,), members))
    return replace_cell(made())


def replace_cell(cell):
    return broken(Cells, cell=cell)


def drawn(**changes):
    """A model whose weights are broken."""

    def initial_weights(self, key, inputs, outputs):
        weights = Cells.initial_weights(self, key, inputs, outputs)
        return replace(weights, **{name: change(getattr(weights, name)) for name, change in changes.items()})

    return broken(Cells, initial_weights=initial_weights)


def constant(self, key, inputs, outputs):
    return Cells().initial_weights(jax.random.key(0), inputs, outputs)


@pytest.mark.slow
def test_a_model_of_ones_own_conforms():
    check_model(Cells())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda: Cells(units=0), "Cells.units is 0; expected at least 1"),
        (lambda: replace_cell(3), "Broken.dynamics gives int; return equations derived from rc.Dynamics"),
        (lambda: cells(weights=None), "BrokenCell.weights is None; set it to your kind"),
        (
            lambda: cells(weights=rc.models.RateRNN(3, tau_ms=1.0).dynamics(1).weights),
            "gives CellWeights; its equations have RateW",
        ),
        (lambda: drawn(output_bias=lambda one: one.astype(jnp.float16)), "output_bias is float16; expected float32"),
        (lambda: drawn(output_bias=lambda one: one + jnp.nan), "holds numbers that are not finite"),
        (
            lambda: drawn(output=lambda one: one[:, :2]),
            r"output weights have shape \(1, 2\); expected \(1, 3\) for 3 units",
        ),
        (lambda: broken(Cells, initial_weights=constant), "Broken.initial_weights ignores its key"),
        (lambda: cells(leaks=lambda self, weights: 2 * weights.output[0] ** 0), "leaks gives shares outside"),
        (lambda: cells(noisy=True), "BrokenCell is noisy, and noise_scale is nowhere above 0"),
        (
            lambda: cells(rates=lambda self, state: jax.lax.stop_gradient(state)),
            "gradient by recurrent is 0, by finite",
        ),
        (
            lambda: cells(readout=lambda self, weights, rates: rates @ weights.output.T),
            "BrokenCell: no output depends on output_bias; use it in step or readout",
        ),
    ],
)
def test_what_is_wrong_with_a_model(part, message):
    assert re.search(message, " ".join(found(check_model, part())))


def test_equations_in_one_precision_only():
    (line,) = found(check_model, cells(step=lambda self, weights, state, inputs: jnp.zeros(3, jnp.float32)))
    assert line == "BrokenCell.step gives float32(3,) for weights in float64; expected float64(3,)"


@dataclass(frozen=True)
class Positive(rc.Constraint):
    """No recurrent weight below zero."""

    def start(self, key, weights):
        return replace(weights, recurrent=jnp.abs(weights.recurrent))

    def free(self, parameters):
        return OrderedDict(parameters, recurrent=jnp.abs(parameters["recurrent"]))

    def apply(self, free, start):
        return OrderedDict(free, recurrent=jnp.abs(free["recurrent"]))


def applied(change):
    return lambda self, free, start: OrderedDict(free, recurrent=change(free["recurrent"]))


def random_start(self, key, weights):
    return replace(weights, recurrent=jnp.full_like(weights.recurrent, next(COUNT)))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            lambda: broken(Positive, start=lambda self, key, weights: None),
            "Broken.start gives NoneType; return weights",
        ),
        (
            lambda: broken(Positive, start=lambda self, key, weights: replace(weights, output=weights.output[:, :2])),
            r"Broken.start gives output as float32\(1, 2\); expected float32\(1, 5\)",
        ),
        (lambda: broken(Positive, start=random_start), "Broken.start gives other weights for the same key"),
        (
            lambda: broken(Positive, free=lambda self, parameters: dict(parameters)),
            "Broken.free gives a dict; return an",
        ),
        (
            lambda: broken(
                Positive,
                free=lambda self, parameters: OrderedDict(),
                apply=lambda self, free, start: OrderedDict(vars(start)),
            ),
            "Broken.free leaves nothing to train",
        ),
        (
            lambda: broken(Positive, apply=lambda self, free, start: OrderedDict(recurrent=free["recurrent"])),
            "Broken.apply gives recurrent; return an OrderedDict with recurrent, input, output",
        ),
        (
            lambda: broken(Positive, start=rc.Constraint.start),
            r"apply\(free\(weights\)\) is not the weights that start",
        ),
        (lambda: broken(Positive, apply=applied(lambda one: jnp.abs(one) + 1)), "is not the weights that start made"),
        (
            lambda: broken(Positive, apply=applied(lambda one: jnp.exp(2e3 * one))),
            "apply gives weights that are not finite",
        ),
        (
            lambda: broken(Positive, apply=applied(lambda one: jnp.abs(jax.lax.stop_gradient(one)))),
            "JAX finds the slope .*, finite differences",
        ),
        (
            lambda: broken(Positive, apply=applied(lambda one: jnp.abs(one).astype(jnp.float32))),
            "Broken.apply gives float32, float64 for float64; let arrays keep their type",
        ),
    ],
)
def test_what_is_wrong_with_a_constraint(part, message):
    assert re.search(message, " ".join(found(check_constraint, part())))


@dataclass(frozen=True)
class Descent(rc.LearningRule):
    """Gradient descent on the readout, and its mean so far."""

    def init(self, setup, weights):
        return rc.Learner(weights, jnp.zeros(weights.networks, jnp.int32), jnp.zeros(weights.networks, jnp.float32))

    def step(self, setup, learner, active, trials):
        loss, slope = setup.engine.loss_and_gradient(
            setup.dynamics, learner.weights, trials.inputs, trials.targets, trials.mask
        )
        going = active & (loss <= setup.loss_bound)
        output = learner.weights.output - self.rate(learner)[:, None, None] * slope.output
        moved = self.moved(setup, replace(learner.weights, output=output))
        new = rc.Learner(moved, learner.step + 1, learner.memory + loss)
        kept = jax.tree.map(lambda a, b: jnp.where(going.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, learner)
        return kept, going, jnp.where(going, loss, jnp.nan)

    def rate(self, learner):
        return 0.1 + 0 * learner.memory

    def moved(self, setup, weights):
        return weights


def divided(weights, any_scored):
    return jax.tree.map(lambda array: array / any_scored.astype(array.dtype), weights)


def stepped(change):
    return lambda self, setup, learner, active, trials: change(
        Descent.step(self, setup, learner, active, trials), learner, trials
    )


@pytest.mark.slow
def test_a_rule_of_ones_own_conforms():
    check_rule(Descent())


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("part", "message"),
    [
        (
            lambda: broken(Descent, init=lambda self, setup, weights: weights),
            "Broken.init gives RateWeights; return rc.Lea",
        ),
        (
            lambda: broken(
                Descent, init=lambda self, setup, weights: replace(Descent().init(setup, weights), memory=jnp.zeros(2))
            ),
            r"Broken.init: memory has the shape \(2,\); give every array a leading network axis",
        ),
        (
            lambda: broken(Descent, step=stepped(lambda new, old, _: (replace(new[0], step=old.step), *new[1:]))),
            r"Broken.step makes step \[0 0 0\]; count each network",
        ),
        (
            lambda: broken(Descent, step=stepped(lambda new, old, _: (replace(new[0], memory=()), *new[1:]))),
            "Broken.step gives a learner of another structure",
        ),
        (
            lambda: broken(Descent, step=stepped(lambda new, old, _: (replace(new[0], weights=old.weights), *new[1:]))),
            "Broken.step changes no weights",
        ),
        (
            lambda: broken(Descent, step=stepped(lambda new, old, _: (new[0], new[1].astype(jnp.int32), new[2]))),
            "gives the active networks as .*; return True for each",
        ),
        (
            lambda: broken(Descent, step=stepped(lambda new, old, _: (*new[:2], new[2].sum()))),
            "return the loss before the step, one number per network",
        ),
        (
            lambda: broken(
                Descent,
                step=lambda self, setup, learner, active, trials: Descent().step(setup, learner, active | True, trials),
            ),
            "changes a network that is not active; .* active that was not; .* loss for a network that is not",
        ),
        (
            lambda: broken(
                Descent,
                step=lambda self, setup, learner, active, trials: Descent().step(
                    replace(setup, loss_bound=jnp.inf), learner, active, trials
                ),
            ),
            "goes on where the loss is above setup.loss_bound",
        ),
        (
            lambda: broken(
                Descent,
                step=stepped(
                    lambda new, old, trials: (
                        replace(
                            new[0],
                            weights=divided(new[0].weights, trials.mask.any()),
                        ),
                        *new[1:],
                    )
                ),
            ),
            "makes weights not finite where nothing of a batch counts",
        ),
        (
            lambda: broken(
                Descent,
                moved=lambda self, setup, weights: replace(
                    weights, output=weights.output - weights.output.mean(axis=0)
                ),
            ),
            "a network learns differently among others",
        ),
        (
            lambda: broken(Descent, rate=lambda self, learner: 0.1 + 0 * learner.memory + next(COUNT) / 1000),
            "the same seed gives other weights",
        ),
        (
            lambda: broken(Descent, moved=lambda self, setup, weights: replace(weights, input=0.9 * weights.input)),
            "Broken changes input, which the model freezes",
        ),
    ],
)
def test_what_is_wrong_with_a_rule(part, message):
    assert re.search(message, "; ".join(found(check_rule, part())))


@pytest.mark.parametrize(
    ("check", "kind"),
    [(check_task, rc.Task), (check_model, rc.Model), (check_constraint, rc.Constraint), (check_rule, rc.LearningRule)],
)
def test_what_is_no_part_at_all(check, kind):
    assert finding(check, 3) == f"int is no {kind.__name__}; derive the class from rc.{kind.__name__}"
    with pytest.raises(
        ConformanceError, match=r"FlipFlop has 1 finding:\n- FlipFlop is a class; give an instance of it: FlipFlop\(\)"
    ):
        check(rc.FlipFlop)


def test_an_error_in_a_part_names_the_line_of_the_users_file():
    wrong = broken(rc.Constraint, apply=lambda self, free, start: OrderedDict(free, recurrent=free["recurent"]))
    assert re.fullmatch(r"test_testing\.py, line \d+: KeyError: 'recurent'", finding(check_constraint, wrong))
    traced = broken(rc.Constraint, apply=lambda self, free, start: free["recurrent"].any() and free)
    assert "jnp.where or jax.lax.cond" in "".join(found(check_constraint, traced))


def test_a_part_that_no_spec_can_name():
    @dataclass(frozen=True)
    class Inside(Sign):
        pass

    assert "test_a_part_that_no_spec_can_name.<locals>.Inside is not at the top of" in finding(check_task, Inside())
    thawed = type("Thawed", (Sign,), {})()
    assert finding(check_task, thawed) == "Thawed is no frozen dataclass; put @dataclass(frozen=True) above the class"


@pytest.mark.thorough
def test_a_task_of_two_functions_is_of_python_alone():
    check_task(rc.FunctionTask(conditions=("down", "up"), draw=Sign().trial))
