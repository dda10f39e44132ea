"""Add the shifts of a shift chart, unless the list is empty or incomplete."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from stanchion.ingest.reading.feed import Feed
from stanchion.ingest.reading.known import inner, items
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.nhl.rows import Row
from stanchion.ingest.reading.nhl.values import SIDES, known_id, name_of, number, whole_seconds
from stanchion.ingest.reading.values import BadValueError, period, whole

Sides = Mapping[str | None, Side]
_SHIFT, _GOAL = 517, 505  # typeCode of a row
_FEWEST_ON_ICE: Final = Decimal("3.5")  # with the goalie, on average; a complete list has at least four players


def add_shifts(feed: Feed, document: Mapping[str, Any], sides: Sides, plays: Sequence[Row]) -> bool:
    """Add the shifts. Returns False, and adds none, when the list is empty or covers too little of the game."""
    everything = items(document, "data")
    rows = [(position, row) for position, row in enumerate(everything) if not _is_goal(row)]
    missing = number(document.get("missing")) or 0
    if len(rows) == len(everything):  # the rows of goals may have been removed
        missing -= sum(play.kind == "goal" for play in plays)
    problem = (
        "shifts_empty"
        if not rows
        else "shifts_without_teams"
        if not sides
        else "shifts_incomplete"
        if missing > 0 or _covers_too_little(feed, rows, sides, plays)
        else None
    )
    if problem:
        feed.flags[problem] += 1
        return False
    for position, row in rows:
        with feed.row(position, row, "stint"):
            _add_shift(feed, row, sides)
    return True


def _is_goal(row: Any) -> bool:
    """Return whether the row is a goal, which a shift chart contains as a shift without a length."""
    return number(inner(row, "typeCode")) == _GOAL


def _add_shift(feed: Feed, row: Any, sides: Sides) -> None:
    if not isinstance(row, dict) or whole(row.get("typeCode", _SHIFT)) != _SHIFT:
        raise BadValueError("The row is not a shift.")
    of_period = period(row.get("period"), 3)
    side = sides.get(known_id(row.get("teamId")))
    if side:
        feed.person(side, row.get("playerId"), None, name_of(row.get("firstName"), row.get("lastName")))
    began, ended = (feed.remaining(of_period, row.get(key)) for key in ("startTime", "endTime"))
    feed.shift(row.get("playerId"), of_period, began, ended)
    start, length, end = (whole_seconds(row.get(key)) for key in ("startTime", "duration", "endTime"))
    if start is not None and length is not None and end is not None:
        feed.flags["duration_disagrees"] += start + length != end


def _covers_too_little(feed: Feed, rows: Sequence[tuple[int, Any]], sides: Sides, plays: Sequence[Row]) -> bool:
    """Return whether a side has too few players on the ice in a period, up to the last play of the period."""
    played: dict[int, Decimal] = {}
    for play in plays:
        if play.left is not None and play.period and not play.is_shootout:
            elapsed = feed.length(play.period) - play.left
            played[play.period] = max(played.get(play.period, elapsed), elapsed)
    on_ice: Counter[tuple[int | None, Side | None]] = Counter()
    for _, row in rows:
        start, end = whole_seconds(inner(row, "startTime")), whole_seconds(inner(row, "endTime"))
        if start is not None and end is not None:
            on_ice[number(inner(row, "period")), sides.get(known_id(inner(row, "teamId")))] += end - start
    return any(
        on_ice[of_period, side] < elapsed * _FEWEST_ON_ICE for of_period, elapsed in played.items() for side in SIDES
    )
