"""Ctrl-C and SIGTERM: where they end the work, what is left, and what is said."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import recurra as rc
from conftest import SMALL
from recurra import interrupts
from recurra.arrays import RateWeights
from recurra.cli.app import main
from recurra.interrupts import Stopped, listening, patient, stop_if_asked
from recurra.storage.checkpoints import read_weights
from recurra.storage.run_folder import RunFolder
from recurra.training import Training

TRAIN = ["train", "flipflop", *(word for setting in SMALL for word in ("--set", setting))]
HANDLERS = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.fixture(autouse=True)
def handlers():
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == HANDLERS


@pytest.fixture
def after_an_epoch(monkeypatch):
    """A signal that comes in the middle of the second epoch."""

    def arrange(number):
        advance = Training.advance

        def interrupted(self, state, on_steps=lambda _: None):
            if state.epoch == 1:
                monkeypatch.setattr(Training, "advance", advance)
                signal.raise_signal(number)
            return advance(self, state, on_steps)

        monkeypatch.setattr(Training, "advance", interrupted)

    return arrange


@pytest.mark.thorough
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_training_stops_after_an_epoch_and_goes_on_to_the_same_bits(number, status, after_an_epoch, tmp_path, capfd):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main([*TRAIN, "--out", str(whole)]) == 0
    after_an_epoch(number)
    assert main([*TRAIN, "--out", str(cut)]) == status
    said = capfd.readouterr().err
    assert "recurra: stopping; once more stops at once" in said
    assert f"recurra: interrupted; recurra run --resume {cut} goes on from the last epoch" in said
    assert RunFolder.open(cut).entry("epoch") == 1
    assert main([*TRAIN, "--out", str(cut), "--resume"]) == 0
    for name in ("recurrent", "input", "output"):
        read = [read_weights(RunFolder.open(path), RateWeights, -1) for path in (whole, cut)]
        weights = [np.asarray(getattr(one, name)) for one in read]
        np.testing.assert_array_equal(*weights)


@pytest.mark.thorough
def test_in_python_it_is_a_keyboard_interrupt_and_the_next_training_works(after_an_epoch):
    task, model = rc.FlipFlop(bits=1, length_ms=70.0), rc.RateRNN(units=4)
    rule = rc.BPTT(steps=4, batch=2, trials=rc.FreshTrials(2), validation_trials=2)
    after_an_epoch(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        rc.train(task, model, rule, networks=1, seed=0)
    assert len(rc.train(task, model, rule, networks=1, seed=0)) == 1


def test_handlers_of_others_stay():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with listening():
            signal.raise_signal(signal.SIGINT)
            stop_if_asked()
        assert heard == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_of_patient_work_a_signal_ends_it_at_once():
    with pytest.raises(Stopped) as stopped, listening(command=True):
        signal.raise_signal(signal.SIGTERM)
    assert stopped.value.status == 143


def test_what_a_callback_swallows_is_heard_at_the_next_look():
    with listening(command=True):
        with contextlib.suppress(Stopped):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped):
            stop_if_asked()


def test_a_callback_that_swallows_it_tells_no_traceback(capfd):
    """JAX looks for garbage in a callback of which Python prints what it raises, and goes on."""

    class Callback:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    before = sys.unraisablehook
    with listening(command=True):
        callback = Callback()
        del callback
        with pytest.raises(Stopped):
            stop_if_asked()
    assert capfd.readouterr().err == ""
    assert sys.unraisablehook is before


def test_patient_work_waits_and_the_same_signal_twice_is_one():
    with listening(command=True), patient():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped):
            stop_if_asked()
    with listening(), patient():
        signal.raise_signal(signal.SIGINT)
        interrupts._heard.last -= 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_at_any_moment_a_line_and_a_status(number, tmp_path):
    for at in range(5):
        command = [
            sys.executable,
            "-m",
            "recurra",
            *TRAIN,
            "--set",
            "training.steps=100000",
            "--out",
            str(tmp_path / str(at)),
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
            time.sleep(random.uniform(3, 12))
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            assert process.returncode == 128 + number
            assert "recurra: interrupted" in said.splitlines()[-1]
            assert "Traceback" not in said
