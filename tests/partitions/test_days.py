"""Partitions cover UTC days by their bounds, in every time zone and after any delay."""

from typing import Any

import psycopg
import pytest

from tests.sessions import Db

from .conftest import TODAY, Run, as_owner, day, days, fill, log, make_readings, rows_of, set_clock

ZONES = ["UTC", "Pacific/Auckland", "Pacific/Honolulu", "America/New_York", "Europe/Berlin"]
# 12:30 is the next day in Auckland, 06:30 the previous day in Honolulu; the last two instants are the start of summer
# time in New York and its end in Berlin
INSTANTS = ["2026-06-11 12:30", "2026-06-11 06:30", "2026-03-08 07:30", "2026-10-25 00:59"]


@pytest.mark.parametrize(
    "instant", [*INSTANTS[:2], *(pytest.param(each, marks=pytest.mark.exhaustive) for each in INSTANTS[2:])]
)
def test_every_time_zone_makes_and_drops_the_same_days(instant: str, readings: Db, dsn: str, run: Run) -> None:
    seen = set()
    for zone in ZONES:
        readings.execute("drop table core.reading; drop sequence core.reading_number; delete from core.partition_set")
        set_clock(readings, f"{instant}:00+00")
        make_readings(readings)
        readings.execute(
            "insert into core.partition_log (relation, outcome, reason) values ('zone', 'held', %s)", [zone]
        )
        readings.execute(
            f"select core.ensure_partitions('core.reading', '{instant[:10]}'::date - 10, '{instant[:10]}')"
        )
        there = f"{dsn} options='-c timezone={zone}'"
        with psycopg.connect(there, autocommit=True) as conn:
            conn.execute("select core.ensure_due_partitions()")
        assert run("run", dsn=there).code == 0
        bounds = readings.execute(
            "select pg_get_expr(c.relpartbound, c.oid) from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
            "where i.inhparent = 'core.reading'::regclass order by 1"
        ).fetchall()
        seen.add(tuple(text for (text,) in bounds))
    assert len(seen) == 1
    (bounds,) = seen
    assert len(bounds) == 5 + 1 + 3


@pytest.mark.parametrize("zone", ZONES)
def test_timestamp_key_is_split_at_midnight_utc(zone: str, db: Db, dsn: str) -> None:
    set_clock(db, f"{TODAY} 12:00:00+00")
    db.execute("delete from core.partition_set")
    make_readings(db, "timestamptz")
    with psycopg.connect(f"{dsn} options='-c timezone={zone}'", autocommit=True) as conn:
        conn.execute("select core.ensure_due_partitions()")
        assert [found for (found,) in conn.execute("select day from core.partition order by day")] == [
            day(offset) for offset in range(-1, 4)
        ]
        conn.execute(
            "insert into core.reading (taken_on) values ('2026-03-10 00:00:00+00'), ('2026-03-10 23:59:59+00')"
        )
    rows = db.execute("select distinct tableoid::regclass::text from core.reading").fetchall()
    assert rows == [("parts.core__reading__20260310",)]


def test_ensure_after_ten_days_makes_today_and_loses_nothing(readings: Db, run: Run) -> None:
    run("ensure")
    fill(readings, -1)
    readings.execute("update core.partition_set set days_kept = 30")
    set_clock(readings, f"{day(10)} 08:00:00+00")
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition of relation"):
        readings.execute("insert into core.reading (taken_on) values (%s)", [day(10)])
    result = run("ensure", "--json")
    assert result.code == 0
    assert [each for _, each, _ in result.days] == [str(day(offset)) for offset in range(9, 14)]
    readings.execute("insert into core.reading (taken_on) values (%s)", [day(10)])
    assert rows_of(readings) == {-1: 1, 0: 1, 10: 1}
    assert all(outcome == "made" for _, _, outcome in result.days)


def test_ensure_makes_yesterday(readings: Db, run: Run) -> None:
    """A transaction that began before midnight writes rows of yesterday."""
    run("ensure")
    assert list(days(readings)) == [-1, 0, 1, 2, 3]


def test_second_ensure_has_nothing_to_do(readings: Db, run: Run) -> None:
    assert len(run("ensure", "--json").days) == 5
    assert run("ensure", "--json").days == []
    assert "Nothing to do" in run("ensure").out


def test_day_in_a_partition_of_another_name_is_not_made(readings: Db, run: Run) -> None:
    as_owner(
        readings, "create table core.odd partition of core.reading for values from ('2026-03-10') to ('2026-03-12')"
    )
    assert [each for _, each, _ in run("ensure", "--json").days] == ["2026-03-09", "2026-03-12", "2026-03-13"]


def test_detached_table_with_the_name_of_a_day_is_attached(readings: Db) -> None:
    fill(readings, -2, 0, rows=3)
    readings.execute("alter table core.reading detach partition parts.core__reading__20260309")
    assert rows_of(readings) == {-2: 3, 0: 3}
    assert readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(-2), day(0)]).fetchone() == (
        1,
    )
    assert rows_of(readings) == {-2: 3, -1: 3, 0: 3}
    assert log(readings)[-1] == ("core.reading", "2026-03-09", "reattached")


def test_given_days_get_a_partition_each_and_the_days_between_get_none(readings: Db) -> None:
    statement = "select core.ensure_partitions_of('core.reading', %s::date[])"
    wanted = [day(-9), day(-30), day(-9), day(-3), day(-30)]
    before = set(days(readings))
    for made in (3, 0):
        assert readings.execute(statement, [wanted]).fetchone() == (made,)
        assert set(days(readings)) - before == {-30, -9, -3}
    with pytest.raises(psycopg.errors.NullValueNotAllowed, match=r"a day of core\.reading is null"):
        readings.execute(statement, [[day(-40), None]])
    assert -40 not in days(readings)
    assert readings.execute(statement, [[]]).fetchone() == (0,)


def test_reattaching_removes_the_constraint_of_the_detach(readings: Db) -> None:
    fill(readings, 0)
    constraints = (
        "select conname from pg_constraint where conrelid = 'parts.core__reading__20260310'::regclass order by 1"
    )
    before = readings.execute(constraints).fetchall()
    readings.execute("alter table core.reading detach partition parts.core__reading__20260310 concurrently")
    readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(0), day(0)])
    assert readings.execute(constraints).fetchall() == before
    assert rows_of(readings) == {0: 1}


def test_reattached_partition_is_hidden(readings: Db) -> None:
    fill(readings, 0)
    readings.execute("alter table core.reading detach partition parts.core__reading__20260310")
    readings.execute("select core.ensure_partitions('core.reading', %s, %s)", [day(0), day(0)])
    found = readings.execute(
        "select relrowsecurity, relforcerowsecurity, relacl::text from pg_class "
        "where oid = 'parts.core__reading__20260310'::regclass"
    ).fetchone()
    assert found == (True, True, "{}")


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("select core.ensure_partitions('core.tenant', '2026-01-01', '2026-01-01')", "42809"),
        ("select core.ensure_partitions('core.by_hash', '2026-01-01', '2026-01-01')", "42809"),
        ("select core.ensure_partitions('core.by_text', '2026-01-01', '2026-01-01')", "42809"),
        ("select core.ensure_partitions('core.reading', '2026-01-01', null)", "22004"),
        ("select core.ensure_partitions('core.reading', '2006-01-01', '2026-01-01')", "22023"),
        (f"select core.ensure_partitions('core.{'x' * 60}', '2026-01-01', '2026-01-01')", "42622"),
        ("insert into core.partition_set (relation, days_ahead) values ('reading', 1)", "23514"),
        ("insert into core.partition_set (relation, days_ahead) values ('core.reading; drop', 1)", "23514"),
        ("select core.hold_partitions('core.nothing', 'why')", "42704"),
        ("select core.hold_partitions('core.reading', ' ')", "22023"),
    ],
)
def test_invalid_call_is_refused(statement: str, state: str, readings: Db) -> None:
    readings.execute("create table core.by_hash (taken_on date) partition by hash (taken_on)")
    readings.execute("create table core.by_text (taken_on text) partition by range (taken_on)")
    readings.execute(f"create table core.{'x' * 60} (taken_on date) partition by range (taken_on)")
    with pytest.raises(psycopg.Error) as raised:
        readings.execute(statement)
    assert raised.value.sqlstate == state


def test_deploy_makes_the_due_partitions_of_every_table(db: Db, stanchion: Any) -> None:
    set_clock(db, "2031-01-01 00:00:30+00")
    db.execute("update core.module_ledger set checksum = 'other' where name = 'policies/core.tenant'")
    assert stanchion("deploy", "--accept-drift").code == 0
    missing = db.execute(
        "select s.relation from core.partition_set as s where not exists (select from core.partition as p "
        "where p.relation = s.relation and p.day = '2030-12-31')"
    ).fetchall()
    assert missing == []
