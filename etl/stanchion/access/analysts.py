"""Analysts: database logins that can read exactly the tenants granted to them."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from stanchion.access.logins import create_login, drop_login
from stanchion.access.revoking import Ended, end_sessions_of
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, for_tenant, require_deployed, value


@dataclass(frozen=True)
class Revoked:
    """Whether the login was dropped, and the sessions that were ended."""

    is_dropped: bool
    sessions: Ended


def add_analyst(conn: Connection, login: str, tenants: list[str]) -> str | None:
    """Grant tenants to an analyst. Create the login when it does not exist, and return its password in that case."""
    require_deployed(conn)
    kind = _kind(conn, login)
    if kind == "other":
        raise StanchionError(f"Role '{login}' exists and is not only an analyst; choose another name.")
    password = None
    with conn.transaction():
        if kind == "none":
            # a dropped login of the same name may have left grants, which must not go to the new one
            conn.execute("delete from core.analyst_grant where role_name = %s", [login])
            password = create_login(conn, login, "stanchion_analyst")
        for slug in tenants:
            with for_tenant(conn, slug):
                conn.execute("select core.grant_analyst(%s)", [login])
    return password


def revoke_analyst(conn: Connection, login: str, tenants: list[str]) -> Revoked:
    """Revoke these tenants, or all of them, and end the sessions of the login. Drop it when it has no tenant left.

    A transaction or cursor that began before reads the rows of its snapshot. So the sessions are ended after the
    commit: a new session no longer reads the tenants.
    """
    require_deployed(conn)
    if _kind(conn, login) != "analyst":
        raise StanchionError(f"Analyst '{login}' does not exist; run stanchion analyst list to see the analysts.")
    with conn.transaction():
        granted = [row["tenant"] for row in list_analysts(conn) if row["login"] == login and row["tenant"]]
        for slug in tenants or granted:
            with for_tenant(conn, slug):
                if not value(conn, "select core.revoke_analyst(%s)", [login]):
                    raise StanchionError(f"'{login}' has no grant for {slug}; nothing was revoked.")
        left = value(conn, "select count(*) from core.analyst_grant where role_name = %s", [login])
    if left:
        return Revoked(False, end_sessions_of(conn, login))
    drop_login(conn, login)
    return Revoked(True, Ended(0, ()))


def list_analysts(conn: Connection) -> list[dict[str, Any]]:
    """Return a row for each login and each tenant that it can read."""
    require_deployed(conn)
    return (
        conn.cursor(row_factory=dict_row)
        .execute(
            """
            select r.rolname as login, t.slug as tenant, g.granted_at, g.granted_by
            from pg_roles as r
            join pg_auth_members as m on m.member = r.oid and m.roleid = 'stanchion_analyst'::regrole
            left join core.analyst_grant as g on g.role_name = r.rolname
            left join core.tenant as t on t.tenant_id = g.tenant_id
            where r.rolcanlogin
            order by 1, 2
            """
        )
        .fetchall()
    )


def is_analyst(conn: Connection, login: str) -> bool:
    """Return whether the login exists and is an analyst."""
    require_deployed(conn)
    return _kind(conn, login) == "analyst"


def _kind(conn: Connection, login: str) -> str:
    """Return none, analyst or other. A mistyped name must not turn a role with other rights into an analyst."""
    return str(
        value(
            conn,
            """
            select case
                when not exists (select from pg_roles where rolname = %(login)s) then 'none'
                when (
                    select r.rolsuper or r.rolbypassrls or r.rolcreaterole or not r.rolcanlogin
                        or array(select m.roleid from pg_auth_members as m where m.member = r.oid)
                            <> array['stanchion_analyst'::regrole::oid]
                    from pg_roles as r where r.rolname = %(login)s
                ) then 'other'
                else 'analyst'
            end
            """,
            {"login": login},
        )
    )
