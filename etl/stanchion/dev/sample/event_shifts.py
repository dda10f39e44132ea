"""Write the shifts of sample games as a CSV file, as it is published with the event CSVs of 2024 and 2025."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from stanchion.dev.sample.games import OTHER, SKATERS, Game

COLUMNS: Final = (
    "Date", "game_name", "team_name", "player_name", "shift_number", "period", "start_clock", "end_clock",
    "shift_length",
)  # fmt: skip
COLUMNS_2025: Final = tuple("Player_Id" if name == "player_name" else name for name in COLUMNS)
_SLOTS: Final = (*SKATERS, "G", "X")
_Shift = tuple[str, dict[str, Any], int, int, int]  # side, player, period, start and end in seconds left


def shifts_csv(games: Iterable[Game], day: str = "2026-01-16", year: int = 2024) -> bytes:
    """Return the shifts of many games, in the form of a year.

    In game_name, the teams of 2024 have other names than in team_name. The file of 2025 has ids of players, and Go for
    every goalie, and begins with a byte order mark.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS_2025 if year == 2025 else COLUMNS)
    for game in games:
        of_cup = "" if year == 2025 else "Cup (Open) - "
        name = f"{day} - {of_cup}{game.teams['away']} at {of_cup}{game.teams['home']}"
        numbers: dict[tuple[str, str], int] = {}
        for side, player, period, start, end in shifts_of(game):
            key = side, str(player["num"])
            numbers[key] = numbers.get(key, 0) + 1
            who = player["name"] if year != 2025 else _id(game, side, str(player["num"]), numbers[key])
            times = [_clock(seconds) for seconds in (start, end, start - end)]
            rows.writerow([_date(day, year), name, game.teams[side], who, numbers[key], period, *times])
    return text.getvalue().encode("utf-8-sig" if year == 2025 else "utf-8")


def shifts_of(game: Game) -> Iterator[_Shift]:
    """Yield the shifts of a game: the time of each player on the ice, which is one or several stints."""
    on_ice: dict[tuple[str, str], _Shift] = {}
    for stint in game.stints:
        if stint["duration"] is None:
            continue
        period, start, end = stint["period"], _seconds(stint["start_time"]), _seconds(stint["end_time"])
        here = {
            (side, str(player["num"])): player for side in OTHER for slot in _SLOTS if (player := stint[side][slot])
        }
        for key, shift in list(on_ice.items()):
            if key not in here or shift[2] != period or shift[4] != start:
                yield on_ice.pop(key)
        for key, player in here.items():
            began = on_ice[key][3] if key in on_ice else start
            on_ice[key] = key[0], player, period, began, end
    yield from on_ice.values()


def skaters_at(game: Game, period: int, clock: str) -> list[int]:
    """Return the skaters of the home team and of the away team on the ice; 5 and 5 outside every stint."""
    at = _seconds(clock)
    in_period = [stint for stint in game.stints if stint["period"] == period and stint["duration"] is not None]
    found = next(
        (stint for stint in in_period if _seconds(stint["start_time"]) > at >= _seconds(stint["end_time"])), None
    ) or next((stint for stint in in_period if _seconds(stint["start_time"]) == at), None)
    if not found:
        return [5, 5]
    return [sum(bool(found[side][slot]) for slot in (*SKATERS, "X")) for side in OTHER]


def _id(game: Game, side: str, shirt: str, number: int) -> str:
    """Return the id of a player: Go for a goalie, and else the jersey, as 45 or 45.0."""
    is_goalie = any(str(player["num"]) == shirt and player["pos"] == "G" for player in game.rosters[side])
    return "Go" if is_goalie else f"{shirt}.0" if number % 2 else shirt


def _date(day: str, year: int) -> str:
    """Return the day; in 2025 with the month first."""
    if year != 2025:
        return day
    written_year, month, of_month = day.split("-")
    return f"{int(month)}/{int(of_month)}/{written_year}"


def _seconds(clock: str) -> int:
    minutes, _, seconds = clock.partition(":")
    return int(minutes) * 60 + int(seconds)


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
