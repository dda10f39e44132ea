"""Notifications that a session has got, without a wait for a fixed time."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_END = "end_of_the_test"


@contextmanager
def listening(dsn: str, *channels: str) -> Iterator["Ear"]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for channel in (*channels, _END):
            conn.execute(f"listen {channel}")
        yield Ear(conn)


class Ear:
    """A session that listens to channels."""

    def __init__(self, conn: psycopg.Connection[tuple[object, ...]]) -> None:
        self.conn = conn

    def heard(self) -> list[str]:
        """Return the channel of each notification of the transactions that have committed before this call.

        Notifications arrive in the order of the commits, so the last one is that of this method.
        """
        self.conn.execute(f"notify {_END}")
        channels = []
        for told in self.conn.notifies(timeout=60):
            if told.channel == _END:
                return channels
            channels.append(told.channel)
        raise AssertionError("the notification of the test has not arrived")
