"""Connections that read the marts: with the rights of the builder, or with the grants of one analyst."""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.builder import builder_server, refuse_planted
from stanchion.access.logins import create_login, drop_left_over, drop_login
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import (
    Connection,
    acting_for,
    connect,
    find_tenant,
    require_deployed,
    value,
)
from stanchion.server.locate import Server

_PREFIX = "stanchion_as_"
_MARK = "Temporary login of a command with --as."


@dataclass(frozen=True)
class Tenant:
    """A tenant whose marts a connection may read."""

    tenant_id: UUID
    name: str


@contextmanager
def open_tenant(
    server: Server, conn: Connection, tenant: str, login: str | None = None
) -> Iterator[tuple[Connection, Tenant]]:
    """Yield a connection that reads the marts of a tenant in one snapshot, and the tenant.

    The connection has the rights of `conn`, but no more than those of the builder; with a login, those of that analyst.
    """
    require_deployed(conn)
    tenant_id = str(find_tenant(conn, tenant)) if reads_all(conn) else tenant
    opened: AbstractContextManager[Connection] = (
        open_marts_as(server, conn, login, tenant_id) if login else open_marts(server, conn)
    )
    with opened as reader, _snapshot(reader):
        yield reader, _find(reader, tenant, login, tenant_id)


def reads_all(conn: Connection) -> bool:
    """Return whether the connection reads the marts of every tenant."""
    return bool(value(conn, "select pg_has_role('stanchion_builder', 'member')"))


@contextmanager
def _snapshot(conn: Connection) -> Iterator[None]:
    """Open a transaction with one snapshot, as the builder when the connection has more rights."""
    is_operator = reads_all(conn)
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        if is_operator:
            conn.execute("set local role stanchion_builder")
        yield


def _find(conn: Connection, tenant: str, login: str | None, tenant_id: str) -> Tenant:
    if not value(conn, "select has_schema_privilege('marts', 'usage')"):
        raise StanchionError(
            "This login has no right to read marts. Connect as the deploying role, or as an analyst created with: "
            f"stanchion analyst add NAME --tenant {tenant}"
        )
    seen = conn.execute(
        "select tenant_id, name from core.tenant where %s in (tenant_id::text, name)", [tenant_id]
    ).fetchall()
    if len(seen) != 1:
        raise StanchionError(_unseen(conn, tenant, login))
    if not value(conn, "select to_regclass('marts.standings') is not null"):
        raise StanchionError("The marts do not exist yet; run: stanchion build")
    return Tenant(*seen[0])


def _unseen(conn: Connection, tenant: str, login: str | None) -> str:
    if login:
        return f"'{login}' has no right to read {tenant}; run: stanchion analyst add {login} --tenant {tenant}"
    names = [row[0] for row in conn.execute("select name from core.tenant order by name limit 10")]
    readable = ", ".join(names) or "none"
    return (
        f"This login cannot read a tenant with the name or id '{tenant}'. Tenants that it reads: {readable}. "
        "Only an operator can use a slug."
    )


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
        drop_left_over(admin, _MARK, _drop)
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


def _drop(admin: Connection, twin: str) -> None:
    admin.execute("delete from core.analyst_grant where role_name = %s", [twin])
    drop_login(admin, twin)
