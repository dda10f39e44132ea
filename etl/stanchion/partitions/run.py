"""Partitions by day: making those ahead, and expiring what is past its time without stopping anybody.

What is to be done is decided in the database (core.plan_expiry), so that a dry run, status and the run
itself cannot differ. Here is what a function cannot do: DETACH ... CONCURRENTLY has no transaction.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from psycopg import RawCursor, errors, sql

from stanchion.errors import StanchionError
from stanchion.partitions import partman
from stanchion.paths import query
from stanchion.server.connection import Connection, require_deployed, value

ALERTS = ("contended", "failed")
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
_DETACHING = ("expire", "finish", "restore")
_WAITING = (errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected)


@dataclass(frozen=True)
class Patience:
    """How a run waits. Nobody else waits while it waits for transactions to end; behind a lock they would."""

    wait: float = 60  # seconds, for transactions that have the table open
    lock: float = 1  # seconds, for a lock
    tries: int = 5
    pause: float = 0.5  # seconds after the first try, twice that after the second, and so on


@dataclass(frozen=True)
class Step:
    """What is to be done to a day, and what will then be said of it."""

    relation: str
    day: date | None  # None for what is wrong with the whole table
    child: str | None
    step: str
    reason: str | None

    @property
    def outcome(self) -> str:
        return _OUTCOMES[self.step]


@dataclass(frozen=True)
class Done:
    """What became of a day, or of a table where there is no day to name."""

    relation: str
    day: date | None
    outcome: str
    reason: str | None = None


T = TypeVar("T")


class _HeldError(Exception):
    """A transaction that does not end; the text says whose."""


Tell = Callable[[Step], None]
Report = Callable[[Done], None]


@contextmanager
def as_owner(conn: Connection) -> Iterator[None]:
    """Act as the owner of the tables, as every DBA may."""
    require_deployed(conn)
    conn.execute("set role stanchion_owner")
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("reset role")


@contextmanager
def only_run(conn: Connection) -> Iterator[bool]:
    """Be the only run in this database; False when there is one already."""
    if not value(conn, "select pg_try_advisory_lock(core.partition_run_lock())"):
        yield False
        return
    try:
        conn.execute("set client_connection_check_interval = '1s'")  # a killed run does not go on for long
        yield True
    finally:
        if not conn.broken:
            conn.execute("select pg_advisory_unlock(core.partition_run_lock())")
            conn.execute("reset client_connection_check_interval")


def plan_making(conn: Connection) -> list[Step]:
    """What is wrong with a table as a whole, and the days that are missing: of yesterday, today and the days ahead."""
    broken = conn.execute(query("partitions", "broken")).fetchall()
    missing = RawCursor(conn).execute(query("partitions", "missing"), ["stanchion"]).fetchall()
    return [Step(relation, None, None, "stuck", reason) for relation, reason in broken] + [
        Step(relation, day, None, "make", None) for relation, day in missing
    ]


def plan_expiry(conn: Connection) -> list[Step]:
    """What is due or half-way."""
    rows = conn.execute("select relation, day, child, step, reason from core.plan_expiry()").fetchall()
    return [Step(*row) for row in rows]


def plan_run(conn: Connection) -> list[Step]:
    """What a run would do now. A detached day of the near future is put back by making it, so it is told once."""
    making, expiring = plan_making(conn), plan_expiry(conn)
    back = {(step.relation, step.day): step for step in expiring if step.step == "attach"}
    making = [back.get((step.relation, step.day), step) for step in making]
    half_way = {(step.relation, step.day) for step in expiring if step.step in ("finish", "restore")}
    return [step for step in making if (step.relation, step.day) not in half_way] + [
        step for step in expiring if step not in making
    ]


def ensure(conn: Connection, tell: Tell, report: Report, patience: Patience) -> None:
    """Make the missing days, each in a transaction of its own, so that one that fails undoes no other."""
    require_deployed(conn)
    for done in partman.maintain(conn, patience.lock):
        report(Done(*done))
    with as_owner(conn):
        for step in plan_making(conn):
            tell(step)
            report(_attempt(conn, step, patience, _ACTIONS[step.step]))


def expire(conn: Connection, tell: Tell, report: Report, patience: Patience) -> None:
    """Do what core.plan_expiry says. What somebody holds is left for the next run."""
    with as_owner(conn):
        held_up: dict[str, Done] = {}  # who holds one day of a table holds the others too
        for step in plan_expiry(conn):
            first = held_up.get(step.relation)
            if first and step.step in _DETACHING:
                done = Done(step.relation, step.day, first.outcome, first.reason)
                _log(conn, done)
            else:
                tell(step)
                done = _attempt(conn, step, patience, _ACTIONS[step.step])
            if done.outcome == "contended" and step.step in _DETACHING:
                held_up[step.relation] = done
            report(done)
        conn.execute("update core.partition_set set ran_at = core.clock() where to_regclass(relation) is not null")
        conn.execute("select core.trim_partition_log()")


def hold(conn: Connection, relation: str, reason: str | None) -> None:
    """Keep everything of a table until further notice, or lift that."""
    with as_owner(conn):
        try:
            conn.execute("select core.hold_partitions(%s, %s)", [relation, reason])
        except errors.UndefinedObject as e:
            sets = conn.execute("select relation from core.partition_set order by relation").fetchall()
            raise StanchionError(
                f"There is no partitioned table {relation}: there is {', '.join(name for (name,) in sets)}."
            ) from e


def _attempt(
    conn: Connection, step: Step, patience: Patience, action: Callable[[Connection, Step, Patience], Done]
) -> Done:
    """One step, as what came of it: refused steps are reported and logged, and the run goes on."""
    before = _holders(conn, step) if step.step != "keep" else {}
    try:
        return action(conn, step, patience)
    except _HeldError as e:
        done = Done(step.relation, step.day, "contended", str(e))
    except _WAITING as e:
        after = _holders(conn, step)
        # a transaction that was there before the wait and still is after it
        who = [after[key] for key in before if key in after] or list(after.values())
        done = Done(step.relation, step.day, "contended", who[0] if who else f"nobody any more ({_said(e)})")
    except errors.Error as e:
        if conn.broken:
            raise
        done = Done(step.relation, step.day, "failed", _said(e))
    _log(conn, done)
    return done


def _holders(conn: Connection, step: Step) -> dict[str, str]:
    """Transactions that a step would wait for, each with a sentence about it, the oldest first."""
    finishing = step.step in ("finish", "restore")
    conn.execute("reset role")  # a superuser is told more than the owner
    try:
        return dict(
            RawCursor(conn).execute(query("partitions", "holders"), [step.relation, step.child, finishing]).fetchall()
        )
    finally:
        conn.execute("set role stanchion_owner")


def _wait_for_quiet(conn: Connection, step: Step, patience: Patience) -> None:
    """Wait for the transactions that a detach would wait for, so that none is begun that cannot be finished."""
    until = time.monotonic() + patience.wait
    now = first = _holders(conn, step)
    while still := [text for key, text in first.items() if key in now]:
        if time.monotonic() > until:
            raise _HeldError(still[0])
        time.sleep(0.1)
        now = _holders(conn, step)


def _make(conn: Connection, step: Step, patience: Patience) -> Done:
    made = _retry(
        conn,
        patience,
        lambda: value(conn, "select core.ensure_partitions(%s::regclass, %s, %s)", [step.relation, step.day, step.day]),
    )
    former = step.step in ("attach", "restore")
    if not made:
        return Done(step.relation, step.day, "made", "by somebody else")
    return Done(step.relation, step.day, "reattached" if former else "made", step.reason)


def _drop(conn: Connection, step: Step, patience: Patience) -> Done:
    asked = [step.relation, step.day, step.child]
    rows = _retry(
        conn, patience, lambda: conn.execute("select * from core.drop_detached(%s, %s, %s)", asked).fetchall()
    )
    return Done(step.relation, step.day, *rows[0])


def _expire(conn: Connection, step: Step, patience: Patience) -> Done:
    if not value(conn, "select starts_with(%s, 'parts.')", [step.child]):
        _mark(conn, step, patience)
    if _detaches_concurrently(conn):
        _detach(conn, step, patience, "concurrently")
    else:
        _retry(conn, patience, lambda: conn.execute(_detaching(step, "")))
    return _drop(conn, step, patience)


def _finish(conn: Connection, step: Step, patience: Patience) -> Done:
    _detach(conn, step, patience, "finalize")
    return _drop(conn, step, patience)


def _restore(conn: Connection, step: Step, patience: Patience) -> Done:
    _detach(conn, step, patience, "finalize")
    return _make(conn, step, patience)


def _refuse(conn: Connection, step: Step, patience: Patience) -> Done:  # noqa: ARG001 - an action like the others
    done = Done(step.relation, step.day, step.outcome, step.reason)
    _log(conn, done)
    return done


_ACTIONS = {
    "make": _make,
    "expire": _expire,
    "finish": _finish,
    "drop": _drop,
    "attach": _make,
    "restore": _restore,
    "keep": _refuse,
    "stuck": _refuse,
}


def _detaches_concurrently(conn: Connection) -> bool:
    """Citus refuses it."""
    return not value(conn, "select exists (select from pg_extension where extname = 'citus')")


def _mark(conn: Connection, step: Step, patience: Patience) -> None:
    """Write on a partition that has a foreign name what it was; see core.leaving."""
    comment = value(conn, "select core.leaving(%s, %s)", [step.relation, step.day])
    statement = sql.SQL("comment on table {} is {}").format(sql.SQL(str(step.child)), sql.Literal(comment))
    _retry(conn, patience, lambda: conn.execute(statement))


def _detach(conn: Connection, step: Step, patience: Patience, how: str) -> None:
    """The statement holds no lock that others wait for, so it may wait for them as long as it likes."""
    _wait_for_quiet(conn, step, patience)
    with _settings(conn, lock_timeout="0", statement_timeout=f"{max(patience.wait, 1) * 1000:.0f}"):
        conn.execute(_detaching(step, how))


def _detaching(step: Step, how: str) -> sql.Composed:
    return sql.SQL("alter table {} detach partition {} {}").format(
        sql.Identifier(*step.relation.split(".")),
        sql.SQL(str(step.child)),
        sql.SQL(how),
    )


def _retry(conn: Connection, patience: Patience, attempt: Callable[[], T]) -> T:
    """Behind a lock others queue, so ask for it shortly and again."""
    with _settings(conn, lock_timeout=f"{patience.lock * 1000:.0f}", statement_timeout="0"):
        for tried in range(1, patience.tries + 1):
            try:
                return attempt()
            except (errors.LockNotAvailable, errors.DeadlockDetected):
                if tried == patience.tries:
                    raise
                time.sleep(random.uniform(0.5, 1.5) * patience.pause * tried)  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


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


def _log(conn: Connection, done: Done) -> None:
    conn.execute("select core.log_partition(%s, %s, %s, %s)", [done.relation, done.day, done.outcome, done.reason])


def _said(error: errors.Error) -> str:
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    return f"{error.diag.message_primary or str(error).strip()}.{hint}"
