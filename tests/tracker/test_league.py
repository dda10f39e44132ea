"""A league that says how many periods it plays, and how long they are, is believed before its tracker."""

from datetime import date, timedelta

import pytest

from stanchion.dev.sample.files import as_json, event_csv, export
from stanchion.ingest.reading.league import League, Rulebook
from tests.tracker.helpers import played, read_one

TWO_HALVES = League(periods=2, period_seconds=1500, overtime_seconds=0)


@pytest.mark.parametrize("data", [as_json(export(played())), event_csv([played()])], ids=["export", "csv"])
def test_what_is_in_a_period_that_the_league_does_not_play_is_left_out(data):
    game = read_one(data)
    assert max(event.period for event in game.events) > 2
    by_rules, left_out = TWO_HALVES.plays(game)
    assert by_rules.period_seconds == {"1": 1500, "2": 1500} != game.period_seconds
    assert {event.period for event in by_rules.events} == {1, 2}
    assert {stint.period for stint in by_rules.stints} <= {1, 2}
    assert len(by_rules.events) + len(by_rules.stints) + len(left_out) == len(game.events) + len(game.stints)
    assert {reject.reason for reject in left_out} == {"The league plays 2 periods and no overtime."}
    assert by_rules.content_hash == game.content_hash
    kept = {str(event.event_no) for event in by_rules.events}
    for table in ("play_event", "play_participant", "play_point"):
        every, some = (each.rows.tables[table] for each in (game, by_rules))
        assert some == [row for row in every if row.split(",")[0] in kept]
        assert len(some) < len(every) or not every
    assert by_rules.flags["period_not_played"] == len(left_out)


def test_overtime_is_played_unless_the_league_says_there_is_none():
    tree = export(played())
    tree["events"][-1]["period"] = "OT"
    game = read_one(tree)
    for league in (League(), League(periods=2), League(periods=2, overtime_seconds=600), League(period_seconds=900)):
        assert league.plays(game)[1] == ()
    _, left_out = League(overtime_seconds=0).plays(game)
    assert [(reject.part, reject.position) for reject in left_out] == [("event", len(tree["events"]) - 1)]


def test_rules_are_those_of_the_day():
    day = date(2026, 1, 16)
    before = Rulebook([(day, TWO_HALVES)])
    assert before.on(day) == TWO_HALVES
    assert before.on(day - timedelta(days=1)) == Rulebook().on(day) == League()
    assert Rulebook([(day, League(periods=3)), (date.min, TWO_HALVES)]).on(day) == League(periods=3)


def test_lengths_are_the_leagues_then_those_of_the_export_then_nobodys():
    said = {"1": 1080, "2": 1080, "3": 1080, "OT": 300}
    assert League().lengths(said) == said
    assert League().lengths({}) == League(periods=4).lengths({}) == {}
    assert League(period_seconds=720).lengths({}) == {"1": 720, "2": 720, "3": 720}
    assert League(periods=4).lengths(said) == {"1": 1080, "2": 1080, "3": 1080, "4": 1080, "OT": 300}
    assert League(period_seconds=900, overtime_seconds=0).lengths(said) == {"1": 900, "2": 900, "3": 900}
    for odd in ({"1": 1080, "3": 1080}, {"1": 1080, "2": 0, "3": 1080}, {"0": 300, "3": 1080}):
        assert League(overtime_seconds=0).lengths(odd).keys() == {"1", "2", "3"}
