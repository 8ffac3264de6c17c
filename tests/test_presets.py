"""Presets as objects."""

import dataclasses

import numpy as np
import pytest

import recurra as rc
from recurra.runs.spec import read_table, to_spec


@pytest.mark.parametrize("name", ["xor", "decision", "flipflop-gru"])
def test_a_preset_is_the_spec_of_the_command_line(name):
    preset, spec = rc.preset(name), to_spec(read_table(name))
    assert preset == rc.Preset(name, spec.task, spec.model, spec.training, spec.networks, spec.seed)
    assert name in rc.presets()


@pytest.mark.slow
def test_a_preset_is_trained_whole_or_in_parts():
    preset = rc.preset("xor")
    short = dataclasses.replace(preset, rule=dataclasses.replace(preset.rule, steps=2, batch=2, validation_trials=4))
    whole = rc.train(short, networks=1, seed=3)
    parts = rc.train(short.task, short.model, short.rule, networks=1, seed=3)
    np.testing.assert_array_equal(whole.weights.recurrent, parts.weights.recurrent)
    with pytest.raises(TypeError, match="model and rule are those of the preset"):
        rc.train(short, rc.GRU(), short.rule, networks=1, seed=0)
    with pytest.raises(TypeError, match=r"model is None; expected a Model. The order is train\(task, model, rule\)"):
        rc.train(short.task, networks=1, seed=0)


def test_an_unknown_name():
    with pytest.raises(ValueError, match="unknown preset 'flipflip'; did you mean 'flipflop'"):
        rc.preset("flipflip")
