"""Files of torch and safetensors, made here in their documented layouts; and hostile ones, which run nothing."""

import collections
import io
import json
import os
import pickle
import re
import sys
import types
import zipfile

import numpy as np
import pytest

from recurra.engine import GRUDynamics, LSTMDynamics, RateDynamics
from recurra.storage import tensors
from recurra.storage.imported import StatedSettings, import_file
from recurra.storage.torch_files import NOTHING_STATED, read_torch
from tests.foreign.by_hand import torch_module
from tests.networks import read_here

UNITS, INPUTS, OUTPUTS = 5, 2, 3
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
DYNAMICS = {"RNN": RateDynamics("rate", "tanh", 1.0), "GRU": GRUDynamics("after"), "LSTM": LSTMDynamics()}
STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "int64": "LongStorage"}
LETTERS = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64"}


@pytest.fixture(autouse=True, scope="module")
def _in_this_process():
    """Read without a process of its own, which takes a while to start; `test_parsing.py` is about that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recurra.storage.imported.read_content", read_here)
        yield


def state_dict(kind, dtype=np.float32, units=UNITS):
    """Weights in torch's layout, all different, both biases too."""
    random, rows = np.random.default_rng(0), GATES[kind] * units
    shapes = {
        "weight_ih_l0": (rows, INPUTS),
        "weight_hh_l0": (rows, units),
        "bias_ih_l0": (rows,),
        "bias_hh_l0": (rows,),
    }
    found = {f"rnn.{name}": random.normal(0, 0.6, shape).astype(dtype) for name, shape in shapes.items()}
    found["readout.weight"] = random.normal(0, 0.6, (OUTPUTS, units)).astype(dtype)
    return found | {"readout.bias": random.normal(0, 0.6, OUTPUTS).astype(dtype)}


class Storage:
    """What torch pickles apart: the numbers of a tensor."""

    def __init__(self, array, kind=None):
        self.content, self.count = array.tobytes(), array.size
        self.kind = kind or STORAGES[array.dtype.name]


def plain(counts):
    return tuple(counts.tolist() if isinstance(counts, np.ndarray) else counts)


class Tensor:
    """Pickled as torch's tensors are, with the offset, shape and stride that it is made with."""

    def __init__(self, storage, shape, stride, offset=0, parameter=False):
        self.parts = storage, offset, tuple(shape), plain(stride), False, collections.OrderedDict()
        self.parameter = parameter

    def __reduce__(self):
        torch = sys.modules["torch._utils"]
        if self.parameter:
            return torch._rebuild_parameter, (Tensor(self.parts[0], *self.parts[2:4], self.parts[1]), True, {})
        return torch._rebuild_tensor_v2, self.parts


def contiguous(array):
    return Tensor(Storage(array), array.shape, np.array(array.strides) // array.itemsize)


@pytest.fixture
def torch_names(monkeypatch):
    """Modules of torch's names, so that pickles can name what torch has."""
    modules = {name: types.ModuleType(name) for name in ("torch", "torch._utils")}
    modules["torch"]._utils = modules["torch._utils"]
    for name, kind in modules.items():
        monkeypatch.setitem(sys.modules, name, kind)
    for name in (*STORAGES.values(), "BFloat16Storage"):
        setattr(modules["torch"], name, type(name, (), {"__module__": "torch"}))
    for name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        exec(f"def {name}(*given): ...", modules["torch._utils"].__dict__)  # noqa: S102
    return modules


def save(path, value, method=zipfile.ZIP_STORED, order=b"little", **members):
    """As torch.save writes it, with the pickle of Python's own library."""
    storages, packed = [], io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, one):
            if not isinstance(one, Storage):
                return None
            if one not in storages:
                storages.append(one)
            kind = getattr(sys.modules["torch"], one.kind)
            return ("storage", kind, str(storages.index(one)), "cpu", one.count)

    Pickler(packed, protocol=2).dump(value)
    contents = {"data.pkl": packed.getvalue(), "byteorder": order, "version": b"3\n"}
    contents |= {f"data/{at}": one.content for at, one in enumerate(storages)} | members
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(f"{path.stem}/{name}", content)
    return path


def with_versions(found):
    """A state_dict as a module gives it: an OrderedDict with an attribute."""
    state = collections.OrderedDict((name, contiguous(array)) for name, array in found.items())
    state._metadata = collections.OrderedDict({"": {"version": 1}, "rnn": {"version": 1}})
    return state


def safetensors(path, found, about=None, change=lambda header: header, extra=b""):
    header, at = {} if about is None else {"__metadata__": about}, 0
    for name, array in found.items():
        header[name] = {
            "dtype": LETTERS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    text = change(header)
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(one.tobytes() for one in found.values()) + extra)
    return path


def check_runs(path, kind, found, stated=NOTHING_STATED, prefix="rnn."):
    read = import_file("torch", path, 1.0, stated)
    assert read.network.dynamics == DYNAMICS[kind]
    inputs = np.random.default_rng(1).uniform(-3, 3, (4, 30, INPUTS))
    np.testing.assert_allclose(read.network.run(inputs)[1], torch_module(kind, found, inputs, prefix), atol=1e-6)
    return read


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize("kind", GATES)
def test_a_state_dict_runs_as_torch_runs_it(tmp_path, kind):
    found = state_dict(kind)
    notes = check_runs(save(tmp_path / "one.pt", with_versions(found)), kind, found).notes
    assert check_runs(safetensors(tmp_path / "one.safetensors", found), kind, found).notes == tuple(
        note.replace(".pt", ".safetensors") for note in notes
    )
    said = (
        "one.pt: does not say its activation; assumed: tanh. Say it with --activation, "
        "or in Python read it with read_network and stated=StatedSettings(activation=).",
    )
    assert notes == (said if kind == "RNN" else ())


@pytest.mark.usefixtures("torch_names")
def test_a_checkpoint_with_the_state_of_an_optimizer(tmp_path):
    found = state_dict("GRU")
    moments = {0: {"step": contiguous(np.zeros(1, np.float32)), "exp_avg": contiguous(found["rnn.weight_ih_l0"])}}
    state = {"state": moments, "param_groups": [{"lr": 0.001, "betas": (0.9, 0.999), "params": [0]}]}
    value = {"epoch": 3, "loss": 0.5, "model": with_versions(found), "optimizer": state, "note": None, "best": True}
    check_runs(save(tmp_path / "last.pth", value), "GRU", found)


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64", "big-endian", "view", "parameter", "deflated"])
def test_types_and_views(tmp_path, kind):
    found = state_dict("GRU", {"float16": np.float16, "float64": np.float64}.get(kind, np.float32))
    state, options = with_versions(found), {}
    if kind == "bfloat16":
        for name, array in found.items():
            upper = (array.view("<u4") >> 16).astype("<u2")
            found[name] = (upper.astype("<u4") << 16).view("<f4")
            steps = np.array(array.strides) // array.itemsize
            state[name] = Tensor(Storage(upper, "BFloat16Storage"), array.shape, steps)
    elif kind == "big-endian":
        options["order"] = b"big"
        for one in state.values():
            one.parts[0].content = np.frombuffer(one.parts[0].content, "<f4").astype(">f4").tobytes()
    elif kind == "view":
        turned = np.concatenate([np.zeros(7, np.float32), found["rnn.weight_hh_l0"].T.ravel()])
        state["rnn.weight_hh_l0"] = Tensor(Storage(turned), (15, 5), (1, 15), offset=7)
    elif kind == "parameter":
        for one in state.values():
            one.parameter = True
    elif kind == "deflated":
        options["method"] = zipfile.ZIP_DEFLATED
    check_runs(save(tmp_path / "one.pt", state, **options), "GRU", found)


def test_a_cell_in_a_module_of_any_name(tmp_path):
    """A cell has no layers in its names; a parallel module puts its own name before."""
    found = state_dict("LSTM")
    named = {name.replace("rnn.", "module.core.cell.").replace("_l0", ""): array for name, array in found.items()}
    check_runs(safetensors(tmp_path / "cell.safetensors", named), "LSTM", found)


def test_what_the_texts_of_a_file_say(tmp_path):
    found = state_dict("RNN")
    path = safetensors(tmp_path / "one.safetensors", found, {"format": "pt", "activation": "relu", "dt_ms": "2.5"})
    network = read_torch(path, 2.5)
    assert network.dynamics == RateDynamics("rate", "relu", 1.0)
    with pytest.raises(ValueError, match=r"has dt_ms = 2\.5, and dt_ms = 1 was asked for"):
        read_torch(path, 1.0)
    safetensors(path, found, {"dt_ms": "-1"})
    with pytest.raises(ValueError, match="says dt_ms = '-1'; expected a number above 0"):
        read_torch(path, 1.0)
    with pytest.raises(ValueError, match=r"says leak = dt_ms / tau_ms = 1, and 0\.5 was stated"):
        read_torch(safetensors(path, found), 1.0, StatedSettings(tau_ms=2.0))


def test_a_state_at_the_start_is_told_where_it_is_not_zero(tmp_path):
    found = state_dict("GRU")
    path = safetensors(tmp_path / "h.safetensors", found | {"h0": np.zeros(UNITS, np.float32)})
    assert not check_runs(path, "GRU", found).notes
    safetensors(path, found | {"h0": np.ones(UNITS, np.float32)})
    assert check_runs(path, "GRU", found).notes == (
        "h.safetensors: its initial state h0 is not zero; recurra begins every trial at a state of zero",
    )


def without(name):
    return lambda found: {key: array for key, array in found.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda f: f | {"rnn.weight_ih_l0_reverse": f["rnn.weight_ih_l0"]},
            "holds a bidirectional module (rnn.weight_ih",
        ),
        (lambda f: f | {"rnn.weight_ih_l1": f["rnn.weight_ih_l0"]}, "holds stacked layers (rnn.weight_ih_l1)"),
        (lambda f: f | {"rnn.weight_hr_l0": f["rnn.weight_ih_l0"]}, "holds a projection of its state (proj_size)"),
        (lambda f: f | {"other.weight_hh_l0": f["rnn.weight_hh_l0"]}, "holds 2 recurrent modules"),
        (
            lambda f: f | {"deep.weight": f["readout.weight"]},
            "the recurrent one: readout, deep; expected one nn.L",
        ),
        (
            lambda f: f | {"norm.running_mean": f["readout.bias"]},
            "the tensor 'norm.running_mean', which is no weight",
        ),
        (
            lambda f: {"readout.weight": f["readout.weight"]},
            "holds no weights of nn.RNN, nn.GRU or nn.LSTM",
        ),
        (without("readout.weight"), "beside the recurrent one: readout; expected one nn.Linear"),
        (
            lambda f: {key: f[key] for key in f if "readout" not in key},
            "beside the recurrent one: none; expected one",
        ),
        (without("rnn.bias_hh_l0"), "holds bias_ih, weight_hh, weight_ih of its recurrent module and lacks the others"),
        (
            lambda f: f | {"rnn.weight_hh_l0": np.zeros((10, 5), np.float32)},
            "weight_hh has shape (10, 5), which no nn.",
        ),
        (
            lambda f: f | {"rnn.weight_ih_l0": np.zeros((9, 2), np.float32)},
            "weight_ih has shape (9, 2); expected (15",
        ),
        (lambda f: f | {"rnn.bias_ih_l0": np.zeros(9, np.float32)}, "bias_ih has shape (9,); expected (15,)"),
        (
            lambda f: f | {"readout.weight": np.zeros((3, 4), np.float32)},
            "weight of the readout has shape (3, 4); ",
        ),
        (lambda f: f | {"readout.bias": np.zeros(4, np.float32)}, "bias of the readout has shape (4,); expected (3,)"),
        (
            lambda f: f | {"readout.bias": np.zeros(3, int)},
            "the array 'readout bias' has the type int64; expected",
        ),
        (
            lambda f: f | {"readout.bias": np.full(3, np.nan, np.float32)},
            "output_bias weights holds 3 values that a",
        ),
        (lambda f: f | {"readout.weight": np.zeros((0, 5), np.float32)}, "has shape (0, 5)"),
    ],
)
def test_what_recurra_does_not_have_is_refused_with_the_reason(tmp_path, change, message):
    path = safetensors(tmp_path / "other.safetensors", change(state_dict("GRU")))
    with pytest.raises(ValueError, match=rf"other\.safetensors: .*{re.escape(message)}"):
        import_file("torch", path, 1.0, NOTHING_STATED)


class Runs:
    """A pickle of it runs a command."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize("where", ["alone", "beside", "name"])
def test_a_pickle_that_runs_a_command_does_not_run_it(tmp_path, where):
    mark = tmp_path / "mark"
    call = Runs(os.system, f"touch {mark}")
    value = {
        "alone": call,
        "beside": {"epoch": call, "model": with_versions(state_dict("GRU"))},
        "name": {"f": os.system},
    }
    path = save(tmp_path / "evil.pt", value[where])
    with pytest.raises(ValueError, match=r"evil\.pt: holds 'posix\.system', and recurra runs no code of a file; save"):
        import_file("torch", path, 1.0, NOTHING_STATED)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Runs(os.system, f"touch {mark}")))  # noqa: S301 - the test would see it
    assert mark.exists()


COMMANDS = {
    b"\x80\x02cbuiltins\neval\n(X\x01\0\0\x001tR.": "holds 'builtins.eval'",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93.": "has the pickle command SHORT_BINUNICODE, which torch.save does",
    b"(ios\nsystem\n.": "has the pickle command INST",
    b"\x80\x02N)R.": "its pickle calls what is no function",
    b"\x80\x02ctorch\nFloatStorage\n)R.": "its pickle calls what is no function",
    b"\x80\x02R.": "its pickle takes more than it gives",
    b"\x80\x02(N": "pickle exhausted before seeing STOP",
    b"\x80\x02t.": "its pickle has no mark where it needs one",
    b"\x80\x02(R.": "its pickle takes more than it gives",
    b"\x80\x02h\x05.": "its pickle remembers what it never had",
    b"\x80\x02q\x05.": "its pickle has no object where it needs one",
    b"\x80\x02NNNs.": "its pickle has no dict where it needs one",
    b"\x80\x02NQ.": "it describes the numbers of a tensor in another way than torch",
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR.": "it describes a tensor in another way than torch",
    b"\x80\x02}.": "holds no state_dict; save one",
    b"\x80\x02X\xff\xff\xff\x7fabc.": "expected",
    b"": "exhausted",
}


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize("commands", COMMANDS)
def test_a_pickle_of_something_else_is_one_line(tmp_path, commands):
    path = save(tmp_path / "bad.pt", {}, **{"data.pkl": commands})
    with pytest.raises(ValueError, match=rf"bad\.pt: [^\n]*{re.escape(COMMANDS[commands])}[^\n]*$"):
        import_file("torch", path, 1.0, NOTHING_STATED)


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (((3,), (1,), 1), "a tensor of shape (3,) reaches over the end of its 3 numbers"),
        (((3,), (2,), 0), "reaches over the end"),
        (((3,), (-1,), 0), "a tensor has shape (3,), stride (-1,) and offset 0"),
        (((-3,), (1,), 0), "a tensor has shape (-3,)"),
        (((3,), (1,), -1), "and offset -1"),
        (((3,), (1, 1), 0), "a tensor has shape (3,), stride (1, 1)"),
        (((3.0,), (1,), 0), "it describes a tensor in another way than torch"),
        (((10**9,), (0,), 0), "claims shape (1000000000,), more than the"),
    ],
)
def test_a_tensor_that_lies_about_itself_is_not_read(tmp_path, tensor, message):
    state = with_versions(state_dict("GRU"))
    shape, stride, offset = tensor
    state["readout.bias"] = Tensor(state["readout.bias"].parts[0], shape, stride, offset)
    with pytest.raises(ValueError, match=rf"lies\.pt: .*{re.escape(message)}"):
        import_file("torch", save(tmp_path / "lies.pt", state), 1.0, NOTHING_STATED)


@pytest.mark.usefixtures("torch_names")
@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"data/0": b"short"}, "its member 'bad/data/0' has 5 bytes, not 30 numbers"),
        ({"data/0": bytes(10**7)}, "its member 'bad/data/0' has 10,000,000 bytes, not 30 numbers"),
        ({"data/0": None}, "lacks the member 'bad/data/0'"),
        ({"data.pkl": None}, "is no archive of torch.save: it lacks the member data.pkl"),
        ({"data.pkl": bytes(2**24 + 1)}, "its member 'bad/data.pkl' unpacks to 16,777,217 bytes"),
        ({"constants.pkl": b""}, "is a TorchScript program"),
        ({"byteorder": b"middle"}, "its member byteorder is neither little nor big"),
    ],
)
def test_an_archive_with_wrong_members_is_one_line(tmp_path, members, message):
    path = save(tmp_path / "bad.pt", with_versions(state_dict("GRU")), zipfile.ZIP_DEFLATED, **members)
    with pytest.raises(ValueError, match=rf"bad\.pt: .*{re.escape(message)}"):
        import_file("torch", path, 1.0, NOTHING_STATED)


@pytest.mark.usefixtures("torch_names")
def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(tensors, "MOST_ARRAY_BYTES", 2**20)
    state = with_versions(state_dict("GRU"))
    path = save(tmp_path / "bomb.pt", state, zipfile.ZIP_DEFLATED, **{"data/0": bytes(2**20 + 1)})
    with pytest.raises(ValueError, match=r"its member 'bomb/data/0' unpacks to 1,048,577 bytes; recurra reads at most"):
        import_file("torch", path, 1.0, NOTHING_STATED)


@pytest.mark.usefixtures("torch_names")
def test_files_of_other_kinds_are_named(tmp_path):
    found = with_versions(state_dict("GRU"))
    whole = save(tmp_path / "one.pt", found).read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.pt: is damaged: it is no whole zip archive"):
        import_file("torch", tmp_path / "cut.pt", 1.0, NOTHING_STATED)
    (tmp_path / "old.pt").write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2))
    with pytest.raises(ValueError, match=r"old\.pt: is in the format of torch before 1\.6; load it with torch"):
        import_file("torch", tmp_path / "old.pt", 1.0, NOTHING_STATED)
    with pytest.raises(ValueError, match=r"two\.pt: holds 2 tables of tensors; save one"):
        import_file("torch", save(tmp_path / "two.pt", {"first": found, "second": found}), 1.0, NOTHING_STATED)
    with pytest.raises(ValueError, match=r"none\.pt: No such file"):
        import_file("torch", tmp_path / "none.pt", 1.0, NOTHING_STATED)


def changed(name, **values):
    return lambda header: header | {name: header[name] | values}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("readout.bias", data_offsets=[0, 12]), "begins at byte"),
        (changed("readout.bias", data_offsets=[4, 2**40]), "of shape (3,) needs 12 bytes; it has bytes 4 to"),
        (changed("readout.bias", data_offsets=[12, 0]), "needs 12 bytes; it has bytes 12 to 0"),
        (changed("readout.bias", shape=[4]), "of shape (4,) needs 16 bytes"),
        (changed("readout.bias", shape=[-3]), "its header has no dtype, shape and data_offsets of the tensor"),
        (changed("readout.bias", shape=[2**40, 2**40]), "of shape (1099511627776, 1099511627776) needs"),
        (changed("readout.bias", data_offsets=[0]), "its header has no dtype, shape and data_offsets"),
        (changed("readout.bias", dtype="F8_E4M3"), "has the type 'F8_E4M3', which recurra does not know"),
        (changed("readout.bias", more=1), "its header has no dtype, shape and data_offsets"),
        (lambda header: header | {"__metadata__": {"format": 3}}, "its __metadata__ holds something else than texts"),
        (lambda header: header | {str(at): {} for at in range(10_001)}, "its header is no table of tensors"),
        (lambda _: [], "its header is no table of tensors"),
        (lambda _: b"[" * 100_000, "its header is nested too deeply"),
        (lambda _: b"{", "its header is not valid JSON"),
        (lambda header: json.dumps(header)[:-1].encode() + b', "readout.bias": {}}', "names a tensor twice"),
    ],
)
def test_a_header_that_lies_is_one_line(tmp_path, change, message):
    path = safetensors(tmp_path / "bad.safetensors", state_dict("GRU"), change=change)
    with pytest.raises(ValueError, match=rf"bad\.safetensors: [^\n]*{re.escape(message)}"):
        import_file("torch", path, 1.0, NOTHING_STATED)


def test_headers_and_ends_that_are_too_long(tmp_path):
    path = safetensors(tmp_path / "bad.safetensors", state_dict("GRU"), extra=b"more")
    with pytest.raises(ValueError, match="its tensors end at byte"):
        import_file("torch", path, 1.0, NOTHING_STATED)
    for length in (2**63, 2**24 + 1, 500):
        path.write_bytes(length.to_bytes(8, "little") + b"{}")
        with pytest.raises(ValueError, match=rf"is no whole safetensors file: its header claims {length:,} bytes of"):
            import_file("torch", path, 1.0, NOTHING_STATED)
    path.write_bytes(b"few")
    with pytest.raises(ValueError, match="is no whole safetensors file"):
        import_file("torch", path, 1.0, NOTHING_STATED)
