"""The fields of a game export as trackers write them: the only keys that are read, archived or shown.

The same field is a number in one file and a text in another. A list element that is not an object stays a plain value
and is rejected with its position when the game is built. Values that repeat in thousands of events are keys of caches,
so a field allows only types whose equal values have the same meaning: 1 equals true, and 1 equals 1.0 although their
texts differ.
"""

from functools import cache
from types import NoneType
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

_LARGEST = 2**53
Whole = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
Text = str | Whole | None
Number = str | Whole | float | None
Truth = str | Whole | float | bool | None  # only for fields in which 1 and true have the same meaning


class SourcePoint(Struct, omit_defaults=True, gc=False):
    """A point on the ice."""

    x: Number = None
    y: Number = None


Points = SourcePoint | list[SourcePoint | None] | None


class SourcePlayer(Struct, omit_defaults=True, gc=False):
    """A player who takes part in an event."""

    num: Number = None
    name: Text = None
    team: Text = None
    role: Text = None
    play_detail1: Text = field(default=None, name="playD1")
    play_detail2: Text = field(default=None, name="playD2")
    success: Truth = field(default=None, name="playSuccess")
    pressure: Text = None
    side_of_puck: Text = field(default=None, name="sideOfPuck")
    xy: Points = None


class SourceEvent(Struct, omit_defaults=True, gc=False):
    """An event."""

    idx: Number = None
    period: Any = None
    type: Text = None
    team: Text = None
    zone: Text = None
    success: Truth = None
    detail1: Text = None
    detail2: Text = None
    start_time: Text = None
    end_time: Text = None
    linked_group: Number = field(default=None, name="linkedEventIdx")
    assist_to: Number = field(default=None, name="assistToGoalIdx")
    sequence_no: Number = field(default=None, name="sequenceIdx")
    play_no: Number = field(default=None, name="playIdx")
    players: list[SourcePlayer] | None = None
    puck: Points = field(default=None, name="puckXY")
    net: Points = field(default=None, name="netXY")
    is_highlight: Any = field(default=None, name="isHighlight")


class SourceSlot(Struct, omit_defaults=True, gc=False):
    """The player in a slot of a stint."""

    num: Any = None
    name: Any = None


class SourceStint(Struct, omit_defaults=True, gc=False):
    """A stint, with the players of each side by slot."""

    period: Any = None
    start_time: Any = None
    end_time: Any = None
    start_type: Any = None
    stop_type: Any = None
    duration: Any = None
    stoppage: Any = field(default=None, name="stoppageTime")
    home: dict[str, SourceSlot | None] | None = None
    away: dict[str, SourceSlot | None] | None = None


class SourceEntry(Struct, omit_defaults=True, gc=False):
    """A line of a roster."""

    id: Any = None
    num: Any = None
    name: Any = None
    pos: Any = None


class SourceGame(Struct, omit_defaults=True, gc=False):
    """The fields of an export that contain data. The archive stores them as JSON, which can be read again."""

    format: str
    events: list[SourceEvent | Any]  # no default, so that the archive of an empty game contains the key too
    rosters: dict[str, list[SourceEntry | Any]]  # by side
    game_id: Any = field(default=None, name="gameId")
    game_date: Any = field(default=None, name="date")
    export_date: Any = field(default=None, name="exportDate")
    saved_at: Any = field(default=None, name="savedAt")
    home_team: Any = field(default=None, name="homeTeam")
    away_team: Any = field(default=None, name="awayTeam")
    home_colour: Any = field(default=None, name="homeColor")
    away_colour: Any = field(default=None, name="awayColor")
    shifts: list[SourceStint | Any] = []
    period_lengths: Any = field(default=None, name="periodLengths")
    penalty_lengths: Any = field(default=None, name="penaltyLengths")
    home_attacks_right: Any = field(default=None, name="homeAttacksRightP1")
    repaired: int = 0


Piece = TypeVar("Piece", SourcePoint, SourcePlayer, SourceEvent)


def coerce(piece: Piece) -> Piece:
    """Convert fields that have another type in place: a number to text, points to points, anything else to None."""
    for name, kind, takes_text in _kinds(type(piece)):
        value = getattr(piece, name)
        if value is not None and not (takes_text and isinstance(value, str)):
            setattr(piece, name, _coerced(value, kind))
    return piece


def coerce_all(values: list[Any], kind: Any) -> list[Any]:
    """Convert values of a field of this type, which takes text, as coerce does. Equal values are converted once."""
    kinds = {*map(type, values)} - {str, NoneType}
    if not kinds:
        return values
    if len(kinds) > 1:  # 1, 1.0 and true are equal
        return [value if value is None or isinstance(value, str) else _coerced(value, kind) for value in values]
    if kinds == {int} and all(value.__class__ is not int or -_LARGEST <= value <= _LARGEST for value in values):
        return values
    known = {
        value: value if value is None or isinstance(value, str) else _coerced(value, kind) for value in set(values)
    }
    return [known[value] for value in values]


@cache
def _kinds(piece: type[Piece]) -> list[tuple[str, Any, bool]]:
    """Return name and type of each field with a type, and whether it takes every text. msgspec needs 0.5 ms for it."""
    fields = msgspec.structs.fields(piece)
    return [(field.name, field.type, field.type in (Text, Number, Truth)) for field in fields if field.type is not Any]


def _coerced(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        pass
    if kind == Points:
        points = value if isinstance(value, list) else [value]
        return [coerce(SourcePoint(point.get("x"), point.get("y"))) for point in points if isinstance(point, dict)]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
