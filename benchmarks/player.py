"""The time of a step in the player, in the browsers that are named.

    python benchmarks/player.py chromium firefox-esr

A page times a rate network of 50, 100 and 400 tanh units, and tells the times by the address that it goes to. Medians;
Firefox rounds its clock to 1 ms.
"""

import argparse
import json
import subprocess
import tempfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

from recurra.report.play.module import joined

LONGEST_S = 180.0
TELL = 'location.href = "/told?" + encodeURIComponent(JSON.stringify(times));'
OPTIONS = {
    "chromium": ["--headless=new", "--no-sandbox", "--user-data-dir={}"],
    "firefox": ["--headless", "--profile", "{}"],
}


class Page(BaseHTTPRequestHandler):
    """Serves the page, and keeps what it tells."""

    told: ClassVar[list[dict]] = []
    done = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if self.path.startswith("/told?"):
            type(self).told = json.loads(urllib.parse.unquote(self.path.removeprefix("/told?")))
            self.done.set()
        elif self.path == "/":
            work = Path(__file__).with_suffix(".mjs").read_text("utf-8")
            self.wfile.write(f"<!DOCTYPE html><script>(() => {{{joined()}{work}{TELL}}})();</script>".encode())

    def log_message(self, *arguments: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        pass


def times_in(browser: str) -> list[dict]:
    """What the page measures in a browser."""
    Page.done.clear()
    kind = "firefox" if "firefox" in browser else "chromium"
    with (
        HTTPServer(("127.0.0.1", 0), Page) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = [option.format(profile) for option in OPTIONS[kind]]
        command = [browser, *options, f"http://127.0.0.1:{server.server_port}/"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            answered = Page.done.wait(LONGEST_S)
            process.terminate()
        server.shutdown()
    if not answered:
        raise TimeoutError(f"{browser} has told nothing in {LONGEST_S:g} s")
    return Page.told


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("browsers", nargs="+", help="executables of Chromium or Firefox")
    print("| browser | units | a step, ms | a step of 200 particles, ms |\n|---|---|---|---|")
    for browser in parser.parse_args().browsers:
        for one in times_in(browser):
            print(f"| {browser} | {one['units']} | {one['step_ms']:.3f} | {one['particles_ms']:.1f} |")


if __name__ == "__main__":
    main()
