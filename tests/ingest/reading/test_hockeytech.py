"""The documents of a HockeyTech game give a game that equals the official book, in any order and spelling."""

import copy
import functools
import itertools
import json
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.hockeytech import API_KEY, KINDS, documents, files, game_id, line
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.parts import merge_parts
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from tests.ingest.reading.book_count import LACKING, OTHER, count, differences
from tests.ingest.reading.damage import damaged, with_values
from tests.ingest.reading.helpers import assert_archived, assert_storable, read_all
from tests.ingest.reading.test_hostile import JSON_VALUES

WITHOUT_SHIFTS = ("pbp", "summary", "gamesummary")
BAD_LINE = b'{"game_id": 7, "pbp": [{"event"\n'


@functools.cache
def played(number):
    return book_game(number)


def parts_of(data, name="a file"):
    return [part for found in read(from_bytes(name, data)) for part in found.parts]


def merged(book, kinds=KINDS):
    """Read the files of a game and merge them."""
    parts = [part for name, data in files(book, kinds).items() for part in parts_of(data, name)]
    return merge_parts("hockeytech", str(game_id(book)), parts)


def of_trees(trees):
    """Merge a game from the trees of its documents."""
    key = str(trees["summary"]["details"]["id"]) if "summary" in trees else "7"
    return merge_parts("hockeytech", key, parts_of(json.dumps({"game_id": key} | trees).encode()))


def rows_of(trees, event):
    return [row["details"] for row in trees["pbp"] if row["event"] == event]


def events_of(game, kind, detail=None):
    return [e for e in game.events if e.action.type == kind and detail in (None, e.action.detail1)]


def person(event, role, number=1):
    return next((p.person_key for p in event.participants if (p.role, p.role_no) == (role, number)), None)


def game_with(event, condition=lambda details: True):
    """Return a game, its trees and the details of its first row of this kind."""
    for number in range(60):
        trees = documents(played(number))
        found = next((details for details in rows_of(trees, event) if condition(details)), None)
        if found:
            return played(number), trees, found
    raise AssertionError(event)


# ---------------------------------------------------------------------- the book


@pytest.mark.parametrize(
    "numbers",
    [
        range(6),
        pytest.param(range(6, 30), marks=pytest.mark.slow),
        pytest.param(range(30, 130), marks=pytest.mark.exhaustive),
    ],
    ids=["six", "thirty", "hundred"],
)
def test_every_count_equals_the_book(numbers):
    for number in numbers:
        game = merged(played(number))
        assert (number, differences(played(number), game)) == (number, [])
        assert (game.flags, game.rejects) == ({}, ())
        assert game.lacks == ("giveaways", "missed_shots", "passes", "takeaways")


@pytest.mark.parametrize("kinds", [WITHOUT_SHIFTS, ("pbp",), ("pbp", "shifts")])
def test_any_documents_with_events_equal_the_book(kinds):
    for number in range(0, 30, 3):
        game = merged(played(number), kinds)
        assert (number, differences(played(number), game)) == (number, [])
        assert ("ice_time" in game.lacks) == ("shifts" not in kinds)


def test_seconds_of_goalies_follow_from_their_changes():
    """The counter compares them only when the game has stints, so check that it has."""
    for number in range(12):
        game = merged(played(number), WITHOUT_SHIFTS)
        assert {player.slot for stint in game.stints for player in stint.on_ice} == {"G"}
        counted = count(game).players
        for (side, goalie), line_ in played(number).truth.goalies.items():
            assert counted[side, str(goalie)]["seconds"] == line_["seconds"]


def test_official_figures_equal_the_book():
    for number in range(30):
        book = played(number)
        game, truth = merged(book, ("summary",)), book.truth
        ids = {(entry.side, entry.jersey): int(entry.person_key) for entry in game.rosters}
        for figure in game.official:
            who = ids.get((figure.side, figure.player))
            match figure.scope:
                case "player":
                    wanted = truth.players[figure.side, who][figure.name]
                case "goalie":
                    wanted = truth.goalies[figure.side, who][figure.name]
                case "team":
                    wanted = truth.teams[figure.side][figure.name]
                case "period":
                    wanted = truth.periods[figure.side][figure.period]
            extra = figure.scope == "team" and figure.name == "shots_on_goal" and book.ended_in == "shootout"
            assert figure.value in (str(wanted), *([str(wanted + 1)] if extra else [])), (number, figure)
        names = {(figure.scope, figure.name) for figure in game.official}
        assert {("team", "goals"), ("team", "score_for"), ("goalie", "decision"), ("player", "faceoffs_lost")} <= names


def test_damage_of_the_official_book_is_visible():
    book = played(4)
    player = book.home.players[0]
    damage = {
        ("player", "home", player.id, "goals"): 9,
        ("team", "away", 0, "hits"): 77,
        ("period", "home", 2, "goals"): 8,
        ("goalie", "away", book.away.of("G")[0].id, "saves"): 99,
    }
    sound, damaged = (of_trees(documents(book, found)) for found in ({}, damage))
    assert sound.content_hash == damaged.content_hash
    before = {tuple_of(figure) for figure in sound.official}
    changed = [figure for figure in damaged.official if tuple_of(figure) not in before]
    assert [(figure.scope, figure.side, figure.name, figure.value) for figure in changed] == [
        ("player", "home", "goals", "9"),
        ("goalie", "away", "saves", "99"),
        ("team", "away", "hits", "77"),
        ("period", "home", "goals", "8"),
        ("team", "home", "goals", str(book.truth.teams["home"]["goals"] + 8 - book.truth.periods["home"][2])),
    ]


# ---------------------------------------------------------------------- files and parts


def test_order_of_documents_does_not_matter():
    found = [part for name, data in files(played(7)).items() for part in parts_of(data, name)]
    games = {msgspec.json.encode(merge_parts("hockeytech", "7", order)) for order in itertools.permutations(found)}
    assert len(games) == 1


def test_files_and_lines_are_the_same_game():
    from_files = merged(played(8))
    (from_line,) = read_all(line(played(8)))
    game = merge_parts("hockeytech", from_line.game_key, from_line.parts)
    assert game == from_files or msgspec.json.encode(game) == msgspec.json.encode(from_files)


def test_merged_game_is_archived():
    for number in (2, 3, 7):
        assert_archived(merged(played(number)))
        assert_archived(merged(played(number), ("pbp",)))


def test_summary_alone_is_readable():
    game = merged(played(6), ("summary",))
    assert (game.home_team, game.away_team) == (played(6).home.name, played(6).away.name)
    assert game.game_date == played(6).day
    assert (len(game.rosters), game.events, game.stints) == (40, (), ())
    assert len(game.official) > 400
    assert set(LACKING) <= set(game.lacks)


def test_events_alone_have_no_day_and_abbreviations_for_names():
    game = merged(played(6), ("pbp",))
    assert (game.home_team, game.away_team, game.game_date) == (played(6).home.abbrev, played(6).away.abbrev, None)


def test_sides_without_faceoffs_follow_from_the_shots():
    trees = documents(played(6))
    rows = [row for row in trees["pbp"] if row["event"] != "faceoff"]
    game = of_trees({"pbp": rows})
    assert (game.home_team, game.away_team) == (played(6).home.abbrev, played(6).away.abbrev)
    for row in rows:
        for key in ("team", "againstTeam", "shooter_team", "shooterTeam"):
            row["details"].pop(key, None)
    assert of_trees({"pbp": rows}).home_team == str(played(6).home.id)


@pytest.mark.parametrize("kind", ["gamesummary", "shifts"])
def test_game_without_events_and_summary_has_no_teams(kind):
    game = of_trees({kind: documents(played(6))[kind]})
    assert (game.events, game.stints, game.home_team, game.flags["team_without_name"]) == ((), (), "", 2)
    assert {reject.reason for reject in game.rejects} <= {"The shift is of a player who is on no roster."}
    assert "goalie_time" in game.lacks
    assert game.stints_seen == len(game.rejects) == (0 if kind == "gamesummary" else len(played(6).shifts))


def test_shifts_of_one_team_are_rejected():
    trees = documents(played(6))
    trees["shifts"]["SiteKit"]["Gameshifts"]["visitor"] = []
    game = of_trees(trees)
    assert {reject.reason for reject in game.rejects} == {"The shifts do not contain skaters of both teams."}
    assert "ice_time" in game.lacks
    assert game.flags["shifts_incomplete"] == 1
    assert differences(played(6), game) == []


def test_shifts_of_a_part_of_the_game_are_rejected():
    trees = documents(played(6))
    for team in ("home", "visitor"):
        for player in trees["shifts"]["SiteKit"]["Gameshifts"][team]:
            player["shifts"] = [shift for shift in player["shifts"] if shift["period"] != "3"]
    game = of_trees(trees)
    assert {reject.reason for reject in game.rejects} == {"The shifts cover too little of the game."}
    assert {"ice_time", "on_ice"} <= set(game.lacks)
    assert differences(played(6), game) == []


@pytest.mark.parametrize(
    ("name", "key"),
    [("42_pbp.json", "42"), ("folder 7/0042.json", "42"), ("x.zip/42-pbp.json", "42"), ("42", "42")],
)
def test_name_of_a_file_begins_with_the_id(name, key):
    (found,) = read(from_bytes(name, files(played(1), ("pbp",))["1001_pbp.json"]))
    assert (found.game_key, [part.kind for part in found.parts]) == (key, ["events"])


@pytest.mark.parametrize("name", ["pbp.json", "42/pbp.json", "-", "0_pbp.json", "9" * 40 + ".json"])
def test_events_without_an_id_are_refused(name):
    with pytest.raises(UnreadableError, match=r"Begin the name of its file with the id, like 42_pbp\.json\.$"):
        list(read(from_bytes(name, files(played(1), ("pbp",))["1001_pbp.json"])))


def test_id_in_a_document_counts_more_than_the_name():
    for kind in ("summary", "gamesummary"):
        data = files(played(1), (kind,))[f"1001_{kind}.json"]
        (found,) = read(from_bytes("5_file.json", data))
        assert found.game_key == "1001"


def test_object_with_two_ids_is_refused():
    tree = {"game_id": 9} | documents(played(1))
    with pytest.raises(UnreadableError, match="The game_id of the object and the id in its summary differ"):
        read_all(json.dumps(tree).encode())


def test_document_that_cannot_be_read_does_not_stop_the_others():
    tree = {"game_id": 1001} | documents(played(1)) | {"shifts": 7}
    found = read(from_bytes("a file", json.dumps(tree).encode()))
    assert [part.kind for part in next(found).parts] == ["events", "summary", "gamesummary"]
    with pytest.raises(UnreadableError, match="The value of the key shifts was left out"):
        next(found)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"GC": {"Undefined Tab": ""}}, "neither the summary of a game nor shifts"),
        ({"SiteKit": {"Parameters": {"key": API_KEY}}}, "neither the summary of a game nor shifts"),
        ({"game_id": 7, "pbp": [], "summary": None}, "contains no document of a game"),
        ({"game_id": 7, "pbp": {"a": API_KEY}}, "The value of the key pbp was left out"),
        ({"game_id": "7" * 501, "pbp": [1]}, "The id of the game is too long"),
    ],
)
def test_answer_without_a_game_is_refused(tree, reason):
    with pytest.raises(UnreadableError, match=reason) as error:
        list(read(from_bytes("7.json", json.dumps(tree).encode())))
    assert API_KEY not in str(error.value)


def test_longer_documents_are_used():
    """A document that was fetched during the game has fewer rows, and less time on ice."""
    book, trees = played(7), documents(played(7))
    early = copy.deepcopy(trees)
    early["pbp"] = early["pbp"][:100]
    for side in ("homeTeam", "visitingTeam"):
        for player in early["summary"][side]["skaters"]:
            player["stats"] |= {"toi": "1:00", "goals": 0}
    parts = [part for tree in (trees, early) for part in parts_of(json.dumps({"game_id": 1007} | tree).encode())]
    for order in (parts, parts[::-1]):
        assert merge_parts("hockeytech", "1", order).content_hash == of_trees(trees).content_hash
        assert differences(book, merge_parts("hockeytech", "1", order)) == []


# ---------------------------------------------------------------------- JSON Lines


def read_lines(data):
    """Return the games of a file and the reason with which it ends."""
    found = []
    try:
        for game in read(from_bytes("season.jsonl", data)):
            found.append(game.game_key)
    except UnreadableError as error:
        return found, str(error)
    return found, None


LINES = [line(played(number)) for number in (1, 2, 3)]
KEYS = ["1001", "1002", "1003"]


def test_every_line_is_a_game():
    assert read_lines(b"".join(LINES)) == (KEYS, None)
    assert read_lines(b"\xef\xbb\xbf\n" + b"\r\n".join(LINES)) == (KEYS, None)
    assert read_lines(b"".join(LINES).decode().encode("utf-16")) == (KEYS, None)
    wrapped = b"".join(b"callback(" + text.strip() + b");\n" for text in LINES)
    assert read_lines(wrapped) == (KEYS, None)


@pytest.mark.parametrize("place", range(4))
def test_bad_line_is_named_after_the_good_ones(place):
    lines = [*LINES[:place], BAD_LINE, *LINES[place:]]
    keys, reason = read_lines(b"".join(lines))
    assert keys == KEYS
    assert reason.startswith(f"1 of 4 lines of the file cannot be read. Line {place + 1}: The file ends too early")


def test_file_of_other_lines_is_refused_with_one_reason():
    keys, reason = read_lines(b'{"a": 1}\n\n{"b": 2}\n')
    assert keys == []
    assert reason.startswith("2 of 2 lines of the file cannot be read. Line 1: The file is JSON, but its keys match no")


def test_line_with_events_only_is_refused():
    """The name of the file is no id of a line."""
    data = json.dumps({"pbp": documents(played(1))["pbp"], "game_id": None}).encode()
    keys, reason = read_lines(data + b"\n" + LINES[1])
    assert keys == ["1002"]
    assert "Line 1: The document contains no id of its game" in reason


def test_indented_json_is_one_document():
    tree = {"game_id": 1001} | documents(played(1))
    (found,) = read_all(json.dumps(tree, indent=1).encode())
    assert len(found.parts) == 4


# ---------------------------------------------------------------------- traps


def test_goal_is_two_rows_and_one_shot():
    book, trees, _ = game_with("goal")
    game = of_trees(trees)
    goals = [play for play in book.plays if play.kind == "goal"]
    assert len(events_of(game, "Goal")) == len(goals)
    assert len(events_of(game, "Shot", "Shot_Goal")) == len(goals)
    assert all(event.action.detail1 == "Goal_Scored" for event in events_of(game, "Goal"))


def test_goal_on_a_penalty_shot_has_the_goalie_of_the_penalty_shot():
    book, trees, shot = game_with("penaltyshot", lambda details: details["isGoal"])
    game = of_trees(trees)
    (goal,) = (event for event in events_of(game, "Goal") if event.action.detail2 == "Goal_PenaltyShot")
    assert person(goal, "opp") == str(shot["goalie"]["id"])
    assert not any(p.detail1 in ("Plus", "Minus") for p in goal.participants)
    assert "xLocation" not in next(d for d in rows_of(trees, "goal") if d["properties"]["isPenaltyShot"] == "1")
    assert differences(book, game) == []


def test_goalie_named_at_an_empty_net_gets_neither_shot_nor_goal():
    _, trees, _ = game_with("goal", lambda details: details["properties"]["isEmptyNet"] == "1")
    game = of_trees(trees)
    goals = [event for event in events_of(game, "Goal") if event.action.is_empty_net]
    assert goals
    assert all(person(goal, "opp") is None for goal in goals)


def test_plus_and_minus_count_only_at_equal_strength():
    _, trees, goal = game_with("goal", lambda details: details["properties"]["isPowerPlay"] == "1")
    assert goal["plus_players"]
    for event in events_of(of_trees(trees), "Goal"):
        marks = {p.detail1 for p in event.participants} & {"Plus", "Minus"}
        assert marks == (set() if event.action.strength == "power_play" or event.action.detail2 else {"Plus", "Minus"})


def test_minutes_of_a_foul_before_a_penalty_shot_are_the_teams():
    """The periods of the foul and of the penalty shot differ in one of these games."""
    periods = set()
    for number in (2, 3, 8, 9, 15):
        trees = documents(played(number))
        (shot,) = rows_of(trees, "penaltyshot")
        game = of_trees(trees)
        free = [e for e in events_of(game, "Penalty") if person(e, "event", 2)]
        assert [(e.action.minutes, person(e, "event"), e.action.gives_power_play) for e in free] == [(2, None, False)]
        assert differences(played(number), game) == []
        periods.add(shot["period"]["id"])
    assert periods == {"2", "3"}


def test_saved_penalty_shot_is_a_shot_and_a_save():
    book, trees, shot = game_with("penaltyshot", lambda details: not details["isGoal"])
    without = [row for row in trees["pbp"] if row["event"] != "penaltyshot"]
    counted, less = count(of_trees(trees)), count(of_trees(trees | {"pbp": without}))
    shooter, goalie = str(shot["shooter"]["id"]), str(shot["goalie"]["id"])
    side = next(s for s in OTHER if book.team(s).id == shot["shooter_team"]["id"])
    assert counted.players[side, shooter]["shots_on_goal"] == less.players[side, shooter]["shots_on_goal"] + 1
    assert counted.players[OTHER[side], goalie]["saves"] == less.players[OTHER[side], goalie]["saves"] + 1


def test_bench_minor_has_no_player():
    _, trees, penalty = game_with("penalty", lambda details: details["isBench"])
    assert penalty["takenBy"] is None
    event = next(e for e in events_of(of_trees(trees), "Penalty") if e.action.detail2 == "Penalty_Too_many_players")
    assert (person(event, "event"), event.action.minutes, event.action.gives_power_play) == (None, 2, True)
    assert person(event, "event", 3) == str(penalty["servedBy"]["id"])


def test_server_of_a_penalty_gets_no_minutes():
    def is_served(details):
        return details["takenBy"] and details["takenBy"] != details["servedBy"]

    book, trees, _ = game_with("penalty", is_served)
    assert differences(book, of_trees(trees)) == []


def test_equal_rows_count_twice():
    trees = documents(played(7))
    faceoff, attempt = (next(row for row in trees["pbp"] if row["event"] == kind) for kind in ("faceoff", "shootout"))
    more = trees | {"pbp": [*trees["pbp"], faceoff, attempt]}
    before, after = of_trees(trees), of_trees(more)
    assert len(after.events) == len(before.events) + 2
    assert len(events_of(after, "Faceoff")) == len(events_of(before, "Faceoff")) + 1
    assert len(events_of(after, "Shootout")) == len(events_of(before, "Shootout")) + 1


def test_dressed_skater_without_ice_time_is_on_the_roster_with_zeros():
    trees = documents(played(3))
    skater = copy.deepcopy(trees["summary"]["homeTeam"]["skaters"][0])
    skater["info"] |= {"id": 8_999_999, "jerseyNumber": 99}
    skater["stats"] = dict.fromkeys(skater["stats"], 0) | {"toi": "0:00"}
    before = of_trees(trees)
    trees["summary"]["homeTeam"]["skaters"].append(skater)
    game = of_trees(trees)
    assert len(game.rosters) == len(before.rosters) + 1
    figures = {figure.name: figure.value for figure in game.official if figure.player == "99"}
    assert (figures["seconds"], set(figures.values())) == ("0", {"0"})
    assert (game.rejects, game.flags) == (before.rejects, before.flags)


def test_shootout_is_in_a_period_of_its_own():
    game = merged(played(7))
    assert played(7).ended_in == "shootout"
    assert {event.period for event in events_of(game, "Shootout")} == {5}
    assert max(event.period for event in game.events if event.action.type != "Shootout") == 4


def test_shootout_after_period_99_is_in_period_99():
    """Periods after it cannot be stored."""
    trees = documents(played(7))
    rows_of(trees, "faceoff")[0]["period"]["id"] = "99"
    assert max(event.period for event in of_trees(trees).events) == 99


def test_overtime_of_a_blocked_shot_is_named_otherwise():
    _, trees, _ = game_with("blocked_shot", lambda details: details["period"]["id"] == "OT1")
    periods = {event.period for event in events_of(of_trees(trees), "Shot", "Shot_Blocked")}
    assert 4 in periods


def test_length_of_overtime_is_in_the_summary_of_the_game_centre():
    assert merged(played(1)).period_seconds == {"1": 1200, "2": 1200, "3": 1200, "OT": 300}
    assert merged(played(4)).period_seconds["OT"] == 1200
    trees = documents(played(1))
    trees["gamesummary"]["GC"]["Gamesummary"]["periods"]["1"]["length"] = "900"
    assert of_trees(trees).period_seconds["1"] == 900


def test_blocker_may_be_unknown():
    _, trees, blocked = game_with("blocked_shot")
    before = count(of_trees(trees))
    blocked["blocker"] = {"id": None, "firstName": None, "lastName": None, "jerseyNumber": 0, "position": None}
    after = of_trees(trees)
    assert (after.flags, after.rejects) == ({}, ())
    assert (
        sum(team["blocks"] for team in count(after).teams.values())
        == sum(team["blocks"] for team in before.teams.values()) - 1
    )


def test_points_are_where_the_plays_were():
    """The home team attacks x = 100 in every period."""
    book = played(6)
    game = merged(book)
    rows = {int(row.split(",")[0]): tuple(map(float, row.split(",")[4:])) for row in game.rows.tables["play_point"]}
    shots = [play for play in book.plays if play.kind == "shot" or (play.kind == "goal" and not play.is_penalty_shot)]
    events = [e for e in game.events if e.action.type == "Shot" and e.action.detail1 in ("Shot_OnNet", "Shot_Goal")]
    events = [e for e in events if e.action.detail2 != "Shot_PenaltyShot"]
    assert len(shots) == len(events)
    for play, event in zip(shots, events, strict=True):
        direction = 1 if play.side == "home" else -1
        x, y = rows[event.event_no]
        assert abs(x - direction * play.x) < 0.5
        assert abs(y - direction * play.y) < 0.5
    hits = [details for details in rows_of(documents(book), "hit") if details["xLocation"] == 0]
    assert hits
    assert sum(e.event_no not in rows for e in events_of(game, "Hit")) == len(hits)


def test_game_in_progress_ends_with_its_last_row():
    trees = documents(played(6))
    trees["pbp"] = [row for row in trees["pbp"] if row["details"]["period"]["id"] == "1"][:80]
    trees["summary"]["details"] |= {"final": "0", "status": "In Progress"}
    game = of_trees({kind: trees[kind] for kind in WITHOUT_SHIFTS})
    assert min(stint.end_s for stint in game.stints) == min(event.start_s for event in game.events) > 0


# ---------------------------------------------------------------------- spellings


def respelled(tree, rng):
    """Return a tree in another spelling: other types of ids and flags, padded clocks, more keys in any order."""
    if isinstance(tree, dict):
        pairs = [(key, respelled_value(key, value, rng)) for key, value in tree.items()]
        rng.shuffle(pairs)
        return dict(pairs) | {"another key": API_KEY}
    return [respelled(piece, rng) for piece in tree] if isinstance(tree, list) else tree


def respelled_value(key, value, rng):
    if isinstance(value, dict | list):
        return respelled(value, rng)
    if key == "time" and value:
        return value.zfill(5)
    if isinstance(value, str) and value.isdecimal():
        return int(value) if value not in ("0", "1") or key == "id" else value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int):
        return rng.choice((str(value), float(value)))
    return value


@pytest.mark.parametrize("number", [1, 2, 7])
def test_two_spellings_are_one_revision(number):
    trees = documents(played(number))
    other = respelled(trees, random.Random(number))
    assert json.dumps(other) != json.dumps(trees)
    plain, changed = of_trees(trees), of_trees(other)
    assert plain.content_hash == changed.content_hash
    assert [tuple_of(f) for f in plain.official] == [tuple_of(f) for f in changed.official]


def tuple_of(figure):
    return msgspec.structs.astuple(figure)


# ---------------------------------------------------------------------- damage


BAD_ROWS = {
    "no object": 7,
    "null": None,
    "no details": {"event": "shot"},
    "no event": {"details": {}},
    "a long name": {"event": "faceoff", "details": {"homeWin": "1", "homePlayer": {"id": 5, "firstName": "x" * 501}}},
    "a bad period": {"event": "hit", "details": {"period": {"id": "soon"}}},
    "a faceoff without a winner": {"event": "faceoff", "details": {"period": {"id": 1}, "time": "1:00"}},
    "a change of goalies without a goalie": {"event": "goalie_change", "details": {"team_id": 1, "time": "1:00"}},
    "minutes without sense": {"event": "penalty", "details": {"minutes": "1000.00"}},
    "a long event": {"event": "x" * 501, "details": {}},
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_bad_row_is_rejected_with_its_place(kind):
    trees = documents(played(6))
    sound = of_trees(trees)
    rows = [*trees["pbp"][:20], BAD_ROWS[kind], *trees["pbp"][20:]]
    game = of_trees(trees | {"pbp": rows})
    ((part, position),) = [(reject.part, reject.position) for reject in game.rejects]
    assert (part, position) == ("event", 20)
    assert len(game.events) == len(sound.events) == game.events_seen - 1
    assert differences(played(6), game) == []
    assert_archived(game)


def test_row_of_a_third_team_does_not_count():
    trees = documents(played(6))
    details = {"teamId": "99", "time": "1:00", "period": {"id": "1"}, "player": {"id": 1}, "onPlayer": {"id": 2}}
    game = of_trees(trees | {"pbp": [*trees["pbp"], {"event": "hit", "details": details}]})
    assert game.flags["event_without_team"] == 1
    assert differences(played(6), game) == []


def test_roster_line_that_cannot_be_stored_is_rejected():
    trees = documents(played(6))
    trees["summary"]["homeTeam"]["skaters"][3]["info"]["firstName"] = "x" * 501
    trees["summary"]["homeTeam"]["skaters"][4] = 7
    game = of_trees(trees)
    assert {(reject.part, reject.position) for reject in game.rejects} == {("roster", 3), ("roster", 4)}


def test_key_of_the_service_is_not_kept():
    for kinds in (KINDS, ("shifts",), ("gamesummary",)):
        data = files(played(4), kinds)
        assert any(API_KEY.encode() in text for text in data.values())
        game = merged(played(4), kinds)
        assert API_KEY not in repr(game)
        assert API_KEY.encode() not in game.document
    for part in parts_of(json.dumps(respelled({"game_id": 1004} | documents(played(4)), random.Random(1))).encode()):
        assert API_KEY.encode() not in part.document


def test_too_many_players_and_shifts_are_refused():
    trees = documents(played(6))
    shifts = trees["shifts"]["SiteKit"]["Gameshifts"]
    one = shifts["home"][0]["shifts"][0]
    for oversized in (
        {"shifts": {"Gameshifts": {"home": shifts["home"] * 9, "visitor": []}}},
        {"shifts": {"Gameshifts": {"home": [{"jersey_number": 1, "shifts": [one] * 20_001}]}}},
        {"summary": trees["summary"] | {"homeTeam": {"skaters": [{}] * 101}}},
    ):
        with pytest.raises(UnreadableError, match="more than"):
            list(read(from_bytes("1006.json", json.dumps({"game_id": 1006} | oversized).encode())))


SMALL = documents(played(2))
SMALL["pbp"] = [
    row
    for kind in ("goalie_change", "faceoff", "shot", "goal", "blocked_shot", "hit", "penalty", "penaltyshot")
    for row in [row for row in SMALL["pbp"] if row["event"] == kind][:3]
] + [row for row in documents(played(7))["pbp"] if row["event"] == "shootout"][:2]
for team in ("homeTeam", "visitingTeam"):
    SMALL["summary"][team]["skaters"] = SMALL["summary"][team]["skaters"][:2]
for team in ("home", "visitor"):
    for player in SMALL["shifts"]["SiteKit"]["Gameshifts"][team]:
        player["shifts"] = player["shifts"][:1]


def merge_or_refuse(data):
    """Check that a file is read or refused, and that its games can be stored and read again from the archive."""
    parts = []
    try:
        for found in read(from_bytes("7.json", data)):
            parts += found.parts
    except UnreadableError as error:
        assert len(str(error)) < 600
    if parts:
        game = merge_parts("hockeytech", "7", parts)
        assert_storable(game)
        assert_archived(game)
        assert game.events_seen == len(game.events) + sum(reject.part == "event" for reject in game.rejects)


@given(seed=st.integers(0, 2**32), values=st.lists(JSON_VALUES, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_documents_with_random_values_at_random_places(seed, values):
    merge_or_refuse(json.dumps({"game_id": 7} | with_values(SMALL, seed, values)).encode())


@given(seed=st.integers(0, 2**32), kind=st.sampled_from(KINDS))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_file_with_flipped_cut_and_doubled_bytes(seed, kind):
    merge_or_refuse(damaged(json.dumps(SMALL[kind]).encode(), seed))


@given(tree=st.dictionaries(st.sampled_from(["events", "summary", "gamesummary", "shifts"]), JSON_VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_archived_game_with_random_parts(tree):
    archived = {"merged": "hockeytech", "game": "7", "rank": "1", "parts": tree}
    (game,) = read_all(json.dumps(archived).encode())
    assert_storable(game)
