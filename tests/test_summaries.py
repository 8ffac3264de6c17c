"""What a terminal and a notebook show of every record: a few lines, and a small page that is safe and needs nothing."""

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pandas
import pytest
import xarray
from jaxtyping import Float

import recurra as rc
from built_records import built
from recurra.analysis.cohorts.census import Clusters
from recurra.analysis.cohorts.network_map import NetworkMap
from recurra.analysis.cohorts.origins import Independence, Origins
from recurra.analysis.own import OwnRecord
from recurra.arrays import TimedRateWeights, axes_in
from recurra.intervals import wilson_interval
from recurra.models.cohort import Cohort
from recurra.runs.record import cohort_of, read_run
from recurra.shown import Shown
from recurra.studies.verdicts import Verdict
from recurra.summaries.fields import value_words
from recurra.summaries.text import LINES, WIDTH

LARGEST = 100_000  # bytes of what a notebook shows of one record
HOSTILE = "<script>alert(1)</script>\x1b[31m\n<img src=x onerror=y>"

LATER = {"pandas": pandas, "xarray": xarray}  # of annotations, imported only when they are used


def reached(hint: Any, found: dict[type, None]) -> None:
    """All dataclasses of recurra in an annotation, and in the annotations of their fields."""
    for part in get_args(hint):
        reached(part, found)
    ours = isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint.__module__.startswith("recurra")
    if ours and hint not in found:
        found[hint] = None
        for own in get_type_hints(hint).values():
            reached(own, found)


def results() -> list[type]:
    """The dataclasses that public functions, and the methods of public classes, return."""
    found: dict[type, None] = {}
    for name in rc.__all__:
        public = getattr(rc, name)
        members = list(vars(public).values()) if inspect.isclass(public) else [public]
        for member in members:
            called = getattr(member, "fget", None) or getattr(member, "func", None) or member
            function = getattr(called, "__func__", called)
            if inspect.isfunction(function):
                reached(get_type_hints(function, localns=LATER).get("return"), found)
    return list(found)


def has_arrays(kind: type) -> bool:
    """Whether a field holds an array, or something that is shown."""
    hints = [(get_args(hint) or (hint,))[0] for hint in get_type_hints(kind).values()]
    return any(axes_in(hint) or (isinstance(hint, type) and issubclass(hint, Shown)) for hint in hints)


RESULTS = results()
KINDS = [kind for kind in RESULTS if has_arrays(kind)]
NOT_BUILT = {
    "Cohort",
    "Network",
    "Dossier",
    "MemoryRecords",
    "ChoiceRecords",
    "Frozen",
    "RunRecord",
    "SpikingNetwork",
}  # made of other records
BUILT = [
    *(kind for kind in KINDS if kind.__name__ not in NOT_BUILT and not inspect.isabstract(kind)),
    *(TimedRateWeights, Clusters, NetworkMap, Origins, Independence),
]


class Page(HTMLParser):
    """The tags and attributes of a page, and whether each tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_shown(record: Any) -> str:
    """Few short lines; HTML that is small, well formed, needs nothing else and has no colour of its own."""
    text, html = repr(record), record._repr_html_()
    lines = text.split("\n")
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert "array(" not in text
    assert "\x1b" not in text + html
    page = Page(html)
    assert not page.open
    assert len(html.encode()) < LARGEST
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src")]
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb\(|\b(white|black)\b(?!-)|url\(|@import", html)
    return text


def test_public_results_are_found():
    assert {"Cohort", "Network", "Dossier", "Census", "Trials", "RateWeights", "Proportion"} <= {
        one.__name__ for one in RESULTS
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_result_with_arrays_shows_itself(kind):
    assert issubclass(kind, Shown)
    assert kind.__repr__ is Shown.__repr__


@pytest.mark.parametrize("size", [1, 40])
@pytest.mark.parametrize("kind", BUILT, ids=lambda kind: kind.__name__)
def test_every_record_is_short(kind, size, seed):
    text = check_shown(built(kind, size, seed))
    assert text.startswith(kind.__name__)


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def cohort(small_run):
    return cohort_of(small_run)


@pytest.mark.thorough
def test_run_and_all_its_records(run):
    dossier = run.dossiers[0]
    records = [run, run.history, run.weights, dossier, dossier.memories, *dossier.by_group().values()]
    assert len(records) > 25
    for record in records:
        check_shown(record)
    assert "2 networks" in repr(run) or "of 2" in repr(run)


def test_cohort_says_how_it_ended(cohort):
    text = check_shown(cohort)
    assert text.startswith("Cohort: 2 × RateRNN, 12 units")
    assert "finished 2" in text
    assert "20 steps" in text
    assert cohort._repr_html_().count("<polyline") == 2


def test_network_has_its_sizes_and_eigenvalues(cohort):
    network = cohort[0]
    text = check_shown(network)
    assert "12 units, 3 inputs, 3 outputs" in text
    assert network._repr_html_().count("<circle") == 1 + 12  # the unit circle and the eigenvalues


def many(cohort: Cohort, count: int) -> Cohort:
    """A cohort of `count` copies of the first network."""

    def repeated(tree: Any) -> Any:
        return jax.tree.map(lambda array: np.repeat(np.asarray(array)[:1], count, axis=0), tree)

    history = replace(
        cohort.history,
        **{name: repeated(getattr(cohort.history, name)) for name in ("loss", "validation_loss", "success")},
    )
    names = {"numbers": tuple(range(count)), "status": cohort.status[:1] * count, "history": history}
    return replace(cohort, initial=repeated(cohort.initial), weights=repeated(cohort.weights), **names)


def test_thousand_networks_stay_small_and_the_rest_is_summed_up(cohort):
    crowd = many(cohort, 1_000)
    check_shown(crowd)
    assert "and 980 more networks: finished 980" in crowd._repr_html_()


def test_a_cohort_without_networks_is_shown(cohort):
    """As `cohort.learned` is if none learned."""
    check_shown(cohort[0:0])
    first, status, *_ = str(cohort[0:0]).splitlines()
    assert first == f"Cohort: 0 × RateRNN, {cohort.weights.units} units, on the {cohort.task.title}"
    assert status.split() == ["status", "none"]


def test_empty_history_is_shown(cohort):
    nothing = np.zeros((len(cohort), 0))
    check_shown(
        replace(
            cohort,
            history=replace(cohort.history, step=np.zeros(0), loss=nothing, validation_loss=nothing, success=nothing),
        )
    )


def test_numbers_that_are_not_finite_are_shown(cohort):
    broken = replace(cohort.history, validation_loss=np.full_like(cohort.history.validation_loss, np.nan))
    assert "–" in replace(cohort, history=broken)._repr_html_()
    check_shown(replace(cohort, history=broken))


def hostile_records(run) -> Iterator[Any]:
    yield replace(run, about={**run.about, "name": HOSTILE})
    trials = run.task.sample(jax.random.key(0), 2)
    yield replace(trials, condition_names=(HOSTILE,) * len(trials.condition_names))
    yield OwnRecord({HOSTILE: HOSTILE}, {HOSTILE: ()}, {HOSTILE: HOSTILE})
    yield Verdict(HOSTILE, HOSTILE, HOSTILE, "agrees")
    yield Origins(np.zeros(2, int), np.arange(2), (HOSTILE, HOSTILE))


def test_texts_of_others_are_escaped(run):
    for record in hostile_records(run):
        check_shown(record)
        assert "&lt;script&gt;" in record._repr_html_()


def test_known_words():
    assert repr(rc.spectrum(recurrent=2 * np.eye(3))).split("\n")[:2] == [
        "Spectrum (mode: 3)",
        "  3 eigenvalues outside the unit circle, largest |λ| 2.000.",
    ]
    assert repr(wilson_interval(4, 4)).split("\n")[0] == "Proportion: 4/4 = 100 % [51.0, 100]"
    assert (
        value_words(np.array([[1.0, np.nan], [-2.5, 7.0]]), ("post", "pre"))
        == "−2.50 to 7, 1 without a number (post, pre)"
    )
    assert value_words(np.array([True, False, True]), ("unit",)) == "2 of 3 (unit)"
    assert value_words(np.array([0, 1, 1, 5]), ("unit",), ("low", "high")) == "high 2, low 1, not known 1 (unit)"
    assert value_words(np.zeros((0, 3)), ("point", "unit")) == "none (point, unit)"
    assert value_words(np.float32(0.5)) == "0.500"


def test_a_traced_array_is_named_and_not_computed():
    seen = []

    @jax.jit
    def doubled(values):
        seen.append(value_words(values))
        return 2 * values

    doubled(jnp.ones(3, jnp.float32))
    assert seen == ["traced float32[3]"]


def test_weights_of_your_own_show_themselves():
    @dataclass(frozen=True)
    class MyWeights(rc.Weights):
        recurrent: Float[np.ndarray, "*network post pre"]

    assert repr(MyWeights(np.eye(50))) == "MyWeights (post: 50, pre: 50)\n  recurrent  0 to 1 (post, pre)"


def test_a_repr_of_your_own_is_kept():
    class Named(Shown):
        def __repr__(self) -> str:
            return "mine"

    assert repr(Named()) == "mine"


@pytest.mark.slow
def test_showing_loads_no_drawing_library():
    shown = "r = rc.spectrum(recurrent=numpy.eye(3)); repr(r), r._repr_html_()"
    code = f"import recurra as rc, numpy, sys; {shown}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "plotly", "IPython"} & set(loaded)


def test_what_is_said_of_a_field_has_no_marks_of_code():
    points = rc.fixed_points(rc.network([[0.5]], [[1.0]], [[1.0]]), starts=np.array([[0.1]]))
    assert "for a point added by with_more" in points._repr_html_()
    assert "`" not in points._repr_html_()
