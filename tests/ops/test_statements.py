"""Slow statements are alerts where pg_stat_statements is loaded."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.embedded import Embedded
from tests.conftest import open_folder, run_stanchion


@pytest.fixture
def dsn_with_statements() -> Iterator[str]:
    """Start a server with pg_stat_statements: Debian's, since the embedded server has no extensions."""
    found = subprocess.run([ROOT / ".ci" / "debian-postgres"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        pytest.skip("Debian's Postgres is not available.")
    folder = open_folder("stanchion-statements-")
    loaded = {"shared_preload_libraries": "pg_stat_statements"}
    server = Embedded(folder / "home", bindir=Path(found.stdout.strip()), fast=True, settings=loaded)
    try:
        with server, psycopg.connect(server.dsn(), autocommit=True) as conn:
            deploy(conn, plan_deploy(conn, discover(ROOT)), lambda step: None)
            make_due_partitions(conn)
            yield server.dsn()
    finally:
        server.purge()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_slow_statements_are_alerts(dsn_with_statements: str) -> None:
    with psycopg.connect(dsn_with_statements, autocommit=True) as conn:
        # the library is loaded, but the extension does not exist yet
        assert conn.execute("select count(*) from ops.slow_queries").fetchone() == (0,)
        conn.execute("create schema elsewhere; create extension pg_stat_statements schema elsewhere")
        conn.execute("select elsewhere.pg_stat_statements_reset()")
        for _ in range(100):
            conn.execute("select pg_sleep(0.002), 'the slow one'")
        slow = "select calls, mean_ms > 2, percent_of_time > 50 from ops.slow_queries where query ~ 'pg_sleep'"
        assert conn.execute(slow).fetchone() == (100, True, True)
        assert conn.execute("select subject from ops.alert where name = 'slow_queries'").fetchall() == []
        conn.execute("update ops.threshold set threshold = 1 where name in ('slow_queries', 'response_time')")
        assert len(conn.execute("select subject from ops.alert where name = 'slow_queries'").fetchall()) == 1
    strict = run_stanchion("doctor", "--strict", database_url=dsn_with_statements)
    assert strict.code == 1
    assert "A statement with 100 calls takes" in strict.out
