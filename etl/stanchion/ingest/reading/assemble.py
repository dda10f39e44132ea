"""A game export, field by field as it was written, made into a Game.

What cannot be used is rejected with its position and a reason; what is odd is kept and flagged. For events as for
stints, what is accepted, rejected and (stints without players) ignored adds up to what was seen.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice
from typing import Any

import msgspec

from stanchion.ingest.reading import pieces
from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.goals import goals_of, scorer
from stanchion.ingest.reading.identity import content_hash
from stanchion.ingest.reading.league import USUAL_PERIODS, regular_periods
from stanchion.ingest.reading.model import SLOTS, Entry, Event, Game, OnIce, Participant, Reject, Side, Stint
from stanchion.ingest.reading.rink import Rink
from stanchion.ingest.reading.rosters import OTHER, Rosters
from stanchion.ingest.reading.rowtext import render
from stanchion.ingest.reading.shape import SourceEntry, SourceEvent, SourceGame, SourcePlayer, SourceSlot, SourceStint
from stanchion.ingest.reading.values import BadValueError, clock, day, jersey, moment, period, seconds, text, whole

_OUTSIDE = Decimal("0.5")  # seconds by which neighbouring stints may miss each other
_MANY_GOALS = 500  # more are not looked up among the stints: no game has them


def assemble(source: SourceGame) -> Game:
    """The game of an export. Raises UnreadableError when it does not say which game it is."""
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
            raise UnreadableError(f"The export cannot be kept: {error}") from None
        if game_key is None:
            raise UnreadableError("The export names no game: its gameId is empty.")
        self.flags["team_without_name"] += (home is None) + (away is None)
        exported_at = moment(source.export_date) or moment(source.saved_at)
        if exported_at is None and source.format != "roster":
            self.flags["export_date_not_read"] += 1
        self.rosters = Rosters(self._entries(), self.flags)
        # what recurs in a game is made once
        self._participant = lru_cache(maxsize=None)(partial(pieces.participant, self.rosters))
        self._on_ice = lru_cache(maxsize=None)(partial(pieces.on_ice, self.rosters))
        self.rink = Rink()
        events = self._events()
        points, self.flags["point_off_the_rink"] = self.rink.points()
        stints = self._stints()
        self._check_goals(events, stints)
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
        )

    def _reject(self, part: Any, position: int, reason: str, piece: Any) -> None:
        self.rejects.append(Reject(part, position, reason, msgspec.to_builtins(piece)))

    # ---------------------------------------------------------------- rosters

    def _entries(self) -> tuple[Entry, ...]:
        entries = []
        for side in OTHER:
            goalies = 0
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
                goalies += entry.position == "G"
                entries.append(entry)
            self.flags["several_goalies_on_roster"] += goalies > 1
        return tuple(entries)

    # ---------------------------------------------------------------- events

    def _events(self) -> tuple[Event, ...]:
        events: list[Event] = []
        marks: list[tuple[int, Any]] = []  # where an event says which goal it assists to, and how it says it
        for position, source in enumerate(self.source.events):
            if source.__class__ is not SourceEvent:
                self._reject("event", position, "The event is not an object of the form of an event.", source)
                continue
            try:
                event = self._event(position, source)
            except BadValueError as error:
                self._reject("event", position, str(error), source)
                continue
            if source.assist_to is not None:
                marks.append((len(events), source.assist_to))
            events.append(event)
            self._places(position, source)
        goals = self._goals(events)
        for place, mark in marks:
            goal = goals.get(self._index(mark))
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
        people = self._people(position, source, action.side)
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

    def _people(self, position: int, source: SourceEvent, team: Side | None) -> tuple[Participant, ...]:
        people: list[Participant] = []
        for number, person in enumerate(source.players or ()):
            if person.__class__ is not SourcePlayer:
                self._reject("participant", position, "The participant of the event is not an object.", person)
                continue
            participant, flags = self._participant(
                number,
                team,
                person.num,
                person.name,
                person.team,
                person.role,
                person.play_detail1,
                person.play_detail2,
                person.success,
                person.pressure,
                person.side_of_puck,
            )
            people.append(participant)
            for flag in flags:
                self.flags[flag] += 1
        return tuple(people)

    def _places(self, position: int, source: SourceEvent) -> None:
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
        """The goals by the index that assists name them with. A goal written twice is found once, as its first."""
        goals: dict[int | None, int] = {}
        for event, _, is_again in goals_of(events):
            if is_again:
                self.flags["duplicate_goal"] += 1
            elif event.source_idx is not None:
                goals[event.source_idx] = event.event_no
        return goals

    # ---------------------------------------------------------------- stints

    def _stints(self) -> tuple[Stint, ...]:
        """Those that somebody plays in, numbered so that neighbours in a period differ by one.

        A row that is left out between two stints of a period leaves a gap of one, since it ends everybody's shift;
        rows left out between periods or at the end leave none, so they change nothing.
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
                    self.flags["stint_overlap"] += stint.start_s > before.end_s + _OUTSIDE
                    self.flags["stint_gap"] += stint.start_s < before.end_s - _OUTSIDE
            stints.append(msgspec.structs.replace(stint, stint_no=number))
            gap = False
        return tuple(stints)

    def _stint(self, source: Any, number: int) -> Stint | None:
        if not isinstance(source, SourceStint):
            raise BadValueError("The stint is not an object of the form of a stint.")
        on_ice = (*self._slots("home", source.home), *self._slots("away", source.away))
        if not on_ice:
            return None
        start, end = clock(source.start_time), clock(source.end_time)
        if start is None or end is None:
            raise BadValueError("The stint has players, but its clock cannot be read.")
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
            there, is_listed, is_goalie = self._on_ice(side, slot, shirt, text(player.name))
            on_ice.append(there)
            if not is_listed:
                self.flags["stint_player_on_no_roster"] += 1
            if is_goalie:
                goalies.add(shirt)
        on_ice.sort(key=pieces.slot_order)
        self.flags["player_in_two_slots"] += len(on_ice) - len({player.jersey for player in on_ice})
        self.flags["two_goalies"] += len(goalies) > 1
        return on_ice

    def _check_goals(self, events: tuple[Event, ...], stints: tuple[Stint, ...]) -> None:
        """Flag goals that no stint holds, and scorers who were not on the ice. A stint owns its ending second."""
        if not stints:
            return
        by_period: dict[int, list[Stint]] = defaultdict(list)
        for stint in stints:
            by_period[stint.period].append(stint)
        for goal, _, _ in islice(goals_of(events), _MANY_GOALS):
            at = goal.start_s
            found = None
            if at is not None:
                played = by_period[goal.period]
                found = next((stint for stint in played if stint.start_s > at >= stint.end_s), None) or next(
                    (stint for stint in played if stint.start_s == at), None
                )
            if found is None:
                self.flags["goal_outside_stints"] += 1
                continue
            who = scorer(goal)
            self.flags["scorer_not_on_ice"] += who is None or not any(
                player.side == who.side and player.jersey == who.jersey for player in found.on_ice
            )
