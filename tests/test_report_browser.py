"""The report in a browser: no errors, no requests, every figure drawn, the switches and the dark page work."""

import shutil
from contextlib import contextmanager
from dataclasses import replace

import jax
import numpy as np
import pytest

from recurra.analysis.record import record_of_network
from recurra.engine import RateDynamics
from recurra.models import Network, RateRNN
from recurra.report import write_report
from recurra.report.page.explorer_part import MANY
from recurra.runs.record import read_run
from recurra.tasks import And
from test_report import repeated
from test_report_explorer import cohort
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


@pytest.mark.thorough
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
    """Where there are too few networks to choose from."""
    run = repeated(read_run(small_run), 7)
    census = replace(census_with_kinds(7, [[1]] * 7), labels=np.zeros(7, int))
    write_report(replace(run, census=census), tmp_path / "census.html")
    with opened_page(browser, tmp_path / "census.html") as page:
        plot = page.query_selector("#census .plot")
        show(page, plot)
        points = page.locator("#census .plot .points path")
        assert points.count() == 7
        click_on(page, points.nth(3))
        page.wait_for_function("() => document.getElementById('network-3').open")
        assert page.evaluate("location.hash") == "#network-3"


def click_on(page, point) -> None:
    point.hover(force=True)
    page.wait_for_selector("#census .hovertext")
    box = point.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.fixture(scope="module")
def explored(small_run, tmp_path_factory):
    """A report with an explorer, and with its figures packed as if there were many networks."""
    path = tmp_path_factory.mktemp("explored") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recurra.report.page.build.FINE", MANY - 1)
        write_report(cohort(read_run(small_run), MANY), path)
    return path


CHOSEN = "() => document.getElementById('chosen-line').textContent"


def wait_for_chosen(page, count: int) -> None:
    page.wait_for_function(f"() => document.getElementById('chosen-line').textContent.startsWith('{count} of 8')")


@pytest.mark.thorough
def test_one_choice_is_shared_by_the_table_the_address_and_the_figures(browser, explored):
    with opened_page(browser, explored) as page:
        assert page.evaluate(CHOSEN).startswith("No network is chosen: the figures show 6 of 8")
        page.locator(".summary input[data-choose='5']").focus()
        page.keyboard.press("Space")
        page.locator(".summary tr[data-network='7'] .spark").click()
        wait_for_chosen(page, 2)
        assert page.evaluate("location.hash") == "#networks=5,7"
        assert page.locator("#spectrum [data-slot]:visible h3").all_inner_texts() == ["Network 5", "Network 7"]
        show(page, page.query_selector("#learning .plot"))
        lines = "() => document.querySelector('#learning .plot').data.map(trace => trace.meta ?? trace.name)"
        assert page.evaluate(lines) == ["others", "others", 5, 7, 5, 7, "ends", "ends"]
        show(page, page.query_selector("#behaviour .plot"))
        assert page.query_selector("#behaviour .plot").get_attribute("data-key") == "trials-5"
        page.go_back()
        wait_for_chosen(page, 1)
        page.goto(f"{explored.as_uri()}#network-6")
        page.wait_for_function("() => document.getElementById('network-6').open")


def test_what_is_not_looked_at_costs_nothing_when_the_page_opens(browser, explored):
    """Neither the drawing library runs nor does a dossier have an inside, until it is opened."""
    with opened_page(browser, explored) as page:
        page.add_init_script("document.addEventListener('DOMContentLoaded', () => { window.early = typeof Plotly; })")
        page.reload()
        assert page.evaluate("early") == "undefined"
        assert page.locator(".dossier dl").count() == 0
        page.locator("#network-4 summary").click()
        assert "Error on fresh trials" in page.locator("#network-4 dl").inner_text()
        show(page, page.query_selector("#network-4 .plot"))
        assert page.locator(".dossier dl").count() == 1


@pytest.mark.slow
def test_what_an_address_asks_for_is_chosen_and_what_is_no_network_is_ignored(browser, explored):
    with opened_page(browser, explored) as page:
        page.goto(f"{explored.as_uri()}#networks=3-4,999,<b>,-1,7")
        wait_for_chosen(page, 3)
        assert page.locator(".summary tr.chosen").count() == 3
        assert page.locator("#geometry tbody tr:visible").count() == 2 * 3, "two tables"
        page.locator("#only-chosen").check()
        assert page.locator(".summary tbody tr:visible").count() == 3


@pytest.mark.slow
def test_outcomes_ranges_and_columns(browser, explored):
    with opened_page(browser, explored) as page:
        diverged = page.locator(".explorer button", has_text="diverged")
        diverged.click()
        wait_for_chosen(page, 1)
        assert diverged.get_attribute("aria-pressed") == "true"
        page.locator(".explorer select").select_option("success")
        page.locator(".explorer [name=low]").fill("50")
        page.locator(".explorer [name=low]").press("Enter")
        good = [row.split("\t")[0].strip() for row in page.locator(".summary tr.chosen th").all_inner_texts()]
        assert 0 < len(good) < 8
        head = page.locator(".summary th", has_text="Error")
        errors = page.evaluate("JSON.parse(document.getElementById('explorer-data').textContent).columns.error")
        for direction in ("ascending", "descending"):
            head.locator("button").press("Enter")
            assert head.get_attribute("aria-sort") == direction
            rows = page.locator(".summary tbody tr").evaluate_all(
                "rows => rows.map(row => Number(row.dataset.network))"
            )
            shown = [errors[number] for number in rows]
            assert shown == sorted(errors, reverse=direction == "descending")


@pytest.mark.slow
def test_the_map_chooses(browser, explored):
    with opened_page(browser, explored) as page:
        show(page, page.query_selector("#census .plot"))
        page.wait_for_timeout(300)
        click_on(page, page.locator("#census .plot .points path").first)
        wait_for_chosen(page, 1)
        box = page.locator("#census .plot .nsewdrag").first.bounding_box()
        page.mouse.move(box["x"] + 2, box["y"] + 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=4)
        page.mouse.up()
        wait_for_chosen(page, 8)


@pytest.mark.slow
def test_the_map_is_used_by_keys(browser, explored):
    with opened_page(browser, explored) as page:
        plot = page.locator("#census .plot")
        show(page, plot.element_handle())
        plot.focus()
        page.keyboard.press("ArrowRight")
        told = page.locator("#census [role=status]")
        first = told.inner_text()
        assert first.endswith("not chosen.")
        page.keyboard.press("Enter")
        wait_for_chosen(page, 1)
        chosen = first.replace("not chosen", "chosen")  # which is told when the figures are drawn again
        page.wait_for_function("it => document.querySelector('#census [role=status]').innerText === it", arg=chosen)
        page.wait_for_selector("#census .hovertext")
        assert "extra" not in page.locator("#census .hovertext").text_content()
        seen = set()
        for way in ("Left", "Right", "Up", "Down"):
            page.keyboard.press(f"Arrow{way}")
            seen.add(told.inner_text())
        assert len(seen) > 1
        page.keyboard.press("Escape")
        page.wait_for_function("() => document.getElementById('chosen-line').textContent.startsWith('No network')")


@pytest.mark.slow
def test_small_multiples_page_over_the_chosen_networks(browser, explored):
    with opened_page(browser, explored) as page:
        page.locator("[data-act=all]").click()
        on = page.locator("#spectrum .pager [data-act=on]")
        names = page.locator("#state-space [data-slot]:visible h3")
        for wanted in (range(6), range(6, 8)):
            assert names.all_inner_texts() == [f"Network {number}" for number in wanted]
            if wanted[-1] < 6:
                on.click()
        assert on.is_disabled()
        assert "Networks 7 to 8 of the 8 chosen" in page.locator("#spectrum .pager").inner_text()


@pytest.mark.slow
def test_every_packed_figure_is_drawn(browser, explored):
    with opened_page(browser, explored) as page:
        page.goto(f"{explored.as_uri()}#network-7")
        for plot in page.query_selector_all("#network-7 .plot, #census .plot, #learning .plot, #spectrum .plot"):
            if plot.is_visible():
                show(page, plot)


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


@pytest.mark.thorough
def test_it_prints(page, tmp_path):
    path = tmp_path / "report.pdf"
    page.pdf(path=path)
    assert path.stat().st_size > 100_000
    assert page.locator("#state-space .plot[data-drawn=yes]").count() == 2
