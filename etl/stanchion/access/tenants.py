"""Tenants, their settings, domains and API keys, managed with the functions of schema core."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from psycopg.rows import dict_row

from stanchion.access.revoking import Ended, end_sessions_with, key_lock
from stanchion.cluster.home import at_coordinator, for_tenant_at_home
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, for_tenant, require_deployed

KINDS = ("league", "shop", "team", "community")


def add_tenant(conn: Connection, slug: str, name: str, kind: str) -> str:
    """Create a tenant and return its id."""
    require_deployed(conn)
    with conn.transaction():
        existing = conn.execute("select name from core.tenant where slug = %s", [slug]).fetchone()
        if existing:
            raise StanchionError(f"Tenant '{slug}' exists already, with the name '{existing[0]}'; choose another slug.")
        row = conn.execute("select core.create_tenant(%s, %s, %s)", [slug, name, kind]).fetchone()
    return str(row[0]) if row else ""


def list_tenants(conn: Connection) -> list[dict[str, Any]]:
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("access", "tenants")).fetchall()


def set_status(conn: Connection, slug: str, status: str) -> None:
    # the plans of analysts are renewed by an ALTER ROLE, which a cluster runs on its coordinator
    with at_coordinator(conn) as there, for_tenant(there, slug):
        there.execute("select core.set_tenant_status(%s)", [status])


def add_domain(conn: Connection, slug: str, domain: str) -> None:
    with for_tenant_at_home(conn, slug) as acting:
        acting.conn.execute("select core.add_tenant_domain(%s)", [domain])


def settings(conn: Connection, slug: str) -> list[dict[str, Any]]:
    """Return every setting of a tenant with today's value and its future values."""
    with for_tenant_at_home(conn, slug) as acting:
        return acting.conn.cursor(row_factory=dict_row).execute(query("access", "settings")).fetchall()


def set_settings(conn: Connection, slug: str, values: dict[str, str], valid_from: date | None) -> None:
    """Set all of the settings, or none when one is refused."""
    with for_tenant_at_home(conn, slug) as acting:
        for setting, text in values.items():
            namespace, _, key = setting.partition(".")
            acting.conn.execute(
                "select core.set_tenant_config(%s, %s, %s::jsonb, coalesce(%s::date, '-infinity'))",
                [namespace, key, json.dumps(_parse(text)), valid_from],
            )


def remedy(conn: Connection, slug: str, settings: Iterable[str]) -> str | None:
    """Return a sentence with the command that applies changed settings to games that are loaded already."""
    if "contest.source_order" not in settings:
        return None
    with for_tenant_at_home(conn, slug) as acting:
        games = acting.conn.execute(query("ingest/loading", "several_sources"), {"tenant": acting.tenant_id}).fetchall()
    if not games:
        return None
    found = f"{len(games):,} loaded {'game' if len(games) == 1 else 'games'} with several sources"
    return f"To apply the order to {found}, run: stanchion games settle --tenant {slug}"


def _parse(text: str) -> Any:
    """Parse JSON, or return other text unchanged, so that a word needs no second pair of quotes in a shell."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def create_key(conn: Connection, slug: str, name: str, scopes: list[str]) -> str:
    with for_tenant_at_home(conn, slug) as acting:
        row = acting.conn.execute("select core.create_api_key(%s, %s)", [name, scopes]).fetchone()
    return str(row[0]) if row else ""


def revoke_key(conn: Connection, slug: str, name: str) -> Ended:
    """Revoke an API key, and end the sessions whose transaction uses it."""
    with for_tenant_at_home(conn, slug) as acting:
        lock = key_lock(acting.conn, acting.tenant_id, name)
        row = acting.conn.execute("select core.revoke_api_key(%s)", [name]).fetchone()
        if not row or not row[0]:
            raise StanchionError(
                f"Tenant {slug} has no active key '{name}'; run stanchion key list {slug} to see its keys."
            )
    return end_sessions_with(conn, lock) if lock is not None else Ended(0, ())


def list_keys(conn: Connection, slug: str) -> list[dict[str, Any]]:
    statement = "select name, scopes, created_at, revoked_at from core.api_key where tenant_id = %s order by created_at"
    with for_tenant_at_home(conn, slug) as acting:
        return acting.conn.cursor(row_factory=dict_row).execute(statement, [acting.tenant_id]).fetchall()
