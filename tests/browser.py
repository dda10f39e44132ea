"""Chromium without a screen: a page at several widths, and what it said, asked and overflowed."""

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

_FLAGS = (
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
# what the page of a frame turned out to be, from outside of it: its own policy lets no script run in it
_LOOK = (Path(__file__).with_name("browser.js")).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page at one width."""

    width: int
    scroll_width: int
    requests: list[str]
    faint: list[str]  # text with too little contrast
    unreachable: list[str]  # what scrolls and cannot be focused


@cache
def _chromium() -> str:
    found = subprocess.run([ROOT / ".ci/debian-program", "chromium"], capture_output=True, text=True, check=False)
    if found.returncode == 3:
        pytest.skip(found.stderr.strip().splitlines()[-1])
    found.check_returncode()
    return found.stdout.strip()


def look(page: str, *widths: int, dark: bool = False) -> tuple[list[Seen], list[str]]:
    """The page at these widths, and every line that it wrote to the console."""
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        for width in widths
    )
    with tempfile.TemporaryDirectory(prefix="stanchion-browser-") as folder:
        harness = Path(folder, "harness.html")
        harness.write_text(f"<!doctype html><meta charset=utf-8>{frames}<pre id=seen></pre><script>{_LOOK}</script>")
        done = subprocess.run(
            [
                _chromium(),
                *_FLAGS,
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
