"""Build a Game from the fields of a game export.

Pieces that cannot be used are rejected with their position and a reason. Odd pieces are kept and flagged. Events seen
are accepted plus rejected events; stints seen are accepted, rejected and ignored (without players) stints.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import msgspec

from stanchion.ingest.reading import pieces
from stanchion.ingest.reading.checks import check_goals
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.goals import goals_of
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.league import USUAL_PERIODS, regular_periods
from stanchion.ingest.reading.model import SLOTS, Entry, Event, Game, Lacks, OnIce, Participant, Reject, Side, Stint
from stanchion.ingest.reading.rink import Rink, has_places_of_shots
from stanchion.ingest.reading.rosters import OTHER, Rosters
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourceEntry, SourceEvent, SourceGame, SourcePlayer, SourceSlot, SourceStint
from stanchion.ingest.reading.values import (
    BadValueError,
    clock,
    colour,
    day,
    jersey,
    moment,
    period,
    seconds,
    text,
    whole,
)

_STINT_TOLERANCE = Decimal("0.5")  # seconds of gap or overlap between neighbouring stints that are not flagged


def assemble(source: SourceGame) -> Game:
    """Build the game of an export. Raises UnreadableError when the export has no usable gameId or team name."""
    return _Assembly(source).game()


class _Assembly:
    def __init__(self, source: SourceGame) -> None:
        self.source = source
        self.period_seconds = {key: round(minutes * 60) for key, minutes in pieces.lengths(source.period_lengths)}
        self.periods = regular_periods(self.period_seconds) or USUAL_PERIODS
        self.flags: Counter[str] = Counter()
        self.rejects: list[Reject] = []
        if source.repaired:
            self.flags["text_repaired"] = source.repaired

    def game(self) -> Game:
        source = self.source
        try:
            game_key, home, away = text(source.game_id), text(source.home_team), text(source.away_team)
        except BadValueError as error:
            raise UnreadableError(f"The gameId or a team name of the export cannot be stored: {error}") from None
        if game_key is None:
            raise UnreadableError("The gameId of the export is empty.")
        self.flags["team_without_name"] += (home is None) + (away is None)
        exported_at = moment(source.export_date) or moment(source.saved_at)
        if exported_at is None and source.format != "roster":
            self.flags["export_date_not_read"] += 1
        self.rosters = Rosters(self._entries(), self.flags)
        # equal participants and equal players on the ice share one object: building them dominates the time
        self._participants = pieces.Participants(self.rosters)
        self._on_ice = lru_cache(maxsize=None)(partial(pieces.on_ice, self.rosters))
        self.rink = Rink()
        events = self._events()
        points, self.flags["point_off_the_rink"] = self.rink.points()
        stints = self._stints()
        check_goals(events, stints, self.flags)
        rows = render(events, points, stints)
        stints_rejected = sum(reject.part == "stint" for reject in self.rejects)
        return Game(
            game_key=game_key,
            format=source.format,
            exported_at=exported_at,
            home_team=home or "",
            away_team=away or "",
            game_date=day(source.game_date),
            period_seconds=self.period_seconds,
            penalty_minutes={key: int(minutes) for key, minutes in pieces.lengths(source.penalty_lengths)},
            home_attacks_right_p1=source.home_attacks_right if isinstance(source.home_attacks_right, bool) else None,
            rosters=self.rosters.entries,
            events=events,
            stints=stints,
            rejects=tuple(self.rejects),
            flags={name: count for name, count in sorted(self.flags.items()) if count},
            events_seen=len(source.events),
            stints_seen=len(source.shifts),
            stints_ignored=len(source.shifts) - len(stints) - stints_rejected,
            rows=rows,
            content_hash=content_hash((home or "", away or ""), self.rosters.entries, rows),
            document=msgspec.json.encode(source),
            lacks=tuple(_lacks(events, points)),
            colours=(colour(source.home_colour), colour(source.away_colour)),
        )

    def _reject(self, part: Any, position: int, reason: str, piece: Any) -> None:
        self.rejects.append(Reject(part, position, reason, msgspec.to_builtins(piece)))

    # ---------------------------------------------------------------- rosters

    def _entries(self) -> tuple[Entry, ...]:
        entries = []
        for side in OTHER:
            for position, line in enumerate(self.source.rosters.get(side, ())):
                if not isinstance(line, SourceEntry):
                    self._reject("roster", position, f"The line of the {side} roster is not an object.", line)
                    continue
                try:
                    entry = Entry(side, jersey(line.num), text(line.name), text(line.id), text(line.pos))
                except BadValueError as error:
                    self._reject("roster", position, str(error), line)
                    continue
                self.flags["roster_without_jersey"] += entry.jersey is None
                entries.append(entry)
        return tuple(entries)

    # ---------------------------------------------------------------- events

    def _events(self) -> tuple[Event, ...]:
        events: list[Event] = []
        assists: list[tuple[int, Any]] = []  # index into events of an assisting event, and its assistToGoalIdx
        for position, source in enumerate(self.source.events):
            if source.__class__ is not SourceEvent:
                self._reject("event", position, "The event is not an object with the fields of an event.", source)
                continue
            try:
                event = self._event(position, source)
            except BadValueError as error:
                self._reject("event", position, str(error), source)
                continue
            if source.assist_to is not None:
                assists.append((len(events), source.assist_to))
            events.append(event)
            self._add_points(position, source)
        goals = self._goals(events)
        for place, source_idx in assists:
            goal = goals.get(self._index(source_idx))
            if goal is None:
                self.flags["assist_to_no_goal"] += 1
            else:
                events[place] = msgspec.structs.replace(events[place], assist_to=goal)
        return tuple(events)

    def _event(self, position: int, source: SourceEvent) -> Event:
        action = pieces.action(source.type, source.detail1, source.detail2, source.team, source.zone, source.success)
        number = period(source.period, self.periods)
        start = clock(source.start_time)
        index = self._index(source.idx)
        people = self._participants_of(position, source, action.side)
        if action.side is None:
            self.flags["event_without_team"] += 1
        if start is None:
            self.flags["event_without_clock"] += 1
        if number == 0:
            self.flags["event_without_period"] += 1
        return Event(
            position,
            position if source.idx is None else index,
            number,
            action,
            start,
            clock(source.end_time),
            self._index(source.linked_group),
            None,
            self._index(source.sequence_no),
            self._index(source.play_no),
            source.is_highlight is True,
            people,
        )

    def _participants_of(self, position: int, source: SourceEvent, team: Side | None) -> tuple[Participant, ...]:
        people: list[Participant] = []
        for number, player in enumerate(source.players or ()):
            if player.__class__ is not SourcePlayer:
                self._reject("participant", position, "The participant of the event is not an object.", player)
                continue
            participant, flags = self._participants.get(number, team, player)
            people.append(participant)
            for flag in flags:
                self.flags[flag] += 1
        return tuple(people)

    def _add_points(self, position: int, source: SourceEvent) -> None:
        if source.puck:
            self.rink.add(f"{position},puck,-1", source.puck)
        if source.net:
            self.rink.add(f"{position},net,-1", source.net)
        for number, person in enumerate(source.players or ()):
            if person.__class__ is SourcePlayer and person.xy:
                self.rink.add(f"{position},player,{number}", person.xy)

    def _index(self, value: Any) -> int | None:
        if value.__class__ is int or value is None:
            return value  # type: ignore[no-any-return]
        try:
            return whole(value)
        except BadValueError:
            self.flags["number_out_of_range"] += 1
            return None

    def _goals(self, events: list[Event]) -> dict[int | None, int]:
        """Return event_no by source_idx, the number that assistToGoalIdx contains. Duplicate goals are left out."""
        goals: dict[int | None, int] = {}
        for event, _, is_duplicate in goals_of(events):
            if is_duplicate:
                self.flags["duplicate_goal"] += 1
            elif event.source_idx is not None:
                goals[event.source_idx] = event.event_no
        return goals

    # ---------------------------------------------------------------- stints

    def _stints(self) -> tuple[Stint, ...]:
        """Return the stints with players, numbered so that consecutive stints of a period differ by one.

        Rows left out between two stints of a period leave a gap of one in the numbers, because they end the shift of
        every player. Rows left out between periods or at the end leave no gap.
        """
        stints: list[Stint] = []
        gap = False
        for position, source in enumerate(self.source.shifts):
            try:
                stint = self._stint(source, len(stints))
            except BadValueError as error:
                self._reject("stint", position, str(error), source)
                stint = None
            if stint is None:
                gap = True
                continue
            before = stints[-1] if stints else None
            number = 0
            if before:
                number = before.stint_no + 1
                if before.period == stint.period:
                    number += gap
                    self.flags["stint_overlap"] += stint.start_s > before.end_s + _STINT_TOLERANCE
                    self.flags["stint_gap"] += stint.start_s < before.end_s - _STINT_TOLERANCE
            stints.append(msgspec.structs.replace(stint, stint_no=number))
            gap = False
        return tuple(stints)

    def _stint(self, source: Any, number: int) -> Stint | None:
        if not isinstance(source, SourceStint):
            raise BadValueError("The stint is not an object with the fields of a stint.")
        on_ice = (*self._slots("home", source.home), *self._slots("away", source.away))
        if not on_ice:
            return None
        start, end = clock(source.start_time), clock(source.end_time)
        if start is None or end is None:
            raise BadValueError("The stint has players, but its start or end time is not a clock like 18:00.")
        if end > start:
            raise BadValueError("The stint ends before it starts.")
        stoppage, duration = seconds(source.stoppage), seconds(source.duration)
        self.flags["negative_stoppage"] += stoppage is not None and stoppage < 0
        self.flags["duration_disagrees"] += duration is not None and abs(duration - round(start - end)) > 1
        return Stint(
            stint_no=number,
            period=period(source.period, self.periods),
            start_s=start,
            end_s=end,
            stoppage_s=stoppage,
            start_type=text(source.start_type),
            stop_type=text(source.stop_type),
            on_ice=on_ice,
        )

    def _slots(self, side: Side, slots: dict[str, SourceSlot | None] | None) -> list[OnIce]:
        on_ice: list[OnIce] = []
        if not slots:
            return on_ice
        goalies = set()
        for slot, player in slots.items():
            if player is None:
                continue
            if slot not in SLOTS:
                self.flags["unknown_slot"] += 1
                continue
            shirt = jersey(player.num)
            if shirt is None:
                self.flags["slot_without_jersey"] += 1
                continue
            found, is_listed, is_goalie = self._on_ice(side, slot, shirt, text(player.name))
            on_ice.append(found)
            if not is_listed:
                self.flags["stint_player_on_no_roster"] += 1
            if is_goalie:
                goalies.add(shirt)
        on_ice.sort(key=pieces.slot_order)
        self.flags["player_in_two_slots"] += len(on_ice) - len({player.jersey for player in on_ice})
        self.flags["two_goalies"] += len(goalies) > 1
        return on_ice


def _lacks(events: tuple[Event, ...], points: list[str]) -> Iterator[Lacks]:
    if not has_places_of_shots(events, points):
        yield "coordinates"
    if not any(event.action.type == "Hit" for event in events):
        yield "hits"
