"""The player in a browser: by keys alone, by pointer, on a phone, printed, in a notebook; nothing is requested."""

import base64
import json
import re
import shutil
import subprocess
import threading
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import jax
import numpy as np
import pytest

from recurra.analysis import states_on
from recurra.models import Network
from recurra.report.play.module import widget_module
from recurra.report.play.notebook import Player
from recurra.report.play.page import page_of
from recurra.report.play.payload import payload_json
from recurra.report.play.runs import played_of_run
from recurra.runs.record import read_run
from test_report_browser import CHROMIUM, is_remote

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as session:
        launched = session.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def run(small_run):
    return read_run(small_run)


@pytest.fixture(scope="module")
def payload(run):
    return payload_json(run.task, "Two networks", played_of_run(run, [0, 1]))


@pytest.fixture(scope="module")
def path(payload, tmp_path_factory):
    path = tmp_path_factory.mktemp("play") / "play.html"
    path.write_text(page_of("Two networks", payload), "utf-8")
    return path


@contextmanager
def opened(browser, url, still=True, **options):
    """A page, open, paused unless it may move; fails if anything went wrong in it or was requested by it."""
    context = browser.new_context(reduced_motion="reduce" if still else "no-preference", **options)
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: troubles.append(request.url) if is_remote(request.url) else None)
    page.goto(url)
    page.wait_for_selector(".test")
    yield page
    context.close()
    assert troubles == []


@pytest.fixture
def page(browser, path):
    with opened(browser, path.as_uri()) as page:
        yield page


def linked(page) -> dict[str, str]:
    """What the link to the present state says."""
    page.get_by_role("button", name="Link to this state").click()
    page.wait_for_function("() => location.hash.startsWith('#play:')")
    fields = urllib.parse.parse_qs(page.evaluate("location.hash").removeprefix("#play:"), keep_blank_values=True)
    page.evaluate("location.hash = ''")
    return {name: values[0] for name, values in fields.items()}


def state_of(page) -> np.ndarray:
    text = linked(page)["state0"]
    return np.frombuffer(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "<f4")


def said(page, words: str) -> None:
    """Wait until a screen reader is told some words."""
    page.get_by_role("status").filter(has_text=words).wait_for(state="attached")


def single(network: Network) -> Network:
    return Network(network.dynamics, jax.tree.map(np.asarray, network.weights), network.dt_ms)


@pytest.mark.thorough
def test_it_passes_its_self_test_and_starts_still_if_motion_is_not_wanted(page):
    assert re.fullmatch(
        r"Self-test: 100 steps, largest difference from recurra \S+: passed\.", page.locator(".test").inner_text()
    )
    assert page.get_by_role("button", name="Play").is_visible()
    assert not state_of(page).any()


def test_keys_need_no_focus_where_the_player_is_alone(page):
    page.keyboard.press("Digit1")
    said(page, "A positive pulse on input 1 waits for the next step.")


def test_keys_alone_give_the_states_of_recurra(page, run):
    """A positive pulse on input 1, a negative one on input 2 after 30 steps: 70 steps in all, one of them by one."""
    page.locator(".space").focus()
    page.keyboard.press("Digit1")
    said(page, "A positive pulse on input 1 waits for the next step.")
    page.keyboard.press(",")
    for _ in range(10):
        page.keyboard.press(".")
    page.keyboard.press("Shift+Digit2")
    page.keyboard.press(",")
    page.keyboard.press(",")
    inputs, pulse = np.zeros((1, 70, 3)), round(run.task.pulse_ms / run.task.dt_ms)
    inputs[0, :pulse, 0], inputs[0, 30 : 30 + pulse, 1] = run.task.amplitude, -run.task.amplitude
    np.testing.assert_allclose(state_of(page), states_on(single(run.network(0)), inputs=inputs)[0, -1], atol=1e-6)
    page.keyboard.press("r")
    said(page, "at rest")
    assert not state_of(page).any()


def test_tab_reaches_every_control_in_order(page):
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => { const at = document.querySelector('[data-play]').shadowRoot.activeElement;
                return at && [at.tagName, getComputedStyle(at).outlineStyle,
                              at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent]; }"""
            )
        )
    named = [one for one in reached if one]
    assert all(outline != "none" for _, outline, _ in named), "the focus is seen"
    texts = " ".join(text for _, _, text in named)
    order = [
        "Play",
        "Step",
        "negative pulse on input 1",
        "Network",
        "Fixed points",
        "The state of Network 0",
        "Checkpoint",
    ]
    places = [texts.index(word) for word in order]
    assert places == sorted(places)
    for word in ("Input noise", "Recurrent gain", "Leak", "Cut", "Silence", "Keys"):
        assert word in texts


def test_outputs_are_read_out(browser, path):
    with opened(browser, path.as_uri(), still=False) as page:
        assert page.get_by_role("button", name="Pause").is_visible()
        said(page, "Outputs 0 0 0")


def test_a_link_restores_everything(browser, path, page):
    page.locator(".space").focus()
    for key in ("Digit3", ",", "f", "b"):
        page.keyboard.press(key)
    page.get_by_label("Recurrent gain").fill("1.25")
    page.get_by_label("Cut").fill("20")
    page.get_by_label("Sign").select_option("negative")
    page.get_by_label("Unit", exact=True).fill("5")
    page.get_by_role("button", name="Silence, or let speak").click()
    page.get_by_label("Checkpoint").fill("1")
    first = linked(page)
    assert first["silent0"] == "4"
    assert first["cut"] == "20.cumulative.negative.-1.-1"
    assert (first["gain"], first["points"], first["particles"], first["checkpoint"]) == ("1.25", "0", "1", "1")
    with opened(browser, f"{path.as_uri()}#play:{urllib.parse.urlencode(first)}") as again:
        assert linked(again) == first
        assert again.get_by_label("Cut").input_value() == "20"
        assert "Silenced: 5." in again.locator(".panel").inner_text()


@pytest.mark.parametrize(
    "change",
    [
        {"silent0": "99"},
        {"speed": "<img src=x>"},
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ({"gain": "9"}, {"state0": "AAAA"}, {"cut": "x"}, {"networks": "7"})
        ),
    ],
    ids=str,
)
def test_a_wrong_link_is_ignored(browser, path, page, change):
    fields = linked(page) | change
    with opened(browser, f"{path.as_uri()}#play:{urllib.parse.urlencode(fields)}") as other:
        assert not state_of(other).any()
        assert linked(other)["gain"] == "1"


def place_of_dot(page, box) -> tuple[float, float]:
    """A place at which the pointer shows that the dot can be moved; the pointer is left there."""
    for down in range(20, int(box["height"]), 24):
        for across in range(20, int(box["width"]), 24):
            page.mouse.move(box["x"] + across, box["y"] + down)
            if page.locator(".space").evaluate("canvas => canvas.style.cursor") == "move":
                return box["x"] + across, box["y"] + down
    raise AssertionError("there is no dot")


@pytest.mark.slow
def test_the_dot_is_dragged_and_the_view_is_turned(page):
    box = page.locator(".space").bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 20)
    page.mouse.up()
    assert not state_of(page).any(), "the view turns, the state stays"
    page.locator(".space").focus()
    page.keyboard.press("Shift+ArrowRight")
    assert state_of(page).any()
    page.locator(".space").focus()
    page.keyboard.press("Shift+ArrowLeft")
    np.testing.assert_allclose(state_of(page), 0, atol=1e-6)
    x, y = place_of_dot(page, box)
    page.mouse.down()
    page.mouse.move(x + 50, y - 30)
    page.mouse.up()
    moved = state_of(page)
    assert moved.any()
    assert np.hypot(*np.subtract(place_of_dot(page, box), (x + 50, y - 30))) < 30, "the dot follows the pointer"


def test_memories_fail_when_connections_are_cut(page):
    """At 100 % one connection is left, which can hold one bit: at most two states."""
    held = page.locator(".held")
    held.filter(has_text="of 8 memories held").wait_for()
    assert re.match(r"\d of 8 memories held for 350 ms", held.inner_text())
    page.get_by_label("Cut").fill("100")
    page.locator(".held .lost").nth(5).wait_for()


def test_a_click_silences_a_unit(page):
    page.locator(".units").click(position={"x": 5, "y": 5})
    assert "Silenced: 1." in page.locator(".panel").inner_text()
    page.get_by_role("button", name="Let all speak").click()
    assert "Silenced: none." in page.locator(".panel").inner_text()


def test_two_networks_stand_side_by_side(page):
    page.get_by_label("Beside it").select_option("1")
    assert page.locator(".stage").count() == 2
    page.get_by_role("button", name="20 steps").click()
    assert linked(page)["networks"] == "0.1"


def test_a_choice_of_networks_keeps_the_focus(page):
    beside = page.get_by_label("Beside it")
    beside.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".stage").count() == 2
    assert beside.evaluate("one => one.getRootNode().activeElement === one")


@pytest.mark.parametrize("width", [340, pytest.param(500, marks=pytest.mark.slow), 1200])
def test_it_is_never_wider_than_the_window(browser, path, width):
    with opened(browser, path.as_uri(), viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_is_touched(browser, path):
    with opened(browser, path.as_uri(), viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True) as page:
        page.get_by_role("button", name="positive pulse on input 1").tap()
        page.get_by_role("button", name="20 steps").tap()
        assert state_of(page).any()


def test_it_prints(page, tmp_path):
    page.pdf(path=tmp_path / "play.pdf")
    assert (tmp_path / "play.pdf").stat().st_size > 10_000


def test_data_that_are_damaged_are_named_in_one_line(browser, payload, tmp_path):
    data = json.loads(payload)
    data["networks"][0]["units"] = -1
    broken = tmp_path / "broken.html"
    broken.write_text(page_of("broken", json.dumps(data)), "utf-8")
    page = browser.new_page()
    page.goto(broken.as_uri())
    told = page.get_by_role("alert").inner_text()
    assert told.startswith("The network cannot be played: this page is damaged: units is no whole number")
    page.close()


def test_in_a_frame_of_a_notebook(browser, payload, tmp_path):
    """There it has no address of its own, so that it offers no link."""
    notebook = tmp_path / "notebook.html"
    notebook.write_text(Player("Two networks", payload)._repr_html_(), "utf-8")
    page = browser.new_page()
    page.goto(notebook.as_uri())
    frame = page.frame_locator("iframe")
    assert "passed" in frame.locator(".test").inner_text()
    assert frame.get_by_role("button", name="Link to this state").count() == 0
    page.close()


def test_as_the_module_of_a_widget(browser, payload, tmp_path):
    empty = tmp_path / "empty.html"
    empty.write_text("<!DOCTYPE html><body></body>", "utf-8")
    page = browser.new_page()
    page.goto(empty.as_uri())
    left = page.evaluate(
        """async ({ module, payload }) => {
          const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
          const { default: widget } = await import(url);
          const stop = widget.render({ model: { get: (name) => ({ payload })[name] }, el: document.body });
          const words = document.body.firstChild.shadowRoot.querySelector(".test").textContent;
          stop();
          return words;
        }""",
        {"module": widget_module(), "payload": payload},
    )
    assert "passed" in left
    page.close()


@pytest.mark.thorough
def test_a_widget_has_the_colours_of_the_notebook(browser, payload, tmp_path):
    """Its theme counts and not the preference for all pages; without one the preference does."""
    empty = tmp_path / "empty.html"
    empty.write_text("<!DOCTYPE html><body></body>", "utf-8")
    page = browser.new_page(color_scheme="light")
    page.goto(empty.as_uri())
    seen = page.evaluate(
        """async ({ module, payload }) => {
          const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
          const { default: widget } = await import(url);
          widget.render({ model: { get: (name) => ({ payload })[name] }, el: document.body });
          const player = document.body.firstChild.shadowRoot.querySelector(".player"), seen = [];
          for (const light of ["false", "true"]) {
            document.body.dataset.jpThemeLight = light;
            await new Promise((done) => setTimeout(done));
            seen.push(getComputedStyle(player).backgroundColor);
          }
          return seen;
        }""",
        {"module": widget_module(), "payload": payload},
    )
    assert seen == ["rgb(20, 23, 28)", "rgb(255, 255, 255)"]
    page.close()


FIREFOX_SCRIPT = """
window.addEventListener("load", () => setTimeout(() => {
  const root = document.querySelector("[data-play]").shadowRoot;
  const press = (key, code) => root.querySelector(".space").dispatchEvent(
    new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }));
  press("1", "Digit1");
  for (let at = 0; at < 3; at++) press(",", "Comma");
  const signs = root.querySelector("[role=status]").textContent;
  const told = { test: root.querySelector(".test").textContent, signs, errors: window.errors };
  location.href = "/told?" + encodeURIComponent(JSON.stringify(told));
}, 500));
"""


@pytest.mark.slow
@pytest.mark.skipif(FIREFOX is None, reason="no firefox on this machine")
def test_in_firefox(path, tmp_path):
    """A script in the page presses keys and tells what it sees by the address that it goes to."""
    told, done = [], threading.Event()
    errors = "<script>window.errors = []; window.onerror = (text) => window.errors.push(text);</script>"
    page = path.read_text("utf-8").replace("<body>", f"<body>{errors}")
    page = page.replace("</body>", f"<script>{FIREFOX_SCRIPT}</script></body>").encode()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path.startswith("/told?"):
                told.append(json.loads(urllib.parse.unquote(self.path.removeprefix("/told?"))))
                done.set()
            elif self.path == "/":
                self.wfile.write(page)

        def log_message(self, format, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        command = [str(FIREFOX), "--headless", "--no-remote", "--profile", str(tmp_path), url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as firefox:
            answered = done.wait(120)
            firefox.terminate()
        server.shutdown()
    assert answered
    assert told[0]["errors"] == []
    assert "passed" in told[0]["test"]
