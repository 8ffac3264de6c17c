"""A power cut at any moment of a training: from what is on the disk then, it goes on to the same bits.

The disk is played by what `os.fsync` was called on: a synced file has the content that it had then, a synced folder the
names; what was not synced is lost. Or its name is there and its content is not, as file systems that write names first
leave it.
"""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from recurra.arrays import RateWeights
from recurra.runs.runner import SilentProgress, resume_run, start_run
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.storage.checkpoints import read_weights
from recurra.storage.run_folder import RunFolder

EPOCHS = 3
SETTINGS = ["model.units=4", "networks=2", f"training.steps={EPOCHS}", "training.trials.steps_an_epoch=1"]
CUTS = 12


class Disk:
    """All states of the disk below a folder, one after every sync."""

    def __init__(self, root: Path, monkeypatch):
        self.root, self.states, self.held = root, [], []
        self.files, self.folders = {}, {root.stat().st_ino: {}}
        self.fsync, self.lock = os.fsync, threading.Lock()
        monkeypatch.setattr(os, "fsync", self.sync)

    def sync(self, descriptor):
        self.fsync(descriptor)
        with self.lock:
            self.held.append(os.dup(descriptor))  # so that no other file gets its number
            path, number = Path(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_ino
            if path.is_dir():
                self.folders[number] = {entry.name: entry.inode() for entry in os.scandir(descriptor)}
            else:
                self.files[number] = path.read_bytes()
            self.states.append((self.kept(), self.named()))

    def kept(self):
        """What is there if nothing else is: the names and contents that were synced."""
        found, left = {}, [(Path(), self.root.stat().st_ino)]
        while left:
            place, number = left.pop()
            for name, inner in self.folders[number].items():
                if inner in self.folders:
                    found[place / name] = None
                    left.append((place / name, inner))
                else:
                    found[place / name] = self.files.get(inner, b"")
        return found

    def named(self):
        """What is there if all names are, with the contents that were synced."""
        found = {}
        for place, folders, names in os.walk(self.root):
            here = Path(place).relative_to(self.root)
            found |= {here / name: None for name in folders}
            for name in names:
                found[here / name] = self.files.get(Path(place, name).stat().st_ino, b"")
        return found

    def close(self):
        for descriptor in self.held:
            os.close(descriptor)


def laid_out(state, where):
    for path, content in sorted(state.items()):
        (where / path).parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            (where / path).mkdir(exist_ok=True)
        else:
            (where / path).write_bytes(content)
    return where / "runs" / "run"


@pytest.mark.slow
def test_a_power_cut_at_any_sync(tmp_path, monkeypatch, seed):
    spec = to_spec(with_settings(read_table("xor"), [*SETTINGS, "training.batch=2", "training.validation_trials=4"]))
    (tmp_path / "disk").mkdir()
    disk = Disk(tmp_path / "disk", monkeypatch)
    whole = start_run(spec, disk.root / "runs" / "run", False, SilentProgress(), "portable")
    monkeypatch.undo()
    disk.close()
    begun = [at for at, (kept, _) in enumerate(disk.states) if Path("runs", "run", "run.json") in kept]
    assert len(begun) > CUTS
    random = np.random.default_rng(seed)
    last = 0
    for number, at in enumerate([*sorted(random.choice(begun, CUTS, replace=False)), begun[-1]]):
        for how, state in zip(("kept", "named"), disk.states[at], strict=True):
            folder = RunFolder.open(laid_out(state, tmp_path / f"{number}-{how}"))
            epoch = folder.about().get("epoch", 0)
            last = max(last, epoch) if how == "kept" else last
            assert epoch >= last, "an epoch that was saved is lost"
            resume_run(folder, None, SilentProgress())
            for checkpoint in range(EPOCHS + 1):
                one, other = read_weights(folder, RateWeights, checkpoint), read_weights(whole, RateWeights, checkpoint)
                for name in vars(one):
                    np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=f"{at}, {how}")
            assert (folder.path / "log.jsonl").read_text() == (whole.path / "log.jsonl").read_text()
    assert last == EPOCHS
