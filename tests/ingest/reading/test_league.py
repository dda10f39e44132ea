"""League rules about periods and their lengths replace the values in an export."""

from datetime import date, timedelta

import pytest

from stanchion.dev.sample.files import as_json, event_csv, export
from stanchion.ingest.reading.league import LeagueRules, Rulebook
from tests.ingest.reading.helpers import played, read_one

TWO_HALVES = LeagueRules(periods=2, period_seconds=1500, overtime_seconds=0)


@pytest.mark.parametrize("data", [as_json(export(played())), event_csv([played()])], ids=["export", "csv"])
def test_periods_that_the_league_does_not_play_are_left_out(data):
    game = read_one(data)
    assert max(event.period for event in game.events) > 2
    by_rules, left_out = TWO_HALVES.apply(game)
    assert by_rules.period_seconds == {"1": 1500, "2": 1500} != game.period_seconds
    assert {event.period for event in by_rules.events} == {1, 2}
    assert {stint.period for stint in by_rules.stints} <= {1, 2}
    assert len(by_rules.events) + len(by_rules.stints) + len(left_out) == len(game.events) + len(game.stints)
    assert {reject.reason for reject in left_out} == {"The league plays 2 periods and no overtime."}
    assert by_rules.content_hash == game.content_hash
    kept = {str(event.event_no) for event in by_rules.events}
    for table in ("play_event", "play_participant", "play_point"):
        complete, remaining = (each.rows.tables[table] for each in (game, by_rules))
        assert remaining == [row for row in complete if row.split(",")[0] in kept]
        assert len(remaining) < len(complete) or not complete
    assert by_rules.flags["period_not_played"] == len(left_out)


def test_overtime_is_played_unless_the_rules_exclude_it():
    tree = export(played())
    tree["events"][-1]["period"] = "OT"
    game = read_one(tree)
    for rules in (
        LeagueRules(),
        LeagueRules(periods=2),
        LeagueRules(periods=2, overtime_seconds=600),
        LeagueRules(period_seconds=900),
    ):
        assert rules.apply(game)[1] == ()
    _, left_out = LeagueRules(overtime_seconds=0).apply(game)
    assert [(reject.part, reject.position) for reject in left_out] == [("event", len(tree["events"]) - 1)]


def test_rules_are_those_valid_on_the_day():
    day = date(2026, 1, 16)
    rulebook = Rulebook([(day, TWO_HALVES)])
    assert rulebook.on(day) == TWO_HALVES
    assert rulebook.on(day - timedelta(days=1)) == Rulebook().on(day) == LeagueRules()
    assert Rulebook([(day, LeagueRules(periods=3)), (date.min, TWO_HALVES)]).on(day) == LeagueRules(periods=3)


def test_lengths_come_from_the_rules_or_else_the_export():
    exported = {"1": 1080, "2": 1080, "3": 1080, "OT": 300}
    assert LeagueRules().lengths(exported) == exported
    assert LeagueRules().lengths({}) == LeagueRules(periods=4).lengths({}) == {}
    assert LeagueRules(period_seconds=720).lengths({}) == {"1": 720, "2": 720, "3": 720}
    assert LeagueRules(periods=4).lengths(exported) == {"1": 1080, "2": 1080, "3": 1080, "4": 1080, "OT": 300}
    assert LeagueRules(period_seconds=900, overtime_seconds=0).lengths(exported) == {"1": 900, "2": 900, "3": 900}
    for odd in ({"1": 1080, "3": 1080}, {"1": 1080, "2": 0, "3": 1080}, {"0": 300, "3": 1080}):
        assert LeagueRules(overtime_seconds=0).lengths(odd).keys() == {"1", "2", "3"}
