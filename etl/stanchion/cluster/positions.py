"""Numbers of one node in tables, when tenants get other home nodes: they mean nothing on another one."""

from __future__ import annotations

from uuid import UUID

from psycopg import sql

from stanchion.cluster.home import connect_to, server_of
from stanchion.cluster.nodes import Node
from stanchion.ops.transactions import forget, forget_all
from stanchion.paths import queries
from stanchion.server.connection import Connection

_SKIPPED = 1_000_000  # more than jobs may wait in a queue; the numbers of a node last for 200 million moves


def forget_transactions(conn: Connection) -> None:
    """Replace the transaction ids of all tenants by ids before every transaction of a new home, as after a restore.

    Each consumer keeps the set of events that it has read. The tables must be local, and no other session may write.
    """
    forget_all(conn)
    for table in ("purchase", "movement"):
        conn.execute(
            sql.SQL("update {} set transaction_id = 0 where transaction_id <> 0").format(sql.Identifier("stock", table))
        )
    skip_job_numbers(conn)


def skip_job_numbers(conn: Connection) -> None:
    """Leave a gap in the numbers that this node gives to jobs, before it becomes the home of tenants.

    core.is_deeper concludes from a small difference of two numbers that few jobs wait. Without the gap, it would do so
    for a tenant that was here before and whose jobs of that time still wait beside those of another node.
    """
    sequence = "core.job_job_id_seq"
    conn.execute("select setval(%s, nextval(%s) + %s)", [sequence, sequence, _SKIPPED])


def next_numbers(conn: Connection, node: Node) -> tuple[int, int]:
    """Return the transaction id and the position of events that a node gives next, and skip numbers of jobs there."""
    with connect_to(server_of(conn), node) as there:
        skip_job_numbers(there)
        row = there.execute(queries("cluster/move.sql")["next"]).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def repair(conn: Connection, tenant_id: UUID, coming: tuple[int, int]) -> bool:
    """Replace the ids of a tenant unless all of them are before those that its new home gives next."""
    query = queries("cluster/move.sql")["highest"]
    transaction_id, position = conn.execute(query, {"tenant": tenant_id}).fetchone() or (0, 0)
    if transaction_id < coming[0] and position < coming[1]:
        return False
    forget(conn, tenant_id)
    return True
