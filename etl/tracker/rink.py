"""Coordinates: two systems that no file names, made into the one with its origin at centre ice."""

from collections.abc import Iterable
from typing import Final, Literal

from etl.tracker.model import Point
from etl.tracker.shape import Points
from etl.tracker.values import coordinate

LENGTH: Final = 100.0  # from centre ice to either end
WIDTH: Final = 42.5  # from centre ice to either board


class Rink:
    """The system of one file, decided by the range of its points, and what it makes of each of them."""

    def __init__(self, lists: Iterable[Points], corner: bool | None = None) -> None:
        self.outside = 0
        if corner is None:
            corner = _from_the_corner(lists)
        self._x = _Axis(LENGTH, corner)
        self._y = _Axis(WIDTH, corner)

    def points(self, kind: Literal["puck", "net", "player"], participant_no: int | None, places: Points) -> list[Point]:
        """The points of a list, or of a single place. Null places and places without numbers are nothing."""
        points: list[Point] = []
        for x, y in _numbers(places):
            along, across = self._x[x], self._y[y]
            if along is None or across is None:
                self.outside += 1
            else:
                points.append(Point(kind, participant_no, len(points), along, across))
        return points


class _Axis(dict[float, float | None]):
    """Coordinates as sources have them, from centre ice; None off the rink. Rounding is slow and they repeat."""

    def __init__(self, half: float, corner: bool) -> None:
        self._half = half
        self._shift = half if corner else 0.0

    def __missing__(self, value: float) -> float | None:
        moved = round(value - self._shift, 2) + 0.0  # never -0.0
        self[value] = made = moved if -self._half <= moved <= self._half else None
        return made


def _from_the_corner(lists: Iterable[Points]) -> bool:
    """Whether more points lie where only corner coordinates can than where only centred ones can."""
    beyond = below = 0
    for places in lists:
        for x, y in _numbers(places):
            if x < 0 or y < 0:
                below += 1
            if x > LENGTH or y > WIDTH:
                beyond += 1
    return beyond > below


def _numbers(places: Points) -> list[tuple[float, float]]:
    numbers = []
    for place in places if isinstance(places, list) else (places,):
        if place is not None:
            x, y = place.x, place.y
            if x.__class__ is not float:  # most are; asking is faster than converting
                x = coordinate(x)
            if y.__class__ is not float:
                y = coordinate(y)
            if x is not None and y is not None:
                numbers.append((x, y))
    return numbers
