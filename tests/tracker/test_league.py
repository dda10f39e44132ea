"""A league that says how many periods it plays, and how long they are, is believed before its tracker."""

from datetime import date

import pytest

from etl.sample.files import event_csv, export
from etl.tracker.league import League, Rulebook
from etl.tracker.recognise import read
from etl.tracker.sources import from_bytes
from tests.tracker.helpers import as_json, played, read_one

TWO_HALVES = League(periods=2, period_seconds=1500, overtime_seconds=0)


def read_by(league, data):
    (game,) = read(from_bytes("a file", data), Rulebook([(date.min, league)]))
    return game


@pytest.mark.parametrize("data", [as_json(export(played())), event_csv([played()])], ids=["export", "csv"])
def test_what_is_in_a_period_that_the_league_does_not_play_is_rejected(data):
    usual, game = read_one(data), read_by(TWO_HALVES, data)
    assert game.period_seconds == {"1": 1500, "2": 1500} != usual.period_seconds
    assert {event.period for event in usual.events} >= {1, 2, 3}
    assert {event.period for event in game.events} == {1, 2}
    assert {stint.period for stint in game.stints} <= {1, 2}
    assert len(game.events) + sum(reject.part in ("event", "row") for reject in game.rejects) == game.events_seen
    rejected = sum(reject.part == "stint" for reject in game.rejects)
    assert len(game.stints) + rejected + game.stints_ignored == game.stints_seen
    assert {reject.reason for reject in game.rejects} == {"The league plays 2 periods and no overtime."}


def test_overtime_comes_after_the_periods_of_the_league():
    tree = export(played())
    tree["events"][0]["period"] = "OT"
    halves = League(periods=2, overtime_seconds=600)
    game = read_by(halves, as_json(tree))
    assert game.events[0].period == 3
    assert game.rejects == ()
    assert game.period_seconds == {"1": 1080, "2": 1080, "OT": 600}


def test_rules_are_those_of_the_day_of_the_game():
    data = as_json(export(played()))
    exported = read_one(data).exported_at.date()
    for changes, periods in (
        ([(exported, TWO_HALVES)], 2),
        ([(date.max, TWO_HALVES)], 3),
        ([(date.min, TWO_HALVES), (exported, League(periods=3))], 3),
    ):
        (game,) = read(from_bytes("a file", data), Rulebook(changes))
        assert len([key for key in game.period_seconds if key.isdigit()]) == periods
        assert bool(game.rejects) == (periods == 2)


def test_lengths_are_the_leagues_then_those_of_the_export_then_nobodys():
    said = {"1": 1080, "2": 1080, "3": 1080, "OT": 300}
    assert League().lengths(said) == said
    assert League().lengths({}) == {}
    assert League(period_seconds=720).lengths({}) == {"1": 720, "2": 720, "3": 720}
    assert League(periods=4).lengths(said) == {"1": 1080, "2": 1080, "3": 1080, "4": 1080, "OT": 300}
    assert League(period_seconds=900, overtime_seconds=0).lengths(said) == {"1": 900, "2": 900, "3": 900}
