"""Expiring stops nobody, whoever has the table open: it waits, or leaves the day and says who holds it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from stanchion.partitions.run import Patience

from .conftest import Db, Run, day, days, fill, log, rows_of

LOCK = 1.0  # seconds: the lock timeout of a run
pytestmark = pytest.mark.slow


class Writer(threading.Thread):
    """Inserts a hundred rows a second and remembers how long each took."""

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
    """A session with a transaction that stays open."""
    with psycopg.connect(dsn, application_name="a report") as conn:
        yield conn


def test_a_reader_of_other_tables_is_not_waited_for(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -8)
    before = rows_of(readings)[0]
    reader.execute("select count(*) from core.tenant")
    with Writer(dsn) as writer:
        said = run("run", "--wait", "1")
    assert said.code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]
    print(f"\nthree days expired beside {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst < LOCK + 0.1
    assert rows_of(readings)[0] == before + len(writer.took)


def test_a_reader_of_the_table_is_named_and_the_writer_does_not_notice(
    readings: Db, dsn: str, run: Run, reader: Db
) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with Writer(dsn) as writer:
        said = run("run", "--wait", "1")
        assert said.code == 1
        assert f"contended  core.reading {day(-8)}: session {reader.info.backend_pid} of postgres" in said.out
        assert "from a report, select count(*) from core.reading" in said.out
        assert days(readings)[-8] == "attached", "what cannot be finished was not begun"
        assert days(readings)[3] == "attached", "the days ahead were made"
        assert [outcome for *_, outcome in log(readings)][-3:] == ["contended"] * 3
        reader.rollback()
        assert run("run", "--wait", "5").code == 0
    print(f"\nwith a reader of the table: {len(writer.took)} inserts, the worst took {writer.worst * 1000:.0f} ms")  # noqa: T201 - for pytest -s
    assert writer.worst < LOCK + 0.1
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_it_goes_on_when_the_reader_ends(readings: Db, dsn: str, run: Run, reader: Db) -> None:
    fill(readings, -8)
    reader.execute("select count(*) from core.reading")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, "run", "--wait", "20")
        time.sleep(1)
        assert not running.done()
        reader.rollback()
        assert running.result().code == 0
    assert list(days(readings)) == [-5, -4, -3, -2, -1, 0, 1, 2, 3]


def test_a_plain_drop_stalls_the_writer_until_the_reader_ends(readings: Db, dsn: str, reader: Db) -> None:
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


def test_days_are_made_while_a_reader_and_a_half_done_detach_are_there(
    readings: Db, dsn: str, run: Run, reader: Db
) -> None:
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


def test_finishing_a_detach_waits_for_every_older_snapshot(readings: Db, dsn: str, run: Run, reader: Db) -> None:
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
    said = run("run", "--wait", "0.5")
    assert said.code == 1
    assert f"session {reader.info.backend_pid} of postgres" in said.out
    reader.rollback()
    assert run("run").code == 0
    assert -6 not in days(readings)


def test_whoever_reads_a_detached_table_is_named_after_some_tries(
    readings: Db, run: Run, reader: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stanchion.cli.partitions.Patience", lambda *_: Patience(1, 0.1, 2, 0.1))
    fill(readings, -6)
    child = f"parts.core__reading__{day(-6):%Y%m%d}"
    readings.execute(f"alter table core.reading detach partition {child}")
    reader.execute(f"select count(*) from {child}")
    said = run("expire")
    assert said.code == 1
    assert f"session {reader.info.backend_pid} of postgres" in said.out
    reader.rollback()
    assert run("expire").code == 0


def test_doctor_and_status_say_it_until_the_day_is_gone(readings: Db, run: Run, reader: Db, stanchion: Any) -> None:
    fill(readings, -7, 3)
    reader.execute("select count(*) from core.reading")
    run("run", "--wait", "0.1")
    for said in (run("status"), stanchion("doctor")):
        assert f"Days of core.reading that could not go: 2 from {day(-7)} on" in said.out
        assert f"session {reader.info.backend_pid} of postgres" in said.out
    reader.rollback()
    run("run")
    assert "could not go" not in stanchion("doctor").out
