"""Single values as sources write them, in one form: text, whole numbers, clocks, jerseys, codes, coordinates.

Everything here forgives the spellings that real exports have. What cannot be read is None; what cannot be
stored raises BadValueError, whose text is a reason without the data.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

LONGEST_TEXT = 500
# NUL, and the half characters that paths are decoded with: nothing that Postgres keeps
UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")
_LARGEST = 2**63 - 1  # of a bigint
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}(?:\.\d{1,18})?)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_OVERTIME = re.compile(r"(?:OT|OVERTIME)([1-9]?)|([1-9])OT")
_SEPARATORS = re.compile(r"[\s/-]+")
_ROLE = re.compile(r"(event|opp)(?:_team)?_player_(\d{1,4})", re.ASCII)
# A play detail may carry its family: OffensivePlay_Pass-AssistPrimary, Defensive_PlayZone-…, Offensive_Zone-….
_FAMILY = re.compile(r"(?:Offensive|Defensive)_?(?:Play)?_?(?:Pass|Zone|Possession|Shot)_(?=.)")
_HUNDREDTH = Decimal("0.01")
_SUCCESS: dict[Any, bool | None] = {None: None, "": None, True: True, False: False, "s": True, "u": False}
_SUCCESS |= {"true": True, "1": True, "y": True, "1.0": True, "0.0": False, "false": False, "0": False, "n": False}


class BadValueError(ValueError):
    """Why a piece of a file cannot be stored; a sentence without the data."""


@lru_cache(maxsize=16384)
def _clean(value: str) -> str | None:
    value = " ".join(value.split())
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if len(value) > LONGEST_TEXT:
        raise BadValueError(f"A text is longer than {LONGEST_TEXT} characters.")
    return value or None


def text(value: Any) -> str | None:
    """Text in NFC, trimmed, white space as single spaces; None when there is none."""
    if isinstance(value, str):
        return _clean(value)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _clean(str(value))
    return None


def raw(value: Any) -> str | None:
    """A code as it was written, for those who want to see it."""
    if value is None or not isinstance(value, str | int | float):
        return None
    written = str(value)
    if len(written) > LONGEST_TEXT:
        raise BadValueError(f"A text is longer than {LONGEST_TEXT} characters.")
    return written or None


@lru_cache(maxsize=16384)
def _code(value: str) -> str | None:
    cleaned = _clean(value)
    return _SEPARATORS.sub("_", cleaned) if cleaned else None


def code(value: Any) -> str | None:
    """A code in its canonical form: every run of white space, / or - is one underscore."""
    return _code(value) if value.__class__ is str else _code(text(value) or "")


@lru_cache(maxsize=4096)
def _play_code(value: str) -> str | None:
    canonical = _code(value)
    return _FAMILY.sub("", canonical, count=1) if canonical and _FAMILY.match(canonical) else canonical


def play_code(value: Any) -> str | None:
    """The code of a play detail, without the family that some exports write before it."""
    return _play_code(value) if value.__class__ is str else _play_code(text(value) or "")


@lru_cache(maxsize=1024)
def _role(value: str) -> tuple[Literal["event", "opp"] | None, int | None]:
    match = _ROLE.fullmatch(value.strip())
    if match is None:
        return None, None
    return ("event" if match[1] == "event" else "opp"), int(match[2])


def role(value: Any) -> tuple[Literal["event", "opp"] | None, int | None]:
    """Whose player it is, the event's team's or the other's, and the number of the role."""
    return _role(value) if value.__class__ is str else (None, None)


def jersey(value: Any) -> str | None:
    """A jersey as text; 7, '7' and 7.0 are one, '07' is another, and the text 'null' is none."""
    if value.__class__ is int:
        return text(value)
    cleaned = text(value + 0.0 if value.__class__ is float else value)  # never -0.0
    if cleaned is None or cleaned in ("null", "None"):
        return None
    return cleaned.removesuffix(".0") or None


@lru_cache(maxsize=16384)
def _clock(value: str) -> Decimal | None:
    match = _CLOCK.fullmatch(value.strip())
    if match is None:
        return None
    seconds = hundredths(Decimal(match[2]) + int(match[1]) * 60)
    return Decimal(0) if seconds <= _HUNDREDTH else seconds


def clock(value: Any) -> Decimal | None:
    """Seconds that remain on a clock; None when it cannot be read.

    Trackers write 00:0.01 for the end of a period, because zero would read as no time: it is zero here.
    """
    return _clock(value) if value.__class__ is str else None


def hundredths(value: Decimal) -> Decimal:
    """A number of seconds in one form, so that 1080 and 1080.00 hash alike."""
    value = value.quantize(_HUNDREDTH)
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()


def seconds(value: Any) -> Decimal | None:
    """A length of time in seconds, which may be negative; None when there is none or it cannot be read."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    written = str(value).strip()
    if not _DECIMAL.fullmatch(written):
        return None
    try:
        number = hundredths(Decimal(written))
    except InvalidOperation:
        return None
    return number if abs(number) < 10**9 else None


def whole(value: Any) -> int | None:
    """A whole number; None when there is none. Raises when there is one that no bigint can hold."""
    if value is None or value is True or value is False:
        return None
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    elif isinstance(value, str):
        value = value.strip()
        if not _WHOLE.fullmatch(value):
            return None
        if len(value) > 30:
            raise BadValueError("A number is larger than can be stored.")
        value = int(value.split(".")[0])
    elif not isinstance(value, int):
        return None
    if not -_LARGEST <= value <= _LARGEST:
        raise BadValueError("A number is larger than can be stored.")
    return int(value)


def period(value: Any, periods: int) -> int:
    """The number of a period, overtime after the last of them; 0 when the source says none."""
    if value.__class__ is int and 0 <= value <= 99:
        return value  # type: ignore[no-any-return]
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    number = whole(value)
    if number is None and isinstance(value, str):
        overtime = _OVERTIME.fullmatch(value.strip().upper())
        if overtime:
            number = periods + int(overtime[1] or overtime[2] or 1)
    if number is None or not 0 <= number <= 99:
        raise BadValueError("The period is neither a number from 0 to 99 nor OT.")
    return number


def success(value: Any) -> bool | None:
    """Whether it succeeded, from the six ways to write it; None when the source does not say."""
    try:
        return _SUCCESS[value]
    except KeyError:
        return _SUCCESS.get(value.strip().lower()) if isinstance(value, str) else None
    except TypeError:  # a list or an object
        return None


def moment(value: Any) -> datetime | None:
    """An ISO 8601 moment in UTC; without a zone it is taken to be UTC already."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: Any) -> date | None:
    """A day written as 2026-01-16, alone or before a time."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None


def coordinate(value: Any) -> float | None:
    """A finite number."""
    if isinstance(value, str):
        found = _DECIMAL.fullmatch(value.strip())  # which strips more than float() would
        value = float(found[0]) if found else None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        return None
    return float(value)
