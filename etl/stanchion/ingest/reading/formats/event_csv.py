"""Event CSV: many games in a file, one row per event, players by name or by jersey, and a second file with shifts.

The events and the shifts of a game are its two parts, which may arrive in any order. A game is complete without shifts.
The rows of a game must be consecutive, so a file of any size is read one game at a time.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Annotated, Any, Final

import msgspec

from stanchion.ingest.reading import event_shifts
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.event_columns import NEEDS, NEEDS_OF_2022, Cells, Header, Order
from stanchion.ingest.reading.event_rows import FORMAT, GameRows, Key, Row, name_of, parse_key, written_key
from stanchion.ingest.reading.jsontext import Envelope
from stanchion.ingest.reading.model import Game, Part, Parts
from stanchion.ingest.reading.recognise import CsvFormat, JsonFormat, PartsFormat
from stanchion.ingest.reading.tables import Table

_FAULTY: Final = "The archived game is not in the form of an event CSV."
_Line = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class _Document(msgspec.Struct):
    """The archived form of the events or the shifts of a game."""

    format: str
    game: Key
    rows: list[tuple[_Line, Cells]]


def _read(table: Table) -> Iterator[Parts]:
    header = Header(table.columns)
    written = [key for key, _ in groupby(filter(None, (written_key(cells) for _, cells in _cells(table, header))))]
    order = header.order({date_ for date_, _, _ in written})
    keys = [key for date_, home, away in written if (key := parse_key(date_, home, away, order))]
    if not keys:
        raise UnreadableError("No row of the file has a date like 2026-01-16, a home team and an away team.")
    if len(set(keys)) < len(keys):
        raise UnreadableError("The rows of a game are not consecutive; sort the file by date, home team and away team.")
    without_game: list[Row] = []  # rows before the first game; they are rejected with the first game
    for key, rows in groupby(_rows_with_key(table, header, order), key=lambda pair: pair[0]):
        if key is None:
            without_game = [row for _, row in rows]
            continue
        yield _parts("events", key, without_game + [row for _, row in rows])
        without_game = []


def _cells(table: Table, header: Header) -> Iterator[Row]:
    for line, row in table.rows():
        yield line, header.cells(row)


def _rows_with_key(table: Table, header: Header, order: Order) -> Iterator[tuple[Key | None, Row]]:
    """Yield each row with the key of its game. A row without a key gets the key of the previous game."""
    key = None
    for line, cells in _cells(table, header):
        own = parse_key(*written, order) if (written := written_key(cells)) else None
        if own:
            key, cells["date"] = own, own[0]
        yield key, (line, cells)


def _read_shifts(table: Table) -> Iterator[Parts]:
    for key, rows in event_shifts.shifts_of_games(table):
        yield _parts("shifts", key, rows)


def _parts(kind: str, key: Key, rows: list[Row]) -> Parts:
    document = msgspec.json.encode({"format": FORMAT, "game": key, "rows": rows})
    return Parts(name_of(key), FORMAT, (Part(kind, len(rows), document),))


def _merge(game_key: str, documents: Mapping[str, bytes]) -> Game:
    """Build a game from its events, its shifts or both."""
    rows: dict[str, list[Row]] = {}
    key: Key | None = None
    for kind, document in documents.items():
        try:
            found = msgspec.json.decode(document, type=_Document)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UnreadableError(_FAULTY) from None
        rows[kind] = found.rows
        if name_of(_checked(found)) != game_key or key not in (None, found.game):
            raise UnreadableError(_FAULTY)
        key = found.game
    if key is None or not rows.keys() <= {"events", "shifts"}:
        raise UnreadableError(_FAULTY)
    return GameRows(key, rows.get("events", []), rows.get("shifts", [])).game()


def _read_archived(envelope: Envelope) -> Iterator[Game]:
    """Read the archived events of one game of a file."""
    tree: Any = {name: envelope.value(name) for name in ("format", "game", "rows")}
    try:
        found = msgspec.convert(tree, _Document)
    except (msgspec.ValidationError, RecursionError):
        raise UnreadableError(_FAULTY) from None
    game = GameRows(_checked(found), found.rows, []).game()
    yield msgspec.structs.replace(game, document=msgspec.json.encode(found))


def _checked(document: _Document) -> Key:
    if document.format != FORMAT or parse_key(*document.game) != document.game:
        raise UnreadableError(_FAULTY)
    return document.game


FORMATS = (
    CsvFormat(FORMAT, NEEDS, _read),
    CsvFormat(f"{FORMAT} of 2022", NEEDS_OF_2022, _read, of=FORMAT),
    CsvFormat(f"shifts of {FORMAT}", event_shifts.NEEDS, _read_shifts, of=FORMAT),
    JsonFormat(f"archived {FORMAT}", (("format",), ("game",), ("rows",)), _read_archived),
    PartsFormat(FORMAT, _merge),
)
