"""Coordinates: two systems that no file names, made into the one with its origin at centre ice."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from etl.tracker.model import Point
from etl.tracker.values import coordinate

LENGTH: Final = 100.0  # from centre ice to either end
WIDTH: Final = 42.5  # from centre ice to either board


class Rink:
    """The system of one file, decided by the range of its points, and what it makes of each of them."""

    def __init__(self, lists: Iterable[Any], corner: bool | None = None) -> None:
        self.outside = 0
        if corner is None:
            corner = _from_the_corner(lists)
        self._shift = (LENGTH, WIDTH) if corner else (0.0, 0.0)

    def points(self, kind: Literal["puck", "net", "player"], participant_no: int | None, places: Any) -> list[Point]:
        """The points of a list, or of a single place. Null places and places without numbers are nothing."""
        points: list[Point] = []
        for x, y in _numbers(places):
            x, y = round(x - self._shift[0], 2) + 0.0, round(y - self._shift[1], 2) + 0.0  # never -0.0
            if abs(x) > LENGTH or abs(y) > WIDTH:
                self.outside += 1
            else:
                points.append(Point(kind, participant_no, len(points), x, y))
        return points


def _from_the_corner(lists: Iterable[Any]) -> bool:
    """Whether more points lie where only corner coordinates can than where only centred ones can."""
    beyond = below = 0
    for places in lists:
        if places:
            for x, y in _numbers(places):
                beyond += x > LENGTH or y > WIDTH
                below += x < 0 or y < 0
    return beyond > below


def _numbers(places: Any) -> Iterable[tuple[float, float]]:
    for place in places if isinstance(places, list) else (places,):
        if isinstance(place, dict):
            x, y = coordinate(place.get("x")), coordinate(place.get("y"))
            if x is not None and y is not None:
                yield x, y
