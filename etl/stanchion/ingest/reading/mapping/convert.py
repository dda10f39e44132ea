"""Convert the values of a row as a mapping describes them. A value that cannot be read becomes None."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from stanchion.ingest.reading.mapping.schema import ClockOf, CoordinatesOf, DateOf, PeriodOf, StrengthOf
from stanchion.ingest.reading.model import Side, Strength
from stanchion.ingest.reading.values import coordinate, day, hundredths, jersey, period, seconds, text

Cells = dict[str, Any]
_CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)
_DATE: Final = re.compile(r"\s*(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?!\d)", re.ASCII)
_TWO_NUMBERS: Final = re.compile(r"\D*(\d{1,2})\D+(\d{1,2})\D*", re.ASCII)
_TRUTHS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "s"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "u"), False),
}
_SECONDS: Final = {"seconds": Decimal(1), "milliseconds": Decimal("0.001"), "minutes": Decimal(60)}
_FULL: Final = 5  # skaters without an extra attacker
_FEET_IN_METRE: Final = 3.28084
_LENGTH, _WIDTH = 200, 85  # of the rink, in feet


def folded(value: Any) -> str:
    """Return a value for comparisons: without the differences between 1, 1.0, '1' and ' 1 ', or Goal and goal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        value = value + 0.0  # turns -0.0 into 0.0
    return " ".join(str("" if value is None else value).split()).casefold().removesuffix(".0")


def day_of(date_: DateOf | str, cells: Cells) -> date | None:
    """Return the date of a row."""
    written = cells.get(date_ if isinstance(date_, str) else date_.column)
    first = "year" if isinstance(date_, str) else date_.first
    found = _DATE.match(written) if isinstance(written, str) else None
    if not found:
        return day(str(written)) if first == "year" and isinstance(written, str | int) else None
    numbers = [int(number) for number in found.groups()]
    order = {"year": (0, 1, 2), "day": (2, 1, 0), "month": (2, 0, 1)}[first]
    try:
        return date(*(numbers[place] for place in order))
    except ValueError:
        return None


def truth_of(value: Any) -> bool | None:
    """Return whether a value means yes; None when it is empty or unknown."""
    return _TRUTHS.get(folded(value))


def name_of(value: Any) -> str | None:
    """Return a name or an id as text. 20001, '20001' and 20001.0 are equal."""
    return None if isinstance(value, bool) else jersey(value)


class Times:
    """The periods and the clock of a mapping."""

    def __init__(self, periods: PeriodOf, clock: ClockOf) -> None:
        self._periods, self._clock = periods, clock
        self._numbers = {folded(written): number for written, number in periods.values.items()}
        self.lengths = {str(number): periods.seconds for number in range(1, periods.regular + 1)}
        self.lengths["OT"] = periods.overtime_seconds

    def of(self, cells: Cells, later_by: float = 0) -> tuple[int, Decimal | None]:
        """Return the period and the seconds left in it at a play whose row is later by some seconds.

        Raises BadValueError for an impossible period.
        """
        at = self._seconds(cells.get(self._clock.column))
        if self._periods.column is None:
            number = self._period_at(at) if at is not None else 0
        else:
            written = cells.get(self._periods.column)
            known = self._numbers.get(folded(written))
            number = period(written, self._periods.regular) if known is None else known
        if at is None:
            return number, None
        if self._clock.of == "game":
            at -= self._before(number)
        length = Decimal(self._length(number))
        left = at if self._clock.direction == "down" else length - at
        if later_by:
            left = min(length, left + Decimal(str(later_by)))
        return number, hundredths(max(Decimal(0), left))

    def _seconds(self, value: Any) -> Decimal | None:
        if self._clock.unit != "clock":
            number = seconds(value)
            return None if number is None or number < 0 else number * _SECONDS[self._clock.unit]
        found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            return None
        return int(found[1] or 0) * 3600 + int(found[2]) * 60 + hundredths(Decimal(found[3]))

    def _length(self, number: int) -> int:
        return self.lengths.get(str(number), self._periods.overtime_seconds)

    def _before(self, number: int) -> int:
        return sum(self._length(earlier) for earlier in range(1, number))

    def _period_at(self, at: Decimal) -> int:
        """Return the period of a moment of the game. The second at which a period ends belongs to it."""
        number = 1
        while number < 30 and at > self._before(number + 1):
            number += 1
        return number


def point_of(of: CoordinatesOf, cells: Cells, side: Side | None) -> tuple[float, float] | None:
    """Return a point in feet from the centre. When one side attacks the same end in all rows, it is seen from there.

    The acting team then attacks x = 100. A point whose row has no team keeps the view of the file.
    """
    x, y = coordinate(cells.get(of.x)), coordinate(cells.get(of.y))
    if x is None or y is None:
        return None
    factor = _FEET_IN_METRE if of.unit == "metres" else 1.0
    along = _LENGTH / of.length if of.length else factor
    across = _WIDTH / of.width if of.width else factor
    x, y = x * along, y * across
    if of.origin == "corner":
        x, y = x - _LENGTH / 2, y - _WIDTH / 2
    turned = of.view != "played" and (of.attacks == "low") != (of.view == "home" and side == "away")
    return (round(-x, 2), round(-y, 2)) if turned else (round(x, 2), round(y, 2))


def strength_of(of: StrengthOf, cells: Cells, side: Side | None) -> Strength | None:
    """Return the strength of a side without its extra attacker."""
    if side is None:
        return None
    if of.text:
        found = _TWO_NUMBERS.fullmatch(str(cells.get(of.text, ""))[:40])
        numbers = [int(number) for number in found.groups()] if found else []
    else:
        written = [seconds(cells.get(ref)) for ref in (of.home, of.away) if ref]
        numbers = [int(number) for number in written if number is not None]
    if len(numbers) != 2:
        return None
    first, second = (min(number, _FULL) for number in numbers)
    if side == "away" and (of.home or of.first == "home"):
        first, second = second, first
    if first == second:
        return "even"
    return "power_play" if first > second else "short_handed"


def penalty_class(
    written: Any, minutes: int | None
) -> tuple[Literal["Minor", "DoubleMinor", "Major", "Misconduct"], bool]:
    """Return the class of a penalty from a text or its minutes, and whether it was assumed."""
    low = (text(written) or "").lower()
    if "misconduct" in low or (not low and minutes in (10, 20)):
        return "Misconduct", False
    if "major" in low or (not low and minutes == 5):
        return "Major", False
    if ("double" in low and "minor" in low) or minutes == 4:
        return "DoubleMinor", False
    return "Minor", "minor" not in low and minutes is None
