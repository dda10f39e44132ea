"""core.next_run finds the time that a walk from minute to minute with another time zone library finds."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.sessions import Db

NEXT = "select core.next_run(%s, %s, %s)"
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
)
MINUTE, DAYS = timedelta(minutes=1), 12
NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "weekday": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}  # fmt: skip
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def values(field: str, low: int, high: int) -> set[int]:
    """Return the values of a field, by an implementation of its own."""
    found: set[int] = set()
    for part in field.lower().split(","):
        body, _, step = part.partition("/")
        for names, first in ((NAMES["month"], 1), (NAMES["weekday"], 0)):
            for number, name in enumerate(names):
                body = re.sub(rf"\b{name}\b", str(number + first), body)
        start, _, end = (f"{low}-{min(high, 6) if high == 7 else high}" if body == "*" else body).partition("-")
        last = int(end or start)
        if high == 7 and end == "0":
            last = 7
        found |= {value for value in range(int(start), last + 1) if (value - int(start)) % int(step or 1) == 0}
    return {value % 7 for value in found} if high == 7 else found


def matches(fields: list[str], sets: list[set[int]], local: datetime) -> bool:
    minute, hour, day, month, weekday = sets
    is_day, is_weekday = local.day in day, (local.weekday() + 1) % 7 in weekday
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    is_right = (is_day or is_weekday) if either else (is_day and is_weekday)
    return local.minute in minute and local.hour in hour and local.month in month and is_right


def walk(cron: str, zone: str, after: datetime) -> datetime | None:
    """Return the first matching minute after a time, or None when none is within DAYS."""
    fields, tz = cron.split(), ZoneInfo(zone)
    sets = [values(field, *bounds) for field, bounds in zip(fields, BOUNDS, strict=True)]
    at = after.replace(second=0, microsecond=0) + MINUTE
    before = (at - MINUTE).astimezone(tz).replace(tzinfo=None)
    for _ in range(DAYS * 1440):
        aware = at.astimezone(tz)
        local = aware.replace(tzinfo=None)
        skipped = before + MINUTE
        while skipped < local:  # the clock was set forward
            if matches(fields, sets, skipped):
                return at
            skipped += MINUTE
        if aware.fold == 0 and matches(fields, sets, local):
            return at
        before, at = local, at + MINUTE
    return None


def field(low: int, high: int, names: list[str]) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    part = st.one_of(
        st.just("*"),
        st.just("*"),
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(number, number, st.integers(1, 20)).map(lambda p: f"{min(p[:2])}-{max(p[:2])}/{p[2]}"),
        st.integers(1, 30).map(lambda step: f"*/{step}"),
        *([st.sampled_from(names), st.sampled_from(names).map(str.upper)] if names else []),
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


CRONS = st.tuples(
    field(0, 59, []), field(0, 23, []), field(1, 31, []), st.one_of(st.just("*"), field(1, 12, NAMES["month"])),
    field(0, 7, NAMES["weekday"]),
).map(" ".join)  # fmt: skip
# most of the times are near a change of the clock in one of the zones
CHANGES = [
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2026-04-04T15:00",
        "2026-10-03T15:30", "2026-03-08T05:30", "2026-11-01T04:30",
    )
]  # fmt: skip
TIMES = st.one_of(
    st.tuples(st.sampled_from(CHANGES), st.integers(-3 * 86400, 86400)).map(lambda p: p[0] + timedelta(seconds=p[1])),
    st.datetimes(datetime(2015, 1, 1), datetime(2029, 12, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),
)


@pytest.fixture(scope="module")
def conn(deployed_db: Db) -> Iterator[Db]:
    deployed_db.execute("set timezone = 'UTC'")
    yield deployed_db
    deployed_db.execute("reset timezone")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CRONS, st.sampled_from(ZONES), TIMES)
@example("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC))
@example("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 25, 0, 29, 59, tzinfo=UTC))
@example("*/15 * * * *", "Australia/Lord_Howe", datetime(2026, 4, 4, 14, 50, tzinfo=UTC))
@example("0 0 1 * 5-0", "America/New_York", datetime(2026, 11, 1, 5, tzinfo=UTC))
def test_the_next_run_is_the_one_that_a_walk_finds(conn: Db, cron: str, zone: str, after: datetime) -> None:
    expected = walk(cron, zone, after)
    try:
        found = conn.execute(NEXT, [cron, zone, after]).fetchone()[0]
    except psycopg.errors.InvalidParameterValue as e:
        assert "selects no day" in str(e)
        assert expected is None
        return
    if expected is None:
        assert found > after + timedelta(days=DAYS) - MINUTE
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # a local time that does not exist: once, at the jump
        ("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00+00", ["2026-03-29 01:00+00", "2026-03-30 00:30+00"]),
        ("*/20 2 * * *", "Europe/Berlin", "2026-03-28 12:00+00", ["2026-03-29 01:00+00", "2026-03-30 00:00+00"]),
        # a local time that occurs twice: once, the first time
        ("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00+00", ["2026-10-25 00:30+00", "2026-10-26 01:30+00"]),
        # Samoa had no 30 December 2011
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-01 00:00+00", ["2011-12-30 10:00+00", "2012-12-29 22:00+00"]),
        ("0 0 29 2 *", "UTC", "2097-01-01 00:00+00", ["2104-02-29 00:00+00"]),
        ("0 0 13 * fri", "UTC", "2026-11-01 00:00+00", ["2026-11-06 00:00+00", "2026-11-13 00:00+00"]),
        ("0 0 */2 * fri", "UTC", "2026-11-01 00:00+00", ["2026-11-13 00:00+00", "2026-11-27 00:00+00"]),
        ("@weekly", "UTC", "2026-11-01 00:00+00", ["2026-11-08 00:00+00"]),
        ("@DAILY", "Asia/Kathmandu", "2026-11-01 00:00+00", ["2026-11-01 18:15+00"]),
    ],
)  # fmt: skip
def test_times_of_known_cases(conn: Db, cron: str, zone: str, after: str, expected: list[str]) -> None:
    at = datetime.fromisoformat(after)
    for each in expected:
        at = conn.execute(NEXT, [cron, zone, at]).fetchone()[0]
        assert at == datetime.fromisoformat(each)


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("", "has 1 fields, expected 5"), ("* * * *", "has 4 fields"), ("* * * * * *", "has 6 fields"),
        ("60 * * * *", 'the minute "60"'), ("* 24 * * *", 'the hour "24"'), ("* * 0 * *", 'the day of month "0"'),
        ("* * * 13 *", 'the month "13"'), ("* * * * 8", 'the day of week "8"'), ("5-1 * * * *", 'the minute "5-1"'),
        ("*/0 * * * *", 'the minute "*/0"'), ("5/10 * * * *", 'the minute "5/10"'), ("1,,2 * * * *", 'the minute ""'),
        ("* * * fri *", 'the month "fri"'), ("* jan * * *", 'the hour "jan"'), ("-1 * * * *", 'the minute "-1"'),
        ("@reboot", "has 1 fields"), ("0 0 30 2 *", "selects no day"), ("* * * * *;drop table x", "fields"),
        ("١ * * * *", 'the minute "١"'),
    ],
)  # fmt: skip
def test_an_invalid_expression_is_refused(conn: Db, cron: str, problem: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=re.escape(problem)):
        conn.execute(NEXT, [cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC)])


def test_the_time_zone_of_the_session_has_no_effect(conn: Db) -> None:
    conn.execute("set timezone = 'America/New_York'")
    after = datetime(2026, 3, 8, 6, 59, tzinfo=UTC)
    assert conn.execute(NEXT, ["0 2 * * *", "UTC", after]).fetchone()[0] == datetime(2026, 3, 9, 2, tzinfo=UTC)
    conn.execute("set timezone = 'UTC'")


def test_unknown_zones_and_missing_times_are_refused(conn: Db) -> None:
    for zone, after in (("Mars/Base", "2026-01-01"), (None, "2026-01-01"), ("UTC", None), ("UTC", "infinity")):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            conn.execute(NEXT, ["* * * * *", zone, after])
