"""Commands that only read use a replica while its lag is small, or else the primary; they never write.

No test is marked as slow, because slow tests run first, and the last test of this file must run last.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from stanchion.errors import StanchionError
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.replica import find_reader
from tests.conftest import Cluster, Outcome
from tests.program import call_stanchion
from tests.replicas.conftest import Pair, new_server

UNREACHABLE = "postgresql://app@127.0.0.1:9/x"
REPLICA, PRIMARY = True, False


@contextmanager
def reading(
    dsn: str | None, read_dsn: str | None, max_lag: float = 60
) -> Iterator[tuple[bool, list[str], psycopg.Connection]]:
    """Yield whether the replica is read, the reported lines, and a connection."""
    reported: list[str] = []
    with find_reader(dsn, read_dsn, "--read-dsn", max_lag, reported.append) as server, connect(server) as conn:
        yield conn.execute("select pg_is_in_recovery()").fetchone()[0], reported, conn


@contextmanager
def falling_behind(pair: Pair) -> Iterator[None]:
    """Pause the replay, and write something that the replica does not apply."""
    with pair.paused():
        pair.on_primary("select core.create_tenant('late', 'Late', 'league')")
        try:
            yield
        finally:
            pair.on_primary("delete from core.tenant where slug = 'late'")


@pytest.fixture
def other_server(cluster: Cluster) -> Iterator[Embedded]:
    with new_server(cluster) as server, server:
        yield server


def test_replica_is_read_once_it_has_all_commits(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stanchion.server.replica._CATCH_UP", 60)  # a slow machine may need more than a second
    for number in range(5):
        slug = f"fresh-{number}"
        pair.on_primary(f"select core.create_tenant('{slug}', 'Fresh', 'league')")
        with reading(pair.primary.dsn(), pair.replica.dsn()) as (where, reported, conn):
            assert (where, reported) == (REPLICA, [])
            assert conn.execute("select count(*) from core.tenant where slug = %s", [slug]).fetchone() == (1,)


def test_idle_primary_causes_no_lag(pair: Pair) -> None:
    pair.on_primary("select core.create_tenant('last', 'Last', 'league')")
    while not pair.on_replica("select clock_timestamp() - pg_last_xact_replay_timestamp() > '1 s'"):
        time.sleep(0.02)
    with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=1) as (where, reported, _):
        assert (where, reported) == (REPLICA, [])


def test_primary_is_read_when_the_lag_is_too_large(pair: Pair) -> None:
    with falling_behind(pair):
        with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=0.2) as (where, reported, conn):
            assert where is PRIMARY
            assert reported[0].startswith("The lag of the replica is ")
            assert reported[0].endswith(" s; --max-lag allows 0.2 s. Reading the primary.")
            assert conn.execute("select count(*) from core.tenant where slug = 'late'").fetchone() == (1,)
        with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=3600) as (where, reported, conn):
            assert (where, reported) == (REPLICA, [])
            assert conn.execute("select count(*) from core.tenant where slug = 'late'").fetchone() == (0,)


def test_primary_is_read_when_the_replica_is_unusable(pair: Pair, cluster: Cluster, other_server: Embedded) -> None:
    with reading(pair.primary.dsn(), UNREACHABLE) as (where, reported, _):
        assert where is PRIMARY
        assert "configured by --read-dsn cannot be used" in reported[0]
    with reading(pair.primary.dsn(), cluster.dsn("postgres")) as (where, reported, _):
        assert (where, reported) == (
            PRIMARY,
            ["The server of --read-dsn is not a replica: it is not in recovery. Reading the primary."],
        )
    with reading(other_server.dsn(), pair.replica.dsn()) as (where, reported, _):
        assert (where, reported) == (
            PRIMARY,
            ["The server of --read-dsn is a replica of another server. Reading the primary."],
        )


def test_replica_is_read_without_a_primary(pair: Pair) -> None:
    for primary in (UNREACHABLE, None):
        with reading(primary, pair.replica.dsn()) as (where, reported, _):
            assert where is REPLICA
            assert reported[0].startswith("The lag of the replica is unknown; its data is as of 2")
    none = r"The primary cannot be read instead: .*--dsn cannot be used"
    with pytest.raises(StanchionError, match=none), reading(UNREACHABLE, UNREACHABLE):
        pass


@pytest.mark.parametrize("read_dsn", [None, UNREACHABLE], ids=["replica", "primary"])
def test_connections_for_reading_cannot_write(pair: Pair, read_dsn: str | None) -> None:
    with reading(pair.primary.dsn(), read_dsn or pair.replica.dsn()) as (where, _, conn):
        assert where is (PRIMARY if read_dsn else REPLICA)
        assert conn.execute("show default_transaction_read_only").fetchone() == ("on",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("select core.create_tenant('written', 'Written', 'league')")


def test_login_without_privileges_can_measure_the_lag(pair: Pair) -> None:
    pair.on_primary("create role asking login password 'asking'")
    while not pair.on_replica("select to_regrole('asking') is not null"):
        time.sleep(0.02)
    primary, replica = (
        make_conninfo(server.dsn(), user="asking", password="asking") for server in (pair.primary, pair.replica)
    )
    with reading(primary, replica) as (where, reported, _):
        assert (reported, where) == ([], REPLICA)


@pytest.mark.long
def test_reading_commands_use_stanchion_read_dsn(pair: Pair, tmp_path: Path) -> None:
    def run(*args: str) -> Outcome:
        outcome = call_stanchion(*args, database_url=pair.primary.dsn(), STANCHION_READ_DSN=pair.replica.dsn())
        assert outcome.code == 0, outcome.err
        assert "on replica configured by STANCHION_READ_DSN" in outcome.err
        return outcome

    out = tmp_path / "partitions.html"
    run("report", "--partitions", "--out", str(out))
    assert "core.audit_log" in out.read_text()
    status = json.loads(run("partitions", "status", "--json").out)
    assert {each["relation"] for each in status["sets"]} > {"core.event"}
    for command in (["loads"], ["rejects"], ["revisions", "1"], ["quality"]):
        assert json.loads(run("games", *command, "--tenant", "ours", "--json").out) == []
    fallen = call_stanchion(
        "games", "loads", "--tenant", "ours", "--read-dsn", UNREACHABLE, database_url=pair.primary.dsn(),
        STANCHION_READ_DSN=pair.replica.dsn(),
    )  # fmt: skip
    assert fallen.code == 0
    assert "Reading the primary." in fallen.err


def test_dsn_with_both_servers_follows_a_promotion(pair: Pair) -> None:
    """Stops the primary, so it is the last test of this file."""
    both = make_conninfo(
        pair.primary.dsn(),
        host="127.0.0.1,127.0.0.1",
        port=f"{pair.primary.environment()['PGPORT']},{pair.replica.environment()['PGPORT']}",
        target_session_attrs="read-write",
    )
    assert call_stanchion("status", database_url=both).code == 0
    pair.primary.down()
    pair.on_replica("select pg_promote()")
    outcome = call_stanchion("tenant", "add", "after", database_url=both)
    assert outcome.code == 0, outcome.err
    verified = call_stanchion("verify", database_url=both)
    assert verified.code == 0, verified.out
    with reading(both, pair.replica.dsn()) as (where, reported, _):
        assert where is PRIMARY
        assert "it is not in recovery" in reported[0]
