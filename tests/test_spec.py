import tomllib
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recurra as rc
from recurra.analysis import FixedPoints
from recurra.analysis.dossier_records import record_kinds
from recurra.runs.show import describe_task, describe_tasks, parameter_texts, to_toml
from recurra.runs.spec import REGISTRY, RunSpec, presets, read_table, to_spec, with_settings
from recurra.runs.tables import arguments_of, changes, from_table
from recurra.sources import SOURCES
from recurra.tasks import TASKS
from recurra.tasks.rules import SUCCESSFUL, SuccessRule


def spec(*given):
    return to_spec(with_settings(read_table("flipflop"), given))


@pytest.mark.thorough
@pytest.mark.parametrize("preset", presets())
def test_presets_there_and_back(preset):
    made = to_spec(read_table(preset))
    assert to_spec(made.table()) == made
    assert to_spec(tomllib.loads(to_toml(made))) == made
    assert made.name == preset


GATED = {"gru": rc.GRU, "lstm": rc.LSTM, "ugrnn": rc.UGRNN}


def test_presets_of_gated_cells():
    """Four tasks with each cell, trained as by the task's preset but for the learning rate."""
    names = [f"{task}-{cell}" for task in ("flipflop", "xor", "context_decision", "interval") for cell in GATED]
    assert set(names) == {name for name in presets() if name.rpartition("-")[2] in GATED}
    for name in names:
        task, _, cell = name.rpartition("-")
        vanilla, gated = (to_spec(read_table(one)) for one in (task, name))
        assert type(gated.model) is GATED[cell]
        assert set(changes(vanilla.table()["training"], gated.table()["training"])) == {"learning_rate"}
        longer = {"length_ms": (350.0, 1000.0)} if task == "flipflop" else {}
        assert changes(vanilla.table()["task"], gated.table()["task"]) == longer
        assert gated.networks == vanilla.networks
    with pytest.raises(ValueError, match=r"'flipflop-gur' is neither a preset .*did you mean 'flipflop-gru'"):
        read_table("flipflop-gur")


def test_settings_change_a_preset_of_a_gated_cell():
    made = to_spec(with_settings(read_table("xor-lstm"), ["model.units=7", "model.gate=hard_sigmoid_5"]))
    assert made.model == rc.LSTM(units=7, gate="hard_sigmoid_5", forget_bias=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("cell", GATED)
def test_a_gated_cell_learns_by_its_preset(cell):
    made = to_spec(with_settings(read_table(f"xor-{cell}"), ["networks=1"]))
    cohort = rc.train(made.task, made.model, made.training, networks=1, seed=made.seed)
    trials = made.task.sample(jax.random.key(1), 200)
    assert rc.performance(cohort[0], made.task, trials=trials).success >= SUCCESSFUL


def test_paper_preset_is_the_papers_protocol():
    made = to_spec(read_table("flipflop-paper"))
    assert (made.model.units, made.training.batch, made.training.learning_rate) == (400, 128, 1e-4)
    assert made.model.initializer == rc.Orthogonal()
    assert made.training.trials == rc.FixedTrials(30_050)
    assert made.training.steps == 20 * made.training.trials.epoch_steps(128)
    assert made.training.stop == rc.LossBelow(0.009)
    assert made.training.schedule == rc.InverseTimeDecay(1e-4)


def test_settings():
    made = spec("task.pulse_ms=10", "model.initializer=orthogonal", "model.initializer.gain=0.7", "name=mine")
    assert made.task.pulse_ms == 10
    assert made.model.initializer == rc.Orthogonal(0.7)
    assert made.name == "mine"
    assert spec("training.learning_rate=[1e-3, 2e-3]").training.learning_rate == (1e-3, 2e-3)
    assert spec("task.pulses.absent=0").task.pulses == rc.ScheduledPulses(absent=0.0)
    assert spec("training.stop.kind=loss").training.stop == rc.LossBelow()
    assert spec("task.pulses=poisson").task.pulses == rc.PoissonPulses()
    assert changes(spec().table(), made.table()) == {
        "model.initializer.gain": (1.0, 0.7),
        "model.initializer.kind": ("identity", "orthogonal"),
        "model.initializer.spread": (0.0, "nothing"),
        "name": ("flipflop", "mine"),
        "task.pulse_ms": (20.0, 10.0),
    }


@settings(max_examples=30, deadline=None)
@given(
    units=st.integers(1, 1000),
    rate=st.floats(1e-9, 1e3),
    clip=st.one_of(st.just(float("inf")), st.floats(1e-9, 1e9)),
    form=st.sampled_from(["rate", "current"]),
    name=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=50),
)
def test_any_spec_there_and_back(units, rate, clip, form, name):
    rule = rc.BPTT(learning_rate=rate, gradient_clip=clip)
    made = RunSpec(rc.FlipFlop(), name, 3, 7, rc.RateRNN(units, form=form), rule)
    assert to_spec(made.table()) == made
    assert to_spec(tomllib.loads(to_toml(made))) == made


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("task.pulse_mss=3", "unknown key task.pulse_mss; did you mean 'pulse_ms'?"),
        ("traning.steps=3", "unknown key traning; did you mean 'training'?"),
        ("training.stepps=3", "unknown key training.stepps; did you mean 'steps'?"),
        ("task.pulse_ms=-3", "task: .*is -3 ms; a duration cannot be negative"),
        ("task.pulse_ms=abc", "task.pulse_ms is 'abc'; expected a number"),
        ("task.pulse_ms=true", "task.pulse_ms is True; expected a number"),
        ("model.units=1.5", "model.units is 1.5; expected a whole number"),
        ("model.recurrent_bias=1", "model.recurrent_bias is 1; expected true or false"),
        ("task=fliflop", "unknown task 'fliflop'; did you mean 'flipflop'?"),
        ("training.optimizer=adm", "unknown training.optimizer 'adm'; did you mean 'adam'?"),
        ("training.optimizer.lr=1", "unknown key training.optimizer.lr"),
        ("model.form=rates", "model.form is 'rates'; expected one of: rate, current"),
        ("training.learning_rate=fast", "training.learning_rate is 'fast'; expected a number or a list of numbers"),
        ("networks=0", "networks is 0; expected at least 1"),
        ("model=5", "model is 5; expected a table, or one of: rate"),
        ("model.constraints=dale", "model.constraints is 'dale'; expected a list of tables, each with a kind$"),
        ("model.constraints.kind=dale", "model.constraints is {'kind': 'dale'}; expected a list of tables, each with"),
        ("training.penalties=3", "training.penalties is 3; expected a list of tables, each with a kind$"),
        ("task.pulses=3", "task.pulses is 3; expected a table, or one of: scheduled, poisson"),
        ("steps", "--set got 'steps'; expected KEY=VALUE"),
        ("seed.x=3", "--set seed.x: seed is a value, not a table"),
    ],
)
def test_bad_settings(setting, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        spec(setting)


@pytest.mark.parametrize("tasks", ["and", 3, {"kind": "and"}])
def test_tasks_that_are_no_list(tasks):
    with pytest.raises(ValueError, match=r"^task\.tasks is .*; expected a list of tables, each with a kind$"):
        to_spec({"task": {"kind": "multi", "tasks": tasks}})


@dataclass(frozen=True)
class Judged(rc.OwnTask):
    """A task whose fields are of kinds that are harder to read."""

    other: SuccessRule | None = None
    pair: tuple[SuccessRule, SuccessRule] | None = None

    def trial(self, key):
        return rc.Trial.of(jnp.ones((5, 1)), jnp.ones((5, 1)))


def refusal(kind, table):
    """The line with which a table is refused; empty if it is read."""
    try:
        from_table(kind, table, REGISTRY, "part")
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("value", ["near", 3, {"kind": "near"}, [1], [["near"]], [{"kind": "near"}], None], ids=str)
def test_fields_of_any_kind_are_read_or_refused(value):
    """Whatever is written for a field, it is read, or one line says what is wrong; one field of each annotation."""
    kinds = [RunSpec, Judged, *(kind for names in REGISTRY.values() for kind in names.values())]
    fields = {str(one.type): (kind, one.name) for kind in kinds for one in arguments_of(kind)}
    for kind, name in fields.values():
        assert "\n" not in refusal(kind, {name: value})


def test_an_abstract_class_among_the_kinds_of_a_field():
    def read(**fields):
        return from_table(Judged, fields, REGISTRY, "task")

    assert read(other={"kind": "near", "tolerance": 0.1}).other == rc.NearRule(tolerance=0.1)
    assert read(other=None).other is None
    with pytest.raises(ValueError, match=r"^task\.other is 3; expected a table with a kind$"):
        read(other=3)
    with pytest.raises(ValueError, match=r"^task\.pair is 'near'; its annotation is .* which no spec can hold"):
        read(pair="near")


def test_bad_files(tmp_path):
    with pytest.raises(
        ValueError, match=r"'fliflop' is neither a preset nor a file that ends in \.toml; did you mean 'flipflop'"
    ):
        read_table("fliflop")
    with pytest.raises(ValueError, match=r"a\.toml: No such file"):
        read_table(str(tmp_path / "a.toml"))
    (tmp_path / "a.toml").write_text("task = [")
    with pytest.raises(ValueError, match="is no TOML"):
        read_table(str(tmp_path / "a.toml"))
    with pytest.raises(ValueError, match="the spec has no task; expected task = one of: flipflop"):
        to_spec({"networks": 3})


def test_every_parameter_is_documented():
    kinds = [RunSpec, rc.RateRNN, rc.BPTT, *(kind for names in REGISTRY.values() for kind in names.values())]
    for kind in kinds:
        texts = parameter_texts(kind)
        assert set(texts) == {field.name for field in arguments_of(kind)}, kind
        for name, text in texts.items():
            assert text, f"{kind.__name__}.{name}"
            assert not name.endswith("_ms") or "ms" in text, f"{kind.__name__}.{name} has no unit"


def test_every_source_exists():
    kinds = [kind for names in REGISTRY.values() for kind in names.values()]
    for kind in [*kinds, rc.BPTT, FixedPoints, *record_kinds(rc.FlipFlop()).values()]:
        named = getattr(kind, "sources", ())
        for key in () if isinstance(named, property) else named:
            assert SOURCES[key].link.startswith("https://")
    assert "jordan2024" in spec().sources()
    assert "jordan2024" not in to_spec(read_table("flipflop-paper")).sources()


def test_constraints_are_named_in_a_list():
    table = with_settings(read_table("xor"), ['model.constraints=[{ kind = "frozen", arrays = ["input", "output"] }]'])
    made = to_spec(table)
    assert made.model.constraints == (rc.Frozen(("input", "output")),)
    assert to_spec(made.table()) == made
    assert to_spec(tomllib.loads(to_toml(made))) == made
    with pytest.raises(ValueError, match=r"model.constraints\[0\] is 3; expected a table, or one of: frozen, dale"):
        to_spec(with_settings(read_table("xor"), ["model.constraints=[3]"]))
    with pytest.raises(ValueError, match=r"unknown model\.constraints\[0\] 'dole'; did you mean 'dale'"):
        to_spec(with_settings(read_table("xor"), ['model.constraints=["dole"]']))


def test_descriptions():
    described = describe_tasks()
    assert described["flipflop"] == "Hold the sign of the last pulse on every bit."
    assert list(described)[: len(TASKS)] == list(TASKS)
    assert set(described) <= set(REGISTRY[rc.Task])
    assert all(text.endswith(".") for text in described.values())
    described = describe_task(rc.FlipFlop(bits=2))
    assert described["parameters"]["pulse_ms"] == {"value": 20.0, "meaning": "width of a pulse, ms"}
    assert described["conditions"] == ["--", "-+", "+-", "++"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.steps=" + "[" * 5_000 + "]" * 5_000, "nested too deep"),
        ("training.steps=" + "[" * 40 + "]" * 40, "nested too deep"),
        ("task.rule=" + "{a=" * 900 + "1" + "}" * 900, "nested too deep"),
        ("x" + ".x" * 3_000 + "=1", "--set got a key of 3001 levels"),
        ("model.tau_ms=inf", "tau_ms is infinite; expected a finite number above 0"),
        ("model.initializer.gain=inf", "gain is infinite"),
        ("training.learning_rate=inf", "learning_rate is infinite"),
    ],
)
def test_settings_out_of_all_bounds(setting, message):
    with pytest.raises(ValueError, match=message):
        to_spec(with_settings(read_table("flipflop"), [setting]))


def test_what_may_be_without_bound():
    settings = ["training.gradient_clip=inf", "training.divergence=inf"]
    assert to_spec(with_settings(read_table("flipflop"), settings)).training.gradient_clip == float("inf")
