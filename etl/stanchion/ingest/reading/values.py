"""Convert single values of a source to their canonical form: text, numbers, clocks, jerseys, codes, coordinates.

The functions accept every spelling found in real exports. A value that cannot be read becomes None. A value that cannot
be stored raises BadValueError, whose message does not quote the value.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

MAX_TEXT_LENGTH = 500
# NUL, and surrogates, which stand for undecodable bytes in paths: Postgres cannot store them
UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")
_LARGEST = 2**63 - 1  # maximum of a bigint
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2}(?:\.\d{1,18})?)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}){1,2}", re.ASCII)
_OVERTIME = re.compile(r"(?:OT|OVERTIME)([1-9]?)|([1-9])OT")
_SEPARATORS = re.compile(r"[\s/-]+")
_ROLE = re.compile(r"(event|opp)(?:_team)?_player_(\d{1,4})", re.ASCII)
# The optional family before a play detail: OffensivePlay_Pass-AssistPrimary, Defensive_PlayZone-…, Offensive_Zone-….
_FAMILY = re.compile(r"(?:Offensive|Defensive)_?(?:Play)?_?(?:Pass|Zone|Possession|Shot)_(?=.)")
_HUNDREDTH = Decimal("0.01")
_SUCCESS: dict[Any, bool | None] = {None: None, "": None, True: True, False: False, "s": True, "u": False}
_SUCCESS |= {"true": True, "1": True, "y": True, "1.0": True, "0.0": False, "false": False, "0": False, "n": False}


class BadValueError(ValueError):
    """The reason why a piece of a file cannot be stored, as a sentence that does not quote the data."""


@lru_cache(maxsize=16384)
def _clean(value: str) -> str | None:
    value = " ".join(value.split())
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if len(value) > MAX_TEXT_LENGTH:
        raise BadValueError(f"A text is longer than {MAX_TEXT_LENGTH} characters.")
    return value or None


def text(value: Any) -> str | None:
    """Return text in NFC, trimmed, with each run of white space as one space; None when it is empty."""
    if isinstance(value, str):
        return _clean(value)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _clean(str(value))
    return None


def raw(value: Any) -> str | None:
    """Return a code in the spelling of the source; None when it is empty."""
    if value is None or not isinstance(value, str | int | float):
        return None
    written = str(value)
    if len(written) > MAX_TEXT_LENGTH:
        raise BadValueError(f"A text is longer than {MAX_TEXT_LENGTH} characters.")
    return written or None


@lru_cache(maxsize=16384)
def _code(value: str) -> str | None:
    cleaned = _clean(value)
    return _SEPARATORS.sub("_", cleaned) if cleaned else None


def code(value: Any) -> str | None:
    """Return a code in canonical form: every run of white space, / or - becomes one underscore."""
    return _code(value) if value.__class__ is str else _code(text(value) or "")


@lru_cache(maxsize=4096)
def _play_code(value: str) -> str | None:
    canonical = _code(value)
    return _FAMILY.sub("", canonical, count=1) if canonical and _FAMILY.match(canonical) else canonical


def play_code(value: Any) -> str | None:
    """Return the canonical code of a play detail, without the family that some exports write before it."""
    return _play_code(value) if value.__class__ is str else _play_code(text(value) or "")


@lru_cache(maxsize=1024)
def _role(value: str) -> tuple[Literal["event", "opp"] | None, int | None]:
    match = _ROLE.fullmatch(value.strip())
    if match is None:
        return None, None
    return ("event" if match[1] == "event" else "opp"), int(match[2])


def role(value: Any) -> tuple[Literal["event", "opp"] | None, int | None]:
    """Return the team of a role (event: the event's team, opp: the opponent) and its number, or (None, None)."""
    return _role(value) if value.__class__ is str else (None, None)


def jersey(value: Any) -> str | None:
    """Return a jersey as text; None when it is empty or 'null'. 7, '7' and 7.0 are equal; '07' is another jersey."""
    if value.__class__ is int:
        return text(value)
    cleaned = text(value + 0.0 if value.__class__ is float else value)  # turns -0.0 into 0.0
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
    """Return the seconds remaining on a clock; None when it cannot be read.

    Trackers write 00:0.01 for the end of a period, because they read zero as a missing time. It becomes zero.
    """
    return _clock(value) if value.__class__ is str else None


def hundredths(value: Decimal) -> Decimal:
    """Round to hundredths and normalize, so that 1080 and 1080.00 have the same text and the same content hash."""
    value = value.quantize(_HUNDREDTH)
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()


def seconds(value: Any) -> Decimal | None:
    """Return a number of seconds, which may be negative; None when it is missing or cannot be read."""
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
    """Return a whole number; None when it is missing. Raises BadValueError when it does not fit a bigint."""
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
            raise BadValueError("A whole number is outside the range of bigint.")
        value = int(value.split(".")[0])
    elif not isinstance(value, int):
        return None
    if not -_LARGEST <= value <= _LARGEST:
        raise BadValueError("A whole number is outside the range of bigint.")
    return int(value)


def period(value: Any, periods: int) -> int:
    """Return the number of a period, given the number of regular periods. Overtime follows the last; 0 when empty."""
    if value.__class__ is int and 0 <= value <= 99:
        return value  # type: ignore[no-any-return]
    return _period(value, periods) if value.__class__ is str else _period_of(value, periods)


def _period_of(value: Any, periods: int) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return 0
    number = whole(value)
    if number is None and isinstance(value, str):
        overtime = _OVERTIME.fullmatch(value.strip().upper())
        if overtime:
            number = periods + int(overtime[1] or overtime[2] or 1)
    if number is None or not 0 <= number <= 99:
        raise BadValueError("The period is not a number from 0 to 99, and not OT.")
    return number


_period = lru_cache(maxsize=1024)(_period_of)


def success(value: Any) -> bool | None:
    """Return whether an action succeeded, from six spellings; None when it is empty or unknown."""
    try:
        return _SUCCESS[value]
    except KeyError:
        return _SUCCESS.get(value.strip().lower()) if isinstance(value, str) else None
    except TypeError:  # a list or an object
        return None


def moment(value: Any) -> datetime | None:
    """Return an ISO 8601 timestamp in UTC; None when it cannot be read. A timestamp without a zone is in UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(value: Any) -> date | None:
    """Return the date of a text that starts like 2026-01-16; None when it cannot be read."""
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


def colour(value: Any) -> str | None:
    """Return a colour such as '#36F' or '#3366ff' as '#3366ff', and None for anything else."""
    if not isinstance(value, str) or not _COLOUR.fullmatch(written := value.strip().lower()):
        return None
    return written if len(written) == 7 else "#" + "".join(digit * 2 for digit in written[1:])


def coordinate(value: Any) -> float | None:
    """Return a finite number; None when it cannot be read."""
    if isinstance(value, str):
        found = _DECIMAL.fullmatch(value.strip())  # str.strip removes more kinds of white space than float()
        value = float(found[0]) if found else None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        return None
    return float(value)
