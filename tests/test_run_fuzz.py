"""Run folders of strangers: whatever is changed in one, each command reads it or says one line, and no traceback."""

import shutil

import numpy as np
import pytest

from recurra.cli import main

SMALL = ["--networks", "2", "--units", "6", "--set", "training.steps=4", "--set", "training.trials.steps_an_epoch=2"]


def changed(content, random):
    """The content with some bytes changed, removed, doubled or put in, or with a number made huge."""
    data = bytearray(content)
    at, kind = int(random.integers(0, max(1, len(data)))), random.integers(0, 6)
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        return bytes(data[:at] + data[at + int(random.integers(1, 40)) :])
    if kind == 2:
        return bytes(data[:at] + data[max(0, at - 30) : at] + data[at:])
    if kind == 3:
        return content.replace(b"1", random.choice([b"-1", b"1e999", b"99999999999", b"null", b'"1"', b"[]"]), 1)
    for place in random.integers(0, max(1, len(data)), 3):
        if data:
            data[place] = int(random.integers(0, 256))
    return bytes(data)


@pytest.mark.slow
def test_no_traceback(tmp_path, capsys, seed):
    whole, copy = tmp_path / "whole", tmp_path / "copy"
    assert main(["run", "xor", "--out", str(whole), *SMALL]) == 0
    capsys.readouterr()
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file() and path.suffix != ".html")
    heads = [path for path in files if path.suffix in (".json", ".jsonl")]
    random = np.random.default_rng(seed)
    commands = (["export", copy, "--format", "npz"], ["export", copy, "--format", "csv"], ["train", "--resume", copy])
    for trial in range(200):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        among = (heads[:2], heads, files)[trial % 3]
        path = copy / among[int(random.integers(0, len(among)))]
        path.write_bytes(changed(path.read_bytes(), random))
        for command in commands:
            out = ["--out", tmp_path / f"out-{trial}-{command[-1]}"] if command[0] == "export" else []
            status = main([str(one) for one in [*command, *out]])
            err = capsys.readouterr().err
            assert "Traceback" not in err, f"{path}: {err}"
            assert status in (0, 1, 2)
