"""Series: the systems' equations, trials cut from them, files of one's own, and reservoirs that continue them."""

import io

import numpy as np
import pytest

import recurra as rc
from recurra.runs.spec import read_table, to_spec, with_settings
from recurra.runs.tables import changes
from recurra.tasks.series import _mackey_glass
from recurra.testing import check_task

ONE = {"steps": 1, "validation_trials": 2, "trials": rc.FreshTrials(steps_an_epoch=1)}


def test_narma_is_its_recursion(seed):
    trial = rc.Narma(length_ms=200.0).trial(seed)
    u, y = np.asarray(trial.inputs)[:, 0].astype(float), np.asarray(trial.targets)[:, 0].astype(float)
    assert u.min() >= 0
    assert u.max() <= 0.5
    for t in range(10, 199):
        new = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 10 : t].sum() + 1.5 * u[t - 9] * u[t] + 0.1
        assert y[t] == pytest.approx(min(new, 1), rel=1e-4)
    assert np.asarray(trial.mask)[:, 0].sum() == 100


def test_mackey_glass_obeys_its_equation():
    """Against central differences; a finer integration gives the same; with a short delay it rests at 1."""
    fine = _mackey_glass(17, 300, parts=100)
    np.testing.assert_allclose(_mackey_glass(17, 40), fine[:40], atol=0.02)
    assert 0.2 < fine.min() < 0.6
    assert 1.2 < fine.max() < 1.5
    np.testing.assert_allclose(_mackey_glass(1, 10), 1, atol=1e-6)


@pytest.mark.thorough
def test_forecasts_are_the_series_later(seed):
    for task in (rc.Lorenz(horizon=7), rc.MackeyGlass(horizon=7), rc.Series(np.arange(3_000.0), horizon=7)):
        trial = task.trial(seed)
        np.testing.assert_array_equal(trial.inputs[7:], trial.targets[:-7])
    task = rc.Series(np.arange(900.0), np.arange(900.0)[:, None] * [1, 2], horizon=0, length_ms=300.0)
    trial = task.trial(seed)
    np.testing.assert_array_equal(trial.inputs * np.float32([1, 2]), trial.targets)


@pytest.mark.thorough
def test_a_reservoir_continues_a_series():
    """Where a readout of the input alone cannot."""
    model = rc.RateRNN(units=60, initializer=rc.SpectralRadius(0.9), input_initializer=rc.Uniform())
    for task in (rc.MackeyGlass(), rc.Lorenz()):
        cohort = rc.train(task, model, rc.Ridge(batch=2, ridge=1e-8, **ONE), networks=1, seed=0)
        trials = task.sample(5, 2)
        power = np.asarray(trials.targets)[:, 100:].var()
        assert cohort.history.validation_loss[0, -1] < 0.02 * power


def test_files(tmp_path):
    values = np.arange(12.0).reshape(6, 2)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", first=values, second=values[:, 0])
    (tmp_path / "c.csv").write_text("x,y\n" + "\n".join(f"{a},{b}" for a, b in values) + "\n")
    np.testing.assert_array_equal(rc.read_series(tmp_path / "a.npy"), values)
    np.testing.assert_array_equal(rc.read_series(tmp_path / "b.npz", "second"), values[:, :1])
    np.testing.assert_array_equal(rc.read_series(tmp_path / "c.csv"), values)
    (tmp_path / "d.csv").write_text("1,2\n3\n")
    (tmp_path / "e.csv").write_text("1,2\n3,four\n")
    (tmp_path / "f.csv").write_text("1\nnan\n")
    (tmp_path / "g.npy").write_bytes(b"nonsense")
    np.save(tmp_path / "h.npy", np.array([{}], object), allow_pickle=True)
    for name, words in (
        ("b.npz", "holds the arrays first, second; say which"),
        ("d.csv", "row 2 has 1 numbers and the first 2"),
        ("e.csv", "row 2 has 'four'"),
        ("f.csv", "the series"),
        ("g.npy", "g.npy"),
        ("h.npy", "h.npy"),
        ("missing.npy", "missing.npy: No such file"),
    ):
        with pytest.raises(ValueError, match=words) as raised:
            rc.read_series(tmp_path / name)
        assert str(raised.value).startswith(str(tmp_path / name))
        assert "\n" not in str(raised.value)


def test_a_spec_names_a_file_beside_it(tmp_path, monkeypatch):
    """Its numbers become part of the run; other numbers in the file are another task, which one line tells."""
    values = np.sin(np.arange(400.0))
    np.savetxt(tmp_path / "sine.csv", values, delimiter=",")
    np.save(tmp_path / "other.npy", values[:, None] * [1, 2])
    spec = tmp_path / "mine.toml"
    spec.write_text('[task]\nkind = "series"\nfile = "sine.csv"\nwanted_file = "other.npy"\nlength_ms = 300.0\n')
    made = to_spec(with_settings(read_table(str(spec)), []))
    assert made.task == rc.Series(values, values[:, None] * [1, 2], length_ms=300.0)
    assert to_spec(made.table()) == made
    np.savetxt(tmp_path / "sine.csv", values + 1, delimiter=",")
    other = to_spec(with_settings(read_table(str(spec)), []))
    (told,) = changes(made.table(), other.table()).items()
    assert told[0] == "task.values"
    assert [one.startswith("400 rows, sha256 ") for one in told[1]] == [True, True]
    assert told[1][0] != told[1][1]
    monkeypatch.chdir(tmp_path)
    set_here = ["task.file=other.npy", "task.length_ms=300"]
    assert to_spec(with_settings({"task": "series"}, [*set_here, "networks=1"])).task.outputs == 2
    one = {"kind": "series", "file": "sine.csv", "length_ms": 300.0}
    several = {"task": {"kind": "multi", "tasks": [one, {**one, "horizon": 2}], "names": ["near", "far"]}}
    assert to_spec(with_settings(several, [])).task.tasks[1].horizon == 2
    assert len(repr(made.task)) < 300
    for line, words in (
        ("file = 3", "file of the series is 3; expected the name of a file"),
        ('file = "sine.csv"\nvalues = [1, 2]', "the series has both file and values; give one of them"),
        ('file = "missing.csv"', "missing.csv: No such file"),
    ):
        spec.write_text(f'[task]\nkind = "series"\n{line}\n')
        with pytest.raises(ValueError, match=words):
            with_settings(read_table(str(spec)), [])


def test_what_is_too_short_is_refused():
    with pytest.raises(ValueError, match="the series is too short for anything to count"):
        rc.Narma(length_ms=100.0)
    with pytest.raises(ValueError, match=r"the series has 50 steps; a trial of 1000 ms and a horizon of 1 need 1,001"):
        rc.Series(np.zeros(50))
    with pytest.raises(ValueError, match="wanted has 3 steps and values 2,000"):
        rc.Series(np.zeros(2_000), np.zeros(3))
    with pytest.raises(ValueError, match="values has the shape"):
        rc.Series(np.zeros((2, 3, 4)))


def npy(array):
    """The bytes of a `.npy` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "holds no numbers; expected one row of them a time step, between commas"),
        ("a.csv", b"x,y\n", "holds no numbers; expected one row"),
        ("a.csv", b"1\n\n3\n4\n", "line 2 is blank, which may be a missing sample; expected numbers in every line"),
        ("a.csv", b"\n1\n2\n", "line 1 is blank"),
        ("a.csv", b"x\n \n1\n", "line 2 is blank"),
        ("a.csv", b",\n1,2\n", "row 1 has ''; expected numbers between commas"),
        ("a.csv", b"1;2\n3;4\n", "row 1 has '3;4'; expected numbers between commas"),
        ("a.csv", "1\n2\n".encode("utf-16"), "is no text in UTF-8; expected numbers between commas"),
        ("a.csv", b"1e39\n2\n", r"the series holds 1 values beyond the range of float32, of 2"),
        ("a.npy", npy(np.array([1e39])), "the series holds 1 values beyond the range of float32, of 1"),
        ("a.npy", b"1\n2\n", "is no .npy file of NumPy$"),
        ("a.npy", b"", "is no .npy file of NumPy$"),
        (
            "a.npy",
            npy(np.arange(9.0))[:-20],
            "is damaged, or holds objects; expected a .npy file of an array of numbers",
        ),
        ("a.npy", npy(np.array([{}], object)), "is damaged, or holds objects"),
        ("a.npy", npy(np.array([True])), "holds bool; expected numbers"),
        ("a.npy", npy(np.array([1j])), "holds complex128; expected numbers"),
        ("a.npy", npy(np.zeros((2, 2, 2))), r"holds an array of the shape \(2, 2, 2\); expected \(time, channel\)"),
        ("a.npy", npy(np.zeros((0, 2))), r"holds an array of the shape \(0, 2\)"),
        ("a.npz", npy(np.arange(9.0)), "is no .npz file of NumPy$"),
        ("a.npz", b"PK", "is damaged, or holds objects"),
        ("a.npz", b"PK\x05\x06" + bytes(18), "holds no array"),
    ],
)
def test_files_that_are_no_series(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words) as raised:
        rc.read_series(tmp_path / name)
    assert str(raised.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(raised.value)
    assert "pickle" not in str(raised.value)


@pytest.mark.parametrize("content", [b"1\n2\n\n \n", b"\xef\xbb\xbf1\n2\n", b"\xef\xbb\xbfx\r\n1\r\n2\r\n"])
def test_blank_lines_at_the_end_and_marks_at_the_beginning(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    np.testing.assert_array_equal(rc.read_series(tmp_path / "a.csv"), [[1], [2]])


ROOM = np.zeros(2_000)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            lambda: rc.Series([1e39] * 5),
            "^values holds 5 values beyond the range of float32, of 5; expected numbers within",
        ),
        (lambda: rc.Series(ROOM, ROOM + 1e39), "^wanted holds 2000 values beyond the range of float32, of 2000"),
        (lambda: rc.Series(np.array([1j, 2])), "^values has the type complex128; expected real numbers"),
        (lambda: rc.Series(ROOM, ROOM * 1j), "^wanted has the type complex128; expected real numbers"),
        (lambda: rc.Series(ROOM, [[1.0], [1.0, 2.0]]), "^wanted has rows of different lengths"),
        (lambda: rc.Series(ROOM, horizon=10**12), "need 1,000,000,001,000. Lower length_ms or horizon"),
        (lambda: rc.MackeyGlass(length_ms=np.inf), "^length_ms is infinite; expected a duration in ms"),
        (lambda: rc.MackeyGlass(dt_ms=0), "^dt_ms is 0; expected a number above 0"),
        (lambda: rc.Lorenz(dt_ms=0.0), "^dt_ms is 0.0; expected a number above 0"),
        (lambda: rc.Lorenz(length_ms=np.nan), "^length_ms is not a number"),
        (lambda: rc.MackeyGlass(horizon=1j), "^horizon is 1j; expected a whole number"),
        (
            lambda: rc.MackeyGlass(horizon=10**12),
            "^a trial of 2000 ms and a horizon of 1000000000000 need a series of 2,000,000,004,000 steps; expected at "
            "most 10,000,000. Lower length_ms or horizon",
        ),
        (
            lambda: rc.Lorenz(step=1e-300),
            "^step is 1e-300; expected 1e-06 to 0.1 units of time, which is a seventh of a turn",
        ),
        (lambda: rc.Lorenz(step=0.2), "^step is 0.2; expected 1e-06 to 0.1 units of time"),
        (lambda: rc.Lorenz(step=0.1, length_ms=1e6), "computed for 200,001 units of its time; expected at most 20,000"),
        (lambda: rc.Narma(settle_ms=1e308, dt_ms=0.1), "^settle_ms is 1e.308 ms, more than 2,147,483,647 steps"),
    ],
)
def test_numbers_that_no_series_has(made, words):
    with pytest.raises((TypeError, ValueError), match=words) as raised:
        made()
    assert "\n" not in str(raised.value)


def test_whole_numbers_of_numpy():
    """Those of eight bits are not added in eight bits, where 30 units of ten steps would be 44."""
    task, known = rc.MackeyGlass(delay=np.uint8(30), horizon=np.uint8(5)), rc.MackeyGlass(delay=30, horizon=5)
    np.testing.assert_array_equal(task.sample(0, 1).targets, known.sample(0, 1).targets)


def test_an_empty_list_of_wanted_values_is_none():
    assert rc.Series(ROOM, []) == rc.Series(ROOM)
    hash(rc.Series(ROOM, []))


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [rc.Narma(), rc.MackeyGlass(), rc.Lorenz(), rc.Series(np.sin(np.arange(2_000.0)))],
    ids=lambda one: one.title,
)
def test_they_are_tasks(task):
    check_task(task)
