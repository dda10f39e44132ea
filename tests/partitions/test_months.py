"""Partitions of months and years: they replace days where the period is free, and expire and return as days do."""

from __future__ import annotations

import json
from datetime import date

import psycopg
import pytest

from stanchion.partitions import run as partitions
from tests.program import call_stanchion
from tests.sessions import Db, at_once

from .conftest import Run, as_owner, log, make_readings, set_clock
from .test_killed import die, kill_at_text, run_until_killed, wait_for_its_server_process

ZONES = ["UTC", "Pacific/Auckland", "Pacific/Honolulu"]


def use(db: Db, span: str) -> None:
    db.execute("update core.partition_set set span = %s", [span])


@pytest.fixture
def months(readings: Db) -> Db:
    """Let new partitions of core.reading be months. Today is 2026-03-10, and the table has no partition yet."""
    use(readings, "month")
    return readings


def bounds(db: Db) -> list[tuple[str, str]]:
    """Return the first day and the day after the last one of each partition."""
    rows = db.execute("select day::text, until::text from core.partition where relation = 'core.reading' order by day")
    return rows.fetchall()


def ensure(db: Db, first: str, last: str) -> int:
    (made,) = db.execute("select core.ensure_partitions('core.reading', %s, %s)", [first, last]).fetchone() or (0,)
    return int(made)


def insert(db: Db, *days: str) -> None:
    for day in days:
        db.execute("insert into core.reading (taken_on, value) values (%s, 1)", [day])


def test_a_month_is_one_partition_for_all_its_days(months: Db) -> None:
    assert ensure(months, "2026-01-30", "2026-02-02") == 2
    assert bounds(months) == [("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")]
    insert(months, "2026-01-01", "2026-01-31", "2026-02-28")
    assert ensure(months, "2026-01-01", "2026-02-28") == 0
    names = months.execute("select distinct tableoid::regclass::text from core.reading order by 1").fetchall()
    assert names == [("parts.core__reading__202601",), ("parts.core__reading__202602",)]


def test_a_month_with_a_day_stays_in_days(months: Db) -> None:
    use(months, "day")
    ensure(months, "2026-02-10", "2026-02-10")
    use(months, "month")
    assert ensure(months, "2026-02-09", "2026-02-11") == 2
    assert bounds(months) == [("2026-02-09", "2026-02-10"), ("2026-02-10", "2026-02-11"), ("2026-02-11", "2026-02-12")]


def test_run_makes_the_months_of_the_days_ahead_once(months: Db, run: Run) -> None:
    set_clock(months, "2026-03-30 12:00:00+00")
    expected = [("core.reading", "2026-03-01", "made"), ("core.reading", "2026-04-01", "made")]
    assert run("run", "--dry-run", "--json").days == expected
    outcome = run("run", "--json")
    assert (outcome.code, outcome.days) == (0, expected)
    assert bounds(months) == [("2026-03-01", "2026-04-01"), ("2026-04-01", "2026-05-01")]
    assert run("run", "--json").days == []


def test_a_month_expires_when_its_last_day_does(months: Db, run: Run) -> None:
    """Five days are kept: on 5 March 28 February is kept, on 6 March it is not."""
    ensure(months, "2026-02-01", "2026-03-01")
    insert(months, "2026-02-01", "2026-03-01")
    set_clock(months, "2026-03-05 12:00:00+00")
    assert run("expire", "--json").days == []
    set_clock(months, "2026-03-06 12:00:00+00")
    assert run("expire", "--json").days == [("core.reading", "2026-02-01", "dropped")]
    assert bounds(months) == [("2026-03-01", "2026-04-01")]
    assert log(months)[-1] == ("core.reading", "2026-02-01", "dropped")


def test_a_guard_is_called_for_every_day_of_a_month(months: Db, run: Run) -> None:
    as_owner(
        months,
        "create function core.guard_reading(p_day date) returns text language sql volatile "
        "return case when p_day = '2026-01-20' then 'needed' end",
    )
    months.execute("update core.partition_set set guard = 'core.guard_reading'")
    ensure(months, "2026-01-01", "2026-01-01")
    assert run("expire", "--json").days == [("core.reading", "2026-01-01", "kept")]


def test_a_detached_month_is_attached_again_with_its_rows(months: Db, run: Run) -> None:
    """A run that was killed after the detach leaves a table. Any day of its month brings it back."""
    ensure(months, "2026-01-15", "2026-01-15")
    insert(months, "2026-01-02")
    as_owner(months, "alter table core.reading detach partition parts.core__reading__202601")
    assert bounds(months) == [("2026-01-01", "2026-02-01")]
    assert months.execute("select state from core.partition").fetchall() == [("detached",)]
    assert ensure(months, "2026-01-20", "2026-01-20") == 1
    assert months.execute("select state from core.partition").fetchall() == [("attached",)]
    assert months.execute("select taken_on from core.reading").fetchall() == [(date(2026, 1, 2),)]


def test_a_detached_month_that_is_not_due_is_attached_once_by_a_run(months: Db, run: Run) -> None:
    ensure(months, "2026-03-10", "2026-03-10")
    as_owner(months, "alter table core.reading detach partition parts.core__reading__202603")
    outcome = run("run", "--json")
    assert (outcome.code, outcome.days) == (0, [("core.reading", "2026-03-01", "made")])
    assert bounds(months) == [("2026-03-01", "2026-04-01")]


def test_a_detached_month_that_is_due_is_dropped(months: Db, run: Run) -> None:
    ensure(months, "2026-01-15", "2026-01-15")
    as_owner(months, "alter table core.reading detach partition parts.core__reading__202601")
    days = run("run", "--json").days
    assert ("core.reading", "2026-01-01", "dropped") in days


def test_status_shows_every_day_of_a_month(months: Db, run: Run) -> None:
    ensure(months, "2026-03-01", "2026-03-31")
    insert(months, "2026-03-31")
    found = json.loads(run("status", "--json").out)["sets"][0]
    assert (found["span"], found["oldest"], found["newest"], found["ahead"]) == (
        "month",
        "2026-03-01",
        "2026-03-31",
        21,
    )
    assert {day["state"] for day in found["days"]} == {"filled"}


def test_new_partition_is_hidden_from_its_owner(months: Db) -> None:
    """The rights are revoked after the attach, in the same transaction."""
    ensure(months, "2026-03-01", "2026-03-01")
    months.execute("set role stanchion_owner")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        months.execute("select from parts.core__reading__202603")


def test_use_months_changes_the_tables_that_are_kept_long(db: Db) -> None:
    as_owner(db, "select core.use_months()")
    rows = db.execute("select relation from core.partition_set where span = 'month' order by 1").fetchall()
    assert [relation for (relation,) in rows] == [
        "contest.play_event", "contest.play_participant", "contest.play_point", "contest.stint", "contest.stint_player",
        "core.audit_log", "core.event", "workspace.usage_event",
    ]  # fmt: skip


def test_game_days_of_a_month_are_found_without_another_partition(db: Db) -> None:
    as_owner(db, "select core.use_months()")
    days = "array['2020-01-05', '2020-01-25']::date[]"
    assert db.execute(f"select contest.ensure_game_days({days})").fetchone() == (5,)
    assert db.execute(f"select contest.ensure_game_days({days})").fetchone() == (0,)


def names(db: Db) -> list[str]:
    rows = db.execute("select child from core.partition where relation = 'core.reading' order by day").fetchall()
    return [child.removeprefix("parts.core__reading__") for (child,) in rows]


def one_bound(db: Db) -> str:
    (text,) = db.execute(
        "select pg_get_expr(c.relpartbound, c.oid) from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
        "where i.inhparent = 'core.reading'::regclass"
    ).fetchone() or ("",)
    return text


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("span", "day", "expected"),
    [
        ("month", "2024-02-29", ("2024-02-01", "2024-03-01")),
        ("month", "2100-02-28", ("2100-02-01", "2100-03-01")),
        ("month", "2026-12-31", ("2026-12-01", "2027-01-01")),
        ("year", "2024-12-31", ("2024-01-01", "2025-01-01")),
        ("year", "2026-01-01", ("2026-01-01", "2027-01-01")),
    ],
)
def test_bounds_are_midnights_utc_in_every_time_zone(
    span: str, day: str, expected: tuple[str, str], zone: str, db: Db, dsn: str
) -> None:
    db.execute("delete from core.partition_set")
    make_readings(db, "timestamptz")
    use(db, span)
    with psycopg.connect(f"{dsn} options='-c timezone={zone}'", autocommit=True) as conn:
        assert ensure(conn, day, day) == 1
        assert bounds(conn) == [expected]
        conn.execute(
            "insert into core.reading (taken_on) "
            "values (%s::timestamptz), (%s::timestamptz - interval '1 microsecond')",
            [f"{each} 00:00:00+00" for each in expected],
        )
    assert one_bound(db) == "FOR VALUES FROM ('{} 00:00:00+00') TO ('{} 00:00:00+00')".format(*expected)
    assert json.loads(call_status(dsn, zone))["sets"][0]["rows"] == 2


def call_status(dsn: str, zone: str) -> str:
    return call_stanchion("partitions", "status", "--json", database_url=f"{dsn} options='-c timezone={zone}'").out


def test_names_of_days_months_and_years_sort_by_time(readings: Db) -> None:
    for span, day in (("year", "2024-06-01"), ("month", "2025-11-30"), ("month", "2026-02-01"), ("day", "2026-03-01")):
        use(readings, span)
        ensure(readings, day, day)
    assert names(readings) == sorted(names(readings)) == ["2024", "202511", "202602", "20260301"]


def test_a_longer_period_begins_with_the_first_free_one(readings: Db) -> None:
    """Days of March exist when the table changes to years: the rest of March stays days, and the year stays months."""
    ensure(readings, "2026-03-10", "2026-03-11")
    use(readings, "year")
    ensure(readings, "2026-03-10", "2027-01-01")
    found = bounds(readings)
    assert [until for _, until in found[:-1]] == [first for first, _ in found[1:]], "no gap and no overlap"
    assert names(readings) == [
        *(f"202603{day}" for day in range(10, 32)), *(f"2026{month:02}" for month in range(4, 13)), "2027",
    ]  # fmt: skip


def test_a_shorter_period_begins_after_the_existing_one(readings: Db) -> None:
    use(readings, "year")
    ensure(readings, "2026-03-10", "2026-03-10")
    insert(readings, "2026-12-31")
    use(readings, "day")
    assert ensure(readings, "2026-12-30", "2027-01-02") == 2
    assert names(readings) == ["2026", "20270101", "20270102"]


def test_a_run_makes_the_year_ahead_before_it_begins(readings: Db, run: Run) -> None:
    use(readings, "year")
    set_clock(readings, "2027-12-28 12:00:00+00")
    assert run("run", "--json").days == [("core.reading", "2027-01-01", "made")]
    set_clock(readings, "2027-12-29 00:00:00+00")
    assert run("run", "--dry-run", "--json").days == [("core.reading", "2028-01-01", "made")]
    assert run("run", "--json").days == [("core.reading", "2028-01-01", "made")]
    assert bounds(readings) == [("2027-01-01", "2028-01-01"), ("2028-01-01", "2029-01-01")]


def test_a_year_expires_after_its_last_day_unless_it_is_held(readings: Db, run: Run) -> None:
    use(readings, "year")
    ensure(readings, "2024-02-29", "2024-02-29")
    insert(readings, "2024-12-31")
    set_clock(readings, "2025-01-05 23:59:59+00")
    assert run("expire", "--json").days == []
    set_clock(readings, "2025-01-06 00:00:00+00")
    assert run("hold", "core.reading", "--reason", "Case 4711").code == 0
    assert run("expire", "--json").days == [("core.reading", "2024-01-01", "kept")]
    run("hold", "core.reading", "--lift")
    status = json.loads(run("status", "--json").out)["sets"][0]
    assert [(each["day"], each["step"]) for each in status["next"]] == [("2024-01-01", "expire")]
    assert run("expire", "--json").days == [("core.reading", "2024-01-01", "dropped")]


def test_status_of_a_year_shows_today(readings: Db, run: Run) -> None:
    use(readings, "year")
    set_clock(readings, "2026-01-05 12:00:00+00")
    run("run")
    lines = run("status").out.splitlines()
    assert "▼ today, 2026-01-05" in lines[0]
    assert lines[1][lines[0].index("▼")] == "□"
    assert " year " in run("status").out


def test_a_detached_year_returns_with_all_its_days(readings: Db, run: Run) -> None:
    """The span has changed since; the days of the detached year are not made again."""
    use(readings, "year")
    ensure(readings, "2026-03-10", "2026-03-10")
    insert(readings, "2026-07-04")
    as_owner(readings, "alter table core.reading detach partition parts.core__reading__2026")
    use(readings, "day")
    for arguments in (("--dry-run",), ()):
        assert [each for _, each, _ in run("run", "--json", *arguments).days] == ["2026-01-01"]
    assert bounds(readings) == [("2026-01-01", "2027-01-01")]
    assert readings.execute("select taken_on from core.reading").fetchall() == [(date(2026, 7, 4),)]


def test_a_detached_day_is_not_covered_by_a_new_year(readings: Db) -> None:
    ensure(readings, "2026-03-10", "2026-03-10")
    insert(readings, "2026-03-10")
    as_owner(readings, "alter table core.reading detach partition parts.core__reading__20260310")
    use(readings, "year")
    ensure(readings, "2026-03-11", "2026-04-01")
    assert names(readings)[-2:] == ["20260331", "202604"]
    ensure(readings, "2026-03-10", "2026-03-10")
    assert readings.execute("select taken_on from core.reading").fetchall() == [(date(2026, 3, 10),)]


def test_a_detached_month_with_a_foreign_name_returns_with_all_its_days(readings: Db, dsn: str, run: Run) -> None:
    """A run is killed between detach and drop, and the table is kept longer afterwards."""
    a_month = "for values from ('2026-01-01') to ('2026-02-01')"
    as_owner(readings, f"create table core.january partition of core.reading {a_month}")
    insert(readings, "2026-01-31")
    run_until_killed(dsn, lambda: setattr(partitions, "_drop", lambda *_: die()))
    wait_for_its_server_process(readings)
    assert readings.execute(
        "select day::text, until::text, state from core.partition where day < '2026-03-01'"
    ).fetchall() == [("2026-01-01", "2026-02-01", "detached")]
    readings.execute("update core.partition_set set days_kept = 90")
    assert ("core.reading", "2026-01-01", "reattached") in run("run", "--json").days
    assert readings.execute("select taken_on from core.reading").fetchall() == [(date(2026, 1, 31),)]


@pytest.mark.parametrize("span", ["month", "year"])
def test_two_sessions_at_once_make_one_partition(span: str, readings: Db, dsn: str) -> None:
    use(readings, span)
    days = [["2026-03-10", "2026-03-10"], ["2026-03-31", "2026-03-31"]]
    made = at_once(dsn, [lambda conn, each=each: ensure(conn, *each) for each in days * 2])
    assert sum(made) == 1
    assert len(bounds(readings)) == 1


def test_kill_while_months_and_years_are_made(readings: Db, dsn: str, run: Run) -> None:
    """Killed before and during the statement that makes a partition, the next run finishes."""
    for during, span in ((False, "month"), (True, "year")):
        readings.execute("drop table core.reading; drop sequence core.reading_number; delete from core.partition_set")
        make_readings(readings)
        use(readings, span)
        set_clock(readings, "2027-12-30 12:00:00+00")
        run_until_killed(dsn, kill_at_text("core.ensure_partitions", during))
        wait_for_its_server_process(readings)
        assert run("run").code == 0
        assert [until for _, until in bounds(readings)] == [
            "2028-01-01",
            "2028-02-01" if span == "month" else "2029-01-01",
        ]


@pytest.mark.parametrize("name", ["99999999", "202613", "20260231", "0000"])
def test_table_with_a_name_that_is_not_a_period_is_ignored(name: str, readings: Db, run: Run) -> None:
    as_owner(readings, f"create table parts.core__reading__{name} (value integer)")
    assert run("run").code == 0
    assert len(bounds(readings)) == 5


def test_unknown_period_is_refused(readings: Db) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="partition_set_span_known"):
        use(readings, "week")
