"""Event CSV: many games in a file, one row per event, players by name or by jersey, no stints.

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
from stanchion.ingest.reading.event_columns import NEEDS, NEEDS_OF_2022, Cells, Header, Order, read_date
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.jsontext import REPLACEMENT, Envelope
from stanchion.ingest.reading.model import Action, Entry, Event, Game, Participant, Reject, Side
from stanchion.ingest.reading.recognise import CsvFormat, JsonFormat
from stanchion.ingest.reading.rink import Rink
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourcePoint
from stanchion.ingest.reading.tables import Table
from stanchion.ingest.reading.values import BadValueError, clock, code, day, jersey, period, raw, text

_FORMAT: Final = "event csv"
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

Row = tuple[int, Cells]  # line number in the file, and the cells that are not blank
Key = tuple[str, str, str]  # date, home team, away team
Person = str | tuple[Side, str]  # the person_key of a name, or the side and the jersey in a file without names


def _read(table: Table) -> Iterator[Game]:
    header = Header(table.columns)
    written = [key for key, _ in groupby(filter(None, (_written_key(cells) for _, cells in _cells(table, header))))]
    order = header.order({date_ for date_, _, _ in written})
    keys = [key for date_, home, away in written if (key := _parse_key(date_, home, away, order))]
    if not keys:
        raise UnreadableError("No row of the file has a date like 2026-01-16, a home team and an away team.")
    if len(set(keys)) < len(keys):
        raise UnreadableError("The rows of a game are not consecutive; sort the file by date, home team and away team.")
    without_game: list[Row] = []  # rows before the first game; they are rejected with the first game
    for key, rows in groupby(_rows_with_key(table, header, order), key=lambda pair: pair[0]):
        if key is None:
            without_game = [row for _, row in rows]
            continue
        yield _Reading(key, without_game + [row for _, row in rows]).game()
        without_game = []


def _cells(table: Table, header: Header) -> Iterator[Row]:
    for line, row in table.rows():
        yield line, header.cells(row)


def _rows_with_key(table: Table, header: Header, order: Order) -> Iterator[tuple[Key | None, Row]]:
    """Yield each row with the key of its game. A row without a key gets the key of the previous game."""
    key = None
    for line, cells in _cells(table, header):
        own = _parse_key(*written, order) if (written := _written_key(cells)) else None
        if own:
            key, cells["date"] = own, own[0]
        yield key, (line, cells)


def _written_key(cells: Cells) -> Key | None:
    """Return the key of a row as it is written in the file."""
    date_, home, away = (cells.get(column) for column in ("date", "home team", "away team"))
    return (date_, home, away) if date_ and home and away else None


@lru_cache(maxsize=256)
def _parse_key(written: str, home_team: str, away_team: str, order: Order) -> Key | None:
    try:
        played_on, home, away = read_date(written, order), text(home_team), text(away_team)
    except BadValueError:
        return None
    return (played_on.isoformat(), home, away) if played_on and home and away else None


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
        self.people: dict[Person, Entry] = {}

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

    def _side(self, cells: Cells) -> Side | None:
        team = text(cells.get("team"))
        return self.names.get(team.casefold()) if team else None

    def _rosters(self) -> tuple[Entry, ...]:
        """Build rosters from the rows. A player with a name is on the side that most rows of the player name.

        Rows in which the player acts decide. Rows of other players decide for those who only appear as Player 2.
        """
        acting: dict[Person, Counter[Side]] = {}
        others: dict[Person, Counter[Side]] = {}
        entries: dict[Person, tuple[str | None, str | None]] = {}
        for _, cells in self.rows:
            try:
                named = list(self._named(cells, self._side(cells), _is_team_play(cells)))
            except BadValueError:
                continue
            for number, side, person, shirt, name in named:
                if side:
                    entries.setdefault(person, (shirt, name))
                    (others if number else acting).setdefault(person, Counter())[side] += 1
        for person, sides in (others | acting).items():
            shirt, name = entries[person]
            key = person if isinstance(person, str) else None
            self.people[person] = Entry(sides.most_common(1)[0][0], shirt, name, key, None)
        return tuple(sorted(self.people.values(), key=lambda e: (e.side != "home", e.person_key or "", e.jersey or "")))

    def _named(
        self, cells: Cells, side: Side | None, with_team_mate: bool
    ) -> Iterator[tuple[int, Side | None, Person, str | None, str | None]]:
        """Yield position, side by role, person, jersey and name of the players of a row."""
        other = side if with_team_mate or side is None else OTHER[side]
        for number, (of_player, suffix) in enumerate(((side, ""), (other, " 2"))):
            name, shirt = text(cells.get(f"player{suffix}")), jersey(cells.get(f"player id{suffix}"))
            if name:
                yield number, of_player, f"name:{name.casefold()}", None, name
            elif shirt and of_player:
                yield number, of_player, (of_player, shirt), shirt, None

    def _events(self, cells: Cells, number: int) -> Sequence[Event]:
        if not cells:
            raise BadValueError("The row has more cells than the header has columns, or is not valid CSV.")
        key = _written_key(cells)
        if key is None or _parse_key(*key, "month") != self.key:  # the date of a valid key is ISO here
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
        people = self._people(cells, side)
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

    def _codes(self, event: str, written: str, cells: Cells) -> list[tuple[str, str | None, str | None, bool | None]]:
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

    def _people(self, cells: Cells, side: Side | None) -> tuple[Participant, ...]:
        people: list[Participant] = []
        with_team_mate = _is_team_play(cells)
        for number, by_role, person, shirt, name in self._named(cells, side, with_team_mate):
            entry = self.people.get(person)
            if entry and by_role and entry.side != by_role:
                self.flags["participant_moved"] += 1
            people.append(
                Participant(
                    participant_no=len(people),
                    role="opp" if number and not with_team_mate else "event",
                    role_no=2 if number and with_team_mate else 1,
                    side=entry.side if entry else by_role,
                    jersey=shirt,
                    name=name,
                    person_key=person if isinstance(person, str) else None,
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


def _is_team_play(cells: Cells) -> bool:
    """Return whether the second player of a row is on the team of the first."""
    return (code(cells.get("event")) or "").lower() in _TEAM_MATES


def _of(family: str, detail: str | None) -> str | None:
    return f"{family}_{detail}" if detail else None


def _points(cells: Cells) -> list[SourcePoint | None]:
    return [
        SourcePoint(cells.get(f"x coordinate{suffix}"), cells.get(f"y coordinate{suffix}")) for suffix in ("", " 2")
    ]


FORMATS = (
    CsvFormat(_FORMAT, NEEDS, _read),
    CsvFormat(f"{_FORMAT} of 2022", NEEDS_OF_2022, _read),
    JsonFormat(f"archived {_FORMAT}", (("format",), ("game",), ("rows",)), _read_archived),
)
