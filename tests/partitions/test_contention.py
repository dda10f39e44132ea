"""Expiry blocks no other session. It waits for open transactions, or skips the partition and reports the blocker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import psycopg
import pytest

from stanchion.partitions import step
from stanchion.partitions.step import Waits
from stanchion.server.locks import RetryPolicy
from tests.sessions import Db

from .conftest import Run, day, days, fill, leave_half_detached, log, rows_of

LOCK = 1  # seconds: the lock timeout of a run


class Writer(threading.Thread):
    """Inserts a hundred rows per second, and records the duration of each insert.

    An insert fails when it waits for a lock ten times as long as a run may make it wait.
    """

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.ended, self.took = dsn, threading.Event(), list[float]()
        self.error: psycopg.Error | None = None
        self.pid = 0

    def run(self) -> None:
        try:
            with psycopg.connect(self.dsn, autocommit=True) as conn:
                self.pid = conn.info.backend_pid
                conn.execute(f"set lock_timeout = '{10 * LOCK} s'")
                while not self.ended.wait(0.01):
                    started = time.monotonic()
                    conn.execute("insert into core.reading (taken_on) values (%s)", [day(0)])
                    self.took.append(time.monotonic() - started)
        except psycopg.Error as e:
            self.error = e

    def goes_on(self) -> None:
        """Wait until two more inserts have ended, so that one of them has begun after this call."""
        until, before = time.monotonic() + 60, len(self.took)
        while len(self.took) < before + 2:
            assert self.error is None, self.error
            assert time.monotonic() < until, "the writer waits"
            time.sleep(0.005)

    def __enter__(self) -> Writer:
        self.start()
        self.goes_on()
        return self

    def __exit__(self, *_: Any) -> None:
        self.ended.set()
        self.join(60)
        assert self.error is None, self.error

    @property
    def worst(self) -> float:
        return max(self.took)


@pytest.fixture
def reader(dsn: str) -> Iterator[Db]:
    """Open a session whose transaction stays open."""
    with psycopg.connect(dsn, application_name="a report") as conn:
        yield conn


def test_expiry_does_not_wait_for_readers_of_other_tables(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -8)
    before = rows_of(readings)[0]
    reader.execute("select count(*) from core.tenant")
    with Writer(dsn) as writer:
        result = run("run", "--wait", "1")
        writer.goes_on()
    assert result.code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]
    print(f"\nthree days expired beside {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert rows_of(readings)[0] == before + len(writer.took)


def test_reader_of_the_table_is_named_and_no_writer_waits(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with Writer(dsn) as writer:
        result = run("run", "--wait", "1")
        assert result.code == 1
        assert f"contended  core.reading {day(-8)}: session {reader.info.backend_pid} of postgres" in result.out
        assert "from a report, select count(*) from core.reading" in result.out
        assert days(readings)[-8] == "attached", "the detach must not begin while a reader is open"
        assert days(readings)[3] == "attached", "the partitions ahead must be made"
        assert [outcome for *_, outcome in log(readings)][-3:] == ["contended"] * 3
        writer.goes_on()
        reader.rollback()
        assert run("run", "--wait", "60").code == 0
    print(f"\nwith a reader of the table: {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_expiry_continues_when_the_reader_ends(
    readings: Db, run: Run, reader: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    calls, waits, look = count(1), threading.Event(), step._holders

    def watched(*args: Any) -> Any:
        if next(calls) > 5:  # the run looks again while it waits
            waits.set()
        return look(*args)

    monkeypatch.setattr(step, "_holders", watched)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, "run", "--wait", "120")
        assert waits.wait(60)
        assert not running.done()
        reader.rollback()
        assert running.result().code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_plain_drop_blocks_writers_until_the_reader_ends(readings: Db, dsn: str, reader: Db) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with Writer(dsn) as writer, ThreadPoolExecutor() as pool:
        dropping = pool.submit(readings.execute, f"drop table parts.core__reading__{day(-8):%Y%m%d}")
        wait_until_blocked(reader, writer.pid, readings.info.backend_pid)
        blocked_at = len(writer.took)
        time.sleep(LOCK + 0.5)  # the writer waits longer than a run may make it wait
        assert len(writer.took) == blocked_at
        assert not dropping.done()
        reader.rollback()
        dropping.result()
        writer.goes_on()
    print(f"\nbeside a plain DROP: {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst > LOCK + 0.1


def wait_until_blocked(db: Db, pid: int, blocker: int) -> None:
    until = time.monotonic() + 60
    while blocker not in db.execute("select pg_blocking_pids(%s)", [pid]).fetchone()[0]:
        assert time.monotonic() < until, f"session {pid} does not wait for session {blocker}"
        time.sleep(0.02)


def test_partitions_are_made_beside_a_half_finished_detach(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -6)
    reader.execute("select count(*) from core.reading")
    leave_half_detached(readings, -6)
    with Writer(dsn) as writer:
        assert run("ensure").code == 0
        writer.goes_on()
    assert days(readings)[3] == "attached"


def test_finishing_a_detach_waits_for_older_snapshots(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -6)
    reader.execute("select count(*) from core.reading")
    leave_half_detached(readings, -6)
    reader.rollback()
    reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    reader.execute("select count(*) from core.tenant")
    result = run("run", "--wait", "0.5")
    assert result.code == 1
    assert f"session {reader.info.backend_pid} of postgres" in result.out
    reader.rollback()
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_reader_of_a_detached_partition_is_named(
    readings: Db, run: Run, reader: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stanchion.cli.partitions.Waits", lambda *_: Waits(1, RetryPolicy(0.1, 2, 0.1)))
    fill(readings, -6)
    child = f"parts.core__reading__{day(-6):%Y%m%d}"
    readings.execute(f"alter table core.reading detach partition {child}")
    reader.execute(f"select count(*) from {child}")
    result = run("expire")
    assert result.code == 1
    assert f"session {reader.info.backend_pid} of postgres" in result.out
    reader.rollback()
    assert run("expire").code == 0


def test_doctor_and_status_alert_until_the_partition_is_gone(
    readings: Db, run: Run, reader: Db, stanchion: Any
) -> None:
    fill(readings, -7, 3)
    reader.execute("select count(*) from core.reading")
    run("run", "--wait", "0.1")
    for result in (run("status"), stanchion("doctor")):
        assert f"2 partitions of core.reading, the oldest of {day(-7)}, could not be expired at" in result.out
        assert f"session {reader.info.backend_pid} of postgres" in result.out
    reader.rollback()
    run("run")
    assert "could not be expired" not in stanchion("doctor").out
