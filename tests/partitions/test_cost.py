"""The cost of expiry does not depend on the number of rows: kilobytes of WAL, where DELETE writes megabytes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.sessions import Db

from .conftest import Run, day, days, fill


@dataclass(frozen=True)
class Cost:
    seconds: float
    wal: int  # bytes
    pages: int  # read from tables and indexes, by all sessions


def cost(db: Db, work: Callable[[], object]) -> Cost:
    db.execute("checkpoint")
    read = pages_read(db)
    before = db.execute("select pg_current_wal_lsn()").fetchone()[0]  # type: ignore[index]
    started = time.monotonic()
    work()
    seconds = time.monotonic() - started
    wal = int(db.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", [before]).fetchone()[0])  # type: ignore[index]
    return Cost(seconds, wal, pages_read(db) - read)


def pages_read(db: Db) -> int:
    db.execute("select pg_stat_force_next_flush()")
    db.execute("select pg_stat_clear_snapshot()")
    read = "select blks_hit + blks_read from pg_stat_database where datname = current_database()"
    return int(db.execute(read).fetchone()[0])  # type: ignore[index]


@pytest.mark.parametrize("rows", [50_000, pytest.param(500_000, marks=[pytest.mark.slow, pytest.mark.exhaustive])])
def test_expiry_of_many_rows_costs_as_little_as_of_one_row(rows: int, readings: Db, run: Run) -> None:
    fill(readings, -8, -8, rows=1)
    fill(readings, -7, -7, rows=rows)
    fill(readings, -1, -1, rows=rows)
    readings.execute("vacuum analyze core.reading")
    readings.execute("update core.partition_set set days_kept = 7")
    few = cost(readings, lambda: run("expire"))
    readings.execute("update core.partition_set set days_kept = 6")
    many = cost(readings, lambda: run("expire"))
    assert list(days(readings)) == [-1]

    def delete() -> None:
        readings.execute("delete from core.reading where taken_on = %s", [day(-1)])
        readings.execute("vacuum core.reading")

    deleted = cost(readings, delete)
    for work, each in {
        "1 row": few,
        f"{rows} rows": many,
        f"{rows} rows, DELETE and VACUUM": deleted,
    }.items():
        print(f"\n{work}: {each.seconds * 1000:.0f} ms, {each.wal / 1024:.0f} kB of WAL, {each.pages} pages")  # noqa: T201 - for pytest -s
    assert many.wal < 500 * 1024
    assert deleted.wal > rows * 42
    assert many.pages < few.pages + deleted.pages / 2
