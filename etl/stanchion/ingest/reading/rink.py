"""Coordinates: two systems that no file names, made into the one with its origin at centre ice."""

from typing import Any, Final

from stanchion.ingest.reading.rowtext import number_text
from stanchion.ingest.reading.shape import Points
from stanchion.ingest.reading.values import coordinate

LENGTH: Final = 100.0  # from centre ice to either end
WIDTH: Final = 42.5  # from centre ice to either board
_MOST = 50_000  # coordinates that are remembered; there are 20,000 hundredths of a rink's length


class Rink:
    """The places of one file, whose system is decided by the range of them all."""

    def __init__(self, corner: bool | None = None) -> None:
        self._corner = corner
        self._spots: list[str] = []
        self._xs: list[Any] = []
        self._ys: list[Any] = []

    def add(self, spot: str, places: Points) -> None:
        """A list of places, or a single one, and whose they are. Null places are nothing."""
        for place in places if isinstance(places, list) else (places,):
            if place is not None:
                self._spots.append(spot)
                self._xs.append(place.x)
                self._ys.append(place.y)

    def points(self) -> tuple[list[str], int]:
        """Rows of the spot, the number of the point in it, and x and y from centre ice; and how many lie off the rink.

        Places without numbers are nothing.
        """
        spots, xs, ys = self._spots, self._xs, self._ys
        if not {float, int} >= {*map(type, xs), *map(type, ys)}:
            numbers = zip(spots, map(coordinate, xs), map(coordinate, ys), strict=True)
            numeric = [(spot, x, y) for spot, x, y in numbers if x is not None and y is not None]
            spots, xs, ys = map(list, zip(*numeric, strict=True)) if numeric else ([], [], [])
        corner = _from_the_corner(xs, ys) if self._corner is None else self._corner
        along, across = _AXES[corner]
        points: list[str] = []
        outside = number = 0
        before = None
        for spot, x, y in zip(spots, map(along.__getitem__, xs), map(across.__getitem__, ys), strict=True):
            if spot is not before:
                before, number = spot, 0
            if x and y:
                points.append(f"{spot},{number},{x},{y}")
                number += 1
            else:
                outside += 1
        return points, outside


class _Axis(dict[float, str]):
    """Coordinates as sources have them, from centre ice, as text; empty off the rink. They repeat."""

    def __init__(self, half: float, corner: bool) -> None:
        self._half = half
        self._shift = half if corner else 0.0

    def __missing__(self, value: float) -> str:
        moved = round(value - self._shift, 2)
        made = number_text(moved) if -self._half <= moved <= self._half else ""
        if len(self) < _MOST:
            self[value] = made
        return made


_AXES: Final = {corner: (_Axis(LENGTH, corner), _Axis(WIDTH, corner)) for corner in (False, True)}


def _from_the_corner(xs: list[float], ys: list[float]) -> bool:
    """Whether more points lie where only corner coordinates can than where only centred ones can."""
    if not xs or (max(xs) <= LENGTH and max(ys) <= WIDTH):
        return False
    if min(xs) >= 0 and min(ys) >= 0:
        return True
    beyond = sum(x > LENGTH or y > WIDTH for x, y in zip(xs, ys, strict=True))
    return beyond > sum(x < 0 or y < 0 for x, y in zip(xs, ys, strict=True))
