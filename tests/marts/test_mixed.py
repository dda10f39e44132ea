"""A season whose games come from several sources: totals, rates and ranks use only the games that record them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from stanchion.dev.sample.book import BookGame, book_game
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from tests.marts.league import League
from tests.marts.platform import Platform
from tests.marts.test_book import FORMATS, Format, schedule_of

Row = dict[str, Any]
SLUG = "mixed"
WITHOUT_SKATERS = {"hockeytech without shifts", "nhl api-web, plays only", "nhl statsapi", "hockey_scraper"}


@pytest.fixture(scope="module")
def mixed(
    unloaded_platform: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, dict[str, str]]]:
    """Load a season whose games come from each format in turn. Return also the format of each game."""
    folder = tmp_path_factory.mktemp("mixed")
    of_format: dict[str, list[BookGame]] = defaultdict(list)
    for number in range(24):
        name = list(FORMATS)[number % len(FORMATS)]
        of_format[name].append(book_game(number, penalty_shot_minutes=FORMATS[name].penalty_shot_minutes))
    with unloaded_platform(folder, League(SLUG, [])) as platform:
        names: dict[str, str] = {}
        played: list[tuple[str, BookGame]] = []
        for name, games in of_format.items():
            used: Format = FORMATS[name]
            played += [(used.key(game), game) for game in games]
            names |= {used.key(game): name for game in games}
        with open_session(platform.server, SLUG) as session:
            load_schedule(session, "schedule.csv", schedule_of(played), lambda done: None)
        for number, (name, games) in enumerate(of_format.items()):
            files = folder / str(number)
            for file, data in FORMATS[name].files(games).items():
                (files / file).parent.mkdir(parents=True, exist_ok=True)
                (files / file).write_bytes(data)
            result = load(platform.server, SLUG, (str(files),))
            assert not result.outcomes["rejected"], result
        platform.build()
        yield platform, names


def total(rows: Iterable[Row], column: str, known: str | None = None) -> Any:
    """Add up a column of the rows that have it, and also the column `known`; None without such a row."""
    figures = [row[column] for row in rows if row[column] is not None and (known is None or row[known] is not None)]
    return sum(figures) if figures else None


def ratio(part: Any, whole: Any, digits: int, times: int = 1) -> Decimal | None:
    if part is None or not whole:
        return None
    return (Decimal(times) * part / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def grouped(platform: Platform, mart: str, key: str, condition: str) -> dict[tuple[str, str], list[Row]]:
    """Return the counted rows of a mart by game type and person or team, and under All."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in platform.rows(f"select * from marts.{mart} where is_counted and {condition}"):
        for kind in (row["game_type"], "All"):
            found[kind, row[key]].append(row)
    return found


def assert_season(platform: Platform, mart: str, key: str, lines: Any, expect: Callable[[list[Row]], Row]) -> None:
    rows = {(row["game_type"], row[key]): row for row in platform.rows(f"select * from marts.{mart}")}
    assert rows.keys() == lines.keys()
    wrong = [
        (mart, place, column, found, value)
        for place, games in lines.items()
        for column, value in expect(games).items()
        if (found := rows[place][column]) != (float(value) if value and isinstance(found, float) else value)
    ]
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_skaters_of_a_mixed_season(mixed: tuple[Platform, dict[str, str]]) -> None:
    platform, _ = mixed
    lines = grouped(platform, "fact_player_game", "person_key", "has_played and not is_goalie")
    sums = (
        "goals", "assists", "points", "shots", "shots_on_goal", "plus_minus", "plus_minus_all", "penalty_minutes",
        "faceoffs_won", "giveaways", "takeaways", "passes", "blocks", "shifts", "seconds", "corsi_for",
        "goals_for_on", "hits",
    )  # fmt: skip

    def expect(games: list[Row]) -> Row:
        faced = total([row | {"n": row["faceoffs_won"] + row["faceoffs_lost"]} for row in games], "n")
        return {column: total(games, column) for column in sums} | {
            "games": len(games),
            "shooting_share": ratio(total(games, "goals"), total(games, "shots_on_goal"), 4),
            "faceoff_share": ratio(total(games, "faceoffs_won"), faced, 4),
            "points_per_game": ratio(total(games, "points"), sum(row["points"] is not None for row in games), 2),
            "seconds_per_game": ratio(total(games, "seconds"), sum(row["seconds"] is not None for row in games), 0),
            "goals_per_60": ratio(total(games, "goals", "seconds"), total(games, "seconds"), 2, 3600),
            "points_per_60": ratio(total(games, "points", "seconds"), total(games, "seconds", "points"), 2, 3600),
        }

    some = [games for games in lines.values() if 0 < sum(row["seconds"] is None for row in games) < len(games)]
    assert len(some) > 50, "skaters must have games with and without ice time, or the test proves nothing"
    assert_season(platform, "fact_player_season", "person_key", lines, expect)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_goalies_of_a_mixed_season(mixed: tuple[Platform, dict[str, str]]) -> None:
    platform, _ = mixed
    lines = grouped(platform, "fact_goalie_game", "person_key", "(seconds > 0 or shots_against > 0)")

    def expect(games: list[Row]) -> Row:
        return {column: total(games, column) for column in ("seconds", "shots_against", "saves", "goals_against")} | {
            "games": len(games),
            "wins": sum(row["decision"] == "W" for row in games),
            "save_share": ratio(total(games, "saves"), total(games, "shots_against"), 4),
            "goals_against_per_60": ratio(total(games, "goals_against", "seconds"), total(games, "seconds"), 2, 3600),
        }

    some = [games for games in lines.values() if 0 < sum(row["seconds"] is None for row in games) < len(games)]
    assert some, "a goalie must have games with and without a time in net, or the test proves nothing"
    assert_season(platform, "fact_goalie_season", "person_key", lines, expect)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_teams_of_a_mixed_season(mixed: tuple[Platform, dict[str, str]]) -> None:
    platform, _ = mixed
    lines = grouped(platform, "fact_team_game", "team_key", "true")
    sums = ("score_for", "goals", "assists", "shots", "corsi_for", "hits", "giveaways", "power_play_goals", "seconds")

    def expect(games: list[Row]) -> Row:
        against = total(games, "power_plays_against", "power_play_goals_against")
        killed = None if against is None else against - total(games, "power_play_goals_against")
        chances = total(games, "power_plays", "power_play_goals")
        attempts = (total(games, "corsi_for") or 0) + (total(games, "corsi_against") or 0)
        return {column: total(games, column) for column in sums} | {
            "games": len(games),
            "corsi_share": ratio(total(games, "corsi_for"), attempts, 4),
            "power_play_share": ratio(total(games, "power_play_goals"), chances, 4),
            "penalty_kill_share": ratio(killed, against, 4),
        }

    assert_season(platform, "fact_team_season", "team_key", lines, expect)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ranks_and_stints_without_a_figure_are_null(mixed: tuple[Platform, dict[str, str]]) -> None:
    """Some sources record the goalies in net and no skaters on the ice. The update leaves goalies without saves."""
    platform, names = mixed
    stints = platform.rows("select * from marts.fact_stint")
    for column in ("home_players", "away_players", "home_skaters", "away_skaters", "strength"):
        for row in stints:
            assert (row[column] is None) == (names[row["game_key"]] in WITHOUT_SKATERS), (names[row["game_key"]], row)
    for row in platform.rows("select * from marts.fact_game_quality"):
        assert (row["coverage"] is None) == (names[row["game_key"]] in WITHOUT_SKATERS), row
    with platform.conn.transaction(force_rollback=True):
        platform.conn.execute("update marts.fact_goalie_game set saves = null, shots_against = null, seconds = 60")
        platform.conn.execute("update marts.fact_player_game set points = null")
        for mart, rank in (("fact_goalie_season", "save_share_rank"), ("fact_player_season", "points_rank")):
            ranks = platform.rows(f"select distinct {rank} as rank from marts.{mart}")
            assert ranks == [{"rank": None}], mart
