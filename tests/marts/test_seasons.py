"""Seasons, standings and records equal the sums of the games that count, computed here independently."""

from collections import Counter, defaultdict
from typing import Any

from tests.marts.league import League
from tests.marts.platform import Platform

SIDES = ("home", "away")
LEFT_OUT = {"ours": 1005, "theirs": 1004}  # the official score differs


def counted_games(league: League) -> list[tuple[Any, str]]:
    """Return each game that counts with its type, in order of date."""
    kinds = ["Playoffs" if number % 3 == 2 else "Regular" for number in range(len(league.games))]
    pairs = zip(league.games, kinds, strict=True)
    return [(game, kind) for game, kind in pairs if game.game_id != LEFT_OUT[league.slug]]


def key(name: str) -> str:
    return name.casefold()


def rows_of(platform: Platform, slug: str, mart: str) -> list[dict[str, Any]]:
    return platform.rows(f"select m.* from marts.{mart} as m join core.tenant using (tenant_id) where slug = %s", slug)


def score(game: Any, side: str) -> int:
    return int(sum(game.truth.score[side].values()))


def assert_seasons(platform: Platform, league: League) -> None:
    table: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    pairs: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for game, kind in counted_games(league):
        pairs[tuple(sorted(key(game.teams[side]) for side in SIDES))] += 1  # type: ignore[index]
        for side, other in (SIDES, SIDES[::-1]):
            ids = {player["num"]: player["id"] for player in game.rosters[side] if player["pos"] != "G"}
            for of_type in (kind, "All"):
                table[of_type, key(game.teams[side])].append((score(game, side), score(game, other)))
                for number, truth in game.truth.players[side].items():
                    if number in ids:
                        people[of_type, ids[number]].update(truth)
    points = {}
    for row in rows_of(platform, league.slug, "standings"):
        results = table.pop((row["game_type"], row["team_key"]))
        letters = ["W" if own > other else "T" if own == other else "L" for own, other in results]
        wins, ties = letters.count("W"), letters.count("T")
        assert (row["games"], row["wins"], row["ties"], row["losses"]) == (len(results), wins, ties, letters.count("L"))
        assert (row["goals_for"], row["goals_against"]) == tuple(map(sum, zip(*results, strict=True)))
        assert row["goal_difference"] == row["goals_for"] - row["goals_against"]
        assert row["points"] == 2 * wins + ties
        assert row["last_five"] == "".join(letters[-5:])
        latest = len(letters) - len("".join(letters).rstrip(letters[-1]))
        assert row["streak"] == f"{letters[-1]}{latest}"
        points[row["game_type"], row["team_key"]] = (row["points"], row["place"])
    assert table == {}
    for (of_type, _), (own, place) in points.items():
        better = sum(other > own for (other_type, _), (other, _) in points.items() if other_type == of_type)
        assert place >= better + 1
        assert (place == 1) <= (better == 0)
    for row in rows_of(platform, league.slug, "fact_player_season"):
        truth = people.get((row["game_type"], row["person_key"]), Counter())
        for mine, theirs in (
            ("goals", "goals"),
            ("shots", "shots"),
            ("seconds", "toi_s"),
            ("plus_minus", "plus_minus"),
        ):
            assert row[mine] == truth[theirs], (row["person_key"], mine)
        assert row["points"] == truth["goals"] + truth["a1"] + truth["a2"]
        played = [line for line in people if line == (row["game_type"], row["person_key"])]
        assert played
    lines = [row for row in rows_of(platform, league.slug, "fact_player_season") if row["game_type"] == "All"]
    for row in lines:
        assert row["points_rank"] == 1 + sum(other["points"] > row["points"] for other in lines)
        minutes = 3600 * row["goals"] / row["seconds"] if row["seconds"] else None
        assert minutes is None or abs(float(row["goals_per_60"]) - minutes) < 0.006
    for row in rows_of(platform, league.slug, "fact_team_game"):
        own, other = row["score_for"], row["score_against"]
        assert row["result"] == ("W" if own > other else "T" if own == other else "L")
    met = {
        (row["first_team_key"], row["second_team_key"]): row["games"]
        for row in rows_of(platform, league.slug, "head_to_head")
    }
    assert met == dict(pairs)
    for row in rows_of(platform, league.slug, "head_to_head"):
        assert row["first_wins"] + row["second_wins"] + row["ties"] == row["games"]
        goals = sum(
            score(game, side)
            for game, _ in counted_games(league)
            for side in SIDES
            if {key(name) for name in game.teams.values()} == {row["first_team_key"], row["second_team_key"]}
            and key(game.teams[side]) == row["first_team_key"]
        )
        assert row["first_goals"] == goals
    for row in rows_of(platform, league.slug, "fact_goalie_season"):
        assert row["wins"] + row["losses"] + row["ties"] <= row["games"]
        assert row["shots_against"] == row["saves"] + row["goals_against"]
    teams = [row for row in rows_of(platform, league.slug, "fact_goalie_season") if row["game_type"] == "All"]
    games = counted_games(league)
    assert sum(row["wins"] for row in teams) == sum(score(game, "home") != score(game, "away") for game, _ in games)
    shutouts = sum(score(game, other) == 0 for game, _ in games for other in SIDES)
    assert sum(row["shutouts"] for row in teams) == shutouts


def test_seasons_equal_the_sums_of_counted_games(built: Platform) -> None:
    for slug in ("ours", "theirs"):
        assert_seasons(built, built.leagues[slug])


def assert_pairs(platform: Platform) -> None:
    """Check that the seconds of a pair are those of the stints with both players."""
    wrong = platform.rows("""
        select p.game_key from marts.fact_pair_game as p
        cross join lateral (
            select sum(a.seconds) as seconds
            from marts.fact_player_stint as a
            join marts.fact_player_stint as b using (tenant_id, game_key, stint_no, side)
            where a.tenant_id = p.tenant_id and a.game_key = p.game_key and a.side = p.side
                and a.player_key = p.first_key and b.player_key = p.second_key and not a.is_goalie and not b.is_goalie
        ) as t
        where t.seconds is distinct from p.seconds
    """)
    assert wrong == []
    unequal = platform.rows("""
        select game_key, side from marts.fact_pair_game join marts.fact_team_game as t using (tenant_id, game_key, side)
        group by tenant_id, game_key, side, t.goals having sum(goals_for) > 15 * t.goals
    """)
    assert unequal == []


def test_the_seconds_of_a_pair_are_those_of_common_stints(built: Platform) -> None:
    assert_pairs(built)
