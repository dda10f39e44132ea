"""The login that reads and writes the marts: one without any right that the builder does not have.

The builder owns the marts, so it can plant code there: a trigger, a default, or a view that calls a function. Postgres
runs such code with the rights of the session. `set role` does not limit them, because the code can `reset role`. So a
session with more rights than the builder does not touch the marts.
"""

import hashlib
import hmac
import os
from dataclasses import replace

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stanchion.access.logins import create_login
from stanchion.audit.rules import RULES, broken
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, connect, value
from stanchion.server.locate import Server, reach

VARIABLE = "STANCHION_BUILDER_DSN"
LOGIN = "embedded_builder"  # on the embedded server
RULE = RULES / "marts_contain_no_code.sql"
_MARK = "Login of stanchion on its embedded server, which builds and reads the marts."
_ATTRIBUTES = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


def builder_server(server: Server, conn: Connection) -> Server:
    """Return the server as a login with no right beyond those of the builder, for all work on the marts.

    `conn` is the operator's connection to the server. Its own login is used when it has no other rights; otherwise that
    of STANCHION_BUILDER_DSN, or on the embedded server a login that is created when it is missing. Without any of them,
    the operator's login is used when the marts contain nothing that the project does not make, and refused otherwise.
    """
    if excess_right(conn) is None:
        return server
    dsn = os.environ.get(VARIABLE)
    if dsn and not value(conn, "select pg_is_in_recovery()"):  # a replica is read with --read-dsn
        return _configured(dsn, server, conn)
    if server.embedded:
        return _embedded(server, conn)
    refuse_planted(conn)
    return server


def excess_right(conn: Connection) -> str | None:
    """Return a right of the session's login that neither the builder nor an analyst has, or None."""
    found = value(conn, query("access", "excess_right"))
    return None if found is None else str(found)


def refuse_planted(conn: Connection) -> None:
    """Raise StanchionError when the marts contain code that the project does not make. Runs no code of the marts."""
    found = broken(conn, RULE)
    if found:
        more = f" {len(found) - 1} more: stanchion doctor." if len(found) > 1 else ""
        raise StanchionError(
            f"{found[0].object} {found[0].problem}.{more} This login {excess_right(conn)}, and planted code could use "
            f"that right. To read and build the marts without it, set {VARIABLE} to a login of the builder."
        )


def _configured(dsn: str, server: Server, conn: Connection) -> Server:
    """Return the server as the login of STANCHION_BUILDER_DSN, after checking that it is the same database."""
    found = reach(dsn, VARIABLE, remedy=f"correct {VARIABLE}")
    with psycopg.connect(found.dsn, autocommit=True) as builder:
        builder.execute("set search_path = pg_catalog")
        place = query("access", "place")
        if builder.execute(place.encode()).fetchone() != conn.execute(place.encode()).fetchone():
            raise StanchionError(f"{VARIABLE} is another database than that of {server.source}: set both to the same.")
        if not value(builder, "select pg_has_role('stanchion_builder', 'member')"):
            raise StanchionError(
                f"The login of {VARIABLE} is not a member of stanchion_builder; create one that is: "
                "stanchion login add NAME --as builder"
            )
        if excess := excess_right(builder):
            raise StanchionError(
                f"The login of {VARIABLE} {excess}, which code in the marts could use; create a login without other "
                "rights: stanchion login add NAME --as builder"
            )
    return replace(server, dsn=found.dsn)


def _embedded(server: Server, conn: Connection) -> Server:
    """Return the embedded server as its own builder login, created or corrected when needed."""
    of_builder = replace(server, dsn=make_conninfo(server.dsn, user=LOGIN, password=_password(server)))
    if value(conn, query("access", "is_only_builder"), {"login": LOGIN, "mark": _MARK}):
        try:
            psycopg.connect(of_builder.dsn).close()
        except psycopg.OperationalError:  # the password of the server was changed
            pass
        else:
            return of_builder
    with connect(replace(server, read_only=False)) as admin:
        make_embedded_login(server, admin)
    return of_builder


def _password(server: Server) -> str:
    """Derive the password of the builder from that of the server, which it does not reveal."""
    given = str(conninfo_to_dict(server.dsn).get("password") or "")
    return hmac.new(given.encode(), LOGIN.encode(), hashlib.sha256).hexdigest()


def make_embedded_login(server: Server, conn: Connection) -> None:
    """Create the builder login of the embedded server, or give it its password and its one role again."""
    name = sql.Identifier(LOGIN)
    with conn.transaction():
        if value(conn, "select to_regrole(%s) is null", [LOGIN]):
            create_login(conn, LOGIN, "stanchion_builder")
            conn.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(_MARK)))
        elif value(conn, "select shobj_description(to_regrole(%s), 'pg_authid')", [LOGIN]) != _MARK:
            raise StanchionError(
                f"The role {LOGIN} was not created by Stanchion, which needs this name: rename the role."
            )
        conn.execute(sql.SQL("alter role {} with " + _ATTRIBUTES).format(name))
        for (role,) in conn.execute(query("access", "other_roles").encode(), {"login": LOGIN}).fetchall():
            conn.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(role), name))
        conn.execute(sql.SQL("grant stanchion_builder to {}").format(name))
        # the server gets the verifier, so that no log contains the password
        verifier = conn.pgconn.encrypt_password(_password(server).encode(), LOGIN.encode(), b"scram-sha-256").decode()
        conn.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(verifier)))
