"""Sessions over the limits of their role are listed, reported by doctor, and ended by an operator or a job worker."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from stanchion.access.analysts import add_analyst, revoke_analyst
from tests.conftest import PROGRAM, Cluster
from tests.sessions import Db

Run = Callable[..., Any]


@pytest.fixture
def analyst(db: Db, tenants: dict[str, str], cluster: Cluster) -> Iterator[str]:
    """Yield the connection string of an analyst of the tenant ours."""
    password = add_analyst(db, "greedy", ["ours"])
    yield make_conninfo(cluster.dsn(db.info.dbname), user="greedy", password=password)
    revoke_analyst(db, "greedy", [])


def limit(db: Db, **limits: float) -> None:
    for name, most in limits.items():
        db.execute(f"update ops.session_limit set {name} = {most:.9f} where role_name = 'stanchion_analyst'")


def ended(call: Run) -> dict[int, str]:
    """Enforce the limits, and return the reason of each session that was ended."""
    done = call("sessions", "enforce", "--json")
    assert done.code == 0, done.err
    return {row["pid"]: row["reason"] for row in json.loads(done.out)}


def wait_until(db: Db, condition: str, pid: int) -> None:
    until = time.monotonic() + 60
    while not db.execute(f"select {condition}", [pid]).fetchone()[0]:
        assert time.monotonic() < until, condition


def wait_for_end(db: Db, pid: int) -> None:
    wait_until(db, "not exists (select from pg_stat_activity where pid = %s)", pid)


@contextmanager
def waiting_for_table(db: Db, dsn: str) -> Iterator[None]:
    """Let another session wait for the table that the analyst reads."""
    with psycopg.connect(dsn) as other, ThreadPoolExecutor(1) as pool:
        other.execute("set lock_timeout = '60s'")
        waiting = pool.submit(other.execute, "lock table core.tenant in access exclusive mode")
        wait_until(db, "exists (select from pg_locks where not granted and pid = %s)", other.info.backend_pid)
        yield
        waiting.result()


READ = "select tenant_id from core.tenant"

OVER = {
    "transaction_s": ("begin; select 1", "a transaction open for"),
    "idle_s": ("begin; select 1", "been idle in a transaction for"),
    "xid_s": ("begin; select pg_current_xact_id()", "held back events for"),
    "blocking_s": (f"begin; {READ}", "kept other sessions waiting for"),
    "locks": (f"begin; {READ}", "locks (limit: 0.001)"),
    "connections_percent": ("select 1", "a connection at"),
    "notify_percent": ("listen news; begin; select 1", "the oldest transaction while the notification queue is"),
}


@pytest.mark.parametrize("name", OVER)
def test_a_session_over_a_limit_is_ended(name: str, db: Db, dsn: str, analyst: str, login: str, call: Run) -> None:
    statements, reason = OVER[name]
    with psycopg.connect(analyst, autocommit=True) as greedy, psycopg.connect(login) as other:
        other.execute("select pg_current_xact_id()")
        for statement in statements.split("; "):
            greedy.execute(statement)
        assert ended(call) == {}
        limit(db, **{name: 0.000001 if name == "notify_percent" else 0.001})
        pid = greedy.info.backend_pid
        if name == "blocking_s":
            with waiting_for_table(db, dsn):
                found = ended(call)
                wait_for_end(db, pid)
        else:
            for _ in range(3):
                db.execute("select pg_notify('news', repeat('x', 7900))")
            found = ended(call)
        assert found.keys() == {pid}
        assert reason in found[pid]
        with pytest.raises(psycopg.OperationalError):
            greedy.execute("select 1")
        assert other.execute("select 1").fetchone() == (1,), "a session of another role was ended"


def test_events_arrive_once_the_session_that_holds_them_back_is_ended(
    db: Db, analyst: str, login: str, call: Run
) -> None:
    with psycopg.connect(analyst, autocommit=True) as greedy, psycopg.connect(login, autocommit=True) as app:
        greedy.execute("begin; select pg_current_xact_id()")
        app.execute("select core.append_events('account', 'a', null, %s)", [Jsonb([{"type": "paid", "payload": 1}])])
        poll = "select version from core.poll_events('reader')"
        assert app.execute(poll).fetchall() == []
        rows = json.loads(call("sessions", "--json").out)
        (row,) = [row for row in rows if row["login"] == "greedy"]
        assert row["role"] == "analyst"
        assert row["holds_back"][0] == "events of later transactions"
        limit(db, xid_s=0.001)
        pid = greedy.info.backend_pid
        assert pid in ended(call)
        with pytest.raises(psycopg.OperationalError):
            greedy.execute("select 1")
        wait_for_end(db, pid)
        assert app.execute(poll).fetchall() == [(1,)]


def test_doctor_reports_a_session_before_its_limit(db: Db, analyst: str) -> None:
    alerts = "select problem, remedy from ops.alert where name = 'session_limits'"
    assert db.execute(alerts).fetchall() == []
    with psycopg.connect(analyst) as greedy:
        greedy.execute(READ)
        pid = greedy.info.backend_pid
        (locks,) = db.execute("select locks from ops.session where pid = %s", [pid]).fetchone()
        limit(db, locks=locks / 0.75)
        ((problem, remedy),) = db.execute(alerts).fetchall()
        assert problem.startswith(f"Session {pid} of greedy has {locks} locks (limit: ")
        assert f"pg_terminate_backend({pid})" in remedy
        limit(db, locks=locks / 1.5)
        ((_, remedy),) = db.execute(alerts).fetchall()
        assert "stanchion sessions enforce" in remedy


def test_a_dry_run_ends_no_session(db: Db, analyst: str, call: Run) -> None:
    with psycopg.connect(analyst) as greedy:
        greedy.execute("select 1")
        limit(db, transaction_s=0.001)
        done = call("sessions", "enforce", "--dry-run")
        assert f"Session {greedy.info.backend_pid} of greedy (stanchion_analyst) has a transaction open" in done.out
        assert greedy.execute("select 1").fetchone() == (1,)


def test_a_worker_of_an_operator_enforces_the_limits(db: Db, dsn: str, analyst: str) -> None:
    limit(db, xid_s=0.001)
    with psycopg.connect(analyst, autocommit=True) as greedy:
        greedy.execute("begin; select pg_current_xact_id()")
        environment = os.environ | {"DATABASE_URL": dsn}
        with subprocess.Popen(
            [PROGRAM, "worker", "run"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as worker:
            with pytest.raises(psycopg.OperationalError):
                greedy.execute("set statement_timeout = '60s'; select pg_sleep(600)")
            assert worker.stderr
            printed = next(line for line in worker.stderr if "greedy" in line)
            worker.terminate()
    assert "held back events" in printed
    assert "It was ended." in printed


def test_a_login_needs_two_privileges_to_end_sessions(
    db: Db, analyst: str, make_login: Callable[..., str], call: Run
) -> None:
    refused = call("sessions", "enforce", database_url=make_login("stanchion_worker"))
    assert refused.code == 1
    assert "grant pg_read_all_stats, pg_signal_backend to login_" in refused.err
    limit(db, transaction_s=0.001)
    with psycopg.connect(analyst, autocommit=True) as greedy:
        greedy.execute("begin; select 1")
        trusted = make_login("stanchion_worker", "pg_read_all_stats", "pg_signal_backend")
        done = call("sessions", "enforce", database_url=trusted)
        with pytest.raises(psycopg.OperationalError):
            greedy.execute("select 1")
    assert (done.code, "1 session ended." in done.out) == (0, True), done.err


def test_help_contains_the_default_limits(deployed_db: Db, call_help: str) -> None:
    for row in deployed_db.execute("select l.* from ops.session_limit as l"):
        for most in row[1:]:
            assert f" {most:f} " in call_help or f" {most:f}\n" in call_help, (row[0], most)


@pytest.fixture
def call_help() -> str:
    done = subprocess.run([PROGRAM, "sessions", "enforce", "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def test_operators_have_no_limits(db: Db, dsn: str, make_login: Callable[..., str], call: Run) -> None:
    db.execute("update ops.session_limit set transaction_s = 0.001")
    with psycopg.connect(dsn) as superuser, psycopg.connect(make_login("stanchion_dba")) as dba:
        superuser.execute("select 1")
        dba.execute("select 1")
        assert ended(call) == {}
