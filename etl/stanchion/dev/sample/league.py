"""Play a league: teams with the same people all season, their games in order, and the schedule of the league."""

import csv
import io
import random
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice, permutations
from typing import Any

from stanchion.dev.sample.games import OTHER, Game
from stanchion.dev.sample.names import FIRST, LAST, TEAMS

FIRST_DAY = date(2026, 1, 9)
_WEEKS = 100


@dataclass(frozen=True)
class Team:
    name: str
    people: list[dict[str, Any]]


class LeagueGame(Game):
    """A game between two teams of a league."""

    def __init__(self, seed: int, game_id: int, home: Team, away: Team, lengths: dict[str, int] | None = None) -> None:
        self._sides = dict(zip(OTHER, (home, away), strict=True))
        super().__init__(seed, game_id, lengths=lengths, shots=True)

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


def play(
    seed: int, first_id: int, count: int, teams: int = 8, lengths: dict[str, int] | None = None
) -> Iterator[LeagueGame]:
    """Play `count` games. Every team plays at home against every other team before a pairing repeats."""
    pairs = list(permutations(make_teams(teams, seed), 2))
    random.Random(seed).shuffle(pairs)  # noqa: S311
    for number, pair in enumerate(islice(cycle(pairs), count)):
        yield LeagueGame(seed * 1000 + number, first_id + number, *pair, lengths)


def day_of(number: int) -> date:
    """Return the day of a game: one per week from January on, and the games after the hundredth on the days between.

    A day more than two years ahead is refused as wrong.
    """
    week, round_ = number % _WEEKS, number // _WEEKS
    return FIRST_DAY + timedelta(days=7 * week + round_)


def schedule(
    games: Sequence[Game],
    season: str,
    official: dict[int, tuple[int, int]],
    swapped: Container[int] = (),
) -> bytes:
    """Return the schedule with the true scores; `official` overrides scores, `swapped` games have swapped sides."""
    text = io.StringIO()
    rows = csv.writer(text)
    periods = [(side, period) for side in OTHER for period in games[0].periods]
    scores = [f"{side}_{period}" for side, period in periods]
    rows.writerow(["game_id", "date", "home", "away", "season", "type", "home_score", "away_score", *scores])
    for number, game in enumerate(games):
        ours = OTHER if game.game_id in swapped else {side: side for side in OTHER}
        totals = official.get(game.game_id, tuple(sum(game.truth.score[ours[side]].values()) for side in OTHER))
        by_period: list[Any] = [game.truth.score[ours[side]][period] for side, period in periods]
        if game.game_id in official:
            by_period = [""] * len(periods)
        teams = [game.teams[ours[side]] for side in OTHER]
        rows.writerow([game.game_id, day_of(number), *teams, season, "Regular", *totals, *by_period])
    return text.getvalue().encode()
