"""Connections, and sessions that run calls at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg

Db = psycopg.Connection[Any]  # a connection of a test
Call = Callable[[Db], Any]


def at_once(login: str, calls: Sequence[Call]) -> list[Any]:
    """Run the calls at the same time, each in its own session of this login, and return their results."""
    return each_at_once([(login, call) for call in calls])


def each_at_once(calls: Sequence[tuple[str, Call]]) -> list[Any]:
    """Run (login, call) pairs at the same time, each in its own session, and return their results."""
    together = Barrier(len(calls), timeout=60)  # a session that fails before it must not block the others

    def session(each: tuple[str, Call]) -> Any:
        login, call = each
        with psycopg.connect(login, autocommit=True) as conn:
            together.wait()
            return call(conn)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(session, calls))


def wait_for_waiting(db: Db, number: int) -> None:
    """Wait until this number of sessions in the database waits for a lock."""
    while True:
        (waiting,) = db.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
        if waiting == number:
            return
