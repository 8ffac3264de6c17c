"""What only tasks with memories have: one nested record of the dossier, and the same pages for a class of one's own."""

from dataclasses import dataclass

import pytest

from recurra.analysis.dossier_records import Dossier, record_kinds
from recurra.analysis.failures import Failure, UnavailableError, groups_of
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.analysis.memory.records import MemoryRecords
from recurra.analysis.record import kinds_before, record_of_network, walk_of
from recurra.report.figures import figures_of
from recurra.report.page.build import report_html
from recurra.tasks import And, FlipFlop
from recurra.words.summary import run_table
from tests.networks import random_network

GROUPS = {
    "geometry",
    "cube",
    "generalization",
    "alignment",
    "memories",
    "lifetimes",
    "noisy_lifetimes",
    "pulse_table",
    "walk",
    "landscape_bits",
}


@dataclass(frozen=True)
class Switches(FlipFlop):
    __doc__ = FlipFlop.__doc__

    bits: int = 2


@pytest.mark.parametrize("task", [FlipFlop(), Switches()], ids=["ours", "own"])
def test_the_groups_of_a_run_folder_have_the_names_that_they_had(task):
    assert set(record_kinds(task)) - set(record_kinds(And())) == GROUPS
    assert set(kinds_before(task)) == {"spectrum_before", "cube_before"}
    assert set(kinds_before(And())) == {"spectrum_before"}
    assert groups_of(MemoryRecords)["held"] == "memories"
    walk = walk_of(task)
    assert walk is not None
    assert walk.sizes["input"] == task.bits
    assert walk_of(And()) is None


def test_a_dossier_of_groups_has_them_again():
    records = {name: Failure(f"no {name}") for name in record_kinds(FlipFlop())}
    dossier = Dossier.of(FlipFlop(), records)
    assert dossier.by_group() == records
    assert dossier.failures == {name: f"no {name}" for name in records}
    assert dossier.memories is not None
    with pytest.raises(UnavailableError, match=r"^memories failed: no memories$"):
        _ = dossier.memories.held
    with pytest.raises(UnavailableError, match=r"^landscape bits failed: no landscape_bits$"):
        _ = dossier.memories.landscape_bits
    assert Dossier.of(And(), records).memories is None


def test_another_task_has_no_memory_states():
    with pytest.raises(TypeError, match="the task is And, which has no memory states; expected a flip-flop"):
        memory_task(And())


@pytest.mark.slow
def test_a_class_of_ones_own_has_the_same_pages_and_figures():
    network = random_network(0, units=2, bits=True)
    ours, own = (record_of_network(network, task, 0, {"name": "mine"}) for task in (FlipFlop(bits=2), Switches()))
    assert run_table(own) == run_table(ours)
    assert list(figures_of(own)) == list(figures_of(ours))
    assert report_html(own) == report_html(ours)
