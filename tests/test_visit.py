"""What the analyses of a network share is computed once, and is what each would compute by itself."""

import pickle
from dataclasses import fields

import numpy as np
import pytest

import recurra as rc
from recurra.analysis.visit import Visit
from recurra.models.network import Network
from recurra.tasks import And
from recurra.threads import THREADS


def visit_of(seed, task):
    model = rc.RateRNN(units=8, form="current", initializer=rc.Normal(1.5))
    cohort = rc.train(task, model, rc.BPTT(steps=1, batch=2, validation_trials=2), networks=1, seed=seed)
    return Visit(cohort[0], task, seed)


def same(first, second):
    for one in fields(first):
        np.testing.assert_allclose(getattr(first, one.name), getattr(second, one.name), atol=1e-9)


@pytest.mark.slow
def test_what_is_shared_is_what_each_computes():
    visit = visit_of(3, And())
    network, task = visit.network, visit.task
    same(rc.regimes(network, probe=task.probe()), rc.regimes(network, probe=visit.probe, ends=visit.ends))
    points = rc.fixed_points(network, starts=visit.starts)
    same(rc.program(network, task, points=points), rc.program(network, task, points=points, ends=visit.ends))
    np.testing.assert_allclose(network.rates(visit.states), visit.rates, atol=1e-12)
    np.testing.assert_allclose(network.readout(visit.rates), visit.answers[1], atol=1e-12)


def test_the_probe_is_run_once(monkeypatch):
    runs, run = [], Network.run
    monkeypatch.setattr(Network, "run", lambda network, inputs: runs.append(np.shape(inputs)) or run(network, inputs))
    visit = visit_of(3, And())
    for _ in range(3):
        assert visit.rates.shape[:2] == visit.states.shape[:2]
    assert runs == [np.shape(visit.probe.inputs)]


@pytest.mark.slow
def test_the_records_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    visit, made = visit_of(3, rc.FlipFlop(bits=2)), {}
    for threads in ("1", "3"):
        monkeypatch.setenv(THREADS, threads)
        made[threads] = rc.make_dossier(visit.network, visit.task, seed=visit.seed)
    assert pickle.dumps(made["1"]) == pickle.dumps(made["3"])
