"""Runs over the partitions of a database: expire the due ones without blocking other sessions.

core.plan_expiry selects the due partitions in the database, so that a dry run, the status and a run cannot differ. The
steps are here because a function cannot run DETACH ... CONCURRENTLY, which refuses a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg import RawCursor, sql
from psycopg.rows import class_row

from stanchion.errors import StanchionError
from stanchion.partitions.ahead import make, plan_making
from stanchion.partitions.step import (
    Action,
    OnResult,
    OnStep,
    PartitionResult,
    Step,
    Waits,
    as_owner,
    attempt,
    detach,
    detach_statement,
    log,
    refuse,
    with_lock_retries,
)
from stanchion.paths import query
from stanchion.server.connection import Connection, value

ALERTS = ("contended", "failed")
LEAST_DAYS_AHEAD = 2  # with fewer days ahead, a run that must leave its work to another one fails
_DETACHING = ("expire", "finish", "restore")


@dataclass(frozen=True)
class OtherRun:
    """The session that has the lock of partition runs."""

    pid: int
    login: str | None
    connected_at: datetime | None  # None when this login may not see it
    application: str | None

    def __str__(self) -> str:
        since = f", connected since {self.connected_at:%Y-%m-%d %H:%M:%S} UTC" if self.connected_at else ""
        application = f" ({self.application})" if self.application else ""
        return f"session {self.pid} of {self.login or 'a dropped login'}{application}{since}"


@contextmanager
def only_run(conn: Connection) -> Iterator[OtherRun | None]:
    """Lock out other runs in this database; yield the session that has the lock, when there is one."""
    while not value(conn, "select pg_try_advisory_lock(core.partition_run_lock())"):
        cursor = conn.cursor(row_factory=class_row(OtherRun))
        if other := cursor.execute(query("partitions", "other_run")).fetchone():
            yield other
            return
    try:
        # the server notices within a second when this process is killed, and ends the statement
        conn.execute("set client_connection_check_interval = '1s'")
        yield None
    finally:
        if not conn.broken:
            conn.execute("select pg_advisory_unlock(core.partition_run_lock())")
            conn.execute("reset client_connection_check_interval")


def plan_expiry(conn: Connection) -> list[Step]:
    """Return the steps for partitions that are due or half detached."""
    rows = conn.execute("select relation, day, child, step, reason, keeps from core.plan_expiry()").fetchall()
    return [Step(*row) for row in rows]


def plan_run(conn: Connection) -> list[Step]:
    """Return the steps of a run that would start now, each partition once.

    Making a missing day attaches its detached partition, so that day is in both plans.
    """
    making, expiring = plan_making(conn), plan_expiry(conn)
    attaching = {(step.relation, step.day): step for step in expiring if step.step == "attach"}
    making = [attaching.get((step.relation, step.day), step) for step in making]
    half_way = {(step.relation, step.day) for step in expiring if step.step in ("finish", "restore")}
    return [step for step in making if (step.relation, step.day) not in half_way] + [
        step for step in expiring if step not in making
    ]


def expire(conn: Connection, on_step: OnStep, on_result: OnResult, waits: Waits) -> None:
    """Run the steps of core.plan_expiry. A partition that another session uses for too long waits for the next run."""
    with as_owner(conn):
        contended: dict[str, PartitionResult] = {}  # what blocks one partition of a table blocks the others too
        for step in plan_expiry(conn):
            first = contended.get(step.relation)
            if first and step.step in _DETACHING:
                result = PartitionResult(step.relation, step.day, first.outcome, first.reason)
                log(conn, result)
            else:
                on_step(step)
                result = attempt(conn, step, waits, _ACTIONS[step.step])
            if result.outcome == "contended" and step.step in _DETACHING:
                contended[step.relation] = result
            on_result(result)
        conn.execute("update core.partition_set set ran_at = core.clock() where to_regclass(relation) is not null")
        conn.execute("select core.trim_partition_log()")


def hold(conn: Connection, relation: str, reason: str | None) -> None:
    """Put a table under a legal hold, which keeps all its partitions; end the hold when `reason` is None."""
    with as_owner(conn):
        require_set(conn, relation)
        conn.execute("select core.hold_partitions(%s, %s)", [relation, reason])


def require_set(conn: Connection, relation: str) -> None:
    """Raise StanchionError unless the table is in core.partition_set."""
    known = [name for (name,) in conn.execute("select relation from core.partition_set order by relation").fetchall()]
    if relation not in known:
        raise StanchionError(f"{relation} is not a partitioned table; choose one of {', '.join(known)}.")


def plan_dropping(conn: Connection, relation: str | None, older_than: int) -> list[Step]:
    """Return the steps for the kept partitions, of one table or of all, that were detached so many days ago."""
    if relation is not None:
        require_set(conn, relation)
    rows = RawCursor(conn).execute(query("partitions", "expired"), [relation, older_than]).fetchall()
    return [Step(*row) for row in rows]


def drop_expired(conn: Connection, steps: list[Step], on_step: OnStep, on_result: OnResult, waits: Waits) -> None:
    """Drop expired partitions that are kept, each in its own transaction. A legal hold keeps them."""
    with as_owner(conn):
        for step in steps:
            on_step(step)
            on_result(attempt(conn, step, waits, _drop_expired if step.step == "drop" else refuse))


def _drop_expired(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    rows = with_lock_retries(
        conn, waits, lambda: conn.execute("select * from core.drop_expired(%s)", [step.child]).fetchall()
    )
    return PartitionResult(*rows[0])


def _drop(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    arguments = [step.relation, step.day, step.child]
    rows = with_lock_retries(
        conn, waits, lambda: conn.execute("select * from core.drop_detached(%s, %s, %s)", arguments).fetchall()
    )
    return PartitionResult(step.relation, step.day, *rows[0])


def _expire(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    named = "select core.former_days(%s, substring(%s from '^parts[.](.*)$'), null) is not null"
    if not value(conn, named, [step.relation, step.child]):
        _write_origin(conn, step, waits)
    if _detaches_concurrently(conn):
        detach(conn, step, waits, "concurrently")
    else:
        with_lock_retries(conn, waits, lambda: conn.execute(detach_statement(step)))
    return _drop(conn, step, waits)


def _finish(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    detach(conn, step, waits, "finalize")
    return _drop(conn, step, waits)


def _restore(conn: Connection, step: Step, waits: Waits) -> PartitionResult:
    detach(conn, step, waits, "finalize")
    return make(conn, step, waits)


_ACTIONS: dict[str, Action] = {
    "expire": _expire,
    "finish": _finish,
    "drop": _drop,
    "attach": make,
    "restore": _restore,
    "keep": refuse,
    "stuck": refuse,
}


def _detaches_concurrently(conn: Connection) -> bool:
    """Return whether the server supports DETACH ... CONCURRENTLY. Citus refuses it."""
    return not value(conn, "select exists (select from pg_extension where extname = 'citus')")


def _write_origin(conn: Connection, step: Step, waits: Waits) -> None:
    """Comment a partition whose name does not contain its days with its table and its days.

    core.detached_comment returns the comment; after the detach it is the only link to the table.
    """
    comment = value(
        conn, "select core.detached_comment(relation, day, until) from core.partition where child = %s", [step.child]
    )
    statement = sql.SQL("comment on table {} is {}").format(sql.SQL(str(step.child)), sql.Literal(comment))
    with_lock_retries(conn, waits, lambda: conn.execute(statement))
