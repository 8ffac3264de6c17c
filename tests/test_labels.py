"""What is stored says its unit, its meaning, and the words that its numbers stand for."""

import csv
from dataclasses import fields

import numpy as np
import pytest

from recurra.analysis import Census, Lifetimes, Regimes, Selectivity
from recurra.analysis.dossier_records import record_kinds
from recurra.analysis.dynamics.regimes import KINDS
from recurra.runs.export import _write_dataset
from recurra.storage.labels import labels_of, word_labels
from recurra.storage.records import from_dataset, named, to_dataset
from recurra.tasks import FlipFlop, PerceptualDecision

NAMES = ("--", "-+", "+-", "++")
RECORDS = {**record_kinds(FlipFlop()), **record_kinds(PerceptualDecision()), "census": Census}


def lifetimes(kind):
    return Lifetimes(
        kind=np.array(kind), lifetime_ms=np.array([1.0, 2.0, np.inf, 4.0]), ends_in=np.arange(4), longest_ms=500.0
    )


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_of_every_record_has_a_meaning(name):
    kind = RECORDS[name]
    for field in fields(kind):
        label = labels_of(kind, field.name)
        assert label["description"], f"the docstring of {kind.__name__} does not speak of {field.name}"
        assert label["units"] == ("ms" if field.name.endswith("_ms") else label["units"])


def test_numbers_that_stand_for_words_say_so():
    assert word_labels(["at rest", "orbit"]) == {"flag_values": [0, 1], "flag_meanings": "at_rest orbit"}
    assert labels_of(Regimes, "kind")["flag_values"] == list(range(len(KINDS)))
    assert labels_of(Selectivity, "kind")["flag_meanings"] == "none one several"
    assert labels_of(Regimes, "period_ms")["units"] == "ms"
    assert labels_of(Regimes, "exponent_hz")["units"] == "Hz"


def test_a_labelled_dataset_reads_back_and_names_its_conditions():
    records = [lifetimes([0, 1, 2, 0]), lifetimes([1, 1, 1, 1])]
    dataset = named(to_dataset(records, [0, 3]), {"condition": NAMES})
    assert dataset["condition"].attrs["flag_meanings"] == "-- -+ +- ++"
    assert dataset["lifetime_ms"].attrs["units"] == "ms"
    for before, after in zip(records, from_dataset(Lifetimes, dataset), strict=True):
        np.testing.assert_array_equal(before.kind, after.kind)
        assert before.longest_ms == after.longest_ms


def test_tables_have_words_and_a_list_of_columns(tmp_path):
    dataset = named(to_dataset([lifetimes([0, 1, 2, 0])], [3]), {"condition": NAMES})
    columns = _write_dataset(tmp_path, "lifetimes", dataset)
    with (tmp_path / "lifetimes_condition.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["condition"], row["kind"]) for row in rows] == [
        ("--", "stable"),
        ("-+", "drifting"),
        ("+-", "oscillating"),
        ("++", "stable"),
    ]
    assert {row["network"] for row in rows} == {"3"}
    known = {(file, column): unit for file, column, unit, _ in columns}
    assert known["lifetimes_condition.csv", "lifetime_ms"] == "ms"
    assert known["lifetimes.csv", "longest_ms"] == "ms"
