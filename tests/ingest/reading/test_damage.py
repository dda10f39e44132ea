"""Every damaged piece is either rejected with its position and a reason, or kept and flagged."""

import copy

import pytest

from stanchion.dev.sample.files import as_json, export
from stanchion.ingest.reading.errors import UnreadableError
from tests.ingest.reading.helpers import (
    assert_adds_up,
    assert_archived,
    assert_same_statistics,
    played,
    read_all,
    read_one,
    short,
)


def first(tree, kind, players=1):
    return next(event for event in tree["events"][20:] if event["type"] == kind and len(event["players"]) >= players)


@pytest.mark.parametrize("none", [None, "", "  "])
def test_event_without_type_is_rejected_with_its_position(none):
    tree = short()
    tree["events"][33]["type"] = none
    game = assert_same_statistics(tree)
    (reject,) = game.rejects
    assert (reject.part, reject.position) == ("event", 33)
    assert reject.reason == "The event has no type."
    assert reject.raw["start_time"] == tree["events"][33]["start_time"], "the reject contains the piece"
    assert [event.event_no for event in game.events][32:34] == [32, 34], "other events keep their numbers"
    assert_adds_up(game)


def test_jersey_on_neither_roster_is_an_unknown_player():
    tree = short()
    first(tree, "Possession")["players"][0] |= {"num": 97, "name": "#97"}
    game = assert_same_statistics(tree)
    assert game.flags == {"participant_on_no_roster": 1}
    (unknown,) = [person for event in game.events for person in event.participants if person.jersey == "97"]
    assert unknown.side is not None
    assert unknown.person_key is None


def borrowed(tree, name):
    """Give the first player of an event a jersey that is only on the other roster."""
    event = first(tree, "Possession")
    other = "away" if event["team"] == "home" else "home"
    own = {line["num"] for line in tree["rosters"][event["team"]]}
    line = next(line for line in tree["rosters"][other] if line["num"] not in own)
    event["players"][0] |= {"num": line["num"], "name": line["name"] if name else "Another Name"}
    return event["idx"], event["team"], other


@pytest.mark.parametrize(("name", "flag"), [(True, "participant_moved"), (False, "participant_on_other_roster")])
def test_player_moves_to_other_roster_only_by_jersey_and_name(name, flag):
    tree = short()
    position, own, other = borrowed(tree, name)
    game = assert_same_statistics(tree)
    assert game.flags == {flag: 1}
    person = game.events[position].participants[0]
    assert person.side == (other if name else own)
    assert (person.person_key is None) == (not name)


def test_team_wins_over_role_and_is_flagged():
    tree = short()
    player = first(tree, "Possession")["players"][0]
    player |= {"team": "away" if player["team"] == "home" else "home", "num": 98, "name": "Unlisted"}
    game = assert_same_statistics(tree)
    assert game.flags == {"team_against_role": 1, "participant_on_no_roster": 1}


def test_stint_that_ends_before_it_starts_is_rejected():
    tree = short()
    wrong = copy.deepcopy(tree["shifts"][9]) | {"start_time": "03:11", "end_time": "18:00", "duration": -889}
    tree["shifts"].insert(10, wrong)
    game = assert_same_statistics(tree)
    (reject,) = game.rejects
    assert (reject.part, reject.position, reject.reason) == ("stint", 10, "The stint ends before it starts.")
    assert reject.raw["home"]["G"]["num"] == wrong["home"]["G"]["num"]
    assert all(stint.start_s >= stint.end_s for stint in game.stints)
    assert_adds_up(game)


def test_stint_with_players_but_no_clock_is_rejected():
    tree = short()
    tree["shifts"][4]["end_time"] = "18:"
    game = assert_same_statistics(tree)
    assert [(r.part, r.position) for r in game.rejects] == [("stint", 4)]
    assert_adds_up(game)


def test_row_without_players_in_a_period_ends_all_shifts():
    tree = short()
    empty = copy.deepcopy(tree["shifts"][5])
    empty["home"] = empty["away"] = None
    tree["shifts"].insert(5, empty)
    game = assert_same_statistics(tree)
    assert [stint.stint_no for stint in game.stints][3:7] == [3, 4, 6, 7]
    assert_adds_up(game)


def scorer_elsewhere(tree):
    goal = next(event for event in tree["events"] if event["type"] == "Goal")
    for stint in tree["shifts"]:
        for slot, player in stint[goal["team"]].items():
            if player and player["num"] == goal["players"][0]["num"]:
                stint[goal["team"]][slot] = None


def two_goalies(tree):
    tree["shifts"][3]["home"]["X"] = {"num": 1000, "name": "Second"}
    tree["rosters"]["home"].append({"id": "P1", "num": "1000", "name": "Second", "pos": "G"})


def twice_on_ice(tree):
    tree["shifts"][3]["home"]["X"] = dict(tree["shifts"][3]["home"]["F1"])


def goal_twice(tree):
    place = next(i for i, event in enumerate(tree["events"]) if event["type"] == "Goal")
    again = copy.deepcopy(tree["events"][place]) | {"idx": 5000}
    tree["events"].insert(place + 1, again)


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        (scorer_elsewhere, {"scorer_not_on_ice": 1}),
        (two_goalies, {"two_goalies": 1}),
        (twice_on_ice, {"player_in_two_slots": 1}),
        (goal_twice, {"duplicate_goal": 1}),
        (lambda tree: tree["events"][40].update(team=None), {"event_without_team": 1}),
        (lambda tree: tree["events"][40].update(start_time=""), {"event_without_clock": 1}),
        (lambda tree: tree["rosters"]["away"].append({"id": "P9", "num": "null"}), {"roster_without_jersey": 1}),
        (lambda tree: tree["shifts"][2].update(stoppageTime=-4), {"negative_stoppage": 1}),
        (lambda tree: tree["shifts"][2].update(duration=-4), {"duration_disagrees": 1}),
        (lambda tree: tree["shifts"].pop(3), {"stint_gap": 1}),
        (lambda tree: tree["shifts"][3].update(start_time="18:00", duration=None), {"stint_overlap": 1}),
        (lambda tree: tree["shifts"][3]["home"].update(F1={"name": "x"}), {"slot_without_jersey": 1}),
        (lambda tree: tree["shifts"][3]["home"].update(F9={"num": 9}), {"unknown_slot": 1}),
        (lambda tree: tree["events"][40].update(assistToGoalIdx=3), {"assist_to_no_goal": 1}),
        (lambda tree: tree.update(homeTeam=None), {"team_without_name": 1}),
        (lambda tree: tree.update(exportDate="soon", savedAt=None), {"export_date_not_read": 1}),
        (lambda tree: tree["events"][40].update(puckXY=[{"x": 9000, "y": 1}]), {"point_off_the_rink": 1}),
        (lambda tree: tree["events"][40].update(sequenceIdx=10**30), {"number_out_of_range": 1}),
        (lambda tree: tree["events"][40].update(period=None), {"event_without_period": 1}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_odd_piece_is_kept_and_flagged(change, flags):
    plain = read_one(short())
    assert plain.flags == {}
    tree = short()
    change(tree)
    game = read_one(tree) if "number_out_of_range" in flags else assert_same_statistics(tree)
    assert game.flags == flags
    assert game.rejects == ()
    assert len(game.events) == len(tree["events"])
    assert_archived(game)
    assert_adds_up(game)


def test_event_without_team_keeps_its_players():
    tree = short()
    event = first(tree, "Pass", players=2)
    event["team"] = None
    for player in event["players"]:
        player["team"] = None
    game = assert_same_statistics(tree)
    kept = game.events[event["idx"]]
    assert kept.action.side is None
    assert [person.side for person in kept.participants] == [None] * len(event["players"])
    assert game.flags == {"event_without_team": 1}


@pytest.mark.parametrize(
    ("piece", "part"),
    [("events", "event"), ("shifts", "stint")],
)
@pytest.mark.parametrize("junk", [None, 7, "text", [1], True])
def test_piece_that_is_not_an_object_is_rejected(piece, part, junk):
    tree = short()
    tree[piece].insert(6, junk)
    game = read_one(tree)
    assert [(reject.part, reject.position, reject.raw) for reject in game.rejects] == [(part, 6, junk)]
    assert len(game.events) == 400
    assert_archived(game)
    assert_adds_up(game)


@pytest.mark.parametrize("junk", [None, 7, "text", [1]])
def test_participant_that_is_not_an_object_is_rejected(junk):
    tree = short()
    event = first(tree, "Pass", players=2)
    event["players"].insert(1, junk)
    game = read_one(tree)
    assert [(reject.part, reject.position, reject.raw) for reject in game.rejects] == [
        ("participant", event["idx"], junk)
    ]
    assert len(game.events[event["idx"]].participants) == len(event["players"]) - 1
    assert_archived(game)
    assert_adds_up(game)


@pytest.mark.parametrize("period", ["first", -1, 1000, 10**30, [], "١x"])
def test_event_with_an_impossible_period_is_rejected(period):
    tree = short()
    tree["events"][12]["period"] = period
    game = read_one(tree)
    assert [(reject.part, reject.position) for reject in game.rejects] == [("event", 12)]
    assert_adds_up(game)


def test_overtime_is_the_period_after_the_last_regular_one():
    tree = short()
    for period, event in zip(("OT", "ot", "OT1", "OT2", "2OT", 4), tree["events"], strict=False):
        event["period"] = period
    assert [event.period for event in read_one(tree).events][:6] == [4, 4, 4, 5, 5, 4]
    tree["periodLengths"] = {"1": 20, "2": 20, "OT": 5}
    assert read_one(tree).events[0].period == 3


def test_too_long_text_rejects_only_its_piece():
    tree = short()
    tree["events"][12]["detail1"] = "x" * 5000
    tree["rosters"]["home"][2]["name"] = "y" * 5000
    game = read_one(tree)
    assert [(reject.part, reject.position) for reject in game.rejects] == [("roster", 2), ("event", 12)]
    assert_adds_up(game)


@pytest.mark.parametrize("backup", [False, True])
def test_export_without_events_is_an_empty_game(backup):
    tree = export(played(), events=[], backup=backup)
    game = read_one(tree)
    assert (game.events, game.stints, game.events_seen, game.stints_seen) == ((), (), 0, 0)
    assert game.rosters
    assert game.rejects == ()
    assert game.format == ("backup" if backup else "game export")
    assert_archived(game)


WHOLE = as_json(short())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (WHOLE[:-1], "truncated"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (WHOLE[:1], "truncated"),
        (WHOLE.replace(b'"events": [', b'"events": [,', 1), "not JSON"),
        (WHOLE + b"}", "not JSON"),
        (b"[1, 2]", "keys match no supported format"),
        (b'"text"', "not JSON, and its columns match"),
        (b"{}", "keys match no supported format"),
        (b'{"gameId": 1}', r"The nearest is game export, which also needs: events; rosters or shifts or homeTeam\."),
        (b'{"gid": 1}', r"no supported format \(game export, .*, roster\)\. The nearest is roster"),
        (b"game_date,team_name,venue,period,event\n1,2,3,4,5\n", "event csv of 2022, which also needs: opp team name;"),
        (b'{"gameId": null, "events": [], "rosters": {}}', "gameId of the export is empty"),
        (b'{"gameId": 1, "events": {"a": 1}, "rosters": {}}', "not a list"),
        (b'{"gameId": 1, "events": [], "rosters": []}', None),
        (b'{"gameId": 1, "events": [], "rosters": {"home": 7}}', "not an object with a list of players"),
        (b'{"gameId": 1, "events": [], "rosters": 7}', "not an object with a list of players"),
        (b"\x00\x01\x02\x03", "not JSON, and its columns match"),
        (b"Date,Home Team\n2026-01-01,Granite\n", "The nearest is event csv, which also needs: away team; period;"),
        (b'{"a": ' * 100_000, "nested"),
        (b"[" * 100_000, "nested"),
        (b'{"gameId": 1, "rosters": {}, "events": [' + b"[" * 100_000, "nested"),
        (b'{"gameId": 1' + b"0" * 5000 + b', "rosters": {}, "events": []}', "digits"),
        (b'{"gameId": "\xff", "rosters": {}, "events": []}', "not UTF-8"),
        (b"\xff\xfe{", "not JSON, and its columns match"),
        (b"x" * 200_000, "its first line is not a row of CSV"),
        (b"callbacks(" + b"x" * 200_000 + b")", "its first line is not a row of CSV"),
    ],
)
def test_file_without_a_game_is_refused_with_one_reason(data, reason):
    if reason is None:
        assert read_one(data).game_key == "1"
        return
    with pytest.raises(UnreadableError, match=reason) as error:
        read_all(data)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
