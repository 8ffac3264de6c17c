"""The promise of `make demo`: from several seeds, every network below the paper's 0.009, every memory right."""

import re
import tomllib
from pathlib import Path

import pytest

from recurra.analysis.dossier import make_dossier
from recurra.analysis.memory.memory_tasks import memory_task
from recurra.runs.spec import read_table, to_spec
from recurra.training import train


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_demo_recipe(number):
    spec = to_spec({**read_table("flipflop"), "seed": number})
    cohort = train(spec.task, spec.model, spec.training, networks=spec.networks, seed=number)
    assert len(cohort) == 4
    assert spec.model.units >= 100
    for network in cohort:
        dossier = make_dossier(network, memory_task(spec.task), seed=number)
        assert dossier.performance.mse < 0.009
        assert dossier.performance.trials == 1_000
        assert dossier.memories is not None
        assert dossier.memories.held.held.all()
        assert dossier.memories.held.held_long.all()
    assert cohort.success_rate().count == 4


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_the_spec_in_the_docs_learns(number):
    page = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text()
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    spec = to_spec({**tomllib.loads(shown), "seed": number})
    cohort = train(spec.task, spec.model, spec.training, networks=spec.networks, seed=number)
    assert cohort.success_rate(needed=0.95).count == spec.networks == 2
