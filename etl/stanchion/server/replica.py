"""The server for reading commands: a replica with little lag, or else the primary."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import psycopg

from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.locate import Server, configured_by, find_server, reach

MAX_LAG = 10.0  # seconds; marts are built every minute at most
_CATCH_UP = 1.0  # seconds that a replica gets to reach the primary's position, before its lag counts


@contextmanager
def find_reader(dsn: str | None, read_dsn: str | None, source: str, max_lag: float, report: Report) -> Iterator[Server]:
    """Yield the replica that `source` configures if its lag is at most `max_lag` seconds, or else the primary.

    Connections to either are read-only. When the primary does not answer, the lag is unknown: the replica is used, and
    the time of its data is reported.
    """
    if read_dsn is None:
        with find_server(dsn) as server:
            yield replace(server, read_only=True)
        return
    with ExitStack() as stack:
        primary, problem = None, "no other server is configured."
        if configured_by(dsn):
            try:
                primary = stack.enter_context(find_server(dsn))
            except StanchionError as e:
                problem = str(e)
        try:
            chosen = _replica(read_dsn, source, primary, max_lag, report)
        except StanchionError as e:
            if primary is None:
                raise StanchionError(f"{e} The primary cannot be read instead: {problem}") from None
            report(f"{e} Reading the primary.")
            chosen = primary
        yield replace(chosen, read_only=True)


def _replica(read_dsn: str, source: str, primary: Server | None, max_lag: float, report: Report) -> Server:
    """Return the replica, or raise StanchionError with the reason why it cannot be used."""
    server = reach(read_dsn, source, remedy=f"correct {source}, or check that the replica is running")
    server = replace(server, description=f"replica {server.description}")
    now = _position(primary) if primary else None
    found = _state(server, now)
    if not found["is_standby"]:
        raise StanchionError(f"The server of {source} is not a replica: it is not in recovery.")
    if primary is None:
        report(f"The lag of the replica is unknown; its data is as of {found['as_of'] or 'its start'}.")
        return server
    if found["system"] != _state(primary, now)["system"]:
        raise StanchionError(f"The server of {source} is a replica of another server.")
    until = time.monotonic() + min(_CATCH_UP, max_lag)
    while not found["has_caught_up"] and time.monotonic() < until:
        time.sleep(0.05)
        found = _state(server, now)
    if found["has_caught_up"] or (found["age"] is not None and found["age"] <= max_lag):
        return server
    lag = "unknown, since it has replayed nothing" if found["age"] is None else f"{found['age']:.1f} s"
    raise StanchionError(f"The lag of the replica is {lag}; --max-lag allows {max_lag:g} s.")


def _position(server: Server) -> str:
    """Return the position in the write-ahead log up to which the primary has written."""
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        row = conn.execute(query("server", "position").encode()).fetchone()
    return str(row[0]) if row else ""


def _state(server: Server, position: str | None) -> dict[str, Any]:
    with psycopg.connect(server.dsn, autocommit=True, row_factory=psycopg.rows.dict_row) as conn:
        row = conn.execute(query("server", "state").encode(), {"position": position}).fetchone()
    return row or {}
