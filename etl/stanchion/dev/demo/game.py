"""Plays games of the sample league one after the other: each goal is a score that an application submits."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from threading import Event
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stanchion.dev.demo import COMPETITION
from stanchion.dev.sample.league import LeagueGame, Team, make_teams
from stanchion.paths import query

_BETWEEN_GAMES = 5.0  # seconds
_AFTER_ADDING = 0.2  # seconds, so that a game that cannot be added is not tried without a pause
_FIRST = 500  # the games before it are those of the season
# another demonstration, or a person with the example of score entry, changed the game first
_CHANGED = (psycopg.errors.SerializationFailure, psycopg.errors.ObjectNotInPrerequisiteState)

Row = dict[str, Any]
Db = psycopg.Connection[Row]


@dataclass(frozen=True)
class Goal:
    seconds: float  # since the beginning of the game
    side: str
    text: str


@dataclass(frozen=True)
class Play:
    """A game as it will be played."""

    teams: dict[str, str]
    goals: list[Goal]
    seconds: float


@cache
def _pairs(seed: int, teams: int) -> list[tuple[Team, Team]]:
    pairs = list(permutations(make_teams(teams, seed), 2))
    random.Random(seed).shuffle(pairs)  # noqa: S311
    return pairs


def play_of(number: int, seed: int, lengths: Mapping[str, int], teams: int = 5) -> Play:
    """Return the game with this number, from 1, between teams of the season with the same seed."""
    pairs = _pairs(seed, teams)
    home, away = pairs[number % len(pairs)]
    game = LeagueGame(1000 * seed + _FIRST + number, number, home, away, dict(lengths))
    goals = []
    for event in game.events:
        if event["type"] == "Goal":
            minutes, seconds = map(int, event["start_time"].split(":"))
            period = int(event["period"])
            into = 60 * lengths[str(period)] - 60 * minutes - seconds
            text = f"{event['players'][0]['name']}, period {period}, {into // 60}:{into % 60:02}"
            goals.append(Goal(60 * sum(lengths[str(n)] for n in range(1, period)) + into, event["team"], text))
    return Play(game.teams, goals, 60 * sum(lengths[str(n)] for n in game.periods))


class Games:
    """The games of a tenant. Two demonstrations of one database play the same game, and count each goal once."""

    def __init__(self, dsn: str, tenant_id: str, seed: int, lengths: Mapping[str, int], speed: float) -> None:
        self._dsn, self._tenant_id = dsn, tenant_id
        self._seed, self._lengths, self._speed = seed, lengths, speed

    def play(self, stop: Event) -> None:
        """Play games until `stop` is set. A game that was interrupted goes on."""
        with self._connection() as conn:
            while not stop.is_set():
                self._play_game(conn, stop)

    def _connection(self) -> Db:
        return psycopg.connect(self._dsn, autocommit=True, row_factory=dict_row, application_name="stanchion")

    def _play_game(self, conn: Db, stop: Event) -> None:
        game = self._latest(conn)
        if game is None or game["status"] == "final":
            self._add_game(conn, game["number"] + 1 if game else 1)
            stop.wait(_AFTER_ADDING)
            return
        play = play_of(game["number"], self._seed, self._lengths)
        clock = 0.0
        self._submit(conn, game["game_key"], Goal(0, "", "the game begins"), 0)
        for number, goal in enumerate(play.goals, 1):
            if _key(game["game_key"], number) not in game["submitted"]:
                if stop.wait((goal.seconds - clock) / self._speed):
                    return
                self._submit(conn, game["game_key"], goal, number)
            clock = goal.seconds
        if not stop.wait((play.seconds - clock) / self._speed):
            self._confirm(conn, game["game_key"])
            stop.wait(_BETWEEN_GAMES)

    @contextmanager
    def _acting(self, conn: Db) -> Iterator[None]:
        with conn.transaction():
            conn.execute("select core.set_local('app.tenant_id', %s)", [self._tenant_id])
            yield

    def _latest(self, conn: Db) -> Row | None:
        with self._acting(conn):
            return _latest(conn)

    def _add_game(self, conn: Db, number: int) -> None:
        teams = play_of(number, self._seed, self._lengths).teams
        wanted = {"competition": COMPETITION, "game": f"{COMPETITION}/game {number}", "number": number}
        with suppress(*_CHANGED, psycopg.errors.UniqueViolation), self._acting(conn):
            conn.execute(query("dev/demo", "add_game").encode(), wanted | teams)

    def _submit(self, conn: Db, game_key: str, goal: Goal, number: int) -> None:
        """Replace the score of the game by the one after a goal, unless the goal is counted or the game is over."""
        while True:
            try:
                with self._acting(conn):
                    game, key = _unfinished(conn, game_key), _key(game_key, number)
                    if game is None or key in game["submitted"]:
                        return
                    version, score = game["version"], {side: game[side] + (side == goal.side) for side in _SIDES}
                    if game["submission"] is not None:
                        row = conn.execute(_DISPUTE, [game["submission"], goal.text, version]).fetchone()
                        version = row["version"] if row else version
                    conn.execute(_SUBMIT, [game_key, score["home"], score["away"], key, version])
                    return
            except _CHANGED:
                continue

    def _confirm(self, conn: Db, game_key: str) -> None:
        """Confirm the score in the name of the referee. A score that was withdrawn is submitted again."""
        with suppress(*_CHANGED), self._acting(conn):
            game = _unfinished(conn, game_key)
            if game is None:
                return
            submission = game["submission"]
            if submission is None:
                submission = f"{game_key} after version {game['version']}"
                conn.execute(_SUBMIT, [game_key, game["home"], game["away"], submission, game["version"]])
            conn.execute(query("dev/demo", "act_as_referee").encode())
            conn.execute(_CONFIRM, [submission])

    def withdraw(self) -> None:
        """Withdraw the score of a game that was interrupted, so that no job worker confirms it."""
        with self._connection() as conn, suppress(*_CHANGED), self._acting(conn):
            game = _latest(conn)
            if game is not None and game["submission"] is not None:
                conn.execute(_DISPUTE, [game["submission"], "the demonstration ended", game["version"]])


_SIDES = ("home", "away")
_DISPUTE = "select contest.dispute_score(%s, %s, %s) as version"
_SUBMIT = "select contest.submit_score(%s, %s, %s, %s, %s)"
_CONFIRM = "select contest.confirm_score(%s)"


def _latest(conn: Db) -> Row | None:
    return conn.execute(query("dev/demo", "latest_game").encode(), {"competition": COMPETITION}).fetchone()


def _unfinished(conn: Db, game_key: str) -> Row | None:
    """Return a game if it is still the one that is played."""
    game = _latest(conn)
    return game if game and (game["game_key"], game["status"]) == (game_key, "scheduled") else None


def _key(game_key: str, number: int) -> str:
    """Return the key of a submission: the same goal is submitted once, also by two demonstrations."""
    return f"{game_key} goal {number}"
