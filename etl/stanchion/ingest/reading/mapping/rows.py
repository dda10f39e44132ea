"""Read the rows of a file, with only the values that a mapping names, and find the game of each row."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.jsontext import LIST, MAX_PIECES, TOO_MANY_VALUES, Envelope
from stanchion.ingest.reading.mapping.convert import Cells, day_of, folded, name_of
from stanchion.ingest.reading.mapping.schema import FILE, Mapping, TeamOf, references
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.tables import Table, plain
from stanchion.ingest.reading.values import BadValueError, text

_LARGEST: Final = 2**63 - 1  # maximum of a bigint
_MAX_HEADERS: Final = 1000  # kept at once
_MAX_LIST: Final = 60  # values of one list in a row, such as the players on the ice

Line = Annotated[int, Meta(ge=0, lt=2**31)]
Row = tuple[Line, Cells]  # line number of a CSV file or position in a list, and the values that are not empty


class GameHeader(Struct):
    """What identifies a game. Empty texts: the file has no value."""

    key: str
    date: str = ""
    home: str = ""
    away: str = ""


def csv_rows(table: Table, mapping: Mapping) -> Iterator[Row]:
    """Yield the rows of a CSV file. A row that is too long or not valid CSV has no values."""
    wanted: dict[str, list[str]] = {}
    for ref in references(mapping):
        wanted.setdefault(column(ref), []).append(ref)
    known = [(n, wanted[name]) for n, name in enumerate(map(column, table.columns)) if name in wanted]
    width = len(table.columns)
    of_file = {FILE: _stem(table.path)} if FILE in references(mapping) else {}
    for line, row in table.rows():
        cells = dict(of_file)
        if row is None or len(row) > width:
            yield line, {}
            continue
        for n, refs in known:
            if n < len(row) and row[n] and not row[n].isspace():
                cells |= dict.fromkeys(refs, row[n])
        yield line, cells


def column(name: str) -> str:
    """Return the name of a column without the differences of case, white space and underscores."""
    return plain(name.lower())


def json_rows(envelope: Envelope, mapping: Mapping) -> Iterator[Row]:
    """Yield the rows of a JSON document. Only the keys that the mapping names are decoded."""
    refs = [(ref, *_steps(ref)) for ref in references(mapping) if ref != FILE]
    path = _path(mapping.rows or "")
    keys = {steps[0] for _, place, steps in refs if place == "$"} | {path[0][0] or LIST}
    tree = {key: envelope.value(key) for key in sorted(keys)}
    of_file = {FILE: _stem(envelope.path)} if FILE in references(mapping) else {}
    start = tree.get(LIST) if path[0][0] == "" else tree
    for position, (around, row) in enumerate(_walk(start, path, tree)):
        if position >= MAX_PIECES:
            raise UnreadableError(TOO_MANY_VALUES)
        cells = dict(of_file)
        tops = {"$": tree, "^": around, "": row}
        for ref, place, steps in refs:
            value = cleaned(_at(tops[place], steps))
            if value not in (None, "", []):
                cells[ref] = value
        yield position, cells if isinstance(row, dict) else {}


def cleaned(value: Any) -> Any:
    """Return a single value or a short list of them; None for anything else, and for a number that is too large."""
    if isinstance(value, list):
        return [found for piece in value[:_MAX_LIST] if not isinstance(piece, list) and (found := cleaned(piece))]
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value <= _LARGEST:
        return None
    return value if isinstance(value, str | int | float) else None


class Games:
    """Finds the game of each row of a file."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        game, team = mapping.game, mapping.team
        date = game.date if isinstance(game.date, str) or game.date is None else game.date.column
        names = (*(game.key or ()), date, game.home, game.away, game.own, game.opponent)
        self._refs = [*filter(None, names), team.column if isinstance(team, TeamOf) else team]
        self._headers: dict[tuple[str, ...], GameHeader | None] = {}  # by what a row contains about its game

    def of_row(self, cells: Cells) -> GameHeader | None:
        """Return what one row contains about its game; None when it does not contain which game it is."""
        written = tuple(str(cells.get(ref, "")) for ref in self._refs)
        if written not in self._headers:
            if len(self._headers) >= _MAX_HEADERS:
                self._headers.clear()
            self._headers[written] = _header(cells, self.mapping)
        return self._headers[written]

    def grouped(
        self, rows: Callable[[], Iterator[Row]], *, sorted_by_game: bool
    ) -> Iterator[tuple[GameHeader, list[Row]]]:
        """Yield the rows of each game. A row without a game belongs to the one before it, or else to the first one.

        With `sorted_by_game`, only one game is in memory, and the rows of a game must stand together.
        """
        found = self._sorted(rows) if sorted_by_game else self._collected(rows)
        for of_game in found:
            if len(of_game) > MAX_PIECES:
                raise UnreadableError(f"A game has more than {MAX_PIECES} rows.")
            yield self._first_of(of_game), of_game

    def _sorted(self, rows: Callable[[], Iterator[Row]]) -> Iterator[list[Row]]:
        keys = [key for key, _ in groupby(key for key, _ in self._keyed(rows())) if key]
        if not keys:
            raise self._without_games()
        if len(set(keys)) < len(keys):
            raise UnreadableError("The rows of a game do not stand together; sort the file by game.")
        before: list[Row] = []
        for key, pairs in groupby(self._keyed(rows()), key=lambda pair: pair[0]):
            found = before + [row for _, row in islice(pairs, MAX_PIECES + 1)]
            before = [] if key else found
            if key:
                yield found

    def _collected(self, rows: Callable[[], Iterator[Row]]) -> Iterator[list[Row]]:
        by_key: dict[str, list[Row]] = {}
        for key, row in self._keyed(rows()):
            by_key.setdefault(key, []).append(row)
        before = by_key.pop("", [])
        if not by_key:
            raise self._without_games()
        for found in by_key.values():
            yield before + found
            before = []

    def _keyed(self, rows: Iterator[Row]) -> Iterator[tuple[str, Row]]:
        key = ""
        for row in rows:
            found = self.of_row(row[1])
            key = found.key if found else key
            yield key, row

    def _first_of(self, rows: Iterable[Row]) -> GameHeader:
        """Return what the rows of a game contain about it. The first value of each kind is used."""
        first = GameHeader("")
        for _, cells in rows:
            own = self.of_row(cells)
            if own:
                first = GameHeader(
                    first.key or own.key, first.date or own.date, first.home or own.home, first.away or own.away
                )
                if all((first.key, first.date, first.home, first.away)):
                    break
        return first

    def _without_games(self) -> UnreadableError:
        what = "key of a game" if self.mapping.game.key else "date, home team and away team"
        return UnreadableError(f"No row of the file has the {what} that the mapping '{self.mapping.name}' names.")


def side_of_values(mapping: Mapping, cells: Cells) -> Side | None:
    """Return the side of a row whose column has values for home and away."""
    team = mapping.team
    if not isinstance(team, TeamOf) or team.home is None or team.away is None:
        return None
    written = folded(cells.get(team.column))
    if written in map(folded, team.home):
        return "home"
    return "away" if written in map(folded, team.away) else None


def _header(cells: Cells, mapping: Mapping) -> GameHeader | None:
    game = mapping.game
    try:
        played_on = day_of(game.date, cells) if game.date else None
        home, away = (text(name_of(cells.get(ref))) if ref else None for ref in (game.home, game.away))
        side = side_of_values(mapping, cells)
        if game.own and game.opponent and side:
            own, opponent = (text(name_of(cells.get(ref))) for ref in (game.own, game.opponent))
            home, away = (own, opponent) if side == "home" else (opponent, own)
        if game.key:
            parts = [name_of(cells.get(ref)) for ref in game.key]
            key = text(" ".join(part for part in parts if part)) if all(parts) else None
        else:
            key = f"{played_on} {home} vs {away}" if played_on and home and away else None
    except BadValueError:
        return None
    return GameHeader(key, str(played_on or ""), home or "", away or "") if key else None


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _path(rows: str) -> list[tuple[str, bool]]:
    """Return the steps to the list of rows: a key, and whether the steps continue in each object of its list."""
    steps = [(step.removesuffix("[]"), step.endswith("[]")) for step in rows.removeprefix("$.").split(".")]
    return [*steps[:-1], (steps[-1][0], True)]


def _walk(node: Any, path: list[tuple[str, bool]], around: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each row with the object around its list."""
    (name, is_list), *rest = path
    found = node if name == "" else node.get(name) if isinstance(node, dict) else None
    if not is_list:
        yield from _walk(found, rest, around)
        return
    for piece in found if isinstance(found, list) else ():
        if rest:
            yield from _walk(piece, rest, piece)
        else:
            yield around, piece


def _steps(ref: str) -> tuple[str, list[str]]:
    """Return where a reference starts ($, ^ or the row) and its keys."""
    found = re.match(r"([$^])\.(.+)", ref, re.DOTALL)
    return (found[1], found[2].split(".")) if found else ("", ref.split("."))


def _at(node: Any, steps: list[str]) -> Any:
    for step in steps:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and step.isdecimal() and len(step) < 6:
            node = node[int(step)] if int(step) < len(node) else None
        else:
            return None
    return node
