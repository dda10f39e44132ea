"""The shifts that are published with the event CSVs of 2024 and 2025: one row for each player's time on the ice.

The sides of the teams are only in game_name, such as "2024-11-15 - Team B at Team A", whose names of teams may differ
from team_name.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.event_columns import Cells, Order, order_of_dates, read_date
from stanchion.ingest.reading.jsontext import MAX_PIECES
from stanchion.ingest.reading.tables import Table, plain
from stanchion.ingest.reading.values import BadValueError, text

COLUMNS: Final = {
    "date", "game name", "team name", "player name", "player id", "period", "start clock", "end clock", "shift length",
}  # fmt: skip
NEEDS: Final = (
    ("date", "game date"), ("game name",), ("team name",), ("player name", "player id"), ("period",), ("start clock",),
    ("end clock",),
)  # fmt: skip
_MAX_TEAMS: Final = 50  # names of teams counted for a game, which has two
_DAY: Final = re.compile(r"\s*[\d/.-]+\s+-\s+")  # before the teams in game_name
_AT: Final = re.compile(r"\s(?:at|@)\s", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")

Row = tuple[int, Cells]  # line number in the file, and the cells that are not blank
Key = tuple[str, str, str]  # date, home team, away team
_Game = tuple[str, str]  # date and game_name as written in the file


def shifts_of_games(table: Table) -> Iterator[tuple[Key, list[Row]]]:
    """Yield the rows of each game, with ISO dates. Raises UnreadableError before the first game is yielded.

    Rows without a game belong to the game before them, where they are rejected.
    """
    keys = _keys(table)
    order = order_of_dates(written for (written, _), _ in keys)
    played = [_key(game, teams, order) for game, teams in keys]
    if not played:
        raise UnreadableError("No row of the file has a date like 2024-11-15, a game_name and a team_name.")
    if len(set(played)) < len(played):
        raise UnreadableError("The shifts of a game are not consecutive; sort the file by date and game_name.")
    waiting = iter(played)
    current: _Game | None = None
    key = played[0]
    rows: list[Row] = []
    for line, cells in _rows(table):
        game = _game(cells)
        if game and game != current:
            if current:
                yield key, rows
                rows = []
            current, key = game, next(waiting)
        played_on = read_date(cells.get("date", ""), order)
        rows.append((line, cells | ({"date": played_on.isoformat()} if played_on else {})))
        if len(rows) > MAX_PIECES:
            raise UnreadableError(f"A game has more than {MAX_PIECES} shifts.")
    yield key, rows


def _rows(table: Table) -> Iterator[Row]:
    names = ["date" if plain(name) == "game date" else plain(name) for name in table.columns]
    known = [(n, name) for n, name in enumerate(names) if name in COLUMNS]
    for line, row in table.rows():
        is_valid = row is not None and len(row) <= len(names)
        yield line, _cells(row or [], known) if is_valid else {}


def _cells(row: Sequence[str], known: list[tuple[int, str]]) -> Cells:
    return {name: row[n] for n, name in known if n < len(row) and row[n] and not row[n].isspace()}


def _game(cells: Cells) -> _Game | None:
    """Return the game of a row; None when the row has no date that can be read in some order, or no game_name."""
    written, name = cells.get("date", ""), cells.get("game name", "").strip()
    if not name or not (read_date(written, "day") or read_date(written, "month")):
        return None
    return written, name


def _keys(table: Table) -> list[tuple[_Game, Counter[str]]]:
    """Return each game of the file with its names of teams and the numbers of their rows."""
    found: list[tuple[_Game, Counter[str]]] = []
    for _, cells in _rows(table):
        game = _game(cells)
        if game and (not found or found[-1][0] != game):
            found.append((game, Counter()))
        try:
            team = text(cells.get("team name"))
        except BadValueError:
            continue
        if found and team and (team in found[-1][1] or len(found[-1][1]) < _MAX_TEAMS):
            found[-1][1][team] += 1
    return found


def _key(game: _Game, teams: Counter[str], order: Order) -> Key:
    written, name = game
    played_on = read_date(written, order)
    frequent = teams.most_common(3)
    is_pair = len(frequent) == 2 or (len(frequent) == 3 and frequent[1][1] > frequent[2][1])
    sides = home_and_away(name, (frequent[0][0], frequent[1][0])) if is_pair else None
    if played_on is None:
        raise UnreadableError("A date of the file cannot be read like the others.")
    if sides is None:
        raise UnreadableError(
            "The home team of a game cannot be decided: the rows of a game need two team names, and a game_name like "
            "2024-11-15 - Team B at Team A."
        )
    return played_on.isoformat(), *sides


def home_and_away(game_name: str, teams: tuple[str, str]) -> tuple[str, str] | None:
    """Return the home team and the away team by the similarity of their names with those in game_name.

    None when both ways are equally similar.
    """
    try:
        name = text(_DAY.sub("", game_name, count=1)) or ""
    except BadValueError:
        return None
    one, other = teams
    at_home = {one: 0.0, other: 0.0}
    for at in _AT.finditer(name):
        left, right = name[: at.start()], name[at.end() :]
        for home, away in ((one, other), (other, one)):
            at_home[home] = max(at_home[home], _likeness(left, away) + _likeness(right, home))
    if at_home[one] == at_home[other]:
        return None
    return (one, other) if at_home[one] > at_home[other] else (other, one)


def _likeness(one: str, other: str) -> float:
    """Return the number of words in both texts as a share of all their words."""
    words = [set(_WORD.findall(each.casefold())) for each in (one, other)]
    both, all_of_them = words[0] & words[1], words[0] | words[1]
    return len(both) / len(all_of_them) if all_of_them else 0.0
