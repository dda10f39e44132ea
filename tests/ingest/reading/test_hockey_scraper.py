"""A CSV file of hockey_scraper gives games that equal the official book."""

import csv
import functools
import io
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.book import book_game
from stanchion.dev.sample.hockey_scraper import COLUMNS, game_key, hockey_scraper_csv
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.scraper_columns import penalty_of, side_of_team
from stanchion.ingest.reading.sources import documents
from tests.ingest.reading.book_count import differences
from tests.ingest.reading.damage import damaged, with_cells
from tests.ingest.reading.helpers import assert_archived, read_all, read_one
from tests.ingest.reading.nhl import NUMBERS
from tests.ingest.reading.test_hostile import read_or_refuse


@functools.cache
def played(number):
    """Return an invented game, in which a foul that leads to a penalty shot has no minutes."""
    return book_game(number, penalty_shot_minutes=0)


@functools.cache
def written(number):
    return hockey_scraper_csv([played(number)])


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def as_csv(rows, columns=COLUMNS, delimiter=","):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def changed(number, change):
    """Return a file of one game after a change to each row."""
    rows = rows_of(written(number))
    for row in rows:
        change(row)
    return as_csv(rows)


ROW = dict.fromkeys(COLUMNS, "") | {
    "Game_Id": "20001", "Date": "2018-10-03", "Period": "1", "Time_Elapsed": "1:00", "Seconds_Elapsed": "60.0",
    "Strength": "5x5", "Ev_Team": "GRA", "Home_Team": "GRA", "Away_Team": "TIN", "p1_name": "RUNA IBSEN",
    "p1_ID": "11.0", "Home_Goalie": "LEIF OSGOOD", "Home_Goalie_Id": "30.0", "Away_Goalie": "STEN ZELLER",
    "Away_Goalie_Id": "40.0", "Event": "SHOT",
    **{f"homePlayer{n}_id": f"{10 + n}.0" for n in range(1, 6)}, "homePlayer6_id": "30.0",
    **{f"awayPlayer{n}_id": f"{20 + n}.0" for n in range(1, 6)}, "awayPlayer6_id": "40.0",
}  # fmt: skip


def one(**cells):
    """Return the events of a file with one row."""
    return read_one(as_csv([ROW | cells])).events


def people(event):
    return {(p.role, p.role_no, p.person_key, p.detail1) for p in event.participants}


@pytest.mark.parametrize("numbers", NUMBERS)
def test_games_equal_their_books(numbers):
    for first in range(0, len(numbers), 20):
        books = [played(number) for number in numbers[first : first + 20]]
        games = read_all(hockey_scraper_csv(books))
        assert [game.game_key for game in games] == [game_key(book) for book in books]
        for book, game in zip(books, games, strict=True):
            assert differences(book, game, without=("seconds",)) == []
            assert (game.rejects, game.flags) == ((), {})
            assert (game.home_team, game.away_team) == (book.home.abbrev, book.away.abbrev)
            assert game.game_date == book.day
            assert game.period_seconds["OT"] == (1200 if book.is_playoff else 300)


def test_time_of_goalies_is_right_to_the_next_row():
    """A goalie who plays the whole game has the exact time."""
    exact = 0
    for number in range(20):
        book, (game,) = played(number), read_all(written(number))
        counted = {}
        for stint in game.stints:
            assert {player.slot for player in stint.on_ice} == {"G"}
            for player in stint.on_ice:
                counted[player.side, int(player.person_key)] = counted.get(
                    (player.side, int(player.person_key)), 0
                ) + int(stint.start_s - stint.end_s)
        for goalie, line in book.truth.goalies.items():
            assert abs(counted.get(goalie, 0) - line["seconds"]) <= 120
            exact += counted.get(goalie, 0) == line["seconds"]
    assert exact > 55


def test_source_lacks_exact_times_and_passes():
    assert read_one(written(0)).lacks == ("goalie_time", "ice_time", "on_ice", "passes")


@pytest.mark.parametrize(
    ("written_id", "day", "key"),
    [
        ("20001", "2018-10-03", "2018020001"),
        ("20001.0", "2018-10-03", "2018020001"),
        ("21271", "2019-04-06", "2018021271"),
        ("30111", "2019-04-10", "2018030111"),
        ("10001", "2018-09-15", "2018010001"),
        ("20001", "2021-01-13", "2020020001"),
        ("30411", "2020-09-19", "2019030411"),  # these playoffs were played in August and September
        ("2018020001", "2018-10-03", "2018020001"),
    ],
)
def test_season_is_restored_from_the_date(written_id, day, key):
    assert read_one(as_csv([ROW | {"Game_Id": written_id, "Date": day}])).game_key == key


@pytest.mark.parametrize(
    ("code", "side"),
    [("GRA", "home"), ("G.R", "home"), ("gr", "home"), ("TIN", "away"), ("T.I", "away"), ("G", None), ("QUA", None)],
)
def test_codes_of_teams_differ_within_a_file(code, side):
    assert side_of_team(code, ("GRA", "TIN")) == side


def test_similar_codes_of_both_teams_are_not_confused():
    assert side_of_team("GRA", ("GRA", "GRAN")) == "home"
    assert side_of_team("GR", ("GRA", "GRO")) is None


def test_first_player_gives_the_side_of_an_unknown_team():
    assert one(Ev_Team="QUA")[0].action.side == "home"
    assert one(Ev_Team="QUA", Event="BLOCK", p1_ID="11", p2_ID="21")[0].action.side == "away"
    assert one(Ev_Team="", p1_ID="")[0].action.side is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hooking(2 min)", ("Minor", 2)),
        ("Hi stick - double minor(4 min)", ("DoubleMinor", 4)),
        ("Fighting (maj)", ("Major", 5)),
        ("Boarding(5 min)", ("Major", 5)),
        ("Misconduct (10 min)", ("Misconduct", 10)),
        ("Game misconduct(10 min)", ("Misconduct", 10)),
        ("Match penalty(10 min)", ("Match", 10)),
        ("Too many men/ice - bench(2 min)", ("Bench", 2)),
        ("Unsportsmanlike conduct-bench(2 min)", ("Bench", 2)),
        ("Leaving the penalty bench(2 min)", ("Minor", 2)),
        ("PS-Hooking on breakaway(0 min)", ("PenaltyShot", 0)),
        ("", (None, None)),
        (None, (None, None)),
        ("Hooking", (None, None)),
    ],
)
def test_minutes_are_in_the_text_of_a_penalty(text, found):
    assert penalty_of(text) == found


def test_penalty_without_a_text_counts_as_a_minor_and_is_flagged():
    game = read_one(as_csv([ROW | {"Event": "PENL", "Type": ""}]))
    assert (game.events[0].action.detail1, game.events[0].action.minutes) == ("Penalty_Minor", None)
    assert game.flags["penalty_class_assumed"] == 1


def test_bench_penalty_is_of_the_team():
    bench = {"Event": "PENL", "Type": "Too many men/ice - bench(2 min)", "p1_name": "Team", "p1_ID": ""}
    (event,) = one(**bench)
    assert (event.action.side, event.action.minutes, event.participants) == ("home", 2, ())


def test_equal_penalties_of_both_teams_give_no_power_play():
    penalty = ROW | {"Event": "PENL", "Type": "Roughing(2 min)"}
    other = penalty | {"Ev_Team": "TIN", "p1_ID": "21"}
    third = penalty | {"p1_ID": "12"}
    events = read_one(as_csv([penalty, other, third])).events
    assert [event.action.gives_power_play for event in events] == [False, False, True]


@pytest.mark.parametrize(
    ("strength", "out", "expected"),
    [
        ("5x5", (), ("even", False)),
        ("5x4", (), ("power_play", False)),
        ("4x5", (), ("short_handed", False)),
        ("6x5", ("Home",), ("even", False)),
        ("6x4", ("Home",), ("power_play", False)),
        ("5x5", ("Home",), ("short_handed", False)),
        ("5x6", ("Away",), ("even", True)),
        ("0x0", (), (None, None)),
        ("", (), (None, None)),
    ],
)
def test_strength_does_not_count_the_extra_attacker(strength, out, expected):
    emptied = {f"{side}_Goalie{what}": "" for side in out for what in ("", "_Id")}
    action = one(Strength=strength, **emptied)[0].action
    assert (action.strength, action.is_empty_net) == expected


@pytest.mark.parametrize(("strength", "marks"), [("5x5", 10), ("5x4", 0), ("4x5", 10), ("1x0", 0), ("0x1", 0), ("", 0)])
def test_goal_on_a_power_play_or_a_penalty_shot_has_no_plus_and_minus(strength, marks):
    (goal,) = one(Event="GOAL", Strength=strength, p2_ID="12.0", p3_ID="13.0")
    found = people(goal)
    assert {
        ("event", 1, "11", None),
        ("event", 2, "12", "AssistPrimary"),
        ("event", 3, "13", "AssistSecondary"),
    } <= found
    assert ("opp", 1, "40", "GoalAgainst") in found
    assert sum(mark in ("Plus", "Minus") for _, _, _, mark in found) == marks
    assert not any(player in ("30", "40") and mark != "GoalAgainst" for _, _, player, mark in found)


def test_goal_into_an_empty_net_is_against_no_goalie():
    (goal,) = one(Event="GOAL", Strength="5x6", Away_Goalie="", Away_Goalie_Id="", awayPlayer6_id="26.0")
    assert goal.action.is_empty_net
    assert not any(mark == "GoalAgainst" for _, _, _, mark in people(goal))
    assert sum(mark == "Minus" for _, _, _, mark in people(goal)) == 6


def test_shot_on_goal_is_saved_by_the_goalie_in_net():
    shot, save = one(Type="TIP-IN")
    assert (shot.action.detail1, shot.action.detail2) == ("Shot_OnNet", "Shot_TipIn")
    assert (save.action.type, save.action.side, people(save)) == ("Save", "away", {("event", 1, "40", None)})


def test_penalty_shot_is_marked():
    shot, save = one(Strength="1x0")
    assert (shot.action.detail2, shot.action.strength, save.action.type) == ("Shot_PenaltyShot", "even", "Save")
    (goal,) = one(Strength="1x0", Event="GOAL")
    assert (goal.action.detail2, goal.action.strength) == ("Goal_PenaltyShot", "even")


@pytest.mark.parametrize(("event", "detail"), [("GOAL", "Goal"), ("SHOT", "Saved"), ("MISS", "Missed")])
def test_attempts_in_period_5_of_a_game_of_the_season_are_a_shootout(event, detail):
    attempt = {"Event": event, "Period": "5", "Time_Elapsed": "0:00", "Strength": "1x0"}
    (found,) = one(**attempt)
    assert (found.action.type, found.action.detail1) == ("Shootout", f"Shootout_{detail}")
    assert people(found) == {("event", 1, "11", None), ("opp", 1, "40", None)}
    assert one(**attempt, Game_Id="30001", Date="2019-04-10")[0].action.type != "Shootout"


def test_blocker_is_of_the_other_team_and_the_zone_is_the_blockers():
    (event,) = one(Event="BLOCK", p1_ID="21.0", p2_ID="11.0", Ev_Zone="Def")
    assert (event.action.side, event.action.zone) == ("home", "o")
    assert people(event) == {("event", 1, "11", None), ("opp", 1, "21", "BlockedShot")}
    (event,) = one(Event="BLOCK", p1_ID="12.0", p2_ID="11.0")  # a player of the shooter's own team was in the way
    assert people(event) == {("event", 1, "11", None), ("event", 2, "12", None)}


def test_player_without_an_id_is_known_by_name():
    shot, _ = one(p1_ID="NA")
    assert people(shot) == {("event", 1, "name:runa ibsen", None)}


def test_point_is_missing_where_the_row_has_none():
    assert read_one(as_csv([ROW])).rows.tables["play_point"] == []
    assert read_one(as_csv([ROW | {"xC": "-61.0", "yC": "12.0"}])).rows.tables["play_point"] == ["0,puck,-1,0,-61,12"]


def without_clutter(text):
    """Remove what other versions of the program write differently."""
    return text.replace(".0,", ",").replace(",NA,", ",,")


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: as_csv(rows, COLUMNS[1:]),
        lambda rows: as_csv(rows, COLUMNS[::-1]),
        lambda rows: as_csv(rows, delimiter=";"),
        lambda rows: b"\xef\xbb\xbf" + as_csv(rows),
        lambda rows: as_csv(rows).decode().encode("utf-16"),
        lambda rows: without_clutter(as_csv(rows).decode()).encode(),
        lambda rows: as_csv([row | {"Time_Elapsed": ""} for row in rows]),
        lambda rows: as_csv([row | {"Time_Elapsed": row["Time_Elapsed"].zfill(5)} for row in rows]),
        lambda rows: as_csv([{key: cell or "NA" for key, cell in row.items()} for row in rows]),
        lambda rows: as_csv([{key: f" {cell} " for key, cell in row.items()} for row in rows]),
        lambda rows: as_csv([row | {"Description": "other", "Home_Coach": "other"} for row in rows]),
        lambda rows: as_csv([row | {"Game_Id": game_key(played(2))} for row in rows]),
    ],
)
def test_spellings_of_a_game_have_one_hash(write):
    game = read_one(write(rows_of(written(2))))
    assert game.rejects == ()
    assert game.content_hash == read_one(written(2)).content_hash


@pytest.mark.parametrize("number", range(6))
def test_archived_document_is_read_as_the_same_game(number):
    game = read_one(written(number))
    assert_archived(game)
    assert b"invented" not in game.document
    assert b"NOBODY" not in game.document


def test_bad_rows_are_rejected_with_their_line():
    rows = [
        ROW | {"Date": "soon"},
        ROW,
        ROW | {"Event": "DANCE"},
        ROW | {"Event": ""},
        ROW | {"Period": "first"},
        ROW | {"Period": "1000"},
        ROW | {"p1_name": "x" * 501},
        ROW | {"Game_Id": "x"},
        ROW | {"Home_Team": ""},
        ROW | {"Type": "x" * 501, "Event": "PENL"},
        ROW | {"Event": "STOP"},
        ROW | {"Event": "DANCE", "p1_name": "\x00"},
    ]
    data = as_csv(rows) + b"," * 100 + b"\n" + b"20001" + b",5" * 100 + b"\n"
    game = read_one(data)
    lines = [reject.position for reject in game.rejects]
    assert lines == [2, 4, 5, 6, 7, 9, 10, 11, 13, 15]
    assert {reject.part for reject in game.rejects} == {"row"}
    assert [event.action.type for event in game.events] == ["Shot", "Save"] * 2
    assert game.events_seen == len(game.events) + len(game.rejects)
    assert_archived(game)


def test_mixed_up_games_are_refused():
    with pytest.raises(UnreadableError, match="sort the file by Date and Game_Id"):
        read_all(as_csv([ROW, ROW | {"Game_Id": "20002"}, ROW]))
    with pytest.raises(UnreadableError, match="No row of the file has a date"):
        read_all(as_csv([ROW | {"Game_Id": "1"}]))
    with pytest.raises(UnreadableError, match="No row of the file has a date"):
        read_all(as_csv([]))


def test_file_without_a_needed_column_is_not_recognised():
    with pytest.raises(UnreadableError, match="hockey_scraper, which also needs: strength"):
        read_all(as_csv([ROW], [name for name in COLUMNS if name != "Strength"]))


def test_file_is_read_game_by_game(tmp_path):
    """A file with three times as many games needs less than 20 percent more memory."""

    def most_memory(games):
        path = tmp_path / f"{games}.csv"
        path.write_bytes(hockey_scraper_csv(played(5 * number) for number in range(games)))
        (document,) = documents([str(path)])
        tracemalloc.start()
        assert sum(1 for _ in read(document)) == games
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most_memory(1)  # fills the caches
    assert most_memory(6) < most_memory(2) * 1.2


SHORT = rows_of(written(2))[:12] + rows_of(written(2))[-8:]
CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["1x0", "6x5", "20001", "30001", "99:99", "nan", "1e999", "-1", "GOAL", "PENL", "BLOCK", "5", "Team", "9" * 40]
)


@given(seed=st.integers(0, 2**32), values=st.lists(CELLS, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_file_with_random_values_at_random_places(seed, values):
    read_or_refuse(as_csv(with_cells(SHORT, COLUMNS, seed, values)))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_file_with_flipped_cut_and_doubled_bytes(seed):
    read_or_refuse(damaged(as_csv(SHORT), seed))


@given(
    key=st.text(max_size=12) | st.integers() | st.just("2018020001"),
    rows=st.lists(
        st.tuples(st.integers(), st.dictionaries(st.sampled_from(sorted(COLUMNS)), CELLS, max_size=9)), max_size=4
    )
    | st.none(),
)
@settings(max_examples=100, deadline=None)
def test_random_archived_documents(key, rows):
    read_or_refuse(json.dumps({"hockey_scraper": key, "rows": rows}).encode())


def test_unknown_keys_of_an_archived_document_are_dropped():
    tree = json.loads(read_one(as_csv([ROW])).document)
    tree["rows"][0][1]["token"] = "SECRET"
    assert b"SECRET" not in read_one(tree).document


def test_goalie_who_is_first_listed_as_a_player_is_a_goalie():
    hidden = ROW | {"Home_Goalie": "", "Home_Goalie_Id": "", "homePlayer6": "LEIF OSGOOD"}
    game = read_one(as_csv([hidden, ROW | {"homePlayer6": "LEIF OSGOOD"}]))
    assert {entry.person_key for entry in game.rosters if entry.position == "G"} == {"30", "40"}
