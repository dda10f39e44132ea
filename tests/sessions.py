"""Sessions that do something at the same instant."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg

Db = psycopg.Connection[Any]
Call = Callable[[Db], Any]


def at_once(login: str, calls: Sequence[Call]) -> list[Any]:
    """The answers to calls that are made at the same instant, each by a session of its own."""
    return each_at_once([(login, call) for call in calls])


def each_at_once(calls: Sequence[tuple[str, Call]]) -> list[Any]:
    """The same, each with a login of its own."""
    together = Barrier(len(calls))

    def session(each: tuple[str, Call]) -> Any:
        login, call = each
        with psycopg.connect(login, autocommit=True) as conn:
            together.wait()
            return call(conn)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(session, calls))


def wait_for_waiting(db: Db, number: int) -> None:
    """Until so many sessions of this database wait for a lock."""
    while True:
        (waiting,) = db.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
        if waiting == number:
            return
