"""Database logins: made with their time limits and without sending a password, dropped with their connections."""

import secrets
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, require_deployed, value

ROLES = ("app", "loader", "worker", "builder", "dba")  # analysts are made by analyst add, which says whom they read

# Set for each login, since Postgres ignores settings of a role that one is merely a member of.
_SETTINGS = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s", "timezone": "UTC"}
_SETTINGS_OF = {
    "stanchion_app": {"statement_timeout": "10s"},
    "stanchion_loader": {"statement_timeout": "10min"},
    "stanchion_worker": {"statement_timeout": "60s"},
    "stanchion_builder": {"statement_timeout": "1h"},
    "stanchion_dba": {},
    "stanchion_analyst": {
        "statement_timeout": "60s",
        "plan_cache_mode": "force_custom_plan",  # generic plans over the policy's array of tenants are slow
        # of one tenant, everything has the same tenant_id: a merge by it reads a table again for each row of the other
        "enable_mergejoin": "off",
        "default_transaction_read_only": "on",
    },
}


def add_login(conn: Connection, login: str, role: str) -> str:
    """Make a login that is a member of one of our roles, and return its password."""
    require_deployed(conn)
    if value(conn, "select exists (select from pg_roles where rolname = %s)", [login]):
        raise StanchionError(f"There is a role '{login}' already; choose another name, or stanchion login drop {login}")
    with conn.transaction():
        return create_login(conn, login, f"stanchion_{role}")


def create_login(conn: Connection, login: str, role: str) -> str:
    if not 0 < len(login.encode()) < 64:
        raise StanchionError(f"'{login}' is no name for a login: Postgres takes 1 to 63 bytes.")
    password = secrets.token_urlsafe(18)
    # the verifier and not the password is sent, so that no log of statements has it
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
    """Every login that is a member of one of our roles."""
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
    """Close a login, which holds whatever becomes of the rest; then end its connections and drop it.

    Not in the caller's transaction: whoever left something behind here or in another database of the server
    would otherwise keep the login by that.
    """
    name = sql.Identifier(login)
    conn.execute(sql.SQL("alter role {} nologin").format(name))
    conn.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", [login])
    try:
        with conn.transaction():
            conn.execute(sql.SQL("grant {} to current_user").format(name))  # what it owns is its own to drop
            conn.execute(sql.SQL("drop owned by {}").format(name))
            conn.execute(sql.SQL("drop role {}").format(name))
    except psycopg.errors.DependentObjectsStillExist as e:
        raise StanchionError(
            f"'{login}' can no longer connect; it could not be dropped, since it owns something in another database "
            f"of this server: {e.diag.message_detail}. Run there: drop owned by {name.as_string()}"
        ) from e


def remove_login(conn: Connection, login: str) -> None:
    """Drop a login that was made here, and end its connections."""
    made_as = {row["login"]: row["as"] for row in list_logins(conn)}
    if made_as.get(login) not in ROLES:
        raise StanchionError(f"'{login}' is no login that stanchion login add made; stanchion login list shows those.")
    drop_login(conn, login)
