"""Build a game from the plays, rosters, shifts and official figures of a league's data service.

A reader of such a format converts its documents to calls of a Feed, in the order of play. The calls take values in the
spelling of the source and convert them. They use these codes, which the marts count:

    Goal      Goal_Scored; detail2 Goal_PenaltyShot. It counts as a shot on goal when no Shot_Goal was at the same
              time. People: event 1 the scorer; event 2 and 3 with the marks AssistPrimary and AssistSecondary; opp 1
              the goalie with the mark GoalAgainst (left out for an empty net); event and opp 9 with the marks Plus
              and Minus, only when the goal counts for plus and minus.
    Shot      Shot_OnNet, Shot_Goal (the shot of a goal that is also a Goal), Shot_Missed, Shot_HitPost, Shot_Blocked
              (opp 1 with the mark BlockedShot). detail2 is the type of the shot, or Shot_PenaltyShot.
    Save      Save_Shot, with the side and the goalie as event 1; one for every shot on goal that is no goal.
    Faceoff   Faceoff_Won: event 1 won it, opp 1 lost it.
    Penalty   Penalty_Minor and so on, with minutes. Event 1 is who gets the minutes; nobody for a bench minor.
    Hit       event 1 hit opp 1.
    Turnover  Turnover_Giveaway and Turnover_Takeaway.
    Shootout  Shootout_Goal, Shootout_Saved, Shootout_Missed: event 1 the shooter, opp 1 the goalie.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from stanchion.ingest.reading.checks import check_goals
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.league import USUAL_PENALTY_MINUTES, USUAL_PERIODS, regular_periods
from stanchion.ingest.reading.model import (
    Action,
    Entry,
    Event,
    Figure,
    Game,
    Lacks,
    Participant,
    Reject,
    Side,
    Strength,
)
from stanchion.ingest.reading.rink import Rink, has_places_of_shots
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourcePoint
from stanchion.ingest.reading.shifts import Shift, goalie_shifts, stints_of
from stanchion.ingest.reading.values import BadValueError, clock, day, jersey, text

USUAL_SECONDS: Final = {"1": 1200, "2": 1200, "3": 1200, "OT": 300}
_SHOOTOUT: Final = "Shootout"
_LONGEST_PENALTY: Final = 60  # minutes
_LAST_PERIOD: Final = 99

Role = Literal["event", "opp"]
Person = tuple[Role, int, Any, str | None]  # role, number in the role, id in the source, mark


def identifier(value: Any) -> str | None:
    """Return the id of a person or a game as text; None when it is empty or 0. 8477476 and 8477476.0 are equal."""
    found = jersey(value)
    return None if found == "0" else found


def _is_in(values: tuple[Any, ...], found: set[Any]) -> bool:
    """Return whether the values are in a set. A list or an object of a damaged file never is."""
    try:
        return values in found
    except TypeError:
        return False


class Feed:
    """One game, collected play by play."""

    def __init__(
        self,
        format_name: str,
        game_key: str,
        home: Any,
        away: Any,
        *,
        played_on: Any = None,
        period_seconds: Mapping[str, int] = USUAL_SECONDS,
        lacks: Iterable[Lacks] = (),
        corner: bool = False,
    ) -> None:
        try:
            self.teams = (text(home) or "", text(away) or "")
        except BadValueError as error:
            raise UnreadableError(f"The name of a team cannot be stored: {error}") from None
        self.format_name, self.game_key, self.played_on = format_name, game_key, day(played_on)
        self.period_seconds = dict(period_seconds)
        self.lacks = set(lacks)
        self.flags: Counter[str] = Counter({"team_without_name": self.teams.count("")})
        self._corner = corner
        self._entries: dict[str, Entry] = {}  # by id
        self._people: set[Any] = set()  # arguments of earlier calls of `person`, which sources repeat in every row
        self._events: list[Event] = []
        self._points: list[tuple[int, SourcePoint]] = []
        self._rejects: list[Reject] = []
        self._shifts: list[Shift] = []
        self._figures: list[Figure] = []
        self._actions: dict[Any, Action] = {}
        self._participants: dict[Any, Participant] = {}

    # ---------------------------------------------------------------- people

    def person(
        self,
        side: Side,
        person_id: Any,
        shirt: Any = None,
        name: Any = None,
        position: Any = None,
        *,
        is_key: bool = True,
    ) -> None:
        """Add a player to the roster. Later calls for the same player fill what is still missing.

        With `is_key` false, the id is of this game only, such as side and jersey, and is not stored. Raises
        BadValueError when a value cannot be stored.
        """
        values = (side, person_id, person_id.__class__, shirt, shirt.__class__, name, position)
        if _is_in(values, self._people):
            return
        key = identifier(person_id)
        if key is None:
            return
        entry = Entry(side, jersey(shirt), text(name), key if is_key else None, text(position))
        known = self._entries.get(key)
        if known:
            entry = Entry(
                known.side,
                known.jersey or entry.jersey,
                known.name or entry.name,
                entry.person_key,
                known.position or entry.position,
            )
        self._entries[key] = entry
        self._people.add(values)

    def entry(self, person_id: Any) -> Entry | None:
        """Return the roster line of a player."""
        key = identifier(person_id)
        return self._entries.get(key) if key else None

    def by_jersey(self, side: Side, shirt: Any) -> Entry | None:
        """Return the first roster line of a side with this jersey."""
        wanted = jersey(shirt)
        return next((e for e in self._entries.values() if wanted and (e.side, e.jersey) == (side, wanted)), None)

    # ---------------------------------------------------------------- plays

    def length(self, period: int) -> int:
        """Return the seconds of a period; overtime follows the regular periods."""
        return self.period_seconds.get(str(period)) or self.period_seconds.get("OT", 0)

    def remaining(self, period: int, elapsed: Any) -> Decimal | None:
        """Return the seconds left on a clock that counts up, such as '7:05'; None when it cannot be read."""
        at = clock(elapsed)
        return None if at is None else max(Decimal(0), self.length(period) - at)

    def row(
        self, position: int, raw: Any, part: Literal["event", "stint", "roster", "row"] = "event"
    ) -> AbstractContextManager[None]:
        """Reject the row with its reason when a value in it cannot be stored. None of its plays remains.

        `raw` is the row, or a function that returns it.
        """
        return _Row(self, position, raw, part)

    def forget_since(self, sizes: tuple[int, int, int]) -> None:
        """Remove the plays, points and shifts that were added since there were as many."""
        events, points, shifts = sizes
        del self._events[events:], self._points[points:], self._shifts[shifts:]

    @property
    def sizes(self) -> tuple[int, int, int]:
        return len(self._events), len(self._points), len(self._shifts)

    def reject(
        self, position: int, reason: str, raw: Any, part: Literal["event", "stint", "roster", "row"] = "event"
    ) -> None:
        """Reject a row. `raw` contains only known keys, or is a function that returns it."""
        self._rejects.append(Reject(part, position, reason, msgspec.to_builtins(raw() if callable(raw) else raw)))

    def play(
        self,
        period: int,
        left: Decimal | None,
        kind: str,
        detail1: str | None = None,
        detail2: str | None = None,
        *,
        side: Side | None,
        people: Sequence[Person] = (),
        point: tuple[Any, Any] | None = None,
        zone: Literal["o", "d", "n"] | None = None,
        success: bool | None = None,
        minutes: int | None = None,
        gives_power_play: bool | None = None,
        strength: Strength | None = None,
        is_empty_net: bool | None = None,
        written: str | None = None,
    ) -> None:
        """Add a play with `left` seconds on the clock. A person without an id is left out.

        `written` is the type in the spelling of the source. Raises BadValueError when a value cannot be stored.
        """
        if not 0 <= period <= _LAST_PERIOD:
            raise BadValueError(f"The period is not a number from 0 to {_LAST_PERIOD}.")
        if minutes is not None and not 0 <= minutes <= _LONGEST_PENALTY:
            raise BadValueError(f"The minutes of the penalty are not a number from 0 to {_LONGEST_PENALTY}.")
        number = len(self._events)
        values = (
            kind,
            detail1,
            detail2,
            written,
            side,
            zone,
            success,
            minutes,
            gives_power_play,
            strength,
            is_empty_net,
        )
        action = self._actions.get(values)
        if action is None:
            action = self._actions[values] = Action(
                type=kind,
                detail1=detail1,
                detail2=detail2,
                type_raw=text(written) or kind,
                detail1_raw=detail1,
                detail2_raw=detail2,
                side=side,
                zone=zone,
                success=success,
                minutes=minutes,
                gives_power_play=gives_power_play,
                strength=strength,
                is_empty_net=is_empty_net,
            )
        taking_part = tuple(
            self._participant(place, person, side)
            for place, person in enumerate(entry for entry in people if identifier(entry[2]))
        )
        has_assists = kind == "Goal" and any((person.detail1 or "").startswith("Assist") for person in taking_part)
        self.flags["event_without_team"] += side is None
        self.flags["event_without_clock"] += left is None
        self.flags["event_without_period"] += period == 0 and kind != _SHOOTOUT
        self._events.append(
            Event(
                event_no=number,
                source_idx=number,
                period=period,
                action=action,
                start_s=left,
                end_s=None,
                linked_group=None,
                assist_to=number if has_assists else None,
                sequence_no=None,
                play_no=None,
                is_highlight=False,
                participants=taking_part,
            )
        )
        if point is not None:
            self._points.append((number, SourcePoint(*point)))

    def shootout(
        self, outcome: Literal["Goal", "Saved", "Missed"], *, side: Side | None, people: Sequence[Person]
    ) -> None:
        """Add an attempt of a shootout. It is in a period of its own, after every other play."""
        self.play(0, Decimal(0), _SHOOTOUT, f"Shootout_{outcome}", side=side, people=people)

    def _participant(self, place: int, person: Person, side: Side | None) -> Participant:
        role, role_no, person_id, mark = person
        key = identifier(person_id)
        found = self._entries.get(key or "")
        by_role = (OTHER[side] if role == "opp" else side) if side else None
        self.flags["participant_on_no_roster"] += found is None
        values = (place, role, role_no, key, mark, by_role)
        built = self._participants.get(values)
        if built is None:
            built = self._participants[values] = Participant(
                participant_no=place,
                role=role,
                role_no=role_no,
                side=found.side if found else by_role,
                jersey=found.jersey if found else None,
                name=found.name if found else None,
                person_key=found.person_key if found else key,
                detail1=mark,
                detail2=None,
                detail1_raw=mark,
                detail2_raw=None,
                success=None,
                pressure=None,
                side_of_puck=None,
            )
        return built

    # ---------------------------------------------------------------- shifts and official figures

    def shift(self, person_id: Any, period: int, start_left: Decimal | None, end_left: Decimal | None) -> None:
        """Add the time of one player on the ice, in seconds left on the clock.

        Without shifts of skaters, the goalies in net are shifts too; then the source lacks ice_time and on_ice. Raises
        BadValueError when the shift has no time, ends before it starts, or the roster does not list the player.
        """
        found = self.entry(person_id)
        if found is None:
            raise BadValueError("The shift is of a player who is on no roster.")
        if start_left is None or end_left is None:
            raise BadValueError("The start or the end of the shift is not a clock like 18:00.")
        if end_left > start_left:
            raise BadValueError("The shift ends before it starts.")
        if not 0 < period <= _LAST_PERIOD:
            raise BadValueError(f"The period is not a number from 1 to {_LAST_PERIOD}.")
        self._shifts.append(Shift(found, period, start_left, end_left))

    def figure(
        self,
        scope: Literal["player", "goalie", "team", "period"],
        side: Side,
        person_id: Any,
        name: str,
        value: Any,
        period: int = 0,
    ) -> None:
        """Add an official figure: a whole number or a text. Without a value there is no figure."""
        written = text(value)
        found = self.entry(person_id)
        if written is None or (found is None and scope in ("player", "goalie")):
            return
        player = (found.jersey or f"id:{found.person_key}") if found else ""
        self._figures.append(Figure(scope, side, player, period, name, written))

    # ---------------------------------------------------------------- the game

    def game(self, document: bytes = b"", exported_at: datetime | None = None) -> Game:
        """Build the game. `document` is the archived form of a game with one document.

        `exported_at` is the time at which the source wrote it: of two revisions, the later one is published.
        """
        regular = regular_periods(self.period_seconds) or USUAL_PERIODS
        last = max((event.period for event in self._events), default=0)
        own_period = min(max(last, regular + 1) + 1, _LAST_PERIOD)
        events = tuple(
            msgspec.structs.replace(event, period=own_period) if event.action.type == _SHOOTOUT else event
            for event in self._events
        )
        rink = Rink(self._corner)
        for number, point in self._points:
            rink.add(f"{number},puck,-1", point)
        points, self.flags["point_off_the_rink"] = rink.points()
        if not has_places_of_shots(events, points):
            self.lacks.add("coordinates")
        if not self._shifts and "goalies" not in self.lacks:
            self.lacks.add("goalie_time")
            self._shifts += goalie_shifts(events, self._entries, self.length)
        stints = stints_of(self._shifts, self.flags)
        if "on_ice" not in self.lacks:
            check_goals(events, stints, self.flags)
        order = ("home", "away")
        rosters = tuple(
            sorted(self._entries.values(), key=lambda e: (order.index(e.side), e.jersey or "", e.person_key or ""))
        )
        rows = render(events, points, stints)
        rejected = Counter("event" if reject.part == "row" else reject.part for reject in self._rejects)
        return Game(
            game_key=self.game_key,
            format=self.format_name,
            exported_at=exported_at,
            home_team=self.teams[0],
            away_team=self.teams[1],
            game_date=self.played_on,
            period_seconds=self.period_seconds,
            penalty_minutes=dict(USUAL_PENALTY_MINUTES),
            home_attacks_right_p1=None,
            rosters=rosters,
            events=events,
            stints=stints,
            rejects=tuple(self._rejects),
            flags={name: count for name, count in sorted(self.flags.items()) if count},
            events_seen=len(events) + rejected["event"],
            stints_seen=len(stints) + rejected["stint"],
            stints_ignored=0,
            rows=rows,
            content_hash=content_hash(self.teams, rosters, rows),
            document=document,
            lacks=tuple(sorted(self.lacks)),
            official=tuple(self._figures),
            has_league_lengths=True,
        )


class _Row(AbstractContextManager[None]):
    """The context of Feed.row: a class, because a generator takes three times as long."""

    __slots__ = ("_feed", "_place", "_sizes")

    def __init__(self, feed: Feed, *place: Any) -> None:
        self._feed, self._place, self._sizes = feed, place, feed.sizes

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if not isinstance(error, BadValueError):
            return False
        position, raw, part = self._place
        self._feed.forget_since(self._sizes)
        self._feed.reject(position, str(error), raw, part)
        return True
