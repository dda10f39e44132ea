"""Statistics of tenants that pages read: refresh them, and report their age."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, only_one, require_deployed, require_operator, value

_LOCK = 0x57A957A7  # one refresh at a time: two would wait for each other and compute the same rows


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh."""

    tenants: int
    refreshed_at: datetime | None  # None without tenants
    seconds: float
    tables: int  # tables whose size was recorded


def refresh(conn: Connection, report: Report) -> Refreshed:
    """Compute the statistics of all tenants from scratch. Readers see the previous ones until the refresh commits."""
    require_operator(conn)
    with only_one(conn, _LOCK, "refresh", 600, report):
        started = time.monotonic()
        refreshed_at = value(conn, "select workspace.refresh_stats()")
        seconds = time.monotonic() - started
        tables = int(value(conn, "select ops.measure_tables()"))
    return Refreshed(int(value(conn, "select count(*) from hidden.tenant_stats")), refreshed_at, seconds, tables)


def ages(conn: Connection) -> list[dict[str, Any]]:
    """Return the time and age in seconds of the tenant statistics and of each mart, the oldest first."""
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("ops", "stats_age")).fetchall()
