"""PgBouncer in transaction mode, started for a test."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stanchion.server.binaries import Account
from stanchion.server.cluster import PORTS
from tests.conftest import Cluster, open_folder
from tests.provided import provide


@dataclass(frozen=True)
class Pooler:
    port: int

    def dsn(self, direct: str) -> str:
        """Return the connection string of the same login and database through the pooler."""
        return make_conninfo(direct, host="127.0.0.1", port=self.port)


@contextmanager
def pooling(cluster: Cluster, *logins: str, sessions: int = 4) -> Iterator[Pooler]:
    """Start a pooler with a few sessions for each of these logins."""
    known = [conninfo_to_dict(login) for login in logins]
    passwords = {str(login["user"]): str(login["password"]) for login in known}
    databases = f"[databases]\n* = host={cluster.host} port={cluster.port}\n"
    with serving(
        databases, passwords, logins[0], f"auth_type = scram-sha-256\ndefault_pool_size = {sessions}\n"
    ) as pooler:
        yield pooler


@contextmanager
def serving(databases: str, passwords: dict[str, str], probe: str, settings: str) -> Iterator[Pooler]:
    """Start a pooler with a section of databases and more settings, and wait until it serves the login of a probe."""
    pgbouncer = provide("debian-program", "pgbouncer")
    folder = open_folder("stanchion-pooler-")
    account = Account.for_data(folder / "none")
    account.give(folder)
    port = next(port for port in reversed(PORTS) if _is_free(port))
    users = folder / "users.txt"
    users.write_text("".join(f'"{user}" "{password}"\n' for user, password in passwords.items()))
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"{databases}[pgbouncer]\nlisten_addr = 127.0.0.1\nunix_socket_dir =\npool_mode = transaction\n"
        f"listen_port = {port}\nauth_file = {users}\nmax_client_conn = 200\nlogfile = {folder}/log\n{settings}"
    )
    for path in (users, configuration):
        account.give(path)
    process = subprocess.Popen(
        [pgbouncer, "-q", configuration],
        **account.child(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        pooler = Pooler(port)
        _wait(pooler.dsn(probe))
        yield pooler
    finally:
        process.terminate()
        process.wait(120)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(dsn: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(dsn, prepare_threshold=None).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
