"""Event CSV: many games in a file, one row per event, players by name, no stints.

Event names are converted to the codes that statistics use. The row of a goal becomes two events: the shot and the goal.
The rows of a game must be consecutive, so a file of any size is read one game at a time.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

import msgspec

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.jsontext import REPLACEMENT, Envelope
from stanchion.ingest.reading.model import Action, Entry, Event, Game, Participant, Reject, Side
from stanchion.ingest.reading.recognise import CsvFormat, JsonFormat
from stanchion.ingest.reading.rink import Rink
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourcePoint
from stanchion.ingest.reading.tables import Table
from stanchion.ingest.reading.values import BadValueError, clock, code, day, period, raw, text

_FORMAT: Final = "event csv"
_REQUIRED = {"home team", "away team", "period", "clock", "team", "player", "event"}
_COLUMNS = (
    "date", "game_date", "home team", "away team", "period", "clock", "home team skaters", "away team skaters",
    "home team goals", "away team goals", "team", "player", "event", "x coordinate", "y coordinate", "detail 1",
    "detail 2", "detail 3", "detail 4", "player 2", "x coordinate 2", "y coordinate 2",
)  # fmt: skip
_PERIOD_SECONDS: Final = {"1": 1200, "2": 1200, "3": 1200}  # unless the league rules differ
_PENALTY_MINUTES: Final = {"minor": 2, "major": 5, "misconduct": 10}
# type, detail1 and prefix of detail2 by event. Goal, Shot and Penalty Taken are converted in _Reading._codes.
_CODES = {
    "play": ("Pass", "Pass_Completed", "Pass"),
    "incomplete_play": ("Pass", "Pass_Missed", "Pass"),
    "takeaway": ("Turnover", "Turnover_Takeaway", "Takeaway"),
    "puck_recovery": ("Possession", "Possession_PuckRecovery", "Possession"),
    "dump_in_out": ("Play", "Play_Offensive", "Play_Dump"),
    "zone_entry": ("Zone_Entry_Exit", "Zone_Entry", "ZoneEntry"),
    "faceoff_win": ("Faceoff", "Faceoff", "Faceoff"),
}
_SHOTS = {"on_net": "Shot_OnNetSaved", "missed": "Shot_Missed", "blocked": "Shot_Blocked"}
_ENTRIES = {"Dumped": "DumpIn", "Played": "Pass"}
_SUCCEEDED = {"play": True, "incomplete_play": False, "retained": True, "lost": False}
_TEAM_MATES = {"play", "incomplete_play"}  # events whose second player is on the same team
_SIDES: tuple[Side, Side] = ("home", "away")

Row = tuple[int, dict[str, str]]  # line number in the file, and the cells that are not blank
Key = tuple[str, str, str]  # date, home team, away team


def _recognises(columns: set[str]) -> bool:
    return columns >= _REQUIRED and bool({"date", "game_date"} & columns)


def _read(table: Table) -> Iterator[Game]:
    keys = [key for key, _ in groupby(filter(None, (_key(cells) for _, cells in _rows(table))))]
    if not keys:
        raise UnreadableError("No row of the file has a date like 2026-01-16, a home team and an away team.")
    if len(set(keys)) < len(keys):
        raise UnreadableError("The rows of a game are not consecutive; sort the file by date, home team and away team.")
    without_game: list[Row] = []  # rows before the first game; they are rejected with the first game
    for key, rows in groupby(_rows_with_key(table), key=lambda pair: pair[0]):
        if key is None:
            without_game = [row for _, row in rows]
            continue
        yield _Reading(key, without_game + [row for _, row in rows]).game()
        without_game = []


def _rows_with_key(table: Table) -> Iterator[tuple[Key | None, Row]]:
    """Yield each row with the key of its game. A row without a key gets the key of the previous game."""
    key = None
    for line, cells in _rows(table):
        key = _key(cells) or key
        yield key, (line, cells)


def _rows(table: Table) -> Iterator[Row]:
    """Yield the rows with the known columns. A row with too many cells, or of invalid CSV, has no cells."""
    known = [(number, column) for number, column in enumerate(table.columns) if column in _COLUMNS]
    for line, row in table.rows():
        if row is None or len(row) > len(table.columns):
            yield line, {}
            continue
        row += [""] * (len(table.columns) - len(row))
        yield line, {column: row[number] for number, column in known if row[number] and not row[number].isspace()}


def _key(cells: dict[str, str]) -> Key | None:
    return _parse_key(cells.get("date") or cells.get("game_date"), cells.get("home team"), cells.get("away team"))


@lru_cache(maxsize=256)
def _parse_key(written: str | None, home_team: str | None, away_team: str | None) -> Key | None:
    try:
        played_on, home, away = day(written), text(home_team), text(away_team)
    except BadValueError:
        return None
    return (played_on.isoformat(), home, away) if played_on and home and away else None


def _recognises_archived(keys: set[str]) -> bool:
    return keys >= {"format", "game", "rows"}


def _read_archived(envelope: Envelope) -> Iterator[Game]:
    """Read the archived document of one game of a file."""
    try:
        key = msgspec.convert(envelope.value("game"), Key)
        rows = msgspec.convert(envelope.value("rows"), list[Row])
    except msgspec.ValidationError:
        raise UnreadableError("The archived game is not in the form of an event CSV.") from None
    if day(key[0]) is None or envelope.value("format") != _FORMAT:
        raise UnreadableError("The archived game is not in the form of an event CSV.")
    yield _Reading(key, rows).game()


class _Reading:
    """The rows of one game, and what has been read from them so far."""

    def __init__(self, key: Key, rows: list[Row]) -> None:
        self.key = key
        self.rows = rows
        replaced = sum(REPLACEMENT in cell for _, cells in self.rows for cell in cells.values())
        self.flags: Counter[str] = Counter({"text_repaired": replaced})
        self.rejects: list[Reject] = []
        self.rink = Rink(corner=True)
        self.names = {name.casefold(): side for side, name in zip(_SIDES, key[1:], strict=True)}
        self.people: dict[str, Entry] = {}

    def game(self) -> Game:
        rosters = self._rosters()
        events: list[Event] = []
        for line, cells in self.rows:
            try:
                events += self._events(cells, len(events))
            except BadValueError as error:
                self.rejects.append(Reject("row", line, str(error), cells))
        points, self.flags["point_off_the_rink"] = self.rink.points()
        written = render(events, points, ())
        date_, home, away = self.key
        return Game(
            game_key=f"{date_} {home} vs {away}",
            format=_FORMAT,
            exported_at=None,
            home_team=home,
            away_team=away,
            game_date=day(date_),
            period_seconds=dict(_PERIOD_SECONDS),
            penalty_minutes=dict(_PENALTY_MINUTES),
            home_attacks_right_p1=None,
            rosters=rosters,
            events=tuple(events),
            stints=(),
            rejects=tuple(self.rejects),
            flags={name: count for name, count in sorted(self.flags.items()) if count},
            events_seen=len(events) + len(self.rejects),
            stints_seen=0,
            stints_ignored=0,
            rows=written,
            content_hash=content_hash((home, away), rosters, written),
            document=msgspec.json.encode({"format": _FORMAT, "game": self.key, "rows": self.rows}),
        )

    def _side(self, cells: dict[str, str]) -> Side | None:
        team = text(cells.get("team"))
        return self.names.get(team.casefold()) if team else None

    def _rosters(self) -> tuple[Entry, ...]:
        """Build rosters from the rows. A player is on the side that most rows of the player name.

        Rows in which the player acts decide. Rows of other players decide for those who only appear as Player 2.
        """
        acting: dict[str, Counter[Side]] = {}
        others: dict[str, Counter[Side]] = {}
        names: dict[str, str] = {}
        for _, cells in self.rows:
            try:
                side, event = self._side(cells), (code(cells.get("event")) or "").lower()
                players = text(cells.get("player")), text(cells.get("player 2"))
            except BadValueError:
                continue
            if side is None:
                continue
            sides = side, side if event in _TEAM_MATES else OTHER[side]
            for name, of_player, seen in zip(players, sides, (acting, others), strict=True):
                if name:
                    names.setdefault(_person(name), name)
                    seen.setdefault(_person(name), Counter())[of_player] += 1
        for person, counted in (others | acting).items():
            self.people[person] = Entry(counted.most_common(1)[0][0], None, names[person], person, None)
        return tuple(sorted(self.people.values(), key=lambda entry: (entry.side != "home", entry.person_key)))

    def _events(self, cells: dict[str, str], number: int) -> Sequence[Event]:
        if not cells:
            raise BadValueError("The row has more cells than the header has columns, or is not valid CSV.")
        if _key(cells) != self.key:
            raise BadValueError(
                "The row has no valid game: it needs a date like 2026-01-16, a home team and an away team."
            )
        written = code(cells.get("event"))
        if written is None:
            raise BadValueError("The cell of the column event is empty.")
        event = written.lower()
        number_of_period = period(cells.get("period"), len(_PERIOD_SECONDS))
        side = self._side(cells)
        start = clock(cells.get("clock"))
        people = self._people(cells, side, event in _TEAM_MATES)
        self.flags["event_without_team"] += side is None
        self.flags["event_without_clock"] += start is None
        self.flags["event_without_period"] += number_of_period == 0
        raws = (raw(cells.get("event")) or "", raw(cells.get("detail 1")), raw(cells.get("detail 2")))
        points = _points(cells)
        events = [
            Event(
                event_no=number + offset,
                source_idx=number + offset,
                period=number_of_period,
                action=Action(kind, detail1, detail2, *raws, side, None, succeeded),
                start_s=start,
                end_s=None,
                linked_group=None,
                assist_to=None,
                sequence_no=None,
                play_no=None,
                is_highlight=False,
                participants=people,
            )
            for offset, (kind, detail1, detail2, succeeded) in enumerate(self._codes(event, written, cells))
        ]
        for built in events:
            self.rink.add(f"{built.event_no},puck,-1", points)
        return events

    def _codes(
        self, event: str, written: str, cells: dict[str, str]
    ) -> list[tuple[str, str | None, str | None, bool | None]]:
        """Return type, detail1, detail2 and success of the events of a row: two for a goal, else one."""
        details = [code(cells.get(f"detail {number}")) for number in (1, 2, 3, 4)]
        first = details[0]
        if event == "goal":
            return [
                ("Shot", "Shot_Goal", _of("Shot", first), True),
                ("Goal", "Goal_Scored", _of("Goal", first), True),
            ]
        if event == "shot":
            outcomes = [_SHOTS[detail.lower()] for detail in details if detail and detail.lower() in _SHOTS]
            outcome = outcomes[0] if outcomes else "Shot"
            return [("Shot", outcome, _of("Shot", first), "OnNet" in outcome)]
        if event == "penalty_taken":
            low = (first or "").lower()
            penalty_class = next((kind for kind in ("misconduct", "major", "minor") if kind in low), None)
            self.flags["penalty_class_assumed"] += penalty_class is None
            return [("Penalty", f"Penalty_{(penalty_class or 'minor').title()}", _of("Penalty", first), None)]
        if event not in _CODES:
            return [(written, first, details[1], None)]
        kind, detail1, family = _CODES[event]
        succeeded = _SUCCEEDED.get(event, _SUCCEEDED.get((first or "").lower()))
        return [(kind, detail1, _of(family, _ENTRIES.get(first, first) if first else None), succeeded)]

    def _people(self, cells: dict[str, str], side: Side | None, same_team: bool) -> tuple[Participant, ...]:
        other = OTHER[side] if side else None
        roles = (
            ("player", "event", 1, side),
            ("player 2", "event" if same_team else "opp", 2 if same_team else 1, None),
        )
        people: list[Participant] = []
        for column, role, role_no, given in roles:
            name = text(cells.get(column))
            if name is None:
                continue
            side_by_role = given or (side if same_team else other)
            person = _person(name)
            entry = self.people.get(person)
            if entry and side_by_role and entry.side != side_by_role:
                self.flags["participant_moved"] += 1
            people.append(
                Participant(
                    participant_no=len(people),
                    role="event" if role == "event" else "opp",
                    role_no=role_no,
                    side=entry.side if entry else side_by_role,
                    jersey=None,
                    name=name,
                    person_key=person,
                    detail1=None,
                    detail2=None,
                    detail1_raw=None,
                    detail2_raw=None,
                    success=None,
                    pressure=None,
                    side_of_puck=None,
                )
            )
        return tuple(people)


def _person(name: str) -> str:
    """Return the person_key of a name, because this format identifies players only by name."""
    return f"name:{name.casefold()}"


def _of(family: str, detail: str | None) -> str | None:
    return f"{family}_{detail}" if detail else None


def _points(cells: dict[str, str]) -> list[SourcePoint | None]:
    return [
        SourcePoint(cells.get(f"x coordinate{suffix}"), cells.get(f"y coordinate{suffix}")) for suffix in ("", " 2")
    ]


FORMATS = (CsvFormat(_FORMAT, _recognises, _read), JsonFormat(_FORMAT, _recognises_archived, _read_archived))
