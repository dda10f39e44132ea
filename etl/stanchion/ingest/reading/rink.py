"""Convert coordinates to the system with its origin at centre ice.

Files use one of two systems, with the origin at centre ice or in a corner, and do not contain which one.
"""

from collections.abc import Iterable
from typing import Any, Final

from stanchion.ingest.reading.model import Event
from stanchion.ingest.reading.rowtext import number_text
from stanchion.ingest.reading.shape import Points
from stanchion.ingest.reading.values import coordinate

LENGTH: Final = 100.0  # from centre ice to either end
WIDTH: Final = 42.5  # from centre ice to either board
_MAX_CACHED = 50_000  # texts of coordinates; the length of a rink has 20,000 hundredths


class Rink:
    """The points of one game. Their range decides which system of coordinates they use, unless `corner` is given."""

    def __init__(self, corner: bool | None = None) -> None:
        self._corner = corner
        self._owners: list[str] = []
        self._xs: list[Any] = []
        self._ys: list[Any] = []

    def add(self, owner: str, points: Points) -> None:
        """Add a point or a list of points of an owner: its columns event_no, kind and participant_no as text.

        Null points are ignored.
        """
        for point in points if isinstance(points, list) else (points,):
            if point is not None:
                self._owners.append(owner)
                self._xs.append(point.x)
                self._ys.append(point.y)

    def points(self) -> tuple[list[str], int]:
        """Return the rows of play_point (owner, point_no, x, y) and the number of points off the rink.

        Points off the rink and points without numbers have no row.
        """
        owners, xs, ys = self._owners, self._xs, self._ys
        if not {float, int} >= {*map(type, xs), *map(type, ys)}:
            numbers = zip(owners, map(coordinate, xs), map(coordinate, ys), strict=True)
            numeric = [(owner, x, y) for owner, x, y in numbers if x is not None and y is not None]
            owners, xs, ys = map(list, zip(*numeric, strict=True)) if numeric else ([], [], [])
        corner = _from_the_corner(xs, ys) if self._corner is None else self._corner
        along, across = _AXES[corner]
        points: list[str] = []
        outside = number = 0
        previous = None
        for owner, x, y in zip(owners, map(along.__getitem__, xs), map(across.__getitem__, ys), strict=True):
            if owner is not previous:
                previous, number = owner, 0
            if x and y:
                points.append(f"{owner},{number},{x},{y}")
                number += 1
            else:
                outside += 1
        return points, outside


def has_places_of_shots(events: Iterable[Event], points: list[str]) -> bool:
    """Return whether at least one shot or goal has a point. `points` are rows of play_point."""
    shots = {str(event.event_no) for event in events if event.action.type in ("Shot", "Goal")}
    return any(point.partition(",")[0] in shots for point in points)


class _Axis(dict[float, str]):
    """A cache from a coordinate of the source to its text relative to centre ice; empty text when off the rink."""

    def __init__(self, half: float, corner: bool) -> None:
        self._half = half
        self._shift = half if corner else 0.0

    def __missing__(self, value: float) -> str:
        moved = round(value - self._shift, 2)
        text = number_text(moved) if -self._half <= moved <= self._half else ""
        if len(self) < _MAX_CACHED:
            self[value] = text
        return text


_AXES: Final = {corner: (_Axis(LENGTH, corner), _Axis(WIDTH, corner)) for corner in (False, True)}


def _from_the_corner(xs: list[float], ys: list[float]) -> bool:
    """Return whether more points are possible only with the origin in a corner than only with it at centre ice."""
    if not xs or (max(xs) <= LENGTH and max(ys) <= WIDTH):
        return False
    if min(xs) >= 0 and min(ys) >= 0:
        return True
    beyond = sum(x > LENGTH or y > WIDTH for x, y in zip(xs, ys, strict=True))
    return beyond > sum(x < 0 or y < 0 for x, y in zip(xs, ys, strict=True))
