"""Where to read: a replica that is close enough behind the primary, else the primary itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import psycopg

from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.locate import Server, configured_by, find_server, reach

MAX_LAG = 10.0  # seconds; marts are built every minute at most
_CATCH_UP = 1.0  # seconds for a replica to reach what the primary has now, before its clock is asked

Say = Callable[[str], None]


@contextmanager
def find_reader(dsn: str | None, read_dsn: str | None, source: str, max_lag: float, say: Say) -> Iterator[Server]:
    """The replica that `source` configures where it is at most `max_lag` seconds behind, else the primary.

    Nothing can be written over it, whichever it is. Where the primary cannot be asked how far behind the replica is,
    the replica is read and its moment is said.
    """
    if read_dsn is None:
        with find_server(dsn) as server:
            yield replace(server, read_only=True)
        return
    with ExitStack() as stack:
        primary, trouble = None, "no server is configured beside it."
        if configured_by(dsn):
            try:
                primary = stack.enter_context(find_server(dsn))
            except StanchionError as e:
                trouble = str(e)
        try:
            chosen = _replica(read_dsn, source, primary, max_lag, say)
        except StanchionError as e:
            if primary is None:
                raise StanchionError(f"{e} There is no primary to read instead: {trouble}") from None
            say(f"{e} Reading the primary.")
            chosen = primary
        yield replace(chosen, read_only=True)


def _replica(read_dsn: str, source: str, primary: Server | None, max_lag: float, say: Say) -> Server:
    """The replica, or an error that says why it will not do."""
    server = reach(read_dsn, source, remedy=f"correct {source} or see what became of it")
    server = replace(server, description=f"replica {server.description}")
    now = _position(primary) if primary else None
    found = _state(server, now)
    if not found["is_standby"]:
        raise StanchionError(f"What {source} names is no replica: it has ended its recovery.")
    if primary is None:
        say(f"How far the replica is behind is not known; it is as of {found['as_of'] or 'its start'}.")
        return server
    if found["system"] != _state(primary, now)["system"]:
        raise StanchionError(f"What {source} names is no replica of this server but of another.")
    until = time.monotonic() + min(_CATCH_UP, max_lag)
    while not found["has_caught_up"] and time.monotonic() < until:
        time.sleep(0.05)
        found = _state(server, now)
    if found["has_caught_up"] or (found["age"] is not None and found["age"] <= max_lag):
        return server
    behind = "since its start" if found["age"] is None else f"by {found['age']:.1f} s"
    raise StanchionError(f"The replica is behind {behind}, and {max_lag:g} s are allowed (--max-lag).")


def _position(server: Server) -> str:
    """What the primary has written by now."""
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        row = conn.execute(query("server", "position").encode()).fetchone()
    return str(row[0]) if row else ""


def _state(server: Server, position: str | None) -> dict[str, Any]:
    with psycopg.connect(server.dsn, autocommit=True, row_factory=psycopg.rows.dict_row) as conn:
        row = conn.execute(query("server", "state").encode(), {"position": position}).fetchone()
    return row or {}
