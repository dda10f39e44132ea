"""Mutation tests of the marts: each mutant breaks one line, and a test must detect it.

Not part of the suite, because each mutant is built: `.venv/bin/pytest tests/marts/mutants.py`. All mutants use one
copy of the project, so that dbt parses one changed file each time. Only the models that a mutant affects are built.
"""

# ruff: noqa: E501 (a mutant is one line)
import shutil
from pathlib import Path
from typing import Any

import pytest

from stanchion.dev.sample.files import export
from stanchion.marts import build
from stanchion.marts.dbt import Node, invoke, read_node
from stanchion.paths import ROOT
from tests.marts.platform import Platform
from tests.marts.test_numbers import assert_equal, assert_true
from tests.marts.test_seasons import assert_pairs, assert_seasons

GAME, SEASON = "models/marts/game", "models/marts/season"
# name: file, old text, new text, models to build
MUTANTS: dict[str, tuple[str, str, str, str]] = {
    "a goal entered twice counts twice": (f"{GAME}/fact_event.sql", ") = 1 as is_goal", ") >= 1 as is_goal", "fact_event"),
    "the actor is the second player": (f"{GAME}/fact_event.sql", "participants.role_no = 1", "participants.role_no = 2", "fact_event"),
    "elapsed counts down": (f"{GAME}/fact_event.sql", "+ periods.seconds - plays.remaining_s", "+ plays.remaining_s", "fact_event"),
    "a goal brings a second shot": (f"{GAME}/fact_event.sql", "> coalesce(goal_shots.shots, 0)", ">= coalesce(goal_shots.shots, 0)", "fact_event"),
    "posts are not misses": (f"{GAME}/fact_event.sql", " or plays.detail1 like '%HitPost%'", "", "fact_event"),
    "tips are on goal by name only": (f"{GAME}/fact_event.sql", "'%OnNet%'", "'%OnNetSaved'", "fact_event"),
    "the score runs by position": (f"{GAME}/fact_event.sql", "filter (where counted.is_goal and counted.credited_side = 'home')", "filter (where counted.is_goal)", "fact_event"),
    "stoppages lengthen": (f"{GAME}/fact_stint.sql", "lines.seconds - greatest", "lines.seconds + greatest", "fact_stint"),
    "players of both sides": (f"{GAME}/fact_stint.sql", "filter (where players.side = 'home')::integer", "filter (where true)::integer", "fact_stint"),
    "a shift never ends": (f"{GAME}/fact_player_stint.sql", "<> players.stint_no - 1", "> players.stint_no - 1", "fact_player_stint"),
    "a shift goes on in the next period": (f"{GAME}/fact_player_stint.sql", " or lag(stints.period) over shifts <> stints.period", "", "fact_player_stint"),
    "a stint owns its first second": (f"{GAME}/fact_shot_attempt.sql", "stints.start_s > events.remaining_s and events.remaining_s >= stints.end_s", "stints.start_s >= events.remaining_s and events.remaining_s > stints.end_s", "fact_shot_attempt"),
    "stints of any period": (f"{GAME}/fact_shot_attempt.sql", "stints.period = events.period\n                and ", "", "fact_shot_attempt"),
    "a power play is the other's": (f"{GAME}/fact_shot_attempt.sql", "lines.for_players > lines.against_players", "lines.for_players < lines.against_players", "fact_shot_attempt"),
    "the own net is empty": (f"{GAME}/fact_shot_attempt.sql", "lines.against_goalie_key is null", "lines.against_goalie_key is not null", "fact_shot_attempt"),
    "assists reach a minute": (f"{GAME}/fact_assist.sql", "between 0 and 30", "between 0 and 60", "fact_assist"),
    "assists reach less": (f"{GAME}/fact_assist.sql", "between 0 and 30", "between 0 and 29", "fact_assist"),
    "assists of the other side": (f"{GAME}/fact_assist.sql", "and goals.side = marks.side", "", "fact_assist"),
    "the last mark counts": (f"{GAME}/fact_assist.sql", "reached.event_no, reached.participant_no", "reached.event_no desc, reached.participant_no", "fact_assist"),
    "third assists count": ("macros/player.sql", "'%AssistSecondary%'", "'%AssistSecondary%', '%AssistTertiary%'", "fact_assist"),
    "power plays count in plus": ("macros/players_of_game.sql", "not attempts.is_power_play and not attempts.is_penalty_shot\n                    and attempts.side = on_ice.side", "not attempts.is_penalty_shot\n                    and attempts.side = on_ice.side", "fact_player_game"),
    "minus is plus": ("macros/players_of_game.sql", "lines.plus - lines.minus", "lines.plus + lines.minus", "fact_player_game"),
    "goalies have plus": ("macros/players_of_game.sql", "attempts.side <> on_ice.side and not on_ice.is_goalie) as goals_against_on", "attempts.side <> on_ice.side) as goals_against_on", "fact_player_game"),
    "every opponent loses a faceoff": ("macros/players_of_game.sql", "and losers.role_no = 1\n", "", "fact_player_game"),
    "takeaways are giveaways": ("macros/players_of_game.sql", "events.detail1 like '%Giveaway%') as giveaways", "events.detail1 like '%Takeaway%') as giveaways", "fact_player_game"),
    "majors are minors": ("macros/player.sql", "ilike '%minor%'", "ilike '%m_jor%'", "fact_player_game fact_team_game"),
    "saves against are shots": ("macros/goalies_of_game.sql", "lines.saves + lines.goals_against as shots_against", "lines.saves as shots_against", "fact_goalie_game"),
    "the first goal decides": ("macros/goalies_of_game.sql", "least(score.home, score.away) + 1", "least(score.home, score.away) + 2", "fact_goalie_game"),
    "a shutout has goals": ("macros/goalies_of_game.sql", "teams.goals_against = 0') }} as is_shutout", "teams.goals_against <= 1') }} as is_shutout", "fact_goalie_game"),
    "against is for": ("macros/teams_of_game.sql", "other.goals as goals_against", "own.goals as goals_against", "fact_team_game"),
    "ties are wins": ("macros/teams_of_game.sql", "when score_for > score_against", "when score_for >= score_against", "fact_team_game"),
    "pairs with themselves": (f"{GAME}/fact_pair_game.sql", "on_ice.player_keys[one.nth + 1:]", "on_ice.player_keys[one.nth:]", "fact_pair_game"),
    "pairs with goalies": (f"{GAME}/fact_pair_game.sql", " and not stints.is_goalie", "", "fact_pair_game"),
    "every game counts": (f"{GAME}/fact_game_quality.sql", "reason is null and season_key is not null", "season_key is not null", "fact_game_quality"),
    "half of the score is enough": (f"{GAME}/fact_game_quality.sql", "tracked.home + coalesce(shootout.side = 'home', false)::integer = games.official_home\n        and ", "", "fact_game_quality"),
    "uncounted games in seasons": (f"{SEASON}/fact_player_season.sql", "where is_counted and has_played", "where has_played", "fact_player_season"),
    "uncounted games in standings": (f"{SEASON}/standings.sql", "    where games.is_counted\n", "", "standings"),
    "standings in reverse order": (f"{SEASON}/standings.sql", "order by points desc, wins desc", "order by points, wins desc", "standings"),
    "a streak that never ends": (f"{SEASON}/standings.sql", "filter (where changes = 0)", "filter (where changes >= 0)", "standings"),
    "every pair twice": (f"{SEASON}/head_to_head.sql", "team_key < opponent_team_key", "team_key <> opponent_team_key", "head_to_head"),
    "All is Regular": ("macros/season.sql", "({{ alias }}.game_type), ('All')", "({{ alias }}.game_type), (case {{ alias }}.game_type when 'Regular' then 'All' end)", "fact_player_season fact_team_season standings"),
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mutants")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project")
    for top in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / top, folder)
    return folder


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_detected(name: str, root: Path, built: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    file, old, new, models = MUTANTS[name]
    for module in ("stanchion.marts.project", "stanchion.marts.dbt"):
        monkeypatch.setattr(f"{module}.PROJECT", root)
    path = root / "dbt_project" / file
    text = path.read_text(encoding="utf-8")
    assert old in text, "the file does not contain the text to replace"
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        assert detected(built, models.split()), "no test detected the mutant"
    finally:
        path.write_text(text, encoding="utf-8")


def detected(platform: Platform, models: list[str]) -> str:
    """Return the check that detected the mutant, or an empty string."""
    found: list[Node] = []

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            found.append(read_node(event))

    chosen = [f"{model},test_type:unit" for model in models]
    invoke(platform.server, ["test", "--select", *chosen], {}, on_event)
    if any(node.outcome == "failed" for node in found):
        return "a unit test"
    report = build(platform.server, [f"{model}+" for model in models], full_refresh=True)
    if report.failed:
        return f"{report.failed[0].kind} {report.failed[0].name}"
    try:
        for slug in ("ours", "theirs"):
            league = platform.leagues[slug]
            assert_true(platform, league)
            for game in league.games:
                assert_equal(platform, league, game.game_id, export(game))
            assert_seasons(platform, league)
        assert_pairs(platform)
    except AssertionError:
        return "the numbers"
    return ""
