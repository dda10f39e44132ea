"""A client of a stream that keeps its messages, and can resume."""

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import psycopg
from psycopg.types.json import Jsonb

from tests.serve.web import Web

Db = psycopg.Connection[Any]


def append(conn: Db, stream: str, *amounts: int, kind: str = "paid") -> int:
    events = [{"type": kind, "payload": amount} for amount in amounts]
    statement = "select core.append_events('account', %s, null, %s)"
    return conn.execute(statement, [stream, Jsonb(events)]).fetchone()[0]


def is_in_order(events: list[tuple[str, int]]) -> bool:
    """Return whether each stream has the versions 1, 2, 3 and so on."""
    by_stream = defaultdict(list)
    for name, version in events:
        by_stream[name].append(version)
    return all(versions == list(range(1, len(versions) + 1)) for versions in by_stream.values())


class Writer:
    """Appends to five streams in a thread, some of it in transactions that commit late, until it is stopped."""

    def __init__(self, login: str) -> None:
        self._login, self._over, self.written = login, threading.Event(), 0
        self._threads = [threading.Thread(target=self._write, args=[number]) for number in range(2)]

    def __enter__(self) -> "Writer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        # the test may kill the session
        with suppress(psycopg.OperationalError), psycopg.connect(self._login, autocommit=True) as conn:
            turn = 0
            while not self._over.is_set():
                turn += 1
                with conn.transaction():
                    for name in ("c", f"own {number}") if turn % 5 else ("a", "b", "c"):
                        append(conn, name, turn)
                        self.written += 1
                    time.sleep(0.05 if turn % 5 == 0 else 0.002)


class Stream:
    """Reads Server-Sent Events in a thread until it is closed, and connects again with the last position."""

    def __init__(self, base: str, path: str, token: str, *, again: bool = False, last: str | None = None) -> None:
        self.base, self.path, self.token, self.again, self.last = base, path, token, again, last
        self.messages: list[tuple[str, Any]] = []
        self.connects = 0
        self.status: int | None = None
        self._closed = threading.Event()
        self._response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Stream":
        self.wait(lambda: self.connects > 0 and self.last is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        if self._response is not None:
            # a thread that reads does not notice that another one closes the response
            connection = self._response.extensions["network_stream"].get_extra_info("socket")
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(20)

    def wait(self, until: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"{self.status} {self.messages[-5:]}"
            time.sleep(0.005)

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def events(self) -> list[tuple[str, int]]:
        found = [event for kind, data in self.messages if kind == "events" for event in data]
        return [(event["stream_id"], event["version"]) for event in found]

    def wait_for(self, count: int) -> list[tuple[str, int]]:
        self.wait(lambda: len(self.events()) >= count)
        return self.events()

    def states(self, kind: str) -> list[Any]:
        return [data for each, data in self.messages if each == kind]

    def _run(self) -> None:
        while not self._closed.is_set():
            headers = {"Authorization": f"Bearer {self.token}"} | ({"Last-Event-ID": self.last} if self.last else {})
            try:
                with httpx.stream("GET", self.base + self.path, headers=headers, timeout=60) as self._response:
                    self.status = self._response.status_code
                    if self.status == 503 and self.again:
                        time.sleep(0.1)
                        continue
                    if self.status != 200:
                        self.messages.append(("problem", json.loads(self._response.read())))
                        return
                    self.connects += 1
                    self._read(self._response)
            except (httpx.HTTPError, httpx.StreamError, OSError):
                time.sleep(0.05)
            if not self.again:
                return

    def _read(self, response: httpx.Response) -> None:
        place, kind, data = None, "", None
        for line in response.iter_lines():
            if self._closed.is_set():
                return
            if line.startswith("id: "):
                place = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line:
                if data is not None:
                    self.messages.append((kind, json.loads(data)))
                self.last, data = place or self.last, None


def stream(web: Web, path: str, token: str, **options: Any) -> Stream:
    return Stream(web.url, path, token, **options)
