"""One export of one game, in the form that every format is read into.

Readers (ingest/reading) produce it, and the loader (ingest/loading) writes it; neither imports the other. What is in
here is canonical: the same game written differently gives the same value, and so the same content hash. Only
the fields that end in _raw are as the source wrote them, and they are not part of the hash.

Thousands of events share a few actions and participants, and stints a few players: each of those is made once in a game
and told apart by its identity.

Text is in NFC, trimmed, at most 500 characters long and without NUL; whole numbers fit a bigint. Structs here are not
tracked by the garbage collector, which halves the time that reading takes; they hold no cycles.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

Side = Literal["home", "away"]
SLOTS = ("F1", "F2", "F3", "D1", "D2", "G", "X")


class Entry(Struct, frozen=True, gc=False):
    """One line of a roster."""

    side: Side
    jersey: str | None  # text, trimmed; None when it is missing or 'null'
    name: str | None
    person_key: str | None  # the source's id of the person ('P100023'); None when it has none
    position: str | None


class Participant(Struct, frozen=True, gc=False, eq=False):
    participant_no: int  # 0-based position in the event
    role: Literal["event", "opp"] | None
    role_no: int | None
    side: Side | None  # given team, else the role; the other roster may veto. None: neither event nor player has a team
    jersey: str | None  # None in an event CSV, where person_key tells people apart
    name: str | None
    person_key: str | None  # by roster (side, jersey); None when unknown
    detail1: str | None  # playD1, canonical code
    detail2: str | None
    detail1_raw: str | None
    detail2_raw: str | None
    success: bool | None  # playSuccess
    pressure: str | None
    side_of_puck: str | None


class Action(Struct, frozen=True, gc=False, eq=False):
    type: str  # canonical code
    detail1: str | None
    detail2: str | None
    type_raw: str
    detail1_raw: str | None
    detail2_raw: str | None
    side: Side | None  # None: kept, but counts for nobody
    zone: Literal["o", "d", "n"] | None
    success: bool | None


class Event(Struct, frozen=True, gc=False):
    event_no: int  # 0-based position in the document
    source_idx: int | None  # idx of the source, by default the position; assistToGoalIdx refers to it
    period: int  # OT = periods + 1; 0: the source names none
    action: Action
    start_s: Decimal | None  # seconds remaining on the clock
    end_s: Decimal | None
    linked_group: int | None
    assist_to: int | None  # event_no of the goal that assistToGoalIdx names; None: no goal, or one written twice
    sequence_no: int | None
    play_no: int | None
    is_highlight: bool
    participants: tuple[Participant, ...]


class OnIce(Struct, frozen=True, gc=False, eq=False):
    side: Side
    slot: str
    jersey: str
    name: str | None
    person_key: str | None


class Stint(Struct, frozen=True, gc=False):
    stint_no: int  # 0-based among those that somebody plays; one more where a row inside the period was left out
    period: int
    start_s: Decimal  # seconds remaining
    end_s: Decimal
    stoppage_s: Decimal | None
    start_type: str | None
    stop_type: str | None
    on_ice: tuple[OnIce, ...]


class Rows(Struct, frozen=True, gc=False):
    """What a game comes to in the tables by game day, as text: see etl/stanchion/ingest/reading/rowtext.py."""

    tables: dict[str, list[str]]  # rows by table, without tenant, day and game
    canonical: list[str]  # events and participants without what the source wrote literally


class Reject(Struct, frozen=True, gc=False):
    part: Literal["file", "roster", "event", "participant", "stint", "row"]
    position: int | None  # 0-based in its part (file: None; row: the line number in the file)
    reason: str  # a sentence, without the data
    raw: Any  # the piece itself, JSON-able, never anything of settings


class Game(Struct, frozen=True, gc=False):
    """One export, read. `accepted + rejected = seen` for events and stints; ignored non-playing stints are counted."""

    game_key: str  # gameId as text; for event CSV: '2026-01-16 Home vs Away'
    format: str  # 'game export' (autosaves too: nothing in them tells), 'backup', 'roster', 'workbook', 'event csv'
    exported_at: datetime | None  # aware, UTC; the order of revisions
    home_team: str  # '' when the source names none (flagged)
    away_team: str
    game_date: date | None  # when the format says it
    period_seconds: dict[str, int]  # '1', '2', '3', 'OT'
    penalty_minutes: dict[str, int]  # minor, major, misconduct
    home_attacks_right_p1: bool | None
    rosters: tuple[Entry, ...]
    events: tuple[Event, ...]
    stints: tuple[Stint, ...]
    rejects: tuple[Reject, ...]
    flags: dict[str, int]  # flag name → how often (see etl/stanchion/ingest/reading/flags.py)
    events_seen: int  # accepted and rejected; a goal of an event CSV is two events, its shot and itself
    stints_seen: int
    stints_ignored: int  # intermissions, dead ice, the phantom last row: seen, playing nobody
    rows: Rows  # of its tables by game day
    content_hash: bytes  # sha-256 of the canonical form of teams, rosters, events, stints, and nothing else
    document: bytes  # the source document without settings, as JSON bytes (UTF-8), for the archive
