"""Database logins: created with timeouts and without sending the password, dropped with their connections."""

import secrets
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, require_deployed, value

ROLES = ("app", "loader", "worker", "builder", "dba")  # analysts are created by analyst add, which also grants tenants

# Set for each login, since Postgres does not apply the settings of a role to its members.
_SETTINGS = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s", "timezone": "UTC"}
_SETTINGS_OF = {
    "stanchion_app": {"statement_timeout": "10s"},
    "stanchion_loader": {"statement_timeout": "10min"},
    "stanchion_worker": {"statement_timeout": "60s"},
    "stanchion_builder": {"statement_timeout": "1h"},
    "stanchion_dba": {},
    "stanchion_analyst": {
        "statement_timeout": "60s",
        "plan_cache_mode": "force_custom_plan",  # a generic plan with the policy's array of tenants is slow
        # all rows of a tenant have the same tenant_id: a merge join on it scans one table for each row of the other
        "enable_mergejoin": "off",
        "default_transaction_read_only": "on",
    },
}


def add_login(conn: Connection, login: str, role: str) -> str:
    """Create a login that is a member of the role stanchion_ROLE, and return its password."""
    require_deployed(conn)
    if value(conn, "select exists (select from pg_roles where rolname = %s)", [login]):
        raise StanchionError(
            f"Role '{login}' exists already; choose another name, or run: stanchion login drop {login}"
        )
    with conn.transaction():
        return create_login(conn, login, f"stanchion_{role}")


def create_login(conn: Connection, login: str, role: str) -> str:
    """Create a login with a new password and the timeouts of its role, and return the password."""
    if not 0 < len(login.encode()) < 64:
        raise StanchionError(f"The login name '{login}' has {len(login.encode())} bytes; it must have 1 to 63.")
    password = secrets.token_urlsafe(18)
    # send the verifier instead of the password, so that no statement log contains the password
    verifier = conn.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    conn.execute(
        sql.SQL("create role {} login nosuperuser nocreatedb nocreaterole password {} in role {}").format(
            sql.Identifier(login), sql.Literal(verifier), sql.Identifier(role)
        )
    )
    statement = sql.SQL("alter role {} set {} = {}")
    for setting, text in (_SETTINGS | _SETTINGS_OF[role]).items():
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
    conn.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", [login])
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


def remove_login(conn: Connection, login: str) -> None:
    """Drop a login that `stanchion login add` created, and end its connections."""
    role_of = {row["login"]: row["as"] for row in list_logins(conn)}
    if role_of.get(login) not in ROLES:
        raise StanchionError(
            f"'{login}' was not created by stanchion login add; run stanchion login list to see the logins."
        )
    drop_login(conn, login)
