"""Partitions of months: they replace days where a month has no days yet, and expire and return as days do."""

from __future__ import annotations

import json
from datetime import date

import psycopg
import pytest

from tests.sessions import Db

from .conftest import Run, as_owner, log, set_clock


@pytest.fixture
def months(readings: Db) -> Db:
    """Let new partitions of core.reading be months. Today is 2026-03-10, and the table has no partition yet."""
    readings.execute("update core.partition_set set span = 'month'")
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
    months.execute("update core.partition_set set span = 'day'")
    ensure(months, "2026-02-10", "2026-02-10")
    months.execute("update core.partition_set set span = 'month'")
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
