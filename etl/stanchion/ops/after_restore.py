"""Repairs after a restore into another server: transaction ids of events, and role ids of analyst grants."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from stanchion.ops.check import run_check
from stanchion.ops.transactions import forget_all
from stanchion.partitions.ahead import make_due_partitions
from stanchion.paths import queries, query
from stanchion.server.connection import Connection, require_deployed, require_superuser


@dataclass(frozen=True)
class Stale:
    """Rows that refer to transaction ids or role ids of the server that the dump came from."""

    has_events: bool
    grants: list[dict[str, Any]]

    def logins(self, *, there: bool) -> list[str]:
        """Return the logins with stale grants that exist on this server as analysts, or those that do not."""
        return [row["login"] for row in self.grants if row["is_there"] is there]


def find_stale(conn: Connection) -> Stale:
    """Find the rows to repair. After pg_basebackup the result is empty, since it copies transaction ids and roles."""
    require_deployed(conn)
    require_superuser(conn)
    events = run_check(conn, queries("ops/checks.sql")["events_of_another_server"])
    grants = conn.cursor(row_factory=dict_row).execute(query("ops", "stale_grants").encode()).fetchall()
    return Stale(bool(events.alerts), grants)


def repair(conn: Connection, stale: Stale, logins: list[str]) -> int:
    """Repair the events, and the grants of these logins, in one transaction, then make the due partitions.

    Return the number of events changed.
    """
    events = 0
    with conn.transaction():
        if stale.has_events:
            events = forget_all(conn)
        conn.execute(query("ops", "regrant").encode(), {"logins": logins})
    make_due_partitions(conn)
    return events
