"""Headless Chromium with tabs that a test drives: scripts, keys, sizes, screenshots, and the lines of the console.

tests/browser.py renders a page once. This module keeps pages open while the server changes what they show.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.browser import FLAGS, find_axe, find_chromium


class Tab:
    """One page, over the protocol of Chromium's developer tools."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.console: list[str] = []  # warnings and errors, also those of the security policy
        self.requests: list[str] = []
        for domain in ("Runtime", "Log", "Page", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setFocusEmulationEnabled", enabled=True)  # else the tabs behind the last one are hidden

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(60))
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message.get("method", ""), message.get("params", {}))

    def _note(self, kind: str, about: dict[str, Any]) -> None:
        if kind == "Log.entryAdded" and about["entry"]["level"] in ("warning", "error"):
            self.console.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")
        elif kind == "Runtime.exceptionThrown":
            self.console.append(json.dumps(about["exceptionDetails"]))
        elif kind == "Runtime.consoleAPICalled" and about["type"] in ("warning", "error", "assert"):
            self.console.append(json.dumps(about["args"]))
        elif kind == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])

    def open(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """Return the value of an expression; a promise is awaited."""
        found = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < until, f"{condition}\n{self.text()}\n{self.console}"
            time.sleep(0.02)

    def text(self, selector: str = "body") -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText"))

    def fill(self, selector: str, value: str) -> None:
        """Enter a value, as a person does."""
        chosen = json.dumps(selector)
        self.run(f"{{ const e = document.querySelector({chosen}); e.value = ''; e.focus(); }}")
        if self.run(f"document.querySelector({chosen}).tagName") == "SELECT":
            self.run(f"{{ const e = document.querySelector({chosen}); e.value = {json.dumps(value)};"
                     " e.dispatchEvent(new Event('change', {bubbles: true})); }")  # fmt: skip
        else:
            self.send("Input.insertText", text=value)

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            code = {"Enter": 13, "Tab": 9}.get(key, 0)
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def look(self, width: int, height: int = 900, *, dark: bool = False, calm: bool = False) -> None:
        """Set the size of the screen and the wishes of the reader."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ]
        self.send("Emulation.setEmulatedMedia", features=features)

    def picture(self, out: Path) -> None:
        out.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=False)["data"]))

    def violations(self) -> list[str]:
        """Return the rules of axe-core that the page breaks at rest: text that appears is faint at first."""
        self.wait("document.getAnimations().every((each) => each.effect.getComputedTiming().endTime === Infinity)")
        self.run(find_axe().read_text(encoding="utf-8") + "; true")
        found = self.run("axe.run().then((each) => each.violations.map((v) => v.id + ': ' + v.nodes[0].html))")
        return [str(each) for each in found]


class Chromium:
    """A running browser with a profile of its own."""

    def __init__(self, port: int, sockets: ExitStack) -> None:
        self._url, self._sockets = f"http://127.0.0.1:{port}", sockets

    def tab(self, url: str = "") -> Tab:
        made = httpx.put(f"{self._url}/json/new?about:blank", timeout=30).json()
        socket = connect(made["webSocketDebuggerUrl"], max_size=None, proxy=None, close_timeout=1, ping_interval=None)
        tab = Tab(self._sockets.enter_context(socket))
        if url:
            tab.open(url)
        return tab


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start Chromium, and kill it at the end."""
    with tempfile.TemporaryDirectory(prefix="stanchion-chromium-", ignore_cleanup_errors=True) as folder:
        argv = [find_chromium(), *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                place, until = Path(folder, "DevToolsActivePort"), time.monotonic() + 60
                while not place.exists() or "\n" not in place.read_text():
                    assert process.poll() is None and time.monotonic() < until, "Chromium did not start"
                    time.sleep(0.02)
                with ExitStack() as sockets:
                    yield Chromium(int(place.read_text().split("\n")[0]), sockets)
            finally:
                process.kill()
