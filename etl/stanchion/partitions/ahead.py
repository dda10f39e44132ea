"""Partitions ahead of time: find and make the ones that should exist by now."""

from __future__ import annotations

from psycopg import RawCursor, sql

from stanchion.partitions import partman
from stanchion.partitions.step import (
    OnResult,
    OnStep,
    PartitionResult,
    Step,
    Waits,
    as_owner,
    attempt,
    log,
    refuse,
    with_lock_retries,
)
from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed, value

_LOCK_TIMEOUT = "3s"  # of make_due_partitions


def make_due_partitions(conn: Connection) -> None:
    """Make the partitions of today and of the days ahead in one transaction. No module contains partitions."""
    with conn.transaction():
        conn.execute(sql.SQL("set local lock_timeout = {}").format(_LOCK_TIMEOUT))
        conn.execute("select core.ensure_due_partitions()")


def plan_making(conn: Connection) -> list[Step]:
    """Return the tables with a problem, and the partitions missing for yesterday, today and the days ahead."""
    broken = conn.execute(query("partitions", "broken")).fetchall()
    missing = RawCursor(conn).execute(query("partitions", "missing"), ["stanchion"]).fetchall()
    return [Step(relation, None, None, "stuck", reason) for relation, reason in broken] + [
        Step(relation, day, None, "make", None) for relation, day in missing
    ]


def too_few_ahead(conn: Connection, days: int) -> list[str]:
    """Return the tables that lack a partition for one of the next days."""
    return [relation for (relation,) in RawCursor(conn).execute(query("partitions", "short"), [days]).fetchall()]


def ensure(conn: Connection, on_step: OnStep, on_result: OnResult, waits: Waits) -> None:
    """Make the missing partitions, each in its own transaction, so that a failed one does not undo the others."""
    require_deployed(conn)
    for result in partman.maintain(conn, waits.locks):
        log(conn, result)
        on_result(result)
    with as_owner(conn):
        for step in plan_making(conn):
            on_step(step)
            on_result(attempt(conn, step, waits, make if step.step == "make" else refuse))


def make(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    """Make the partition of a step, or attach the detached one that has its rows."""
    made = with_lock_retries(
        conn,
        waits,
        lambda: value(conn, "select core.ensure_partitions(%s::regclass, %s, %s)", [step.relation, step.day, step.day]),
    )
    if not made:
        return PartitionResult(step.relation, step.day, "made", "by another session")
    outcome = "reattached" if step.step in ("attach", "restore") else "made"
    return PartitionResult(step.relation, step.day, outcome, step.reason)
