"""League rules about periods and their lengths, which replace the values in an export.

Reading ignores league rules, so the content of a game is the same under all rules. The rules are applied when a game is
published: only then is its day known, and rules are valid from a day on.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from stanchion.ingest.reading.model import Event, Game, Reject
from stanchion.ingest.reading.rowtext import render

USUAL_PENALTY_MINUTES = {"minor": 2, "major": 5, "misconduct": 10}  # when the source has only the class
USUAL_PERIODS = 3  # when neither the league rules nor the export contain a number


def regular_periods(lengths: Iterable[str]) -> int:
    """Count the regular periods among the keys of period lengths, which are numbers; overtime is OT."""
    return sum(key.isdecimal() for key in lengths)


class LeagueRules(Struct, frozen=True):
    """The rules of a league on one day. None: the league has no rule, and the export decides."""

    periods: int | None = None
    period_seconds: int | None = None
    overtime_seconds: int | None = None  # 0: the league plays no overtime

    def lengths(self, exported: Mapping[str, int]) -> dict[str, int]:
        """Return the seconds of each period by its number, and of OT, given the lengths in the export.

        A period without a length in the rules or in the export is as long as the longest regular period.
        """
        if self == LeagueRules():
            return dict(exported)
        regular = {int(key): length for key, length in exported.items() if key.isdecimal() and length}
        usual = self.period_seconds or max(regular.values(), default=None)
        numbers = range(1, (self.periods or max(regular, default=USUAL_PERIODS)) + 1)
        found = {str(number): self.period_seconds or regular.get(number, usual) for number in numbers}
        found["OT"] = exported.get("OT") if self.overtime_seconds is None else self.overtime_seconds
        return {key: length for key, length in found.items() if length}

    def apply(self, game: Game) -> tuple[Game, tuple[Reject, ...]]:
        """Return the game under these rules, and the events and stints left out because their period is not played."""
        if game.has_league_lengths:
            return game, ()
        lengths = self.lengths(game.period_seconds)
        game = replace(game, period_seconds=lengths)
        if self.overtime_seconds != 0:
            return game, ()
        last = regular_periods(lengths) or self.periods or USUAL_PERIODS

        def is_late(event: Event) -> bool:
            return event.period > last and event.action.type != "Shootout"

        reason = f"The league plays {last} periods and no overtime."
        left_out = (
            *(Reject("event", e.event_no, reason, {"period": e.period}) for e in game.events if is_late(e)),
            *(Reject("stint", s.stint_no, reason, {"period": s.period}) for s in game.stints if s.period > last),
        )
        if not left_out:
            return game, ()
        kept = {event.event_no for event in game.events if not is_late(event)}
        events = tuple(
            event if event.assist_to in kept else replace(event, assist_to=None)
            for event in game.events
            if event.event_no in kept
        )
        stints = tuple(stint for stint in game.stints if stint.period <= last)
        points = [row for row in game.rows.tables["play_point"] if int(row.partition(",")[0]) in kept]
        flags = dict(sorted((game.flags | {"period_not_played": len(left_out)}).items()))
        game = replace(game, events=events, stints=stints, rows=render(events, points, stints), flags=flags)
        return game, left_out


class Rulebook:
    """The rules of a league over time, from the days on which they change."""

    def __init__(self, changes: Iterable[tuple[date, LeagueRules]] = ()) -> None:
        self._changes = sorted(changes, key=lambda change: change[0])

    def on(self, day: date) -> LeagueRules:
        """Return the rules that are valid on a day; before the first change, none."""
        rules = LeagueRules()
        for since, changed in self._changes:
            if since <= day:
                rules = changed
        return rules
