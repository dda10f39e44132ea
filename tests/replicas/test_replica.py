"""What only reads is asked of a replica while that is close enough, and of the primary otherwise; it never writes."""

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
from stanchion.server.replica import find_reader
from tests.conftest import Cluster, Outcome, run_stanchion
from tests.replicas.conftest import Pair

NOBODY = "postgresql://nobody@127.0.0.1:9/x"
REPLICA, PRIMARY = True, False


@contextmanager
def reading(
    dsn: str | None, read_dsn: str | None, max_lag: float = 10
) -> Iterator[tuple[bool, list[str], psycopg.Connection]]:
    """Which of the two is read, what was said, and a connection to it."""
    said: list[str] = []
    with find_reader(dsn, read_dsn, "--read-dsn", max_lag, said.append) as server, connect(server) as conn:
        yield conn.execute("select pg_is_in_recovery()").fetchone()[0], said, conn


@contextmanager
def falling_behind(pair: Pair) -> Iterator[None]:
    """The replica goes on receiving and shows nothing of it."""
    pair.on_replica("select pg_wal_replay_pause()")
    while pair.on_replica("select pg_get_wal_replay_pause_state()") != "paused":
        time.sleep(0.02)
    pair.on_primary("select core.create_tenant('late', 'Late', 'league')")
    try:
        yield
    finally:
        pair.on_primary("delete from core.tenant where slug = 'late'")
        pair.on_replica("select pg_wal_replay_resume()")


def test_a_replica_is_read_as_soon_as_it_has_what_is_committed(pair: Pair) -> None:
    for number in range(5):
        slug = f"fresh-{number}"
        pair.on_primary(f"select core.create_tenant('{slug}', 'Fresh', 'league')")
        with reading(pair.primary.dsn(), pair.replica.dsn()) as (where, said, conn):
            assert (where, said) == (REPLICA, [])
            assert conn.execute("select count(*) from core.tenant where slug = %s", [slug]).fetchone() == (1,)


def test_a_quiet_primary_is_no_lag(pair: Pair) -> None:
    time.sleep(1.5)
    with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=1) as (where, said, _):
        assert (where, said) == (REPLICA, [])


def test_a_replica_that_is_too_far_behind_is_left_for_the_primary(pair: Pair) -> None:
    with falling_behind(pair):
        time.sleep(1)
        with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=0.5) as (where, said, conn):
            assert where is PRIMARY
            assert said[0].startswith("The replica is behind by ")
            assert said[0].endswith("s, and 0.5 s are allowed (--max-lag). Reading the primary.")
            assert conn.execute("select count(*) from core.tenant where slug = 'late'").fetchone() == (1,)
        with reading(pair.primary.dsn(), pair.replica.dsn(), max_lag=3600) as (where, said, conn):
            assert (where, said) == (REPLICA, [])
            assert conn.execute("select count(*) from core.tenant where slug = 'late'").fetchone() == (0,)


def test_one_that_cannot_be_reached_or_is_none_is_left_for_the_primary(pair: Pair, cluster: Cluster) -> None:
    with reading(pair.primary.dsn(), NOBODY) as (where, said, _):
        assert where is PRIMARY
        assert "configured by --read-dsn cannot be used" in said[0]
    with reading(pair.primary.dsn(), cluster.dsn("postgres")) as (where, said, _):
        assert (where, said) == (
            PRIMARY,
            ["What --read-dsn names is no replica: it has ended its recovery. Reading the primary."],
        )
    with reading(cluster.dsn("postgres"), pair.replica.dsn()) as (where, said, _):
        assert (where, said) == (
            PRIMARY,
            ["What --read-dsn names is no replica of this server but of another. Reading the primary."],
        )


def test_without_a_primary_the_replica_is_read_and_its_moment_said(pair: Pair) -> None:
    for primary in (NOBODY, None):
        with reading(primary, pair.replica.dsn()) as (where, said, _):
            assert where is REPLICA
            assert said[0].startswith("How far the replica is behind is not known; it is as of 2")
    none = r"There is no primary to read instead: .*--dsn cannot be used"
    with pytest.raises(StanchionError, match=none), reading(NOBODY, NOBODY):
        pass


@pytest.mark.parametrize("read_dsn", [None, NOBODY], ids=["replica", "primary"])
def test_nothing_is_written_over_either(pair: Pair, read_dsn: str | None) -> None:
    with reading(pair.primary.dsn(), read_dsn or pair.replica.dsn()) as (where, _, conn):
        assert where is (PRIMARY if read_dsn else REPLICA)
        assert conn.execute("show default_transaction_read_only").fetchone() == ("on",)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("select core.create_tenant('written', 'Written', 'league')")


def test_a_login_without_rights_may_ask_how_far_it_is(pair: Pair) -> None:
    pair.on_primary("create role asking login password 'asking'")
    while not pair.on_replica("select to_regrole('asking') is not null"):
        time.sleep(0.02)
    primary, replica = (
        make_conninfo(server.dsn(), user="asking", password="asking") for server in (pair.primary, pair.replica)
    )
    with reading(primary, replica) as (where, said, _):
        assert (said, where) == ([], REPLICA)


@pytest.mark.slow
@pytest.mark.long
def test_commands_that_only_read_take_it_from_the_environment(pair: Pair, tmp_path: Path) -> None:
    def run(*args: str) -> Outcome:
        outcome = run_stanchion(*args, database_url=pair.primary.dsn(), STANCHION_READ_DSN=pair.replica.dsn())
        assert outcome.code == 0, outcome.err
        assert "on replica configured by STANCHION_READ_DSN" in outcome.err
        return outcome

    out = tmp_path / "partitions.html"
    run("report", "--partitions", "--out", str(out))
    assert "core.audit_log" in out.read_text()
    status = json.loads(run("partitions", "status", "--json").out)
    assert {each["relation"] for each in status["sets"]} > {"core.event"}
    for command in (["loads"], ["rejects"], ["revisions", "1"], ["quality"]):
        assert json.loads(run(*command, "--tenant", "ours", "--json").out) == []
    fallen = run_stanchion(
        "loads", "--tenant", "ours", "--read-dsn", NOBODY, database_url=pair.primary.dsn(),
        STANCHION_READ_DSN=pair.replica.dsn(),
    )  # fmt: skip
    assert fallen.code == 0
    assert "Reading the primary." in fallen.err


@pytest.mark.slow
def test_a_promoted_replica_is_the_server_of_whoever_names_both(pair: Pair) -> None:
    """Last in this file: afterwards there is no pair."""
    both = make_conninfo(
        pair.primary.dsn(),
        host="127.0.0.1,127.0.0.1",
        port=f"{pair.primary.environment()['PGPORT']},{pair.replica.environment()['PGPORT']}",
        target_session_attrs="read-write",
    )
    assert run_stanchion("status", database_url=both).code == 0
    pair.primary.down()
    pair.on_replica("select pg_promote()")
    outcome = run_stanchion("tenant", "add", "after", database_url=both)
    assert outcome.code == 0, outcome.err
    verified = run_stanchion("verify", database_url=both)
    assert verified.code == 0, verified.out
    with reading(both, pair.replica.dsn()) as (where, said, _):
        assert where is PRIMARY
        assert "it has ended its recovery" in said[0]
