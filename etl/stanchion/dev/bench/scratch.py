"""A deployed database with one tenant, which exists during one measurement."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.deploy.modules import discover
from stanchion.deploy.runner import deploy, plan_deploy
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import ROOT, query
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server

_PREFIX = "stanchion_bench_"


@dataclass(frozen=True)
class Scratch:
    conn: Connection
    server: Server  # the same server, for more connections
    login: str  # DSN of an application
    tenant: str
    environment: dict[str, str]  # variables with which pgbench connects as that application
    define: dict[str, str] = field(default_factory=dict)  # variables of the scripts

    def prepare(self, name: str, *, rows: int = 0) -> None:
        """Run a named script of queries.sql for the tenant, as the role that deployed."""
        self.conn.execute("select set_config('app.tenant_id', %s, false)", [self.tenant])
        self.conn.execute("select set_config('bench.rows', %s, false)", [str(rows)])
        self.conn.execute(query("dev/bench", name))


@contextmanager
def scratch_database(server: Server) -> Iterator[Scratch]:
    """Create the database on the configured server, deploy the modules of this version, and drop it at the end."""
    name = _PREFIX + secrets.token_hex(4)
    with connect(server) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            own = replace(server, dsn=make_conninfo(server.dsn, dbname=name))
            with connect(own) as conn:
                deploy(conn, plan_deploy(conn, discover(ROOT)), lambda _: None)
                make_due_partitions(conn)
                tenant = str(value(conn, "select core.create_tenant('bench', 'Bench', 'league')"))
                connections = int(value(conn, "show max_connections"))  # the default is too few for 64 clients
                password = create_login(conn, name, "stanchion_app", connections)
                try:
                    login = make_conninfo(own.dsn, user=name, password=password, options=f"-c app.tenant_id={tenant}")
                    variables = {key: text for key, text in os.environ.items() if not key.startswith("PG")}
                    environment = replace(own, dsn=login).environment()
                    yield Scratch(conn, own, login, tenant, variables | environment)
                finally:
                    drop_login(conn, name)
        finally:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def settle(conn: Connection, table: str) -> None:
    """Vacuum a table now, so that autovacuum does not do it during a run."""
    conn.execute(sql.SQL("vacuum (freeze, analyze) {}").format(sql.Identifier(*table.split("."))))
    conn.execute("checkpoint")
