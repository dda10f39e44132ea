"""The loads that hold a build back: the marts contain every load below the oldest running one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import dict_row

from stanchion.cluster.home import at_home, connect_to, homes
from stanchion.paths import query
from stanchion.server.connection import Connection
from stanchion.server.locate import Server


@dataclass(frozen=True)
class RunningLoad:
    """A load in state running, and the session that works for it."""

    load_id: int
    tenant: str
    source: str
    seconds: int
    login: str
    pid: int | None

    def __str__(self) -> str:
        session = f"session {self.pid}" if self.pid else "no session"
        return (
            f"Load {self.load_id} of {self.tenant} has been running for {timedelta(seconds=self.seconds)} "
            f"({session} of {self.login})"
        )


def reap_dead_loads(conn: Connection) -> int:
    """End the loads of every tenant whose sessions are gone, and return their number.

    Each is ended at the node of its tenant, where the sessions of the load hold its lock.
    """
    reaped = 0
    with conn.transaction():
        conn.execute("set local role stanchion_builder")
        running = conn.execute("select distinct tenant_id from landing.load_batch where state = 'running'").fetchall()
    for (tenant_id,) in running:
        with at_home(conn, tenant_id) as there, there.transaction():
            there.execute("set local role stanchion_builder")
            there.execute("select set_config('app.tenant_id', %s, true)", [str(tenant_id)])
            row = there.execute("select landing.reap_loads()").fetchone()
            reaped += row[0] if row else 0
    return reaped


def running_loads(server: Server, conn: Connection) -> list[RunningLoad]:
    """Return the running loads, the oldest first. The marts leave out the oldest one and every load after it."""
    with conn.transaction():
        conn.execute("set local role stanchion_builder")
        found = conn.cursor(row_factory=dict_row).execute(query("marts", "running_loads")).fetchall()
    sessions: dict[int, int] = {}
    loads = {"loads": [row["load_id"] for row in found]}
    if found:
        for node in [None, *homes(conn)]:
            with connect_to(server, node) if node else nullcontext(conn) as there, there.transaction():
                there.execute("set local role stanchion_builder")
                sessions |= dict(there.execute(query("marts", "sessions_of_loads"), loads).fetchall())
    return [RunningLoad(**row, pid=sessions.get(row["load_id"])) for row in found]
