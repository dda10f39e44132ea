"""Live streams lose and double nothing when a replica is killed, and end with a reset when one takes over."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.server.connection import for_tenant
from tests.replicas.conftest import Pair, kill
from tests.serve.live.client import Writer, append, is_in_order, stream
from tests.serve.web import Web, serving

LOGIN, PASSWORD = "live_replica", "a password of the test"


@pytest.fixture(scope="module")
def key(pair: Pair) -> str:
    with psycopg.connect(pair.primary.dsn(), autocommit=True) as conn:
        conn.execute(f"create role {LOGIN} login password '{PASSWORD}' in role stanchion_app")
        conn.execute(f"alter role {LOGIN} set synchronous_commit = on")  # the servers of tests may lose commits
        with for_tenant(conn, "ours"):
            return str(conn.execute("select core.create_api_key('web', '{write}')").fetchone()[0])


@pytest.fixture
def both(pair: Pair, key: str) -> str:
    """Return the connection string of whichever server is the primary."""
    ports = ",".join(each.environment()["PGPORT"] for each in (pair.primary, pair.replica))
    return make_conninfo(
        pair.primary.dsn(), user=LOGIN, password=PASSWORD, host="127.0.0.1,127.0.0.1", port=ports,
        target_session_attrs="read-write",
    )  # fmt: skip


@pytest.fixture
def web(pair: Pair, both: str) -> Iterator[Web]:
    with serving(both, "--read-dsn", make_conninfo(pair.replica.dsn(), user=LOGIN, password=PASSWORD)) as found:
        yield found


@pytest.fixture
def application(pair: Pair, both: str) -> str:
    tenant = pair.on_primary("select tenant_id from core.tenant where slug = 'ours'")
    return make_conninfo(both, options=f"-c app.tenant_id={tenant}")


def test_nothing_is_lost_or_doubled_when_the_replica_is_killed(
    pair: Pair, web: Web, key: str, application: str
) -> None:
    with stream(web, "/live/events", key) as follower, Writer(application) as writer:
        follower.wait_for(20)
        kill(pair.replica)
        before = len(follower.events())
        follower.wait_for(before + 50)
        assert web.get("/item?select=item_id", X_Api_Key=key).status_code in (200, 503)
        writer.__exit__()
        events = follower.wait_for(writer.written)
        assert follower.connects == 1, "the client does not notice"
    assert (len(events), is_in_order(events)) == (writer.written, True)
    pair.replica.close()
    pair.replica.start()


def test_nothing_is_lost_or_doubled_when_the_listening_process_is_killed(
    pair: Pair, web: Web, key: str, application: str
) -> None:
    """Postgres then ends all sessions and recovers, as after any crash of one of its processes."""
    began = "select count(*) from core.event"
    before = pair.on_primary(began)
    with stream(web, "/live/events", key) as follower:
        for killed in range(1, 3):
            with Writer(application):
                follower.wait_for(20 * killed)
                listener = pair.on_primary(
                    "select pid from pg_stat_activity where application_name = 'stanchion serve live'"
                )
                started = start_of(pair)
                os.kill(listener, signal.SIGKILL)
                follower.wait(lambda started=started: start_of(pair) not in (None, started))
        with Writer(application) as writer:
            follower.wait(lambda: writer.written > 20)
        follower.wait_for(pair.on_primary(began) - before)
        assert follower.connects == 1, "the client does not notice"
    written = pair.on_primary("select array_agg(array[stream_id, version::text] order by position) from core.event")
    expected = sorted((name, int(version)) for name, version in written[before:])
    assert sorted(follower.events(), key=lambda event: event[0]) == expected, "each stream arrives in its order"


def start_of(pair: Pair) -> Any:
    """Return the time of the start or of the last recovery of the primary, or None while it recovers."""
    try:
        return pair.on_primary("select backend_start from pg_stat_activity where backend_type = 'checkpointer'")
    except psycopg.OperationalError:
        return None


def test_streams_end_with_a_reset_when_the_replica_takes_over(pair: Pair, web: Web, key: str, application: str) -> None:
    """Stops the primary, so it is the last test of this file."""
    with stream(web, "/live/events?stream=d", key, again=True) as follower:
        with psycopg.connect(application, autocommit=True) as conn:
            append(conn, "d", 1, 2)
        assert follower.wait_for(2) == [("d", 1), ("d", 2)]
        kill(pair.primary)
        pair.on_replica("select pg_promote()")
        follower.wait(lambda: follower.states("closed") == [{"reason": "reset"}])
        follower.wait(lambda: follower.connects == 2)
        with psycopg.connect(application, autocommit=True) as conn:
            version = append(conn, "d", 3)
        assert follower.wait_for(3)[2:] == [("d", version)]
    with stream(web, "/live/events", key) as late, psycopg.connect(application, autocommit=True) as conn:
        append(conn, "e", 1)
        assert late.wait_for(1) == [("e", 1)]
