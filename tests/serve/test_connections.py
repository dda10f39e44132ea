"""Clients that open many connections, or read slowly, keep nobody from an answer."""

import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from stanchion.server.connection import for_tenant
from tests.conftest import run_stanchion
from tests.serve.web import Web, problem, serving, token
from tests.sessions import Db

_FULL = b"HTTP/1.1 503 Service Unavailable"


def _port(web: Web) -> int:
    return int(web.url.rpartition(":")[2])


def _memory(web: Web) -> int:
    """Return the bytes of memory that the server uses now."""
    return int(Path(f"/proc/{web.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()


@contextmanager
def _opened(web: Web, addresses: list[str]) -> Iterator[list[socket.socket]]:
    """Open a connection from each address of this machine."""
    found: list[socket.socket] = []
    try:
        for address in addresses:
            found.append(socket.create_connection(("127.0.0.1", _port(web)), 30, source_address=(address, 0)))
        yield found
    finally:
        for each in found:
            each.close()


def _is_open(client: socket.socket) -> bool:
    """Return whether a connection without a request is open: only a refused one has an answer."""
    client.settimeout(0.2)
    try:
        return not client.recv(1000).startswith(_FULL)
    except TimeoutError:
        return True


def _wait_for_connections(web: Web, count: int) -> None:
    """Wait until the server has so many connections, with that of this client."""
    deadline = time.monotonic() + 60
    while f"stanchion_serve_connections {count}\n" not in web.get("/metrics").text:
        assert time.monotonic() < deadline, web.get("/metrics").text
        time.sleep(0.05)


@pytest.fixture
def room_for_files() -> Iterator[int]:
    """Return how many files this process may open, as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard if hard != resource.RLIM_INFINITY else 1_000_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections_keep_nobody_out(make_login: Callable[..., str], room_for_files: int) -> None:
    count = min(10_000, room_for_files - 1000)
    addresses = [f"127.0.{1 + n // 100}.{1 + n % 100}" for n in range(count)]
    with serving(make_login("stanchion_app"), "--clients", str(count + 10)) as web:
        before = _memory(web)
        with _opened(web, addresses) as idle:
            assert web.get("/readyz").status_code == 200
            assert (_memory(web) - before) / count < 20_000, "bytes for each connection"
            for each in idle:
                assert each.recv(1) == b"", "the server closes a connection without a request"
        assert web.get("/readyz").status_code == 200


def test_an_address_has_so_many_connections(make_login: Callable[..., str]) -> None:
    with serving(make_login("stanchion_app"), "--clients-per-address", "3", "--metrics") as web:
        with _opened(web, ["127.0.0.2"] * 5) as ours, _opened(web, ["127.0.0.3"] * 3) as theirs:
            assert [_is_open(each) for each in ours] == [True] * 3 + [False] * 2
            assert [_is_open(each) for each in theirs] == [True] * 3
            ours[0].close()
            _wait_for_connections(web, 6)
            with _opened(web, ["127.0.0.2"]) as again:
                assert _is_open(again[0]), "a connection that ended makes room"
            assert "stanchion_serve_refused_connections_total 2\n" in web.get("/metrics").text
        with _opened(web, ["127.0.0.1"] * 5) as proxied:
            assert all(_is_open(each) for each in proxied), "all clients of a proxy have its address"


def test_all_clients_together_have_so_many_connections(make_login: Callable[..., str]) -> None:
    with serving(make_login("stanchion_app"), "--clients", "4") as web:
        with _opened(web, [f"127.0.0.{n}" for n in range(1, 7)]) as found:
            assert [_is_open(each) for each in found] == [True] * 4 + [False] * 2
        deadline = time.monotonic() + 30
        while True:
            try:
                assert web.get("/healthz").status_code == 200
                break
            except (AssertionError, httpx.TransportError):
                assert time.monotonic() < deadline, "connections that ended make room"


def test_only_a_proxy_may_name_the_address_of_a_client(make_login: Callable[..., str]) -> None:
    """Else a client could escape the limits of its address by inventing others."""

    def refusals(*args: str) -> list[int]:
        with serving(make_login("stanchion_app"), *args) as web:
            return [web.get("/me", "wrong", X_Forwarded_For=f"10.0.0.{n}").status_code for n in range(70)]

    assert refusals("--proxy", "10.9.9.9") == [401] * 60 + [429] * 10
    assert refusals("--proxy", "127.0.0.0/8") == [401] * 70


def test_a_proxy_without_an_address_is_refused(make_login: Callable[..., str]) -> None:
    refused = run_stanchion("serve", "--proxy", "nowhere", database_url=make_login("stanchion_app"))
    assert refused.code == 1
    assert "The proxy must be an address or a network such as 10.0.0.0/8" in refused.err


@pytest.fixture
def reader(db: Db, tenants: dict[str, str]) -> str:
    """Return a token of a viewer of 300 kB of rows."""
    with for_tenant(db, "ours"):
        db.execute("select core.add_member('ref@ours.example', 'Ref', 'viewer')")
        db.execute(
            "insert into contest.team (tenant_id, team_key, name) "
            "select core.current_tenant(), 'team-' || n, repeat('x', 200) from generate_series(1, 1000) as n"
        )
    return token(tenants["ours"], email="ref@ours.example")


def _get_teams(web: Web, sent: str, *, times: int) -> socket.socket:
    """Return a connection with a small buffer that asks for all teams, and does not read."""
    client = socket.create_connection(("127.0.0.1", _port(web)), 60)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.sendall(f"GET /team HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sent}\r\n\r\n".encode() * times)
    return client


def test_a_client_that_does_not_read_loses_its_connection(make_login: Callable[..., str], reader: str) -> None:
    """The answers to its requests are larger than all buffers of the sockets."""
    with serving(make_login("stanchion_app"), "--metrics") as web:
        assert len(web.get("/team", reader).content) > 200_000
        before = _memory(web)
        with _get_teams(web, reader, times=100):
            _wait_for_connections(web, 2)
            _wait_for_connections(web, 1)
            assert _memory(web) - before < 50_000_000
            text = web.get("/metrics").text
        answered = int(re.search(r'request_seconds_count{route="/{relation}"} (\d+)', text)[1])
        assert answered < 90, "the others were not even begun"


def test_a_slow_reader_gets_its_answer(make_login: Callable[..., str], reader: str) -> None:
    """The server ends a connection without progress, and not one with little."""
    with serving(make_login("stanchion_app")) as web:
        whole = web.get("/team", reader).content
        with _get_teams(web, reader, times=4) as client:
            received, began = 0, time.monotonic()
            while received < 4 * len(whole):
                chunk = client.recv(65536)
                assert chunk, f"the server closed the connection after {received} bytes"
                received += len(chunk)
                if time.monotonic() < began + 12:
                    time.sleep(0.5)


def test_a_body_that_does_not_end_is_refused(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    with for_tenant(db, "ours"):
        key = db.execute("select core.create_api_key('slow', '{write}')").fetchone()[0]
    with serving(make_login("stanchion_app")) as web:
        head = f"POST /rpc/append_events HTTP/1.1\r\nHost: x\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", _port(web)), 60) as client:
            client.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 408")
        large = web.client.post("/rpc/append_events", content=b"[" * 3_000_000, headers={"X-Api-Key": key,
                                "Content-Type": "application/json"})  # fmt: skip
        assert problem(large) == (413, "the body is larger than 1048576 bytes")
