"""Limits of requests, of their heads and bodies, and the log and the metrics of the server."""

import json
import re
import socket
import threading
from collections.abc import Callable

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stanchion.server.connection import for_tenant
from tests.serve.web import Web, problem, serving, token
from tests.sessions import Db


def test_a_sender_may_send_so_many_requests(make_login: Callable[..., str], db: Db, tenants: dict[str, str]) -> None:
    """The limit is in the database, so that several processes share it."""
    login = make_login("stanchion_app")
    with serving(login, "--rate", "5") as one, serving(login, "--rate", "5") as two:
        sent = token(tenants["ours"], sub="reader")
        answers = [web.get("/me", sent) for web in (one, two, one, two, one)]
        assert [answer.status_code for answer in answers] == [200] * 5
        left = [re.fullmatch(r'"minute";r=(\d+);t=\d+', answer.headers["ratelimit"])[1] for answer in answers]
        assert left == ["4", "3", "2", "1", "0"]
        refused = one.get("/me", sent)
        assert problem(refused) == (429, "the limit of 5 requests a minute is reached")
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert two.get("/me", token(tenants["ours"], sub="another")).status_code == 200
        assert two.get("/me", token(tenants["theirs"], sub="reader")).status_code == 200
        with for_tenant(db, "ours"):
            key = db.execute("select core.create_api_key('phone', '{read}')").fetchone()[0]
        assert one.get("/me", X_Api_Key=key).headers["ratelimit"].startswith('"minute";r=4;')


def test_the_limit_is_exact_under_concurrency(make_login: Callable[..., str], tenants: dict[str, str]) -> None:
    with serving(make_login("stanchion_app"), "--rate", "20") as web:
        sent, statuses = token(tenants["ours"], sub="reader"), list[int]()
        senders = [
            threading.Thread(target=lambda: statuses.extend(web.get("/me", sent).status_code for _ in range(5)))
            for _ in range(8)
        ]
        for each in senders:
            each.start()
        for each in senders:
            each.join()
        assert sorted(statuses) == [200] * 20 + [429] * 20


def test_an_address_that_is_refused_often_waits(web: Web, tenants: dict[str, str]) -> None:
    statuses = [web.get("/me", f"{token(tenants['ours'])}x{n}").status_code for n in range(70)]
    assert statuses == [401] * 60 + [429] * 10
    assert web.get("/healthz").status_code == 200


def test_a_long_url_and_a_large_head_are_refused(web: Web, tenants: dict[str, str]) -> None:
    assert problem(web.get(f"/standings?select={'a' * 20_000}")) == (414, "the URL is longer than 16384 bytes")
    port = int(web.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as sender:
        sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        answer = b""
        try:
            for n in range(20_000):
                sender.sendall(b"X-%d: %s\r\n" % (n, b"a" * 100))
            answer = sender.recv(1000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert not answer.startswith(b"HTTP/1.1 200")
    assert web.get("/healthz").status_code == 200


def test_a_client_that_is_slow_loses_its_connection(web: Web) -> None:
    port = int(web.url.rpartition(":")[2])
    slow = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(50)]
    for each in slow[:25]:
        each.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")  # the others send nothing
    assert web.get("/healthz").status_code == 200, "they do not keep others from their answers"
    for each in slow:
        assert each.recv(1000) == b"", "the server closes the connection"
        each.close()


def test_metrics_are_counted_by_route(make_login: Callable[..., str], tenants: dict[str, str]) -> None:
    with serving(make_login("stanchion_app"), "--metrics") as web:
        for _ in range(3):
            web.get("/me", token(tenants["ours"]))
        web.get("/me")
        for n in range(20):
            web.get(f"/no{n}/such{n}/path{n}")
        families = {each.name: each for each in text_string_to_metric_families(web.get("/metrics").text)}
        counts = {tuple(each.labels.values()): each.value for each in families["stanchion_serve_requests"].samples}
        assert (counts["/me", "GET", "200"], counts["/me", "GET", "401"], counts["none", "GET", "404"]) == (3, 1, 20)
        buckets = families["stanchion_serve_request_seconds"].samples
        assert [s.value for s in buckets if s.name.endswith("_count") and s.labels["route"] == "/me"] == [4]
        assert tenants["ours"] not in str(families)


def test_metrics_are_not_served_without_the_option(web: Web) -> None:
    assert web.get("/metrics").status_code in (401, 404)


def test_the_log_has_a_line_for_each_request(make_login: Callable[..., str], tenants: dict[str, str]) -> None:
    with serving(make_login("stanchion_app"), "--log-format", "json") as web:
        web.get("/me?secret=1", token(tenants["ours"]), X_Request_Id="abc")
        web.get("/me")
        web.process.terminate()
        lines = [json.loads(line) for line in web.process.stderr.read().splitlines()]
        requests = [line for line in lines if line["event"] == "request"]
        assert [(each["tenant"], each["counts"]) for each in requests] == [
            ("ours", {"status": 200}),
            (None, {"status": 401}),
        ]
        assert requests[0]["message"] == "GET /me abc", "the query string can contain personal data"
        assert lines[-1]["event"] == "end"


def test_the_audit_log_has_the_request_id(web: Web, db: Db, tenants: dict[str, str]) -> None:
    with for_tenant(db, "ours"):
        db.execute("select core.add_member('ada@ours.example', 'Ada', 'owner')")
    ada = token(tenants["ours"], email="ada@ours.example")
    member = {"email": "new@ours.example", "display_name": "New", "role": "viewer"}
    answer = web.post("/rpc/add_member", member, ada, X_Request_Id="abc-17")
    assert answer.status_code == 200, answer.text
    found = db.execute("select request_id from core.audit_log where request_id is not null").fetchall()
    assert found == [("abc-17",)]
