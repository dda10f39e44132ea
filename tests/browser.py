"""Headless Chromium: the layout, requests and console output of pages at several widths.

Tests that call it have the marker debian.
"""

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.provided import provide

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--enable-logging=stderr",
)
# inspects the pages from outside of their frames, because their content security policy allows no scripts
_LOOK = (Path(__file__).with_name("browser.js")).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Seen:
    """The measurements of a page at one width."""

    width: int
    scroll_width: int
    clipped: list[str]  # tables that are wider than the screen
    faults: list[str]  # elements that a screen reader cannot announce, and other errors of the markup
    requests: list[str]
    faint: list[str]  # texts with too little contrast
    unreachable: list[str]  # elements that scroll but cannot have the focus
    violations: list[str]  # rules of axe-core that the page breaks; only of pages of a folder


@cache
def find_chromium() -> str:
    return provide("debian-program", "chromium")


@cache
def find_axe() -> Path:
    """Return the script of axe-core, which checks pages for people who cannot see or use a mouse."""
    return Path(provide("npm-package", "axe-core", "4.14.1"), "axe.min.js")


def look(page: str, *widths: int, dark: bool = False) -> tuple[list[Seen], list[str]]:
    """Render a page at these widths; return the measurements and the lines that it wrote to the console."""
    with tempfile.TemporaryDirectory(prefix="stanchion-browser-") as folder:
        harness = Path(folder, "harness.html")
        harness.write_text(_harness(f'srcdoc="{html.escape(page)}"', widths), encoding="utf-8")
        return _examine(harness.as_uri(), dark)


def look_at(site: Path, page: str, *widths: int, dark: bool = False) -> tuple[list[Seen], list[str]]:
    """Render a page of a folder as a web server sends it, with the other files of the folder."""
    harness, axe = site / "harness.html", site / "axe.js"
    harness.write_text(_harness(f'src="{page}"', widths), encoding="utf-8")
    shutil.copyfile(find_axe(), axe)
    handler = partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            return _examine(f"http://127.0.0.1:{server.server_port}/harness.html", dark)
        finally:
            server.shutdown()
            harness.unlink()
            axe.unlink()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Write no line for a request."""


def _harness(source: str, widths: Sequence[int]) -> str:
    frames = "".join(f'<iframe width="{width}" height="900" style="border:0" {source}></iframe>' for width in widths)
    return f"<!doctype html><meta charset=utf-8>{frames}<pre id=seen></pre><script>{_LOOK}</script>"


def _examine(address: str, dark: bool) -> tuple[list[Seen], list[str]]:
    with tempfile.TemporaryDirectory(prefix="stanchion-browser-") as folder:
        done = subprocess.run(
            [
                find_chromium(),
                *FLAGS,
                *(["--force-dark-mode"] if dark else []),
                f"--user-data-dir={folder}/profile",
                "--virtual-time-budget=60000",
                "--dump-dom",
                address,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], done.stderr[-2000:]
    seen: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return [Seen(**each) for each in seen], console
