"""The game export as its tracker writes it, field by field: the only keys that are read, archived or shown.

Real files hold a number here and a text there; what is no object at all stays what it is in the lists, and is rejected
with its position when the game is built. What recurs in thousands of events is a single value, by which it is
remembered, and of kinds that are not equal to each other: 1 is true, and 1.0 is another text than 1.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

_LARGEST = 2**53
Whole = Annotated[int, Meta(ge=-_LARGEST, le=_LARGEST)]
Text = str | Whole | None
Number = str | Whole | float | None
Truth = str | Whole | float | bool | None  # in which 1 and true are the same


class SourcePoint(Struct, omit_defaults=True, gc=False):
    x: Number = None
    y: Number = None


Points = SourcePoint | list[SourcePoint | None] | None


class SourcePlayer(Struct, omit_defaults=True, gc=False):
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
    num: Any = None
    name: Any = None


class SourceStint(Struct, omit_defaults=True, gc=False):
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
    id: Any = None
    num: Any = None
    name: Any = None
    pos: Any = None


class SourceGame(Struct, omit_defaults=True, gc=False):
    """What of an export carries data. This is what is archived, so it can be read again."""

    format: str
    events: list[SourceEvent | Any]  # no default, so that an empty game still shows what it is
    rosters: dict[str, list[SourceEntry | Any]]  # by side
    game_id: Any = field(default=None, name="gameId")
    game_date: Any = field(default=None, name="date")
    export_date: Any = field(default=None, name="exportDate")
    saved_at: Any = field(default=None, name="savedAt")
    home_team: Any = field(default=None, name="homeTeam")
    away_team: Any = field(default=None, name="awayTeam")
    shifts: list[SourceStint | Any] = []
    period_lengths: Any = field(default=None, name="periodLengths")
    penalty_lengths: Any = field(default=None, name="penaltyLengths")
    home_attacks_right: Any = field(default=None, name="homeAttacksRightP1")
    repaired: int = 0


Piece = TypeVar("Piece", SourcePoint, SourcePlayer, SourceEvent)


def fit(piece: Piece) -> Piece:
    """The piece with what is of another kind made text where it is a number, and nothing where it is not."""
    for entry in msgspec.structs.fields(type(piece)):
        setattr(piece, entry.name, _fitting(getattr(piece, entry.name), entry.type))
    return piece


def _fitting(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        pass
    if kind == Points:
        places = value if isinstance(value, list) else [value]
        return [fit(SourcePoint(place.get("x"), place.get("y"))) for place in places if isinstance(place, dict)]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
