"""The canonical form of one export of one game, which every format is read into.

Readers (ingest/reading) build it and the loader (ingest/loading) stores it. Two spellings of the same game give equal
values, and therefore the same content hash. Only fields that end in _raw keep the spelling of the source; they are not
part of the hash.

Thousands of events share a few actions and participants, and stints share a few players. Each distinct one is built
once per game. These structs compare and hash by identity (eq=False), which makes looking them up fast.

Text is in NFC, trimmed, at most 500 characters long and without NUL. Whole numbers fit a bigint. The garbage collector
does not track these structs (gc=False): they contain no cycles, and reading takes half the time.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

Side = Literal["home", "away"]
Strength = Literal["even", "power_play", "short_handed"]
Lacks = Literal[
    "assists", "blocks", "coordinates", "faceoffs", "giveaways", "goalie_time", "goalies", "hits", "ice_time",
    "missed_shots", "on_ice", "passes", "penalties", "penalty_minutes", "plus_minus", "saves", "shootouts", "strength",
    "takeaways",
]  # fmt: skip
SLOTS = ("F1", "F2", "F3", "D1", "D2", "G", "X")
EXTRA_SLOTS = ("X2", "X3")  # players beyond a legal line-up, as during a change


class Entry(Struct, frozen=True, gc=False):
    """One line of a roster."""

    side: Side
    jersey: str | None  # None when it is missing or 'null'
    name: str | None
    person_key: str | None  # id of the person in the source, such as 'P100023'; None when it is missing
    position: str | None


class Participant(Struct, frozen=True, gc=False, eq=False):
    """One player who takes part in an event."""

    participant_no: int  # 0-based position in the event
    role: Literal["event", "opp"] | None
    role_no: int | None
    side: Side | None  # see Rosters.side; None: neither the event nor the player has a team
    jersey: str | None  # None in an event CSV, whose players are identified by person_key
    name: str | None
    person_key: str | None  # from the roster, by side and jersey; None when unknown
    detail1: str | None  # canonical code of playD1
    detail2: str | None
    detail1_raw: str | None
    detail2_raw: str | None
    success: bool | None  # playSuccess
    pressure: str | None
    side_of_puck: str | None


class Action(Struct, frozen=True, gc=False, eq=False):
    """The type, details, side and outcome of an event."""

    type: str  # canonical code
    detail1: str | None
    detail2: str | None
    type_raw: str
    detail1_raw: str | None
    detail2_raw: str | None
    side: Side | None  # None: the event is kept, but counts for no team or player
    zone: Literal["o", "d", "n"] | None
    success: bool | None
    # what the source itself records about the play; None: it does not, and the marts compute it
    minutes: int | None = None  # of a penalty; without it, the class in detail1 gives the minutes
    gives_power_play: bool | None = None  # of a penalty
    strength: Strength | None = None  # of the side of the event, without its extra attacker
    is_empty_net: bool | None = None  # the net of the other side is empty


class Event(Struct, frozen=True, gc=False):
    """One event of a game."""

    event_no: int  # 0-based position in the document
    source_idx: int | None  # idx of the source (default: the position); assistToGoalIdx refers to it
    period: int  # overtime is the number of regular periods + 1; 0: missing
    action: Action
    start_s: Decimal | None  # seconds remaining on the clock
    end_s: Decimal | None
    linked_group: int | None
    assist_to: int | None  # event_no of the goal in assistToGoalIdx; None when it is not a goal or is a duplicate
    sequence_no: int | None
    play_no: int | None
    is_highlight: bool
    participants: tuple[Participant, ...]


class OnIce(Struct, frozen=True, gc=False, eq=False):
    """One player on the ice during a stint."""

    side: Side
    slot: str
    jersey: str | None
    name: str | None
    person_key: str | None


class Stint(Struct, frozen=True, gc=False):
    """A span of a period during which the same players are on the ice."""

    stint_no: int  # 0-based among stints with players; one number is skipped where rows of the period were left out
    period: int
    start_s: Decimal  # seconds remaining on the clock
    end_s: Decimal
    stoppage_s: Decimal | None
    start_type: str | None
    stop_type: str | None
    on_ice: tuple[OnIce, ...]


class Figure(Struct, frozen=True, gc=False):
    """One official figure of the source, such as the goals of a player in the box score."""

    scope: Literal["player", "goalie", "team", "period"]
    side: Side
    player: str  # key of the player as in the marts: the jersey, or 'id:' and the person_key; '' for a team
    period: int  # 0 unless the scope is period
    name: str  # the column of the mart with the same figure
    value: str  # a whole number, or a decision such as 'OTL'


class Part(Struct, frozen=True, gc=False):
    """One of the documents that make a game together, such as its events or its box score."""

    kind: str  # such as 'events'; a game has one part of each kind
    size: int  # entries in the part: of two parts of one kind, the one with more entries is used
    document: bytes  # JSON of the known fields, for the archive


class Parts(Struct, frozen=True, gc=False):
    """What one document contributes to a game. `merge_parts` builds the game from the parts of all documents."""

    game_key: str
    format: str
    parts: tuple[Part, ...]


class Rows(Struct, frozen=True, gc=False):
    """The rows of a game in the tables partitioned by game day, as text. See ingest/reading/rowtext.py."""

    tables: dict[str, list[str]]  # rows by table, without the columns tenant, day and game
    canonical: list[str]  # events and participants without the _raw fields


class Reject(Struct, frozen=True, gc=False):
    """A file, or a part of one such as an event, that was rejected, with the reason."""

    part: Literal["file", "roster", "event", "participant", "stint", "row"]
    position: int | None  # 0-based in its list; for a row, the line number in the file; for a file, None
    reason: str  # a sentence that does not quote the data
    raw: Any  # the piece itself as JSON values, without settings and other unknown keys


class Game(Struct, frozen=True, gc=False):
    """The content of one export. Events seen = accepted + rejected; stints seen = accepted + rejected + ignored."""

    game_key: str  # gameId as text; for an event CSV: '2026-01-16 Home vs Away'
    format: str  # 'game export' (also for an autosave), 'backup', 'roster', 'workbook' or 'event csv'
    exported_at: datetime | None  # in UTC; orders the revisions of a game
    home_team: str  # '' when the source has no name (flagged)
    away_team: str
    game_date: date | None  # None when the format does not contain it
    period_seconds: dict[str, int]  # by period: '1', '2', '3', 'OT'
    penalty_minutes: dict[str, int]  # by class: minor, major, misconduct
    home_attacks_right_p1: bool | None
    rosters: tuple[Entry, ...]
    events: tuple[Event, ...]
    stints: tuple[Stint, ...]
    rejects: tuple[Reject, ...]
    flags: dict[str, int]  # number of occurrences by flag; see ingest/reading/flags.py
    events_seen: int  # accepted + rejected; a goal of an event CSV is two events, the shot and the goal
    stints_seen: int
    stints_ignored: int  # stints without players, such as intermissions
    rows: Rows
    content_hash: bytes  # SHA-256 of teams, rosters, events and stints; see ingest/reading/identity.py
    document: bytes  # JSON of the known fields of the source, for the archive; reading it gives the same game
    lacks: tuple[Lacks, ...] = ()  # what the source does not record; the marts have null for it
    official: tuple[Figure, ...] = ()
    colours: tuple[str | None, str | None] = (None, None)  # of the home team and the away team, such as '#1f6fa8'
    has_league_lengths: bool = False  # period_seconds come from the league itself, and its rules do not replace them
    rank: str | None = None  # of a game merged from parts: more and larger parts sort later
