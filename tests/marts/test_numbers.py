"""The numbers of players, goalies and teams equal the simulated games and an independent count of the export files."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import export
from tests.ingest.reading.oracle import Oracle
from tests.marts.league import League, Tree, play, quirky
from tests.marts.platform import Maker, Platform

PLAYER = {
    "goals": "goals", "a1": "first_assists", "a2": "second_assists", "a1_linked": "first_assists_linked",
    "a2_linked": "second_assists_linked", "shots": "shots", "sog": "shots_on_goal", "fo_won": "faceoffs_won",
    "fo_lost": "faceoffs_lost", "penalties": "penalties", "pim": "penalty_minutes", "toi_s": "seconds",
    "toi_net_s": "net_seconds", "stints": "stints", "shifts": "shifts", "plus_minus": "plus_minus",
    "plus_minus_all": "plus_minus_all", "giveaways": "giveaways", "takeaways": "takeaways", "passes": "passes",
    "passes_completed": "passes_completed", "saves": "saves", "ga": "goals_against",
}  # fmt: skip
TEAM = {
    "goals": "goals", "assists": "assists", "shots": "shots", "sog": "shots_on_goal", "shots_blocked": "shots_blocked",
    "shots_missed": "shots_missed", "shots_deflected": "shots_deflected", "fo_won": "faceoffs_won", "saves": "saves",
    "penalties": "penalties", "pim": "penalty_minutes", "giveaways": "giveaways", "takeaways": "takeaways",
    "passes": "passes", "passes_completed": "passes_completed", "toi_s": "seconds",
    "empty_net_goals": "empty_net_goals",
}  # fmt: skip


def without_zeros(counts: Any, names: dict[str, str]) -> dict[str, float]:
    return {name: float(counts[name]) for name in names if counts.get(name)}


def marts_of(platform: Platform, slug: str, game_key: str, mart: str) -> list[dict[str, Any]]:
    return platform.rows(
        f"select m.* from marts.{mart} as m join core.tenant using (tenant_id) where slug = %s and game_key = %s",
        slug,
        game_key,
    )


def assert_equal(platform: Platform, league: League, game_id: int, tree: Tree) -> None:
    """Compare the marts of one game with the oracle, which counts the export file independently."""
    oracle = Oracle(tree)
    known = {name for counter in oracle.players.values() for name in counter}
    players = marts_of(platform, league.slug, str(game_id), "fact_player_game")
    counted = {
        (row["side"], row["player_key"]): without_zeros({a: row[b] for a, b in PLAYER.items()}, PLAYER)
        for row in players
    }
    expected = {key: without_zeros(counter, PLAYER) for key, counter in oracle.players.items()}
    assert {key: found for key, found in counted.items() if found} == {k: v for k, v in expected.items() if v}
    assert known - PLAYER.keys() <= {"assists", "points"}, "the oracle has a counter that no mart has"
    listed = {(side, number) for side in ("home", "away") for number in oracle.roster[side]}
    assert listed <= counted.keys()
    for row in players:
        assert row["assists"] == row["first_assists"] + row["second_assists"]
        assert row["plus_minus"] == row["plus"] - row["minus"]
        assert row["plus_minus_all"] == row["goals_for_on"] - row["goals_against_on"]
    teams = {row["side"]: row for row in marts_of(platform, league.slug, str(game_id), "fact_team_game")}
    for side in ("home", "away"):
        found = without_zeros({a: teams[side][b] for a, b in TEAM.items()}, TEAM)
        assert found == without_zeros(oracle.teams[side], TEAM)
        by_period: dict[str, int] = {}
        for goal in oracle.goals:
            if goal["side"] == side:
                by_period[str(goal["period"])] = by_period.get(str(goal["period"]), 0) + 1
        assert teams[side]["goals_by_period"] == by_period
    (quality,) = marts_of(platform, league.slug, str(game_id), "fact_game_quality")
    assert quality["assists_without_goal"] == sum(counter["assist_marks_lost"] for counter in oracle.teams.values())
    for row in marts_of(platform, league.slug, str(game_id), "fact_goalie_game"):
        counter = oracle.players[row["side"], row["player_key"]]
        in_net = [stint for stint in oracle.stints if stint["ice"][row["side"]].get("G") == row["player_key"]]
        seconds = sum(round(stint["start"] - stint["end"]) for stint in in_net)
        assert (row["saves"], row["goals_against"], row["seconds"]) == (counter["saves"], counter["ga"], seconds)


def assert_true(platform: Platform, league: League) -> None:
    """Compare the marts of all games with the numbers that were counted while the games were simulated."""
    for game in league.games:
        rows = marts_of(platform, league.slug, str(game.game_id), "fact_player_game")
        players = {(row["side"], row["player_key"]): row for row in rows}
        for side in ("home", "away"):
            for number, truth in game.truth.players[side].items():
                for name, count in truth.items():
                    assert players[side, number][PLAYER[name]] == count, (game.game_id, side, number, name)
        for row in marts_of(platform, league.slug, str(game.game_id), "fact_team_game"):
            assert row["goals"] == sum(game.truth.score[row["side"]].values())


def test_the_marts_of_two_leagues_are_correct(built: Platform) -> None:
    for league in (built.leagues["ours"], built.leagues["theirs"]):
        assert_true(built, league)
        for game in league.games:
            assert_equal(built, league, game.game_id, export(game))  # without quirks, which do not change the content


def test_a_game_with_a_different_official_score_does_not_count(built: Platform) -> None:
    rows = marts_of(built, "ours", "1005", "fact_game_quality")
    assert [(row["is_counted"], row["is_trusted"]) for row in rows] == [(False, False)]
    tracked = f"{rows[0]['tracked_home']}-{rows[0]['tracked_away']}"
    assert rows[0]["reason"] == f"Tracked {tracked}, official 9-9."
    counted = built.rows(
        "select sum(s.games) as games from marts.standings as s join core.tenant as t using (tenant_id) "
        "where t.slug = 'ours' and game_type = 'All'"
    )
    assert counted == [{"games": 10}]


@pytest.mark.slow
def test_an_accepted_game_counts_and_has_its_reason(built: Platform) -> None:
    from stanchion.ingest.loading.publish import accept
    from stanchion.ingest.loading.session import open_session

    with open_session(built.server, "ours") as session:
        accept(session, "1005", "The sheet was mixed up.")
    built.build()
    (row,) = marts_of(built, "ours", "1005", "fact_game_quality")
    assert (row["is_counted"], row["accepted_reason"]) == (True, "The sheet was mixed up.")
    lines = marts_of(built, "ours", "1005", "fact_team_game")
    assert {(line["score_for"], line["result"]) for line in lines} == {(9, "T")}  # the official score is the result


def damaged(tree: Tree, number: int) -> Tree:
    """Add an error that occurs in real files, a different one for each game."""
    events, stints = tree["events"], tree["shifts"]
    plain = [event for event in events if event["type"] == "Possession" and event["players"]]
    match number % 10:
        case 0:
            plain[0]["players"][0] |= {"num": 97, "name": "Somebody"}
        case 1:
            passes = [event for event in events if event["type"] == "Pass"]
            passes[3]["players"][0] |= {"num": 98, "name": "Somebody"}  # counts for an unknown player
        case 2:
            stints.insert(9, dict(stints[8], start_time="03:11", end_time="18:00", duration=-889))
        case 3:
            plain[2]["type"] = None
        case 4:
            tree["rosters"]["away"].append({"id": "P999999", "num": "null", "name": "Late Sub", "pos": "F"})
        case 5:
            goals = [event for event in events if event["type"] == "Goal"]
            for goal in goals[:1]:
                events.append(dict(goal, idx=len(events)))  # entered twice
        case 6:
            for stint in stints[5:9]:
                stint["home"]["X"], stint["home"]["G"] = (
                    stint["home"]["G"],
                    None,
                )  # the goalie is replaced by an extra attacker
        case 7:
            for stint in stints[4:6]:
                stint["away"]["X"] = stint["away"]["F1"]  # in two slots
        case 8:
            for event in events:
                if event["type"] == "Shot" and event["detail1"] == "Shot_Goal":
                    event["detail1"] = "Shot_OnNetTipped"  # the goals add their own shots
        case 9:
            marks = [event for event in events if event.get("assistToGoalIdx") is not None]
            for event in marks:
                event["assistToGoalIdx"] = None
            faceoffs = [event for event in events if event["type"] == "Faceoff"]
            faceoffs[1]["players"] = faceoffs[1]["players"][:1]
            faceoffs[2]["players"] = []
    return tree


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("games", [10, pytest.param(120, marks=pytest.mark.exhaustive)])
def test_games_with_quirks_and_errors_are_correct(unloaded_platform: Maker, tmp_path: Path, games: int) -> None:
    """Every game of one league has all quirks. Each game of the other has one of ten errors."""
    clean = play("clean", games // 2, 5001, seed=11, change=quirky)
    broken = play("broken", games // 2, 6001, seed=12, change=damaged)
    with unloaded_platform(tmp_path, clean, broken) as platform:
        for league in (clean, broken):
            league.schedule(platform.server)
            league.load(platform.server, tmp_path, given_on=date(2026, 1, 16))
        platform.build()
        assert_true(platform, clean)
        for game in clean.games:
            assert_equal(platform, clean, game.game_id, export(game))
        for game in broken.games:
            assert_equal(platform, broken, game.game_id, broken.trees[game.game_id])
        left_out = platform.rows("select reason from marts.fact_game_quality where not is_counted")
        assert len(left_out) < 10


@pytest.mark.slow
def test_exports_with_errors_are_counted_like_the_oracle(built: Platform, tmp_path: Path) -> None:
    league = built.leagues["ours"]
    odd = league.games[:5]
    for number, game in enumerate(odd):
        tree = damaged(damaged(export(game), number), number + 5)
        league.trees[game.game_id] = tree
    league.load(built.server, tmp_path, odd)
    built.build()
    for game in odd:
        assert_equal(built, league, game.game_id, league.trees[game.game_id])
