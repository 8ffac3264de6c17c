"""`rc.plot`: every record on the user's axes, in his style where he set one, and nothing done behind his back."""

from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.markers import CARETUPBASE
from matplotlib.text import Annotation
from mpl_toolkits.mplot3d import Axes3D

import recurra as rc
from built_records import built, built_sweep
from recurra.analysis import Memories, NoisyLifetimes, Program, PulseTable
from recurra.analysis.cohorts.census import Clusters, census_of
from recurra.analysis.cohorts.sweep import Sweep
from recurra.analysis.cohorts.swept import SweptKey
from recurra.models.cohort import History
from recurra.plotting.colors import state_color
from recurra.plotting.papers.style import plain_log
from recurra.plotting.records.table import DRAWINGS
from recurra.runs.record import cohort_of, read_run
from recurra.streams import Stream, random_key

mpl.use("Agg")
PAIRS = [(kind, name) for kind, drawings in DRAWINGS.items() for name in drawings]


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Settings are as they were, and all figures of a test are closed after it."""
    before = mpl.rcParams.copy()
    yield
    plt.close("all")
    assert mpl.rcParams == before


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def records(small_run, run, seed):
    """A record of every kind that can be drawn: those of a run, and random ones of the other kinds."""
    cohort, dossier = cohort_of(small_run), run.dossiers[0]
    trials = run.task.probe()
    pca = dossier.pca
    field = rc.flow_field(
        cohort[0], plane=pca.components[:2], center=pca.center, across=(-1, 1), upwards=(-1, 1), inputs=np.zeros(3)
    )
    found = [run, cohort, cohort[0], cohort.history, trials, field, *dossier.by_group().values()]
    known = {type(record): record for record in found}
    census = census_of(
        rc.similarity_matrices(signatures=[_signature(at, seed) for at in range(4)]), *_regimes(4), seed=seed
    )
    known[type(census)] = census
    keys = (SweptKey("model.units", "units", (2, 3)),)
    known[Sweep] = built_sweep(keys, "all", [((units,), [0.5, 2.0], "ab") for units in (2, 3)])
    return {kind: known[kind] if kind in known else built(kind, 4, seed) for kind in DRAWINGS}


def _signature(at, seed):
    random = np.random.default_rng([seed, at])
    return rc.signature_of(
        rates=random.normal(size=(3, 20, 5)), recurrent=random.normal(size=(5, 5)), linearized=np.ones((3, 5), complex)
    )


def _regimes(count):
    return np.ones((count, 3), int), np.ones(count, int), np.zeros(count, int)


def own_axes(kind, name, record):
    spatial = DRAWINGS[kind][name].coordinates(record) > 2
    return plt.figure().add_subplot(projection="3d" if spatial else None)


@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=lambda one: getattr(one, "__name__", one))
def test_every_record_is_drawn_on_own_axes(kind, name, records):
    record = records[kind]
    axes = own_axes(kind, name, record)
    figures = plt.get_fignums()
    assert rc.plot(record, name, ax=axes) is axes
    assert plt.get_fignums() == figures
    assert axes.lines or axes.collections or axes.images or axes.patches
    assert axes.get_xlabel() or axes.get_ylabel() or axes.get_title()
    axes.figure.canvas.draw()


def test_without_axes_one_figure_is_made(records):
    axes = rc.plot(records[rc.analysis.Spectrum])
    assert plt.get_fignums() == [axes.figure.number]


def test_first_drawing_is_the_default(records):
    network = records[rc.Network]
    assert rc.plot(network).get_ylabel() == "Postsynaptic unit"
    assert rc.plot(network, "spectrum").get_ylabel() == "Imaginary part"


def test_eigenvalues_are_where_they_belong():
    values = np.array([0.5, -0.25, 1.5])
    axes = rc.plot(rc.spectrum(recurrent=np.diag(values)))
    drawn = np.concatenate([one.get_offsets() for one in axes.collections])
    assert sorted(drawn[:, 0]) == pytest.approx(sorted(values))


def test_style_is_that_of_the_papers_unless_the_user_has_his_own(records):
    spectrum = records[rc.analysis.Spectrum]
    assert rc.plot(spectrum).xaxis.label.get_size() == 7
    with mpl.rc_context({"axes.labelsize": 21, "figure.figsize": (3, 2), "axes.facecolor": "#123456"}):
        axes = rc.plot(spectrum)
        assert axes.xaxis.label.get_size() == 21
        assert axes.figure.get_size_inches().tolist() == [3, 2]
        assert mpl.colors.to_hex(axes.get_facecolor()) == "#123456"


def test_dossier_is_drawn_by_the_names_of_its_records(run):
    dossier = run.dossiers[0]
    assert rc.plot(dossier).get_xlabel() == "Real part"
    assert rc.plot(dossier, "regimes").get_ylabel() == "Condition"
    assert isinstance(rc.plot(dossier, "walk"), Axes3D)
    with pytest.raises(ValueError, match="unknown record 'spectra'; did you mean 'spectrum'"):
        rc.plot(dossier, "spectra")


def test_what_cannot_be_drawn_is_refused_in_one_line_with_what_can(run):
    with pytest.raises(
        TypeError, match=r"no drawing of a Performance; what can be drawn: .*Cohort.*Dossier.*Walk"
    ) as told:
        rc.plot(run.dossiers[0].performance)
    assert "\n" not in str(told.value)
    with pytest.raises(TypeError, match="no drawing of a int"):
        rc.plot(3)
    with pytest.raises(ValueError, match="unknown drawing 'losses'; did you mean 'loss'"):
        rc.plot(run, "losses")


def test_axes_with_the_wrong_number_of_dimensions_are_refused(records):
    walk = next(record for kind, record in records.items() if kind.__name__ == "Walk")
    with pytest.raises(ValueError, match=r'ax has 2 dimensions; a Walk has 3 coordinates .*projection="3d"'):
        rc.plot(walk, ax=plt.figure().add_subplot())
    with pytest.raises(ValueError, match="ax has 3 dimensions; this Spectrum needs axes with 2"):
        rc.plot(records[rc.analysis.Spectrum], ax=plt.figure().add_subplot(projection="3d"))


def test_names_of_others_are_no_formulas(run):
    trials = run.task.probe()
    named = rc.Trials(
        trials.inputs, trials.targets, trials.mask, trials.condition, ("$\\frac$",) * 8, trials.periods, trials.dt_ms
    )
    axes = rc.plot(named)
    axes.figure.canvas.draw()
    assert axes.get_title() == "Condition $\\frac$"


def test_task_is_shown_by_sample_trials():
    figure = rc.show_task(rc.FlipFlop(bits=2), trials=2)
    assert len(figure.axes) == 8
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    with pytest.raises(TypeError, match="task is 'flipflop'; expected a Task"):
        rc.show_task("flipflop")


def test_a_network_answers_the_sample_trials(small_run):
    """Its outputs are drawn over the targets and nowhere else, as `respond` gives them."""
    cohort = cohort_of(small_run)
    network, task = cohort[0], cohort.task
    figure = rc.show_task(task, trials=2, seed=3, network=network)
    lines = [len(axes.lines) for axes in figure.axes]
    assert lines == [2] * (2 * task.inputs) + [3] * (2 * task.outputs)
    answers = network.respond(task.sample(random_key(3, Stream.test), 2).inputs)
    np.testing.assert_allclose(np.asarray(figure.axes[-1].lines[-1].get_ydata()), answers[1, :, -1])
    with pytest.raises(ValueError, match="the network has 3 inputs; the task has 2"):
        rc.show_task(rc.Xor(), network=network)
    with pytest.raises(TypeError, match="network is a str; expected a Network"):
        rc.show_task(task, network="first")


def test_a_backend_that_the_first_figure_loads_stays_interactive(run, monkeypatch):
    """The backend of a notebook is loaded by the first figure; without its setting no later figure would be shown."""
    made, before = plt.figure, mpl.is_interactive()

    def first(*shape, **named):
        mpl.interactive(True)
        return made(*shape, **named)

    monkeypatch.setattr(plt, "figure", first)
    rc.plot(run.history)
    kept = mpl.is_interactive()
    mpl.interactive(before)
    assert kept


CUT = (
    "Branch",
    "Chronometric",
    "Lifetimes",
    "Loadings",
    "NetworkMap",
    "NoisyLifetimes",
    "Populations",
    "Psychometric",
    "TransientGains",
)


@pytest.mark.parametrize("name", CUT)
def test_no_mark_is_cut_by_the_frame(name, records):
    axes = rc.plot(next(record for kind, record in records.items() if kind.__name__ == name))
    assert axes.viewLim.x0 < axes.dataLim.x0 <= axes.dataLim.x1 < axes.viewLim.x1


@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=lambda one: getattr(one, "__name__", one))
def test_time_is_in_ms(kind, name, records):
    axes = rc.plot(records[kind], name)
    assert axes.get_xlabel() == "Training step" or "step" not in axes.get_xlabel()


def test_courses_in_a_trial_end_at_its_end(run):
    """At steps of 2 ms the last of ten begins at 18 ms; of thinned rates every step is a longer time."""
    shown, thinned = run.dossiers[0].behaviour, run.dossiers[0].tensors
    for record, steps in ((shown, shown.probe.shape[1]), (thinned, thinned.time_factors.shape[1])):
        lines = rc.plot(replace(record, dt_ms=2.0)).lines
        ends = [float(np.asarray(line.get_xdata())[-1]) for line in lines]
        assert max(ends) == 2.0 * (steps - 1)
    assert shown.dt_ms == run.task.dt_ms
    assert abs(thinned.dt_ms * thinned.time_factors.shape[1] - run.task.length_ms) < thinned.dt_ms


def test_an_interval_without_an_upper_end_is_an_arrow(records):
    record = built(NoisyLifetimes, 4, 0)
    high = np.array([np.inf, 3.0, 3.0, 3.0])
    axes = rc.plot(replace(record, low_ms=np.full(4, 1.0), mean_ms=np.where(np.isinf(high), np.inf, 2.0), high_ms=high))
    assert legend_of(axes) == ["mean, 95 % interval", "no failure: at least"]
    (tip,) = [np.asarray(line.get_data()) for line in axes.lines if line.get_marker() == CARETUPBASE]
    assert tip[0] == record.input_noise[0]
    assert axes.viewLim.y1 >= tip[1]
    assert rc.plot(replace(record, low_ms=np.ones(4), high_ms=np.full(4, 3.0))).get_legend() is None, "all are known"


def test_a_pulse_table_names_the_states_and_marks_the_wrong_ones():
    reached = np.array([[2, 0, 1, -1], [3, 1, 1, 0], [2, 0, 3, 2], [3, 0, 3, 2]])
    expected = np.array([[2, 0, 1, 0], [3, 1, 1, 0], [2, 0, 3, 2], [3, 1, 3, 2]])
    axes = rc.plot(PulseTable(reached, expected))
    names = np.reshape([text.get_text() for text in axes.texts], (4, 4))
    assert names[0].tolist() == ["+−", "−−", "−+", "0 ×"]
    assert names[3].tolist() == ["++", "−− ×", "++", "+−"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1+", "1−", "2+", "2−"]
    assert axes.get_title() == "State after the pulse: 14 of 16 as the task asks, not those with ×"
    assert mpl.colors.to_hex(np.asarray(axes.images[0].get_array())[0, 0]) == state_color([1, -1])


def test_clusters_of_one_continuum_are_said_to_be_none():
    assert rc.plot(Clusters(np.zeros(6), np.zeros(6), 0.0, np.zeros(20), 1.0)).get_title("left") == "p = 1: no clusters"
    found = Clusters(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 0.6, np.linspace(0, 0.4, 20), 0.048)
    axes = rc.plot(found)
    assert axes.get_title("left") == "p = 0.048: 2 clusters"
    assert axes.viewLim.x0 < 0
    assert axes.viewLim.x1 > 0.6


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=lambda one: getattr(one, "__name__", one))
def test_no_legend_lies_over_what_is_drawn(kind, name, records):
    axes = rc.plot(records[kind], name)
    axes.figure.canvas.draw()
    legend = axes.get_legend()
    if legend is None:
        return
    frame = legend.get_window_extent()
    for line in axes.lines:
        points = line.get_transform().transform(np.column_stack(line.get_data()).astype(float))
        between = np.concatenate([np.linspace(*ends, 20) for ends in pairwise(points)]) if len(points) > 1 else points
        assert not any(frame.contains(*point) for point in between if np.isfinite(point).all())


def test_a_memory_that_is_lost_is_not_filled():
    record = Memories(held=np.array([True, True]), held_long=np.array([False, True]), long_ms=600.0)
    axes = rc.plot(record)
    trial, long = axes.collections
    assert mpl.colors.same_color(trial.get_facecolors()[0], trial.get_edgecolors()[0])
    assert not mpl.colors.same_color(long.get_facecolors()[0], long.get_edgecolors()[0])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a trial", "600 ms"]


def ring_program(following, after=(0,)):
    """Attractors with output 1, 2, ... and these consequences of stimuli; no saddles."""
    count = len(following)
    return Program(
        kind=np.zeros(count, int),
        states=np.random.default_rng(0).normal(size=(count, 3)),
        outputs=np.arange(1.0, count + 1)[:, None],
        after=np.array(after),
        saddle=np.zeros(0, int),
        growth=np.zeros(0),
        direction=np.zeros((0, 3)),
        leads_to=np.zeros(0, int),
        following=np.array(following),
    )


def legend_of(axes):
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def arrows_of(axes):
    return [text.arrow_patch for text in axes.texts if isinstance(text, Annotation) and text.arrow_patch is not None]


def test_a_program_has_an_arrow_for_every_stimulus_that_changes_an_attractor():
    """Attractor 2 is nowhere reached, stimulus 2 changes nothing, and stimulus 1 does not settle from attractor 1."""
    axes = rc.plot(ring_program([[1, 1, 0], [0, -1, 1], [0, 0, 0]]))
    assert len(arrows_of(axes)) == 3
    assert {text.get_text() for text in axes.texts} - {""} == {"0", "1", "1.00", "2.00"}
    assert legend_of(axes) == ["stimulus 0", "stimulus 1", "at rest"]
    assert axes.get_title() == (
        "2 of 3 attractors with outputs; arrows: where stimuli lead\n"
        "No arrow: the stimulus changes nothing, or does not settle (1 time)"
    )


def test_arrows_between_the_same_attractors_lie_apart():
    axes = rc.plot(ring_program([[1, 1, 1], [1, 1, 1]]))
    bends = [arrow.get_connectionstyle().rad for arrow in arrows_of(axes)]
    assert len(set(bends)) == 3


def test_a_program_with_many_attractors_names_those_that_have_room():
    count = 40
    axes = rc.plot(ring_program([[(at + 1) % count] for at in range(count)]))
    numbers = {text.get_text() for text in axes.texts} - {""}
    assert numbers == {str(at) for at in range(24)}, "numbers alone: their outputs have no room"
    assert axes.get_title().startswith("24 of 40 attractors; arrows")


def test_a_program_without_attractors_is_an_empty_ring():
    axes = rc.plot(ring_program(np.zeros((0, 2), int), after=(-1,)))
    assert not axes.texts
    assert axes.get_title().startswith("0 of 0 attractors")


@pytest.mark.parametrize(("most", "numbers"), [(4e2, True), (4e6, False)])
def test_a_log_axis_has_numbers_within_a_decade_only_where_they_have_room(most, numbers):
    axes = plt.figure().add_subplot()
    axes.plot([1, most])
    plain_log(axes)
    assert (20 in axes.get_yticks()) is numbers


@pytest.mark.parametrize("what", ["loss", "change"])
def test_a_single_step_is_a_dot(what):
    """As of `Ridge`, which takes one: a line of one point would be nothing."""
    values = np.array([[0.1], [0.2]])

    def history(epochs):
        every = np.repeat(values, epochs, axis=1)
        return History(np.arange(1.0, epochs + 1), every, every, every, weight_change=every)

    axes = rc.plot(history(1), what)
    assert [line.get_marker() for line in axes.get_lines()] == [".", "."]
    assert axes.get_xticks().tolist() == [1]
    assert rc.plot(history(2)).get_lines()[0].get_marker() == "none"
