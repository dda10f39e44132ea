"""Fixtures of a station never overlap in time, with concurrent bookings at any isolation level."""

from collections.abc import Callable

import psycopg
import pytest

from tests.contest.live import Cup, Db, at_once

BOOK = "select contest.schedule_fixture(%s, 'table', %s, %s)"
OVERLAPS = """
    select a.game_key, b.game_key
    from contest.fixture as a join contest.fixture as b using (tenant_id, station_key)
    where a.game_key < b.game_key and tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
"""


@pytest.fixture
def cup(make_cup: Callable[..., Cup]) -> Cup:
    cup = make_cup(2)
    with cup.acting() as conn:
        conn.execute("select contest.add_station('table', 'Table')")
    for _ in range(16):
        cup.add(0, 1)
    return cup


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_one_of_sixteen_overlapping_bookings_succeeds(cup: Cup, isolation: str) -> None:
    def book(game: str, number: int) -> Callable[[Db], str]:
        """Book an interval that overlaps with all others."""

        def call(conn: Db) -> str:
            while True:
                try:
                    conn.execute(BOOK, [game, f"2030-01-01 10:{number:02}+00", f"2030-01-01 11:{59 - number:02}+00"])
                except psycopg.errors.SerializationFailure:
                    continue
                return "booked"

        return call

    answers = at_once([(cup.dsn(None, isolation), book(game, n)) for n, game in enumerate(cup.games)])
    assert sorted(answers) == ["23P01"] * 15 + ["booked"]
    assert cup.db.execute(OVERLAPS).fetchall() == []


def test_second_transaction_waits_and_is_refused(cup: Cup) -> None:
    """The second booking waits for the first transaction, and fails when it commits."""
    with psycopg.connect(cup.dsn()) as first, psycopg.connect(cup.dsn()) as second:
        first.execute(BOOK, [cup.games[0], "2030-01-01 10:00+00", "2030-01-01 11:00+00"])
        second.execute("set lock_timeout = '100ms'")
        second.commit()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute(BOOK, [cup.games[1], "2030-01-01 10:30+00", "2030-01-01 11:30+00"])
        second.rollback()
        first.commit()
        with pytest.raises(psycopg.errors.ExclusionViolation, match=cup.games[0]):
            second.execute(BOOK, [cup.games[1], "2030-01-01 10:30+00", "2030-01-01 11:30+00"])
        second.rollback()
        second.execute(BOOK, [cup.games[1], "2030-01-01 11:00+00", "2030-01-01 12:00+00"])


def test_rescheduled_fixture_frees_its_time(cup: Cup) -> None:
    with cup.acting() as conn:
        conn.execute(BOOK, [cup.games[0], "2030-01-01 10:00+00", "2030-01-01 11:00+00"])
        conn.execute(BOOK, [cup.games[0], "2030-01-01 23:30+02", "2030-01-02 00:30+02"])
        conn.execute(BOOK, [cup.games[1], "2030-01-01 10:00+00", "2030-01-01 11:00+00"])
    assert cup.db.execute(OVERLAPS).fetchall() == []
    assert cup.db.execute(
        "select played_on::text, played_on_source from contest.fixture where game_key = %s", [cup.games[0]]
    ).fetchone() == ("2030-01-01", "competition")
    assert cup.differences() == []
