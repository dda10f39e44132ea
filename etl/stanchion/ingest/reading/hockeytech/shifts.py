"""Add the shifts of all players, unless they cover too little of the game."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from stanchion.ingest.reading.feed import Feed
from stanchion.ingest.reading.hockeytech.plays import Row
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Entry, Side
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, clock, jersey, period

_FEWEST_ON_ICE: Final = Decimal("3.5")  # with the goalie, on average; a complete list has at least four players
_SIDES: Final[dict[str, Side]] = {"home": "home", "visitor": "away"}


class Shift(NamedTuple):
    """A shift as in the document, with its player and its times."""

    side: Side
    player: dict[str, Any]
    raw: Any
    period: int | None  # None when it cannot be read
    start: Decimal | None  # seconds left on the clock
    end: Decimal | None

    def shown(self) -> dict[str, Any]:
        """Return the shift with the names of its player, for the rejects."""
        return {name: value for name, value in self.player.items() if name != "shifts"} | {"shift": self.raw}


def shifts_in(document: dict[str, Any]) -> list[Shift]:
    """Return the shifts of a document."""
    return [
        Shift(
            side,
            player,
            shift,
            _period(inner(shift, "period")),
            clock(inner(shift, "start_time")),
            clock(inner(shift, "end_time")),
        )
        for key, side in _SIDES.items()
        for player in items(document, key)
        for shift in items(player, "shifts")
    ]


def add_shifts(feed: Feed, shifts: Sequence[Shift], rows: Sequence[Row]) -> bool:
    """Add the shifts; return whether they are used.

    They are all rejected when they cover too little of the game, because a player without shifts would count as a
    player without ice time.
    """
    players = {(shift.side, id(shift.player)): shift.player for shift in shifts}
    entries = {key: _entry(feed, key[0], player) for key, player in players.items()}
    found = [(entries[shift.side, id(shift.player)], shift) for shift in shifts]
    problem = _problem(found, rows)
    feed.flags["shifts_incomplete"] += problem is not None and bool(shifts)
    for position, (entry, shift) in enumerate(found):
        with feed.row(position, shift.shown, "stint"):
            if entry is None:
                raise BadValueError("The shift is of a player who is on no roster.")
            if problem:
                raise BadValueError(problem)
            number = period(inner(shift.raw, "period"), USUAL_PERIODS) if shift.period is None else shift.period
            feed.shift(entry.person_key, number, shift.start, shift.end)
    return problem is None


def _problem(shifts: Sequence[tuple[Entry | None, Shift]], rows: Sequence[Row]) -> str | None:
    """Return why the shifts are not used; None when they are."""
    if len({entry.side for entry, _ in shifts if entry and entry.position != "G"}) < 2:
        return "The shifts do not contain skaters of both teams."
    covered: Counter[tuple[Side, int]] = Counter()  # seconds of all players
    for entry, shift in shifts:
        if entry and shift.start is not None and shift.end is not None:
            covered[entry.side, shift.period or 0] += int(shift.start - shift.end)
    played: dict[int, Decimal] = {}  # by period: the time of the last row
    for row in rows:
        if row.period and row.elapsed is not None:
            played[row.period] = max(row.elapsed, played.get(row.period, row.elapsed))
    if any(covered[side, number] < _FEWEST_ON_ICE * last for number, last in played.items() for side in OTHER):
        return "The shifts cover too little of the game."
    return None


def _period(value: Any) -> int | None:
    try:
        return period(value, USUAL_PERIODS)
    except BadValueError:
        return None


def _entry(feed: Feed, side: Side, player: Any) -> Entry | None:
    """Return the roster line with the jersey of a player. The shifts contain no ids."""
    try:
        return feed.by_jersey(side, jersey(player.get("jersey_number")))
    except BadValueError:
        return None
