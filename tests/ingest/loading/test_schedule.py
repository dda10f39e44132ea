"""Date, teams and score of a game come from the schedule, in either order of loading."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import League
from .exports import export, write

HEAD = (
    "game_id,date,home_team,away_team,season,game_type,home_score,away_score,"
    "home_1,away_1,home_2,away_2,home_3,away_3\n"
)
# the export with 60 events has three goals for each side
AGREES = HEAD + "18001,2026-01-10,Kestrels,Ferrymen,2025/26,Regular,3,3,,,,,,\n"


def fixture(league: League, game: str = "18001") -> Any:
    rows = league.db.execute(
        "select f.played_on::text, f.played_on_source, f.status, f.is_swapped, q.agrees, q.flags "
        "from contest.fixture as f left join contest.game_quality as q using (tenant_id, game_key) "
        "where f.tenant_id = %s and f.game_key = %s",
        [league.id, game],
    ).fetchall()
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize("schedule_first", [True, False])
def test_game_is_on_its_scheduled_day_in_either_order(schedule_first: bool, league: League, tmp_path: Path) -> None:
    folder = write(tmp_path / "a", export(events=60))
    if schedule_first:
        league.schedule(AGREES)
        assert fixture(league)[:3] == ("2026-01-10", "schedule", "final")
        league.load(folder)
    else:
        league.load(folder)
        assert fixture(league)[:3] == ("2026-01-16", "export", "final")
        assert dict(league.schedule(AGREES).outcomes)["moved"] == 1
    assert fixture(league) == ("2026-01-10", "schedule", "final", False, True, {})
    for table in ("play_event", "play_participant", "play_point", "stint", "stint_player"):
        assert league.rows(f"select distinct played_on::text from contest.{table}") == [("2026-01-10",)]
    assert league.published() == 60
    assert league.one("select name, starts_on::text, ends_on::text from contest.season") == (
        "2025/26",
        "2026-01-10",
        "2026-01-10",
    )


def test_loading_a_schedule_again_changes_no_row(league: League, tmp_path: Path) -> None:
    league.schedule(AGREES)
    before = league.rows("select load_id, xmin from contest.fixture")
    assert dict(league.schedule(AGREES).outcomes)["unchanged"] == 1
    assert league.rows("select load_id, xmin from contest.fixture") == before


def test_swapped_sides_and_wrong_scores_are_flagged(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(events=40, home="Ferrymen", away="Kestrels"), export(18002, events=50)))
    league.schedule(
        HEAD + "18001,2026-01-10,kestrels,FERRYMEN,,,2,1,,,,,,\n18002,2026-01-10,Kestrels,Ferrymen,,,2,3,,,,,,\n"
    )
    assert fixture(league)[3:] == (True, False, {"home_away_swapped": 1, "score_differs": 1})
    assert fixture(league, "18002")[3:] == (False, False, {"score_differs": 1, "score_mirrored": 1})


def test_scores_of_periods_are_compared(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(events=60)))
    league.schedule(HEAD + "18001,2026-01-10,Kestrels,Ferrymen,,,3,3,3,0,0,3,0,0\n")
    assert fixture(league)[4:] == (True, {"period_differs": 3})
    assert league.one("select official_by_period from contest.fixture") == {
        "home": {"1": 3, "2": 0, "3": 0},
        "away": {"1": 0, "2": 3, "3": 0},
    }


@pytest.mark.parametrize("schedule_first", [True, False])
def test_row_without_an_id_matches_by_day_and_teams(schedule_first: bool, league: League, tmp_path: Path) -> None:
    row = HEAD + ",2026-01-16,Ferrymen,Kestrels,,,3,3,,,,,,\n,2026-01-16,Quarry,Old Dock,,,,,,,,,,\n"
    folder = write(tmp_path / "a", export(events=60))
    if schedule_first:
        league.schedule(row)
        assert len(league.rows("select 1 from contest.fixture")) == 2
        league.load(folder)
    else:
        league.load(folder)
        league.schedule(row)
    keys = sorted(league.rows("select game_key, status, is_swapped from contest.fixture"))
    assert keys == [("18001", "final", True), ("2026-01-16 Quarry vs Old Dock", "scheduled", False)]


@pytest.mark.parametrize("schedule_first", [True, False])
def test_late_game_has_the_date_of_the_league(schedule_first: bool, league: League, tmp_path: Path) -> None:
    row = HEAD + ",2026-01-15,Ferrymen,Kestrels,,,3,3,,,,,,\n"
    league.set("hours_ahead_of_utc", "-8")
    midnight = {"exportDate": "2026-01-16T07:59:59Z", "savedAt": "2026-01-16T08:00:00Z"}
    folder = write(
        tmp_path / "a", export(events=60, **midnight), export(18002, events=60, exportDate="2026-01-16T08:00:00Z")
    )
    if schedule_first:
        league.schedule(row)
        league.load(folder)
    else:
        league.load(folder)
        league.schedule(row)
    assert sorted(league.rows("select game_key, played_on::text, played_on_source from contest.fixture")) == [
        ("18001", "2026-01-15", "schedule"),
        ("18002", "2026-01-16", "export"),
    ]


def test_invalid_rows_are_rejected_with_their_line(league: League) -> None:
    total = league.schedule(
        "Game ID;Date;Home;Away;Home Score;Away Score;Game Type\n"
        "1;2026-01-10;A;B;1;2;\n"
        "2;10/01/2026;A;B;1;2;\n"
        "3;2026-02-30;A;B;1;2;\n"
        "4;2026-01-10;A;B;one;2;\n"
        "5;2026-01-10;A;B;1;;\n"
        "6;2026-01-10;A;;1;2;\n"
        "7;2026-01-10;A;A;1;2;\n"
        "8;2026-01-10;A;B;1;2;Friendly\n"
        "1;2026-01-11;A;C;1;2;\n"
        "10;1066-10-14;A;B;1;2;\n"
        "9;2026-01-10;A;B;99999999999;2;\n"
    )
    assert (total.accepted, total.rejected) == (1, 10)
    found = league.rows("select position, reason from landing.reject")
    assert sorted(position for position, _ in found) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert all("2026-02-30" not in reason and reason != "one" for _, reason in found)
    assert dict(found)[7] == "The row has no away_team."


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_one_invalid_row_of_many_is_rejected_alone(count: int, league: League) -> None:
    rows = [f"g{n},2026-01-{n % 28 + 1:02},Team {n % 12},Rival {n % 11},2026,Regular,,,,,,,,\n" for n in range(count)]
    rows[111] = rows[111].replace("2026-01", "2026-13")
    total = league.schedule(HEAD + "".join(rows))
    assert (total.accepted, total.rejected) == (count - 1, 1)
    assert league.one("select position from landing.reject") == 113
    assert len(league.rows("select 1 from contest.fixture")) == count - 1


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", '"', "\x00", "date,home\n"])
def test_other_files_are_refused_in_one_sentence(
    text: str, league: League, tmp_path: Path, stanchion: Callable[..., Any]
) -> None:
    (tmp_path / "games.csv").write_text(text)
    done = stanchion("games", "schedule", "load", str(tmp_path / "games.csv"), "--tenant", "harbour")
    assert done.code == 1
    assert "This is not a schedule" in done.err
    assert "Traceback" not in done.err
    assert league.rows("select 1 from landing.load_batch") == []


def test_acceptance_applies_to_one_revision(league: League, tmp_path: Path, stanchion: Callable[..., Any]) -> None:
    league.load(write(tmp_path / "a", export(events=60)))
    league.schedule(HEAD + "18001,2026-01-10,Kestrels,Ferrymen,,,1,0,,,,,,\n")
    load_id = league.one("select load_id from contest.fixture")
    accepted = stanchion(
        "games", "quality", "accept", "18001", "--tenant", "harbour", "--reason", "the sheet was wrong"
    )
    assert (accepted.code, accepted.out) == (0, "18001 is accepted as it is.\n")
    assert league.one("select load_id from contest.fixture") > load_id
    shown = json.loads(stanchion("games", "quality", "--tenant", "harbour", "--json").out)
    assert (shown[0]["agrees"], shown[0]["accepted"], shown[0]["official_home"]) == (False, "the sheet was wrong", 1)
    league.load(write(tmp_path / "b", export(minutes=5, events=62)))
    assert league.one("select accepted_by, accepted_reason, accepted_at from contest.game_quality") == (
        None,
        None,
        None,
    )
    assert stanchion("games", "quality", "accept", "nope", "--tenant", "harbour", "--reason", "x").code == 1
