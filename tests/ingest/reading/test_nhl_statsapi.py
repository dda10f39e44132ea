"""Games of the NHL's statsapi: counts, official figures, traps of the format, and damage."""

import json
import random
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.nhl_statsapi import feed_live
from stanchion.ingest.reading.errors import UnreadableError
from tests.ingest.reading.book_count import differences
from tests.ingest.reading.damage import with_values
from tests.ingest.reading.helpers import assert_adds_up, assert_archived, read_all, read_one
from tests.ingest.reading.nhl import (
    NUMBERS,
    api_web,
    book_game,
    figures_that_differ,
    merged,
    only_goalies,
    other_spelling,
    people,
)
from tests.ingest.reading.test_hostile import JSON_VALUES, read_or_refuse

LACKS = ("goalie_time", "ice_time", "on_ice", "passes", "plus_minus")


def written(number=2, **options):
    """Return the document of an invented game. Number 2 ends in a shootout, and has a goal on a penalty shot."""
    return feed_live(book_game(number), **options)


def plays_of(tree, kind=None):
    plays = tree["liveData"]["plays"]["allPlays"]
    return [play for play in plays if kind in (None, play["result"]["eventTypeId"])]


def events_of(game, kind, detail=None):
    return [event for event in game.events if event.action.type == kind and detail in (None, event.action.detail1)]


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize("numbers", NUMBERS)
def test_games_equal_their_books(numbers):
    for number in numbers:
        played = book_game(number)
        game = read_one(msgspec.json.encode(written(number)))
        assert differences(played, game) == []
        assert figures_that_differ(played, game) == []
        assert (game.rejects, game.flags, game.lacks) == ((), {}, LACKS)
        assert (game.game_date, game.format) == (played.day, "nhl statsapi")
        assert only_goalies(game)
        assert (game.home_team, game.away_team) == (played.home.name, played.away.name)


def test_official_figures_are_of_every_scope():
    game = read_one(written())
    names = {scope: {figure.name for figure in game.official if figure.scope == scope} for scope in ("team", "goalie")}
    assert names["goalie"] == {"shots_against", "saves", "seconds", "decision"}
    assert {"goals", "score_for", "power_plays", "power_play_goals", "penalty_minutes"} < names["team"]
    assert {figure.period for figure in game.official if figure.scope == "period"} == {1, 2, 3, 4}


def test_official_figures_may_differ_from_the_plays():
    played = book_game()
    skater = ("home", played.home.players[0].id)
    changed = {(*skater, "faceoffs_won"): 30, ("away", None, "goals"): 12}
    game = read_one(written(differences=changed))
    lost = played.truth.players[skater]["faceoffs_lost"]
    found = {item[:5] for item in figures_that_differ(played, game)}
    assert ("player", *skater, "faceoffs_won", "30") in found
    assert ("team", "away", None, "goals", "12") in found
    assert len(found) == 2
    assert next(f.value for f in game.official if f.name == "faceoffs_lost") == str(lost)
    assert differences(played, game) == []


def test_both_nhl_formats_give_the_same_plays():
    for number in range(6):
        of_web, of_stats = merged(api_web(number)[:1]), read_one(written(number))
        assert of_web.game_key == of_stats.game_key

        def described(game):
            return [
                (e.period, e.start_s, a.type, a.detail1, a.detail2, a.side, a.minutes, a.gives_power_play, people(e))
                for e in game.events
                if (a := e.action).detail1 not in ("Shot_HitPost", "Shot_Missed", "Shot_Blocked")
                and a.type not in ("Penalty", "Goal")
            ]

        assert described(of_web) == described(of_stats)


def test_blocked_shot_is_of_the_shooter():
    game = read_one(written())
    expected = [
        (play.side, str(play.people["shooter"].id), str(play.people["blocker"].id))
        for play in book_game().plays
        if play.kind == "blocked"
    ]
    blocks = events_of(game, "Shot", "Shot_Blocked")
    found = [(e.action.side, people(e)["event", 1, None], people(e)["opp", 1, "BlockedShot"]) for e in blocks]
    assert found == expected


def test_block_of_a_team_mate_is_not_counted():
    tree = written()
    play = plays_of(tree, "BLOCKED_SHOT")[0]
    shooter = next(entry for entry in play["players"] if entry["playerType"] == "Shooter")["player"]["id"]
    side = next(s for s in ("home", "away") if shooter in {p.id for p in book_game().team(s).players})
    mate = next(player.id for player in book_game().team(side).players if player.id != shooter)
    next(entry for entry in play["players"] if entry["playerType"] == "Blocker")["player"]["id"] = mate
    event = events_of(read_one(tree), "Shot", "Shot_Blocked")[0]
    assert people(event) == {("event", 1, None): str(shooter), ("event", 2, None): str(mate)}


def test_bench_minor_has_no_player_with_the_minutes():
    tree = written(0)
    bench = [play for play in plays_of(tree, "PENALTY") if play["result"]["penaltySeverity"] == "Bench Minor"]
    without = [e for e in events_of(read_one(tree), "Penalty") if ("event", 1, None) not in people(e)]
    assert len(without) == len(bench) > 0
    assert all(("event", 2, "ServedBy") in people(event) for event in without)


@pytest.mark.parametrize(
    ("severity", "minutes", "expected"),
    [
        ("Minor", 2, ("Penalty_Minor", 2, True)),
        ("Minor", 4, ("Penalty_DoubleMinor", 4, True)),
        ("Major", 5, ("Penalty_Major", 5, True)),
        ("Match", 5, ("Penalty_Match", 5, True)),
        ("Misconduct", 10, ("Penalty_Misconduct", 10, False)),
        ("Game Misconduct", 10, ("Penalty_Misconduct", 10, False)),
        ("Penalty Shot", 0, ("Penalty_PenaltyShot", 0, False)),
        (None, 2, ("Penalty_Minor", 2, True)),
    ],
)
def test_class_of_a_penalty(severity, minutes, expected):
    tree = written()
    play = plays_of(tree, "PENALTY")[0]
    play["result"] |= {"penaltySeverity": severity, "penaltyMinutes": minutes}
    tree["liveData"]["plays"]["allPlays"] = [play]
    game = read_one(tree)
    (event,) = game.events
    assert (event.action.detail1, event.action.minutes, event.action.gives_power_play) == expected
    assert game.flags.get("penalty_class_assumed", 0) == (severity is None)


def test_goal_on_a_penalty_shot_follows_the_foul_in_the_same_second():
    (goal,) = [e for e in events_of(read_one(written(2)), "Goal") if e.action.detail2 == "Goal_PenaltyShot"]
    assert goal.action.strength == "even"
    (shot,) = [e for e in events_of(read_one(written(3)), "Shot") if e.action.detail2 == "Shot_PenaltyShot"]
    assert shot.action.detail1 == "Shot_OnNet"


def test_attempts_of_a_shootout_are_in_a_period_of_their_own():
    game = read_one(written())
    attempts = events_of(game, "Shootout")
    assert len(attempts) == sum(play.kind == "shootout" for play in book_game().plays)
    assert {event.period for event in attempts} == {5}


def test_player_who_is_not_dressed_is_not_on_the_roster():
    tree = written()
    assert len(read_one(tree).rosters) == 2 * len(book_game().home.players)
    assert "Not Dressed" in json.dumps(tree)


def test_fields_missing_in_the_box_score_are_taken_from_the_list_of_players():
    tree, other = written(), written()
    for team in other["liveData"]["boxscore"]["teams"].values():
        for number, line in enumerate(team["players"].values()):
            if line["position"]["code"] != "N/A":
                line["position"]["code"] = "N/A" if number % 3 else ""
            line.pop("jerseyNumber", None)
            line["person"].pop("fullName")
    assert read_one(other).rosters == read_one(tree).rosters
    assert read_one(other).content_hash == read_one(tree).content_hash


def test_play_without_coordinates_has_no_point():
    game = read_one(written())
    plays = [play for play in plays_of(written()) if play.get("team") and play["about"]["periodType"] != "SHOOTOUT"]
    without = sum(not play["coordinates"] for play in plays)
    with_point = {row.split(",")[0] for row in game.rows.tables["play_point"]}
    counted = [event for event in game.events if event.action.type not in ("Save", "Shootout")]
    assert without > 2
    assert sum(str(event.event_no) not in with_point for event in counted) == without
    assert game.flags == {}


# ---------------------------------------------------------------- revisions and spellings


def test_copies_of_an_unfinished_game_are_ordered_by_their_time_stamps():
    early, late = read_one(written(plays=40)), read_one(written())
    assert early.game_key == late.game_key
    assert early.exported_at < late.exported_at
    assert len(early.events) < len(late.events)
    assert early.flags == {}
    assert early.content_hash != late.content_hash


@pytest.mark.parametrize("stamp", [None, "", "20190101", "20191301_000000", 7, {}, "20190101_235959x"])
def test_time_stamp_that_cannot_be_read_is_left_out(stamp):
    game = read_one(written() | {"metaData": {"timeStamp": stamp}})
    assert game.exported_at is None
    assert game.content_hash == read_one(written()).content_hash


@pytest.mark.parametrize(
    ("start", "day"),
    [
        ("2026-01-16T18:00:00Z", "2026-01-16"),
        ("2026-01-17T00:30:00Z", "2026-01-16"),
        ("2026-01-17T03:30:00Z", "2026-01-16"),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_day_of_a_game_is_the_one_in_north_america(start, day):
    tree = written()
    tree["gameData"]["datetime"]["dateTime"] = start
    assert str(read_one(tree).game_date) == str(day)


def test_other_spelling_is_the_same_game():
    game = read_one(written())
    for seed in range(3):
        tree = other_spelling(written(), seed)
        random.Random(seed).shuffle(tree["liveData"]["plays"]["allPlays"])
        again = read_one(tree)
        assert again.content_hash == game.content_hash
        assert (set(again.official), again.rejects, again.flags) == (set(game.official), (), {})
        assert b"INVENTED" not in again.document


def test_archived_document_is_the_same_game():
    for number in range(6):
        assert_archived(read_one(written(number)))
    assert_archived(read_one(written(plays=10)))


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("junk", [None, 7, "text", [1], {}])
def test_play_that_is_not_a_play_is_rejected(junk):
    tree = written()
    plays_of(tree).insert(0, junk)
    tree["liveData"]["plays"]["allPlays"].insert(6, junk)
    game = read_one(tree)
    assert [(reject.part, reject.position) for reject in game.rejects] == [("event", 6)]
    assert game.content_hash == read_one(written()).content_hash
    assert_adds_up(game)
    assert_archived(game)


@pytest.mark.parametrize("game_pk", [None, "", 0, {}, "x" * 600])
def test_document_without_a_key_is_refused(game_pk):
    with pytest.raises(UnreadableError, match="gamePk"):
        read_all(json.dumps(written() | {"gamePk": game_pk}).encode())


def test_plays_must_be_a_list():
    tree = written()
    tree["liveData"]["plays"]["allPlays"] = {}
    with pytest.raises(UnreadableError, match="The value of the key allPlays is not a list"):
        read_all(json.dumps(tree).encode())


def test_document_without_plays_and_box_score_lacks_everything():
    game = read_one({"gamePk": 2018020001, "gameData": None, "liveData": []})
    assert set(LACKS) - {"goalie_time"} | {"goalies", "assists", "strength", "shootouts"} <= set(game.lacks)
    assert game.flags == {"team_without_name": 2}
    assert_archived(game)


def test_repaired_text_is_flagged_in_the_archive_too():
    tree = written()
    tree["gameData"]["teams"]["home"]["name"] = "Har\x00bor"
    game = read_one(tree)
    assert game.flags == {"text_repaired": 1}
    assert_archived(game)


def test_odd_values_are_flagged_or_rejected():
    tree = written()
    hits = plays_of(tree, "HIT")
    hits[0]["about"]["periodTime"] = "soon"
    hits[1]["team"] = None
    hits[2]["about"]["period"] = 10**30
    plays_of(tree, "PENALTY")[0]["result"]["penaltyMinutes"] = 10**6
    game = read_one(tree)
    assert game.flags["event_without_clock"] == game.flags["event_without_team"] == 1
    assert game.flags["event_without_period"] == 1
    assert [reject.reason for reject in game.rejects] == ["The minutes of the penalty are not a number from 0 to 60."]
    assert_adds_up(game)


def tiny():
    """Return a short document, which hostile values are put into."""
    tree = written(plays=12)
    full = written()
    for side in ("home", "away"):
        box = full["liveData"]["boxscore"]["teams"][side]
        box["players"] = dict(list(box["players"].items())[::6])
        tree["liveData"]["boxscore"]["teams"][side] = box
    tree["gameData"]["players"] = dict(list(tree["gameData"]["players"].items())[::9])
    tree["liveData"]["plays"]["allPlays"] += plays_of(full, "GOAL")[:2] + plays_of(full, "PENALTY")[:2]
    return tree


TINY = tiny()


@given(seed=st.integers(0, 2**32), values=st.lists(JSON_VALUES, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_document_with_random_values_at_random_places(seed, values):
    read_or_refuse(json.dumps(with_values(TINY, seed, values)).encode())


@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys(TINY, JSON_VALUES)))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_document_with_random_values_under_its_keys(values):
    read_or_refuse(json.dumps(TINY | values).encode())


def test_revisions_need_no_more_than_their_time_stamps():
    first, second = read_one(written(plays=40)), read_one(written(plays=41))
    assert second.exported_at - first.exported_at >= timedelta(seconds=1)
