"""A deployed primary with one tenant, and a streaming replica."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.server.binaries import Account, runnable
from stanchion.server.embedded import DATABASE, Embedded
from tests.conftest import Cluster, open_folder
from tests.server.conftest import postmaster


@dataclass
class Pair:
    primary: Embedded
    replica: Embedded

    def on_primary(self, statement: str) -> Any:
        return _run(self.primary, statement)

    def on_replica(self, statement: str) -> Any:
        return _run(self.replica, statement)

    def catch_up(self) -> None:
        """Wait until the replica has replayed what was written so far."""
        until = self.on_primary("select pg_current_wal_insert_lsn()::text")  # commits may not be written yet
        while not self.on_replica(f"select pg_last_wal_replay_lsn() >= '{until}'"):
            time.sleep(0.02)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the replay: the replica receives the write-ahead log but does not apply it."""
        self.on_replica("select pg_wal_replay_pause()")
        while self.on_replica("select pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.02)
        try:
            yield
        finally:
            self.on_replica("select pg_wal_replay_resume()")


def kill(server: Embedded) -> None:
    os.kill(postmaster(server), signal.SIGKILL)


def _run(server: Embedded, statement: str) -> Any:
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        cursor = conn.execute(statement.encode())
        return cursor.fetchone()[0] if cursor.description else None


def base_backup(source: Embedded, home: Path, *options: str) -> Path:
    """Copy a server into a home with pg_basebackup."""
    account = Account.for_data(source.data)
    home.mkdir(mode=0o755)
    (home / "data").mkdir(mode=0o700)
    account.give(home / "data")
    shutil.copy(source.home / "password", home / "password")
    account.give(home / "password")
    bindir, _ = runnable(source.binaries, account, source.home)
    child = account.child(bindir)
    child["env"] |= source.environment()
    subprocess.run(
        [bindir / "pg_basebackup", "-D", home / "data", "-c", "fast", *options],
        check=True,
        capture_output=True,
        **child,
    )
    return home


@contextmanager
def new_server(cluster: Cluster) -> Iterator[Embedded]:
    """Yield a server in a home of its own, which does not run yet."""
    folder = open_folder("stanchion-other-")
    server = Embedded(folder / "home", bindir=cluster.bindir, fast=True)
    try:
        yield server
    finally:
        server.purge()
        shutil.rmtree(folder, ignore_errors=True)


def copy_of_suite(cluster: Cluster, home: Path) -> None:
    """Copy the server of the tests, with its databases and logins, into a home."""
    with psycopg.connect(cluster.dsn("postgres")) as conn:
        data = Path(conn.execute("show data_directory").fetchone()[0])
    base_backup(Embedded(data.parent, bindir=cluster.bindir), home)


@pytest.fixture(scope="module")
def pair(cluster: Cluster, deployed: Any) -> Iterator[Pair]:
    with new_server(cluster) as primary, new_server(cluster) as replica:
        copy_of_suite(cluster, primary.home)
        with primary:
            with psycopg.connect(primary.dsn("postgres"), autocommit=True) as conn:
                conn.execute(f"drop database if exists {DATABASE}")
                conn.execute(f"create database {DATABASE} template {deployed.template_dbname}")
                conn.execute(f"grant create on database {DATABASE} to stanchion_owner")
            primary.ensure_database(DATABASE)  # adds the extensions, which a replica cannot do
            _run(primary, "select core.create_tenant('ours', 'Ours', 'league')")
            base_backup(primary, replica.home, "-R")
            with replica:
                yield Pair(primary, replica)
