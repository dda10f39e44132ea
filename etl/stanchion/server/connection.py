"""Connections of operators, transactions for one tenant, and locks for work that only one process may do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from stanchion.errors import StanchionError
from stanchion.progress import Report
from stanchion.server.locate import Server

Connection = psycopg.Connection[Any]

# These settings override those of the login and of the DSN. The search path contains only pg_catalog: a function that
# another user created in another schema could match a call better, and would run with the operator's rights.
_SETTINGS = """
    set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres';
    set quote_all_identifiers = off; set standard_conforming_strings = on; set row_security = on;
    set default_transaction_read_only = {read_only}; set client_min_messages = warning
"""


@contextmanager
def connect(server: Server, *, needs_session: bool = True) -> Iterator[Connection]:
    """Open an autocommit connection with a server session of its own; without `needs_session` a pooler is accepted."""
    with psycopg.connect(server.dsn, autocommit=True, application_name="stanchion", client_encoding="utf8") as conn:
        if not is_pooled(conn):
            conn.execute(_SETTINGS.format(read_only="on" if server.read_only else "off").encode())
        elif needs_session:
            raise StanchionError(
                f"{conn.info.host}:{conn.info.port} is a connection pooler, but this command needs its own session: "
                "another client of a pooler would get its settings and locks. Connect to Postgres directly."
            )
        else:
            conn.prepare_threshold = None  # the pooler may use another session next, which lacks the prepared statement
        yield conn


def is_pooled(conn: Connection) -> bool:
    """Return whether the connection goes through a pooler, which sends its clients a made-up backend pid."""
    return bool(value(conn, "select pg_backend_pid()") != conn.info.backend_pid)


def value(conn: Connection, statement: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """Return the first column of the first row, or None without rows."""
    row = conn.execute(statement, parameters).fetchone()
    return row[0] if row else None


def is_deployed(conn: Connection) -> bool:
    """Return whether the database has the module ledger."""
    return bool(value(conn, "select to_regclass('core.module_ledger') is not null"))


def require_deployed(conn: Connection) -> None:
    """Raise StanchionError unless Stanchion is deployed in this database, or in the cluster that it is a worker of."""
    if not is_deployed(conn) and not value(conn, "select to_regclass('core.cluster') is not null"):
        raise StanchionError("Stanchion is not deployed in this database; run: stanchion deploy")


def require_operator(conn: Connection) -> None:
    """Raise StanchionError unless the policies show every tenant to this login."""
    require_deployed(conn)
    if not value(conn, "select pg_has_role(session_user, 'stanchion_owner', 'member')"):
        raise StanchionError(
            f"{conn.info.user} is not an operator, and only operators see every tenant; "
            "connect as the role that deployed, or create a login: stanchion login add NAME --as dba"
        )


def require_superuser(conn: Connection, reason: str = "only a superuser may change events") -> None:
    """Raise StanchionError with the reason unless the login is a superuser."""
    if not value(conn, "select current_setting('is_superuser')::boolean"):
        raise StanchionError(f"{conn.info.user} is not a superuser, and {reason}; connect as one.")


def find_tenant(conn: Connection, slug: str) -> UUID:
    """Return the id of a tenant, or raise StanchionError with the slugs that exist."""
    require_deployed(conn)
    tenants = dict(conn.execute("select slug, tenant_id from core.tenant order by slug").fetchall())
    if slug not in tenants:
        known = f"choose one of {', '.join(list(tenants)[:10])}" if tenants else "no tenant exists yet"
        raise StanchionError(f"Tenant '{slug}' does not exist: {known}, or run: stanchion tenant add {slug}")
    return UUID(str(tenants[slug]))


@contextmanager
def for_tenant(conn: Connection, slug: str) -> Iterator[UUID]:
    """Run the body in a transaction of this connection that acts for the tenant with this slug.

    On a cluster this connection may be to another node than the tenant's: see stanchion.cluster.home.
    """
    tenant_id = find_tenant(conn, slug)
    with acting_for(conn, tenant_id):
        yield tenant_id


@contextmanager
def acting_for(conn: Connection, tenant_id: UUID | str) -> Iterator[None]:
    """Run the body in a transaction that acts for the tenant: app.tenant_id is set for this transaction only."""
    with conn.transaction():
        conn.execute("select core.set_local('app.tenant_id', %s)", [str(tenant_id)])
        yield


@contextmanager
def only_one(conn: Connection, lock: int, name: str, wait_seconds: float, report: Report) -> Iterator[None]:
    """Hold an advisory lock, so that one deployer (or build, or refresh; see `name`) works in this database.

    The lock is polled. A session that waits for a lock inside a query has a snapshot, and a CREATE INDEX CONCURRENTLY
    of the lock's holder would wait for that snapshot: a deadlock.
    """
    until, reported = time.monotonic() + wait_seconds, False
    while not value(conn, "select pg_try_advisory_lock(%s)", [lock]):
        if time.monotonic() > until:
            raise StanchionError(
                f"Another {name} is still running after {wait_seconds:.0f} s; try again when it has finished."
            )
        if not reported:
            report(f"another {name} is running; waiting for it")
            reported = True
        time.sleep(0.2)
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("select pg_advisory_unlock(%s)", [lock])
