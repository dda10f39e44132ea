"""Calls of functions: arguments, results, rights, errors and idempotency keys."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stanchion.server.connection import for_tenant
from tests.serve.web import SECRET, Web, problem, token
from tests.sessions import Db


@pytest.fixture
def key(db: Db, tenants: dict[str, str]) -> str:
    with for_tenant(db, "ours"):
        return str(db.execute("select core.create_api_key('shop', '{write}')").fetchone()[0])


@pytest.fixture
def call(web: Web, key: str) -> Callable[..., Any]:
    return lambda name, body, **headers: web.post(f"/rpc/{name}", body, X_Api_Key=key, **headers)


@pytest.fixture
def editor(db: Db, tenants: dict[str, str]) -> Iterator[str]:
    with for_tenant(db, "ours"):
        db.execute("select core.add_member('ed@ours.example', 'Ed', 'editor')")
        db.execute("select core.add_member('fan@ours.example', 'Fan', 'viewer')")
    yield token(tenants["ours"], email="ed@ours.example")


def test_results_have_the_shape_of_the_function(call: Callable[..., Any], db: Db, tenants: dict[str, str]) -> None:
    item = call("add_item", {"name": "Scarf", "price": 12.5, "available": 3})
    assert (item.status_code, uuid.UUID(item.json()).version) == (200, 4), "a value"
    bought = call("buy", {"p_item": item.json(), "p_qty": 2, "p_key": "order 1"})
    assert (bought.status_code, bought.json()["state"]) == (200, "sold"), "a row is an object"
    again = call("buy", {"item": item.json(), "qty": 2, "key": "order 1"})
    assert again.json() == bought.json(), "names of arguments may be without p_"
    assert db.execute("select count(*), sum(qty) from stock.purchase").fetchone() == (1, 2)
    assert call(
        "create_competition", {"competition": "cup", "name": "Cup", "format": "round_robin", "kind": "team"}
    ).text
    board = call("leaderboard", {"competition": "cup"})
    assert (board.status_code, board.json()) == (200, []), "rows are an array"
    nothing = call("set_nothing", {})
    assert problem(nothing) == (404, "function set_nothing does not exist")


def test_rows_of_a_function_are_read_in_the_grammar(call: Callable[..., Any], web: Web, key: str) -> None:
    events = [{"type": "added", "payload": {"n": n}} for n in (1, 2, 3)]
    assert call("append_events", {"type": "note", "stream": "s", "expected": 0, "events": events}).json() == 3
    query = "select=version,payload->n&order=version.desc&limit=2&version=gt.1"
    expected = [{"version": 3, "n": 3}, {"version": 2, "n": 2}]
    assert call(f"read_stream?{query}", {"type": "note", "stream": "s"}).json() == expected
    assert web.get(f"/rpc/read_stream?type=note&stream=s&{query}", X_Api_Key=key).json() == expected
    csv = web.get(f"/rpc/read_stream?type=note&stream=s&{query}", X_Api_Key=key, Accept="text/csv")
    assert csv.text == "version,n\n3,3\n2,2\n"
    assert problem(call("buy?select=state", {"item": str(uuid.uuid4()), "qty": 1, "key": "k"})) == (
        400, "stock.buy does not return rows, so it has no parameter select",
    )  # fmt: skip


def test_wrong_arguments_are_refused(call: Callable[..., Any], web: Web, key: str) -> None:
    item = str(uuid.uuid4())
    cases = [
        ({"item": item, "qty": 1}, 400, "stock.buy needs key"),
        ({"item": item, "qty": 1, "key": "k", "colour": 1}, 400, "stock.buy has no argument colour"),
        ({"item": item, "p_item": item, "qty": 1, "key": "k"}, 400, "the argument item is given twice"),
        ({"item": "x", "qty": 1, "key": "k"}, 400, "invalid input syntax for type uuid"),
        ({"item": item, "qty": 1e100, "key": "k"}, 400, "invalid input syntax for type integer"),
        ({"item": item, "qty": [1], "key": "k"}, 400, "invalid input syntax for type integer"),
        ({"item": item, "qty": 1, "key": "a\0b"}, 400, "the body contains a zero byte"),
    ]
    for body, status, sentence in cases:
        found = problem(call("buy", body))
        assert (found[0], sentence in found[1]) == (status, True), (body, found)
    bodies = {b"[1]": 400, b"{": 400, b"\xff": 400, b'{"a": NaN}': 400, b"[" * 100_000: 400, b'"x"': 400}
    bodies |= {b'{"item": "x", "qty": 1, "key": "\\ud800"}': 400}
    bodies |= {b'{"qty": ' + b"9" * 5000 + b"}": 400, b" " * 2_000_000: 413}
    for body, status in bodies.items():
        answer = web.client.post(
            "/rpc/buy", content=body, headers={"X-Api-Key": key, "Content-Type": "application/json"}
        )
        assert problem(answer)[0] == status, body[:20]
    form = web.client.post("/rpc/buy", data={"qty": "1"}, headers={"X-Api-Key": key})
    assert problem(form) == (415, "the body must be application/json, not application/x-www-form-urlencoded")


def test_a_body_without_a_length_is_bounded(web: Web, key: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(3000):
            yield b" " * 1000

    answer = web.client.post(
        "/rpc/buy", content=endless(), headers={"X-Api-Key": key, "Content-Type": "application/json"}
    )
    assert problem(answer) == (413, "the body is larger than 1048576 bytes")


def test_an_error_has_the_meaning_of_the_comment(call: Callable[..., Any]) -> None:
    answer = call("amend_result", {"game_key": "cup/1/1", "home": 1, "away": 0, "reason": "counted twice"})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (404, "P0002")
    assert body["hint"].startswith("when "), body


def test_only_editors_and_keys_with_the_scope_call(
    web: Web, db: Db, tenants: dict[str, str], editor: str, call: Callable[..., Any]
) -> None:
    station = {"station": "one", "name": "Rink 1"}
    assert web.post("/rpc/add_station", station, editor).status_code in (200, 204)
    viewer = token(tenants["ours"], email="fan@ours.example")
    for sent in (viewer, token(tenants["ours"]), token(tenants["theirs"], email="ed@ours.example")):
        assert problem(web.post("/rpc/add_station", station, sent)) == (
            403,
            "only an editor may call contest.add_station",
        )
    assert problem(web.post("/rpc/add_station", station)) == (401, "the request has neither a token nor an API key")
    with for_tenant(db, "ours"):
        reader = db.execute("select core.create_api_key('screen', '{read}')").fetchone()[0]
    assert problem(web.post("/rpc/add_station", station, X_Api_Key=reader)) == (403, "the API key has no scope write")
    log = db.execute("select actor, login from core.audit_log where action ~ 'station'").fetchall()
    assert all(actor != login for actor, login in log), "the audit names the member, not the login of the server"


def test_functions_that_trust_a_program_need_a_key(web: Web, editor: str, call: Callable[..., Any]) -> None:
    body = {"type": "note", "stream": "s", "expected": 0, "events": []}
    assert problem(web.post("/rpc/append_events", body, editor)) == (
        403, "only a program with an API key may call core.append_events",
    )  # fmt: skip
    for name in ("set_context", "set_local", "use_api_key", "tenant_for_domain", "create_tenant", "pg_sleep"):
        assert problem(call(name, {})) == (404, f"function {name} does not exist")


def test_get_calls_only_functions_that_do_not_write(web: Web, key: str) -> None:
    assert problem(web.get("/rpc/add_station?station=one&name=x", X_Api_Key=key)) == (
        405, "contest.add_station may write, so it needs POST",
    )  # fmt: skip
    assert web.get("/rpc/current_tenant", X_Api_Key=key).json()
    assert web.get("/rpc/utc_day?moment=2026-01-01", X_Api_Key=key).status_code in (200, 400)
    assert problem(web.client.delete("/rpc/add_station", headers={"X-Api-Key": key}))[0] == 405


def test_an_idempotency_key_runs_a_request_once(call: Callable[..., Any], db: Db) -> None:
    body = {"name": "Scarf", "price": 12.5, "available": 3}
    first = call("add_item", body, Idempotency_Key="abc")
    second = call("add_item", body, Idempotency_Key="abc")
    assert (second.json(), second.headers.get("idempotency-replayed")) == (first.json(), "true")
    assert db.execute("select count(*) from stock.item").fetchone()[0] == 1
    assert problem(call("add_item", body | {"available": 4}, Idempotency_Key="abc")) == (
        422, "the idempotency-key belongs to another request",
    )  # fmt: skip
    item = first.json()
    bought = [call("buy", {"item": item, "qty": 1}, Idempotency_Key="order").json() for _ in range(2)]
    assert bought[0] == bought[1], "a function with an argument key gets the header"
    assert problem(call("buy", {"item": item, "qty": 1, "key": "x"}, Idempotency_Key="y"))[0] == 400
    assert problem(call("add_item", body, Idempotency_Key="x" * 300))[0] == 400


def test_a_request_that_fails_leaves_its_key_free(call: Callable[..., Any], db: Db) -> None:
    body = {"name": "Scarf", "price": -1, "available": 3}
    for _ in range(2):
        assert problem(call("add_item", body, Idempotency_Key="abc"))[0] == 400
    assert db.execute("select count(*) from core.idempotency_key").fetchone()[0] == 0


def test_two_requests_with_one_key_at_once_run_once(call: Callable[..., Any], db: Db) -> None:
    answers: list[Any] = []
    body = {"name": "Scarf", "price": 12.5, "available": 3}
    senders = [
        threading.Thread(target=lambda: answers.append(call("add_item", body, Idempotency_Key="abc"))) for _ in range(8)
    ]
    for each in senders:
        each.start()
    for each in senders:
        each.join()
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    assert db.execute("select count(*) from stock.item").fetchone()[0] == 1


def test_no_answer_contains_a_secret(web: Web, key: str, call: Callable[..., Any]) -> None:
    for answer in (call("buy", {}), web.get("/me", X_Api_Key=key + "0"), web.get("/rpc/buy", X_Api_Key=key)):
        assert key not in answer.text
        assert SECRET not in answer.text
