"""Follow the goalies in net from the rows in which they change."""

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.known import inner
from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.values import BadValueError

_START: Final = (1, Decimal(0))

Moment = tuple[int, Decimal]  # period, seconds since its start


class Stay(NamedTuple):
    """The time of a goalie in net from one change to the next."""

    start: Moment
    end: Moment
    goalie: str


class Goalies:
    """The goalies in net of both teams. Add their changes in the order of play, and then the end of the game."""

    def __init__(self) -> None:
        self._stays: dict[Side, list[Stay]] = {"home": [], "away": []}
        self._playing: dict[Side, tuple[str, Moment] | None] = {"home": None, "away": None}
        self._changed: dict[Side, Moment] = {"home": _START, "away": _START}  # the last time

    def change(self, side: Side | None, period: int, elapsed: Decimal | None, details: dict[str, Any]) -> None:
        """Add a change. Raises BadValueError when it has no team, period, clock or goalie, or is out of order."""
        comes, goes = (identifier(inner(details, key, "id")) for key in ("goalieComingIn", "goalieGoingOut"))
        if side is None or not period or elapsed is None:
            raise BadValueError("The change of goalies has no team, period or clock.")
        if not comes and not goes:
            raise BadValueError("The change of goalies names no goalie.")
        now = (period, elapsed)
        if now < self._changed[side]:
            raise BadValueError("The change of goalies is earlier than the one before it.")
        self._changed[side] = now
        if goes and self._playing[side] is None and not self._stays[side]:
            self._playing[side] = (goes, _START)  # the row in which the goalie came in is missing
        self._leave(side, now)
        if comes:
            self._playing[side] = (comes, now)

    def finish(self, end: Moment) -> None:
        """End the stay of each goalie in net with the game."""
        for side in self._stays:
            self._leave(side, end)
            self._stays[side].sort(key=lambda stay: stay.start)

    def _leave(self, side: Side, now: Moment) -> None:
        playing = self._playing[side]
        if playing and playing[1] < now:
            self._stays[side].append(Stay(playing[1], now, playing[0]))
        self._playing[side] = None

    def in_net(self, side: Side, period: int, elapsed: Decimal | None) -> str | None:
        """Return the goalie in net at a time. A change at this time comes after it."""
        stays = self._stays[side]
        if elapsed is None or not period:
            return None
        now = (period, elapsed)
        place = bisect_left(stays, now, key=lambda stay: stay.start) - 1
        return stays[place].goalie if place >= 0 and stays[place].end >= now else None

    def add_shifts(self, feed: Feed) -> bool:
        """Add the stays as shifts, one a period; return whether there are any."""
        parts = [part for stays in self._stays.values() for part in _by_period(feed, stays)]
        for goalie, period, start, end in parts:
            feed.shift(goalie, period, start, end)
        return bool(parts)


def _by_period(feed: Feed, stays: Sequence[Stay]) -> list[tuple[str, int, Decimal, Decimal]]:
    """Return goalie, period, and the seconds left at the start and the end of each part of the stays."""
    parts = []
    for stay in stays:
        for period in range(stay.start[0], stay.end[0] + 1):
            length = Decimal(feed.length(period))
            start = length - stay.start[1] if period == stay.start[0] else length
            end = length - stay.end[1] if period == stay.end[0] else Decimal(0)
            if start > max(end, Decimal(0)):
                parts.append((stay.goalie, period, start, max(end, Decimal(0))))
    return parts
