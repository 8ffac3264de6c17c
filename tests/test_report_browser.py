"""The report in a browser: no errors, no requests, every figure drawn, the switches and the dark page work."""

import shutil
from contextlib import contextmanager
from dataclasses import replace

import jax
import pytest

from recurra.analysis.record import record_of_network
from recurra.engine import RateDynamics
from recurra.models import Network, RateRNN
from recurra.report import write_report
from recurra.runs.record import read_run
from recurra.tasks import And
from test_report import repeated
from test_report_workings import census_with_kinds

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOFTWARE_WEBGL = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as session:
        launched = session.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE_WEBGL))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def report(small_run, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(read_run(small_run), path)
    return path


@pytest.fixture
def page(browser, report):
    """The report of the small run, open."""
    with opened_page(browser, report) as opened:
        yield opened


@contextmanager
def opened_page(browser, path):
    """A report, open; fails if anything went wrong in it or was requested by it."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda request: troubles.append(request.url) if is_remote(request.url) else None)
    opened.goto(path.as_uri())
    yield opened
    opened.close()
    assert troubles == []


def is_remote(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


def show(page, plot) -> None:
    plot.scroll_into_view_if_needed()
    page.wait_for_function("plot => plot.dataset.drawn === 'yes' && plot.querySelector('.main-svg')", arg=plot)


@pytest.mark.slow
def test_every_figure_is_drawn_when_it_is_reached(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    plots = page.query_selector_all(".plot")
    assert len(plots) == 13 + 2 * 7, "those of the sections, and seven in each dossier"
    for plot in plots:
        show(page, plot)
        if plot.get_attribute("data-spatial") == "yes":
            assert plot.query_selector("canvas")
        assert plot.get_attribute("aria-label")


@pytest.mark.slow
@pytest.mark.parametrize("units", [2, 9])
def test_every_figure_of_another_task_is_drawn(browser, tmp_path, units):
    """Nine units have three principal components, drawn in space; two units two, drawn in the plane."""
    weights = RateRNN(units=units).initial_weights(jax.random.key(0), 2, 1)
    network = Network(RateDynamics("rate", "tanh", 1.0), weights, 1.0)
    write_report(record_of_network(network, And(), 0, {"name": "and.npz"}), tmp_path / "and.html")
    with opened_page(browser, tmp_path / "and.html") as page:
        plots = page.query_selector_all(".plot")
        assert len(plots) == 6, "trials, probe, connectivity, spectrum, trajectories and program"
        for plot in plots:
            show(page, plot)
        assert page.locator("#state-space canvas").count() == (units > 2)
        assert page.locator("#state-space .legend").first.locator("li").all_inner_texts() == list(And().condition_names)


def test_no_button_sends_a_figure_away(page):
    plot = page.query_selector("#behaviour .plot")
    show(page, plot)
    assert page.locator(".modebar-btn").count() > 0
    assert page.locator("[data-title*=Share], [data-title*=loud], a.plotlyjsicon").count() == 0


def test_figures_far_away_are_not_drawn(page):
    page.wait_for_selector("[data-drawn=yes]")
    assert page.query_selector("#run") is not None
    assert page.locator("#state-space .plot[data-drawn=yes]").count() == 0


@pytest.mark.slow
def test_webgl_contexts_stay_few(page):
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for plot in page.query_selector_all(".plot"):
        show(page, plot)
    assert page.locator(".plot[data-spatial=yes][data-drawn=yes]").count() <= 12


@pytest.mark.slow
def test_the_switch_turns_to_the_bit_axes(page):
    plot = page.query_selector("#state-space .plot")
    show(page, plot)
    assert plot.get_attribute("data-key") == "principal-0"
    page.locator('input[name="axes-of"][value="bits"]').focus()
    page.keyboard.press("Space")
    page.wait_for_function("plot => plot.dataset.key === 'bits-0'", arg=plot)
    assert page.evaluate("plot => plot.layout.scene.xaxis.title.text", plot) == "Bit 1"


def test_the_network_is_chosen(page):
    plot = page.query_selector("#behaviour .plot")
    show(page, plot)
    before = plot.get_attribute("aria-label")
    page.locator("#behaviour label", has_text="Network 1").click()
    page.wait_for_function("plot => plot.dataset.key === 'trials-1'", arg=plot)
    assert plot.get_attribute("aria-label") != before


def test_the_tables_are_those_of_the_chosen_network(page):
    tables = page.locator("#workings [data-of=workings-of]")
    assert [tables.nth(at).is_visible() for at in range(2)] == [True, False]
    page.locator("#workings label", has_text="Network 1").click()
    assert [tables.nth(at).is_visible() for at in range(2)] == [False, True]


@pytest.mark.slow
def test_a_click_on_the_map_opens_the_dossier(browser, small_run, tmp_path):
    run = repeated(read_run(small_run), 8)
    write_report(replace(run, census=census_with_kinds(8, [[1]] * 8)), tmp_path / "census.html")
    with opened_page(browser, tmp_path / "census.html") as page:
        plot = page.query_selector("#census .plot")
        show(page, plot)
        points = page.locator("#census .plot .points path")
        assert points.count() == 8
        points.nth(3).hover(force=True)
        page.wait_for_selector("#census .hovertext")
        box = points.nth(3).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("() => document.getElementById('network-3').open")
        assert page.evaluate("location.hash") == "#network-3"


def test_the_figures_turn_dark_with_the_page(page):
    plot = page.query_selector("#behaviour .plot")
    show(page, plot)
    color = "plot => plot.data.find(trace => trace.name === 'target').line.color"
    light = page.evaluate(color, plot)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"plot => ({color})(plot) !== '{light}'", arg=plot)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"plot => ({color})(plot) === '{light}'", arg=plot)


def test_a_link_in_the_table_opens_the_dossier(page):
    page.locator("#summary tbody a").last.click()
    page.wait_for_function("() => document.getElementById('network-1').open")


@pytest.mark.parametrize("width", [380, *(pytest.param(one, marks=pytest.mark.slow) for one in (800, 1100, 1600))])
def test_the_page_is_never_wider_than_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(page, tmp_path):
    path = tmp_path / "report.pdf"
    page.pdf(path=path)
    assert path.stat().st_size > 100_000
    assert page.locator("#state-space .plot[data-drawn=yes]").count() == 2
