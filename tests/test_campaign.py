"""A short campaign: what `make campaign` does for an hour, for five minutes; and that it sees what is broken."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.campaign.promises import broken, left_in, rude


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_five_minutes(seed):
    command = [sys.executable, "-m", "tests.campaign", "--minutes", "5", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_broken_is_seen(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "run.json").write_text('{"epoch": 3, "seconds": 1.0}')
    (tmp_path / "new" / "report.html").write_text("<html></html>")
    whole = left_in(tmp_path, ["new"])
    (tmp_path / "new" / "run.json").write_text('{"epoch": 3, "seconds": 2.0}')
    assert not broken(left_in(tmp_path, ["new"]), whole)
    (tmp_path / "new" / "run.json").write_text('{"epoch": 2, "seconds": 1.0}')
    assert broken(left_in(tmp_path, ["new"]), whole) == "other content: ['new/run.json']"
    (tmp_path / "new" / "report.html").write_text("<html>")
    assert "report.html" in broken(left_in(tmp_path, ["new"]), whole)
    np.save(tmp_path / "new" / ".recurra-left.npy", np.zeros(1))
    assert broken(left_in(tmp_path, ["new"]), whole).endswith("too many ['new/.recurra-left.npy']")


@pytest.mark.parametrize(
    ("status", "told", "wrong"),
    [
        (0, "epoch 1\n", ""),
        (130, "recurra: stopping; once more stops at once\nrecurra: interrupted\n", ""),
        (130, "", "0 lines"),
        (2, "recurra: no\n", "status 2"),
        (1, "Traceback (most recent call last):", "traceback"),
    ],
)
def test_one_line(status, told, wrong):
    assert rude(status, told, (0, 130)).startswith(wrong)
    assert bool(rude(status, told, (0, 130))) == bool(wrong)
