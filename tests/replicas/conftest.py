"""A deployed primary with one tenant, and a streaming replica."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT
from stanchion.server.binaries import Account, runnable
from stanchion.server.connection import connect
from stanchion.server.embedded import Embedded
from stanchion.server.locate import Server
from tests.conftest import Cluster, open_folder


@dataclass
class Pair:
    primary: Embedded
    replica: Embedded

    def on_primary(self, statement: str) -> Any:
        return _run(self.primary, statement)

    def on_replica(self, statement: str) -> Any:
        return _run(self.replica, statement)


def _run(server: Embedded, statement: str) -> Any:
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        cursor = conn.execute(statement.encode())
        return cursor.fetchone()[0] if cursor.description else None


def base_backup(source: Embedded, home: Path, *options: str) -> Path:
    """Copy a server into a home with pg_basebackup."""
    account = Account.for_data(source.data)
    home.mkdir(mode=0o755)
    account.give(home)
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


@pytest.fixture(scope="module")
def pair(cluster: Cluster) -> Iterator[Pair]:
    folder = open_folder("stanchion-pair-")
    primary = Embedded(folder / "primary", bindir=cluster.bindir, fast=True)
    replica = Embedded(folder / "replica", bindir=cluster.bindir, fast=True)
    try:
        with primary:
            server = Server(primary.dsn(), "test", embedded=False, description="test")
            with connect(server) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda _: None)
                make_due_partitions(conn)
                conn.execute("select core.create_tenant('ours', 'Ours', 'league')")
            base_backup(primary, folder / "replica", "-R")
            with replica:
                yield Pair(primary, replica)
    finally:
        replica.purge()
        primary.purge()
        shutil.rmtree(folder, ignore_errors=True)
