"""The outcome of each kind of file. Every piece of a file is counted exactly once."""

import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_stanchion

from .conftest import League
from .exports import empty, export, stint, write


def test_all_pieces_of_a_game_are_loaded(league: League, tmp_path: Path) -> None:
    total = league.load(write(tmp_path / "a", export(events=40)))
    assert (dict(total.outcomes), total.state) == ({"published": 1}, "done")
    assert (total.seen, total.accepted, total.rejected) == (43, 43, 0)
    counts = [
        league.one(f"select count(*) from contest.{name}") for name in ("play_event", "play_participant", "play_point")
    ]
    assert counts == [40, 40, 40]
    assert league.one("select count(*) from contest.stint_player") == 36
    assert league.one("select count(*) from contest.roster_entry") == 12
    assert league.one("select tracked_home, tracked_away, coverage from contest.game_quality") == (2, 2, 1)
    row = league.one(
        "select played_on::text, played_on_source, status, home_team_key, period_seconds from contest.fixture"
    )
    assert row == ("2026-01-16", "export", "final", "kestrels", {"1": 1080, "2": 1080, "3": 1080, "OT": 300})
    assert sorted(league.rows("select name from contest.team")) == [("Ferrymen",), ("Kestrels",)]


def test_loading_again_changes_no_row(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", export(), export(18002, 1))
    league.load(folder)
    before = (league.digest(), league.rows("select game_key, load_id, xmin from contest.fixture"))
    total = league.load(folder)
    assert dict(total.outcomes) == {"unchanged": 2}
    assert (league.digest(), league.rows("select game_key, load_id, xmin from contest.fixture")) == before


def test_same_content_exported_again_is_unchanged(league: League, tmp_path: Path) -> None:
    """Settings and the export time are not part of the content."""
    league.load(write(tmp_path / "a", export()))
    again = export(minutes=5, settings={"other": 1}, currentPeriod=3, slots={})
    assert dict(league.load(write(tmp_path / "b", again)).outcomes) == {"unchanged": 1}
    assert league.one("select count(*) from landing.revision") == 1


def test_newer_revision_replaces_and_older_is_archived(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(minutes=10, events=30)))
    assert dict(league.load(write(tmp_path / "b", export(minutes=20, events=35))).outcomes) == {"published": 1}
    assert dict(league.load(write(tmp_path / "c", export(minutes=5, events=25))).outcomes) == {"archived": 1}
    assert league.published() == 35
    assert league.one("select count(*) from landing.revision") == 3


def test_empty_export_never_replaces_a_revision(league: League, tmp_path: Path) -> None:
    assert dict(league.load(write(tmp_path / "a", empty())).outcomes) == {"empty": 1}
    assert league.one("select status, content_hash from contest.fixture") == ("scheduled", None)
    league.load(write(tmp_path / "b", export(minutes=1)))
    assert dict(league.load(write(tmp_path / "c", empty(minutes=9, homeTeam="Kestrels HC"))).outcomes) == {"empty": 1}
    assert league.published() == 20


def test_losing_events_is_quarantined_unless_accepted(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(events=40)))
    smaller = write(tmp_path / "b", export(minutes=5, events=30))
    for _ in range(2):  # reported by each load
        total = league.load(smaller)
        assert (dict(total.outcomes), total.is_clean) == ({"quarantined": 1}, False)
        assert "--quarantined" in (total.failing[0].reason or "")
    assert league.published() == 40
    assert dict(league.load(smaller, accept_shrink=True).outcomes) == {"published": 1}
    assert league.published() == 30


def test_shrink_percent_is_a_setting_of_the_league(league: League, tmp_path: Path) -> None:
    league.set("shrink_percent", "50")
    total = league.load(write(tmp_path / "a", export(events=40), export(minutes=5, events=21)))
    assert total.outcomes["quarantined"] == 0
    assert league.published() == 21


def test_game_id_comes_from_the_content_not_the_path(league: League, tmp_path: Path) -> None:
    folder = tmp_path / "18001"
    folder.mkdir()
    (folder / "game_Kestrels_vs_Ferrymen_18001.json").write_text(json.dumps(export(18999)))
    league.load(folder)
    assert (league.published(18999), league.published(18001)) == (20, None)


def test_invalid_pieces_are_rejected_with_their_position(league: League, tmp_path: Path) -> None:
    damaged = export(events=10)
    damaged["events"][3]["type"] = None
    damaged["events"].append("not an event")
    damaged["shifts"].append(stint(0) | {"start_time": "1:00", "end_time": "5:00"})
    total = league.load(write(tmp_path / "a", damaged))
    assert (total.seen, total.accepted, total.rejected) == (15, 12, 3)
    assert not total.is_clean
    found = league.rows("select part, position, reason is not null, raw is not null from landing.reject")
    assert sorted(found) == [("event", 3, True, True), ("event", 10, True, True), ("stint", 3, True, True)]
    assert league.published() == 9
    assert league.one("select seen, accepted, rejected from landing.file") == (15, 12, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"gameId": 1',
        b"\x00\x01",
        b"a,b\n1,2\n",
        b"\xff\xfe{\x00",
        b'{"gameId": 5}',
        b"PK\x03\x04x",
    ],
)
def test_other_files_are_rejected_with_one_reason(content: bytes, league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", export())
    (folder / "0000.json").write_bytes(content)
    total = league.load(folder)
    assert dict(total.outcomes) == {"rejected": 1, "published": 1}
    assert league.one("select count(*), min(part), min(reason) is not null from landing.reject") == (1, "file", True)


def test_hostile_names_are_stored_unchanged(league: League, tmp_path: Path) -> None:
    name = "Ro'bert\"); drop table contest.team;--\t\\N \\. 🏒 é\r\n%s {0}"
    hostile = export("18'; --", home=name, away="İstanbul ﬁ")
    hostile["rosters"]["home"][1]["name"] = name
    folder = write(tmp_path / "new\nline", export(18002))
    (folder / "odd \udcff name\x1b[31m.json").write_text(json.dumps(hostile))
    assert dict(league.load(folder).outcomes) == {"published": 2}
    shown = "Ro'bert\"); drop table contest.team;-- \\N \\. 🏒 é %s {0}"
    kept = {" ".join(row[0].split()) for row in league.rows("select name from contest.team")}
    assert shown in kept
    assert league.published("18'; --") == 20


def test_archives_standard_input_and_patterns_are_loaded(
    league: League, tmp_path: Path, stanchion: Callable[..., Any]
) -> None:
    write(tmp_path / "a", export(), export(18002))
    with zipfile.ZipFile(tmp_path / "pile.zip", "w") as archive:
        for path in sorted((tmp_path / "a").iterdir()):
            archive.write(path, f"inner/{path.name}")
    assert dict(league.load(tmp_path / "pile.zip", jobs=2).outcomes) == {"published": 2}
    assert dict(league.load(tmp_path / "a" / "*_18002.json").outcomes) == {"unchanged": 1}
    done = stanchion("load", "-", "--tenant", "harbour", stdin=json.dumps(export(18003)))
    assert (done.code, done.out.splitlines()[0]) == (0, "1 file of 1 game: 1 published.")


def test_day_comes_from_roster_then_option_then_export(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(minutes=24 * 60, events=21), export(minutes=0)))
    assert league.one("select played_on::text, played_on_source from contest.fixture") == ("2026-01-16", "export")
    assert dict(league.load(tmp_path / "a", given_on=date(2019, 2, 3)).outcomes) == {"moved": 1, "unchanged": 1}
    assert league.one("select played_on::text, played_on_source from contest.fixture") == ("2019-02-03", "given")
    roster = {
        "gid": "18001", "date": "2026-01-15", "homeTeam": "Kestrels", "awayTeam": "Ferrymen",
        "homeRoster": [{"n": "1", "id": "Ph1", "name": "home 1", "pos": "G"}], "awayRoster": [],
    }  # fmt: skip
    (tmp_path / "roster.json").write_text(json.dumps(roster))
    assert dict(league.load(tmp_path / "roster.json").outcomes) == {"empty": 1}
    assert league.one("select played_on::text, played_on_source from contest.fixture") == ("2026-01-15", "roster")
    assert league.rows("select distinct played_on::text from contest.play_event") == [("2026-01-15",)]
    assert league.published() == 21


def test_game_without_a_day_is_rejected_with_a_remedy(league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", export(exportDate=None, savedAt=None))
    total = league.load(folder)
    assert dict(total.outcomes) == {"rejected": 1}
    assert "--played-on" in (total.failing[0].reason or "")
    assert league.rows("select 1 from landing.revision") == []
    total = league.load(write(tmp_path / "b", export(exportDate="1066-10-14T12:00:00Z", savedAt=None)))
    assert "No game can be played on 1066-10-14" in (total.failing[0].reason or "")
    assert dict(league.load(tmp_path / "b", given_on=date(2026, 1, 2)).outcomes) == {"published": 1}


def test_dry_run_predicts_the_outcomes_and_writes_nothing(
    league: League, tmp_path: Path, stanchion: Callable[..., Any]
) -> None:
    league.load(write(tmp_path / "a", export(events=40)))
    before = (league.digest(), league.rows("select count(*) from landing.load_batch"), partitions(league))
    pile = write(
        tmp_path / "b", export(events=40), export(minutes=1, events=42), export(minutes=2, events=5),
        export(18002, 0, savedAt=None), empty(18003), export(minutes=-9, events=39),
    )  # fmt: skip
    done = stanchion("load", str(pile), "--tenant", "harbour", "--dry-run", "--json")
    printed = json.loads(done.out)
    # superseded documents come last
    outcomes = [game["outcome"] for game in sorted(printed["games"], key=lambda game: game["path"])]
    assert outcomes == ["unchanged", "published", "quarantined", "published", "empty", "archived"]
    assert (done.code, printed["dry_run"]) == (1, True)
    assert (league.digest(), league.rows("select count(*) from landing.load_batch"), partitions(league)) == before
    assert [load_one(league, path) for path in sorted(pile.iterdir())] == outcomes


def partitions(league: League) -> Any:
    return league.db.execute("select count(*) from pg_inherits").fetchone()


def load_one(league: League, path: Path) -> str:
    (outcome,) = league.load(path).outcomes
    return outcome


@pytest.mark.parametrize("command", ["load", "watch"])
def test_each_load_creates_due_partitions_or_reports_why(
    command: str, league: League, tmp_path: Path, stanchion: Callable[..., Any]
) -> None:
    folder = write(tmp_path / "a", export())
    (day,) = league.db.execute("select max(day) from core.partition where relation = 'core.audit_log'").fetchone()
    drop = f"drop table parts.core__audit_log__{day:%Y%m%d}"
    there = f"select to_regclass('parts.core__audit_log__{day:%Y%m%d}') is not null"
    args = ["load", str(folder)] if command == "load" else ["watch", str(folder), "--once"]

    league.db.execute(drop)
    assert stanchion("load", str(folder), "--tenant", "harbour", "--dry-run").code == 0
    assert not league.db.execute(there).fetchone()[0]
    done = stanchion(*args, "--tenant", "harbour")
    assert (done.code, "partitions" in done.err) == (0, False)
    assert league.db.execute(there).fetchone()[0]

    league.db.execute(drop)
    league.db.execute("revoke execute on function core.ensure_due_partitions() from stanchion_loader")
    done = stanchion(*args, "--tenant", "harbour")
    assert (done.code, done.err.count("Run: stanchion partitions run")) == (0, 1)
    assert league.published() == 20


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu"])
def test_days_are_utc_in_any_time_zone(zone: str, league: League, tmp_path: Path) -> None:
    late = export(exportDate="2026-01-16T23:59:59.999Z", savedAt=None)
    early = export(18002, exportDate="2026-01-17T01:30:00+01:30", savedAt=None)
    write(tmp_path / "a", late, early)
    args = ("load", str(tmp_path / "a"), "--tenant", "harbour")
    assert run_stanchion(*args, database_url=league.dsn, TZ=zone, PGTZ=zone).code == 0
    days = dict(league.rows("select game_key, played_on::text from contest.fixture"))
    assert days == {"18001": "2026-01-16", "18002": "2026-01-17"}


def test_event_csv_becomes_one_game_per_date_and_teams(league: League, tmp_path: Path) -> None:
    head = "Date,Home Team,Away Team,Period,Clock,Team,Player,Event,X Coordinate,Y Coordinate,Detail 1,Detail 2\n"
    rows = [
        f"2026-02-0{day},North,South,1,1{n}:00,North,Player {n},Shot,100,40,,On Net\n"
        for day in (1, 2)
        for n in range(5)
    ]
    (tmp_path / "events.csv").write_text(head + "".join(rows))
    assert dict(league.load(tmp_path / "events.csv").outcomes) == {"published": 2}
    assert dict(league.load(tmp_path / "events.csv").outcomes) == {"unchanged": 2}
    assert league.published("2026-02-02 North vs South") == 5
