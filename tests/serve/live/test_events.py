"""Every event of the tenant arrives once, each stream in its order, also when sessions and processes are killed."""

import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from uuid import UUID

import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.serve.live.client import Writer, append, is_in_order, stream
from tests.serve.web import Web, problem, serving, token
from tests.sessions import Db

SERVED = "application_name like 'stanchion serve%'"
LISTENERS = "select pid from pg_stat_activity where application_name = 'stanchion serve live' and datname = %s"


def test_events_arrive_with_their_filter(web: Web, login: str, tokens: dict[str, str]) -> None:
    mine = tokens["ours"]
    with (
        psycopg.connect(login, autocommit=True) as conn,
        stream(web, "/live/events", mine) as every,
        stream(web, "/live/events?stream=b&kind=paid", mine) as one,
        stream(web, "/live/events?type=nothing", mine) as none,
    ):
        append(conn, "a", 1, 2)
        append(conn, "b", 3)
        append(conn, "b", 4, kind="other")
        assert every.wait_for(4) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
        assert one.wait_for(1) == [("b", 1)]
        assert none.events() == []
    (event,) = [each for _, data in one.messages for each in data]
    assert (event["payload"], event["event_type"], event["stream_type"]) == (3, "paid", "account")


def test_events_arrive_for_a_login_with_another_time_zone_and_date_style(
    db: Db, make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    application = make_login("stanchion_app")
    name = sql.Identifier(conninfo_to_dict(application)["user"])
    db.execute(sql.SQL("alter role {} set timezone = 'Asia/Kathmandu'").format(name))
    db.execute(sql.SQL("alter role {} set datestyle = 'German'").format(name))
    with (
        serving(application) as web,
        psycopg.connect(login, autocommit=True) as conn,
        stream(web, "/live/events?stream='; drop table a; --", tokens["ours"]) as follower,
    ):
        append(conn, "'; drop table a; --", 1)
        assert follower.wait_for(1) == [("'; drop table a; --", 1)]
        ((recorded_at,),) = db.execute("select recorded_at from core.event").fetchall()
    ((event,),) = [data for kind, data in follower.messages if kind == "events"]
    assert datetime.fromisoformat(event["recorded_at"]) == recorded_at


def test_events_of_another_tenant_never_arrive(
    web: Web, login: str, tenants: dict[str, str], tokens: dict[str, str]
) -> None:
    with (
        psycopg.connect(login, autocommit=True) as conn,
        stream(web, "/live/events", tokens["ours"]) as ours,
        stream(web, "/live/events", tokens["theirs"]) as theirs,
    ):
        for number in range(50):
            conn.execute("select set_config('app.tenant_id', %s, false)", [tenants["theirs" if number % 2 else "ours"]])
            append(conn, "odd" if number % 2 else "even", number)
        assert set(ours.wait_for(25)) == {("even", version) for version in range(1, 26)}
        assert set(theirs.wait_for(25)) == {("odd", version) for version in range(1, 26)}
        # a position of one tenant opens nothing of another
        with stream(web, f"/live/events?from={ours.last}", tokens["theirs"]) as moved:
            append(conn, "odd", 1)
            assert moved.wait_for(1) == [("odd", 26)]


def test_event_that_commits_late_arrives_without_its_own_notification(
    web: Web, login: str, tokens: dict[str, str]
) -> None:
    with (
        psycopg.connect(login, autocommit=True) as late,
        psycopg.connect(login, autocommit=True) as early,
        stream(web, "/live/events", tokens["ours"]) as follower,
    ):
        with late.transaction():
            append(late, "other", 1)
            append(early, "a", 1)
            assert follower.wait_for(1) == [("a", 1)], "an event does not wait for an open transaction"
            append(late, "a", 2)  # stored under the transaction of the event that has arrived
            append(early, "z", 1)
            follower.wait_for(2)
            assert follower.events() == [("a", 1), ("z", 1)]
        assert set(follower.wait_for(4)) == {("a", 1), ("a", 2), ("other", 1), ("z", 1)}
        assert is_in_order(follower.events())
        with late.transaction(), early.transaction():
            append(early, "x", 1)  # notifies, if it is the first in its tenth of a second
            append(late, "y", 1)
        assert set(follower.wait_for(6)) >= {("x", 1), ("y", 1)}


def test_nothing_is_lost_when_the_listening_session_is_killed(
    web: Web, db: Db, login: str, tokens: dict[str, str]
) -> None:
    with stream(web, "/live/events", tokens["ours"]) as follower, Writer(login) as writer:
        for _ in range(5):
            before = len(follower.events())
            ((pid,),) = db.execute(LISTENERS, [db.info.dbname]).fetchall()
            db.execute("select pg_terminate_backend(%s)", [pid])
            follower.wait(lambda before=before: len(follower.events()) > before)
            follower.wait(lambda pid=pid: db.execute(LISTENERS, [db.info.dbname]).fetchall() not in ([], [(pid,)]))
        writer.__exit__()
        events = follower.wait_for(writer.written)
        assert follower.connects == 1, "the client does not notice"
    assert (len(events), is_in_order(events)) == (writer.written, True)


def test_nothing_is_lost_or_doubled_when_the_process_is_killed(
    make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    application, mine = make_login("stanchion_app"), tokens["ours"]
    with ExitStack() as first:
        web = first.enter_context(serving(application))
        port = web.url.rpartition(":")[2]
        with (
            stream(web, "/live/events", mine, again=True) as every,
            stream(web, "/live/events?stream=a", mine, again=True) as one,
            Writer(login) as writer,
        ):
            for killed in range(1, 3):
                before = len(every.events())
                every.wait(lambda before=before: len(every.events()) > before + 20)
                web.process.kill()
                web.process.wait()
                web = first.enter_context(serving(application, "--port", port))
                every.wait(lambda killed=killed: every.connects > killed and one.connects > killed)
            writer.__exit__()
            events = every.wait_for(writer.written)
            assert (len(events), is_in_order(events)) == (writer.written, True)
            filtered = [event for event in events if event[0] == "a"]
            assert one.wait_for(len(filtered)) == filtered


def test_client_moves_between_processes(make_login: Callable[..., str], login: str, tokens: dict[str, str]) -> None:
    application, mine = make_login("stanchion_app"), tokens["ours"]
    with (
        serving(application) as one,
        serving(application) as two,
        stream(two, "/live/events?type=nothing", mine),  # the tenant is followed there at all times
    ):
        with stream(one, "/live/events", mine) as follower:
            pass
        events: list[tuple[str, int]] = []
        with Writer(login) as writer:
            for turn in range(10):
                with stream(two if turn % 2 else one, "/live/events", mine, last=follower.last) as follower:
                    follower.wait_for(3)
                events += follower.events()
        with stream(two, "/live/events", mine, last=follower.last) as follower:
            events += follower.wait_for(writer.written - len(events))
    assert (len(events), is_in_order(events)) == (writer.written, True)


def test_client_resumes_within_a_long_absence(web: Web, login: str, tokens: dict[str, str]) -> None:
    mine = tokens["ours"]
    with psycopg.connect(login, autocommit=True) as conn:
        append(conn, "a", 0)
        with stream(web, "/live/events", mine) as follower:
            pass
        start = follower.last
        append(conn, "a", *range(1500))
        append(conn, "b", *range(1500))
        with stream(web, "/live/events", mine, last=start) as follower:
            events = follower.wait_for(3000)
        sizes = [len(data) for kind, data in follower.messages if kind == "events"]
        assert events == [*[("a", each) for each in range(2, 1502)], *[("b", each) for each in range(1, 1501)]]
        assert max(sizes) == 1000, "a page has a limit"


def test_client_that_does_not_read_is_disconnected_and_resumes(
    make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    """Kernels hold megabytes for a client that does not read. So events are appended until the server has enough."""
    mine, big = tokens["ours"], "x" * 100_000
    slowed = 'stanchion_serve_live_ended_total{reason="slow"} 1'
    with (
        serving(make_login("stanchion_app"), "--metrics") as web,
        psycopg.connect(login, autocommit=True) as conn,
        stream(web, "/live/events", mine) as quick,
        socket.socket() as slow,
    ):
        host, port = web.url.removeprefix("http://").split(":")
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # it has no effect later
        slow.settimeout(60)
        slow.connect((host, int(port)))
        slow.sendall(f"GET /live/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {mine}\r\n\r\n".encode())
        received = b""
        while b": alive" not in received:
            received += slow.recv(4096)
        count = 0
        while slowed not in web.get("/metrics").text:
            assert count < 500, "the server keeps 50 MB for a client that does not read"
            for _ in range(5):
                append(conn, "a", big)
            count += 5
            quick.wait_for(count)  # a slow client delays no other
        while not received.endswith(b"0\r\n\r\n") and (data := slow.recv(1_000_000)):
            received += data
        assert b'event: closed\ndata: {"reason":"slow"}' in received[-1000:]
        versions = [int(each) for each in re.findall(rb'"version":(\d+)', received)]
        assert 0 < len(versions) < count
        last = re.findall(rb"^id: (\S+)", received, re.MULTILINE)[-1].decode()
        with stream(web, "/live/events", mine, last=last) as again:
            versions += [version for _, version in again.wait_for(count - len(versions))]
        assert versions == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("nothing", 404, "stream nothing does not exist: choose one of events, scores, standings, presence"),
        ("scores?kind=x", 400, "the stream scores has no parameter kind: it has from, stream"),
        ("standings", 400, "the stream standings needs a parameter competition"),
        ("presence?principal=me", 400, "a parameter principal is not a UUID"),
        ("events?stream=%00", 400, "a value of stream is longer than 200 characters or contains a null character"),
        ("events?stream=" + ",".join(map(str, range(101))), 400, "101 values of stream, at most 100 are allowed"),
        ("events?from=1", 400, "the position is not one that this server sends: leave out Last-Event-ID and from"),
    ],
)
def test_bad_parameters_are_refused(shared_web: Web, path: str, status: int, expected: str, shared_token: str) -> None:
    assert problem(shared_web.get(f"/live/{path}", shared_token)) == (status, expected)


def test_description_lists_the_streams_and_their_answers(shared_web: Web, shared_token: str) -> None:
    paths = shared_web.get("/", shared_token).json()["paths"]
    examples = {"from": "7f.1-1-1:1:", "principal": str(UUID(int=1)), "competition": "cup"}
    for kind in ("events", "scores", "standings", "presence"):
        described = paths[f"/live/{kind}"]["get"]
        names = [each["name"] for each in described["parameters"] if each["in"] == "query"]
        accepted = "&".join(f"{name}={examples.get(name, 'a')}" for name in names)
        answer = shared_web.client.head(f"/live/{kind}?{accepted}", headers={"Authorization": f"Bearer {shared_token}"})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")
        assert "text/event-stream" in described["responses"]["200"]["content"]
        for path, sender in ((f"/live/{kind}?x=1", shared_token), (f"/live/{kind}", "nonsense")):
            assert str(shared_web.get(path, sender).status_code) in described["responses"]


def test_stream_needs_a_member(web: Web, tenants: dict[str, str]) -> None:
    assert problem(web.get("/live/events"))[0] == 401
    assert problem(web.get("/live/events", token(tenants["ours"])))[0] == 403


def test_position_of_another_server_or_of_the_future_is_reset(web: Web, login: str, tokens: dict[str, str]) -> None:
    mine = tokens["ours"]
    with stream(web, "/live/events", mine) as follower:
        pass
    server, taken_at, snapshot = follower.last.split("-")
    future = str(int(snapshot.split(":")[1]) + 1_000_000)
    for last in (
        f"abc.1-{taken_at}-{snapshot}",
        f"{server}9-{taken_at}-{snapshot}",  # another timeline
        f"{server}-{taken_at}-{future}:{future}:",
        f"{server}-1-{snapshot}",  # so old that events may have expired
    ):
        with stream(web, "/live/events", mine, last=last) as lost:
            lost.wait(lambda lost=lost: lost.states("closed") == [{"reason": "reset"}])
        with (
            stream(web, "/live/events", mine, last=lost.last) as again,
            psycopg.connect(login, autocommit=True) as conn,
        ):
            append(conn, "a", 1)
            again.wait_for(1)


def test_only_clients_that_resume_read_the_bounds_of_partitions(
    db: Db, make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    db.execute(sql.SQL("alter database {} set track_functions = 'pl'").format(sql.Identifier(db.info.dbname)))
    application, mine = make_login("stanchion_app"), tokens["ours"]

    def calls() -> dict[str, int]:
        """Return the calls of each function, after the sessions of the server have counted them."""
        while db.execute(f"select from pg_stat_activity where datname = current_database() and {SERVED}").fetchone():
            time.sleep(0.01)
        return dict(
            db.execute("select funcname, calls from pg_stat_user_functions where schemaname = 'core'").fetchall()
        )

    with (
        serving(application) as web,
        psycopg.connect(login, autocommit=True) as conn,
        stream(web, "/live/events", mine) as follower,
    ):
        start = follower.last
        for count in range(1, 21):
            append(conn, "a", count)
            follower.wait_for(count)
    steady = calls()
    assert steady["event_snapshot"] > 20, "each event was read before the next one was appended"
    assert "events_kept_since" not in steady
    with serving(application) as web, stream(web, "/live/events", mine, last=start) as follower:
        follower.wait_for(20)
    assert calls()["events_kept_since"] == 1


def test_metrics_count_clients_messages_and_ends(
    make_login: Callable[..., str], login: str, tokens: dict[str, str]
) -> None:
    def numbers(web: Web) -> dict[str, float]:
        return {
            " ".join((sample.name.removeprefix("stanchion_serve_live_"), *sample.labels.values())): sample.value
            for family in text_string_to_metric_families(web.get("/metrics").text)
            for sample in family.samples
            if sample.name.startswith("stanchion_serve_live_")
        }

    with serving(make_login("stanchion_app"), "--metrics") as web, psycopg.connect(login, autocommit=True) as conn:
        assert set(numbers(web).values()) <= {0, 1}, "only the listener is connected"
        with (
            stream(web, "/live/events", tokens["ours"]) as one,
            stream(web, "/live/events?stream=a", tokens["ours"]) as other,
        ):
            append(conn, "a", 1)
            append(conn, "b", 1)
            assert len(one.wait_for(2)) + len(other.wait_for(1)) == 3
            found = numbers(web)
            assert (found["subscribers"], found["events_total"], found["presences"]) == (2, 2, 1)
            assert found["sent_total"] in (2, 3), "two events may arrive in one message"
            assert 0 < found["lag_seconds"] < 30
        one.wait(lambda: numbers(web)["subscribers"] == 0)
        assert numbers(web)["ended_total gone"] == 2


@pytest.mark.long
def test_stream_of_a_revoked_key_ends(web: Web, db: Db, tenants: dict[str, str], login: str) -> None:
    with psycopg.connect(login, autocommit=True) as conn:
        db.execute("select set_config('app.tenant_id', %s, false)", [tenants["ours"]])
        key = db.execute("select core.create_api_key('scoreboard')").fetchone()[0]
        with stream(web, "/live/events", key) as follower:
            append(conn, "a", 1)
            follower.wait_for(1)
            db.execute("update core.api_key set revoked_at = now()")
            follower.wait(lambda: follower.states("closed") == [{"reason": "refused"}], 60)


def test_sigterm_ends_streams_at_once(make_login: Callable[..., str], tokens: dict[str, str]) -> None:
    with serving(make_login("stanchion_app")) as web, stream(web, "/live/events", tokens["ours"]) as follower:
        web.process.terminate()
        assert web.process.wait(8) == 0, "no request is waited for until the limit of ten seconds"
        follower.wait(follower.ended)
        assert follower.states("closed") == [{"reason": "shutdown"}]
