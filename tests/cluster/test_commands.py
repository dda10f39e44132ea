"""Every command of the product on a cluster, called one after the other as a user calls them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.cluster.home import for_tenant_at_home
from stanchion.paths import query
from stanchion.server.connection import connect
from tests.cluster.databases import Distributed
from tests.cluster.nodes import Node
from tests.cluster.test_doctor import EXPECTED, server_of
from tests.marts.league import League, play
from tests.program import call_stanchion
from tests.sessions import Db

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

# Alerts about the programs and settings of the servers of the tests.
OF_SERVERS = {name.removeprefix("cluster_") for name in EXPECTED} | EXPECTED


@dataclass
class User:
    """Somebody with the login of the operator at the coordinator."""

    database: Distributed
    folder: Path

    def run(self, *args: str, code: int = 0) -> str:
        """Run a command, check its exit code, and return what it prints."""
        outcome = call_stanchion(*args, database_url=self.database.dsn(self.database.coordinator))
        assert outcome.code == code, f"{' '.join(args)}: {outcome.out}{outcome.err}"
        return outcome.out

    def read(self, *args: str) -> Any:
        """Run a command with --json, and return the value that it prints."""
        return json.loads(self.run(*args, "--json"))

    def load(self, league: League) -> None:
        """Add a tenant, and load its schedule and its games."""
        self.run("tenant", "add", league.slug)
        schedule = self.folder / f"{league.slug}.csv"
        schedule.write_bytes(league.schedule_file())
        self.run("games", "schedule", "load", str(schedule), "--tenant", league.slug)
        self.run("load", league.write(self.folder, league.games), "--tenant", league.slug)

    def alerts(self) -> list[str]:
        """Return the problems that `stanchion doctor` finds, without those of the servers of the tests."""
        return [
            alert["problem"]
            for check in self.read("doctor")
            for alert in check["alerts"]
            if check["id"] not in OF_SERVERS
        ]


@pytest.fixture
def user(distributed: Distributed, tmp_path: Path) -> User:
    return User(distributed, tmp_path)


def rows_on_workers(database: Distributed, relation: str) -> int:
    """Return the number of rows in the shards of a table, counted at the workers."""
    count = 0
    for node in database.workers:
        with database.connect(node) as conn:
            shards = conn.execute(
                "select s.shard_name from citus_shards as s where s.table_name::text = %s and s.nodeport = %s",
                [relation, node.port],
            ).fetchall()
            count += sum(conn.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in shards)
    return count


def expired_key(database: Distributed, tenant: str) -> str:
    """Let the tenant have a key of a day that has expired, and return the partition with it."""
    with database.connect() as conn:
        (day,) = conn.execute("select core.utc_day(core.clock()) - 60").fetchone()
        conn.execute("select core.ensure_partitions('core.idempotency_key', %s, %s)", [day, day])
        conn.execute(
            "insert into core.idempotency_key "
            "(tenant_id, key_id, claimed_on, attempt, claimed_at, lease_until, fingerprint) "
            "values (%s, '0192d3a0-0000-7000-8000-000000000001', %s, 1, %s, %s, '\\x00')",
            [tenant, day, day, day],
        )
    return f"parts.core__idempotency_key__{day:%Y%m%d}"


def test_commands_run_one_after_the_other(user: User, distributed: Distributed) -> None:
    ours, theirs = play("harbour", 4, 7001, seed=21), play("cove", 3, 7001, seed=22)

    # games
    for league in (ours, theirs):
        user.load(league)
    (first, *_) = user.read("games", "loads", "--tenant", "harbour")
    assert first["state"] == "done"
    assert rows_on_workers(distributed, "contest.fixture") == 7
    with connect(server_of(distributed)) as conn, for_tenant_at_home(conn, "harbour") as acting:
        acting.conn.execute(query("dev/sample", "cup").encode())
        tenant = acting.conn.execute("select current_setting('app.tenant_id')").fetchone()[0]
    (replayed, *_) = user.read("replay", "--tenant", "harbour")
    assert (replayed["rows"] > 0, replayed["differences"]) == (True, [])

    # marts
    assert "Nothing is mirrored yet." in user.run("cluster", "mirror", "--status")
    user.run("build")
    assert user.read("cluster", "mirror", "--status")["loads_behind"] == 0
    page = user.folder / "harbour.html"
    user.run("report", "--tenant", "harbour", "--out", str(page))
    assert "harbour" in page.read_text(encoding="utf-8")
    standings = user.folder / "standings.csv"
    user.run("export", "standings", "--tenant", "harbour", "--out", str(standings))
    assert len(standings.read_text(encoding="utf-8").splitlines()) > 2
    user.run("analyst", "add", "cluster_analyst", "--tenant", "harbour")
    try:
        whole, read = user.folder / "whole.csv", user.folder / "read.csv"
        user.run("export", "dim_game", "--tenant", "harbour", "--out", str(whole))
        user.run("export", "dim_game", "--tenant", "harbour", "--as", "cluster_analyst", "--out", str(read))
        assert read.read_bytes() == whole.read_bytes()
        assert len(read.read_bytes().splitlines()) > 4
    finally:
        user.run("analyst", "revoke", "cluster_analyst", "--yes")

    # partitions, with a key that has expired
    partition = expired_key(distributed, tenant)
    assert rows_on_workers(distributed, partition) == 1
    assert "1 dropped. Dry run" in user.run("partitions", "run", "--dry-run")
    user.run("partitions", "run")
    assert rows_on_workers(distributed, partition) == 0
    for node in distributed.nodes.nodes:
        with distributed.connect(node) as conn:
            assert conn.execute("select to_regclass(%s)", [partition]).fetchone() == (None,)

    # operation
    assert "Up to date" in user.run("deploy")
    user.run("verify")
    user.run("stats", "refresh")
    user.run("status")
    assert user.alerts() == []
    user.run("cluster", "check")
    status = user.read("cluster", "status")
    assert status["mirror"]["loads_behind"] == 0
    user.run("audit", "--only", "rules", "--only", "nodes", "--only", "analyst")


def test_key_of_a_tenant_is_revoked_at_every_node(user: User, distributed: Distributed) -> None:
    tenant = user.read("tenant", "add", "harbour")["tenant_id"]
    key = user.read("key", "create", "harbour", "board")["key"]
    login = distributed.make_login("stanchion_app")
    for node in distributed.workers:
        with psycopg.connect(distributed.dsn(node, user=login), autocommit=True) as conn, conn.transaction():
            assert str(conn.execute("select tenant_id from core.use_api_key(%s)", [key]).fetchone()[0]) == tenant
    user.run("key", "revoke", "harbour", "board")
    for node in distributed.workers:
        with psycopg.connect(distributed.dsn(node, user=login), autocommit=True) as conn:
            assert conn.execute("select tenant_id from core.use_api_key(%s)", [key]).fetchone() is None


def test_revoked_access_ends_the_open_sessions_at_every_node(user: User, distributed: Distributed) -> None:
    user.run("tenant", "add", "harbour")
    key = user.read("key", "create", "harbour", "board")["key"]
    with_key, dropped = (distributed.make_login("stanchion_app") for _ in range(2))
    with ExitStack() as stack:

        def session(node: Node, login: str) -> Db:
            conn = stack.enter_context(psycopg.connect(distributed.dsn(node, user=login), autocommit=True))
            conn.execute("begin")
            return conn

        holders = [session(node, with_key) for node in distributed.workers]
        for conn in holders:
            conn.execute("select from core.use_api_key(%s)", [key])
        others = [session(node, dropped) for node in distributed.workers]
        assert "Open sessions that were ended: 2." in user.run("key", "revoke", "harbour", "board")
        user.run("login", "drop", dropped, "--yes")
        for conn in holders + others:
            with pytest.raises(psycopg.OperationalError):
                conn.execute("select 1")
