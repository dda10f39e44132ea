"""The league rules of its day apply to a game, whenever and in any order the files are loaded."""

from collections.abc import Callable
from pathlib import Path

from .conftest import League
from .exports import export, write

HALVES = {"periods": "2", "period_seconds": "1500", "overtime_seconds": "0"}


def set_rules(league: League, since: str, **settings: str) -> None:
    for key, value in settings.items():
        league.set(key, value, since)


def periods(league: League) -> list[int]:
    return [period for (period,) in league.rows("select distinct period from contest.play_event") if period]


def test_period_that_is_not_played_is_rejected_and_counted(league: League, tmp_path: Path) -> None:
    set_rules(league, "-infinity", **HALVES)
    league.load(write(tmp_path / "a", export(events=54)))
    assert sorted(periods(league)) == [1, 2]
    assert league.one("select seen, accepted, rejected from landing.file") == (57, 38, 19)
    assert league.one("select count(*) from landing.reject") == 19
    assert league.one("select distinct reason from landing.reject") == "The league plays 2 periods and no overtime."
    assert league.one("select period_seconds from contest.fixture") == {"1": 1500, "2": 1500}
    assert league.one("select events_accepted from landing.revision") == 54, "the archive contains the game as tracked"


def test_changed_rules_do_not_change_a_published_game(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(events=54)))
    before = league.digest()
    set_rules(league, "2026-09-01", **HALVES)
    again = export(events=54, minutes=60 * 24 * 300)
    assert league.load(write(tmp_path / "b", again)).outcomes == {"unchanged": 1}
    after = league.digest()
    assert {name for name in after if after[name] != before[name]} == {
        "landing.revision",
        "contest.person",
        "contest.team",
    }, "which store when they were last seen"


def test_game_moved_by_a_schedule_gets_the_rules_of_that_day(league: League, tmp_path: Path) -> None:
    set_rules(league, "2026-02-01", **HALVES)
    league.load(write(tmp_path / "a", export(events=54)))
    assert sorted(periods(league)) == [1, 2, 3]
    head = "game_id,date,home_team,away_team,season\n"
    for day, played in (("2026-02-03", [1, 2]), ("2026-01-20", [1, 2, 3])):
        league.schedule(f"{head}18001,{day},Kestrels,Ferrymen,2026\n")
        assert sorted(periods(league)) == played
        assert str(league.one("select distinct played_on from contest.play_event")) == day


def test_order_of_files_does_not_matter_when_rules_change(make_league: Callable[[str], League], tmp_path: Path) -> None:
    files = [export(events=40 + 7 * number, minutes=60 * 24 * number) for number in range(4)]
    digests = []
    for slug, order in (("one", files), ("two", files[::-1])):
        league = make_league(slug)
        set_rules(league, "2026-01-18", **HALVES)
        for number, tree in enumerate(order):
            league.load(write(tmp_path / slug / str(number), tree))
        digests.append(league.digest())
    assert digests[0] == digests[1]


def test_rules_from_a_date_beyond_python_stop_no_load(league: League, tmp_path: Path) -> None:
    set_rules(league, "20000-01-01", periods="2")
    assert league.load(write(tmp_path / "a", export())).outcomes == {"published": 1}
