"""A small league: teams with people who stay, every team at home to every other, and the league's own schedule."""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations
from typing import Any

from etl.sample.games import OTHER, Game
from etl.sample.names import FIRST, LAST, TEAMS

FIRST_DAY = date(2026, 1, 9)


@dataclass(frozen=True)
class Team:
    name: str
    people: list[dict[str, Any]]


class LeagueGame(Game):
    """A game between two teams of a league."""

    def __init__(self, seed: int, game_id: int, home: Team, away: Team, lengths: dict[str, int] | None) -> None:
        self._sides = dict(zip(OTHER, (home, away), strict=True))
        super().__init__(seed, game_id, lengths=lengths)

    def _roster(self, offset: int) -> list[dict[str, Any]]:
        side = list(OTHER)[offset]
        self.teams[side] = self._sides[side].name
        return [dict(person) for person in self._sides[side].people]


def make_teams(count: int, seed: int) -> list[Team]:
    rng = random.Random(seed)  # noqa: S311
    names = rng.sample([f"{first} {last}" for first in FIRST for last in LAST], 16 * count)
    teams = []
    for number, team in enumerate(rng.sample(TEAMS, count)):
        positions = ["F"] * 9 + ["D"] * 6 + ["G"]
        shirts = rng.sample(range(1, 99), len(positions))
        people = [
            {
                "id": f"P{seed:03d}{number:02d}{n:02d}",
                "num": str(shirt),
                "name": names.pop(),
                "pos": pos,
                "rating": None,
            }
            for n, (pos, shirt) in enumerate(zip(positions, shirts, strict=True))
        ]
        teams.append(Team(team, people))
    return teams


def play_season(teams: int, seed: int, first_id: int, lengths: dict[str, int] | None = None) -> list[LeagueGame]:
    """Every team at home to every other, once."""
    pairs = list(permutations(make_teams(teams, seed), 2))
    random.Random(seed).shuffle(pairs)  # noqa: S311
    return [LeagueGame(seed * 1000 + number, first_id + number, *pair, lengths) for number, pair in enumerate(pairs)]


def day_of(number: int) -> date:
    """A game a week, the first in January."""
    return FIRST_DAY + timedelta(days=7 * number)


def schedule(games: Sequence[Game], season: str, official: dict[int, tuple[int, int]], playoffs: int = 0) -> bytes:
    """What the league says about its games: the true scores, but for those in `official`; the last are playoffs."""
    text = io.StringIO()
    rows = csv.writer(text)
    periods = [(side, period) for side in OTHER for period in games[0].periods]
    by_period_columns = [f"{side}_{period}" for side, period in periods]
    rows.writerow(["game_id", "date", "home", "away", "season", "type", "home_score", "away_score", *by_period_columns])
    for number, game in enumerate(games):
        by_period: list[Any] = [game.truth.score[side][period] for side, period in periods]
        totals = official.get(game.game_id)
        if totals:
            by_period = [""] * len(periods)
        else:
            totals = tuple(sum(game.truth.score[side].values()) for side in OTHER)  # type: ignore[assignment]
        kind = "Playoffs" if number >= len(games) - playoffs else "Regular"
        fixture = [game.game_id, day_of(number), game.teams["home"], game.teams["away"], season, kind]
        rows.writerow([*fixture, *(totals or ()), *by_period])
    return text.getvalue().encode()
