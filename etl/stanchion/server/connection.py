"""Connections: as an operator, for one tenant at a time, and alone at some work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from stanchion.errors import StanchionError
from stanchion.server.locate import Server

Connection = psycopg.Connection[Any]

# Whatever the login or the DSN asks for. An operator's session finds functions in pg_catalog alone: elsewhere
# somebody may have left one that fits a call better, and it would run with the operator's rights.
_SETTINGS = """
    set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres';
    set quote_all_identifiers = off; set standard_conforming_strings = on; set row_security = on;
    set default_transaction_read_only = {read_only}; set client_min_messages = warning
"""


@contextmanager
def connect(server: Server, *, needs_session: bool = True) -> Iterator[Connection]:
    """An operator's autocommit connection, and a session of its own; without `needs_session` a pooler will do."""
    with psycopg.connect(server.dsn, autocommit=True, application_name="stanchion", client_encoding="utf8") as conn:
        if not is_pooled(conn):
            conn.execute(_SETTINGS.format(read_only="on" if server.read_only else "off").encode())
        elif needs_session:
            raise StanchionError(
                f"{conn.info.host}:{conn.info.port} is a connection pooler, and this needs a session of its own: what "
                "is set, locked or made in one would be met by somebody else. Connect to Postgres itself."
            )
        else:
            conn.prepare_threshold = None  # a prepared statement would stay with a session that goes to somebody else
        yield conn


def is_pooled(conn: Connection) -> bool:
    """Whether somebody else's session answers: a pooler tells its clients a number that is no backend's."""
    return bool(value(conn, "select pg_backend_pid()") != conn.info.backend_pid)


def value(conn: Connection, statement: str, parameters: list[Any] | dict[str, Any] | None = None) -> Any:
    """The first column of the first row, or None."""
    row = conn.execute(statement, parameters).fetchone()
    return row[0] if row else None


def is_deployed(conn: Connection) -> bool:
    return bool(value(conn, "select to_regclass('core.module_ledger') is not null"))


def require_deployed(conn: Connection) -> None:
    if not is_deployed(conn):
        raise StanchionError("Stanchion is not deployed in this database; run: stanchion deploy")


def find_tenant(conn: Connection, slug: str) -> UUID:
    """The id of a tenant, or an error that names those that there are."""
    require_deployed(conn)
    tenants = dict(conn.execute("select slug, tenant_id from core.tenant order by slug").fetchall())
    if slug not in tenants:
        near = f"there is {', '.join(list(tenants)[:10])}" if tenants else "there is none yet"
        raise StanchionError(f"There is no tenant '{slug}': {near}. Add it with: stanchion tenant add {slug}")
    return UUID(str(tenants[slug]))


@contextmanager
def for_tenant(conn: Connection, slug: str) -> Iterator[UUID]:
    """A transaction that acts for one tenant."""
    tenant_id = find_tenant(conn, slug)
    with acting_for(conn, tenant_id):
        yield tenant_id


@contextmanager
def acting_for(conn: Connection, tenant_id: UUID | str) -> Iterator[None]:
    """A transaction for the tenant, which is said where it begins and forgotten where it ends."""
    with conn.transaction():
        conn.execute("select set_config('app.tenant_id', %s, true)", [str(tenant_id)])
        yield


@contextmanager
def only_one(conn: Connection, lock: int, who: str, wait_seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Be the only deployer, or build, or whoever it is, of this database.

    The lock is asked for again and again and not waited for: a session that waits inside a query holds
    a snapshot, and CREATE INDEX CONCURRENTLY of the other one would wait for that for ever.
    """
    until, told = time.monotonic() + wait_seconds, False
    while not value(conn, "select pg_try_advisory_lock(%s)", [lock]):
        if time.monotonic() > until:
            raise StanchionError(f"Another {who} has been at work for {wait_seconds:.0f} s; try again when it is done.")
        if not told:
            say(f"another {who} is at work; waiting for it")
            told = True
        time.sleep(0.2)
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("select pg_advisory_unlock(%s)", [lock])
