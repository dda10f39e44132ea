"""Each league format: every cell of the marts equals the official book, and each difference from it is listed.

In every third game, the official book of the source differs from the plays in two figures.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stanchion.dev.sample import hockey_scraper, hockeytech, nhl, nhl_api_web, nhl_statsapi
from stanchion.dev.sample.book import OTHER, BookGame, book_game
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from tests.marts.league import League
from tests.marts.platform import Platform
from tests.marts.test_numbers import marts_of

PLAYER = (
    "goals", "first_assists", "second_assists", "assists", "points", "shots_on_goal", "penalty_minutes",
    "faceoffs_won", "faceoffs_lost", "hits", "blocks", "giveaways", "takeaways", "plus", "minus", "plus_minus",
    "seconds", "shifts",
)  # fmt: skip
GOALIE = ("shots_against", "saves", "goals_against", "seconds", "decision")
TEAM = (
    "goals", "goals_against", "score_for", "score_against", "shots_on_goal", "shots_against", "penalty_minutes",
    "power_plays", "power_play_goals", "short_handed_goals", "empty_net_goals", "hits", "faceoffs_won",
    "faceoffs_lost", "giveaways", "takeaways", "assists", "saves",
)  # fmt: skip


@dataclass(frozen=True)
class Format:
    """How the documents of games are written, and the columns that the marts must not have for them."""

    files: Callable[[list[BookGame]], dict[str, bytes]]
    key: Callable[[BookGame], str]
    lacks: dict[str, set[str]]  # columns that are null, by player, goalie and team
    penalty_shot_minutes: int = 0
    has_book: bool = True  # the documents contain official figures

    def games(self, count: int) -> list[BookGame]:
        return [book_game(number, penalty_shot_minutes=self.penalty_shot_minutes) for number in range(count)]


def _files(of_game: Callable[[BookGame], dict[str, bytes]]) -> Callable[[list[BookGame]], dict[str, bytes]]:
    return lambda games: {name: data for game in games for name, data in of_game(game).items()}


Change = tuple[str, str, int, str]  # scope, side, id of the player, and column


def changes(game: BookGame) -> dict[Change, int]:
    """Return the official figures that differ from the plays: hits of a skater and saves of a goalie."""
    if game.number % 3:
        return {}
    skater, truth = game.home.players[0], game.truth
    goalie = next(goalie for goalie in game.away.of("G") if truth.goalies["away", goalie.id]["seconds"])
    return {
        ("player", "home", skater.id, "hits"): truth.players["home", skater.id]["hits"] + 3,
        ("goalie", "away", goalie.id, "saves"): int(truth.goalies["away", goalie.id]["saves"]) + 2,
    }


def _nhl_changes(game: BookGame) -> dict[tuple[str, int | None, str], Any]:
    return {(side, player, column): value for (_, side, player, column), value in changes(game).items()}


def _api_web(game: BookGame, *kinds: str) -> dict[str, bytes]:
    writers = {
        "plays": nhl_api_web.play_by_play,
        "boxscore": lambda game: nhl_api_web.boxscore(game, _nhl_changes(game)),
        "shifts": nhl_api_web.shiftcharts,
    }
    return {f"{nhl.game_id(game)}/{kind}.json": json.dumps(writers[kind](game)).encode() for kind in kinds}


def _statsapi(game: BookGame) -> dict[str, bytes]:
    return {f"{nhl.game_id(game)}.json": json.dumps(nhl_statsapi.feed_live(game, _nhl_changes(game))).encode()}


def _nhl_key(game: BookGame) -> str:
    return str(nhl.game_id(game))


_SHIFTS = {"seconds", "shifts"}
_PLUS_MINUS = {"plus", "minus", "plus_minus"}
FORMATS: dict[str, Format] = {
    "hockeytech": Format(
        files=_files(lambda game: hockeytech.files(game, differences=changes(game))),
        key=lambda game: str(hockeytech.game_id(game)),
        lacks={"player": {"giveaways", "takeaways"}, "team": {"giveaways", "takeaways"}},
        penalty_shot_minutes=2,
    ),
    "hockeytech without shifts": Format(
        files=_files(lambda game: hockeytech.files(game, ("pbp", "summary", "gamesummary"), changes(game))),
        key=lambda game: str(hockeytech.game_id(game)),
        lacks={"player": {"giveaways", "takeaways"} | _SHIFTS, "team": {"giveaways", "takeaways"}},
        penalty_shot_minutes=2,
    ),
    "nhl api-web": Format(
        files=_files(lambda game: _api_web(game, "plays", "boxscore", "shifts")),
        key=_nhl_key,
        lacks={},
    ),
    "nhl api-web, plays only": Format(
        files=_files(lambda game: _api_web(game, "plays")),
        key=_nhl_key,
        lacks={"player": _SHIFTS | _PLUS_MINUS, "goalie": {"seconds"}},
        has_book=False,
    ),
    "nhl statsapi": Format(
        files=_files(_statsapi),
        key=_nhl_key,
        lacks={"player": _SHIFTS | _PLUS_MINUS, "goalie": {"seconds"}},
    ),
    "hockey_scraper": Format(
        files=lambda games: {"games.csv": hockey_scraper.hockey_scraper_csv(games)},
        key=hockey_scraper.game_key,
        lacks={"player": _SHIFTS, "goalie": {"seconds"}},
        has_book=False,
    ),
}


def schedule_of(games: Iterable[tuple[str, BookGame]]) -> bytes:
    """Return a schedule with the score of each game, which has the goal for winning a shootout."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["game_id", "date", "home", "away", "season", "type", "home_score", "away_score"])
    for key, game in games:
        kind = "Playoffs" if game.is_playoff else "Regular"
        score = game.truth.score
        rows.writerow([key, game.day, game.home.name, game.away.name, game.season, kind, score["home"], score["away"]])
    return text.getvalue().encode()


def wrong_cells(platform: Platform, tenant: str, used: Format, key: str, game: BookGame) -> list[str]:
    """Return a line for each cell of the marts that differs from the truth of the game."""
    found: list[str] = []

    def compare(mart: str, who: str, row: dict[str, Any], truth: dict[str, Any], columns: Iterable[str]) -> None:
        for column in columns:
            expected = (
                None if column in used.lacks.get(mart, ()) else truth.get(column, None if column == "decision" else 0)
            )
            if row[column] != expected:
                found.append(f"{key} {mart} {who} {column}: {row[column]} instead of {expected}")

    truth = game.truth
    players = {(row["side"], row["person_key"]): row for row in marts_of(platform, tenant, key, "fact_player_game")}
    for (side, number), counted in truth.players.items():
        row = players.get((side, str(number)))
        if row is None and any(counted.values()):
            found.append(f"{key} player {number} is missing")
        elif row and not row["is_goalie"]:
            compare("player", f"{side} {number}", row, counted, PLAYER)
    goalies = {(row["side"], row["person_key"]): row for row in marts_of(platform, tenant, key, "fact_goalie_game")}
    for (side, number), line in truth.goalies.items():
        row = goalies.get((side, str(number)))
        if row is None and any(line.values()):
            found.append(f"{key} goalie {number} is missing")
        elif row:
            compare("goalie", f"{side} {number}", row, line, GOALIE)
    teams = {row["side"]: row for row in marts_of(platform, tenant, key, "fact_team_game")}
    assert teams.keys() == OTHER.keys()
    for side, row in teams.items():
        compare("team", side, row, truth.teams[side], TEAM)
        by_period = {str(period): goals for period, goals in truth.periods[side].items() if goals}
        if row["goals_by_period"] != by_period:
            found.append(f"{key} team {side} goals_by_period: {row['goals_by_period']} instead of {by_period}")
        is_winner = truth.score[side] > truth.score[OTHER[side]]
        lost = {"regular": "L", "overtime": "OTL", "shootout": "SOL"}[game.ended_in]
        if row["result"] != ("W" if is_winner else lost):
            found.append(f"{key} team {side} result: {row['result']}")
        if not row["is_counted"]:
            found.append(f"{key} is not counted")
    return found


Books = tuple[Platform, dict[str, list[BookGame]]]


@pytest.fixture(
    scope="module",
    params=[pytest.param(12, id="12-games"), pytest.param(100, marks=pytest.mark.exhaustive, id="100-games")],
)
def books(
    unloaded_platform: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Books]:
    """Load the games of each format for a league of its own, and build the marts of all of them."""
    folder = tmp_path_factory.mktemp("books")
    played = {name: used.games(request.param) for name, used in FORMATS.items()}
    leagues = [League(slug(name), []) for name in FORMATS]
    with unloaded_platform(folder, *leagues) as platform:
        for name, used in FORMATS.items():
            files = folder / slug(name)
            for file, data in used.files(played[name]).items():
                (files / file).parent.mkdir(parents=True, exist_ok=True)
                (files / file).write_bytes(data)
            with open_session(platform.server, slug(name)) as session:
                schedule = schedule_of((used.key(game), game) for game in played[name])
                load_schedule(session, "schedule.csv", schedule, lambda done: None)
            result = load(platform.server, slug(name), (str(files),))
            assert not result.outcomes["rejected"], result
        platform.build()
        yield platform, played


def slug(name: str) -> str:
    return re.sub("[^a-z]+", "-", name)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", FORMATS)
def test_every_cell_equals_the_official_book(books: Books, name: str) -> None:
    platform, played = books
    used = FORMATS[name]
    wrong = [line for game in played[name] for line in wrong_cells(platform, slug(name), used, used.key(game), game)]
    assert not wrong, f"{len(wrong)} cells, such as:\n" + "\n".join(wrong[:40])


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [name for name, used in FORMATS.items() if used.has_book])
def test_each_difference_from_the_official_book_is_listed(books: Books, name: str) -> None:
    platform, played = books
    used = FORMATS[name]
    for game in played[name]:
        key = used.key(game)
        people = {
            (row["side"], row["player_key"]): int(row["person_key"])
            for row in marts_of(platform, slug(name), key, "fact_player_game")
        }
        found = {
            (row["scope"], row["side"], people.get((row["side"], row["player_key"]), 0), row["name"]): row[
                "official_value"
            ]
            for row in marts_of(platform, slug(name), key, "fact_official_difference")
        }
        expected = {change: str(value) for change, value in changes(game).items()}
        if name.startswith("hockeytech") and game.ended_in == "shootout" and game.number % 20 > 10:
            # this service books one shot more for most winners of a shootout
            winner = game.shootout_winner
            expected["team", winner, 0, "shots_on_goal"] = str(game.truth.teams[winner]["shots_on_goal"] + 1)
        assert found == expected, key
    equal, cells = platform.rows(
        "select sum(equal_cells)::integer as equal, sum(cells)::integer as cells from marts.fact_official_agreement "
        "join core.tenant using (tenant_id) where slug = %s",
        slug(name),
    )[0].values()
    assert cells > equal > 400 * len(played[name])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_each_official_figure_may_decide_whether_a_game_is_trusted(books: Books) -> None:
    """Each of these names is a column of a mart of games."""
    platform, _ = books
    names = {row["name"] for row in platform.rows("select distinct name from contest.official_figure")}
    (key,) = platform.rows("select items from core.config_key where key = 'trusted_columns'")
    columns = platform.rows(
        "select distinct attname::text as name from pg_attribute where attrelid in "
        "('marts.fact_player_game'::regclass, 'marts.fact_goalie_game'::regclass, 'marts.fact_team_game'::regclass)"
    )
    assert len(names) > 15
    assert names <= set(key["items"]) <= {row["name"] for row in columns}
