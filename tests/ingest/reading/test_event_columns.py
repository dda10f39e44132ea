"""An event CSV of any year gives the same game: names of columns, dates, clocks, ids and goals differ by year."""

import csv
import io

import pytest

from stanchion.dev.sample.files import event_csv
from stanchion.ingest.reading.errors import UnreadableError
from tests.ingest.reading.helpers import played, read_all, read_one


def rewritten(data: bytes, change) -> bytes:
    """Change the cells of each row of a CSV."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        change(row)
        writer.writerow(row)
    return text.getvalue().encode()


def described(game):
    """Return all of a game except what identifies its players."""
    events = [
        (e.period, e.action, e.start_s, [(p.role, p.role_no, p.side) for p in e.participants]) for e in game.events
    ]
    actions = [(period, a.type, a.detail1, a.detail2, a.side, a.success, *rest) for period, a, *rest in events]
    return game.game_key, game.home_team, game.away_team, actions, game.rows.tables["play_point"]


@pytest.mark.parametrize("year", [2022, 2025])
def test_event_csv_of_each_year_is_the_same_game(year):
    plain, other = (read_one(event_csv([played()], "2026-02-08", written)) for written in (2024, year))
    assert other.rejects == ()
    assert other.flags == plain.flags
    assert described(other) == described(plain)


def test_the_same_names_in_2022_and_2024_are_the_same_revision():
    old, new = (read_one(event_csv([played()], "2026-02-08", year)) for year in (2022, 2024))
    assert old.content_hash == new.content_hash


def test_ids_of_players_are_jerseys_of_a_side():
    game = read_one(event_csv([played()], year=2025))
    rosters = {(side, player["num"]) for side, roster in played().rosters.items() for player in roster}
    entries = {(entry.side, entry.jersey) for entry in game.rosters}
    assert entries <= rosters
    assert {(entry.name, entry.person_key) for entry in game.rosters} == {(None, None)}
    people = {(p.side, p.jersey) for event in game.events for p in event.participants}
    assert people == entries
    assert not any(jersey.endswith(".0") for _, jersey in people)


@pytest.mark.parametrize(
    ("year", "written", "day"),
    [
        (2024, "2/3/2026", "2026-02-03"),  # could be either; the month is first
        (2025, "11/15/2024", "2024-11-15"),
        (2025, "2/3/2026", "2026-02-03"),
        (2022, "8/2/2022", "2022-02-08"),  # could be either; the day is first
        (2022, "2/14/2022", "2022-02-14"),  # can only begin with the month
        (2024, "14/2/2022", "2022-02-14"),  # can only begin with the day
        (2024, "2026-02-03 19:00", "2026-02-03"),
    ],
)
def test_the_file_decides_whether_a_date_begins_with_the_day(year, written, day):
    data = event_csv([played()], year=year)
    column = {2022: "game_date", 2025: "Date", 2024: "Date"}[year]
    game = read_one(rewritten(data, lambda row: row.update({column: written})))
    assert str(game.game_date) == day


def test_dates_in_both_orders_are_refused():
    number = iter(range(10**6))

    def change(row):
        row["Date"] = "14/2/2026" if next(number) < 5 else "2/15/2026"

    with pytest.raises(UnreadableError, match="Some dates of the file begin with the day, and others with the month"):
        read_all(rewritten(event_csv([played()]), change))


def test_date_that_does_not_exist_is_refused():
    with pytest.raises(UnreadableError, match="No row of the file has a date"):
        read_all(rewritten(event_csv([played()]), lambda row: row.update(Date="30/2/2026")))


def test_row_of_2022_without_a_side_is_rejected():
    number = iter(range(10**6))

    def change(row):
        if next(number) == 3:
            row["venue"] = "neutral"

    game = read_one(rewritten(event_csv([played()], year=2022), change))
    assert [(reject.part, reject.position) for reject in game.rejects] == [("row", 5)]
