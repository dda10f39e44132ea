"""Headless Chromium: the layout, requests and console output of a page at several widths.

Tests that call it have the marker debian.
"""

import html
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stanchion.paths import ROOT

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
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
)
# inspects the pages from outside of their frames, because their content security policy allows no scripts
_LOOK = (Path(__file__).with_name("browser.js")).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Seen:
    """The measurements of a page at one width."""

    width: int
    scroll_width: int
    requests: list[str]
    faint: list[str]  # texts with too little contrast
    unreachable: list[str]  # elements that scroll but cannot have the focus


@cache
def find_chromium() -> str:
    found = subprocess.run([ROOT / ".ci/debian-program", "chromium"], capture_output=True, text=True, check=False)
    if found.returncode == 3:
        pytest.skip(found.stderr.strip().splitlines()[-1])
    found.check_returncode()
    return found.stdout.strip()


def look(page: str, *widths: int, dark: bool = False) -> tuple[list[Seen], list[str]]:
    """Render a page at these widths; return the measurements and the lines that it wrote to the console."""
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        for width in widths
    )
    with tempfile.TemporaryDirectory(prefix="stanchion-browser-") as folder:
        harness = Path(folder, "harness.html")
        harness.write_text(f"<!doctype html><meta charset=utf-8>{frames}<pre id=seen></pre><script>{_LOOK}</script>")
        done = subprocess.run(
            [
                find_chromium(),
                *FLAGS,
                *(["--force-dark-mode"] if dark else []),
                f"--user-data-dir={folder}/profile",
                "--virtual-time-budget=10000",
                "--dump-dom",
                harness.as_uri(),
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
