"""A killed run never loses a partition that is not due, and the next run finishes its work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from stanchion.partitions import ahead, step
from stanchion.partitions import run as partitions
from stanchion.partitions.step import Waits
from tests.sessions import Db

from .conftest import Run, as_owner, day, days, fill, rows_of

FORK = multiprocessing.get_context("fork")
AFTER = [-5, -4, -3, -2, -1, 0, 1, 2, 3]
KEPT = range(-5, 1)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(dsn: str, prepare: Callable[[], None]) -> None:
    """Run in another process. `prepare` arranges the kill there."""

    def work() -> None:
        prepare()
        with psycopg.connect(dsn, autocommit=True) as conn, partitions.only_run(conn):
            ahead.ensure(conn, lambda step: None, lambda result: None, Waits())
            partitions.expire(conn, lambda step: None, lambda result: None, Waits())

    process = FORK.Process(target=work)
    process.start()
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL)


def wait_for_its_server_process(db: Db) -> None:
    """Wait until the server process of a killed run has noticed it and ended."""
    until = time.monotonic() + 10
    lock = "select 1 from pg_locks where locktype = 'advisory' and objid = core.partition_run_lock()::oid"
    while db.execute(lock).fetchone():
        assert time.monotonic() < until, "the killed run still has its lock"
        time.sleep(0.02)


def kill_at(number: int, during: bool, counted: Any = None) -> Callable[[], None]:
    """Kill the process before the statement of this number, or just after it was sent."""

    def prepare() -> None:
        original, count = psycopg.Cursor.execute, 0

        def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if counted is not None:
                counted.value = count
            if count == number:
                if not during:
                    die()
                threading.Thread(target=die).start()
            return original(self, *args, **kwargs)

        psycopg.Cursor.execute = execute  # type: ignore[method-assign]

    return prepare


def make_work(db: Db) -> None:
    """Make two partitions to drop, a detached one, and a missing one."""
    fill(db, -8)
    db.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(0), day(2)])
    db.execute(f"drop table if exists parts.core__reading__{day(3):%Y%m%d}")
    db.execute(f"alter table core.reading detach partition parts.core__reading__{day(-7):%Y%m%d}")
    db.execute("delete from core.reading")
    db.execute("insert into core.reading (taken_on) select %s::date + d from generate_series(0, 6) as d", [day(-6)])


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.parametrize(
    "during",
    [
        pytest.param(False, id="before each statement"),
        pytest.param(True, id="during each statement", marks=pytest.mark.long),
    ],
)
def test_kill_at_every_statement_of_a_run(during: bool, readings: Db, dsn: str, run: Run) -> None:
    counted = FORK.Value("i", 0)
    make_work(readings)
    run_until_killed(dsn, kill_at(0, during, counted))
    assert list(days(readings)) == AFTER
    half_way = 0
    for number in range(1, counted.value + 1):
        make_work(readings)
        start = days(readings)
        run_until_killed(dsn, kill_at(number, during))
        wait_for_its_server_process(readings)
        half_way += days(readings) not in (start, dict.fromkeys(AFTER, "attached"))
        assert {each: count for each, count in rows_of(readings).items() if each in KEPT} == dict.fromkeys(KEPT, 1)
        result = run("run")
        assert result.code == 0, f"killed at statement {number}: {result}"
        assert days(readings) == dict.fromkeys(AFTER, "attached"), f"killed at statement {number}"
        assert rows_of(readings) == dict.fromkeys(KEPT, 1)
    print(f"\n{counted.value} statements, {half_way} kills left something half-way")  # noqa: T201 - for pytest -s
    assert counted.value > 40
    assert half_way > 10


def test_kill_between_detach_and_drop(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -6)
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(readings)
    assert days(readings)[-6] == "detached"
    assert run("run").code == 0
    assert list(days(readings)) == AFTER


def test_kill_before_the_drop_of_a_partition_with_another_name(readings: Db, dsn: str, run: Run) -> None:
    a_day = f"for values from ('{day(-6)}') to ('{day(-5)}')"
    as_owner(readings, f"create table core.reading_p{day(-6):%Y%m%d} partition of core.reading {a_day}")
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(readings)
    assert days(readings)[-6] == "detached"
    readings.execute("update core.partition_set set days_kept = 30")
    assert "reattached" in run("run").out
    assert days(readings)[-6] == "attached"
    readings.execute("update core.partition_set set days_kept = 5")
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_kill_during_a_detach(readings: Db, dsn: str, run: Run) -> None:
    fill(readings, -7)
    with psycopg.connect(dsn) as reader:
        reader.execute("select from core.reading")

        def work() -> None:
            step._wait_for_transactions = lambda *_: None  # as if the reader began just after the wait
            with psycopg.connect(dsn, autocommit=True) as conn, partitions.only_run(conn):
                partitions.expire(conn, lambda step: None, lambda result: None, Waits())

        process = FORK.Process(target=work)
        process.start()
        until = time.monotonic() + 10
        while days(readings)[-7] != "detaching":
            assert time.monotonic() < until
            time.sleep(0.02)
        process.kill()
        process.join()
        wait_for_its_server_process(readings)  # it ends although the reader is still open
        assert days(readings)[-7] == "detaching"
    assert run("run").code == 0
    assert list(days(readings)) == AFTER
    assert rows_of(readings) == dict.fromkeys(KEPT, 1)
