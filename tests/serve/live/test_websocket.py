"""WebSockets carry the same messages as Server-Sent Events."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from stanchion.server.connection import for_tenant, value
from tests.serve.live.client import append
from tests.serve.web import Web, serving
from tests.sessions import Db


def opened(web: Web, path: str, token: str | None) -> ClientConnection:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return connect(web.url.replace("http", "ws") + path, additional_headers=headers)


def received(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (message := json.loads(socket.recv(30)))["event"] != kind:
        pass
    return message


def test_events_arrive_and_the_client_resumes(web: Web, login: str, tokens: dict[str, str]) -> None:
    mine = tokens["ours"]
    with psycopg.connect(login, autocommit=True) as conn:
        with (
            opened(web, "/live/events?stream=a", mine) as socket,
            opened(web, "/live/events", tokens["theirs"]) as other,
        ):
            received(other, "alive")
            start = received(socket, "alive")["id"]
            append(conn, "a", 1)
            append(conn, "b", 1)
            message = received(socket, "events")
            assert [(event["stream_id"], event["version"]) for event in message["data"]] == [("a", 1)]
            with pytest.raises(TimeoutError):
                other.recv(1)
        append(conn, "a", 2)
        for position, versions in ((message["id"], [2]), (start, [1, 2])):
            with opened(web, f"/live/events?stream=a&from={position}", mine) as socket:
                found: list[int] = []
                while len(found) < len(versions):
                    found += [event["version"] for event in received(socket, "events")["data"]]
                assert found == versions


def test_refused_sockets_get_a_problem(web: Web, tokens: dict[str, str]) -> None:
    for path, sender, status in (
        ("/live/events", None, 401),
        ("/live/events", "nonsense", 401),
        ("/live/nothing", tokens["ours"], 404),
        ("/live/events?from=x", tokens["ours"], 400),
    ):
        with pytest.raises(InvalidStatus) as refused, opened(web, path, sender):
            pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"{}")["status"] == status


def test_a_browser_sends_its_credentials_as_subprotocol(web: Web, db: Db, tokens: dict[str, str]) -> None:
    """Its WebSocket has no other header for them."""
    with for_tenant(db, "theirs"):
        key = value(db, "select core.create_api_key('site', '{read}')")
    address = web.url.replace("http", "ws") + "/live/events"
    for credentials in (tokens["ours"], key):
        with connect(address, subprotocols=[Subprotocol("bearer"), Subprotocol(credentials)]) as socket:
            assert socket.subprotocol == "bearer", "the credentials are not repeated"
            received(socket, "alive")
    both = {"Authorization": f"Bearer {tokens['ours']}"}
    for offered, headers, status in (
        (["bearer", tokens["ours"]], both, 400),
        (["bearer", "nonsense"], {}, 401),
        (["bearer"], {}, 401),
        ([tokens["ours"]], {}, 401),
    ):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(address, subprotocols=[Subprotocol(each) for each in offered], additional_headers=headers),
        ):
            pass
        assert refused.value.response.status_code == status
    assert web.get("/team", sec_websocket_protocol=f"bearer, {tokens['ours']}").status_code == 401


def test_shutdown_closes_with_going_away(web: Web, tokens: dict[str, str]) -> None:
    with opened(web, "/live/events", tokens["ours"]) as socket:
        received(socket, "alive")
        web.process.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            received(socket, "nothing")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in (1001, 1012)
    assert web.process.wait(8) == 0


def test_client_that_does_not_read_is_closed_with_try_again(
    make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    """Its messages are longer than the 64 KiB for which a frame has another head."""
    slowed, big, count = 'stanchion_serve_live_ended_total{reason="slow"} 1', "x" * 100_000, 0
    with (
        serving(make_login("stanchion_app"), "--metrics") as web,
        psycopg.connect(login, autocommit=True) as conn,
        opened(web, "/live/events", tokens["ours"]) as socket,
    ):
        received(socket, "alive")
        while slowed not in web.get("/metrics").text:
            assert count < 500, "the server keeps 50 MB for a client that does not read"
            count += 5
            for _ in range(5):
                append(conn, "a", big)
        versions: list[int] = []
        with pytest.raises(ConnectionClosed) as closed:
            while (message := json.loads(socket.recv(30)))["event"] != "closed":
                versions += [event["version"] for event in message.get("data") or ()]
            assert message["data"] == {"reason": "slow"}
            socket.recv(30)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "slow")
        assert versions == list(range(1, len(versions) + 1))
        assert 0 < len(versions) < count
