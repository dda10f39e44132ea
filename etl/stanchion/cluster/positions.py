"""Transaction ids in tables, when the tenants get other home nodes: the ids of one node mean nothing on another one."""

from __future__ import annotations

from psycopg import sql

from stanchion.paths import query
from stanchion.server.connection import Connection


def forget_transactions(conn: Connection) -> None:
    """Replace the transaction ids of all tenants by ids before every transaction of a new home, as after a restore.

    Each consumer keeps the set of events that it has read. The tables must be local, and no other session may write.
    """
    conn.execute("lock table core.event, core.event_stream, core.consumer in exclusive mode")
    for name in ("events", "streams", "consumers"):
        conn.execute(query("ops", name).encode())
    for table in ("purchase", "movement"):
        conn.execute(
            sql.SQL("update {} set transaction_id = 0 where transaction_id <> 0").format(sql.Identifier("stock", table))
        )
