"""Values that both NHL formats write in the same way, from an invented game."""

import copy
from collections.abc import Mapping
from typing import Final

from stanchion.dev.sample.book import BookGame, Play, Player, Side, Truth

POSITIONS: Final = {"LW": "L", "RW": "R", "LD": "D", "RD": "D"}
SHOOTOUT: Final = 5  # period of the attempts of a shootout
Differences = Mapping[tuple[Side, int | None, str], int]  # side, player (None: the team) and column of the marts


def game_id(game: BookGame) -> int:
    """Return the id of a game: its season, 02 or 03 for the playoffs, and its number."""
    return game.season * 1_000_000 + (30_000 if game.is_playoff else 20_000) + game.number + 1


def clock(seconds: int) -> str:
    """Write seconds as 05:07. A time on the ice may have three digits of minutes."""
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def position(player: Player) -> str:
    """Return the position of a player as the NHL writes it."""
    return POSITIONS.get(player.position, player.position)


def written_plays(game: BookGame) -> list[Play]:
    """Return the plays that the NHL writes. A goal on a penalty shot is one row, and goalie changes have none."""
    return [
        play
        for play in game.plays
        if play.kind != "goalie_change" and not (play.kind == "penalty_shot" and play.is_goal)
    ]


def has_point(play: Play) -> bool:
    """Return whether the NHL writes where a play was, which a few rows of real games lack."""
    return play.x % 41 != 0


def point(play: Play, period: int) -> tuple[int, int]:
    """Return the point of a play. The home team attacks x = 100 in odd periods."""
    ahead = 1 if (play.side == "home") == (period % 2 == 1) else -1
    return ahead * play.x, ahead * play.y


def official(game: BookGame, differences: Differences) -> Truth:
    """Return the official figures of a game, with the given ones replaced."""
    truth = copy.deepcopy(game.truth)
    for (side, player, column), value in differences.items():
        if player is None:
            truth.teams[side][column] = value
            if column == "score_for":
                truth.score[side] = value
            continue
        truth.players[side, player][column] = value
        if (side, player) in truth.goalies and column in truth.goalies[side, player]:
            truth.goalies[side, player][column] = value
    return truth


def decision(game: BookGame, counted: str | int | None) -> str | None:
    """Return the decision of a goalie as the NHL writes it: a loss in overtime is O, and L in the playoffs."""
    if counted in ("OTL", "SOL"):
        return "L" if game.is_playoff else "O"
    return None if counted is None else str(counted)
