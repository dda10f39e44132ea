"""Add the shifts of all players, unless they cover too little of the game."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from stanchion.ingest.reading.feed import Feed
from stanchion.ingest.reading.hockeytech.plays import Row
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.league import USUAL_PERIODS
from stanchion.ingest.reading.model import Entry, Side
from stanchion.ingest.reading.rosters import OTHER
from stanchion.ingest.reading.values import BadValueError, clock, jersey, period

_FEWEST_ON_ICE: Final = Decimal("3.5")  # with the goalie, on average; a complete list has at least four players
_SIDES: Final[dict[str, Side]] = {"home": "home", "visitor": "away"}

Shift = tuple[Side, Any, Any]  # the side, the player and the shift, as in the document


def shifts_in(document: dict[str, Any]) -> list[Shift]:
    """Return the shifts of a document."""
    return [
        (side, player, shift)
        for key, side in _SIDES.items()
        for player in items(document, key)
        for shift in items(player, "shifts")
    ]


def add_shifts(feed: Feed, shifts: Sequence[Shift], rows: Sequence[Row]) -> bool:
    """Add the shifts; return whether they are used.

    They are all rejected when they cover too little of the game, because a player without shifts would count as a
    player without ice time.
    """
    players = {(side, id(player)): _entry(feed, side, player) for side, player, _ in shifts}
    problem = _problem([(players[side, id(player)], shift) for side, player, shift in shifts], rows)
    feed.flags["shifts_incomplete"] += problem is not None and bool(shifts)
    for position, (side, player, shift) in enumerate(shifts):
        raw = {name: value for name, value in player.items() if name != "shifts"} | {"shift": shift}
        with feed.row(position, raw, "stint"):
            entry = players[side, id(player)]
            if entry is None:
                raise BadValueError("The shift is of a player who is on no roster.")
            if problem:
                raise BadValueError(problem)
            number = period(inner(shift, "period"), USUAL_PERIODS)
            feed.shift(entry.person_key, number, clock(inner(shift, "start_time")), clock(inner(shift, "end_time")))
    return problem is None


def _problem(shifts: Sequence[tuple[Entry | None, Any]], rows: Sequence[Row]) -> str | None:
    """Return why the shifts are not used; None when they are."""
    if len({entry.side for entry, _ in shifts if entry and entry.position != "G"}) < 2:
        return "The shifts do not contain skaters of both teams."
    covered: Counter[tuple[Side, int]] = Counter()  # seconds of all players
    for entry, shift in shifts:
        start, end = clock(inner(shift, "start_time")), clock(inner(shift, "end_time"))
        if entry and start is not None and end is not None:
            covered[entry.side, _period(shift)] += int(start - end)
    played: dict[int, Decimal] = {}  # by period: the time of the last row
    for row in rows:
        if row.period and row.elapsed is not None:
            played[row.period] = max(row.elapsed, played.get(row.period, row.elapsed))
    if any(covered[side, number] < _FEWEST_ON_ICE * last for number, last in played.items() for side in OTHER):
        return "The shifts cover too little of the game."
    return None


def _period(shift: Any) -> int:
    try:
        return period(inner(shift, "period"), USUAL_PERIODS)
    except BadValueError:
        return 0


def _entry(feed: Feed, side: Side, player: Any) -> Entry | None:
    """Return the roster line with the jersey of a player. The shifts contain no ids."""
    try:
        return feed.by_jersey(side, jersey(player.get("jersey_number")))
    except BadValueError:
        return None
