"""Temporary logins of an audit, one for each role."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
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
            login = f"{PREFIX}{name.removeprefix('stanchion_')}_{secrets.token_hex(3)}"
            with conn.transaction():
                password = create_login(conn, login, role)
                conn.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(login), sql.Literal(MARK)))
            made[name] = make_conninfo(dsn, user=login, password=password)
        yield made
    finally:
        drop_logins(conn)


def drop_logins(conn: Connection) -> None:
    """Drop the logins of this audit and of killed audits. Their comment identifies them."""
    statement = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s"
    for (login,) in conn.execute(statement, [MARK]).fetchall():
        drop_login(conn, login)
