"""Deploy and revert modules: one transaction per module, its ledger row and the catalog record after it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
from psycopg import errors

from stanchion.cluster.nodes import prepare_session, state_of
from stanchion.deploy import catalog
from stanchion.deploy.modules import Deployed, Module, Step, has_directive, make_plan, read_ledger
from stanchion.deploy.script import ScriptError, run_script
from stanchion.errors import StanchionError
from stanchion.server.connection import Connection, is_deployed, only_one, value
from stanchion.server.locks import RetryPolicy, retry_on_lock

_CLUSTER = "core/0027_cluster"  # the module whose table contains the state of the cluster
_LOCK = 0x57A9C410  # an arbitrary constant: the advisory lock of every deployer

Say = Callable[[str], None]


RETRY = RetryPolicy(lock_timeout=3, tries=6, pause=1.0)


@contextmanager
def deploy_lock(conn: Connection, wait_seconds: float, say: Say) -> Iterator[None]:
    """Hold the lock of the only deployer of this database. On a cluster, the session gets the settings it needs."""
    with only_one(conn, _LOCK, "deployer", wait_seconds, say):
        prepare_session(conn)
        yield


def plan_deploy(conn: Connection, modules: list[Module], *, accept_drift: bool = False) -> list[Step]:
    """Return the steps of a deploy. Refuse when the database differs from the catalog record of the last deploy."""
    steps = make_plan(modules, read_ledger(conn))
    if not accept_drift:
        _refuse_drift(conn)
    return steps


def accept_drift(conn: Connection) -> list[str]:
    """Record the catalog as it is now, and return the differences from the last deploy."""
    drift = catalog.drift(conn)
    if drift:
        catalog.record(conn)
    return drift


def deploy(conn: Connection, steps: list[Step], on_step: Callable[[Step], None], retry: RetryPolicy = RETRY) -> None:
    """Run the steps, each in a transaction of its own.

    The first deploy records the catalog once, at its end, which takes a tenth of the time: nothing could differ yet.
    """
    records = catalog.is_recorded(conn)
    try:
        for step in steps:
            on_step(step)
            if step.module.in_transaction or step.action == "mend":
                apply = partial(_apply, conn, step, retry, with_catalog=records)
                _with_retries(step.module.name, retry, apply)
            else:
                _apply_without_transaction(conn, step, with_catalog=records)
    finally:
        if _is_usable(conn) and is_deployed(conn) and not (records and catalog.is_comparable(conn)):
            catalog.record(conn)


def rehearse(conn: Connection, steps: list[Step], on_step: Callable[[Step], None], retry: RetryPolicy = RETRY) -> None:
    """Run every step that has a transaction, then roll all of them back. Their locks are held until then."""
    once = replace(retry, tries=1)
    with conn.transaction(force_rollback=True):
        for step in steps:
            on_step(step)
            if step.module.in_transaction or step.action == "mend":
                _with_retries(step.module.name, once, partial(_apply, conn, step, once, with_catalog=False))


def plan_revert(conn: Connection, *, to: str | None, only: str | None, accept_drift: bool = False) -> list[Deployed]:
    """Return the modules to revert, the last one first. Refuse on drift, which the next catalog record would hide."""
    ledger = read_ledger(conn)
    named = only or to
    if named not in ledger and (only or to != "nothing"):
        raise StanchionError(f"{named} is not deployed; stanchion status lists the deployed modules.")
    half_way = any(row.state == "running" for row in ledger.values())  # such a database differs by the module to revert
    if not accept_drift and not half_way:
        _refuse_drift(conn)
    if only:
        return [ledger[only]]
    deployed = list(ledger.values())
    keep = 0 if to == "nothing" else [row.name for row in deployed].index(str(to)) + 1
    reverted = deployed[keep:][::-1]
    if state_of(conn) and any(row.name == _CLUSTER for row in reverted):
        raise StanchionError(f"{_CLUSTER} cannot be reverted on a cluster; run first: stanchion cluster undo")
    return reverted


def revert(
    conn: Connection, rows: list[Deployed], on_row: Callable[[Deployed], None], retry: RetryPolicy = RETRY
) -> None:
    """Revert modules, each in a transaction of its own, with the revert text that was kept at its deploy."""
    for row in rows:
        on_row(row)
        try:
            if has_directive(row.revert_sql, "no-transaction"):
                _revert_without_transaction(conn, row)
            else:
                _with_retries(row.name, retry, lambda row=row: _revert_one(conn, row, retry))  # type: ignore[misc]
        except ScriptError as e:
            if isinstance(e.__cause__, errors.DependentObjectsStillExist):
                raise StanchionError(_needed_by(row, e.__cause__)) from e
            raise


def _refuse_drift(conn: Connection) -> None:
    if drift := catalog.drift(conn):
        raise StanchionError(
            "The database differs from the last deploy:\n  "
            + "\n  ".join(drift)
            + "\nUndo these changes by hand, or accept them with --accept-drift."
        )


def _needed_by(row: Deployed, error: errors.Error) -> str:
    needs = (error.diag.message_detail or error.diag.message_primary or "").splitlines()
    more = f" and {len(needs) - 3} more" if len(needs) > 3 else ""
    return f"{row.name} cannot be reverted while other objects need it: {'; '.join(needs[:3])}{more}."


def _apply(conn: Connection, step: Step, retry: RetryPolicy, *, with_catalog: bool) -> None:
    started, module = time.monotonic(), step.module
    with conn.transaction():
        conn.execute(f"set local lock_timeout = '{retry.lock_timeout_setting}'")
        if step.action != "mend":
            with _still_one_transaction(conn, module.path):
                if step.undo_first:
                    _run_as(conn, f"{module.name} (as deployed)", step.undo_first)
                _run_as(conn, module.path, module.text)
        _record(conn, step, started, with_catalog=with_catalog)


def _apply_without_transaction(conn: Connection, step: Step, *, with_catalog: bool) -> None:
    started, name = time.monotonic(), step.module.name
    _enter(conn, step.module, "running")
    try:
        _run_unhurried(conn, step.module.path, step.module.text)
    except (ScriptError, errors.DeadlockDetected) as e:
        raise StanchionError(
            f"{e}\n{name} ran without a transaction, so a part of it may exist; correct the cause, "
            f"run: stanchion revert --only {name}, and deploy again."
        ) from e
    with conn.transaction():
        _record(conn, step, started, with_catalog=with_catalog)


def _revert_one(conn: Connection, row: Deployed, retry: RetryPolicy) -> None:
    started, name = time.monotonic(), f"{row.name} (revert)"
    with conn.transaction():
        conn.execute(f"set local lock_timeout = '{retry.lock_timeout_setting}'")
        with _still_one_transaction(conn, name):
            _run_as(conn, name, row.revert_sql)
        _forget(conn, row, started)


def _revert_without_transaction(conn: Connection, row: Deployed) -> None:
    started = time.monotonic()
    conn.execute("update core.module_ledger set state = 'running' where name = %s", [row.name])
    _run_unhurried(conn, f"{row.name} (revert)", row.revert_sql)
    with conn.transaction():
        _forget(conn, row, started)


@contextmanager
def _still_one_transaction(conn: Connection, path: Any) -> Iterator[None]:
    """Refuse a script that passed the check of its text and still ended its transaction."""
    transaction = value(conn, "select pg_current_xact_id()")
    yield
    if value(conn, "select pg_current_xact_id()") != transaction:
        raise StanchionError(f"{path} ended its transaction; its statements before that are committed.")


def _run_unhurried(conn: Connection, path: Any, text: str) -> None:
    """Run a statement that cannot run in a transaction. No timeout cancels it, since a part of it would stay."""
    limits = ("lock_timeout", "statement_timeout")
    try:
        for limit in limits:
            conn.execute(f"set {limit} = 0")
        _run_as(conn, path, text, local=False)
    finally:
        if not conn.broken:
            for limit in limits:
                conn.execute(f"reset {limit}")


def _run_as(conn: Connection, path: Any, text: str, *, local: bool = True) -> None:
    """Run a script as the owner of every object, or as the deployer when it has the directive as-deployer."""
    as_owner = not has_directive(text, "as-deployer")
    if as_owner:
        conn.execute(f"set {'local' if local else 'session'} role stanchion_owner")
    try:
        run_script(conn, path, text)
    finally:
        if as_owner and _is_usable(conn):
            conn.execute("reset role")


def _is_usable(conn: Connection) -> bool:
    return not conn.broken and conn.info.transaction_status != psycopg.pq.TransactionStatus.INERROR


def _record(conn: Connection, step: Step, started: float, *, with_catalog: bool) -> None:
    _enter(conn, step.module, "deployed")
    _log(conn, step.action, step.module.name, step.module.checksum, started)
    if with_catalog:
        catalog.record(conn)


def _enter(conn: Connection, module: Module, state: str) -> None:
    conn.execute(
        """
        insert into core.module_ledger (name, sort_key, checksum, revert_sql, state) values (%s, %s, %s, %s, %s)
        on conflict (name) do update set sort_key = excluded.sort_key, checksum = excluded.checksum,
            revert_sql = excluded.revert_sql, state = excluded.state,
            deployed_at = excluded.deployed_at, deployed_by = excluded.deployed_by
        """,
        [module.name, module.sort_key, module.checksum, module.revert_text, state],
    )


def _forget(conn: Connection, row: Deployed, started: float) -> None:
    if not is_deployed(conn):
        return  # the module of the ledger itself is reverted last
    conn.execute("delete from core.module_ledger where name = %s", [row.name])
    _log(conn, "revert", row.name, row.checksum, started)
    catalog.record(conn)


def _log(conn: Connection, action: str, name: str, checksum: str, started: float) -> None:
    conn.execute(
        "insert into core.module_event (action, name, checksum, milliseconds) values (%s, %s, %s, %s)",
        [action, name, checksum, round((time.monotonic() - started) * 1000)],
    )


def _with_retries(name: str, retry: RetryPolicy, attempt: Callable[[], None]) -> None:
    try:
        retry_on_lock(retry, attempt)
    except (errors.LockNotAvailable, errors.DeadlockDetected) as e:
        times = "one try" if retry.tries == 1 else f"{retry.tries} tries"
        raise StanchionError(
            f"{name}: a table it needs stayed locked through {times} ({e.diag.message_primary}); "
            "nothing of it was done. Find who holds it in pg_stat_activity and try again."
        ) from e
