"""Temporary logins of an audit: one for each role, and one for each real login that has more rights than its role."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.paths import query
from stanchion.server.connection import Connection

PREFIX = "stanchion_audit_"
MARK = "Temporary login of stanchion audit."
ROLES = ("stanchion_app", "stanchion_loader", "stanchion_worker", "stanchion_builder", "stanchion_analyst")


@contextmanager
def temporary_logins(conn: Connection, dsn: str) -> Iterator[dict[str, str]]:
    """Yield the connection string of a login for each role, and for 'stranger', an analyst without a grant."""
    drop_logins(conn)
    made = {}
    try:
        for name, role in {**{role: role for role in ROLES}, "stranger": "stanchion_analyst"}.items():
            made[name] = _make(conn, dsn, name.removeprefix("stanchion_"), role)
        yield made
    finally:
        drop_logins(conn)


def unusual_logins(conn: Connection) -> dict[str, str]:
    """Return each login that has more rights than the temporary login of its role, with the role."""
    return dict(conn.execute(query("audit", "unusual_logins"), {"mark": MARK}).fetchall())


def copy_login(conn: Connection, dsn: str, login: str, role: str) -> str | None:
    """Return the connection string of a temporary login with every membership of a login.

    Return None when this session may not grant the login. temporary_logins drops the copy.
    """
    try:
        with conn.transaction():
            made = _make(conn, dsn, "copy", role)
            name = str(psycopg.conninfo.conninfo_to_dict(made)["user"])
            conn.execute(sql.SQL("grant {} to {}").format(sql.Identifier(login), sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        return None
    return made


def _make(conn: Connection, dsn: str, name: str, role: str) -> str:
    """Create a login that is a member of a role, and return its connection string."""
    login = f"{PREFIX}{name}_{secrets.token_hex(3)}"
    with conn.transaction():
        password = create_login(conn, login, role)
        conn.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(login), sql.Literal(MARK)))
    return make_conninfo(dsn, user=login, password=password)


def drop_logins(conn: Connection) -> None:
    """Drop the logins of this audit and of killed audits. Their comment identifies them."""
    statement = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s"
    for (login,) in conn.execute(statement, [MARK]).fetchall():
        drop_login(conn, login)
