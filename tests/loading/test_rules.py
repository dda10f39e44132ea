"""Games are by the rules of their day, whenever and in whatever order they are loaded."""

from collections.abc import Callable
from pathlib import Path

from .conftest import League
from .exports import export, write

HALVES = {"periods": "2", "period_seconds": "1500", "overtime_seconds": "0"}


def say(league: League, since: str, **settings: str) -> None:
    for key, value in settings.items():
        league.set(key, value, since)


def periods(league: League) -> list[int]:
    return [period for (period,) in league.rows("select distinct period from contest.play_event") if period]


def test_a_period_that_is_not_played_is_rejected_and_counted(league: League, tmp_path: Path) -> None:
    say(league, "-infinity", **HALVES)
    league.load(write(tmp_path / "a", export(events=54)))
    assert sorted(periods(league)) == [1, 2]
    assert league.one("select seen, accepted, rejected from landing.file") == (57, 38, 19)
    assert league.one("select count(*) from landing.reject") == 19
    assert league.one("select distinct reason from landing.reject") == "The league plays 2 periods and no overtime."
    assert league.one("select period_seconds from contest.fixture") == {"1": 1500, "2": 1500}
    assert league.one("select events_accepted from landing.revision") == 54, "what is archived is what was tracked"


def test_the_same_game_exported_again_under_other_rules_stays_as_it_is(league: League, tmp_path: Path) -> None:
    league.load(write(tmp_path / "a", export(events=54)))
    before = league.digest()
    say(league, "2026-09-01", **HALVES)
    again = export(events=54, minutes=60 * 24 * 300)
    assert league.load(write(tmp_path / "b", again)).outcomes == {"unchanged": 1}
    after = league.digest()
    assert {name for name in after if after[name] != before[name]} == {
        "landing.revision",
        "contest.person",
        "contest.team",
    }, "which say when they were seen"


def test_a_schedule_that_moves_a_game_to_another_day_moves_it_under_other_rules(league: League, tmp_path: Path) -> None:
    say(league, "2026-02-01", **HALVES)
    league.load(write(tmp_path / "a", export(events=54)))
    assert sorted(periods(league)) == [1, 2, 3]
    head = "game_id,date,home_team,away_team,season\n"
    for day, played in (("2026-02-03", [1, 2]), ("2026-01-20", [1, 2, 3])):
        league.schedule(f"{head}18001,{day},Kestrels,Ferrymen,2026\n")
        assert sorted(periods(league)) == played
        assert str(league.one("select distinct played_on from contest.play_event")) == day


def test_the_order_of_files_does_not_matter_beside_a_change_of_rules(
    make_league: Callable[[str], League], tmp_path: Path
) -> None:
    files = [export(events=40 + 7 * number, minutes=60 * 24 * number) for number in range(4)]
    digests = []
    for slug, order in (("one", files), ("two", files[::-1])):
        league = make_league(slug)
        say(league, "2026-01-18", **HALVES)
        for number, tree in enumerate(order):
            league.load(write(tmp_path / slug / str(number), tree))
        digests.append(league.digest())
    assert digests[0] == digests[1]


def test_rules_of_a_day_that_python_does_not_know_stop_no_load(league: League, tmp_path: Path) -> None:
    say(league, "20000-01-01", periods="2")
    assert league.load(write(tmp_path / "a", export())).outcomes == {"published": 1}
