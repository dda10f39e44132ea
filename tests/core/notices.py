"""Notifications that a session has received."""

import psycopg

from tests.sessions import Db

A_TENTH = 0.11  # seconds after which a channel may be notified again
_END = "end_of_test"


def heard(ear: Db) -> list[psycopg.Notify]:
    """Return the notifications of all transactions that committed before this call, as far as `ear` listens to them.

    The server delivers notifications in the order of the commits, so all of them arrive before one sent now.
    """
    ear.execute(f"listen {_END}")
    ear.execute(f"notify {_END}")
    found = []
    for notice in ear.notifies(timeout=60):
        if notice.channel == _END:
            return found
        found.append(notice)
    raise AssertionError("the server delivered no notification within a minute")
