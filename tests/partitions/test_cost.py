"""The cost of expiry does not depend on the number of rows: kilobytes of WAL, where DELETE writes megabytes."""

import time
from collections.abc import Callable

import pytest

from tests.sessions import Db

from .conftest import Run, day, days, fill

ROWS = 500_000


def cost(db: Db, work: Callable[[], object]) -> tuple[float, int]:
    """Return the seconds and the bytes of WAL."""
    db.execute("checkpoint")
    before = db.execute("select pg_current_wal_lsn()").fetchone()[0]  # type: ignore[index]
    started = time.monotonic()
    work()
    seconds = time.monotonic() - started
    return seconds, int(db.execute("select pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", [before]).fetchone()[0])  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_expiry_of_half_a_million_rows_writes_little_wal(readings: Db, run: Run) -> None:
    fill(readings, -8, -8, rows=1)
    fill(readings, -7, -7, rows=ROWS)
    fill(readings, -1, -1, rows=ROWS)
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
    for work, (seconds, wal) in {
        "1 row": few,
        f"{ROWS} rows": many,
        f"{ROWS} rows, DELETE and VACUUM": deleted,
    }.items():
        print(f"\n{work}: {seconds * 1000:.0f} ms, {wal / 1024:.0f} kB of WAL")  # noqa: T201 - for pytest -s
    assert many[1] < 500 * 1024
    assert deleted[1] > 20 * 2**20
    assert many[0] < few[0] + 1
