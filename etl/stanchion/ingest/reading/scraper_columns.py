"""The columns of the CSV files that hockey_scraper writes, and the meaning of single cells.

A file has 58 columns and one row for each event, in the order of play. Names of columns are compared in lower case and
with spaces for underscores.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from stanchion.ingest.reading.model import Side
from stanchion.ingest.reading.tables import plain
from stanchion.ingest.reading.values import BadValueError, day, text, whole

ON_ICE: Final = 6  # players of a side in a row, with the goalie
SIDES: Final[tuple[Side, Side]] = ("home", "away")
COLUMNS: Final = {
    "game id", "date", "period", "event", "time elapsed", "seconds elapsed", "strength", "ev zone", "type", "ev team",
    "home team", "away team", "xc", "yc",
    *(f"p{number} {what}" for number in (1, 2, 3) for what in ("name", "id")),
    *(f"{side} goalie{what}" for side in SIDES for what in ("", " id")),
    *(f"{side}player{number}{what}" for side in SIDES for number in range(1, ON_ICE + 1) for what in ("", " id")),
}  # fmt: skip
OF_GAME: Final = {"game id", "date", "home team", "away team"}
NEEDS: Final = (
    ("game id",), ("date",), ("period",), ("event",), ("time elapsed", "seconds elapsed"), ("strength",), ("ev team",),
    ("home team",), ("away team",), ("p1 id",), ("home goalie id",), ("away goalie id",),
)  # fmt: skip
FIRST_PLAYOFF_GAME: Final = 30_000  # of the numbers in Game_Id; lower ones are of the season or before it
_MISSING: Final = {"na", "nan", "none", "null"}
_MINUTES: Final = re.compile(r"\(\s*(\d{1,2})\s*min", re.IGNORECASE)
_BENCH: Final = re.compile(r"-\s*bench\b")  # not the bench that a player leaves
_USUAL_MINUTES: Final = {
    "Minor": 2, "DoubleMinor": 4, "Major": 5, "Misconduct": 10, "Match": 10, "Bench": 2, "PenaltyShot": 0,
}  # fmt: skip
_SKATERS: Final = re.compile(r"\s*(\d)\s*x\s*(\d)\s*", re.IGNORECASE)

Cells = dict[str, str]
PenaltyClass = Literal["Minor", "DoubleMinor", "Major", "Misconduct", "Match", "Bench", "PenaltyShot"]


class Header:
    """The columns of one file, of which the `wanted` ones are read."""

    def __init__(self, columns: Sequence[str], wanted: Collection[str] = COLUMNS) -> None:
        self._known = [(n, name) for n, name in enumerate(map(plain, columns)) if name in wanted]
        self._width = len(columns)

    def cells(self, row: list[str] | None) -> Cells:
        """Return the cells with a value, by column. A row that is too long or no valid CSV has no cells."""
        if row is None or len(row) > self._width:
            return {}
        return {
            name: row[n]
            for n, name in self._known
            if n < len(row) and (cell := row[n].strip()) and cell.lower() not in _MISSING
        }


def game_key(cells: Cells) -> str | None:
    """Return the id of the game as in other sources, such as 2018020001; None when the row does not identify it.

    Game_Id lacks the season (20001). A season begins in the second half of a year. A playoff game before October
    belongs to the season that began the year before, because the playoffs of one year were played in August.
    """
    played_on = day(cells.get("date"))
    try:
        number = whole(cells.get("game id"))
    except BadValueError:
        return None
    if played_on is None or number is None:
        return None
    if 1_900_010_001 <= number <= 2_199_999_999:
        return str(number)
    if not 10_000 < number < 100_000:
        return None
    return f"{_season(played_on, number)}{number:06d}"


def _season(played_on: date, number: int) -> int:
    first_month = 10 if number > FIRST_PLAYOFF_GAME else 7
    return played_on.year - (played_on.month < first_month)


def is_playoff(key: str) -> bool:
    """Return whether the game with this key is a playoff game, which has no shootout."""
    return int(key[-5:]) > FIRST_PLAYOFF_GAME


def teams_of(cells: Cells) -> tuple[str, str] | None:
    """Return the home team and the away team of a row; None when one is missing."""
    try:
        home, away = text(cells.get("home team")), text(cells.get("away team"))
    except BadValueError:
        return None
    return (home, away) if home and away else None


@lru_cache(maxsize=4096)
def side_of_team(written: str | None, teams: tuple[str, str]) -> Side | None:
    """Return the side of a team code, of which sources write several, such as A.B, AB and ABC for one team."""
    code = _letters(written)
    if not code:
        return None
    codes = [_letters(team) for team in teams]
    equal = [side for side, own in zip(SIDES, codes, strict=True) if own == code]
    similar = [
        side
        for side, own in zip(SIDES, codes, strict=True)
        if len(code) > 1 and len(own) > 1 and (own.startswith(code) or code.startswith(own))
    ]
    for found in (equal, similar):
        if len(found) == 1:
            return found[0]
    return None


def _letters(written: str | None) -> str:
    return "".join(letter for letter in (written or "") if letter.isalnum()).casefold()


def skaters_of(cells: Cells) -> dict[Side, int] | None:
    """Return the skaters of each side in the cell Strength, such as 6x5; None when it cannot be read."""
    found = _SKATERS.fullmatch(cells.get("strength", ""))
    if not found or found[1] == found[2] == "0":
        return None
    return {"home": int(found[1]), "away": int(found[2])}


def penalty_of(written: str | None) -> tuple[PenaltyClass | None, int | None]:
    """Return the class and the minutes of a penalty from a text like 'Hooking(2 min)' or 'Fighting (maj)'.

    Both are None when the text is empty or contains neither.
    """
    low = (written or "").casefold().strip()
    found = _MINUTES.search(low)
    minutes = int(found[1]) if found else None
    kind = _penalty_class(low, minutes)
    return kind, _USUAL_MINUTES.get(kind) if minutes is None and kind else minutes


def _penalty_class(low: str, minutes: int | None) -> PenaltyClass | None:
    if low.startswith(("ps-", "ps -")):
        return "PenaltyShot"
    if _BENCH.search(low):
        return "Bench"
    if "match" in low:
        return "Match"
    if "misconduct" in low or minutes == 10:
        return "Misconduct"
    if minutes == 4 or "double minor" in low:
        return "DoubleMinor"
    if minutes == 5 or "(maj" in low:
        return "Major"
    return None if minutes is None else "Minor"
