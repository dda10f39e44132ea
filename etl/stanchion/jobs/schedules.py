"""Periodic jobs of tenants, and the times of the platform's periodic work."""

from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from stanchion.cluster.home import for_tenant_at_home
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, find_tenant, require_deployed, value


def list_schedules(conn: Connection, tenant: str | None) -> list[dict[str, Any]]:
    """Return the periodic jobs of a tenant, or those of all tenants and the platform's periodic work."""
    require_deployed(conn)
    if tenant is not None:
        find_tenant(conn, tenant)
    cursor = conn.cursor(row_factory=dict_row)
    platform = [] if tenant else cursor.execute(query("jobs", "operations")).fetchall()
    return platform + cursor.execute(query("jobs", "periodic_jobs"), {"slug": tenant}).fetchall()


def add(
    conn: Connection, tenant: str | None, name: str, queue: str | None, cron: str, zone: str, payload: dict[str, Any]
) -> datetime:
    """Add or change a periodic job; without a tenant, change the times of the platform's work. Return the next time."""
    require_deployed(conn)
    if tenant is None:
        value(conn, "select core.require_zone(%s)", [zone])
        return _operation(conn, "set_operation", name, {"cron": cron, "zone": zone})
    with for_tenant_at_home(conn, tenant) as acting:
        statement = "select core.schedule_job(%s, %s, %s, %s, %s)"
        next_at: datetime = value(acting.conn, statement, [name, queue, cron, Jsonb(payload), zone])
    return next_at


def pause(conn: Connection, tenant: str | None, name: str, *, is_paused: bool) -> datetime:
    """Pause or resume a periodic job, or the platform's work. Return the time of the next run after a pause."""
    require_deployed(conn)
    if tenant is None:
        return _operation(conn, "pause_operation", name, {"paused": is_paused})
    with for_tenant_at_home(conn, tenant) as acting:
        _require(acting.conn, tenant, acting.tenant_id, name)
        next_at: datetime = value(acting.conn, "select core.pause_periodic(%s, %s)", [name, is_paused])
    return next_at


def remove(conn: Connection, tenant: str, name: str) -> None:
    """Remove a periodic job. Jobs that it has enqueued stay."""
    require_deployed(conn)
    with for_tenant_at_home(conn, tenant) as acting:
        _require(acting.conn, tenant, acting.tenant_id, name)
        acting.conn.execute("select core.unschedule_job(%s)", [name])


def next_times(conn: Connection, cron: str, zone: str, count: int) -> list[datetime]:
    """Return the next times of a cron expression."""
    require_deployed(conn)
    value(conn, "select core.require_zone(%s)", [zone])
    times: list[datetime] = []
    after = value(conn, "select core.clock()")
    for _ in range(count):
        after = value(conn, "select core.next_run(%s, %s, %s)", [cron, zone, after])
        times.append(after)
    return times


def _operation(conn: Connection, name: str, kind: str, values: dict[str, Any]) -> datetime:
    next_at: datetime | None = value(conn, query("jobs", name), values | {"kind": kind})
    if next_at is None:
        known = conn.execute("select o.kind from core.operation as o order by o.kind").fetchall()
        raise StanchionError(
            f"The platform has no work '{kind}'; expected one of {', '.join(row[0] for row in known)}, "
            "or --tenant for a periodic job of a tenant."
        )
    return next_at


def _require(conn: Connection, slug: str, tenant_id: Any, name: str) -> None:
    statement = "select true from core.periodic_job where tenant_id = %s and name = %s"
    if not value(conn, statement, [tenant_id, name]):
        raise StanchionError(
            f"{slug} has no periodic job '{name}'; stanchion jobs schedule list --tenant {slug} prints them."
        )
