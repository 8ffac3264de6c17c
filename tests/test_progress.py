"""The line of `rc.train` and its callback: seen where somebody looks, and without any effect on the numbers."""

import io
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import recurra as rc
from recurra.arrays import named_arrays
from recurra.models.cohort import History
from recurra.status import Status
from recurra.training import progress
from recurra.training.progress import Epoch, ProgressLine, epoch_words

RULE = rc.BPTT(steps=30, batch=2, trials=rc.FreshTrials(steps_an_epoch=10), validation_trials=4)


def trained(**options):
    return rc.train(rc.Xor(), rc.RateRNN(units=4), RULE, networks=2, seed=3, **options)


@pytest.fixture(scope="module")
def plain():
    return trained()


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    encoding = "utf-8"  # pyright: ignore[reportAssignmentType]

    def isatty(self) -> bool:
        return True


@pytest.mark.thorough
def test_line_in_a_terminal_overwrites_itself(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    cohort = trained()
    written = sys.stderr.getvalue()
    assert written.endswith("\n")
    assert written.count("\n") == 1
    last = written.split("\r")[-1].strip()
    assert last.startswith("training 2 networks ━━━━━━━━━━ 30/30, loss ")
    assert epoch_words(cohort.history) in last


def test_nothing_is_written_elsewhere_or_on_request(monkeypatch, capfd):
    trained()
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", Terminal())
    trained(progress=False)
    assert sys.stderr.getvalue() == ""
    monkeypatch.setattr(sys, "stderr", None)
    trained()


def test_notebook_gets_the_line_under_the_cell(monkeypatch, capsys):
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    trained()
    out, err = capsys.readouterr()
    assert out.count("\r") > 3
    assert not err


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    trained()
    assert capsys.readouterr() == ("", "")


def test_line_fits_a_narrow_terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "30")
    line = ProgressLine(stream, 1, 100)
    line.steps(50)
    assert max(map(len, stream.getvalue().split("\r"))) <= 29
    assert "training 1 network " in stream.getvalue()


def test_an_encoding_without_bars_is_no_error():
    stream = Terminal()
    stream.encoding = "ascii"
    ProgressLine(stream, 1, 100).end()
    assert stream.getvalue().isascii()


def test_a_shorter_line_leaves_nothing_of_a_longer_one():
    stream, row = Terminal(), np.array([[0.25]])
    line = ProgressLine(stream, 1, 1_000)
    line.steps(500)
    line.epoch(History(np.array([1000.0]), row, row, row))
    before, after = stream.getvalue().split("\r")[-2:]
    assert len(after) >= len(before)


def test_callback_gets_every_epoch_and_changes_no_bits(plain):
    seen = []
    cohort = trained(callback=seen.append)
    assert [(one.epoch, one.step, one.steps) for one in seen] == [(1, 10, 30), (2, 20, 30), (3, 30, 30)]
    assert seen[-1].numbers == (0, 1)
    assert seen[0].status == (Status.training, Status.training)
    assert seen[-1].status == cohort.status == plain.status
    for name in ("loss", "validation_loss", "success"):
        found = np.stack([getattr(one, name) for one in seen], axis=1)
        np.testing.assert_array_equal(found, getattr(plain.history, name))
    for name, array in named_arrays(plain.weights).items():
        np.testing.assert_array_equal(array, named_arrays(cohort.weights)[name])


def test_callback_cannot_write_into_the_training():
    def overwrite(epoch):
        epoch.loss[:] = 0

    with pytest.raises(ValueError, match="read-only"):
        trained(callback=overwrite)


def test_callback_ends_the_training(plain, tmp_path):
    cohort = trained(callback=lambda epoch: "stop" if epoch.epoch == 2 else None)
    assert cohort.history.step.tolist() == [10, 20]
    np.testing.assert_array_equal(cohort.history.loss, plain.history.loss[:, :2])
    assert cohort.status == (Status.training, Status.training)
    assert rc.spectrum(cohort[0]).eigenvalues.shape == (4,)
    with pytest.raises(ValueError, match="the training of network 0 has not ended"):
        cohort.save(tmp_path / "run")


@pytest.mark.parametrize("answer", [True, False, 0, "Stop"])
def test_other_answers_are_refused(answer):
    with pytest.raises(TypeError, match=f'callback returned {answer!r}; expected None to go on, or "stop"'):
        trained(callback=lambda _: answer)


def test_a_callback_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="callback is 3; expected a function of an Epoch, or None"):
        trained(callback=3)


def test_epoch_shows_itself():
    row = np.array([0.5, np.nan])
    text = repr(Epoch(2, 20, 30, row, row, row, (Status.training, Status.diverged), (0, 1)))
    assert text.startswith("Epoch (network: 2)")
    assert "array" not in text


@pytest.mark.thorough
def test_a_real_terminal_shows_the_line():
    code = "import recurra as rc; from recurra.training.progress import ProgressLine, _watched_stream as find; "
    code += "line = ProgressLine(find(), 3, 10); line.steps(10); line.end()"
    master, slave = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", code], stderr=slave, check=True)
        assert b" 10/10" in os.read(master, 10_000)
    finally:
        os.close(master)
        os.close(slave)


def test_module_needs_no_notebook():
    assert progress._in_notebook() is False
