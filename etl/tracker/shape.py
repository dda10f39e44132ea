"""The game export as its tracker writes it, field by field: the only keys that are read, archived or shown.

Fields are of any type, since real files hold a number here and a text there; what is no object at all stays
what it is in the lists, and is rejected with its position when the game is built. What recurs in thousands of events is
a single value, by which they are remembered: a list or an object there is nothing.
"""

from typing import Any

from msgspec import Struct, field

Single = str | int | float | bool | None


class SourcePoint(Struct, omit_defaults=True, gc=False):
    x: Any = None
    y: Any = None


Points = SourcePoint | list[SourcePoint | None] | None


class SourcePlayer(Struct, omit_defaults=True, gc=False):
    num: Single = None
    name: Single = None
    team: Single = None
    role: Single = None
    play_detail1: Single = field(default=None, name="playD1")
    play_detail2: Single = field(default=None, name="playD2")
    success: Single = field(default=None, name="playSuccess")
    pressure: Single = None
    side_of_puck: Single = field(default=None, name="sideOfPuck")
    xy: Points = None


class SourceEvent(Struct, omit_defaults=True, gc=False):
    idx: Any = None
    period: Any = None
    type: Single = None
    team: Single = None
    zone: Single = None
    success: Single = None
    detail1: Single = None
    detail2: Single = None
    start_time: Any = None
    end_time: Any = None
    linked_group: Any = field(default=None, name="linkedEventIdx")
    assist_to: Any = field(default=None, name="assistToGoalIdx")
    sequence_no: Any = field(default=None, name="sequenceIdx")
    play_no: Any = field(default=None, name="playIdx")
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
