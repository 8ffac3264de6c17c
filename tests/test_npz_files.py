import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float

import recurra as rc
from recurra.arrays import RateWeights, named_arrays
from recurra.engine.rate import ACTIVATIONS, RateDynamics
from recurra.models.network import Network
from recurra.runs.imports import read_network
from recurra.storage.imported import StatedSettings
from recurra.storage.npz_files import import_npz, read_npz, write_npz
from tests.networks import read_here

UNITS, INPUTS, OUTPUTS = 5, 2, 3


@pytest.fixture(autouse=True, scope="module")
def _in_this_process() -> Iterator[None]:
    """Read without a process of its own, which takes a while to start; `test_parsing.py` is about that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recurra.storage.npz_files.read_content", read_here)
        yield


PLAIN = StatedSettings(activation="tanh", form="rate", tau_ms=1.0)


def arrays(dtype: type = np.float32) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {
        "recurrent": (UNITS, UNITS),
        "input": (UNITS, INPUTS),
        "output": (OUTPUTS, UNITS),
        "recurrent_bias": (UNITS,),
        "output_bias": (OUTPUTS,),
    }
    return {name: generator.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def network(dtype: type = np.float32) -> Network:
    return Network(RateDynamics("current", "relu", 0.25), RateWeights(**arrays(dtype)), 2.5)


def savez(path: Path, **found: Any) -> Path:
    np.savez(path, **found)
    return path


def with_member(path: Path, name: str, content: bytes) -> Path:
    savez(path, **{key: array for key, array in arrays().items() if key != name})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", content)
    return path


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_written_is_read_bit_for_bit(tmp_path: Path, dtype: type) -> None:
    before = network(dtype)
    write_npz(tmp_path / "one.npz", before)
    after = read_npz(tmp_path / "one.npz", 2.5)
    assert after.dynamics == before.dynamics
    assert after.dt_ms == 2.5
    for name, array in named_arrays(before.weights).items():
        found = named_arrays(after.weights)[name]
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, array)
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]


def test_the_same_network_makes_the_same_file(tmp_path: Path) -> None:
    write_npz(tmp_path / "one.npz", network())
    write_npz(tmp_path / "two.npz", network())
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_file_of_three_arrays_is_a_rate_network_without_biases(tmp_path: Path) -> None:
    found = arrays()
    path = savez(tmp_path / "plain.npz", **{name: found[name] for name in ("recurrent", "input", "output")})
    read = read_npz(path, 1.0, PLAIN)
    assert read.dynamics == RateDynamics("rate", "tanh", 1.0)
    np.testing.assert_array_equal(read.weights.recurrent_bias, np.zeros(UNITS))
    np.testing.assert_array_equal(read.weights.output_bias, np.zeros(OUTPUTS))
    inputs = np.random.default_rng(1).normal(size=(4, 9, INPUTS))
    state, outputs = np.zeros((4, UNITS)), []
    for step in range(9):
        state = np.tanh(state @ found["recurrent"].T + inputs[:, step] @ found["input"].T)
        outputs.append(state @ found["output"].T)
    np.testing.assert_allclose(read.run(inputs)[1], np.stack(outputs, axis=1), atol=1e-6)


def test_the_order_of_bytes_and_of_axes_in_the_file_does_not_matter(tmp_path: Path) -> None:
    swapped = {name: np.asfortranarray(array.astype(">f8")) for name, array in arrays(np.float64).items()}
    read = read_npz(savez(tmp_path / "big.npz", **swapped), 1.0, PLAIN)
    assert read.weights.recurrent.dtype == np.dtype(np.float64)
    np.testing.assert_array_equal(read.weights.recurrent, arrays(np.float64)["recurrent"])


def test_the_time_step_of_the_file_must_be_the_one_asked_for(tmp_path: Path) -> None:
    write_npz(tmp_path / "one.npz", network())
    with pytest.raises(ValueError, match=r"one\.npz: has dt_ms = 2\.5, and dt_ms = 1 was asked for"):
        read_npz(tmp_path / "one.npz", 1.0)
    with pytest.raises(ValueError, match="dt_ms is 0; expected a number above 0"):
        read_npz(tmp_path / "one.npz", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recurent": np.zeros(3)}, "holds an unknown array 'recurent'; did you mean 'recurrent'?"),
        ({"recurrent": np.zeros((4, 5), np.float32)}, "recurrent weights have shape (4, 5)"),
        ({"input": np.zeros((4, 2), np.float32)}, "input weights have shape (4, 2); expected (5, 2)"),
        ({"output_bias": np.zeros(4, np.float32)}, "output_bias weights have shape (4,); expected (3,)"),
        ({"input": np.full((5, 2), np.nan, np.float32)}, "input weights holds 10 values that are NaN or infinite"),
        ({"output": np.zeros((3, 5), int)}, "the array 'output' has the type int64; expected float32 or float64"),
        ({"output": np.full((3, 5), None)}, "the array 'output' has the type object"),
        ({"output": np.zeros((1, 3, 5))}, "the array 'output' has shape (1, 3, 5); expected one or two axes"),
        ({"output": np.zeros((0, 5))}, "the array 'output' has shape (0, 5)"),
        ({"form": "flow"}, "unknown form 'flow'"),
        ({"activation": "elu"}, "unknown activation 'elu'"),
        ({"activation": 3.0}, "activation has shape () and type float64; expected one short text"),
        ({"activation": "t" * 400}, "expected one short text"),
        ({"activation": np.full((), None)}, "expected one short text"),
        ({"leak": 0.0}, "leak is 0.0; expected a number above 0"),
        ({"leak": [1.0, 1.0]}, "leak has shape (2,); expected one number, or one for each of the 5 units"),
        ({"dt_ms": np.nan}, "has dt_ms = nan"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict, message: str) -> None:
    path = savez(tmp_path / "bad.npz", **(arrays() | change))
    with pytest.raises(ValueError, match=rf"bad\.npz: .*{re.escape(message)}"):
        read_npz(path, 1.0)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lacks the weights recurrent, output"):
        read_npz(savez(tmp_path / "few.npz", input=np.zeros((5, 2))), 1.0)


def test_an_array_that_claims_more_than_it_holds_is_not_read(tmp_path: Path) -> None:
    path = with_member(tmp_path / "claim.npz", "recurrent", header((200_000, 200_000)) + bytes(100))
    with pytest.raises(
        ValueError, match=r"'recurrent' claims shape \(200000, 200000\), more than the [\d,]+ bytes it may"
    ):
        read_npz(path, 1.0)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = with_member(tmp_path / "bomb.npz", "recurrent", header((5, 5)) + bytes(100))
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02") + 24  # the unpacked size in the table of contents
    path.write_bytes(content[:at] + (4_000_000_000).to_bytes(4, "little") + content[at + 4 :])
    with pytest.raises(
        ValueError,
        match=r"bomb\.npz: the array 'recurrent' claims shape \(5, 5\) in 100 bytes; the file has 3,999,999,",
    ):
        read_npz(path, 1.0)


def test_rare_packings_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "xz.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("recurrent.npy", bytes(100))
    with pytest.raises(ValueError, match=r"'recurrent\.npy' is encrypted or compressed in an unknown way"):
        read_npz(tmp_path / "xz.npz", 1.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"not an archive", "is damaged: it is no whole zip archive"), (b"", "is damaged: it is no whole zip archive")],
)
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "text.npz").write_bytes(content)
    with pytest.raises(ValueError, match=rf"text\.npz: {message}"):
        read_npz(tmp_path / "text.npz", 1.0)


def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.npz: No such file or directory"):
        read_npz(tmp_path / "none.npz", 1.0)
    with pytest.raises(ValueError, match="Is a directory"):
        read_npz(tmp_path, 1.0)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.npz"
    write_npz(path, network())
    before = path.read_bytes()

    def full(file: object, **found: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match=r"No space left on device: .*one\.npz"):
        write_npz(path, dataclasses.replace(network(), dt_ms=1.0))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]
    with pytest.raises(OSError, match="No such file or directory"):
        write_npz(tmp_path / "nowhere" / "one.npz", network())


def test_a_control_sign_in_the_file_does_not_reach_the_terminal(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sly.npz", "w") as archive:
        archive.writestr("\x1b[2J\n.npy", header((5, 5)) + bytes(100))
    with pytest.raises(ValueError, match="holds an unknown array") as caught:
        read_npz(tmp_path / "sly.npz", 1.0)
    assert str(caught.value).isprintable()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.npz"
    write_npz(path, network())
    return path


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_ends_early_is_refused(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    cut = whole.with_name("cut.npz")
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.npz: "):
        read_npz(cut, 2.5)


@settings(max_examples=150, deadline=None)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=5))
def test_flipped_bytes_give_a_network_or_a_clear_error(whole: Path, flips: list[tuple[float, int]]) -> None:
    content = bytearray(whole.read_bytes())
    for share, change in flips:
        content[int(share * len(content))] ^= change
    flipped = whole.with_name("flipped.npz")
    flipped.write_bytes(content)
    message = ""
    try:
        assert import_npz(flipped, 2.5, StatedSettings()).network.weights.units > 0
    except ValueError as error:
        message = str(error)
    assert message == "" or (message.startswith(f"{flipped}: ") and message.isprintable())


NAMES = {"recurrent": (5, 5), "input": (5, 2), "output": (3, 5), "recurrent_bias": (5,), "output_bias": (3,)}


@settings(max_examples=100, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3)),
    form=st.sampled_from(["rate", "current"]),
    activation=st.sampled_from(list(ACTIVATIONS)),
    leaks=st.lists(st.floats(1e-3, 1), min_size=1, max_size=4),
    noise=st.floats(0, 2),
    dt_ms=st.sampled_from([0.1, 1 / 3, 0.3, 1.0, 7.0]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    layout=st.sampled_from(["C", "F", "strided"]),
    draw=st.integers(0, 2**32 - 1),
)
def test_what_is_exported_runs_the_same(  # noqa: PLR0917
    tmp_path_factory, shape, form, activation, leaks, noise, dt_ms, dtype, layout, draw
) -> None:
    """Whatever can be exported is read back as the same network, also where a single-precision dt_ms is asked for."""
    units, ins, outs = shape
    generator = np.random.default_rng(draw)
    sizes = [(units, units), (units, ins), (outs, units), (units,), (outs,)]
    found = {name: generator.normal(0, 0.5, size) for name, size in zip(NAMES, sizes, strict=True)}
    for name, array in found.items():
        wide = np.repeat(array, 2, axis=-1)[..., ::2] if layout == "strided" else np.asarray(array, order=layout)
        found[name] = wide.astype(dtype, order="K")
    leak = leaks[0] if len(leaks) != units else tuple(leaks)
    before = Network(RateDynamics(form, activation, leak, noise), RateWeights(**found), dt_ms)
    path = tmp_path_factory.mktemp("exported") / "one.npz"
    write_npz(path, before)
    for asked in (dt_ms, float(np.float32(dt_ms))):
        after = import_npz(path, asked, StatedSettings())
        assert (after.network.dynamics, after.notes) == (before.dynamics, ())
        for name, array in named_arrays(after.network.weights).items():
            np.testing.assert_array_equal(array, found[name])
    with np.load(path) as plain:
        assert all(plain[name].dtype == dtype for name in NAMES)


def test_a_network_with_a_time_constant_a_unit_comes_back(tmp_path: Path) -> None:
    leaks = (1.0, 0.5, 0.25, 0.1, 0.01)
    before = dataclasses.replace(network(), dynamics=RateDynamics("current", "tanh", leaks, 0.3))
    write_npz(tmp_path / "one.npz", before)
    after = read_npz(tmp_path / "one.npz", 2.5)
    assert after.dynamics == before.dynamics
    inputs = np.random.default_rng(1).normal(size=(4, 9, INPUTS))
    np.testing.assert_array_equal(after.run(inputs)[1], before.run(inputs)[1])
    taus = tuple(2.5 / leak for leak in leaks)
    assert read_npz(tmp_path / "one.npz", 2.5, StatedSettings(tau_ms=taus)).dynamics == before.dynamics
    with pytest.raises(ValueError, match=r"says leak = dt_ms / tau_ms = 0\.01 to 1, and 1 was stated; leave"):
        read_npz(tmp_path / "one.npz", 2.5, StatedSettings(tau_ms=2.5))


def test_what_the_file_leaves_open_is_what_the_user_says(tmp_path: Path) -> None:
    path = savez(tmp_path / "plain.npz", **arrays(), activation="relu")
    with pytest.warns(
        UserWarning, match=r"plain\.npz: does not say its form, time constant; assumed: the rate form, tau"
    ):
        assert read_npz(path, 1.0).dynamics == RateDynamics("rate", "relu", 1.0)
    stated = StatedSettings(form="current", tau_ms=(1.0, 2.0, 4.0, 5.0, 10.0))
    assert read_npz(path, 1.0, stated).dynamics == RateDynamics("current", "relu", (1.0, 0.5, 0.25, 0.2, 0.1))
    with pytest.raises(
        ValueError, match=r"plain\.npz: leak has 2 values; expected one, or one for each of the 5 units"
    ):
        read_npz(path, 1.0, StatedSettings(form="rate", tau_ms=(1.0, 2.0)))
    with pytest.raises(ValueError, match="unknown activation 'tahn'; did you mean 'tanh'"):
        StatedSettings(activation="tahn")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"'<f4'", b"'<f4"),
        (b"(5, 5)", b"(5, 5"),
        (b"(5, 5)", b"(5, -5)"),
        (b"'descr'", b"'decsr'"),
        (b"'<f4'", b"[('a', '<f4')]"),
        (b"False", b"Flase"),
        (b"'<f4'", b"'<q4'"),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, before: bytes, after: bytes) -> None:
    start = header((5, 5))
    assert before in start
    path = with_member(tmp_path / "head.npz", "recurrent", start.replace(before, after) + bytes(100))
    with pytest.raises(
        ValueError, match=r"head\.npz: is damaged: the array 'recurrent' has (no valid header|the unknown)"
    ):
        read_npz(path, 1.0)


def test_shapes_are_looked_at_before_an_array_is_read(tmp_path: Path) -> None:
    path = with_member(tmp_path / "wide.npz", "output", header((50_000, 1_000)) + b"these are no 200 MB")
    with pytest.raises(
        ValueError, match=r"output weights have shape \(50000, 1000\); expected \(50000, 5\) for 5 units"
    ):
        read_npz(path, 1.0)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """Zeros that unpack to a thousand times their bytes; a network of them fits itself, and is still too large."""
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in (("recurrent", (40_000, 40_000)), ("input", (40_000, 1)), ("output", (1, 40_000))):
            archive.writestr(f"{name}.npy", header(shape) + bytes(1_000_000))
    with pytest.raises(ValueError, match=r"'recurrent' claims shape \(40000, 40000\), more than the 536,870,912 bytes"):
        read_npz(tmp_path / "bomb.npz", 1.0)


def test_an_array_twice_is_refused(tmp_path: Path) -> None:
    path = savez(tmp_path / "twice.npz", **arrays())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("recurrent", header((5, 5)) + bytes(100))
    with pytest.raises(ValueError, match=r"twice\.npz: holds an array twice"):
        read_npz(path, 1.0)


CELLS = {"gru": rc.GRU(units=4, reset="before"), "lstm": rc.LSTM(units=4), "ugrnn": rc.UGRNN(units=4)}


def of_model(model: rc.Model) -> Network:
    weights = model.start(jax.random.key(0, impl="threefry2x32"), INPUTS, OUTPUTS)
    return Network(model.dynamics(2.5), jax.tree.map(np.asarray, weights), 2.5)


@pytest.mark.parametrize("name", CELLS)
def test_a_gated_network_there_and_back(tmp_path: Path, name: str) -> None:
    before = of_model(CELLS[name])
    before.save(tmp_path / "one.npz")
    after = rc.load(tmp_path / "one.npz")
    assert isinstance(after, Network)
    assert (after.dynamics, after.dt_ms) == (before.dynamics, 2.5)
    assert {key: (one.dtype, one.tolist()) for key, one in named_arrays(after.weights).items()} == {
        key: (one.dtype, one.tolist()) for key, one in named_arrays(before.weights).items()
    }
    with pytest.raises(ValueError, match=r"dt_ms = 2\.5, and dt_ms = 1 was asked for"):
        read_network(tmp_path / "one.npz", 1.0)
    with pytest.raises(
        ValueError, match="activation, form and time constant are stated for rate units, leave them out"
    ):
        read_network(tmp_path / "one.npz", 2.5, stated=PLAIN)
    with pytest.raises(ValueError, match=r"one.npz: holds a network of another cell than rate units; read it with"):
        read_npz(tmp_path / "one.npz", 2.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "GRUDynamics"}, "names its cell 'GRUDynamics' and not its equations; save the network again"),
        ({"cell": np.array(["{}"])}, "cell has shape (1,) and type str64; expected one text"),
        ({"cell": "{" + "x" * 20_000}, "cell has shape () and type str640032; expected one text"),
        ({"cell": "{"}, "cell holds no JSON"),
        ({"cell": '{"equations": ' + "[" * 3000 + "]" * 3000 + "}"}, "is nested too deeply|cell holds no JSON"),
        ({"cell": '{"equations": {"kind": "gru"}}'}, "cell lacks its equations or the axes of its arrays"),
        ({"cell": '{"equations": {}, "axes": {"bias": "gate"}}'}, "gives the array 'bias' the axes gate; expected a"),
        ({"equations": {"kind": "gated"}}, "unknown cell 'gated'"),
        ({"equations": {"kind": "gru", "reset": "never"}}, "cell: unknown reset 'never'"),
        ({"equations": {"kind": "gru", "leak": 1}}, "unknown key cell.leak"),
        ({"equations": {"kind": "lstm"}}, "has the arrays recurrent (gate post pre), .* LSTMDynamics has recurrent"),
        ({"equations": {"kind": "os:system"}}, "cell is 'os:system', a builtin_function_or_method; expected a class"),
        ({"equations": {"kind": "my_cell:Cell"}}, "it needs the module my_cell, not imported yet: .* Give --use my_c"),
        ({"bias": np.zeros((3, 5), np.float32)}, "recurrent weights have shape (3, 4, 4)|bias weights have shape"),
        ({"bias": np.zeros(4, np.float32)}, "the array 'bias' has shape (4,); expected 2 axes, none empty"),
        ({"bias": np.zeros((3, 4), int)}, "the array 'bias' has the type int64"),
        ({"more": np.zeros(3)}, "holds an unknown array 'more'"),
        ({"bias": None}, "lacks bias"),
        ({"dt_ms": None}, "lacks dt_ms"),
        ({"dt_ms": 0.0}, "dt_ms is 0.0; expected a number above 0"),
    ],
)
def test_what_is_wrong_with_a_gated_network_is_named(tmp_path: Path, change: dict, message: str) -> None:
    of_model(rc.GRU(units=4)).save(tmp_path / "bad.npz")
    with np.load(tmp_path / "bad.npz") as found:
        whole = dict(found)
    if "equations" in change:
        cell = json.loads(whole["cell"].item()) | change
        change = {"cell": json.dumps(cell)}
    kept = {name: array for name, array in (whole | change).items() if array is not None}
    savez(tmp_path / "bad.npz", **kept)
    words = "|".join(re.escape(one).replace(r"\.\*", ".*").replace(r"\ ", " ") for one in message.split("|"))
    with pytest.raises(ValueError, match=rf"bad\.npz: .*({words})"):
        rc.load(tmp_path / "bad.npz")


def test_names_that_the_file_needs_are_refused(tmp_path: Path) -> None:
    @dataclasses.dataclass(frozen=True)
    class Clashing(RateWeights):
        cell: Float[np.ndarray, "*network unit"]

    class Other(RateDynamics.__base__):  # type: ignore[misc, name-defined]
        weights = Clashing
        initial_state = step = rates = None

    other = Network(Other(), Clashing(**arrays(), cell=np.zeros(UNITS)), 2.5)
    with pytest.raises(ValueError, match="Clashing has an array 'cell', a name that the file needs; rename it"):
        write_npz(tmp_path / "other.npz", other, {"kind": "other"})
    assert not list(tmp_path.iterdir())
