"""Exact numbers of rows of partitions, counted within a limit of time for each table."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from psycopg import errors, sql

from stanchion.server.connection import Connection, value

LIMIT = 2.0  # seconds for each table


def count_rows(conn: Connection, table: str, key: str, partitions: Iterable[dict[str, Any]], limit: float) -> None:
    """Set `rows` and `exact` of the partitions of a table, the latest first. After the limit, `rows` is the estimate.

    A partition grants no rights, so its rows are counted through the table. Each count is a statement of its own: it
    locks one partition, and ends with its locks before the next one begins.
    """
    until = time.monotonic() + limit
    for each in sorted(partitions, key=lambda each: each["day"], reverse=True):
        each |= {"rows": each["estimated_rows"], "exact": False}
        if each["is_surely_empty"]:
            each |= {"rows": 0, "exact": True}
        elif each["is_attached"] and (rest := until - time.monotonic()) > 0:
            try:
                each |= {"rows": _count(conn, table, key, each, rest), "exact": True}
            except (errors.QueryCanceled, errors.SerializationFailure):  # the latter on a replica
                until = 0


def _count(conn: Connection, table: str, key: str, partition: dict[str, Any], rest: float) -> int:
    # a date ignores the time zone of these bounds, and a timestamp with time zone needs it
    statement = sql.SQL("select count(*) from {} where {key} >= {} and {key} < {}").format(
        sql.Identifier(*table.split(".")),
        f"{partition['day']} 00:00:00+00",
        f"{partition['until']} 00:00:00+00",
        key=sql.Identifier(key),
    )
    with conn.transaction():
        conn.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(max(int(rest * 1000), 1))))
        # policies are evaluated for each row, which takes 30 times as long, so a superuser counts without them
        if not value(conn, "select r.rolsuper or r.rolbypassrls from pg_roles as r where r.rolname = session_user"):
            conn.execute("set local role stanchion_owner")
        (count,) = conn.execute(statement).fetchone() or (0,)
        return int(count)
