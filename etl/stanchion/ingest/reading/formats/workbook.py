"""The workbook of the tracker: one row per player per event, one row per stint, points on separate sheets.

A column has up to three names, depending on the version of the tracker: with an underscore at the end (filled in by a
person), without one (copied by a formula), and an older name. The first name with a value is used. A workbook has no
rosters; they are built from the names next to the jerseys.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from stanchion.ingest.reading.assemble import assemble
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.model import Game, Side
from stanchion.ingest.reading.recognise import WorkbookFormat
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.shape import (
    SourceEntry,
    SourceEvent,
    SourceGame,
    SourcePlayer,
    SourcePoint,
    SourceSlot,
    SourceStint,
    coerce,
)
from stanchion.ingest.reading.sheets import Workbook
from stanchion.ingest.reading.values import BadValueError, jersey, role

_FORMAT: Final = "workbook"
_SLOTS: Final = {
    "F1": "forward_1", "F2": "forward_2", "F3": "forward_3", "D1": "defense_1", "D2": "defense_2", "G": "goalie",
    "X": "xtra",
}  # fmt: skip
_SIDES: dict[str, Side] = {"h": "home", "home": "home", "a": "away", "away": "away"}
_INDEX = ("event_index", "tracking_event_index", "event_index_flag", "event_index_")

Row = dict[str, Any]


def _read(book: Workbook) -> Iterator[Game]:
    metadata = next(iter(book.rows("metadata")), {})
    rows, stints = book.rows("events"), book.rows("shifts")
    about = {
        **next(iter(stints), {}),
        **next(iter(rows), {}),
        **metadata,
    }  # the sheet metadata is optional; every sheet identifies the game
    if rows and not any(_cell(row, *_INDEX) is not None for row in rows):
        raise UnreadableError("The sheet events of the workbook has no values in the column event_index.")
    events = _events(rows, _points(book))
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
        shifts=[_stint(row) for row in stints],
        period_lengths=dict.fromkeys(("1", "2", "3"), length) if length is not None else None,
        home_attacks_right=_truth(_cell(metadata, "home_attacks_right_p1")),
    )
    source.repaired = book.repaired
    yield assemble(source)


def _cell(row: Row, *columns: str) -> Any:
    """Return the cell of the first of these columns that has a value; None when all are empty."""
    for name in _names(columns):
        if name in row:
            return row[name]
    return None


@cache
def _names(columns: tuple[str, ...]) -> list[str]:
    return [name for column in columns for name in (f"{column}_", column)]


def _events(rows: list[Row], points: dict[tuple[Any, ...], list[SourcePoint | None]]) -> list[SourceEvent]:
    """Group the rows by event_index. A row without an index is an event of its own."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        index = _whole(_cell(row, *_INDEX))
        groups[index if index is not None else ("row", number)].append(row)
    return [_event(index, group, points) for index, group in groups.items()]


def _event(index: Any, rows: list[Row], points: dict[tuple[Any, ...], list[SourcePoint | None]]) -> SourceEvent:
    row = rows[0]
    players = [_player(one, index, points) for one in rows if _role(one) or _shirt(one) is not None]
    zone = _cell(row, "event_team_zone", "zone")
    net = coerce(SourcePoint(row.get("net_x"), row.get("net_y"))) if "net_x" in row and "net_y" in row else None
    event = SourceEvent(
        idx=None if isinstance(index, tuple) else index,
        period=_whole(_cell(row, "period")),
        type=_cell(row, "event_type", "type", "event_type_code"),
        team=_team(rows),
        zone=zone[:1].lower() if isinstance(zone, str) else None,
        success=_cell(row, "event_successful"),
        detail1=_cell(row, "event_detail", "event_detail_code"),
        detail2=_cell(row, "event_detail_2", "event_detail2", "event_detail_2_code"),
        start_time=_clock(row, "event_start"),
        end_time=_clock(row, "event_end"),
        linked_group=_whole(_cell(row, "linked_event_index")),
        assist_to=_whole(_cell(row, "assist_to_goal_index")),
        sequence_no=_whole(_cell(row, "sequence_index")),
        play_no=_whole(_cell(row, "play_index")),
        players=players,
        puck=points.get(("puck", index)),
        net=net,
        is_highlight=_truth(_cell(row, "is_highlight")),
    )
    return coerce(event)


def _player(row: Row, index: Any, points: dict[tuple[Any, ...], list[SourcePoint | None]]) -> SourcePlayer:
    player = SourcePlayer(
        num=_shirt(row),
        name=_cell(row, "player_name"),
        role=_role(row),
        play_detail1=_cell(row, "play_detail1", "play_detail_1"),
        play_detail2=_cell(row, "play_detail2", "play_detail_2"),
        success=_cell(row, "play_detail_successful"),
        pressure=_whole(_cell(row, "pressured_pressurer")),
        side_of_puck=_cell(row, "side_of_puck"),
        xy=points.get(("player", index, _role(row))),
    )
    return coerce(player)


def _team(rows: list[Row]) -> Side | None:
    """Return the event's team: the team of the first player who is not an opponent.

    When all players are opponents, it is the other side.
    """
    for row in rows:
        side = _SIDES.get(str(_cell(row, "team", "team_venue", "team_venue_abv")).strip().lower())
        if side and role(_role(row))[0] != "opp":
            return side
    return OTHER[side] if side else None


def _role(row: Row) -> Any:
    """Return the role of a player, such as event_player_1, which older workbooks write as e1."""
    written = _cell(row, "player_role")
    short = _cell(row, "role_abrev")
    if written is None and isinstance(short, str) and short[:1] in "eo" and short[1:].isdigit():
        return f"{'event' if short[0] == 'e' else 'opp'}_player_{short[1:]}"
    return written


def _shirt(row: Row) -> Any:
    return _whole(_cell(row, "player_game_number", "player_number"))


def _points(book: Workbook) -> dict[tuple[Any, ...], list[SourcePoint | None]]:
    """Return the points of each event and of each of its players, ordered by slot."""
    points: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in book.rows("xy_puck"):
        points["puck", _whole(_cell(row, *_INDEX))].append(row)
    for row in book.rows("xy_player"):
        points["player", _whole(_cell(row, *_INDEX)), _role(row)].append(row)
    return {
        key: [coerce(SourcePoint(row.get("x"), row.get("y"))) for row in sorted(rows, key=_slot)]
        for key, rows in points.items()
    }


def _slot(row: Row) -> float:
    slot = row.get("xy_slot")
    return slot if isinstance(slot, int | float) else 0


def _rosters(rows: list[Row], events: list[SourceEvent]) -> dict[str, list[Any]]:
    """Build rosters from the names next to the jerseys, on the side of the role. The first name of a jersey is used."""
    rosters: dict[str, dict[str, SourceEntry]] = {"home": {}, "away": {}}
    ids = {(_shirt(row), _cell(row, "player_name")): _cell(row, "player_id") for row in rows}
    for event in events:
        for player in event.players or ():
            try:
                shirt = jersey(player.num)
            except BadValueError:
                continue
            team: Any = event.team
            if team is None or shirt is None or not player.name:
                continue
            side = OTHER[team] if role(player.role)[0] == "opp" else team
            person = ids.get((player.num, player.name))
            rosters[side].setdefault(shirt, SourceEntry(person, player.num, player.name))
    return {side: list(entries.values()) for side, entries in rosters.items()}


def _stint(row: Row) -> SourceStint:
    return SourceStint(
        period=_whole(_cell(row, "period")),
        start_time=_clock(row, "shift_start"),
        end_time=_clock(row, "shift_end"),
        start_type=_cell(row, "shift_start_type"),
        stop_type=_cell(row, "shift_stop_type"),
        duration=_cell(row, "shift_duration"),
        stoppage=_cell(row, "stoppage_time"),
        home=_on_ice(row, "home"),
        away=_on_ice(row, "away"),
    )


def _on_ice(row: Row, side: Side) -> dict[str, SourceSlot | None]:
    slots: dict[str, SourceSlot | None] = {}
    for slot, column in _SLOTS.items():
        shirt = _whole(_cell(row, f"{side}_{column}"))
        if shirt is not None:
            extras = str(shirt).split(",")  # one cell may contain several extra skaters
            slots |= {
                slot + (str(number + 1) if number else ""): SourceSlot(extra) for number, extra in enumerate(extras)
            }
    return slots


def _clock(row: Row, prefix: str) -> str | None:
    """Return the clock from the columns of minutes and seconds, or else from the text column."""
    minutes, rest = _cell(row, f"{prefix}_min"), _cell(row, f"{prefix}_sec")
    try:
        return f"{int(float(minutes))}:{float(rest or 0):g}"
    except (TypeError, ValueError, OverflowError):
        written = _cell(row, f"{prefix}_time", prefix)
        return written if isinstance(written, str) else None


def _whole(value: Any) -> Any:
    """Convert 1000.0 to 1000, because workbooks store every number as a float."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _truth(value: Any) -> bool | None:
    return None if value is None else str(value).strip().lower() in ("1", "1.0", "true", "y")


FORMATS = (WorkbookFormat(_FORMAT, (("events",), ("shifts",)), _read),)
