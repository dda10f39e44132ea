"""The events and the shifts of an event CSV are two parts of one game, in any order."""

import csv
import functools
import io
import itertools
import json
import tracemalloc
from collections import Counter, defaultdict

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stanchion.dev.sample.event_shifts import COLUMNS, COLUMNS_2025, shifts_csv
from stanchion.dev.sample.files import event_csv, export
from stanchion.dev.sample.games import Game
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.event_shifts import home_and_away
from stanchion.ingest.reading.model import Part
from stanchion.ingest.reading.parts import merge_parts
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import documents, from_bytes
from tests.ingest.reading.canonical import Statistics
from tests.ingest.reading.damage import damaged, with_cells
from tests.ingest.reading.helpers import assert_archived, played, read_all, read_one
from tests.ingest.reading.test_hostile import read_or_refuse

DAY = "2026-02-08"
WITHOUT_SHIFTS = (
    "assists", "blocks", "giveaways", "goalies", "hits", "ice_time", "on_ice", "plus_minus", "saves", "shootouts",
)  # fmt: skip
WITH_SHIFTS = ("assists", "blocks", "giveaways", "hits", "saves", "shootouts")


def parts_of(*files):
    """Return the parts of each game of some files."""
    found = defaultdict(list)
    for data in files:
        for each in read(from_bytes("a file", data)):
            assert each.format == "event csv"
            found[each.game_key] += each.parts
    return found


def merged(*files):
    """Return the one game of some files."""
    ((key, parts),) = parts_of(*files).items()
    return merge_parts("event csv", key, parts)


@functools.cache
def events(year=2024):
    return event_csv([played()], DAY, year)


@functools.cache
def shifts(year=2024):
    return shifts_csv([played()], DAY, year)


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def as_csv(rows, columns=COLUMNS, delimiter=","):
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def rewritten(data, change):
    rows = rows_of(data)
    for row in rows:
        change(row)
    return as_csv(rows, rows[0].keys())


SHIFT = dict(
    zip(
        COLUMNS,
        (DAY, f"{DAY} - Tinsmiths at Granite", "Granite", "Runa Ibsen", "1", "1", "20:00", "19:23", "0:37"),
        strict=True,
    )
)
THEIRS = SHIFT | {"team_name": "Tinsmiths", "player_name": "Sten Zeller"}


@pytest.mark.parametrize("year", [2024, 2025])
def test_ice_time_and_shifts_equal_the_truth(year):
    game, truth = merged(events(year), shifts(year)), played().truth
    of_export = Statistics(read_one(export(played()))).players
    counted, last = defaultdict(Counter), {}
    for stint in game.stints:
        for player in stint.on_ice:
            key = player.side, player.name or player.jersey
            counted[key]["toi_s"] += int(stint.start_s - stint.end_s)
            counted[key]["shifts"] += last.get(key) != (stint.stint_no - 1, stint.period)
            last[key] = stint.stint_no, stint.period
    for side, roster in played().rosters.items():
        for player in roster:
            seconds = truth.players[side].get(player["num"], {}).get("toi_s", 0)
            is_go = year == 2025 and player["pos"] == "G"
            key = side, ("Go" if is_go else player["num"] if year == 2025 else player["name"])
            assert counted[key]["toi_s"] == seconds, player
            assert counted[key]["shifts"] == of_export[side, player["num"]]["shifts"], player
    assert set(game.flags) == {"penalty_class_assumed"}
    assert game.rejects == ()


@pytest.mark.parametrize("year", [2024, 2025])
def test_order_of_the_parts_does_not_matter(year):
    key = f"{DAY} {played().teams['home']} vs {played().teams['away']}"
    found = parts_of(events(year), shifts(year))[key]
    smaller = parts_of(rewritten(events(year), lambda row: None)[:50_000].rsplit(b"\n", 1)[0])[key]
    games = {
        msgspec.json.encode(merge_parts("event csv", key, order)) for order in itertools.permutations(found + smaller)
    }
    assert len(games) == 1
    assert_archived(merge_parts("event csv", key, found))


def test_events_alone_are_a_game_without_ice_time():
    alone, both = merged(events()), merged(events(), shifts())
    assert (alone.lacks, both.lacks) == (WITHOUT_SHIFTS, WITH_SHIFTS)
    assert (alone.stints, alone.stints_seen) == ((), 0)
    assert [event.action.detail1 for event in alone.events] == [event.action.detail1 for event in both.events]
    assert alone.content_hash != both.content_hash
    assert {entry.position for entry in alone.rosters} == {None}
    assert {(e.side, e.name) for e in alone.rosters} <= {(e.side, e.name) for e in both.rosters}
    assert_archived(alone)


def test_shifts_alone_are_a_game_without_events():
    game = merged(shifts())
    assert (game.events, len(game.stints) > 100) == ((), True)
    assert set(game.lacks) > set(WITH_SHIFTS) | {"faceoffs", "passes", "plus_minus", "strength"}
    assert not {"ice_time", "on_ice", "goalies"} & set(game.lacks)
    assert_archived(game)


@pytest.mark.parametrize("year", [2024, 2025])
def test_goalies_are_recognised(year):
    game = merged(events(year), shifts(year))
    goalies = {
        (side, player["name"]) for side, roster in played().rosters.items() for player in roster if player["pos"] == "G"
    }
    expected = goalies if year == 2024 else {("home", "Go"), ("away", "Go")}
    assert {(e.side, e.name or e.jersey) for e in game.rosters if e.position == "G"} == expected
    in_net = {(p.side, p.name or p.jersey) for stint in game.stints for p in stint.on_ice if p.slot == "G"}
    assert in_net == expected


def test_skater_with_a_long_shift_is_not_a_goalie():
    row = rows_of(events())[0] | {"Player": "Runa Ibsen", "Team": "Granite", "Home Team": "Granite"}
    row |= {"Away Team": "Tinsmiths", "Event": "Shot", "Player 2": ""}
    long = [SHIFT | {"end_clock": "5:00"}, SHIFT | {"player_name": "Imke Ibsen", "end_clock": "0:00"}]
    game = merged(as_csv([row], row.keys()), as_csv([*long, THEIRS]))
    assert {entry.name for entry in game.rosters if entry.position == "G"} == {"Imke Ibsen"}
    assert "goalies" in game.lacks  # the other team has none


@pytest.mark.parametrize(
    ("home", "away", "side", "expected"),
    [
        ("5", "5", "home", ("even", False)),
        ("5", "4", "home", ("power_play", False)),
        ("5", "4", "away", ("short_handed", False)),
        ("6", "5", "home", ("even", False)),
        ("6", "5", "away", ("even", True)),
        ("6", "4", "home", ("power_play", False)),
        ("5.0", "3.0", "home", ("power_play", False)),
        ("", "5", "home", (None, None)),
        ("x", "5", "home", (None, None)),
        ("5", "9", "home", (None, None)),
    ],
)
def test_strength_does_not_count_the_extra_attacker(home, away, side, expected):
    def change(row):
        row.update({"Home Team Skaters": home, "Away Team Skaters": away, "Team": played().teams[side]})

    game = merged(rewritten(events(), change))
    assert {(event.action.strength, event.action.is_empty_net) for event in game.events} == {expected}
    assert ("strength" in game.lacks) == (expected == (None, None))


def test_strength_of_2022_is_from_the_view_of_the_row():
    def change(row):
        row["situation_type"] = "5 on 4" if row["venue"] == "home" else "4 on 5"

    game = merged(rewritten(events(2022), change))
    assert {(event.action.side, event.action.strength) for event in game.events} == {
        ("home", "power_play"),
        ("away", "short_handed"),
    }


def test_counts_of_skaters_agree_with_the_shifts():
    game = merged(events(), shifts())
    compared = 0
    for event in game.events:
        stint = next(s for s in game.stints if s.period == event.period and s.start_s >= event.start_s >= s.end_s)
        mine = sum(player.side == event.action.side for player in stint.on_ice)
        theirs = len(stint.on_ice) - mine
        if stint.start_s > event.start_s > stint.end_s:
            strength = "power_play" if mine > theirs else "short_handed" if mine < theirs else "even"
            assert event.action.strength == strength
            compared += strength != "even"
    assert compared > 20


def test_events_without_counts_of_skaters_have_no_strength():
    """The rows are then the same as before strength was read, and so is the content hash."""
    columns = [name for name in rows_of(events())[0] if "Skaters" not in name]
    game = merged(as_csv(rows_of(events()), columns))
    assert {(event.action.strength, event.action.is_empty_net) for event in game.events} == {(None, None)}
    assert game.lacks == tuple(sorted((*WITHOUT_SHIFTS, "strength")))


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("2024-11-15 - Team B at Team A", ("Team A", "Team B")),
        ("11/15/2024 - Team A at Team B", ("Team B", "Team A")),
        ("Team B at Team A", ("Team A", "Team B")),
        ("2024-11-15 - Team B @ Team A", ("Team A", "Team B")),
        ("2024-11-15 - Cup (Open) - TEAM B at Cup (Open) - TEAM A", ("Team A", "Team B")),
        ("2024-11-15 - Team B", None),
        ("2024-11-15 - Team C at Team D", None),
        ("2024-11-15 - Team A at Team A", None),
        ("", None),
        ("x" * 501, None),
    ],
)
def test_sides_are_decided_by_the_best_match_of_names(name, sides):
    assert home_and_away(name, ("Team A", "Team B")) == sides
    assert home_and_away(name, ("Team B", "Team A")) == sides


def test_at_within_the_name_of_a_team_is_not_a_separator():
    teams = ("Fort at the Lake", "Granite")
    assert home_and_away("2024-11-15 - Fort at the Lake at Granite", teams) == ("Granite", "Fort at the Lake")
    assert home_and_away("2024-11-15 - Granite at Fort at the Lake", teams) == ("Fort at the Lake", "Granite")


@pytest.mark.parametrize(
    "rows",
    [
        [SHIFT],
        [SHIFT, THEIRS | {"team_name": ""}],
        [row | {"game_name": "Granite and Tinsmiths"} for row in (SHIFT, THEIRS)],
        [row | {"game_name": "Lanterns at Kestrels"} for row in (SHIFT, THEIRS)],
        [SHIFT, THEIRS, THEIRS | {"team_name": "Lanterns"}],
    ],
)
def test_shifts_without_a_home_team_are_refused(rows):
    with pytest.raises(UnreadableError, match="The home team of a game cannot be decided"):
        read_all(as_csv(rows))


def test_mixed_up_shifts_are_refused():
    tomorrow = [row | {"Date": "2026-02-09"} for row in (SHIFT, THEIRS)]
    with pytest.raises(UnreadableError, match="not consecutive"):
        read_all(as_csv([SHIFT, THEIRS, *tomorrow, SHIFT, THEIRS]))
    with pytest.raises(UnreadableError, match="begin with the day"):
        read_all(as_csv([row | {"Date": day} for day in ("14/2/2026", "2/15/2026") for row in (SHIFT, THEIRS)]))
    with pytest.raises(UnreadableError, match="No row of the file has a date"):
        read_all(as_csv([SHIFT | {"Date": "soon"}]))


def test_file_has_several_games():
    days = ("2026-02-08", "2026-02-09")
    data = shifts_csv([played()], days[0]) + shifts_csv([Game(9, 9)], days[1]).split(b"\n", 1)[1]
    assert [key[:10] for key in parts_of(data)] == list(days)
    assert parts_of(data).keys() == parts_of(event_csv([played()], days[0]), event_csv([Game(9, 9)], days[1])).keys()


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: b"\xef\xbb\xbf" + as_csv(rows),
        lambda rows: as_csv(rows).decode().encode("utf-16"),
        lambda rows: as_csv(rows, delimiter=";"),
        lambda rows: as_csv(rows, COLUMNS[::-1]),
        lambda rows: as_csv(rows).replace(b"player_name", b"Player Name"),
        lambda rows: as_csv([row | {"Date": "2/8/2026"} for row in rows]),
        lambda rows: as_csv([row | {"shift_number": "", "shift_length": ""} for row in rows]),
        lambda rows: as_csv([row | {"period": f"{row['period']}.0"} for row in rows]),
        lambda rows: as_csv([row | {"start_clock": row["start_clock"].zfill(5)} for row in rows]),
        lambda rows: as_csv(sorted(rows, key=lambda row: row["start_clock"])),
        lambda rows: as_csv([row | {"player_name": f" {row['player_name']} "} for row in rows]),
    ],
)
def test_spellings_of_shifts_have_one_hash(write):
    game = merged(events(), write(rows_of(shifts())))
    assert game.rejects == ()
    assert game.content_hash == merged(events(), shifts()).content_hash


def test_ids_of_players_are_equal_with_and_without_a_decimal():
    plain = rewritten(shifts(2025), lambda row: row.update(Player_Id=row["Player_Id"].removesuffix(".0")))
    assert plain.startswith(",".join(COLUMNS_2025).encode())
    assert merged(events(2025), plain).content_hash == merged(events(2025), shifts(2025)).content_hash


def test_bad_shifts_are_rejected_with_their_line():
    bad = [
        {"player_name": ""},
        {"period": "first"},
        {"period": ""},
        {"start_clock": "soon"},
        {"end_clock": ""},
        {"start_clock": "19:00", "end_clock": "19:30"},
        {"player_name": "x" * 501},
        {"team_name": "Lanterns"},
        {"Date": "soon"},
    ]
    rows = [SHIFT | {"Date": "soon"}, SHIFT, THEIRS, THEIRS, *(SHIFT | cells for cells in bad)]
    game = merged(as_csv(rows) + b"," * 30 + b"x\n")
    assert [reject.position for reject in game.rejects] == [2, *range(6, 16)]
    assert {reject.part for reject in game.rejects} == {"row"}
    assert len(game.stints) == 1
    assert game.stints_seen == 1 + len(game.rejects)
    assert_archived(game)


def test_odd_shifts_are_flagged():
    rows = [SHIFT, THEIRS, SHIFT | {"end_clock": "20:00", "shift_length": "0:00"}, SHIFT | {"shift_length": "0:40"}]
    assert merged(as_csv(rows)).flags == {
        "duration_disagrees": 1,
        "player_in_two_shifts": 1,
        "shift_without_length": 1,
    }


@pytest.mark.parametrize(
    "documents",
    [
        {},
        {"events": b"[]"},
        {"events": b"{"},
        {"events": b"\xff"},
        {"events": json.dumps({"format": "event csv", "game": ["soon", "A", "B"], "rows": []}).encode()},
        {"events": json.dumps({"format": "event csv", "game": [DAY, "A", "C"], "rows": []}).encode()},
        {"events": json.dumps({"format": "event csv", "game": [DAY, " A", "B"], "rows": []}).encode()},
        {"events": json.dumps({"format": "csv", "game": [DAY, "A", "B"], "rows": []}).encode()},
        {"other": json.dumps({"format": "event csv", "game": [DAY, "A", "B"], "rows": []}).encode()},
        {"shifts": json.dumps({"format": "event csv", "game": [DAY, "A", "B"], "rows": [[10**30, {}]]}).encode()},
    ],
)
def test_faulty_documents_are_not_merged(documents):
    parts = [Part(kind, 1, document) for kind, document in documents.items()]
    with pytest.raises(UnreadableError, match="not in the form of an event CSV"):
        merge_parts("event csv", f"{DAY} A vs B", parts)


def test_two_games_whose_keys_read_the_same_are_not_merged():
    keys = [[DAY, "A vs B", "C"], [DAY, "A", "B vs C"]]
    parts = [
        Part(kind, 1, json.dumps({"format": "event csv", "game": key, "rows": []}).encode())
        for kind, key in zip(("events", "shifts"), keys, strict=True)
    ]
    with pytest.raises(UnreadableError, match="not in the form of an event CSV"):
        merge_parts("event csv", f"{DAY} A vs B vs C", parts)


def test_shifts_are_read_game_by_game(tmp_path):
    """A file with three times as many games needs less than 20 percent more memory."""
    header, body = shifts().split(b"\n", 1)

    def most_memory(games):
        path = tmp_path / f"{games}.csv"
        path.write_bytes(header + b"\n" + b"".join(body.replace(b"-08", f"-{n + 10}".encode()) for n in range(games)))
        (document,) = documents([str(path)])
        tracemalloc.start()
        assert sum(1 for _ in read(document)) == games
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most_memory(1)  # fills the caches
    assert most_memory(6) < most_memory(2) * 1.2


CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["Go", "20:00", "99:99", "0:00", "OT", "9" * 40, "2/13/2026", "13/2/2026", "at", " at ", "Granite", "1e999"]
)
SHORT = [*rows_of(shifts())[:6], *rows_of(shifts())[-6:]]


@given(seed=st.integers(0, 2**32), values=st.lists(CELLS, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_shifts_with_random_values_at_random_places(seed, values):
    read_or_refuse(as_csv(with_cells(SHORT, COLUMNS, seed, values)))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_shifts_with_flipped_cut_and_doubled_bytes(seed):
    read_or_refuse(damaged(as_csv(SHORT), seed))


@given(
    kinds=st.lists(st.sampled_from(["events", "shifts"]), min_size=1, unique=True),
    rows=st.lists(
        st.tuples(
            st.integers(0, 99),
            st.dictionaries(
                st.sampled_from(
                    ["date", "home team", "away team", "team", "event", "team name", "player id", "period"]
                ),
                CELLS,
            ),
        ),
        max_size=4,
    ),
)
@settings(max_examples=100, deadline=None)
def test_random_archived_documents(kinds, rows):
    document = {"format": "event csv", "game": [DAY, "Granite", "at"], "rows": rows}
    tree = {
        "merged": "event csv",
        "game": f"{DAY} Granite vs at",
        "rank": "1",
        "parts": dict.fromkeys(kinds, document),
    }
    read_or_refuse(json.dumps(tree).encode())


def test_archived_events_of_before_are_read():
    alone = merged(events())
    part = json.dumps(json.loads(alone.document)["parts"]["events"]).encode()
    assert read_one(part).content_hash == alone.content_hash
