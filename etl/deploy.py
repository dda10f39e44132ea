"""Deploying and reverting modules: one transaction for the module, its ledger row and the catalog after it."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from etl import catalog
from etl.database import Connection, is_deployed, value
from etl.errors import StanchionError
from etl.modules import Deployed, Module, Step, has_directive, make_plan, read_ledger
from etl.script import run_script

_LOCK = 0x57A9C410  # any constant: every deployer of Stanchion asks for this one
_LOCK_TIMEOUT = "3s"
_TRIES = 6

Say = Callable[[str], None]


@contextmanager
def deploy_lock(conn: Connection, wait_seconds: float, say: Say) -> Iterator[None]:
    """Be the only deployer of this database.

    The lock is asked for again and again and not waited for: a session that waits inside a query holds
    a snapshot, and CREATE INDEX CONCURRENTLY of the other deployer would wait for that for ever.
    """
    until, told = time.monotonic() + wait_seconds, False
    while not value(conn, "select pg_try_advisory_lock(%s)", [_LOCK]):
        if time.monotonic() > until:
            raise StanchionError(
                f"Another deployer has been at work for {wait_seconds:.0f} s; try again when it is done."
            )
        if not told:
            say("another deployer is at work; waiting for it")
            told = True
        time.sleep(0.2)
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def plan_deploy(conn: Connection, modules: list[Module], *, accept_drift: bool = False) -> list[Step]:
    """The steps to take; refused when the database is no longer what the last deploy left."""
    steps = make_plan(modules, read_ledger(conn))
    if steps and not accept_drift and (drift := catalog.drift(conn)):
        raise StanchionError(
            "The database is not what the last deploy left:\n  "
            + "\n  ".join(drift)
            + "\nUndo this by hand, or take it as it is with --accept-drift."
        )
    return steps


def deploy(conn: Connection, steps: list[Step], on_step: Callable[[Step], None]) -> None:
    """Take the steps, each in a transaction of its own."""
    for step in steps:
        on_step(step)
        if step.module.in_transaction:
            _with_retries(step.module.name, lambda step=step: _apply(conn, step))  # type: ignore[misc]
        else:
            _apply_without_transaction(conn, step)


def make_due_partitions(conn: Connection) -> None:
    """Today and the days ahead get their partitions; they are data, so no module makes them."""
    conn.execute("select core.ensure_due_partitions()")


def rehearse(conn: Connection, steps: list[Step], on_step: Callable[[Step], None]) -> None:
    """Take every step that has a transaction, then take all of it back."""
    with conn.transaction(force_rollback=True):
        for step in steps:
            on_step(step)
            if step.module.in_transaction:
                _apply(conn, step)


def plan_revert(conn: Connection, *, to: str | None, only: str | None) -> list[Deployed]:
    """The modules to take back, last first."""
    ledger = read_ledger(conn)
    for name in (to, only):
        if name not in (None, "nothing") and name not in ledger:
            raise StanchionError(f"{name} is not deployed; stanchion status lists what is.")
    if only:
        return [ledger[only]]
    deployed = list(ledger.values())
    keep = 0 if to == "nothing" else [row.name for row in deployed].index(str(to)) + 1
    return deployed[keep:][::-1]


def revert(conn: Connection, rows: list[Deployed], on_row: Callable[[Deployed], None]) -> None:
    for row in rows:
        on_row(row)
        if has_directive(row.revert_sql, "no-transaction"):
            _run_as(conn, f"{row.name}.revert.sql", row.revert_sql, local=False)
            _forget(conn, row, time.monotonic())
        else:
            _with_retries(row.name, lambda row=row: _take_back(conn, row))  # type: ignore[misc]


def _apply(conn: Connection, step: Step) -> None:
    started, module = time.monotonic(), step.module
    with conn.transaction():
        conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        transaction = value(conn, "select pg_current_xact_id()")
        if step.undo_first:
            _run_as(conn, f"{module.name} (as deployed)", step.undo_first)
        _run_as(conn, module.path, module.text)
        if value(conn, "select pg_current_xact_id()") != transaction:
            raise StanchionError(f"{module.path} ended the transaction it ran in; what it did before that stayed.")
        _record(conn, step, "deployed", started)


def _apply_without_transaction(conn: Connection, step: Step) -> None:
    started = time.monotonic()
    _record(conn, step, "running", started, with_catalog=False)
    # no lock_timeout: a concurrent index build that is cancelled leaves an invalid index
    _run_as(conn, step.module.path, step.module.text, local=False)
    with conn.transaction():
        _record(conn, step, "deployed", started)


def _take_back(conn: Connection, row: Deployed) -> None:
    started = time.monotonic()
    with conn.transaction():
        conn.execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        _run_as(conn, f"{row.name}.revert.sql", row.revert_sql)
        _forget(conn, row, started)


def _run_as(conn: Connection, path: Any, text: str, *, local: bool = True) -> None:
    """Run a script as the owner of everything, or as the deployer where its first lines ask for that."""
    as_owner = not has_directive(text, "as-deployer")
    if as_owner:
        conn.execute(f"set {'local' if local else 'session'} role stanchion_owner")
    try:
        run_script(conn, path, text)
    finally:
        if as_owner and not conn.broken and conn.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            conn.execute("reset role")


def _record(conn: Connection, step: Step, state: str, started: float, *, with_catalog: bool = True) -> None:
    module = step.module
    conn.execute(
        """
        insert into core.module_ledger (name, sort_key, checksum, revert_sql, state) values (%s, %s, %s, %s, %s)
        on conflict (name) do update set sort_key = excluded.sort_key, checksum = excluded.checksum,
            revert_sql = excluded.revert_sql, state = excluded.state,
            deployed_at = excluded.deployed_at, deployed_by = excluded.deployed_by
        """,
        [module.name, module.sort_key, module.checksum, module.revert_text, state],
    )
    if with_catalog:
        _log(conn, step.action, module.name, module.checksum, started)
        catalog.record(conn)


def _forget(conn: Connection, row: Deployed, started: float) -> None:
    if not is_deployed(conn):
        return  # the ledger's own module was the last to go
    conn.execute("delete from core.module_ledger where name = %s", [row.name])
    _log(conn, "revert", row.name, row.checksum, started)
    catalog.record(conn)


def _log(conn: Connection, action: str, name: str, checksum: str, started: float) -> None:
    conn.execute(
        "insert into core.module_event (action, name, checksum, milliseconds) values (%s, %s, %s, %s)",
        [action, name, checksum, round((time.monotonic() - started) * 1000)],
    )


def _with_retries(name: str, attempt: Callable[[], None]) -> None:
    """Try again when a table is locked: a short wait each time, so that nobody queues behind us for long."""
    for tried in range(1, _TRIES + 1):
        try:
            attempt()
            break
        except errors.LockNotAvailable as e:
            if tried == _TRIES:
                raise StanchionError(
                    f"{name}: a table it needs stayed locked through {_TRIES} tries ({e.diag.message_primary}); "
                    "nothing of it was done. Find who holds it in pg_stat_activity and try again."
                ) from e
            time.sleep(random.uniform(0.5, 1.5) * tried)  # noqa: S311 - jitter, not a secret
