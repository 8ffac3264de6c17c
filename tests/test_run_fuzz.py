"""Run folders of strangers: whatever is changed in one, each command reads it or says one line, and no traceback."""

import json
import shutil

import numpy as np
import pytest

from recurra.cli.app import main

SMALL = ["--networks", "2", "--units", "5", "--set", "training.steps=4", "--set", "training.trials.steps_an_epoch=2"]
WILD = [None, True, -1, 0, 1, 1.5, 1e300, 2**63, 10**30, "", "x", "é" * 50, "x" * 20_000, [], {}, [[[]]], "\x1b[2J"]
MUTATIONS = 60


def places(value, path=()):
    """Where something stands in a value of JSON."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def changed_json(text, random):
    """The text with one entry removed, renamed, made wild, or of another place."""
    value = json.loads(text)
    paths = list(places(value))
    path = paths[random.integers(len(paths))]
    if not path:
        return json.dumps(WILD[random.integers(len(WILD))])
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    kind, last = random.integers(5), path[-1]
    if kind == 0:
        del holder[last]
    elif kind == 1 and isinstance(holder, dict):
        holder[f"{last}x"] = holder.pop(last)
    elif kind == 2 and isinstance(holder[last], int):
        holder[last] = int(holder[last]) * int(random.choice([-1, 2, 10**6])) + int(random.integers(-1, 2))
    elif kind == 3:
        other = json.loads(text)
        for key in paths[random.integers(len(paths))]:
            other = other[key]
        holder[last] = other
    else:
        holder[last] = WILD[random.integers(len(WILD))]
    return json.dumps(value)


def changed_bytes(content, random):
    """The content with some bytes changed, removed, doubled or put in, cut off, or nothing."""
    data = bytearray(content)
    at, kind = int(random.integers(0, max(1, len(data)))), random.integers(0, 5)
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        return bytes(data[:at] + data[at + int(random.integers(1, 40)) :])
    if kind == 2:
        return bytes(data[:at] + data[max(0, at - 30) : at] + data[at:])
    if kind == 3:
        return b""
    for place in random.integers(0, max(1, len(data)), 3):
        if data:
            data[place] = int(random.integers(0, 256))
    return bytes(data)


def mutate(folder, random):
    """Change one thing in a run folder; what it was, in words."""
    everything = sorted(path for path in folder.rglob("*") if path.suffix != ".html")
    files = [path for path in everything if path.is_file()]
    heads = [path for path in files if path.suffix == ".json"]
    kind = random.integers(8)
    path = [folder / "run.json", heads[random.integers(len(heads))], files[random.integers(len(files))]][kind % 3]
    where = path.relative_to(folder)
    if kind == 5:
        other = files[random.integers(len(files))]
        one, two = path.read_bytes(), other.read_bytes()
        path.write_bytes(two)
        other.write_bytes(one)
        return f"{where} and {other.relative_to(folder)} are swapped"
    if kind == 6:
        path = everything[random.integers(len(everything))]
        (shutil.rmtree if path.is_dir() else type(path).unlink)(path)
        return f"{path.relative_to(folder)} is missing"
    if kind == 7:
        path = everything[random.integers(len(everything))]
        (shutil.rmtree if path.is_dir() else type(path).unlink)(path)
        path.mkdir()
        return f"{path.relative_to(folder)} is an empty folder"
    content = path.read_bytes()
    if path.suffix == ".json" and random.random() < 0.8:
        text = changed_json(content, random)
        path.write_text(text)
        return f"{where} is {text}"
    path.write_bytes(changed_bytes(content, random))
    return f"bytes of {where}"


@pytest.mark.slow
def test_no_traceback(tmp_path, capfd, seed):
    whole, copy, out = tmp_path / "whole", tmp_path / "copy", tmp_path / "out"
    assert main(["run", "xor", "--out", str(whole), *SMALL]) == 0
    random = np.random.default_rng(seed)
    exports = [["export", copy, "--format", kind, "--out", out] for kind in ("npz", "csv")]
    reads = [["census", copy], ["report", copy, "--out", tmp_path / "report.html"], ["inspect", copy, "--json"]]
    works = [["damage", copy], ["report", copy, "--figures"], ["run", "--resume", copy], ["analyse", copy]]
    for trial in range(MUTATIONS):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        what = mutate(copy, random)
        for command in (*exports, *reads[: 2 + (trial % 10 == 0)], works[2], works[trial % 4]):
            shutil.rmtree(out, ignore_errors=True)
            capfd.readouterr()
            status = main([str(one) for one in command])
            err = capfd.readouterr().err.strip()
            assert status in (0, 1, 2), f"{command[0]}, {what}: {err}"
            assert "Traceback" not in err, f"{command[0]}, {what}: {err}"
            assert status == 0 or err.count("\n") == 0, f"{command[0]}, {what}: {err}"
            assert status == 0 or not out.exists(), f"{command[0]}, {what}: half an export"
