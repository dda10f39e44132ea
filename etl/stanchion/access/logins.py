"""Database logins: created with timeouts and without sending the password, dropped with their connections."""

import secrets
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from stanchion.cluster.home import every_node
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, require_deployed, value

ROLES = ("app", "loader", "worker", "builder", "dba")  # analysts are created by analyst add, which also grants tenants

# Set for each login, since Postgres does not apply the settings of a role to its members.
_SETTINGS = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s", "timezone": "UTC"}
_SETTINGS_OF = {
    "stanchion_app": {"statement_timeout": "10s", "transaction_timeout": "15min"},
    "stanchion_loader": {"statement_timeout": "10min", "transaction_timeout": "1h"},
    "stanchion_worker": {"statement_timeout": "60s", "transaction_timeout": "15min"},
    "stanchion_builder": {"statement_timeout": "1h", "transaction_timeout": "4h"},
    "stanchion_dba": {},
    "stanchion_analyst": {
        "statement_timeout": "60s",
        "transaction_timeout": "5min",
        "plan_cache_mode": "force_custom_plan",  # a generic plan with the policy's array of tenants is slow
        # all rows of a tenant have the same tenant_id: a merge join on it scans one table for each row of the other
        "enable_mergejoin": "off",
        # the marts have no statistics: a nested loop that expects one row is executed for thousands
        "enable_nestloop": "off",
        # before 18, the cost of a nested loop that cannot be avoided hides that a bitmap scan reads each page once
        "enable_indexscan": "off",
        "jit": "off",  # before Postgres 18, a query that needs a nested loop has a cost at which it would be compiled
        "default_transaction_read_only": "on",
        "search_path": "marts",
    },
}
_SINCE = {"transaction_timeout": 170000}  # settings that older versions of Postgres do not have
_BEFORE = {"enable_indexscan": 180000}  # settings that newer versions do not need

# A login may open this number of connections: an unlimited one can use all connections of the server.
_CONNECTIONS_OF = {
    "stanchion_app": 50,
    "stanchion_loader": 50,
    "stanchion_worker": 20,
    "stanchion_builder": 20,
    "stanchion_dba": 20,
    "stanchion_analyst": 5,
}


def add_login(conn: Connection, login: str, role: str, connections: int | None = None) -> str:
    """Create a login that is a member of the role stanchion_ROLE, and return its password.

    `connections` is the largest number of its connections (default: a number by role).
    """
    require_deployed(conn)
    if value(conn, "select exists (select from pg_roles where rolname = %s)", [login]):
        raise StanchionError(
            f"Role '{login}' exists already; choose another name, or run: stanchion login drop {login}"
        )
    with conn.transaction():
        return create_login(conn, login, f"stanchion_{role}", connections)


def create_login(conn: Connection, login: str, role: str, connections: int | None = None) -> str:
    """Create a login with a new password and the limits of its role, and return the password."""
    if not 0 < len(login.encode()) < 64:
        raise StanchionError(f"The login name '{login}' has {len(login.encode())} bytes; it must have 1 to 63.")
    if not login.isprintable():
        shown = login.encode("unicode_escape").decode()
        raise StanchionError(
            f"The login name '{shown}' contains a character that cannot be printed; choose another name."
        )
    password = secrets.token_urlsafe(18)
    # send the verifier instead of the password, so that no statement log contains the password
    verifier = conn.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    conn.execute(
        sql.SQL(
            "create role {} login nosuperuser nocreatedb nocreaterole password {} connection limit {} in role {}"
        ).format(
            sql.Identifier(login),
            sql.Literal(verifier),
            sql.Literal(connections or _CONNECTIONS_OF[role]),
            sql.Identifier(role),
        )
    )
    statement = sql.SQL("alter role {} set {} = {}")
    for setting, text in (_SETTINGS | _SETTINGS_OF[role]).items():
        if _SINCE.get(setting, 0) <= conn.info.server_version < _BEFORE.get(setting, 10**6):
            conn.execute(statement.format(sql.Identifier(login), sql.Identifier(setting), sql.Literal(text)))
    return password


def list_logins(conn: Connection) -> list[dict[str, Any]]:
    """Return every login that is a member of one of our roles."""
    require_deployed(conn)
    statement = """
        select r.rolname as login, string_agg(substring(g.rolname from 11), ', ' order by g.rolname) as "as"
        from pg_roles as r
        join pg_auth_members as m on m.member = r.oid
        join pg_roles as g on g.oid = m.roleid and g.rolname like 'stanchion\\_%'
        where r.rolcanlogin
        group by r.rolname
        order by r.rolname
    """
    return conn.cursor(row_factory=dict_row).execute(statement).fetchall()


def drop_login(conn: Connection, login: str) -> None:
    """Disable a login, end its connections, and drop it.

    Disabling is not in the transaction of the drop. So a login that cannot be dropped, because it owns an object in
    another database, can no longer connect.
    """
    name = sql.Identifier(login)
    conn.execute(sql.SQL("alter role {} nologin").format(name))
    with every_node(conn) as nodes:
        for node in nodes:
            node.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", [login])
    try:
        with conn.transaction():
            conn.execute(sql.SQL("grant {} to current_user").format(name))  # DROP OWNED needs membership in the role
            conn.execute(sql.SQL("drop owned by {}").format(name))
            conn.execute(sql.SQL("drop role {}").format(name))
    except psycopg.errors.DependentObjectsStillExist as e:
        raise StanchionError(
            f"'{login}' is disabled but was not dropped, since it owns objects in another database of this server: "
            f"{e.diag.message_detail}. Run there: drop owned by {name.as_string()}"
        ) from e


def drop_left_over(conn: Connection, mark: str, drop: Callable[[Connection, str], None] = drop_login) -> None:
    """Drop the temporary logins of killed commands, which have no connection any more and `mark` as their comment."""
    statement = """
        select r.rolname from pg_roles as r
        where shobj_description(r.oid, 'pg_authid') = %s
            and not exists (select from pg_stat_activity as a where a.usesysid = r.oid)
    """
    for (login,) in conn.execute(statement, [mark]).fetchall():
        drop(conn, login)


def remove_login(conn: Connection, login: str) -> None:
    """Drop a login that `stanchion login add` created, and end its connections."""
    role_of = {row["login"]: row["as"] for row in list_logins(conn)}
    if role_of.get(login) not in ROLES:
        raise StanchionError(
            f"'{login}' was not created by stanchion login add; run stanchion login list to see the logins."
        )
    drop_login(conn, login)
