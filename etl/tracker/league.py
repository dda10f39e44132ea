"""What a league plays, where it says so: then that counts, and not what an export says or its tracker assumes."""

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from etl.tracker.values import BadValueError, period

USUAL_PERIODS = 3  # where nobody says it


class League(Struct, frozen=True):
    """Its rules on a day; None is what it does not say."""

    periods: int | None = None
    period_seconds: int | None = None
    overtime_seconds: int | None = None  # 0: there is none

    def lengths(self, said: Mapping[str, int]) -> dict[str, int]:
        """Seconds of each period by its number, and of overtime, of an export that says these."""
        regular = [length for key, length in said.items() if key.isdigit()]
        numbers = [str(number + 1) for number in range(self.periods or len(regular) or USUAL_PERIODS)]
        usual = self.period_seconds or max(regular, default=None)
        found = {number: self.period_seconds or said.get(number, usual) for number in numbers}
        found["OT"] = said.get("OT") if self.overtime_seconds is None else self.overtime_seconds
        return {key: length for key, length in found.items() if length}


class Periods:
    """The periods that a game may have."""

    def __init__(self, league: League, lengths: Mapping[str, int]) -> None:
        self.regular = league.periods or sum(key.isdigit() for key in lengths) or USUAL_PERIODS
        self._last = self.regular if league.periods and league.overtime_seconds == 0 else 99

    def number(self, value: object) -> int:
        """The number of a period as a source writes it. Raises BadValueError for one that the league does not play."""
        number = period(value, self.regular)
        if number > self._last:
            raise BadValueError(f"The league plays {self.regular} periods and no overtime.")
        return number


class Rulebook:
    """The rules of a league from day to day."""

    def __init__(self, changes: Iterable[tuple[date, League]] = ()) -> None:
        self._changes = sorted(changes, key=lambda change: change[0])

    def on(self, day: date | None) -> League:
        """Of that day; of the last, where nobody says which day it is."""
        rules = League()
        for since, changed in self._changes:
            if day is None or since <= day:
                rules = changed
        return rules
