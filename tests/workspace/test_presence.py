"""Heartbeats change no index entry, a lookup of a thousand members uses the keys, and a crash leaves all offline."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.server.embedded import Embedded
from tests.conftest import Cluster, open_folder
from tests.replicas.conftest import copy_of_suite
from tests.server.conftest import postmaster
from tests.sessions import Db, at_once
from tests.workspace.team import Touched, acting, add_members

FLUSH = "select workspace.flush_presence(%s)"


def heartbeats(ids: list[str]) -> str:
    return json.dumps([{"principal_id": each} for each in ids])


@pytest.mark.parametrize("members", [10_000, pytest.param(50_000, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_flush_of_many_heartbeats_is_hot_and_writes_no_wal(
    members: int, db: Db, team: str, tenants: dict[str, str]
) -> None:
    ids = add_members(db, tenants["ours"], members)
    db.execute("vacuum analyze core.membership")
    with psycopg.connect(team, autocommit=True) as conn:
        assert conn.execute(FLUSH, [heartbeats(ids)]).fetchone() == (members,)
        before = db.execute("select pg_current_wal_insert_lsn()").fetchone()[0]
        for _ in range(4):
            assert conn.execute(FLUSH, [heartbeats(ids)]).fetchone() == (members,)
        conn.execute("select pg_stat_force_next_flush()")  # sends the statistics of this session
    written = db.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", [before]).fetchone()[0]
    updates = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'presence'"
    updated, hot = db.execute(updates).fetchone()
    assert updated == 4 * members
    assert hot > 0.95 * updated
    assert written < 1_000_000  # other activity only; a logged table would write ten to fifty times as much


def test_lookup_of_a_thousand_members_uses_the_keys(db: Db, team: str, tenants: dict[str, str]) -> None:
    ids = add_members(db, tenants["ours"], 5_000)
    me = ids[0]
    for table, other in (("block", "blocked_id"), ("favourite", "favourite_id")):
        db.execute(
            f"insert into workspace.{table} (tenant_id, principal_id, {other}) "
            "select tenant_id, %s, principal_id from core.principal where principal_id <> %s and random() < 0.1",
            [me, me],
        )
    db.execute(
        "insert into workspace.profile (tenant_id, principal_id, is_incognito) "
        "select tenant_id, principal_id, random() < 0.1 and principal_id <> %s from core.principal",
        [me],
    )
    with psycopg.connect(team, autocommit=True) as conn:
        conn.execute(FLUSH, [heartbeats(ids)])
        for name in ("workspace.presence", "workspace.block", "workspace.profile"):
            db.execute(f"vacuum analyze {name}")
        conn.execute("select set_config('app.principal_id', %s, false)", [me])
        online = "select count(*) filter (where is_online), count(*) from workspace.online_batch(%s)"
        conn.execute(online, [ids[:1000]])  # fills the catalog caches of the session
        names = ("presence", "presence_pk", "block", "block_pk", "profile", "profile_incognito_idx")
        with conn.transaction():
            touched = Touched(conn, *(f"workspace.{name}" for name in names))
            seen, asked = conn.execute(online, [ids[:1000]]).fetchone()
            counts = {name.removeprefix("workspace."): count for name, count in touched.since().items()}
    assert asked == 1000
    assert 700 < seen < 900  # one tenth is blocked, one tenth incognito
    assert counts["presence"]["scans"] == 0  # sequential scans
    assert counts["presence_pk"]["scans"] == 1000
    assert counts["presence_pk"]["pages"] <= 4000
    # blocks and incognito profiles are read from the indexes only, without fetching rows
    for name in ("block", "profile"):
        assert (counts[name]["scans"], counts[name]["rows"]) == (0, 0), name
    assert counts["block_pk"]["scans"] <= 2000
    assert counts["profile_incognito_idx"]["scans"] <= 1001


@pytest.fixture
def home(db: Db, cluster: Cluster) -> Iterator[Path]:
    """Copy the server of the tests, so that the copy can be killed."""
    folder = open_folder("stanchion-crash-")
    try:
        copy_of_suite(cluster, folder / "home")
        yield folder / "home"
    finally:
        Embedded(folder / "home").purge()
        shutil.rmtree(folder, ignore_errors=True)


def test_all_members_are_offline_after_a_crash(db: Db, home: Path) -> None:
    kept = {"synchronous_commit": "on", "fsync": "off"}

    def connected(server: Embedded) -> Db:
        return psycopg.connect(server.dsn(db.info.dbname), autocommit=True)

    with Embedded(home, fast=True, settings=kept) as embedded:
        with connected(embedded) as conn:
            tenant = str(conn.execute("select core.create_tenant('ours', 'Ours', 'team')").fetchone()[0])
            ids = add_members(conn, tenant, 100)
            assert _online(conn, tenant, ids) == 100
        os.kill(postmaster(embedded), signal.SIGKILL)
        with Embedded(home, fast=True, settings=kept) as again, connected(again) as conn:
            with acting(conn, tenant):
                asked = conn.execute("select count(*), bool_or(is_online) from workspace.online_batch(%s)", [ids])
                assert asked.fetchone() == (100, False)
            assert conn.execute("select count(*) from core.membership").fetchone() == (
                100,
            )  # logged tables keep their rows
            assert _online(conn, tenant, ids) == 100  # after their next heartbeat


def _online(conn: Db, tenant: str, ids: list[str]) -> int:
    with acting(conn, tenant):
        conn.execute(FLUSH, [heartbeats(ids)])
        online = "select count(*) filter (where is_online) from workspace.online_batch(%s)"
        return int(conn.execute(online, [ids]).fetchone()[0])


def test_concurrent_flushes_of_the_same_members_do_not_deadlock(db: Db, team: str, tenants: dict[str, str]) -> None:
    ids = add_members(db, tenants["ours"], 2_000)

    def flush(order: list[str]) -> Callable[[Db], int]:
        return lambda conn: sum(conn.execute(FLUSH, [heartbeats(order)]).fetchone()[0] for _ in range(5))

    assert min(at_once(team, [flush(ids), flush(ids[::-1])] * 2)) > 0
    assert db.execute("select count(*) from workspace.presence").fetchone() == (2_000,)
