"""Connections that read the marts: with the rights of the builder, or with the grants of one analyst."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.builder import builder_server, refuse_planted
from stanchion.access.logins import create_login, drop_login
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, acting_for, connect, value
from stanchion.server.locate import Server

_PREFIX = "stanchion_report_"
_MARK = "Temporary login of stanchion report --as."


@contextmanager
def open_marts(server: Server, conn: Connection) -> Iterator[Connection]:
    """Yield a connection that may read the marts and has no right beyond those of the builder.

    It is `conn`, the given connection to the server, when that has no such right.
    """
    chosen = builder_server(server, conn)
    if chosen.dsn == server.dsn:
        yield conn
        return
    with connect(chosen, needs_session=False) as reader:
        yield reader


@contextmanager
def open_marts_as(server: Server, conn: Connection, login: str, tenant_id: str) -> Iterator[Connection]:
    """Yield a connection that reads the marts of a tenant if it is granted to an analyst.

    `conn` is the connection of a superuser.
    """
    _require_analyst(conn, login)
    if value(conn, "select pg_is_in_recovery()"):  # a replica cannot create a login
        refuse_planted(conn)
        conn.execute(sql.SQL("set session authorization {}").format(sql.Identifier(login)))
        yield conn
        return
    with _twin(server, login, tenant_id) as dsn, connect(replace(server, dsn=dsn), needs_session=False) as reader:
        yield reader


def _require_analyst(conn: Connection, login: str) -> None:
    """Raise StanchionError unless the operator is a superuser and the login is one that reads marts."""
    if not value(conn, "select r.rolsuper from pg_roles as r where r.rolname = session_user"):
        raise StanchionError(f"Only a superuser can read as '{login}'; connect as '{login}' itself, with --dsn.")
    if not value(conn, "select exists (select from pg_roles as r where r.rolname = %s)", [login]):
        raise StanchionError(f"Login '{login}' does not exist; to print the logins, run: stanchion analyst list")
    if not value(conn, "select pg_has_role(%s::name, 'stanchion_analyst', 'member')", [login]):
        raise StanchionError(f"'{login}' has no right to read marts; see: stanchion analyst list")


@contextmanager
def _twin(server: Server, login: str, tenant_id: str) -> Iterator[str]:
    """Yield the connection string of a temporary login that may read the tenant if the analyst may.

    A superuser that becomes the analyst with `set session authorization` can be made a superuser again by code that
    the builder planted in a mart. A login of its own cannot.
    """
    with connect(replace(server, read_only=False)) as admin:
        _drop_left_over(admin)
        twin = f"{_PREFIX}{secrets.token_hex(4)}"
        with admin.transaction():
            password = create_login(admin, twin, "stanchion_analyst")
            admin.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(twin), sql.Literal(_MARK)))
            if value(admin, query("access", "is_granted"), {"login": login, "tenant": tenant_id}):
                with acting_for(admin, tenant_id):
                    admin.execute("select core.grant_analyst(%s)", [twin])
        try:
            yield make_conninfo(server.dsn, user=twin, password=password)
        finally:
            _drop(admin, twin)


def _drop_left_over(admin: Connection) -> None:
    """Drop the logins of killed commands, which have no connection any more."""
    statement = """
        select r.rolname from pg_roles as r
        where shobj_description(r.oid, 'pg_authid') = %s
            and not exists (select from pg_stat_activity as a where a.usesysid = r.oid)
    """
    for (twin,) in admin.execute(statement, [_MARK]).fetchall():
        _drop(admin, twin)


def _drop(admin: Connection, twin: str) -> None:
    admin.execute("delete from core.analyst_grant where role_name = %s", [twin])
    drop_login(admin, twin)
