"""Real logins that an audit makes and removes, one for each role that somebody could be."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_login
from stanchion.server.connection import Connection

PREFIX = "stanchion_audit_"
MARK = "Made by stanchion audit, which removes it."
ROLES = ("stanchion_app", "stanchion_loader", "stanchion_worker", "stanchion_builder", "stanchion_analyst")


@contextmanager
def temporary_logins(conn: Connection, dsn: str) -> Iterator[dict[str, str]]:
    """Role -> connection string of a login that is a member of it; and 'stranger', of an analyst without a grant."""
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
    """Those of this audit and of one that was killed: known by their comment, which no other role has."""
    statement = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s"
    for (login,) in conn.execute(statement, [MARK]).fetchall():
        drop_login(conn, login)
