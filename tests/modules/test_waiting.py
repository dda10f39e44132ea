"""Deployers run one after the other, and a locked table delays the deploy and no other session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stanchion.deploy import catalog
from stanchion.deploy.runner import deploy_lock, plan_deploy, rehearse
from stanchion.errors import StanchionError
from stanchion.server.locks import RetryPolicy

from .conftest import Checkout, Run, exists, ledger, wait_until

IMPATIENT = RetryPolicy(lock_timeout=0.2, tries=3, pause=0.05)
COLUMN = ("9001_motto", "alter table core.tenant add column motto text;", "alter table core.tenant drop column motto;")


@contextmanager
def holding(dsn: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Another session in the middle of a transaction."""
    with psycopg.connect(dsn) as conn:
        conn.execute(statement)
        yield conn


@pytest.fixture
def start(stanchion: Callable[..., Any], checkout: Checkout) -> Iterator[Callable[..., Future[Any]]]:
    """Start a command in a process of its own."""
    with ThreadPoolExecutor(4) as pool:
        yield lambda *args: pool.submit(stanchion, *args, STANCHION_ROOT=str(checkout.root))


WAITING_DEPLOYER = "query like '%pg_try_advisory_lock%' and state = 'idle'"  # its last answer was no


def wait_for_sessions(db: psycopg.Connection[Any], *conditions: str) -> None:
    """Wait until a session of the database meets each condition on pg_stat_activity."""
    of_others = "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and "
    for condition in conditions:
        wait_until(lambda each=condition: db.execute(of_others + each).rowcount > 0, condition)  # type: ignore[misc]


def test_one_of_two_deployers_does_it_and_the_other_waits(
    start: Callable[..., Future[Any]], checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    gate = "do $$ begin while not pg_try_advisory_xact_lock(9001) loop perform pg_sleep(0.01); end loop; end $$;"
    checkout.add("9001_slow", f"create table core.slow (); {gate}", "drop table core.slow;")
    with holding(dsn, "select pg_advisory_lock(9001)"):
        both = [start("deploy"), start("deploy")]
        wait_for_sessions(db, "query like 'create table core.slow%'", WAITING_DEPLOYER)
    done = [one.result() for one in both]
    assert [one.code for one in done] == [0, 0], done
    assert sorted("Up to date" in one.out for one in done) == [False, True]
    assert sorted("another deployer is running; waiting for it" in one.err for one in done) == [False, True]
    assert exists(db, "core.slow")


def test_a_deployer_that_waits_does_not_hold_up_a_concurrent_index(
    start: Callable[..., Future[Any]], checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add(
        "9001_index",
        "-- no-transaction\ncreate index concurrently tenant_by_name on core.tenant (name);",
        "-- no-transaction\ndrop index concurrently if exists core.tenant_by_name;",
    )
    with holding(dsn, "lock core.tenant in row exclusive mode"):  # the index waits for this, and for every snapshot
        both = [start("deploy"), start("deploy")]
        index_waits = "query like '%create index concurrently%' and wait_event_type = 'Lock'"
        wait_for_sessions(db, index_waits, WAITING_DEPLOYER)
        assert ledger(db)["core/9001_index"] == "running"
        assert not any(one.done() for one in both)
    assert [one.result().code for one in both] == [0, 0], [one.result() for one in both]
    assert db.execute(
        "select indisvalid from pg_index where indexrelid = 'core.tenant_by_name'::regclass"
    ).fetchone() == (True,)
    assert catalog.drift(db) == []


def test_who_does_not_want_to_wait_gets_a_sentence(run: Run, db: psycopg.Connection[Any]) -> None:
    with deploy_lock(db, 0, print):
        done = run("deploy", "--wait", "1")
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "Error: Another deployer is still running after 1 s; try again when it has finished."
    )


@pytest.fixture
def tries(checkout: Checkout, db: psycopg.Connection[Any]) -> Callable[[], int]:
    """Add a module that needs a lock on core.tenant, and return a function that counts the tries to run it."""
    db.execute("create sequence public.tries minvalue 0 start 0; grant usage on sequence public.tries to public")
    name, deploy, revert = COLUMN
    checkout.add(name, f"select nextval('public.tries'); {deploy}", revert)
    db.execute("select nextval('public.tries')")
    return lambda: int(db.execute("select last_value from public.tries").fetchone()[0])  # type: ignore[index]


def test_a_locked_table_is_waited_for_shortly_and_again(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str, tries: Callable[[], int]
) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(dsn, autocommit=True) as deployer,
        holding(dsn, "select count(*) from core.tenant") as holder,
    ):
        deploying = pool.submit(checkout.deploy, deployer, RetryPolicy(lock_timeout=0.1, tries=10_000, pause=0.0001))
        wait_until(lambda: tries() >= 3, "the third try")
        holder.rollback()
        deploying.result()
    assert ledger(db)["core/9001_motto"] == "deployed"
    assert catalog.drift(db) == []


def test_a_table_that_stays_locked_is_given_up_with_a_sentence(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str, tries: Callable[[], int]
) -> None:
    started = time.monotonic()
    with (
        holding(dsn, "select count(*) from core.tenant"),
        pytest.raises(
            StanchionError, match="core/9001_motto: a table it needs stayed locked through 3 tries"
        ) as gave_up,
    ):
        checkout.deploy(db, IMPATIENT)
    assert "Find who holds it in pg_stat_activity and try again." in str(gave_up.value)
    assert time.monotonic() - started >= 0.6, "each try waits for 0.2 s"
    assert tries() == 3
    assert "core/9001_motto" not in ledger(db)
    checkout.deploy(db)


def test_a_dry_run_behind_a_lock_is_a_sentence_too(checkout: Checkout, db: psycopg.Connection[Any], dsn: str) -> None:
    checkout.add(*COLUMN)
    with (
        holding(dsn, "select count(*) from core.tenant"),
        pytest.raises(StanchionError, match="stayed locked through one try"),
    ):
        rehearse(db, plan_deploy(db, checkout.modules()), lambda _: None, IMPATIENT)
    assert catalog.drift(db) == []


def test_no_session_queues_long_behind_a_waiting_module(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str, tries: Callable[[], int]
) -> None:
    """A reader waits for at most one try of the deployer, while the holder of the lock is still there."""
    read = """
        select t.last_value, clock_timestamp() - statement_timestamp() >= interval '100 milliseconds'
        from public.tries as t cross join (select count(*) from core.tenant) as c
    """
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(dsn, autocommit=True) as deployer,
        psycopg.connect(dsn, autocommit=True) as reader,
        holding(dsn, "select count(*) from core.tenant") as holder,
    ):
        deploying = pool.submit(checkout.deploy, deployer, RetryPolicy(lock_timeout=0.2, tries=10_000, pause=0.01))
        queued = 0
        while queued < 3:
            before = tries()
            after, has_waited = reader.execute(read, prepare=False).fetchone()  # type: ignore[misc]
            assert after - before <= 1, "a reader waits at most as long as the module does"
            assert not deploying.done()
            queued += has_waited
        holder.rollback()
        deploying.result()


def test_an_interrupted_deployer_leaves_nothing_running(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add("9001_slow", "create table core.slow (); select pg_sleep(600);", "drop table core.slow;")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("stanchion"), "deploy"],
        env=os.environ | {"DATABASE_URL": dsn, "STANCHION_ROOT": str(checkout.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_sessions(db, "wait_event = 'PgSleep'")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said.splitlines()[-1]) == (1, "Aborted!")
    with deploy_lock(db, 0, print):
        assert not exists(db, "core.slow")
        assert "core/9001_slow" not in ledger(db)
