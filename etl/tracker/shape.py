"""The game export as its tracker writes it, field by field: the only keys that are read, archived or shown.

Fields are of any type, since real files hold a number here and a text there; what is no object at all stays
what it is in the lists, and is rejected with its position when the game is built.
"""

from typing import Any

from msgspec import Struct, field


class SourcePlayer(Struct, omit_defaults=True, gc=False):
    num: Any = None
    name: Any = None
    team: Any = None
    role: Any = None
    play_detail1: Any = field(default=None, name="playD1")
    play_detail2: Any = field(default=None, name="playD2")
    success: Any = field(default=None, name="playSuccess")
    pressure: Any = None
    side_of_puck: Any = field(default=None, name="sideOfPuck")
    xy: Any = None


class SourceEvent(Struct, omit_defaults=True, gc=False):
    idx: Any = None
    period: Any = None
    type: Any = None
    team: Any = None
    zone: Any = None
    success: Any = None
    detail1: Any = None
    detail2: Any = None
    start_time: Any = None
    end_time: Any = None
    linked_group: Any = field(default=None, name="linkedEventIdx")
    assist_to: Any = field(default=None, name="assistToGoalIdx")
    sequence_no: Any = field(default=None, name="sequenceIdx")
    play_no: Any = field(default=None, name="playIdx")
    players: list[SourcePlayer] | None = None
    puck: Any = field(default=None, name="puckXY")
    net: Any = field(default=None, name="netXY")
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
