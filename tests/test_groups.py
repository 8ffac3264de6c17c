"""Groups of `run.zarr`: the files that xarray itself would write, and a group that is whole or is none."""

import asyncio
import errno
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from recurra.storage import groups
from recurra.storage.groups import read_group, write_group, write_groups

TEXT = np.dtypes.StringDType()


def with_everything():
    """All kinds of types and shapes that an analysis has, and coordinates with and without a dimension."""
    random = np.random.default_rng(0)
    table = random.normal(size=(5, 3))
    table[1, 2] = np.nan
    return xr.Dataset(
        {
            "table": (("unit", "mode"), table),
            "single": ("unit", random.normal(size=5).astype(np.float32)),
            "missing": (("unit", "mode"), np.full((5, 3), np.nan)),
            "zeros": (("unit", "mode"), np.zeros((5, 3))),
            "turned": (("mode", "unit"), table.T),
            "rate": ("mode", np.array([1j, np.nan, 0.0])),
            "found": ("unit", np.array([True, False, True, True, False])),
            "count": ("mode", np.array([1, -2, 3])),
            "byte": ("mode", np.array([1, 2, 3], np.uint8)),
            "score": ((), 0.5),
            "label": ((), np.array("räte", TEXT)),
            "none": (("empty", "mode"), np.zeros((0, 3))),
            "scored": ("unit", np.arange(5.0), {"units": "1/s", "bound": np.float64(2.0), "range": np.array([0, 1])}),
        },
        coords={
            "unit": np.arange(5),
            "mode": np.array(["a", "bc", "décor"], TEXT),
            "group": ("unit", np.array(["x", "", "x", "y", "y"], TEXT)),
            "time": 1.5,
        },
        attrs={"title": "a group", "seed": np.int64(3), "sizes": np.array([1.0, 2.0])},
    )


def written_by_xarray(path, name, dataset):
    dataset.to_zarr(
        groups.store(path, read_only=False),
        group=name,
        mode="w",
        zarr_format=3,
        consolidated=False,
        encoding={key: groups._encoding(variable) for key, variable in dataset.variables.items()},
        write_empty_chunks=True,
    )


def contents(path):
    return {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@pytest.mark.thorough
@pytest.mark.parametrize("chunk_bytes", [groups.CHUNK_BYTES, 48])
def test_the_files_are_those_of_xarray(tmp_path, monkeypatch, chunk_bytes):
    monkeypatch.setattr(groups, "CHUNK_BYTES", chunk_bytes)
    datasets = {"all": with_everything(), "none": xr.Dataset(), "one": with_everything()[["score"]]}
    write_groups(tmp_path / "ours", datasets)
    for name, dataset in datasets.items():
        written_by_xarray(tmp_path / "xarray", name, dataset)
    expected = contents(tmp_path / "xarray")
    assert contents(tmp_path / "ours") == expected
    assert sum("table" in path.parts for path in expected) == (2 if chunk_bytes > 48 else 4)
    read = read_group(tmp_path / "ours", "all")
    xr.testing.assert_identical(read, with_everything())
    write_group(tmp_path / "again", "all", read)  # with the encoding that it was read with
    written_by_xarray(tmp_path / "again by xarray", "all", read)
    assert contents(tmp_path / "again") == contents(tmp_path / "again by xarray")


def test_types_that_xarray_converts(tmp_path):
    times = np.array(["2001-01-01", "2001-01-03"], "datetime64[ns]")
    dataset = xr.Dataset({"when": ("row", times), "text": ("row", np.array(["one", "three"], object))})
    write_group(tmp_path / "ours", "all", dataset)
    written_by_xarray(tmp_path / "xarray", "all", dataset)
    assert contents(tmp_path / "ours") == contents(tmp_path / "xarray")
    np.testing.assert_array_equal(read_group(tmp_path / "ours", "all")["when"], times)


def test_in_a_notebook(tmp_path):
    """A notebook runs its cells inside an event loop."""

    async def cell():
        write_group(tmp_path, "all", with_everything())

    asyncio.run(cell())
    xr.testing.assert_identical(read_group(tmp_path, "all"), with_everything())


def test_a_new_group_replaces_all_of_the_older_one_and_no_target_of_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "zarr.json").write_text("kept")
    write_group(tmp_path / "ours", "all", with_everything())
    (tmp_path / "ours" / "link").symlink_to(tmp_path / "elsewhere")
    small = xr.Dataset({"x": ("a", [1.0, 2.0])})
    write_groups(tmp_path / "ours", {"all": small, "link": small})
    for name in ("all", "link"):
        xr.testing.assert_identical(read_group(tmp_path / "ours", name), small)
    assert contents(tmp_path / "ours" / "all").keys() == contents(tmp_path / "ours" / "link").keys()
    assert contents(tmp_path / "elsewhere") == {Path("zarr.json"): b"kept"}


@pytest.mark.thorough
@pytest.mark.parametrize("text", [TEXT, object])
@pytest.mark.parametrize("written", range(10))
def test_a_full_disk_leaves_no_part_of_a_group(tmp_path, monkeypatch, text, written):
    """Two groups of five files: those before the failure are new, that of the failure is none, those after are old."""
    old = xr.Dataset({"x": ("a", [0.0]), "name": ("a", np.array(["old"], text))})
    new = xr.Dataset({"x": ("a", [1.0]), "name": ("a", np.array(["new"], text))})
    write_groups(tmp_path, {"one": old, "other": old})
    left, write = iter(range(written)), Path.write_bytes

    def full(path, content):
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_groups(tmp_path, {"one": new, "other": new})
    assert caught.value.filename == str(tmp_path)
    assert (tmp_path / "one" / "zarr.json").exists() == (written >= 5)
    assert (tmp_path / "other" / "zarr.json").exists() == (written < 5)
    whole, values = ("one", new) if written >= 5 else ("other", old)
    np.testing.assert_array_equal(read_group(tmp_path, whole)["x"], values["x"])
