"""A job worker that is killed between any two statements has decided each order completely or not at all."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg._connection_base import BaseConnection

from stanchion.jobs.worker import Options, run, run_once
from stanchion.server.locate import Server
from tests.sessions import Db
from tests.stock.shop import add_item, available, broken_promises, buy, order

FORK = multiprocessing.get_context("fork")
STEPS = 11  # commit, begin, tenant, lease, commit, begin, tenant, handler, complete, commit, next poll
WORKERS = "select pid from pg_stat_activity where application_name = 'stanchion' and usename = %s"


@pytest.fixture
def worker_login(make_login: Callable[..., str]) -> str:
    return make_login("stanchion_worker")


def server_of(login: str) -> Server:
    return Server(login, "--dsn", embedded=False, description="server of the test")


def as_bytes(statement: str | bytes) -> bytes:
    return statement.encode() if isinstance(statement, str) else statement


def stop_before(step: int, port: int, test: Connection) -> None:
    """Make this process wait for the test before the statement `step` that it sends after it has found a due queue.

    On a cluster the worker has a connection to each node. Only that to the node at the port is counted.
    """
    execute, command = psycopg.Connection.execute, BaseConnection._exec_command
    counted: Any = None
    left = step

    def count_down(conn: Any, statement: bytes) -> None:
        nonlocal counted, left
        if counted is None and b"due_queues" in statement and conn.info.port == port:
            counted = conn
            return
        if counted is not conn:
            return
        if left == 0:
            test.send("stopped")
            test.recv()
        left -= 1

    def stepping_execute(self: Any, statement: Any, *args: Any, **options: Any) -> Any:
        count_down(self, statement.as_bytes(self) if isinstance(statement, sql.Composable) else as_bytes(statement))
        return execute(self, statement, *args, **options)

    def stepping_command(self: Any, statement: Any, *args: Any, **options: Any) -> Any:
        count_down(self, as_bytes(statement))
        return (yield from command(self, statement, *args, **options))

    psycopg.Connection.execute, BaseConnection._exec_command = stepping_execute, stepping_command  # type: ignore[method-assign]


@contextmanager
def stopped_worker(login: str, step: int) -> Iterator[Connection]:
    """Start the real worker in another process, and yield when it has stopped before the statement `step`."""
    here, there = FORK.Pipe()
    port = int(psycopg.conninfo.conninfo_to_dict(login)["port"] or 5432)

    def work() -> None:
        here.close()
        stop_before(step, port, there)
        run(server_of(login), Options(poll=0.05), Event(), lambda done: None, lambda said: None)

    process = FORK.Process(target=work)
    process.start()
    there.close()
    try:
        assert here.poll(120), "the worker did not stop"
        assert here.recv() == "stopped"
        yield here
    finally:
        process.kill()
        process.join()
        here.close()


def wait_until(db: Db, statement: str, *values: Any) -> None:
    until = time.monotonic() + 120
    while not db.execute(statement, values).fetchone()[0]:
        assert time.monotonic() < until, statement
        time.sleep(0.02)


def states(db: Db) -> list[tuple[str, int]]:
    return db.execute("select state, count(*) from core.job_state group by state order by state").fetchall()


def order_three(shop: str, item: str, step: int) -> None:
    with psycopg.connect(shop, autocommit=True) as conn:
        for number, qty in enumerate((4, 4, 3)):
            assert order(conn, item, qty, f"{step} {number}") == "queued"


@pytest.mark.long
def test_worker_killed_between_any_two_statements(
    db: Db, shop: str, tenants: dict[str, str], worker_login: str
) -> None:
    item = add_item(db, tenants["ours"], 10 * STEPS)
    user = psycopg.conninfo.conninfo_to_dict(worker_login)["user"]
    seen = []
    for step in range(STEPS):
        order_three(shop, item, step)
        with stopped_worker(worker_login, step):
            pass
        wait_until(db, f"select not exists ({WORKERS})", user)
        assert broken_promises(db) == []
        seen.append({state: count for state, count in states(db) if state != "done"})
        # the lease expires, and another worker continues
        db.execute("update core.job set leased_until = now() where lease_id is not null")
        run_once(server_of(worker_login), Options(), Event(), lambda done: None)
        db.execute("update core.job set run_at = now()")
        run_once(server_of(worker_login), Options(), Event(), lambda done: None)
        assert states(db) == [("done", 3 * step + 3)]
        assert broken_promises(db) == []
    # ready until the lease commits, then leased until the completion commits
    assert seen == [{"ready": 3}] * 5 + [{"leased": 3}] * 5 + [{}]
    assert db.execute("select count(*) from stock.purchase").fetchone() == (3 * STEPS,)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([3, 4, 7, 9], id="before a lease, a handler and their commits"),
        pytest.param(range(STEPS), id="before every statement", marks=pytest.mark.exhaustive),
    ],
)
def test_backend_terminated_between_any_two_statements(
    steps: Sequence[int], db: Db, shop: str, tenants: dict[str, str], worker_login: str
) -> None:
    """The worker itself survives, connects again and decides the remaining orders."""
    db.execute("update core.queue set backoff = '0.1 s'")
    item = add_item(db, tenants["ours"], 10 * STEPS)
    user = psycopg.conninfo.conninfo_to_dict(worker_login)["user"]
    for number, step in enumerate(steps, 1):
        order_three(shop, item, step)
        with stopped_worker(worker_login, step) as worker:
            assert db.execute(
                f"select count(pg_terminate_backend(pid, 60000)) from ({WORKERS}) as w", [user]
            ).fetchone() == (1,)
            assert broken_promises(db) == []
            db.execute("update core.job set leased_until = now() where lease_id is not null")  # the lease expires
            worker.send("continue")
            wait_until(db, "select not exists (select 1 from core.job)")
        assert states(db) == [("done", 3 * number)]
        assert broken_promises(db) == []
        wait_until(db, f"select not exists ({WORKERS})", user)


def test_batch_terminated_while_it_runs_changes_nothing(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 10)
    with psycopg.connect(shop, autocommit=True) as conn:
        order(conn, item, 1, "k1")
    script = "import sys, psycopg; psycopg.connect(sys.argv[1]).execute('select stock.fulfil_batch()')"
    with psycopg.connect(shop) as holder:
        buy(holder, item, 1, "k2")  # makes the batch wait for the item, with its jobs leased and locked
        process = subprocess.Popen([sys.executable, "-c", script, shop], stderr=subprocess.DEVNULL)
        wait_until(db, "select exists (select from pg_locks where not granted)")
        db.execute("select pg_terminate_backend(pid, 60000) from pg_locks where not granted")
        assert process.wait(60) != 0
        holder.commit()
    assert states(db) == [("ready", 1)]
    assert available(db, item) == 9
    assert broken_promises(db) == []
    with psycopg.connect(shop, autocommit=True) as conn:
        assert conn.execute("select stock.fulfil_batch()").fetchone() == (1,)
    assert available(db, item) == 8


def test_statement_timeout_changes_neither_stock_nor_audit(db: Db, shop: str, tenants: dict[str, str]) -> None:
    item = add_item(db, tenants["ours"], 10)
    audited = "select count(*) from core.audit_log"
    before = db.execute(audited).fetchone()
    with psycopg.connect(shop) as holder, psycopg.connect(shop, autocommit=True) as conn:
        buy(holder, item, 1, "k1")
        conn.execute("set statement_timeout = '10ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            buy(conn, item, 1, "k2")
        holder.rollback()
        assert db.execute(audited).fetchone() == before
        assert available(db, item) == 10
        conn.execute("set statement_timeout = '60s'")
        assert buy(conn, item, 1, "k2") == "sold"
