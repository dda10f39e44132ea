"""A mapping reads the games of a CSV or JSON format: every figure equals the official book of the invented games."""

import json
from dataclasses import replace

import msgspec
import pytest

from stanchion.dev.sample.book import OTHER, book_game
from stanchion.dev.sample.mapped import event_csv_like_2022, tracking_csv
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.mapping.formats import format_of
from stanchion.ingest.reading.mapping.yamlfile import read_mapping
from stanchion.ingest.reading.recognise import read
from stanchion.ingest.reading.sources import from_bytes
from stanchion.paths import ROOT
from tests.ingest.reading.book_count import count, differences
from tests.ingest.reading.helpers import points
from tests.ingest.reading.nhl import NUMBERS

MAPPINGS = ROOT / "docs" / "formats" / "mappings"


def mapping(name):
    path = MAPPINGS / f"{name}.yaml"
    return read_mapping(path.read_bytes(), path.name)


def read_with(yaml, data, path="a file"):
    """Read a file with a mapping, given as the name of a file in docs, as YAML, or as a Mapping."""
    if isinstance(yaml, str):
        yaml = mapping(yaml) if "\n" not in yaml else read_mapping(yaml, "a mapping")
    return list(read(from_bytes(path, data), [format_of(yaml)]))


def plain(game):
    return msgspec.to_builtins(game)


# ---------------------------------------------------------------- the worked examples


@pytest.fixture(scope="module", params=NUMBERS)
def played(request):
    return [book_game(number) for number in request.param]


def test_tracking_has_the_figures_of_the_book(played):
    found = read_with("tracking", tracking_csv(played))
    assert [game.game_key for game in found] == [str(7000 + book.number) for book in played]
    assert [game.game_date for game in found] == [game.day for game in played]
    assert {game.lacks for game in found} == {("goalie_time", "ice_time", "on_ice", "passes", "plus_minus")}
    assert sum(len(game.rejects) for game in found) == 0
    assert {name for game in found for name in game.flags} == set()
    assert [name for book, game in zip(played, found, strict=True) for name in differences(book, game)] == []


def test_events_have_the_figures_of_the_book(played):
    found = read_with("events-2022", event_csv_like_2022(played))
    assert {game.format for game in found} == {"club events"}
    assert [game.game_key for game in found] == [f"{g.day} {g.home.name} vs {g.away.name}" for g in played]
    for book, game in zip(played, found, strict=True):
        counted = count(game, by="name")
        names = {(side, p.id): (side, p.name) for side in OTHER for p in book.team(side).players}
        for player, official in book.truth.players.items():
            for column in ("goals", "shots_on_goal", "faceoffs_won", "faceoffs_lost", "takeaways"):
                assert counted.players[names[player]][column] == official[column], (book.number, player, column)
        for side in OTHER:
            assert counted.periods[side] == {n: goals for n, goals in book.truth.periods[side].items() if goals}
            for column in ("power_play_goals", "short_handed_goals"):
                assert counted.teams[side][column] == book.truth.teams[side][column], (book.number, side, column)
        assert set(game.flags) <= {"penalty_class_assumed"}
        assert game.events_seen == len(game.events)


def test_archived_game_contains_its_mapping_and_is_read_without_it(played):
    for name, write in (("tracking", tracking_csv), ("events-2022", event_csv_like_2022)):
        for game in read_with(name, write(played[:12])):
            (again,) = read(from_bytes("archive", game.document))
            assert plain(again) == plain(game)
            assert json.loads(game.document)["mapping"]["name"] == game.format


def test_rows_of_the_archive_have_only_the_columns_of_the_mapping(played):
    data = tracking_csv(played[:1]).replace(b"XEnd,YEnd", b"ApiKey,YEnd")
    data = b"\n".join(line[:-1] + b"secret," if line.endswith(b",,") else line for line in data.splitlines())
    assert b"secret" in data
    (game,) = read_with("tracking", data)
    assert b"secret" not in game.document


@pytest.mark.parametrize("name", ["tracking", "events-2022"])
def test_page_contains_the_mapping_and_rows_that_it_reads(name):
    page = (MAPPINGS.parent / "mapping.md").read_text()
    assert f"```yaml\n{(MAPPINGS / f'{name}.yaml').read_text()}```" in page
    rows = page.partition(f"mappings/{name}.yaml")[0].rpartition("```csv\n")[2].partition("```")[0]
    (game,) = read_with(name, rows.encode())
    assert (len(game.events), game.rejects, game.home_team) == (2, (), "Kestrels")


# ---------------------------------------------------------------- spellings

SMALL = """\
name: small
kind: csv
recognise: [game]
game: {key: [game], date: day, home: home, away: away}
team: {column: side, home: [h], away: [a]}
period: {column: period}
clock: {column: clock, direction: up}
people:
  player: {id: player, name: name}
  other: {id: other}
events:
  - {when: {kind: Goal}, play: goal, player: player, goalie: other}
  - {when: {kind: [Shot, SOG]}, play: shot, player: player, goalie: other}
  - {when: {kind: Faceoff}, play: faceoff, player: player, opponent: other}
  - {when: {kind: Stop}, play: ignore}
"""
HEAD = "game,day,home,away,side,period,clock,kind,player,name,other\n"
ROWS = (
    "5,2026-01-16,Kestrels,Lanterns,h,1,0:10,Faceoff,11,Ada Ash,21\n"
    "5,2026-01-16,Kestrels,Lanterns,a,1,7:05,Shot,21,,1\n"
    "5,2026-01-16,Kestrels,Lanterns,,1,8:00,Stop,,,\n"
    "5,2026-01-16,Kestrels,Lanterns,h,OT,1:00,Goal,11,,31\n"
)


def events(game):
    return [(e.period, e.action.type, e.action.side, e.start_s and float(e.start_s)) for e in game.events]


def test_rows_become_events_and_ignored_rows_do_not_count():
    (game,) = read_with(SMALL, (HEAD + ROWS).encode())
    assert events(game) == [
        (1, "Faceoff", "home", 1190.0),
        (1, "Shot", "away", 775.0),
        (1, "Save", "home", 775.0),
        (4, "Goal", "home", 240.0),
    ]
    assert (game.home_team, game.away_team, str(game.game_date)) == ("Kestrels", "Lanterns", "2026-01-16")
    assert [(entry.side, entry.person_key, entry.name) for entry in game.rosters] == [
        ("home", "1", None), ("home", "11", "Ada Ash"), ("away", "21", None), ("away", "31", None),
    ]  # fmt: skip
    assert game.rejects == ()


def test_other_spellings_are_the_same_game():
    other = HEAD.upper().replace("CLOCK", " Clock ") + ROWS.replace(",11,", ",11.0,").replace(",h,", ", H ,").replace(
        "Shot", "sog"
    ).replace("Ada Ash", " Ada  Ash ").replace(",1,", ",1.0,")
    (one,), (two,) = (read_with(SMALL, text.encode()) for text in (HEAD + ROWS, other))
    assert two.content_hash == one.content_hash
    assert read_with(SMALL, ("\ufeff" + HEAD + ROWS).replace(",", ";").encode("utf-8"))[0].content_hash == (
        one.content_hash
    )


def test_row_that_cannot_be_used_is_rejected_with_its_line():
    bad = [
        "5,2026-01-16,Kestrels,Lanterns,h,1,0:10,Dance,11,,21\n",
        "5,2026-01-16,Kestrels,Lanterns,h,later,0:10,Shot,11,,21\n",
        ",,,,h,1,0:10,Shot,11,,21\n",
        "5,2026-01-16,Kestrels,Lanterns,h,1,0:10,Shot,11,,21,too,many\n",
        "5,2026-01-16,Kestrels,Lanterns,h,1,0:10,Shot," + "x" * 600 + ",,21\n",
    ]
    (game,) = read_with(SMALL, (HEAD + "".join(bad) + ROWS).encode())
    assert [(r.part, r.position, r.reason.split()[0]) for r in game.rejects] == [
        ("row", 2, "No"), ("row", 4, "The"), ("row", 5, "The"), ("row", 6, "A"), ("row", 3, "The"),
    ]  # fmt: skip
    assert game.events_seen == len(game.events) + len(game.rejects)
    (again,) = read(from_bytes("archive", game.document))
    assert plain(again) == plain(game)


def test_file_without_a_game_is_refused():
    with pytest.raises(
        UnreadableError, match="No row of the file has the key of a game that the mapping 'small' names"
    ):
        read_with(SMALL, (HEAD + ",,,,h,1,0:10,Shot,11,,21\n").encode())
    with pytest.raises(UnreadableError, match="do not stand together"):
        read_with(SMALL, (HEAD + ROWS + ROWS.replace("5,2026", "6,2026") + ROWS).encode())


def test_nearest_mapping_is_named_with_the_missing_columns():
    with pytest.raises(UnreadableError, match=r"The nearest is small, which also needs: game\.") as error:
        read_with(SMALL.replace("recognise: [game]", "recognise: [kind, game]"), b"kind,x\n1,2\n")
    assert "(small, event csv" in str(error.value)


# ---------------------------------------------------------------- people


def test_jerseys_identify_players_within_their_team():
    yaml = SMALL.replace("{id: player, name: name}", "{jersey: player}").replace("{id: other}", "{jersey: other}")
    (game,) = read_with(yaml, (HEAD + ROWS).encode())
    assert [(entry.side, entry.jersey, entry.person_key) for entry in game.rosters] == [
        ("home", "1", None), ("home", "11", None), ("away", "21", None), ("away", "31", None),
    ]  # fmt: skip
    assert {(p.side, p.jersey, p.person_key) for e in game.events for p in e.participants} == {
        ("home", "1", None), ("home", "11", None), ("away", "21", None), ("away", "31", None),
    }  # fmt: skip
    assert plain(next(read(from_bytes("archive", game.document)))) == plain(game)


def test_names_identify_players_and_most_rows_decide_their_side():
    yaml = SMALL.replace("{id: player, name: name}", "{name: player}").replace("{id: other}", "{name: other}")
    rows = ROWS.replace(",11,", ",Ada Ash,") + "5,2026-01-16,Kestrels,Lanterns,a,1,9:00,Shot,ada ASH,,1\n"
    (game,) = read_with(yaml, (HEAD + rows).encode())
    assert ("home", "name:ada ash") in [(entry.side, entry.person_key) for entry in game.rosters]
    assert game.flags["participant_moved"] == 1


GOALS = """\
name: goals
kind: json
recognise: [goals]
rows: goals
game: {key: [$.id], date: $.when.day, home: $.teams.home.name, away: $.teams.away.name}
team: team
period: {column: period}
clock: {column: at, unit: seconds, direction: up, of: game}
people:
  scorer: {id: scorer.id, text: scorer.label, pattern: "{name} ({position}), #{jersey}"}
  helper: {id: assists.0}
  plus: {jersey: plus}
  minus: {id: minus}
events:
  - {when: {valid: false}, play: ignore}
  - {play: goal, player: scorer, assist1: helper, plus: plus, minus: minus, empty_net: empty}
"""


def goals(*rows, **top):
    document = {"id": 42, "when": {"day": "2026-01-16T19:00"}, "apiKey": "secret"}
    document["teams"] = {"home": {"name": "Kestrels"}, "away": {"name": "Lanterns"}}
    return json.dumps(document | {"goals": list(rows)} | top).encode()


GOAL = {
    "team": "kestrels", "period": 2, "at": 1500, "empty": False, "assists": [12, 13], "plus": "6, 11 9",
    "minus": [21, 22], "scorer": {"id": 11, "label": "Ada Ash (C), #9"}, "valid": True,
}  # fmt: skip


def test_json_is_read_by_paths_and_lists():
    data = goals(GOAL, GOAL | {"valid": False}, "row", GOAL | {"at": 1600.5, "team": "Lanterns", "minus": None})
    (game,) = read_with(GOALS, data)
    assert (game.game_key, game.home_team, str(game.game_date)) == ("42", "Kestrels", "2026-01-16")
    assert [(r.part, r.position) for r in game.rejects] == [("event", 2)]
    first, second = game.events
    assert (first.period, float(first.start_s), float(second.start_s)) == (2, 900.0, 799.5)
    people = [(p.role, p.role_no, p.side, p.person_key, p.jersey, p.name, p.detail1) for p in first.participants]
    assert people == [
        ("event", 1, "home", "11", "9", "Ada Ash", None),
        ("event", 2, "home", "12", None, None, "AssistPrimary"),
        ("event", 9, "home", None, "6", None, "Plus"),
        ("event", 9, "home", None, "11", None, "Plus"),
        ("event", 9, "home", None, "9", None, "Plus"),
        ("opp", 9, "away", "21", None, None, "Minus"),
        ("opp", 9, "away", "22", None, None, "Minus"),
    ]
    assert {entry.position for entry in game.rosters} == {"C", None}
    assert b"secret" not in game.document
    assert plain(next(read(from_bytes("archive", game.document)))) == plain(game)


def test_lists_within_lists_are_games():
    yaml = GOALS.replace("rows: goals", "rows: games[].goals").replace("[goals]", "[games]").replace("$.", "^.")
    one, two = json.loads(goals(GOAL)), json.loads(goals(GOAL, GOAL, id=43))
    found = read_with(yaml, json.dumps({"games": [one, two]}).encode())
    assert [(game.game_key, len(game.events)) for game in found] == [("42", 1), ("43", 2)]


def test_a_list_at_the_top_is_read_and_the_name_of_the_file_is_a_key():
    yaml = GOALS.replace("rows: goals", 'rows: "[]"').replace("[goals]", '["[].scorer"]')
    yaml = yaml.replace(
        "key: [$.id], date: $.when.day, home: $.teams.home.name, away: $.teams.away.name", "key: [$file]"
    )
    yaml = yaml.replace("team: team", "team: {column: team, home: [kestrels], away: [lanterns]}")
    (game,) = read_with(yaml, json.dumps([GOAL, GOAL | {"at": 1700}]).encode(), "games/2026_42.json.gz/2026_42.json")
    assert (game.game_key, len(game.events), game.flags) == ("2026_42", 2, {"team_without_name": 2})


def test_document_may_contain_rows_of_several_games_in_any_order():
    yaml = GOALS.replace("$.id", "game")
    found = read_with(yaml, goals(*({**GOAL, "game": n % 2, "at": 1500 + n} for n in range(6))))
    assert [(game.game_key, len(game.events)) for game in found] == [("0", 3), ("1", 3)]


# ---------------------------------------------------------------- clocks, coordinates, strength


@pytest.mark.parametrize(
    ("clock", "written", "period", "left"),
    [
        ("direction: up", "7:05", 1, 775),
        ("direction: down", "7:05", 1, 425),
        ("direction: down", "7:05.5", 1, 425.5),
        ("direction: up, unit: seconds", "425", 2, 775),
        ("direction: down, unit: milliseconds", "425500", 1, 425.5),
        ("direction: up, unit: minutes", "7.5", 1, 750),
        ("direction: up, of: game", "1:02:00", 4, 180),
        ("direction: up, of: game", "62:00", 4, 180),
        ("direction: up, of: game, unit: seconds", "1200", 1, 0),
        ("direction: up", "25:00", 1, 0),
        ("direction: up", "soon", 1, None),
        ("direction: up, unit: seconds", "-5", 1, None),
    ],
)
def test_clock_becomes_the_seconds_left(clock, written, period, left):
    yaml = SMALL.replace("{column: clock, direction: up}", f"{{column: clock, {clock}}}")
    if "game" in clock:
        yaml = yaml.replace("period: {column: period}", "period: {}")
    (game,) = read_with(yaml, (HEAD + f"5,,,,h,{period},{written},Goal,11,,21\n").encode())
    (event,) = game.events
    assert (event.period, event.start_s if event.start_s is None else float(event.start_s)) == (period, left)
    assert game.flags.get("event_without_clock", 0) == (left is None)


def test_goal_row_that_is_later_than_its_shot_gets_the_time_of_the_shot():
    yaml = SMALL.replace("play: goal,", "play: goal, later_by: 1,").replace("play: shot,", "play: shot_of_goal,")
    rows = "5,,,,h,1,20:00,Shot,11,,21\n5,,,,h,1,20:01,Goal,11,,21\n"
    (game,) = read_with(yaml, (HEAD + rows).encode())
    assert [float(event.start_s) for event in game.events] == [0, 0]
    down = yaml.replace("direction: up", "direction: down")
    (game,) = read_with(down, (HEAD + "5,,,,h,1,0:31,Shot,11,,21\n5,,,,h,1,0:30,Goal,11,,21\n").encode())
    assert [float(event.start_s) for event in game.events] == [31, 31]


@pytest.mark.parametrize(
    ("form", "x", "y", "point"),
    [
        ("", 60, -20, ("60", "-20")),
        ("origin: corner", 160, 22.5, ("60", "-20")),
        ("unit: metres", 18.29, -6.1, ("60.01", "-20.01")),
        ("origin: corner, length: 600, width: 300", 480, 150, ("60", "0")),
        ("attacks: low", 60, -20, ("-60", "20")),
        ("view: home", 60, -20, ("-60", "20")),  # the row is of the away team
        ("view: home, attacks: low", 60, -20, ("60", "-20")),
        ("view: played", 60, -20, ("60", "-20")),
    ],
)
def test_coordinates_become_feet_from_the_centre(form, x, y, point):
    yaml = SMALL.replace("people:", f"coordinates: {{x: player, y: other, {form}}}\npeople:")
    (game,) = read_with(yaml, (HEAD + f"5,,,,a,1,1:00,Goal,{x},,{y}\n").encode())
    assert [row[4:] for row in points(game)] == [point]


@pytest.mark.parametrize(
    ("form", "side", "written", "strength"),
    [
        ("text: name", "h", "5 on 4", "power_play"),
        ("text: name", "a", "5v4", "power_play"),
        ("text: name", "a", "6x5", "even"),
        ("text: name, first: home", "a", "5x4", "short_handed"),
        ("text: name", "h", "5", None),
        ("home: name, away: other", "a", "4", "power_play"),
    ],
)
def test_strength_is_that_of_the_acting_team(form, side, written, strength):
    yaml = SMALL.replace("people:", f"strength: {{{form}}}\npeople:")
    (game,) = read_with(yaml, (HEAD + f"5,,,,{side},1,1:00,Goal,11,{written},5\n").encode())
    assert game.events[0].action.strength == strength


@pytest.mark.parametrize(
    ("first", "written", "day"),
    [
        ("year", "2026-02-08", "2026-02-08"),
        ("year", "2026/2/8 19:00", "2026-02-08"),
        ("year", "20260208", "2026-02-08"),
        ("day", "8/2/2026", "2026-02-08"),
        ("month", "2.8.2026", "2026-02-08"),
        ("day", "30/2/2026", None),
        ("day", "Sunday", None),
    ],
)
def test_date_is_read_in_the_order_of_the_mapping(first, written, day):
    yaml = SMALL.replace("date: day", f"date: {{column: day, first: {first}}}")
    (game,) = read_with(yaml, (HEAD + f"5,{written},,,h,1,1:00,Goal,11,,5\n").encode())
    assert (str(game.game_date) if game.game_date else None) == day


@pytest.mark.parametrize(
    ("minutes", "text", "kind", "assumed"),
    [
        ("2.00", "", "Penalty_Minor", 0),
        ("4", "", "Penalty_DoubleMinor", 0),
        ("5", "", "Penalty_Major", 0),
        ("10", "", "Penalty_Misconduct", 0),
        ("", "Game misconduct", "Penalty_Misconduct", 0),
        ("", "Tripping", "Penalty_Minor", 1),
    ],
)
def test_class_of_a_penalty_follows_from_its_text_or_minutes(minutes, text, kind, assumed):
    yaml = SMALL + "  - {when: {kind: Penalty}, play: penalty, player: player, minutes: other, penalty_class: name}\n"
    (game,) = read_with(yaml, (HEAD + f"5,,,,h,1,1:00,Penalty,11,{text},{minutes}\n").encode())
    assert game.events[0].action.detail1 == kind
    assert game.events[0].action.minutes == (int(float(minutes)) if minutes else None)
    assert game.flags.get("penalty_class_assumed", 0) == assumed


def test_row_may_name_the_team_of_the_opponent():
    yaml = SMALL + "  - {when: {kind: Block}, play: blocked, team: other, player: other, opponent: player}\n"
    (game,) = read_with(yaml, (HEAD + "5,,,,h,1,1:00,Block,11,,21\n").encode())
    (event,) = game.events
    people = [(p.role, p.side, p.person_key, p.detail1) for p in event.participants]
    assert (event.action.side, people) == (
        "away",
        [("event", "away", "21", None), ("opp", "home", "11", "BlockedShot")],
    )


def test_what_no_rule_reads_is_lacking():
    (game,) = read_with(SMALL + "lacks: [faceoffs]\n", (HEAD + ROWS).encode())
    assert {"faceoffs", "penalties", "penalty_minutes"} <= set(game.lacks)
    assert {"goalies", "saves"}.isdisjoint(game.lacks)


def test_mapping_given_to_a_read_is_tried_before_built_in_formats(played):
    data = event_csv_like_2022(played[:1])
    assert next(read(from_bytes("x", data))).format == "event csv"
    assert read_with("events-2022", data)[0].format == "club events"


def test_two_mappings_of_one_content_have_one_hash(played):
    data = event_csv_like_2022(played[:1])
    one = mapping("events-2022")
    two = msgspec.structs.replace(one, name="other name", lacks=[])
    assert read_with(one, data)[0].content_hash == read_with(two, data)[0].content_hash


def test_document_name_without_compression_is_the_key():
    yaml = SMALL.replace("key: [game]", "key: [$file]")
    document = replace(from_bytes("exports/42.csv.gz", (HEAD + ROWS).encode()), uncompressed="exports/42.csv")
    (game,) = read(document, [format_of(read_mapping(yaml, "x"))])
    assert game.game_key == "42"
