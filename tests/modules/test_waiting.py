"""Deployers run one after the other, and a locked table delays the deploy and no other session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
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

from .conftest import Checkout, exists, ledger

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


def test_one_of_two_deployers_does_it_and_the_other_waits(
    start: Callable[..., Future[Any]], checkout: Checkout, db: psycopg.Connection[Any]
) -> None:
    checkout.add("9001_slow", "create table core.slow (); select pg_sleep(1);", "drop table core.slow;")
    both = [start("deploy"), start("deploy")]
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
        until = time.monotonic() + 10
        while ledger(db).get("core/9001_index") != "running" and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        assert not any(one.done() for one in both)
    assert [one.result().code for one in both] == [0, 0], [one.result() for one in both]
    assert db.execute(
        "select indisvalid from pg_index where indexrelid = 'core.tenant_by_name'::regclass"
    ).fetchone() == (True,)
    assert catalog.drift(db) == []


def test_who_does_not_want_to_wait_gets_a_sentence(
    start: Callable[..., Future[Any]], db: psycopg.Connection[Any]
) -> None:
    with deploy_lock(db, 0, print):
        done = start("deploy", "--wait", "1").result()
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        "Error: Another deployer is still running after 1 s; try again when it has finished."
    )


def test_a_locked_table_is_waited_for_shortly_and_again(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add(*COLUMN)
    with holding(dsn, "select count(*) from core.tenant") as holder:
        release = threading.Timer(0.5, holder.rollback)
        release.start()
        checkout.deploy(db, RetryPolicy(lock_timeout=0.2, tries=30, pause=0.005))
        release.join()
    assert ledger(db)["core/9001_motto"] == "deployed"
    assert catalog.drift(db) == []


def test_a_table_that_stays_locked_is_given_up_with_a_sentence(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add(*COLUMN)
    started = time.monotonic()
    with (
        holding(dsn, "select count(*) from core.tenant"),
        pytest.raises(
            StanchionError, match="core/9001_motto: a table it needs stayed locked through 3 tries"
        ) as gave_up,
    ):
        checkout.deploy(db, IMPATIENT)
    assert "Find who holds it in pg_stat_activity and try again." in str(gave_up.value)
    assert 0.6 <= time.monotonic() - started < 3
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
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add(*COLUMN)
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            while not stop.is_set():
                began = time.monotonic()
                conn.execute("select count(*) from core.tenant")
                waits.append(time.monotonic() - began)
                time.sleep(0.01)

    reader = threading.Thread(target=read)
    with holding(dsn, "select count(*) from core.tenant"):
        reader.start()
        with pytest.raises(StanchionError):
            checkout.deploy(db, IMPATIENT)
        stop.set()
        reader.join()
    assert 0.1 < max(waits) < 0.5, "a reader waits at most as long as the module does"
    assert len(waits) > 3


def test_an_interrupted_deployer_leaves_nothing_running(
    checkout: Checkout, db: psycopg.Connection[Any], dsn: str
) -> None:
    checkout.add("9001_slow", "create table core.slow (); select pg_sleep(60);", "drop table core.slow;")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("stanchion"), "deploy"],
        env=os.environ | {"DATABASE_URL": dsn, "STANCHION_ROOT": str(checkout.root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
    until = time.monotonic() + 60
    while db.execute(sleeping).fetchone() == (0,) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said.splitlines()[-1]) == (1, "Aborted!")
    with deploy_lock(db, 0, print):
        assert not exists(db, "core.slow")
        assert "core/9001_slow" not in ledger(db)
