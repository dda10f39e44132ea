"""Build a game from the rows of an event CSV and the shifts that belong to it.

Event names are converted to the codes that statistics use. The row of a goal becomes two events: the shot and the goal.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from stanchion.ingest.reading.checks import check_goals
from stanchion.ingest.reading.event_columns import Cells, Order, read_date
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.jsontext import REPLACEMENT
from stanchion.ingest.reading.league import USUAL_PENALTY_MINUTES
from stanchion.ingest.reading.model import (
    Action,
    Entry,
    Event,
    Game,
    Lacks,
    Participant,
    Reject,
    Side,
    Stint,
    Strength,
)
from stanchion.ingest.reading.rink import Rink, has_places_of_shots
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourcePoint
from stanchion.ingest.reading.shifts import Shift, stints_of
from stanchion.ingest.reading.values import BadValueError, clock, code, day, jersey, period, raw, text, whole

FORMAT: Final = "event csv"
_PERIOD_SECONDS: Final = {"1": 1200, "2": 1200, "3": 1200}  # unless the league rules differ
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

_WITH_EXTRA_ATTACKER: Final = 6  # skaters
_SKATERS_PLAY: Final = {"shot", "goal", "faceoff_win", "zone_entry"}  # goalies do not do these
_GOALIE_ID: Final = "go"  # of every goalie, in the files of 2025
_LONG_SHIFT: Final = 300  # seconds that only a goalie stays on the ice
_LACKS: Final[set[Lacks]] = {"assists", "blocks", "giveaways", "hits", "saves", "shootouts"}
_LACKS_WITHOUT_EVENTS: Final[set[Lacks]] = {
    "faceoffs", "missed_shots", "passes", "penalties", "penalty_minutes", "plus_minus", "strength", "takeaways",
}  # fmt: skip
_LACKS_WITHOUT_SHIFTS: Final[set[Lacks]] = {"goalies", "ice_time", "on_ice", "plus_minus"}

Row = tuple[int, Cells]  # line number in the file, and the cells that are not blank
Key = tuple[str, str, str]  # date, home team, away team
Person = str | tuple[Side, str]  # the person_key of a name, or the side and the jersey in a file without names


def name_of(key: Key) -> str:
    """Return the key of a game as text."""
    played_on, home, away = key
    return f"{played_on} {home} vs {away}"


def written_key(cells: Cells) -> Key | None:
    """Return the key of a row as it is written in the file."""
    date_, home, away = (cells.get(column) for column in ("date", "home team", "away team"))
    return (date_, home, away) if date_ and home and away else None


@lru_cache(maxsize=256)
def parse_key(written: str, home_team: str, away_team: str, order: Order = "month") -> Key | None:
    """Return the key of a game with an ISO date and trimmed names; None when the date or a name cannot be used."""
    try:
        played_on, home, away = read_date(written, order), text(home_team), text(away_team)
    except BadValueError:
        return None
    return (played_on.isoformat(), home, away) if played_on and home and away else None


class GameRows:
    """The rows of the events and of the shifts of one game, and the pieces read from them so far."""

    def __init__(self, key: Key, rows: list[Row], shifts: list[Row]) -> None:
        self.key, self.rows, self.shifts = key, rows, shifts
        replaced = sum(REPLACEMENT in cell for _, cells in [*rows, *shifts] for cell in cells.values())
        self.flags: Counter[str] = Counter({"text_repaired": replaced})
        self.rejects: list[Reject] = []
        self.rink = Rink(corner=True)
        self.names = {name.casefold(): side for side, name in zip(_SIDES, key[1:], strict=True)}
        self.people: dict[Person, Entry] = {}
        self.has_strength = False

    def game(self) -> Game:
        rosters = self._rosters()
        events: list[Event] = []
        for line, cells in self.rows:
            try:
                events += self._events(cells, len(events))
            except BadValueError as error:
                self.rejects.append(Reject("row", line, str(error), cells))
        rejected_rows = len(self.rejects)
        points, self.flags["point_off_the_rink"] = self.rink.points()
        stints = stints_of(self._read_shifts(), self.flags)
        check_goals(events, stints, self.flags)
        written = render(events, points, stints)
        date_, home, away = self.key
        return Game(
            game_key=name_of(self.key),
            format=FORMAT,
            exported_at=None,
            home_team=home,
            away_team=away,
            game_date=day(date_),
            period_seconds=dict(_PERIOD_SECONDS),
            penalty_minutes=dict(USUAL_PENALTY_MINUTES),
            home_attacks_right_p1=None,
            rosters=rosters,
            events=tuple(events),
            stints=stints,
            rejects=tuple(self.rejects),
            flags={name: count for name, count in sorted(self.flags.items()) if count},
            events_seen=len(events) + rejected_rows,
            stints_seen=len(stints) + len(self.rejects) - rejected_rows,
            stints_ignored=0,
            rows=written,
            content_hash=content_hash((home, away), rosters, written),
            document=b"",
            lacks=self._lacks(stints, has_places_of_shots(events, points)),
        )

    def _lacks(self, stints: tuple[Stint, ...], has_places: bool) -> tuple[Lacks, ...]:
        lacks = set(_LACKS)
        if not has_places:
            lacks.add("coordinates")
        if not stints:
            lacks |= _LACKS_WITHOUT_SHIFTS
            if not self.has_strength:
                lacks.add("strength")
        elif {entry.side for entry in self.people.values() if entry.position == "G"} != set(_SIDES):
            lacks.add("goalies")
        if not self.rows:
            lacks |= _LACKS_WITHOUT_EVENTS
        return tuple(sorted(lacks))

    def _side(self, cells: Cells) -> Side | None:
        team = text(cells.get("team"))
        return self.names.get(team.casefold()) if team else None

    def _rosters(self) -> tuple[Entry, ...]:
        """Build rosters from the rows. A player with a name is on the side that most rows of the player name.

        Shifts and rows in which the player acts decide. Rows of other players decide for those who only appear as
        Player 2.
        """
        acting: dict[Person, Counter[Side]] = {}
        skaters: set[Person] = set()
        others: dict[Person, Counter[Side]] = {}
        entries: dict[Person, tuple[str | None, str | None]] = {}
        for _, cells in self.rows:
            try:
                named = list(self._named(cells, self._side(cells), _is_team_play(cells)))
            except BadValueError:
                continue
            event = _event(cells)
            for number, side, person, shirt, name in named:
                if side:
                    entries.setdefault(person, (shirt, name))
                    (others if number else acting).setdefault(person, Counter())[side] += 1
                if event in _SKATERS_PLAY and (not number or event == "faceoff_win"):
                    skaters.add(person)
        longest: dict[Person, Decimal] = {}
        for _, cells in self.shifts:
            try:
                side, person, shirt, name, _, start, end = self._shift(cells)
            except BadValueError:
                continue
            entries.setdefault(person, (shirt, name))
            acting.setdefault(person, Counter())[side] += 1
            longest[person] = max(longest.get(person, start - end), start - end)
        sides_of = {person: sides.most_common(1)[0][0] for person, sides in (others | acting).items()}
        goalies = _goalies(sides_of, longest, skaters)
        for person, of_side in sides_of.items():
            shirt, name = entries[person]
            key = person if isinstance(person, str) else None
            self.people[person] = Entry(of_side, shirt, name, key, "G" if person in goalies else None)
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
        key = written_key(cells)
        if key is None or parse_key(*key) != self.key:  # the date of a valid key is ISO here
            raise BadValueError(
                "The row has no valid game: it needs a date like 2026-01-16, a home team and an away team."
            )
        written = code(cells.get("event"))
        if written is None:
            raise BadValueError("The cell of the column event is empty.")
        event = _event(cells)
        number_of_period = period(cells.get("period"), len(_PERIOD_SECONDS))
        side = self._side(cells)
        start = clock(cells.get("clock"))
        people = self._people(cells, side)
        self.flags["event_without_team"] += side is None
        self.flags["event_without_clock"] += start is None
        self.flags["event_without_period"] += number_of_period == 0
        raws = (raw(cells.get("event")) or "", raw(cells.get("detail 1")), raw(cells.get("detail 2")))
        points = _points(cells)
        strength, is_empty_net = self._situation(cells, side)
        events = [
            Event(
                event_no=number + offset,
                source_idx=number + offset,
                period=number_of_period,
                action=Action(
                    kind, detail1, detail2, *raws, side, None, succeeded, strength=strength, is_empty_net=is_empty_net
                ),
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

    def _situation(self, cells: Cells, side: Side | None) -> tuple[Strength | None, bool | None]:
        """Return the strength of a side without its extra attacker, and whether the net of the other side is empty.

        A goalie is out when the team has six skaters.
        """
        skaters = {each: whole(cells.get(f"{each} team skaters")) for each in _SIDES}
        if side is None or not all(count and 1 <= count <= _WITH_EXTRA_ATTACKER for count in skaters.values()):
            return None, None
        self.has_strength = True
        is_out = {each: count == _WITH_EXTRA_ATTACKER for each, count in skaters.items()}
        mine, theirs = ((skaters[each] or 0) - is_out[each] for each in (side, OTHER[side]))
        return (
            "power_play" if mine > theirs else "short_handed" if mine < theirs else "even",
            is_out[OTHER[side]],
        )

    def _shift(self, cells: Cells) -> tuple[Side, Person, str | None, str | None, int, Decimal, Decimal]:
        """Return side, person, jersey, name, period, start and end of a shift. Raises BadValueError when it is bad."""
        if not cells:
            raise BadValueError("The row has more cells than the header has columns, or is not valid CSV.")
        if cells.get("date") != self.key[0]:
            raise BadValueError("The shift has no valid game: it needs a date like 2024-11-15 and a game_name.")
        side = self.names.get((text(cells.get("team name")) or "").casefold())
        if side is None:
            raise BadValueError("The team of the shift is neither the home team nor the away team.")
        name, shirt = text(cells.get("player name")), jersey(text(cells.get("player id")))
        if not name and not shirt:
            raise BadValueError("The shift has no player.")
        number = period(cells.get("period"), len(_PERIOD_SECONDS))
        start, end = clock(cells.get("start clock")), clock(cells.get("end clock"))
        if number == 0:
            raise BadValueError("The shift has no period.")
        if start is None or end is None:
            raise BadValueError("The start or the end of the shift is not a clock like 18:00.")
        if end > start:
            raise BadValueError("The shift ends before it starts.")
        if name:
            return side, f"name:{name.casefold()}", None, name, number, start, end
        assert shirt  # noqa: S101 - there is no name
        return side, (side, shirt), shirt, None, number, start, end

    def _read_shifts(self) -> list[Shift]:
        shifts: list[Shift] = []
        for line, cells in self.shifts:
            try:
                side, person, _, _, number, start, end = self._shift(cells)
            except BadValueError as error:
                self.rejects.append(Reject("row", line, str(error), cells))
                continue
            length = clock(cells.get("shift length"))
            self.flags["duration_disagrees"] += length is not None and length != start - end
            self.flags["participant_moved"] += self.people[person].side != side
            shifts.append(Shift(self.people[person], number, start, end))
        return shifts

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


def _goalies(sides: dict[Person, Side], longest: dict[Person, Decimal], skaters: set[Person]) -> set[Person]:
    """Return the goalies: those with the id of goalies; on a side without one, those with a long shift.

    `longest` has the longest shift of each player. A player who shoots, enters the zone or takes a faceoff is a skater.
    """
    marked = {person for person in longest if isinstance(person, tuple) and person[1].casefold() == _GOALIE_ID}
    of_sides = {sides[person] for person in marked}
    return marked | {
        person
        for person, seconds in longest.items()
        if sides[person] not in of_sides and seconds >= _LONG_SHIFT and person not in skaters
    }


def _event(cells: Cells) -> str:
    """Return the event of a row in lower case; empty text when it cannot be used."""
    try:
        return (code(cells.get("event")) or "").lower()
    except BadValueError:
        return ""


def _is_team_play(cells: Cells) -> bool:
    """Return whether the second player of a row is on the team of the first."""
    return _event(cells) in _TEAM_MATES


def _of(family: str, detail: str | None) -> str | None:
    return f"{family}_{detail}" if detail else None


def _points(cells: Cells) -> list[SourcePoint | None]:
    return [
        SourcePoint(cells.get(f"x coordinate{suffix}"), cells.get(f"y coordinate{suffix}")) for suffix in ("", " 2")
    ]
