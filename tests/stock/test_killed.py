"""A job worker that is killed between any two statements has decided each order completely or not at all."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event
from typing import Any

import psycopg
import pytest

from stanchion.jobs.worker import Options, run_once
from stanchion.server.locate import Server
from tests.sessions import Db
from tests.stock.shop import add_item, available, broken_promises, buy, order

# The real worker, which stops before the nth statement that it sends after it has found a due queue.
WORKER = """
import sys
from threading import Event
import psycopg
from psycopg._connection_base import BaseConnection
from stanchion.server.locate import Server
from stanchion.jobs.worker import Options, run

left = None
execute, command = psycopg.Connection.execute, BaseConnection._exec_command

def step(what):
    global left
    if left is None:
        if b"due_queues" in what:
            left = int(sys.argv[2])
        return
    if left == 0:
        print("stopped", flush=True)
        sys.stdin.readline()
    left -= 1

def stepping_execute(self, statement, *args, **options):
    if isinstance(statement, str):
        statement = statement.encode()
    step(statement if isinstance(statement, bytes) else statement.as_bytes(self))
    return execute(self, statement, *args, **options)

def stepping_command(self, statement, *args, **options):
    step(bytes(statement))
    return (yield from command(self, statement, *args, **options))

psycopg.Connection.execute, BaseConnection._exec_command = stepping_execute, stepping_command
server = Server(sys.argv[1], "--dsn", embedded=False, description="server of the test")
run(server, Options(poll=0.05), Event(), lambda done: None, lambda said: None)
"""
STEPS = 11  # commit, begin, tenant, lease, commit, begin, tenant, handler, complete, commit, next poll
WORKERS = "select pid from pg_stat_activity where application_name = 'stanchion' and usename = %s"


@pytest.fixture
def worker_login(make_login: Callable[..., str]) -> str:
    return make_login("stanchion_worker")


def start(login: str, steps: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", WORKER, login, str(steps)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "stopped\n", process.stderr and process.stderr.read()


def wait_until(db: Db, statement: str, *values: Any) -> None:
    until = time.monotonic() + 15
    while not db.execute(statement, values).fetchone()[0]:
        assert time.monotonic() < until, statement
        time.sleep(0.02)


def states(db: Db) -> list[tuple[str, int]]:
    return db.execute("select state, count(*) from core.job_state group by state order by state").fetchall()


@pytest.mark.slow
@pytest.mark.long
def test_worker_killed_between_any_two_statements(
    db: Db, shop: str, tenants: dict[str, str], worker_login: str
) -> None:
    item = add_item(db, tenants["ours"], 10 * STEPS)
    server = Server(worker_login, "--dsn", embedded=False, description="server of the test")
    user = psycopg.conninfo.conninfo_to_dict(worker_login)["user"]
    seen = []
    for step in range(STEPS):
        with psycopg.connect(shop, autocommit=True) as conn:
            for qty in (4, 4, 3):
                assert order(conn, item, qty, f"{step} {qty} {time.monotonic_ns()}") == "queued"
        with start(worker_login, step) as process:
            wait_until_stopped(process)
            process.kill()
        wait_until(db, f"select not exists ({WORKERS})", user)
        assert broken_promises(db) == []
        seen.append(dict(states(db)).get("leased", 0) + 10 * dict(states(db)).get("ready", 0))
        # the lease expires, and another worker continues
        db.execute("update core.job set leased_until = now() where lease_id is not null")
        run_once(server, Options(), Event(), lambda done: None)
        db.execute("update core.job set run_at = now()")
        run_once(server, Options(), Event(), lambda done: None)
        assert states(db) == [("done", 3 * step + 3)]
        assert broken_promises(db) == []
    assert seen == [
        30,
        30,
        30,
        30,
        30,
        3,
        3,
        3,
        3,
        3,
        0,
    ]  # ready until the lease commits, then leased until the completion commits
    assert db.execute("select count(*) from stock.purchase").fetchone() == (3 * STEPS,)


@pytest.mark.slow
@pytest.mark.long
def test_backend_terminated_between_any_two_statements(
    db: Db, shop: str, tenants: dict[str, str], worker_login: str
) -> None:
    """The worker itself survives, connects again and decides the remaining orders."""
    db.execute("update core.queue set lease = '0.3 s', backoff = '0.1 s'")
    item = add_item(db, tenants["ours"], 10 * STEPS)
    user = psycopg.conninfo.conninfo_to_dict(worker_login)["user"]
    with ExitStack() as stack:
        for step in range(STEPS):
            with psycopg.connect(shop, autocommit=True) as conn:
                for qty in (4, 4, 3):
                    order(conn, item, qty, f"{step} {qty} {time.monotonic_ns()}")
            process = stack.enter_context(start(worker_login, step))
            stack.callback(process.kill)
            wait_until_stopped(process)
            assert db.execute(
                f"select count(pg_terminate_backend(pid, 5000)) from ({WORKERS}) as w", [user]
            ).fetchone() == (1,)
            assert broken_promises(db) == []
            print(file=process.stdin, flush=True)
            wait_until(db, "select not exists (select from core.job)")
            process.kill()
            assert states(db) == [("done", 3 * step + 3)]
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
        db.execute("select pg_terminate_backend(pid, 5000) from pg_locks where not granted")
        assert process.wait(10) != 0
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
        conn.execute("set statement_timeout = '10s'")
        assert buy(conn, item, 1, "k2") == "sold"
