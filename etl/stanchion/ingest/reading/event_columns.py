"""The columns of event CSVs, which have other names, clocks and dates in each year.

A row becomes cells with the column names of 2021, an ISO date and a clock like 19:57. The years that are read:
2021 and 2024 (names with spaces), 2025 (names with underscores, ids instead of names of players) and 2022 (names of
its own, the team of the row and its opponent instead of home and away, seconds, goals as successful shots).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.tables import plain
from stanchion.ingest.reading.values import day

_COLUMNS: Final = {
    "date", "home team", "away team", "period", "clock", "home team skaters", "away team skaters", "home team goals",
    "away team goals", "team", "player", "player id", "event", "x coordinate", "y coordinate", "detail 1", "detail 2",
    "detail 3", "detail 4", "player 2", "player id 2", "x coordinate 2", "y coordinate 2",
}  # fmt: skip
_NAMES_OF_2022: Final = {
    "team name": "team", "opp team name": "opponent", "venue": "venue", "clock seconds": "seconds",
    "situation type": "situation", "player name": "player", "event successful": "success", "x coord": "x coordinate",
    "y coord": "y coordinate", "event type": "detail 1", "player name 2": "player 2", "x coord 2": "x coordinate 2",
    "y coord 2": "y coordinate 2", "event detail 1": "detail 2", "event detail 2": "detail 3",
    "event detail 3": "detail 4",
}  # fmt: skip
_SITUATION: Final = re.compile(r"\s*(\d)\s*on\s*(\d)\s*", re.IGNORECASE)
_NUMERIC_DATE: Final = re.compile(r"\s*(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")

Cells = dict[str, str]
Order = Literal["day", "month"]  # the part that comes first in 8/2/2022


NEEDS: Final = (
    ("date", "game date"), ("home team",), ("away team",), ("period",), ("clock",), ("team",), ("player", "player id"),
    ("event",),
)  # fmt: skip
NEEDS_OF_2022: Final = (
    ("game date",), ("team name",), ("opp team name",), ("venue",), ("period",), ("clock seconds",), ("player name",),
    ("event",),
)  # fmt: skip


class Header:
    """The columns of one file."""

    def __init__(self, columns: Sequence[str]) -> None:
        names = ["date" if plain(name) == "game date" else plain(name) for name in columns]
        self.is_of_2022 = "opp team name" in names
        aliases = _NAMES_OF_2022 if self.is_of_2022 else {}
        named = [aliases.get(name, name) for name in names]
        self._known = [(n, name) for n, name in enumerate(named) if name in _COLUMNS or name in aliases.values()]
        self._width = len(columns)

    def cells(self, row: list[str] | None) -> Cells:
        """Return the cells that are not blank, by column. A row that is too long or no valid CSV has no cells."""
        if row is None or len(row) > self._width:
            return {}
        cells = {name: row[n] for n, name in self._known if n < len(row) and row[n] and not row[n].isspace()}
        return _from_2022(cells) if self.is_of_2022 else cells

    def order(self, dates: Iterable[str]) -> Order:
        """Return whether dates like 8/2/2022 begin with the day or the month. See order_of_dates."""
        return order_of_dates(dates, usual="day" if self.is_of_2022 else "month")


def order_of_dates(dates: Iterable[str], usual: Order = "month") -> Order:
    """Return whether dates like 8/2/2022 begin with the day or the month, which the file decides.

    When every date can be read both ways, the order is the usual one. Raises UnreadableError when some dates can only
    begin with the day, and others only with the month.
    """
    parts = [(int(found[1]), int(found[2])) for written in dates if (found := _NUMERIC_DATE.match(written))]
    day_first, month_first = any(first > 12 for first, _ in parts), any(second > 12 for _, second in parts)
    if day_first and month_first:
        raise UnreadableError("Some dates of the file begin with the day, and others with the month.")
    return "day" if day_first else "month" if month_first else usual


@lru_cache(maxsize=256)
def read_date(written: str, order: Order) -> date | None:
    """Return the date of a text like 2022-02-08 or 8/2/2022; None when it cannot be read."""
    found = _NUMERIC_DATE.match(written)
    if not found:
        return day(written)
    first, second, year = (int(part) for part in found.groups())
    month, day_of_month = (second, first) if order == "day" else (first, second)
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None


def _from_2022(cells: Cells) -> Cells:
    """Convert the cells of 2022, which are relative to the team of the row."""
    own, opponent, venue = cells.get("team", ""), cells.pop("opponent", ""), cells.pop("venue", "").strip().lower()
    if venue in ("home", "away"):
        cells["home team"], cells["away team"] = (own, opponent) if venue == "home" else (opponent, own)
        skaters = _SITUATION.fullmatch(cells.get("situation", ""))
        if skaters:
            mine, theirs = ("home", "away") if venue == "home" else ("away", "home")
            cells[f"{mine} team skaters"], cells[f"{theirs} team skaters"] = skaters[1], skaters[2]
    cells.pop("situation", None)
    left = cells.pop("seconds", "").strip()
    if re.fullmatch(r"\d{1,5}(\.\d+)?", left):
        cells["clock"] = f"{int(float(left)) // 60}:{int(float(left)) % 60:02d}"
    succeeded = cells.pop("success", "").strip().lower() in ("t", "true", "1")
    if succeeded and cells.get("event", "").strip().lower() == "shot":
        cells["event"] = "Goal"
    return cells
