"""The curves of choices are records of the dossier: made, stored, said and drawn, and only where a task has choices."""

import json
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import recurra as rc
from recurra.analysis.choices.records import CHOICE_ANALYSES, ChoiceRecords, has_choices
from recurra.analysis.dossier import analyses_of
from recurra.analysis.dossier_records import Dossier, record_kinds
from recurra.analysis.failures import Failure, UnavailableError
from recurra.analysis.record import RunRecord
from recurra.analysis.shown_trials import examples_dataset, probe_dataset
from recurra.arrays import as_cohort
from recurra.cli.console import print_workings
from recurra.report.figures import figures_of
from recurra.report.page.build import report_html
from recurra.runs.record_store import cohort_dataset, cohort_records
from recurra.storage.groups import read_group, write_group
from recurra.words.workings import sentences
from recurra.words.workings_table import workings_table

TASK = rc.ContextDecision()
GROUPS = {"psychometric", "chronometric"}


@pytest.fixture(scope="module")
def network():
    """It sums motion alone, whatever the context."""
    return rc.network([[1.0]], [[0.1, 0, 0, 0]], [[1.0]], activation="linear", dt_ms=TASK.dt_ms)


@pytest.fixture(scope="module")
def choices(network):
    made = {"psychometric": rc.psychometric(network, TASK, draws=5), "chronometric": rc.chronometric(network, TASK)}
    return ChoiceRecords.of_groups(made)


@pytest.fixture(scope="module")
def dossier(choices):
    """One of which nothing else is known."""
    missing = {name: Failure("not made") for name in record_kinds(TASK)}
    return Dossier.of(TASK, missing | choices.by_group())


@pytest.fixture(scope="module")
def run(network, dossier):
    unknown = dict.fromkeys(("model", "rule", "status", "initial", "history", "before", "walk", "census"))
    return RunRecord(
        about={"name": "by hand"},
        task=TASK,
        dynamics=network.dynamics,
        numbers=(0,),
        weights=as_cohort(network.weights),
        connections=as_cohort(network.connections),
        dossiers=[dossier],
        examples=examples_dataset(TASK, 0),
        probe=probe_dataset(TASK),
        **unknown,
    )


def test_only_tasks_with_choices_have_the_records():
    assert set(record_kinds(TASK)) - set(record_kinds(rc.Xor())) == GROUPS == set(CHOICE_ANALYSES)
    assert set(analyses_of(TASK)) == set(record_kinds(TASK))
    assert not has_choices(rc.Xor())
    missing = {name: Failure("not made") for name in record_kinds(TASK)}
    assert Dossier.of(rc.Xor(), missing).choices is None
    assert set(Dossier.of(TASK, missing).failures) == set(record_kinds(TASK))


class Indecisive(rc.OwnTask):
    """A task whose choices cannot be said."""

    def trial(self, key):
        inputs = jax.random.normal(key, (20, 1), jnp.float32)
        return rc.Trial.of(inputs, jnp.zeros((20, 1)))

    def choices(self):
        raise KeyError("left")


def test_choices_that_fail_are_missing_and_nothing_else_is():
    dossier = rc.make_dossier(rc.network([[0.5]], [[1.0]], [[1.0]]), Indecisive())
    assert set(dossier.failures) == GROUPS
    assert all("KeyError: 'left'" in reason for reason in dossier.failures.values())
    assert "psychometric" in str(dossier)


def test_they_are_read_as_they_were_stored(choices, tmp_path):
    for group, record in choices.by_group().items():
        write_group(tmp_path / "run.zarr", group, cohort_dataset([record, Failure("no luck")], (2, 5)))
        dataset = read_group(tmp_path / "run.zarr", group)
        back, failed = cohort_records(type(record), dataset, (2, 5))
        assert failed == Failure("no luck")
        for field in fields(record):
            np.testing.assert_array_equal(getattr(back, field.name), getattr(record, field.name))
        assert back.contexts.tolist() == ["motion", "colour"]


def test_they_are_said(dossier, choices, capsys):
    told = " ".join(sentences(TASK, dossier, ()))
    assert "Motion: choices turn at" in told
    assert "Motion: decides in" in told
    table = workings_table(dossier, TASK)
    assert json.dumps(table)
    motion, colour = table["psychometric"]
    assert (motion["context"], motion["evidence"]) == ("motion", choices.psychometric.evidence.tolist())
    assert motion["slope_interval"][0] <= motion["slope"] <= motion["slope_interval"][1]
    assert motion["depends"]
    assert sum(map(sum, (one["choices"] for one in (motion, colour)))) == 1000
    assert [one["context"] for one in table["chronometric"]] == ["motion", "colour"]
    print_workings(dossier, TASK)
    assert "Motion: decides in" in capsys.readouterr().out
    assert "psychometric" in repr(dossier)
    assert repr(dossier.choices).startswith("ChoiceRecords: 2 records")


def test_they_are_drawn_in_print(run):
    plan = figures_of(run)
    figure = plan["choices_0"]()
    left, right = figure.axes
    legend: Any = left.get_legend()
    assert (left.get_xlabel(), right.get_ylabel()) == ("Evidence (%)", "Median reaction time (ms)")
    assert [text.get_text() for text in legend.get_texts()] == ["motion", "colour"]
    legend = rc.plot(run.dossiers[0], "chronometric").get_legend()
    assert "the answer is asked for" in [text.get_text() for text in legend.get_texts()]
    plt.close("all")


@pytest.mark.thorough
def test_they_are_drawn_in_the_report(run):
    html = report_html(run)
    assert "Choices by evidence." in html
    assert 'data-label="by hand: the share of positive choices by the evidence' in html
    without = Dossier.of(rc.Xor(), run.dossiers[0].by_group())
    assert "choices-0" not in report_html(replace(run, dossiers=[without]))


def test_a_failure_of_one_leaves_the_other(dossier, choices):
    broken = ChoiceRecords.of_groups(choices.by_group() | {"psychometric": Failure("no luck")})
    table = workings_table(replace_choices(dossier, broken), TASK)
    assert table["psychometric"] is None
    assert table["chronometric"] is not None
    with pytest.raises(UnavailableError, match="psychometric failed: no luck"):
        _ = broken.psychometric


def replace_choices(dossier, choices):
    return Dossier.of(TASK, dossier.by_group() | choices.by_group())


def test_outputs_without_a_number_are_no_choices():
    """Both units grow beyond all numbers, and the output is their difference."""
    task, growth = rc.PerceptualDecision(), np.diag([1e9, 1e9])
    broken = rc.network(growth, np.ones((2, 2)), [[1.0, -1.0]], activation="linear", dt_ms=task.dt_ms)
    assert rc.psychometric(broken, task, draws=2).unmade == 1000
    assert rc.chronometric(broken, task, draws=2).undecided.sum() == 1000
