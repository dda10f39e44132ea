"""End the sessions that go on reading after their access was revoked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from stanchion.cluster.home import every_node
from stanchion.paths import query
from stanchion.server.connection import Connection

_WAIT = 5.0  # seconds until a session whose end was requested is reported as open


@dataclass(frozen=True)
class Ended:
    """The number of sessions that were ended, and the processes of those that this login could not end."""

    number: int
    left: tuple[int, ...]

    def __str__(self) -> str:
        """Return a sentence about the sessions; empty without any."""
        if self.left:
            pids = ", ".join(map(str, self.left))
            return (
                f"Sessions still read until their transactions end: {pids}. As a superuser, run for each: "
                "select pg_terminate_backend(PID);"
            )
        return f"Open sessions that were ended: {self.number}." if self.number else ""


def end_sessions_of(conn: Connection, login: str) -> Ended:
    """End the sessions of a login in this database."""
    return _end(conn, query("access", "sessions_of_login"), {"login": login})


def key_lock(conn: Connection, tenant_id: UUID, name: str) -> int | None:
    """Return the lock that the transactions with an active API key of the tenant hold."""
    row = conn.execute(query("access", "key_lock"), {"tenant": tenant_id, "name": name}).fetchone()
    return int(row[0]) if row else None


def end_sessions_with(conn: Connection, lock: int) -> Ended:
    """End the sessions whose transaction holds this advisory lock."""
    return _end(conn, query("access", "sessions_with_lock"), {"lock": lock})


def _end(conn: Connection, find: str, values: dict[str, Any]) -> Ended:
    """End the sessions that a query finds, on every node of a cluster."""
    with every_node(conn) as nodes:
        ended = [_end_on(node, find, values) for node in nodes]
    return Ended(sum(each.number for each in ended), tuple(pid for each in ended for pid in each.left))


def _end_on(conn: Connection, find: str, values: dict[str, Any]) -> Ended:
    def found() -> set[int]:
        return {pid for (pid,) in conn.execute(find, values).fetchall()}

    requested, until = set(), time.monotonic() + _WAIT
    for pid in (first := found()):
        try:
            with conn.transaction():
                # Citus has a second function with this name, for bigint: a small number would be ambiguous
                conn.execute("select pg_terminate_backend(%s::integer)", [pid])
            requested.add(pid)
        except psycopg.errors.InsufficientPrivilege:
            continue
    while (left := first & found()) & requested and time.monotonic() < until:
        time.sleep(0.02)
    return Ended(len(first - left), tuple(sorted(left)))
