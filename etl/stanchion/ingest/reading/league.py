"""What a league plays, where it says so: then that counts, and not what an export says or its tracker assumes.

A game is read as its export has it, whoever plays it: its content is the same under any rules. They are applied when it
is published, since only then its day is known, and rules hold from a day on.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from stanchion.ingest.reading.model import Game, Reject
from stanchion.ingest.reading.rowtext import render

USUAL_PERIODS = 3  # where nobody says it


def regular_periods(lengths: Iterable[str]) -> int:
    """How many of these periods are no overtime."""
    return sum(key.isdecimal() for key in lengths)


class League(Struct, frozen=True):
    """Its rules on a day; None is what it does not say."""

    periods: int | None = None
    period_seconds: int | None = None
    overtime_seconds: int | None = None  # 0: there is none

    def lengths(self, said: Mapping[str, int]) -> dict[str, int]:
        """Seconds of each period by its number, and of overtime, of an export that says these."""
        if self == League():
            return dict(said)
        regular = {int(key): length for key, length in said.items() if key.isdecimal() and length}
        usual = self.period_seconds or max(regular.values(), default=None)
        numbers = range(1, (self.periods or max(regular, default=USUAL_PERIODS)) + 1)
        found = {str(number): self.period_seconds or regular.get(number, usual) for number in numbers}
        found["OT"] = said.get("OT") if self.overtime_seconds is None else self.overtime_seconds
        return {key: length for key, length in found.items() if length}

    def plays(self, game: Game) -> tuple[Game, tuple[Reject, ...]]:
        """The game by these rules, and what of it is in a period that is not played by them."""
        lengths = self.lengths(game.period_seconds)
        game = replace(game, period_seconds=lengths)
        if self.overtime_seconds != 0:
            return game, ()
        last = regular_periods(lengths) or self.periods or USUAL_PERIODS
        reason = f"The league plays {last} periods and no overtime."
        left_out = (
            *(Reject("event", e.event_no, reason, {"period": e.period}) for e in game.events if e.period > last),
            *(Reject("stint", s.stint_no, reason, {"period": s.period}) for s in game.stints if s.period > last),
        )
        if not left_out:
            return game, ()
        kept = {event.event_no for event in game.events if event.period <= last}
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
    """The rules of a league from day to day."""

    def __init__(self, changes: Iterable[tuple[date, League]] = ()) -> None:
        self._changes = sorted(changes, key=lambda change: change[0])

    def on(self, day: date) -> League:
        rules = League()
        for since, changed in self._changes:
            if since <= day:
                rules = changed
        return rules
