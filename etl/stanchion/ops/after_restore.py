"""After a restore into another server: what pointed at the old one is made to point at this one."""

from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from stanchion.deploy.runner import make_due_partitions
from stanchion.errors import StanchionError
from stanchion.ops.doctor import ask
from stanchion.paths import queries, query
from stanchion.server.connection import Connection, require_deployed, value


@dataclass(frozen=True)
class Stale:
    """What goes by the transactions, and by the numbers of logins, of another server."""

    has_events: bool
    grants: list[dict[str, Any]]

    def logins(self, *, there: bool) -> list[str]:
        return [row["login"] for row in self.grants if row["is_there"] is there]


def look(conn: Connection) -> Stale:
    """What a restore left to be mended; nothing after pg_basebackup, which takes a server as it is."""
    require_deployed(conn)
    if not value(conn, "select rolsuper from pg_roles where rolname = current_user"):
        raise StanchionError("Only a superuser may change what events say; connect as one.")
    events = ask(conn, queries("ops/checks.sql")["events_of_elsewhere"])
    grants = conn.cursor(row_factory=dict_row).execute(query("ops", "stale_grants").encode()).fetchall()
    return Stale(bool(events.alerts), grants)


def mend(conn: Connection, stale: Stale) -> int:
    """Mend it, in one transaction, and make the days that are due; answers how many events were given a new place."""
    events = 0
    with conn.transaction():
        conn.execute("lock table core.event, core.event_stream, core.consumer in exclusive mode")
        if stale.has_events:
            events = conn.execute(query("ops", "events").encode()).rowcount
            conn.execute(query("ops", "streams").encode())
            conn.execute(query("ops", "consumers").encode())
        conn.execute(query("ops", "regrant").encode(), {"logins": stale.logins(there=True)})
    make_due_partitions(conn)
    return events
