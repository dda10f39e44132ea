"""Transaction ids and positions of events, when a tenant gets another server or node: there they mean nothing."""

from uuid import UUID

from stanchion.paths import query
from stanchion.server.connection import Connection


def forget(conn: Connection, tenant_id: UUID | str) -> int:
    """Replace the ids of a tenant by ids before all those of any server. Return the number of events.

    Each consumer keeps the set of events that it has read. No other session may write the tenant.
    """
    events, _, _ = (
        conn.execute(query("ops", name).encode(), {"tenant": tenant_id}).rowcount
        for name in ("events", "streams", "consumers")
    )
    return events


def forget_all(conn: Connection) -> int:
    """Replace the ids of all tenants, in the transaction of the caller. Return the number of events."""
    conn.execute("lock table core.event, core.event_stream, core.consumer in exclusive mode")
    tenants = conn.execute(query("ops", "tenants_with_positions").encode()).fetchall()
    return sum(forget(conn, tenant_id) for (tenant_id,) in tenants)
