"""The stats that are kept of tenants: computed anew, again and again, and how old they are."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, connect, only_one, require_deployed, value
from stanchion.server.locate import Server

_LOCK = 0x57A957A7  # one refresh at a time: two would wait for each other, and compute the same

Say = Callable[[str], None]


@dataclass(frozen=True)
class Refreshed:
    tenants: int
    refreshed_at: datetime | None  # no tenants have none
    seconds: float
    tables: int  # whose size was written down


def refresh(conn: Connection, say: Say) -> Refreshed:
    """Compute them anew; whoever reads them meanwhile reads those from before."""
    require_deployed(conn)
    if not value(conn, "select core.is_operator()"):
        raise StanchionError("Only an operator sees every tenant; connect as a DBA, or as who deployed.")
    with only_one(conn, _LOCK, "refresh", 600, say):
        started = time.monotonic()
        refreshed_at = value(conn, "select workspace.refresh_stats()")
        seconds = time.monotonic() - started
        tables = int(value(conn, "select ops.measure_tables()"))
    return Refreshed(int(value(conn, "select count(*) from hidden.tenant_stats")), refreshed_at, seconds, tables)


def watch(server: Server, every: float, stop: Event, tell: Callable[[Refreshed], None], say: Say) -> None:
    """Refresh until stopped. A server that goes away is waited for; the next round begins `every` seconds after one."""
    while not stop.is_set():
        try:
            with connect(server) as conn:
                tell(refresh(conn, say))
        except psycopg.OperationalError as e:
            say(f"The server is not there ({str(e).strip().splitlines()[0]}); trying again.")
        stop.wait(every)


def ages(conn: Connection) -> list[dict[str, Any]]:
    """What is kept, since when, and how many seconds that is; the oldest first."""
    require_deployed(conn)
    return conn.cursor(row_factory=dict_row).execute(query("ops", "stats_age")).fetchall()
