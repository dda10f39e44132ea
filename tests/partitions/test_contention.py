"""Expiry blocks no other session. It waits for open transactions, or skips the partition and reports the blocker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from stanchion.partitions.step import Waits
from stanchion.server.locks import RetryPolicy
from tests.sessions import Db

from .conftest import Run, day, days, fill, log, rows_of

LOCK = 1.0  # seconds: the lock timeout of a run
pytestmark = pytest.mark.slow


class Writer(threading.Thread):
    """Inserts a hundred rows per second, and records the duration of each insert."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.ended, self.took = dsn, threading.Event(), list[float]()

    def run(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            while not self.ended.wait(0.01):
                started = time.monotonic()
                conn.execute("insert into core.reading (taken_on) values (%s)", [day(0)])
                self.took.append(time.monotonic() - started)

    def __enter__(self) -> Writer:
        self.start()
        time.sleep(0.2)
        return self

    def __exit__(self, *_: Any) -> None:
        self.ended.set()
        self.join(10)

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
    assert result.code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]
    print(f"\nthree days expired beside {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst < LOCK + 0.1
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
        reader.rollback()
        assert run("run", "--wait", "5").code == 0
    print(f"\nwith a reader of the table: {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst < LOCK + 0.1
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_expiry_continues_when_the_reader_ends(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, "run", "--wait", "20")
        time.sleep(1)
        assert not running.done()
        reader.rollback()
        assert running.result().code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_plain_drop_blocks_writers_until_the_reader_ends(readings: Db, dsn: str, reader: Db) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with Writer(dsn) as writer, ThreadPoolExecutor() as pool:
        dropping = pool.submit(readings.execute, f"drop table parts.core__reading__{day(-8):%Y%m%d}")
        time.sleep(LOCK + 0.5)
        reader.rollback()
        dropping.result()
        time.sleep(0.1)
    print(f"\nbeside a plain DROP: {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst > LOCK + 0.1


def test_partitions_are_made_beside_a_half_finished_detach(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -6)
    reader.execute("select count(*) from core.reading")
    readings.execute("set statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        readings.execute(
            f"alter table core.reading detach partition parts.core__reading__{day(-6):%Y%m%d} concurrently"
        )
    readings.execute("reset statement_timeout")
    with Writer(dsn) as writer:
        assert run("ensure").code == 0
    assert writer.worst < LOCK + 0.1
    assert days(readings)[3] == "attached"


def test_finishing_a_detach_waits_for_older_snapshots(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -6)
    reader.execute("select count(*) from core.reading")
    readings.execute("set statement_timeout = '200ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        readings.execute(
            f"alter table core.reading detach partition parts.core__reading__{day(-6):%Y%m%d} concurrently"
        )
    readings.execute("reset statement_timeout")
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
