"""The workbook of the tracker: one row per player per event, one row per stint, points on separate sheets.

A column has up to three names, depending on the version of the tracker: with an underscore at the end (filled in by a
person), without one (copied by a formula), and an older name. The first name with a value is used. A workbook has no
rosters; they are built from the names next to the jerseys.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from itertools import repeat
from operator import itemgetter
from typing import Any, Final

from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Side
from stanchion.ingest.reading.recognise import WorkbookFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.shape import (
    Number,
    SourceEntry,
    SourceEvent,
    SourceGame,
    SourcePlayer,
    SourcePoint,
    SourceSlot,
    SourceStint,
    Text,
    Truth,
    coerce,
    coerce_all,
)
from stanchion.ingest.reading.sheets import Sheet, Workbook
from stanchion.ingest.reading.values import BadValueError, jersey, role

_FORMAT: Final = "workbook"
_SLOTS: Final = {
    "F1": "forward_1", "F2": "forward_2", "F3": "forward_3", "D1": "defense_1", "D2": "defense_2", "G": "goalie",
    "X": "xtra",
}  # fmt: skip
_SIDES: dict[str, Side] = {"h": "home", "home": "home", "a": "away", "away": "away"}
_INDEX = ("event_index", "tracking_event_index", "event_index_flag", "event_index_")

Points = dict[tuple[Any, ...], list[SourcePoint | None]]


def _read(book: Workbook) -> Iterator[Game]:
    metadata, rows, stints = book.sheet("metadata").row(0), book.sheet("events"), book.sheet("shifts")
    about = {**stints.row(0), **rows.row(0), **metadata}  # the sheet metadata is optional; every one has the game
    indexes = _wholes(_cells(rows, *_INDEX))
    if rows.height and not any(index is not None for index in indexes):
        raise UnreadableError("The sheet events of the workbook has no values in the column event_index.")
    events = _events(rows, indexes, _points(book))
    length = _cell(metadata, "period_length_minutes", "period_length")
    source = SourceGame(
        format=_FORMAT,
        events=list(events),
        rosters=_rosters(rows, events),
        game_id=_whole(_cell(about, "game_id")),
        game_date=_cell(about, "game_date", "date"),
        export_date=_cell(metadata, "export_timestamp", "export_date"),
        home_team=_cell(about, "home_team"),
        away_team=_cell(about, "away_team"),
        shifts=_stints(stints),
        period_lengths=dict.fromkeys(("1", "2", "3"), length) if length is not None else None,
        home_attacks_right=_truth(_cell(metadata, "home_attacks_right_p1")),
    )
    source.repaired = book.repaired
    yield assemble(source)


def _cell(row: dict[str, Any], *columns: str) -> Any:
    """Return the cell of the first of these columns that has a value; None when all are empty."""
    return next((row[name] for name in _names(columns) if name in row), None)


def _cells(sheet: Sheet, *columns: str) -> list[Any]:
    """Return for each row of a sheet the cell of the first of these columns that has a value."""
    return sheet.column(*_names(columns))


@cache
def _names(columns: tuple[str, ...]) -> list[str]:
    return [name for column in columns for name in (f"{column}_", column)]


def _events(rows: Sheet, indexes: list[Any], points: Points) -> list[SourceEvent]:
    """Group the rows by event_index. A row without an index is an event of its own."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for number, index in enumerate(indexes):
        groups[index if index is not None else ("row", number)].append(number)
    first = [group[0] for group in groups.values()]
    roles, shirts = _roles(rows), _shirts(rows)
    players = _players(rows, shirts, roles, [points.get(("player", *key)) for key in zip(indexes, roles, strict=True)])
    is_player = [bool(each) or shirt is not None for each, shirt in zip(roles, shirts, strict=True)]

    def cells(*columns: str) -> list[Any]:
        column = _cells(rows, *columns)
        return list(map(column.__getitem__, first))

    fields = (
        coerce_all([None if isinstance(index, tuple) else index for index in groups], Number),
        _wholes(cells("period")),
        coerce_all(cells("event_type", "type", "event_type_code"), Text),
        _teams(rows, roles, groups.values()),
        [zone[:1].lower() if isinstance(zone, str) else None for zone in cells("event_team_zone", "zone")],
        coerce_all(cells("event_successful"), Truth),
        coerce_all(cells("event_detail", "event_detail_code"), Text),
        coerce_all(cells("event_detail_2", "event_detail2", "event_detail_2_code"), Text),
        _clocks(cells, "event_start"),
        _clocks(cells, "event_end"),
        coerce_all(_wholes(cells("linked_event_index")), Number),
        coerce_all(_wholes(cells("assist_to_goal_index")), Number),
        coerce_all(_wholes(cells("sequence_index")), Number),
        coerce_all(_wholes(cells("play_index")), Number),
        [[players[row] for row in group if is_player[row]] for group in groups.values()],
        [points.get(("puck", index)) for index in groups],
        _nets(rows, first),
        map(_truth, cells("is_highlight")),
    )
    return list(map(SourceEvent, *fields))


def _players(
    rows: Sheet, shirts: list[Any], roles: list[Any], places: list[list[SourcePoint | None] | None]
) -> list[SourcePlayer]:
    fields = (
        coerce_all(shirts, Number),
        coerce_all(_cells(rows, "player_name"), Text),
        repeat(None),  # the team, which the role decides
        coerce_all(roles, Text),
        coerce_all(_cells(rows, "play_detail1", "play_detail_1"), Text),
        coerce_all(_cells(rows, "play_detail2", "play_detail_2"), Text),
        coerce_all(_cells(rows, "play_detail_successful"), Truth),
        coerce_all(_wholes(_cells(rows, "pressured_pressurer")), Text),
        coerce_all(_cells(rows, "side_of_puck"), Text),
        places,
    )
    return list(map(SourcePlayer, *fields))


def _teams(rows: Sheet, roles: list[Any], groups: Iterable[list[int]]) -> list[Side | None]:
    """Return each event's team: the team of the first player who is not an opponent.

    When all players are opponents, it is the other side.
    """
    written = _cells(rows, "team", "team_venue", "team_venue_abv")
    known = {each: _SIDES.get(str(each).strip().lower()) for each in set(written)}
    opponents = {each for each in set(roles) if role(each)[0] == "opp"}
    sides = [(known[each], own not in opponents) for each, own in zip(written, roles, strict=True)]

    def team(group: list[int]) -> Side | None:
        for side, is_own in map(sides.__getitem__, group):
            if side and is_own:
                return side
        return OTHER[side] if side else None

    return list(map(team, groups))


def _rosters(rows: Sheet, events: list[SourceEvent]) -> dict[str, list[Any]]:
    """Build rosters from the names next to the jerseys, on the side of the role. The first name of a jersey is used."""
    rosters: dict[str, dict[str, SourceEntry]] = {"home": {}, "away": {}}
    people = zip(_shirts(rows), _cells(rows, "player_name"), strict=True)
    ids = dict(zip(people, _cells(rows, "player_id"), strict=True))
    # each distinct player of a side once, in the order of the events
    distinct = dict.fromkeys(
        (event.team, player.num, player.name, player.role) for event in events for player in event.players or ()
    )
    team: Any
    for team, num, name, written in distinct:
        try:
            shirt = jersey(num)
        except BadValueError:
            continue
        if team is None or shirt is None or not name:
            continue
        side: Side = OTHER[team] if role(written)[0] == "opp" else team
        rosters[side].setdefault(shirt, SourceEntry(ids.get((num, name)), num, name))
    return {side: list(entries.values()) for side, entries in rosters.items()}


def _shirts(rows: Sheet) -> list[Any]:
    return _wholes(_cells(rows, "player_game_number", "player_number"))


def _nets(rows: Sheet, first: list[int]) -> list[SourcePoint | None]:
    """Return the point of the net of each event, when it has both coordinates."""
    places = zip(rows.column("net_x"), rows.column("net_y"), strict=True)
    nets = [coerce(SourcePoint(x, y)) if x is not None and y is not None else None for x, y in places]
    return [nets[row] for row in first]


def _roles(sheet: Sheet) -> list[Any]:
    """Return the role of each player, such as event_player_1, which older workbooks write as e1."""
    written, short = _cells(sheet, "player_role"), _cells(sheet, "role_abrev")
    return [_role(*pair) if pair[0] is None else pair[0] for pair in zip(written, short, strict=True)]


def _role(written: Any, short: Any) -> Any:
    if isinstance(short, str) and short[:1] in "eo" and short[1:].isdigit():
        return f"{'event' if short[0] == 'e' else 'opp'}_player_{short[1:]}"
    return written


def _points(book: Workbook) -> Points:
    """Return the points of each event and of each of its players, ordered by slot."""
    points: dict[tuple[Any, ...], list[tuple[float, Any, Any]]] = defaultdict(list)
    for name in ("puck", "player"):
        sheet = book.sheet(f"xy_{name}")
        indexes, slots = _wholes(_cells(sheet, *_INDEX)), sheet.column("xy_slot")
        keys = zip(indexes, _roles(sheet), strict=True) if name == "player" else zip(indexes, strict=True)
        for key, slot, x, y in zip(keys, slots, sheet.column("x"), sheet.column("y"), strict=True):
            points[name, *key].append((slot if isinstance(slot, int | float) else 0, x, y))
    return {
        key: [coerce(SourcePoint(x, y)) for _, x, y in sorted(places, key=itemgetter(0))]
        for key, places in points.items()
    }


def _stints(sheet: Sheet) -> list[SourceStint | Any]:
    cells = partial(_cells, sheet)
    fields = (
        _wholes(cells("period")),
        _clocks(cells, "shift_start"),
        _clocks(cells, "shift_end"),
        cells("shift_start_type"),
        cells("shift_stop_type"),
        cells("shift_duration"),
        cells("stoppage_time"),
        _on_ice(sheet, "home"),
        _on_ice(sheet, "away"),
    )
    return list(map(SourceStint, *fields))


def _on_ice(sheet: Sheet, side: Side) -> list[dict[str, SourceSlot | None]]:
    columns = [_wholes(_cells(sheet, f"{side}_{column}")) for column in _SLOTS.values()]
    return [_slots(shirts) for shirts in zip(*columns, strict=True)]


def _slots(shirts: tuple[Any, ...]) -> dict[str, SourceSlot | None]:
    slots: dict[str, SourceSlot | None] = {}
    for slot, shirt in zip(_SLOTS, shirts, strict=True):
        if shirt is not None:
            extras = str(shirt).split(",")  # one cell may contain several extra skaters
            slots |= {
                slot + (str(number + 1) if number else ""): SourceSlot(extra) for number, extra in enumerate(extras)
            }
    return slots


def _clocks(cells: Callable[..., list[Any]], prefix: str) -> list[str | None]:
    """Return the clocks from the columns of minutes and seconds, or else from the text column."""
    parts = zip(cells(f"{prefix}_min"), cells(f"{prefix}_sec"), strict=True)
    written = cells(f"{prefix}_time", prefix)
    return [
        _clock(minutes, rest) or (text if isinstance(text, str) else None)
        for (minutes, rest), text in zip(parts, written, strict=True)
    ]


@lru_cache(maxsize=8192, typed=True)
def _clock(minutes: Any, rest: Any) -> str | None:
    try:
        return f"{int(float(minutes))}:{float(rest or 0):g}"
    except (TypeError, ValueError, OverflowError):
        return None


def _wholes(values: list[Any]) -> list[Any]:
    if values.count(None) == len(values):  # a column that the workbook does not have
        return values
    return [int(value) if value.__class__ is float and value.is_integer() else value for value in values]


def _whole(value: Any) -> Any:
    """Convert 1000.0 to 1000, because workbooks store every number as a float."""
    return _wholes([value])[0]


def _truth(value: Any) -> bool | None:
    return None if value is None else str(value).strip().lower() in ("1", "1.0", "true", "y")


FORMATS = (WorkbookFormat(_FORMAT, (("events",), ("shifts",)), _read),)
