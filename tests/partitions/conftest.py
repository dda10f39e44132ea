"""A table of readings with a partition for each UTC day, a fixed clock, and the commands for partitions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
import pytest

from tests import conftest as top
from tests.program import call_stanchion
from tests.sessions import Db

TODAY = date(2026, 3, 10)


@dataclass(frozen=True)
class Outcome(top.Outcome):
    @property
    def days(self) -> list[tuple[str, str, str]]:
        """Return the results of a command with --json: (relation, day, outcome)."""
        return [(each["relation"], str(each["day"]), each["outcome"]) for each in json.loads(self.out)["days"]]


Run = Callable[..., Outcome]


@pytest.fixture
def run(dsn: str) -> Run:
    """Return a function that runs `stanchion partitions ...` in this process."""

    def run(*args: str, dsn: str = dsn) -> Outcome:
        result = call_stanchion("partitions", *args, database_url=dsn)
        return Outcome(result.code, result.out, result.err)

    return run


@pytest.fixture
def stanchion(dsn: str) -> Callable[..., top.Outcome]:
    """Return a function that runs any command in this process, on the database of the fixture db."""
    return lambda *args: call_stanchion(*args, database_url=dsn)


def set_clock(db: Db, instant: str) -> None:
    db.execute(
        "create or replace function core.clock() returns timestamptz language sql volatile parallel safe "
        f"return '{instant}'::timestamptz"
    )


@pytest.fixture
def readings(db: Db) -> Db:
    """Set the clock to noon of TODAY, and make core.reading (3 days ahead, 5 kept) the only partitioned table."""
    set_clock(db, f"{TODAY} 12:00:00+00")
    db.execute("delete from core.partition_set")
    make_readings(db)
    return db


def make_readings(db: Db, key: str = "date") -> None:
    db.execute("set role stanchion_owner")
    db.execute(
        f"""
        create sequence core.reading_number;
        create table core.reading (
            tenant_id uuid not null default '00000000-0000-0000-0000-000000000001',
            taken_on {key} not null,
            reading_id bigint not null default nextval('core.reading_number'),
            value integer,
            constraint reading_pk primary key (tenant_id, taken_on, reading_id),
            constraint reading_positive check (value > 0)
        ) partition by range (taken_on);
        insert into core.partition_set (relation, days_ahead, days_kept) values ('core.reading', 3, 5);
        """
    )
    db.execute("reset role")


def as_owner(db: Db, statement: str) -> None:
    db.execute("set role stanchion_owner")
    db.execute(statement)
    db.execute("reset role")


def day(offset: int) -> date:
    return TODAY + timedelta(offset)


def fill(db: Db, first: int, last: int = 0, rows: int = 1) -> None:
    """Make the partitions of these days, counted from TODAY, and insert rows."""
    db.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(first), day(last)])
    db.execute(
        "insert into core.reading (taken_on, value) select %s::date + d, n "
        "from generate_series(0, %s) as d, generate_series(1, %s) as n",
        [day(first), last - first, rows],
    )


def days(db: Db) -> dict[int, str]:
    """Return the state of each day, counted from TODAY."""
    rows = db.execute(
        "select day, state from core.partition where relation = 'core.reading' and day is not null order by day"
    ).fetchall()
    return {(each - TODAY).days: state for each, state in rows}


def rows_of(db: Db) -> dict[int, int]:
    """Return the number of visible rows of each day, counted from TODAY."""
    rows = db.execute("select taken_on, count(*) from core.reading group by taken_on order by taken_on").fetchall()
    return {(each - TODAY).days: count for each, count in rows}


def log(db: Db) -> list[tuple[str, str, str]]:
    rows = db.execute("select relation, day, outcome from core.partition_log where day is not null order by log_id")
    return [(relation, str(each), outcome) for relation, each, outcome in rows]


def clear_log(db: Db) -> None:
    db.execute("delete from core.partition_log")


def leave_half_detached(db: Db, offset: int) -> None:
    """Begin to detach the partition of a day, and cancel that while it waits for a reader."""
    dsn = psycopg.conninfo.make_conninfo(db.info.dsn, password=db.info.password)
    child = f"parts.core__reading__{day(offset):%Y%m%d}"
    with (
        psycopg.connect(dsn) as reader,
        psycopg.connect(dsn, autocommit=True) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        reader.execute("select from core.reading")
        detaching = pool.submit(other.execute, f"alter table core.reading detach partition {child} concurrently")
        wait_for_state(db, offset, "detaching")
        other.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            detaching.result()


def wait_for_state(db: Db, offset: int, state: str) -> None:
    until = time.monotonic() + 60
    while days(db)[offset] != state:
        assert time.monotonic() < until, f"the partition of day {offset} is {days(db)[offset]}, not {state}"
        time.sleep(0.02)
