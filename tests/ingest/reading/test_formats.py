"""Every format is recognised by its content, read into the canonical form, and archived in a form that reads again."""

import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from stanchion.dev.sample.files import CSV_COLUMNS, START, as_json, event_csv, export, roster, workbook
from stanchion.dev.sample.games import Game
from stanchion.ingest.reading import formats
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.flags import FLAGS
from stanchion.ingest.reading.recognise import built_in, read, registered
from stanchion.ingest.reading.sources import documents
from tests.ingest.reading.canonical import Statistics, without_zeros
from tests.ingest.reading.helpers import assert_archived, played, points, read_all, read_one

HEADER = "Date,Home Team,Away Team,Period,Clock,Team,Player,Event,X Coordinate,Y Coordinate,Detail 1,Detail 2,Player 2"


def rows(*lines, header=HEADER):
    return "\n".join([header, *lines]).encode()


def test_formats_register_themselves():
    names = [(type(entry).__name__, entry.name) for entry in registered()]
    assert names == [
        ("CsvFormat", "event csv"),
        ("CsvFormat", "event csv of 2022"),
        ("CsvFormat", "shifts of event csv"),
        ("JsonFormat", "archived event csv"),
        ("PartsFormat", "event csv"),
        ("JsonFormat", "game export"),
        ("CsvFormat", "hockey_scraper"),
        ("JsonFormat", "archived hockey_scraper"),
        ("JsonFormat", "hockeytech events"),
        ("JsonFormat", "hockeytech summary"),
        ("JsonFormat", "hockeytech answer"),
        ("JsonFormat", "hockeytech game"),
        ("PartsFormat", "hockeytech"),
        ("JsonFormat", "archived game of a mapping"),
        ("JsonFormat", "archived game of several documents"),
        ("JsonFormat", "nhl play-by-play"),
        ("JsonFormat", "nhl boxscore"),
        ("JsonFormat", "nhl shiftcharts"),
        ("PartsFormat", "nhl api-web"),
        ("JsonFormat", "nhl statsapi"),
        ("JsonFormat", "roster"),
        ("WorkbookFormat", "workbook"),
    ]


def test_every_flag_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "reading.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("| `")] == [
        f"| `{name}` | {meaning} |" for name, meaning in FLAGS.items()
    ]


NEW_FORMAT = """
from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.recognise import JsonFormat
from stanchion.ingest.reading.shape import SourceGame


def _read(envelope):
    yield assemble(SourceGame(format="scoresheet", events=[], rosters={}, game_id=envelope.value("sheetNumber")))


FORMATS = (JsonFormat("scoresheet", (("sheetNumber",),), _read),)
"""


def forget():
    for cached in (built_in, registered):
        cached.cache_clear()


def test_a_new_format_is_one_new_file(tmp_path, monkeypatch):
    (tmp_path / "scoresheet.py").write_text(NEW_FORMAT)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    forget()
    try:
        game = read_one(b'{"sheetNumber": 12}')
    finally:
        forget()
    assert (game.format, game.game_key) == ("scoresheet", "12")


@pytest.mark.parametrize(
    "data",
    [
        as_json(export(played())),
        as_json(export(played(), backup=True)),
        as_json(roster(played())),
        workbook(played()),
        event_csv([played(), Game(9, 9)]),
    ],
    ids=["game export", "backup", "roster", "workbook", "event csv"],
)
def test_the_archived_document_reads_as_the_same_game(data):
    for game in read_all(data):
        assert_archived(game)
        assert game.flags == {} or set(game.flags) == {"penalty_class_assumed"}


def test_game_export_has_all_data_except_the_date():
    game = read_one(export(played()))
    assert game.game_key == "500001"
    assert game.exported_at == START
    assert game.game_date is None
    assert game.period_seconds == {"1": 1080, "2": 1080, "3": 1080, "OT": 300}
    assert game.penalty_minutes == {"minor": 3, "major": 6, "misconduct": 10}
    assert game.home_attacks_right_p1 is True
    assert len(game.events) == len(played().events)
    assert game.stints_ignored == 2
    assert all(person.person_key for event in game.events for person in event.participants)
    assert {kind for _, kind, *_ in points(game)} == {"puck", "player"}


def test_backup_is_the_same_game():
    plain, backup = read_one(export(played())), read_one(export(played(), backup=True))
    assert (plain.format, backup.format) == ("game export", "backup")
    assert plain.content_hash == backup.content_hash
    assert (plain.rows, plain.rosters) == (backup.rows, backup.rosters)


def test_version_field_does_not_decide_the_format():
    tree = export(played(), events=[]) | {"version": "nonsense"}
    assert read_one(tree).format == "game export"


def test_roster_has_the_date_and_the_players():
    game = read_one(roster(played(), "2026-02-03"))
    assert (game.format, game.game_key, game.game_date) == ("roster", "500001", date(2026, 2, 3))
    assert [(entry.side, entry.jersey, entry.name) for entry in game.rosters] == [
        (side, line["num"], line["name"]) for side in ("home", "away") for line in played().rosters[side]
    ]
    assert (game.events_seen, game.stints_seen, game.exported_at) == (0, 0, None)


def test_workbook_has_the_statistics_of_the_export():
    book, plain = read_one(workbook(played())), read_one(export(played()))
    assert (book.format, book.exported_at, book.home_attacks_right_p1) == ("workbook", START, True)
    assert book.period_seconds == {"1": 1080, "2": 1080, "3": 1080}
    of_book, of_export = Statistics(book), Statistics(plain)
    for counts in (*of_export.teams.values(), *of_export.players.values()):
        counts["pim"] = counts["penalties"] * 2  # a workbook has no length of penalties: a minor is 2 minutes
    assert without_zeros(of_book.teams) == without_zeros(of_export.teams)
    assert without_zeros(of_book.players) == without_zeros(of_export.players)
    assert points(book) == points(plain)
    assert {(e.side, e.jersey, e.name) for e in book.rosters} <= {(e.side, e.jersey, e.name) for e in plain.rosters}


def test_event_csv_is_read_game_by_game():
    games = [played(), Game(9, 9), Game(10, 10)]
    read = read_all(event_csv(games))
    assert [(game.home_team, game.away_team) for game in read] == [(g.teams["home"], g.teams["away"]) for g in games]
    for game, truth in zip(read, games, strict=True):
        assert game.game_date == date(2026, 1, 16)
        assert game.game_key == f"2026-01-16 {truth.teams['home']} vs {truth.teams['away']}"
        assert game.period_seconds == {"1": 1200, "2": 1200, "3": 1200}
        assert game.stints == ()
        assert game.rejects == ()
        statistics = Statistics(game)
        for side in ("home", "away"):
            for name in ("goals", "sog", "fo_won", "takeaways", "penalties", "passes_completed"):
                assert statistics.teams[side][name] == truth.truth.teams[side].get(name, 0), name
        scored = Counter(goal.participants[0].name for goal in statistics.goals)
        names = {(side, p["num"]): p["name"] for side in ("home", "away") for p in truth.rosters[side]}
        assert scored == Counter(
            {
                names[side, number]: counts["goals"]
                for side in ("home", "away")
                for number, counts in truth.truth.players[side].items()
                if counts.get("goals")
            }
        )


def test_event_csv_is_converted_to_codes():
    about = "2026-01-01,Granite,Tinsmiths"
    game = read_one(
        rows(
            f"{about},1,20:00,Granite,Runa Ibsen,Faceoff Win,100,42.5,Backhand,,Sten Zeller",
            f"{about},1,19:50,Granite,Runa Ibsen,Shot,150,40,Wristshot,On Net,",
            f"{about},1,19:40,Tinsmiths,Sten Zeller,Shot,150,40,Slapshot,Blocked,",
            f"{about},1,19:30,Tinsmiths,Sten Zeller,Shot,150,40,Slapshot,Missed,",
            f"{about},2,19:20,Granite,Runa Ibsen,Goal,180,40,Snapshot,On Net,",
            f"{about},2,19:10,Granite,Runa Ibsen,Play,1,2,Direct,,Imke Ibsen",
            f"{about},2,19:00,Granite,Runa Ibsen,Incomplete Play,1,2,Indirect,,Imke Ibsen",
            f"{about},3,19:00,Granite,Imke Ibsen,Takeaway,1,2,,,",
            f"{about},3,18:00,Granite,Imke Ibsen,Dump In/Out,1,2,Lost,,",
            f"{about},3,17:00,Tinsmiths,Sten Zeller,Zone Entry,1,2,Dumped,,Imke Ibsen",
            f"{about},4,04:00,Tinsmiths,Sten Zeller,Penalty Taken,1,2,Major Boarding,,Imke Ibsen",
            f"{about},4,03:00,Tinsmiths,Sten Zeller,Puck Recovery,1,2,,,",
            f"{about},4,02:00,Tinsmiths,Sten Zeller,Celebration,1,2,Loud,,",
        )
    )
    assert [(e.period, e.action.type, e.action.detail1, e.action.detail2, e.action.success) for e in game.events] == [
        (1, "Faceoff", "Faceoff", "Faceoff_Backhand", None),
        (1, "Shot", "Shot_OnNetSaved", "Shot_Wristshot", True),
        (1, "Shot", "Shot_Blocked", "Shot_Slapshot", False),
        (1, "Shot", "Shot_Missed", "Shot_Slapshot", False),
        (2, "Shot", "Shot_Goal", "Shot_Snapshot", True),
        (2, "Goal", "Goal_Scored", "Goal_Snapshot", True),
        (2, "Pass", "Pass_Completed", "Pass_Direct", True),
        (2, "Pass", "Pass_Missed", "Pass_Indirect", False),
        (3, "Turnover", "Turnover_Takeaway", None, None),
        (3, "Play", "Play_Offensive", "Play_Dump_Lost", False),
        (3, "Zone_Entry_Exit", "Zone_Entry", "ZoneEntry_DumpIn", None),
        (4, "Penalty", "Penalty_Major", "Penalty_Major_Boarding", None),
        (4, "Possession", "Possession_PuckRecovery", None, None),
        (4, "Celebration", "Loud", None, None),
    ]
    assert [event.action.type_raw for event in game.events[4:6]] == ["Goal", "Goal"]
    assert game.events[0].start_s == Decimal(1200)
    assert next(point for point in points(game) if point[0] == "1") == ("1", "puck", "-1", "0", "50", "-2.5")
    people = [[(p.role, p.role_no, p.side, p.name) for p in event.participants] for event in game.events]
    assert people[0] == [("event", 1, "home", "Runa Ibsen"), ("opp", 1, "away", "Sten Zeller")]
    assert people[6] == [("event", 1, "home", "Runa Ibsen"), ("event", 2, "home", "Imke Ibsen")]
    assert people[10] == [("event", 1, "away", "Sten Zeller"), ("opp", 1, "home", "Imke Ibsen")]
    assert {entry.person_key for entry in game.rosters} == {"name:runa ibsen", "name:imke ibsen", "name:sten zeller"}
    assert Statistics(game).teams["home"]["goals"] == 1


def test_player_is_on_the_side_that_most_rows_name():
    about = "2026-01-01,Granite,Tinsmiths"
    game = read_one(
        rows(
            f"{about},1,20:00,Granite,Runa Ibsen,Shot,,,,On Net,",
            f"{about},1,19:00,Granite,Runa Ibsen,Shot,,,,On Net,",
            f"{about},1,18:00,Tinsmiths,Runa Ibsen,Zone Entry,,,Carried,,",
        )
    )
    assert [event.participants[0].side for event in game.events] == ["home"] * 3
    assert game.flags == {"participant_moved": 1}


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace("Date,", "game_date,").encode(),
        lambda text: "\n".join('"' + line.replace(",", '","') + '"' for line in text.split("\n")).encode(),
        lambda text: text.replace("Home Team,", "HOME  TEAM ,").encode(),
        lambda text: (text + "\n\n,,,,\n").encode(),
    ],
)
def test_spellings_of_event_csv_give_the_same_game(write):
    text = event_csv([played()]).decode().rstrip("\n")
    plain, other = read_one(text.encode()), read_one(write(text))
    assert other.content_hash == plain.content_hash
    assert other.rejects == ()


def test_bad_rows_are_rejected_with_their_line():
    about = "2026-01-01,Granite,Tinsmiths"
    game = read_one(
        rows(
            "soon,Granite,Tinsmiths,1,20:00,Granite,Runa Ibsen,Shot,,,,On Net,",
            f"{about},1,20:00,Granite,Runa Ibsen,Shot,,,,On Net,",
            f"{about},1,20:00,Granite,Runa Ibsen,,,,,On Net,",
            f"{about},first,20:00,Granite,Runa Ibsen,Shot,,,,On Net,",
            f"{about},1,20:00,Granite,Runa Ibsen,Shot,,,,On Net,,,,,,,more",
            f"{about},1,20:00,Nobody,Runa Ibsen,Shot,,,,On Net,",
        )
    )
    assert [(reject.part, reject.position) for reject in game.rejects] == [
        ("row", 2),
        ("row", 4),
        ("row", 5),
        ("row", 6),
    ]
    assert [event.action.side for event in game.events] == ["home", None]
    assert game.events_seen == 6
    assert game.flags == {"event_without_team": 1}


def test_event_csv_with_mixed_up_games_is_refused():
    """The file is refused before the first game is read."""
    one, other = "2026-01-01,Granite,Tinsmiths", "2026-01-02,Granite,Tinsmiths"
    rest = "1,20:00,Granite,Runa Ibsen,Shot,,,,On Net,"
    with pytest.raises(UnreadableError, match="sort the file"):
        read_all(rows(f"{one},{rest}", f"{other},{rest}", f"{one},{rest}"))
    with pytest.raises(UnreadableError, match="has a date like"):
        read_all(rows(f"soon,Granite,Tinsmiths,{rest}"))


def test_event_csv_is_streamed(tmp_path):
    """A file with three times as many games needs less than 20 percent more memory."""
    body = "".join(event_csv([played()]).decode().splitlines(keepends=True)[1:500])

    def most_memory(games):
        path = tmp_path / f"{games}.csv"
        days = (body.replace("2026-01-16", f"2026-02-{day + 1:02d}") for day in range(games))
        path.write_text(",".join(CSV_COLUMNS) + "\n" + "".join(days))
        (document,) = documents([str(path)])
        tracemalloc.start()
        assert sum(1 for _ in read(document)) == games
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most_memory(1)  # fills the caches
    assert most_memory(6) < most_memory(2) * 1.2


def test_export_date_is_converted_to_utc():
    tree = export(played(), events=[])
    tree["exportDate"] = "2026-01-16T18:00:00+02:00"
    assert read_one(tree).exported_at == datetime(2026, 1, 16, 16, tzinfo=UTC)


def test_quoted_line_break_is_part_of_a_cell():
    about = "2026-01-01,Granite,Tinsmiths"
    game = read_one(rows(f'{about},1,20:00,Granite,"Runa\nIbsen",Shot,,,,On Net,', f"{about},x,,,,Shot"))
    assert game.events[0].participants[0].name == "Runa Ibsen"
    assert [reject.position for reject in game.rejects] == [4]
