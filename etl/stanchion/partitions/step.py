"""Steps on single partitions: their plan, their attempt and their result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from psycopg import RawCursor, errors, sql

from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed
from stanchion.server.locks import RetryPolicy, retry_on_lock

_OUTCOMES = {
    "make": "made",
    "expire": "dropped",
    "finish": "dropped",
    "drop": "dropped",
    "attach": "reattached",
    "restore": "reattached",
    "keep": "kept",
    "stuck": "failed",
}
_WAIT_ERRORS = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected)

T = TypeVar("T")


@dataclass(frozen=True)
class Waits:
    """How long a run waits for other sessions."""

    transactions: float = 60  # seconds, for transactions that use the table; other sessions can work during this wait
    locks: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True)
class Step:
    """A planned change of one partition."""

    relation: str
    day: date | None  # None when the problem concerns the whole table
    child: str | None  # qualified name of the partition, None before it exists
    step: str
    reason: str | None
    keeps: bool = False  # the partition is detached and kept instead of dropped

    @property
    def outcome(self) -> str:
        """Return the outcome of the step when it succeeds."""
        outcome = _OUTCOMES[self.step]
        return "detached" if self.keeps and outcome == "dropped" else outcome


@dataclass(frozen=True)
class PartitionResult:
    """The outcome of a step on one partition, or on a whole table when no day is known."""

    relation: str
    day: date | None
    outcome: str
    reason: str | None = None


OnStep = Callable[[Step], None]  # called before a step is attempted
OnResult = Callable[[PartitionResult], None]
Action = Callable[[Connection, Step, Waits], PartitionResult]


class _BusyError(Exception):
    """A transaction that uses the table did not end in time; the text describes the transaction."""


@contextmanager
def as_owner(conn: Connection) -> Iterator[None]:
    """Act as stanchion_owner, which owns the partitioned tables. Every DBA may do that."""
    require_deployed(conn)
    conn.execute("set role stanchion_owner")
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("reset role")


def attempt(conn: Connection, step: Step, waits: Waits, action: Action) -> PartitionResult:
    """Run one step and return its result. An error is logged and returned, so that the run goes on."""
    before = _holders(conn, step) if step.step != "keep" else {}
    try:
        return action(conn, step, waits)
    except _BusyError as e:
        result = PartitionResult(step.relation, step.day, "contended", str(e))
    except _WAIT_ERRORS as e:
        after = _holders(conn, step)
        # a transaction that was open both before and after the wait is the one that blocked it
        blockers = [after[key] for key in before if key in after] or list(after.values())
        reason = blockers[0] if blockers else f"a transaction that has ended since ({_message(e)})"
        result = PartitionResult(step.relation, step.day, "contended", reason)
    except errors.Error as e:
        if conn.broken:
            raise
        result = PartitionResult(step.relation, step.day, "failed", _message(e))
    log(conn, result)
    return result


def refuse(conn: Connection, step: Step, waits: Waits) -> PartitionResult:  # noqa: ARG001 - has the signature of Action
    """Log a step that must not or cannot be run: a partition that is kept, or a table with a problem."""
    result = PartitionResult(step.relation, step.day, step.outcome, step.reason)
    log(conn, result)
    return result


def log(conn: Connection, result: PartitionResult) -> None:
    """Write a result to core.partition_log."""
    conn.execute(
        "select core.log_partition(%s, %s, %s, %s)", [result.relation, result.day, result.outcome, result.reason]
    )


def detach(conn: Connection, step: Step, waits: Waits, mode: str) -> None:
    """Detach a partition in the mode `concurrently` or `finalize`.

    The statement holds no lock that other sessions wait for, so it may wait for them without a lock timeout. It starts
    only after the transactions that it would wait for have ended, so that no detach begins that cannot be finished.
    """
    _wait_for_transactions(conn, step, waits)
    with _settings(conn, lock_timeout="0", statement_timeout=f"{max(waits.transactions, 1) * 1000:.0f}"):
        conn.execute(detach_statement(step, mode))


def detach_statement(step: Step, mode: str = "") -> sql.Composed:
    """Return the `alter table ... detach partition ...` statement of a step."""
    return sql.SQL("alter table {} detach partition {} {}").format(
        sql.Identifier(*step.relation.split(".")),
        sql.SQL(str(step.child)),
        sql.SQL(mode),
    )


def with_lock_retries(conn: Connection, waits: Waits, work: Callable[[], T]) -> T:
    """Call `work` with the lock timeout of the policy, and retry it while a table is locked."""
    with _settings(conn, lock_timeout=waits.locks.lock_timeout_setting, statement_timeout="0"):
        return retry_on_lock(waits.locks, work)


def _holders(conn: Connection, step: Step) -> dict[str, str]:
    """Return the transactions that a step would wait for, the oldest first: id -> description."""
    needs_snapshots = step.step in ("finish", "restore")
    conn.execute("reset role")  # a superuser sees more of pg_stat_activity than the owner does
    try:
        return dict(
            RawCursor(conn)
            .execute(query("partitions", "holders"), [step.relation, step.child, needs_snapshots])
            .fetchall()
        )
    finally:
        conn.execute("set role stanchion_owner")


def _wait_for_transactions(conn: Connection, step: Step, waits: Waits) -> None:
    """Wait until every transaction that uses the partition now has ended; raise _BusyError after the allowed time."""
    until = time.monotonic() + waits.transactions
    now = first = _holders(conn, step)
    while still := [text for key, text in first.items() if key in now]:
        if time.monotonic() > until:
            raise _BusyError(still[0])
        time.sleep(0.1)
        now = _holders(conn, step)


@contextmanager
def _settings(conn: Connection, **settings: str) -> Iterator[None]:
    for name, text in settings.items():
        conn.execute("select set_config(%s, %s, false)", [name, text])
    try:
        yield
    finally:
        if not conn.broken:
            for name in settings:
                conn.execute(sql.SQL("reset {}").format(sql.Identifier(name)))


def _message(error: errors.Error) -> str:
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return f"{error.diag.message_primary or str(error).strip()}.{hint}"
