"""Games of the NHL's api-web service: counts, official figures, traps of the format, and damage."""

import copy
import itertools
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.nhl_api_web import boxscore, play_by_play, shiftcharts
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.nhl.values import decision, situation, strength_at, whole_seconds
from stanchion.ingest.reading.parts import merge_parts
from tests.ingest.reading.book_count import count, differences
from tests.ingest.reading.damage import places
from tests.ingest.reading.helpers import assert_adds_up, assert_storable
from tests.ingest.reading.nhl import (
    GAMES,
    NUMBERS,
    OTHER,
    api_web,
    assert_merged_again,
    book_game,
    documents,
    figures_that_differ,
    merged,
    only_goalies,
    other_spelling,
    parts_of,
    people,
)
from tests.ingest.reading.test_hostile import JSON_VALUES

ON_ICE = {"plus", "minus", "plus_minus"}  # the marts count them from the stints
NO_ICE = {"ice_time", "on_ice", "plus_minus"}


def plays_of(tree, kind):
    return [play for play in tree["plays"] if play["typeDescKey"] == kind]


def events_of(game, kind, detail=None):
    return [event for event in game.events if event.action.type == kind and detail in (None, event.action.detail1)]


# ---------------------------------------------------------------- counts


@pytest.mark.parametrize("numbers", NUMBERS)
def test_games_equal_their_books(numbers):
    for number in numbers:
        played = book_game(number)
        game = merged(documents(number))
        assert differences(played, game, without=ON_ICE) == []
        assert figures_that_differ(played, game) == []
        assert (game.rejects, game.flags, game.lacks) == ((), {}, ("passes",))
        assert (game.game_date, game.format) == (played.day, "nhl api-web")
        assert (game.home_team, game.away_team) == (played.home.name, played.away.name)


@pytest.mark.parametrize("number", range(6))
def test_players_on_the_ice_at_a_goal_give_plus_and_minus(number):
    played, game = book_game(number), merged(api_web(number))
    counted = dict.fromkeys(played.truth.players, 0)
    for goal in events_of(game, "Goal"):
        if goal.action.strength == "power_play" or goal.action.detail2 == "Goal_PenaltyShot":
            continue
        stint = next(s for s in game.stints if s.period == goal.period and s.start_s > goal.start_s >= s.end_s)
        for player in stint.on_ice:
            if player.slot != "G":
                counted[player.side, int(player.person_key)] += 1 if player.side == goal.action.side else -1
    assert counted == {key: figures["plus_minus"] for key, figures in played.truth.players.items()}


def test_official_figures_may_differ_from_the_plays():
    played = book_game()
    scorer = next(key for key, figures in played.truth.players.items() if figures["goals"])
    changed = {(*scorer, "goals"): 9, ("home", None, "shots_on_goal"): 77}
    tree = boxscore(played, changed)
    game = merged([play_by_play(played), tree])
    assert {(*item[:4], item[4]) for item in figures_that_differ(played, game)} == {
        ("player", *scorer, "goals", "9"),
        ("team", "home", None, "shots_on_goal", "77"),
    }
    assert differences(played, game) == []


def test_goalie_who_lost_a_shootout_has_this_decision():
    game = merged(api_web(2))
    assert {figure.value for figure in game.official if figure.name == "decision"} == {"W", "SOL"}
    assert decision("O", "OT") == "OTL"
    assert decision("L", "REG") == "L"
    assert decision("no decision", "REG") is None


def test_score_contains_the_shootout_goal_and_goals_are_left_out():
    game = merged(api_web(2))
    names = {figure.name for figure in game.official if figure.scope == "team"}
    assert names == {"score_for", "shots_on_goal"}


# ---------------------------------------------------------------- parts


def test_order_of_arrival_does_not_matter():
    trees = api_web()
    games = [merged(order) for order in itertools.permutations(trees)]
    assert all(game == games[0] or game.document == games[0].document for game in games)
    assert len({game.content_hash for game in games}) == 1


def test_later_copy_of_an_unfinished_game_is_used():
    trees = api_web()
    early = copy.deepcopy(trees)
    early[0]["plays"] = early[0]["plays"][:50]
    for group in early[1]["playerByGameStats"]["homeTeam"].values():
        for line in group:
            line |= {"toi": "01:00", "plusMinus": 7}
    early[2]["data"] = early[2]["data"][:40]
    assert merged([*trees, *early]).document == merged([*early, *trees]).document == merged(trees).document


def test_game_without_shifts_has_no_ice_time():
    game = merged(api_web()[:2])
    assert set(game.lacks) == {"passes", "goalie_time"} | NO_ICE
    assert game.flags == {}
    assert only_goalies(game)
    assert differences(book_game(), game) == []


def test_box_score_alone_has_only_players_and_figures():
    game = merged(api_web()[1:2])
    assert (game.events, game.stints) == ((), ())
    assert {"goalies", "assists", "faceoffs", "saves", "strength", "shootouts"} | NO_ICE < set(game.lacks)
    assert figures_that_differ(book_game(), game) == []
    assert len(game.rosters) == 2 * len(book_game().home.players)


def test_shifts_alone_wait_for_the_teams():
    game = merged(api_web()[2:])
    assert game.flags == {"shifts_without_teams": 1, "team_without_name": 2}
    assert (game.events, game.stints, game.rejects) == ((), (), ())


def test_shift_charts_of_several_games_are_parts_of_each():
    first, second = api_web(1)[2], api_web(2)[2]
    rows = first["data"] + second["data"]
    found = parts_of({"data": rows, "total": len(rows)})
    assert [parts.parts for parts in found] == [parts_of(tree)[0].parts for tree in (first, second)]


# ---------------------------------------------------------------- shifts


def test_empty_list_of_shifts_gets_its_game_from_the_name_of_the_file():
    trees = api_web()
    key = str(trees[0]["id"])
    found = parts_of({"data": [], "total": 0}, f"season/{key}_shifts.json")
    assert [(parts.game_key, parts.parts[0].size) for parts in found] == [(key, 0)]
    game = merged([*trees[:2], {"data": [], "total": 0}], f"{key}.json")
    assert game.flags == {"shifts_empty": 1}
    assert set(game.lacks) > NO_ICE
    assert merged([*trees, {"data": [], "total": 0}], f"{key}.json").flags == {}


@pytest.mark.parametrize("rows", [[], [{"playerId": 1}], [None]])
def test_list_of_shifts_without_a_game_is_refused(rows):
    with pytest.raises(UnreadableError, match="contains no id of a game"):
        parts_of({"data": rows, "total": 0}, "shifts.json" if not rows else "2024020001.json")


def no_second_period(tree):
    tree["data"] = [row for row in tree["data"] if row["period"] != 2]


def half_of_a_team(tree):
    team = tree["data"][0]["teamId"]
    players = sorted({row["playerId"] for row in tree["data"] if row["teamId"] == team})
    tree["data"] = [row for row in tree["data"] if row["playerId"] not in players[::2]]


def larger_total(tree):
    tree["total"] += 1


@pytest.mark.parametrize("damage", [no_second_period, half_of_a_team, larger_total])
def test_incomplete_list_of_shifts_is_not_used(damage):
    trees = api_web()
    damage(trees[2])
    game = merged(trees)
    assert game.flags == {"shifts_incomplete": 1}
    assert only_goalies(game)
    assert set(game.lacks) > NO_ICE
    assert differences(book_game(), game) == []


def test_goals_in_a_list_of_shifts_are_left_out():
    trees = api_web()
    goals = [row for row in trees[2]["data"] if row["typeCode"] == 505]
    assert goals
    without = copy.deepcopy(trees)
    without[2]["data"] = [row for row in without[2]["data"] if row["typeCode"] != 505]
    assert merged(without).content_hash == merged(trees).content_hash


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"typeCode": 516}, "The row is not a shift."),
        ({"startTime": None}, "The start or the end of the shift is not a clock like 18:00."),
        ({"startTime": "19:59", "endTime": "00:01"}, "The shift ends before it starts."),
        ({"playerId": 1, "teamId": 99}, "The shift is of a player who is on no roster."),
        ({"period": 200}, "The period is not a number from 0 to 99, and not OT."),
    ],
)
def test_damaged_shift_is_rejected(change, reason):
    trees = api_web()
    trees[2]["data"][7] |= change
    game = merged(trees)
    assert [(reject.part, reject.position, reject.reason) for reject in game.rejects] == [("stint", 7, reason)]
    assert_adds_up(game)
    assert_merged_again(game)


def test_duration_that_disagrees_is_flagged():
    trees = api_web()
    trees[2]["data"][7]["duration"] = "19:59"
    assert merged(trees).flags == {"duration_disagrees": 1}


# ---------------------------------------------------------------- plays


def test_plays_are_in_the_order_of_sort_order():
    trees = api_web()
    random.Random(3).shuffle(trees[0]["plays"])
    assert merged(trees).content_hash == merged(api_web()).content_hash


def test_other_spelling_is_the_same_game():
    trees = api_web()
    game = merged(trees)
    for seed in range(3):
        again = merged([other_spelling(tree, seed) for tree in trees])
        assert again.content_hash == game.content_hash
        assert (again.official, again.rejects, again.flags) == (game.official, (), {})
        assert b"INVENTED" not in again.document


def test_goal_is_one_event_and_a_shot_has_a_save():
    tree = api_web()[0]
    game = merged([tree])
    in_play = [play for play in plays_of(tree, "goal") if play["periodDescriptor"]["periodType"] != "SO"]
    assert len(events_of(game, "Goal", "Goal_Scored")) == len(in_play)
    assert events_of(game, "Shot", "Shot_Goal") == []
    assert len(events_of(game, "Save")) == len(events_of(game, "Shot", "Shot_OnNet"))


def test_attempts_of_a_shootout_are_in_a_period_of_their_own():
    game = merged(api_web()[:1])
    attempts = events_of(game, "Shootout")
    assert len(attempts) == sum(play.kind == "shootout" for play in book_game().plays)
    assert {event.period for event in attempts} == {5}
    assert not [event for event in game.events if event.period == 5 and event.action.type != "Shootout"]


def test_goal_on_a_penalty_shot_is_named():
    game = merged(api_web(2)[:1])
    (goal,) = [event for event in events_of(game, "Goal") if event.action.detail2 == "Goal_PenaltyShot"]
    assert (goal.action.strength, goal.action.is_empty_net) == ("even", False)
    (foul,) = events_of(game, "Penalty", "Penalty_PenaltyShot")
    assert (foul.action.minutes, foul.action.gives_power_play) == (0, False)


def test_saved_penalty_shot_is_a_shot_on_goal():
    tree = api_web(3)[0]
    for play in tree["plays"]:
        play.pop("situationCode")  # the foul at the same second shows the penalty shot too
    game = merged([tree])
    (shot,) = [event for event in events_of(game, "Shot") if event.action.detail2 == "Shot_PenaltyShot"]
    assert shot.action.detail1 == "Shot_OnNet"
    assert "strength" in game.lacks


def test_block_of_a_team_mate_is_not_counted():
    tree = api_web()[0]
    (play,) = [play for play in tree["plays"] if play.get("details", {}).get("reason") == "teammate-blocked"]
    game = merged([tree])
    (event,) = [event for event in events_of(game, "Shot", "Shot_Blocked") if ("event", 2, None) in people(event)]
    assert people(event)["event", 2, None] == str(play["details"]["blockingPlayerId"])
    assert count(game).teams == count(merged(api_web()[:1])).teams


def test_owner_of_a_blocked_shot_may_be_the_team_of_the_blocker():
    tree = api_web()[0]
    ids = [tree[f"{side}Team"]["id"] for side in OTHER]
    for play in plays_of(tree, "blocked-shot"):
        details = play["details"]
        details["eventOwnerTeamId"] = next(team for team in ids if team != details["eventOwnerTeamId"])
        details["zoneCode"] = {"O": "D", "D": "O", "N": "N"}[details["zoneCode"]]
    assert merged([tree]).content_hash == merged(api_web()[:1]).content_hash


def test_bench_minor_has_no_player_with_the_minutes():
    tree = api_web(0)[0]
    bench = [play for play in plays_of(tree, "penalty") if play["details"]["typeCode"] == "BEN"]
    assert bench
    game = merged([tree])
    without = [event for event in events_of(game, "Penalty") if ("event", 1, None) not in people(event)]
    assert len(without) == len(bench)
    assert all(("event", 2, "ServedBy") in people(event) for event in without)
    assert {event.action.minutes for event in without} == {2}


def test_double_minor_has_four_minutes():
    game = merged(api_web(1)[:1])
    assert {event.action.minutes for event in events_of(game, "Penalty", "Penalty_DoubleMinor")} == {4}


@pytest.mark.parametrize(
    ("penalties", "expected"),
    [
        ([("home", "MIN", 2)], [True]),
        ([("home", "BEN", 2)], [True]),
        ([("home", "MAJ", 5)], [True]),
        ([("home", "MIS", 10)], [False]),
        ([("home", "PS", 0)], [False]),
        ([("home", "MIN", 2), ("home", "MIN", 2)], [True, True]),
        ([("home", "MIN", 2), ("away", "MIN", 2)], [False, False]),
        ([("home", "MAJ", 5), ("away", "MAJ", 5)], [False, False]),
        ([("home", "MIN", 2), ("home", "MIN", 2), ("away", "MIN", 2)], [False, True, False]),
        ([("home", "MAJ", 5), ("away", "MIN", 2)], [None, None]),
        ([("home", "MIN", None)], [None]),
    ],
)
def test_penalty_gives_a_power_play_unless_it_is_cancelled(penalties, expected):
    tree = api_web()[0]
    template = plays_of(tree, "hit")[0]
    tree["plays"] = [
        template
        | {"typeDescKey": "penalty", "sortOrder": number}
        | {"details": {"eventOwnerTeamId": tree[f"{side}Team"]["id"], "typeCode": code, "duration": minutes}}
        for number, (side, code, minutes) in enumerate(penalties)
    ]
    assert [event.action.gives_power_play for event in merged([tree]).events] == expected


def test_penalty_at_the_end_of_a_period_is_not_decided():
    tree = api_web()[0]
    penalty = plays_of(tree, "penalty")[0] | {"timeInPeriod": "20:00"}
    tree["plays"] = [penalty]
    assert merged([tree]).events[0].action.gives_power_play is None


def test_goalie_named_at_a_goal_into_the_empty_net_is_left_out():
    number = next(n for n in GAMES if any(p.kind == "goal" and p.is_empty_net for p in book_game(n).plays))
    tree = api_web(number)[0]
    goalie = next(spot["playerId"] for spot in tree["rosterSpots"] if spot["positionCode"] == "G")
    for play in plays_of(tree, "goal"):
        play["details"].setdefault("goalieInNetId", goalie)
    assert merged([tree]).content_hash == merged(api_web(number)[:1]).content_hash


def test_marks_of_the_clock_are_left_out():
    tree = api_web()[0]
    marks = {"stoppage", "delayed-penalty", "period-start", "period-end", "game-end"}
    assert marks <= {play["typeDescKey"] for play in tree["plays"]}
    without = tree | {"plays": [play for play in tree["plays"] if play["typeDescKey"] not in marks]}
    assert merged([without]).content_hash == merged([tree]).content_hash


def test_shot_that_hits_the_post_is_missed():
    game = merged(api_web()[:1])
    assert events_of(game, "Shot", "Shot_HitPost")
    assert events_of(game, "Shot", "Shot_Missed")


def test_play_of_an_unknown_type_is_kept():
    tree = api_web()[0]
    plays_of(tree, "hit")[0]["typeDescKey"] = "Save"
    game = merged([tree])
    assert len(events_of(game, "save")) == 1
    assert game.flags == {}


def test_plays_without_faceoffs_have_only_goals_and_penalties():
    tree = api_web()[0]
    tree["plays"] = [play for play in tree["plays"] if play["typeDescKey"] in ("goal", "penalty")]
    assert {"faceoffs", "hits", "blocks", "saves", "missed_shots"} < set(merged([tree]).lacks)


@pytest.mark.parametrize(
    ("game_type", "key", "seconds"),
    [(2, 2024020001, 300), (3, 2024030121, 1200), (None, 2024030121, 1200), (None, 2024020001, 300)],
)
def test_overtime_is_longer_in_the_playoffs(game_type, key, seconds):
    tree = api_web()[0] | {"gameType": game_type, "id": key}
    assert merged([tree]).period_seconds["OT"] == seconds


@pytest.mark.parametrize(
    ("code", "side", "expected"),
    [
        ("1551", "home", ("even", False)),
        ("1541", "away", ("power_play", False)),
        ("1541", "home", ("short_handed", False)),
        ("1451", "home", ("power_play", False)),
        ("0651", "away", ("even", False)),
        ("0651", "home", ("even", True)),
        ("0641", "away", ("power_play", False)),
        ("1460", "home", ("power_play", False)),
        ("1460", "away", ("short_handed", True)),
        ("0101", "away", ("even", False)),
    ],
)
def test_strength_at_a_situation(code, side, expected):
    assert strength_at(code, side) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0651", "0651"), (651, "0651"), (1551, "1551"), ("155", None), (-1, None), (True, None), ("١٥٥١", None)],
)
def test_situation_is_four_digits(value, expected):
    assert situation(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("20:05", 1205), ("122:14", 7334), ("", None), (7, None)])
def test_seconds_of_a_time_on_the_ice(value, expected):
    assert whole_seconds(value) == expected


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("junk", [None, 7, "text", [1], {}])
def test_play_that_is_not_a_play_is_rejected(junk):
    trees = api_web()
    trees[0]["plays"].insert(6, junk)
    game = merged(trees)
    assert [(reject.part, reject.position) for reject in game.rejects] == [("event", 6)]
    assert game.content_hash == merged(api_web()).content_hash
    assert_adds_up(game)
    assert_merged_again(game)


@pytest.mark.parametrize("key", ["plays", "rosterSpots"])
def test_list_that_is_not_a_list_is_refused(key):
    with pytest.raises(UnreadableError, match=f"The value of the key {key} is not a list"):
        parts_of(api_web()[0] | {key: {}})


@pytest.mark.parametrize("game_id", [None, "", 0, {}, "x" * 600])
def test_document_without_an_id_is_refused(game_id):
    for tree in api_web()[:2]:
        with pytest.raises(UnreadableError, match=r"id of (a|the) game"):
            parts_of(tree | {"id": game_id})


def test_odd_values_are_flagged_or_rejected():
    trees = api_web()
    plays = trees[0]["plays"]
    first, second, third = plays_of(trees[0], "hit")[:3]
    first["timeInPeriod"] = "soon"
    second["details"]["eventOwnerTeamId"] = 999
    third["details"]["hittingPlayerId"] = 10**30
    trees[0]["rosterSpots"].append({"playerId": 5, "teamId": 999})
    plays_of(trees[0], "penalty")[0]["details"]["duration"] = 10**6
    game = merged(trees)
    assert game.flags["event_without_clock"] == game.flags["event_without_team"] == 1
    assert [reject.part for reject in game.rejects] == ["roster", "event"]
    assert [reject.position for reject in game.rejects][1] == plays.index(plays_of(trees[0], "penalty")[0])
    assert_adds_up(game)


def test_repaired_text_is_flagged_after_merging():
    trees = api_web()
    trees[0]["rosterSpots"][0]["firstName"]["default"] = "Ru\x00na"
    game = merged(trees)
    assert game.flags == {"text_repaired": 1}
    assert_storable(game)
    assert_merged_again(game)


def tiny(number=2):
    """Return short documents, which hostile values are put into."""
    trees = api_web(number)
    penalties = plays_of(trees[0], "penalty")[:2]
    trees[0]["plays"] = trees[0]["plays"][:12] + plays_of(trees[0], "goal")[:2] + penalties
    trees[0]["rosterSpots"] = trees[0]["rosterSpots"][::5]
    for team in trees[1]["playerByGameStats"].values():
        for name, group in team.items():
            team[name] = group[:2]
    trees[2]["data"] = trees[2]["data"][:6]
    return trees


@given(seed=st.integers(0, 2**32), values=st.lists(JSON_VALUES, min_size=1, max_size=8))
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_documents_with_random_values_at_random_places(seed, values):
    trees = copy.deepcopy(TINY)
    rng = random.Random(seed)
    for value in values:
        container, key = rng.choice(places(trees[rng.randrange(3)]))
        container[key] = value
    found = []
    for tree in trees:
        try:
            found += parts_of(json.dumps(tree).encode(), "2024020001.json")
        except UnreadableError as error:
            assert len(str(error)) < 500
    for key in sorted({parts.game_key for parts in found}):
        parts = [part for one in found if one.game_key == key for part in one.parts]
        try:
            game = merge_parts("nhl api-web", key, parts)
        except UnreadableError as error:
            assert len(str(error)) < 500
            continue
        assert_storable(game)
        assert_adds_up(game)
        assert_merged_again(game)


TINY = tiny()


@given(value=JSON_VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_value_under_each_key(value):
    for tree in TINY:
        for key in tree:
            try:
                parts_of(json.dumps(tree | {key: value}).encode())
            except UnreadableError as error:
                assert len(str(error)) < 500


@pytest.mark.parametrize(
    "archived", [7, [], {"plays": 7}, {"plays": [{}]}, {"data": [7, {}]}, {"playerByGameStats": 7}]
)
def test_archived_part_of_another_form_is_an_empty_game(archived):
    document = {
        "merged": "nhl api-web",
        "game": "2024020001",
        "rank": "1",
        "parts": dict.fromkeys(("events", "boxscore", "shifts", "another"), archived),
    }
    (game,) = parts_of(document)
    assert game.events == game.stints == ()
    assert_adds_up(game)


def test_shifts_do_not_change_the_plays():
    with_shifts, without = merged(api_web()), merged(api_web()[:2])
    assert with_shifts.rows.canonical == without.rows.canonical
    assert shiftcharts(book_game())["total"] == len(api_web()[2]["data"])
