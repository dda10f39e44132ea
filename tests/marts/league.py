"""Leagues for tests: files of games and a schedule, in the formats that the loader reads."""

import csv
import io
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stanchion.dev.sample.files import START, as_json, export
from stanchion.dev.sample.games import Game
from stanchion.dev.sample.quirks import QUIRKS
from stanchion.ingest.loading.run import load
from stanchion.ingest.loading.schedule import load_schedule
from stanchion.ingest.loading.session import open_session
from stanchion.server.locate import Server

Tree = dict[str, Any]


@dataclass
class League:
    """Games with their current exports. `official` replaces the true score of a game in the schedule."""

    slug: str
    games: list[Game]
    trees: dict[int, Tree] = field(default_factory=dict)
    official: dict[int, tuple[int, int]] = field(default_factory=dict)
    days: dict[int, date] = field(default_factory=dict)
    saved: int = 0

    def tree(self, game: Game) -> Tree:
        if game.game_id not in self.trees:
            self.trees[game.game_id] = export(game)
        return self.trees[game.game_id]

    def write(self, folder: Path, games: Iterable[Game]) -> str:
        """Write exports of the games to a new folder. Each call has a later export date than the one before."""
        self.saved += 1
        place = folder / f"{self.slug}-{self.saved}"
        place.mkdir(parents=True)
        for game in games:
            moment = START + timedelta(minutes=self.saved)
            tree = self.tree(game) | {"exportDate": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"}
            (place / f"game_{game.game_id}.json").write_bytes(as_json(tree))
        return str(place)

    def load(self, server: Server, folder: Path, games: Iterable[Game] | None = None, **options: Any) -> None:
        path = self.write(folder, self.games if games is None else games)
        load(server, self.slug, (path,), **({"given_on": date(2026, 1, 16)} | options))

    def schedule(self, server: Server, games: Iterable[Game] | None = None) -> None:
        """Load the schedule."""
        with open_session(server, self.slug) as session:
            load_schedule(session, "schedule.csv", self.schedule_file(games), lambda done: None)

    def schedule_file(self, games: Iterable[Game] | None = None) -> bytes:
        """Return a schedule with one game a day. Every third game is a playoff game."""
        text = io.StringIO()
        rows = csv.writer(text)
        periods = [f"{side}_{period}" for side in ("home", "away") for period in (1, 2, 3)]
        rows.writerow(["game_id", "date", "home", "away", "season", "type", "home_score", "away_score", *periods])
        for game in self.games if games is None else games:
            number = self.games.index(game)
            score = game.truth.score
            by_period = [score[side][period] for side in ("home", "away") for period in (1, 2, 3)]
            totals = self.official.get(game.game_id) or tuple(sum(score[side].values()) for side in ("home", "away"))
            if game.game_id in self.official:
                by_period = [""] * 6
            day = self.days.get(game.game_id, date(2026, 1, 1) + timedelta(days=number % 60))
            kind = "Playoffs" if number % 3 == 2 else "Regular"
            row = [game.game_id, day, game.teams["home"], game.teams["away"], "2026", kind, *totals, *by_period]
            rows.writerow(row)
        return text.getvalue().encode()


def quirky(tree: Tree, seed: int) -> Tree:
    """Apply every quirk of export files that does not change the content of the game."""
    for name, quirk in QUIRKS.items():
        if name != "interface":  # changes the date
            quirk(tree, random.Random(f"{seed} {name}"))
    return tree


def play(slug: str, count: int, first: int, seed: int, change: Callable[[Tree, int], Tree] | None = None) -> League:
    league = League(slug, [Game(seed * 1000 + number, first + number, shots=True) for number in range(count)])
    for number, game in enumerate(league.games if change else ()):
        league.trees[game.game_id] = change(export(game), number)
    return league
