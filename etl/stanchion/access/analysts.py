"""Analysts: database logins of people, each reading exactly the tenants granted to it."""

from typing import Any

from psycopg.rows import dict_row

from stanchion.access.logins import create_login, drop_login
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, for_tenant, require_deployed, value


def add_analyst(conn: Connection, login: str, tenants: list[str]) -> str | None:
    """Let a login read these tenants too; make it when it is new, and return its password then."""
    require_deployed(conn)
    kind = _kind(conn, login)
    if kind == "other":
        raise StanchionError(f"There is a role '{login}' that is more than an analyst; choose another name.")
    password = None
    with conn.transaction():
        if kind == "none":
            # what a login of this name was granted before it was dropped is not for its namesake
            conn.execute("delete from core.analyst_grant where role_name = %s", [login])
            password = create_login(conn, login, "stanchion_analyst")
        for slug in tenants:
            with for_tenant(conn, slug):
                conn.execute("select core.grant_analyst(%s)", [login])
    return password


def revoke_analyst(conn: Connection, login: str, tenants: list[str]) -> bool:
    """End reading these tenants, or all of them; drop the login that has none left. True when it was dropped."""
    require_deployed(conn)
    if _kind(conn, login) != "analyst":
        raise StanchionError(f"There is no analyst '{login}'; stanchion analyst list shows those there are.")
    with conn.transaction():
        granted = [row["tenant"] for row in list_analysts(conn) if row["login"] == login and row["tenant"]]
        for slug in tenants or granted:
            with for_tenant(conn, slug):
                if not value(conn, "select core.revoke_analyst(%s)", [login]):
                    raise StanchionError(f"'{login}' could not read {slug} anyway; nothing was revoked.")
        left = value(conn, "select count(*) from core.analyst_grant where role_name = %s", [login])
    if left:
        return False
    drop_login(conn, login)
    return True


def list_analysts(conn: Connection) -> list[dict[str, Any]]:
    """One row per login and tenant it reads."""
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


def _kind(conn: Connection, login: str) -> str:
    """none, analyst, or other: a role that can do anything else must not become an analyst by a typing error."""
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
