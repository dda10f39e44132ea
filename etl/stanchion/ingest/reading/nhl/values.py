"""Convert single values of the NHL formats: ids, times on the ice, situations, zones, decisions, names."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from stanchion.ingest.reading.errors import UnreadableError
from stanchion.ingest.reading.feed import Feed, identifier
from stanchion.ingest.reading.jsontext import MAX_PIECES, TOO_MANY_VALUES, Envelope
from stanchion.ingest.reading.known import inner, known
from stanchion.ingest.reading.model import Side, Strength
from stanchion.ingest.reading.values import BadValueError, code, text, whole

REGULAR_SECONDS: Final = 1200
SIDES: Final[tuple[Side, Side]] = ("home", "away")
EndedIn = Literal["REG", "OT", "SO"] | None
_PLAYOFFS: Final = {"3", "P"}
_SITUATION: Final = re.compile(r"[0-9]{4}")
_MINUTES_PLAYED: Final = re.compile(r"\s*([0-9]{1,3}):([0-5]?[0-9])\s*")
_ZONES: Final[dict[str, Literal["o", "d", "n"]]] = {"O": "o", "D": "d", "N": "n"}
_MOST_REPAIRED: Final = 2**31 - 1


def decoded(envelope: Envelope, shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values under the keys of a shape. Each is decoded once, because decoding counts the repairs."""
    return {key: envelope.value(key) for key in shape if key in envelope.keys}


def document(envelope: Envelope, tree: Mapping[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Return the known fields of a decoded document, with the number of values that were repaired.

    The number is under the key `repaired`, which an archived document has already.
    """
    found: dict[str, Any] = known(tree, shape)
    repaired = envelope.repaired + repaired_in(found)
    return found | {"repaired": repaired} if repaired else found


def repaired_in(document_: Mapping[str, Any]) -> int:
    """Return the number of repaired values that an archived document contains."""
    return min(max(0, number(document_.get("repaired")) or 0), _MOST_REPAIRED)


def must_be_list(tree: Any, key: str) -> None:
    """Raise UnreadableError when the value of a key is not a list, or is too long. An absent value is an empty list."""
    value = inner(tree, key)
    if value is not None and not isinstance(value, list):
        raise UnreadableError(f"The value of the key {key} is not a list.")
    if value is not None and len(value) > MAX_PIECES:
        raise UnreadableError(TOO_MANY_VALUES)


def number(value: Any) -> int | None:
    """Return a whole number; None when it is missing, cannot be read or does not fit a bigint."""
    try:
        return whole(value)
    except BadValueError:
        return None


def known_id(value: Any) -> str | None:
    """Return the id of a person, a team or a game as text; None when it is missing or cannot be stored."""
    try:
        return identifier(value)
    except BadValueError:
        return None


def period_seconds(game_type: Any, game_key: str) -> dict[str, int]:
    """Return the lengths of the periods. Overtime has 20 minutes in the playoffs, and 5 minutes in other games.

    Without a type of game, the fifth and sixth digit of its id are the type: 03 is the playoffs.
    """
    named = identifier(game_type) or game_key[4:6].lstrip("0")
    overtime = REGULAR_SECONDS if named in _PLAYOFFS else 300
    return {"1": REGULAR_SECONDS, "2": REGULAR_SECONDS, "3": REGULAR_SECONDS, "OT": overtime}


def situation(value: Any) -> str | None:
    """Return a situationCode with four digits: away goalie, away skaters, home skaters, home goalie.

    A number has lost its leading zero. Returns None when the value is not such a code.
    """
    written = f"{value:04d}" if value.__class__ is int and 0 <= value <= 9999 else value
    return written if isinstance(written, str) and _SITUATION.fullmatch(written) else None


def strength_at(situation_code: str, side: Side) -> tuple[Strength, bool]:
    """Return the strength of a side in a situation, and whether the net of the other side is empty.

    The extra attacker of a side without a goalie does not count.
    """
    away_goalie, away, home, home_goalie = (int(digit) for digit in situation_code)
    own, other = home - (not home_goalie), away - (not away_goalie)
    is_empty_net = not away_goalie
    if side == "away":
        own, other, is_empty_net = other, own, not home_goalie
    return ("power_play" if own > other else "short_handed" if own < other else "even"), is_empty_net


def zone(value: Any) -> Literal["o", "d", "n"] | None:
    """Return the zone of a zoneCode."""
    return _ZONES.get(value) if isinstance(value, str) else None


def whole_seconds(value: Any) -> int | None:
    """Return the seconds of a time on the ice such as 20:30 or 122:14; None when it cannot be read."""
    found = _MINUTES_PLAYED.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * 60 + int(found[2]) if found else None


def decision(value: Any, ended_in: EndedIn) -> str | None:
    """Return the decision of a goalie as the marts name it: W, L, OTL or SOL. The source has W, L and O."""
    if value not in ("W", "L", "O"):
        return None
    if value == "W":
        return "W"
    lost = {"OT": "OTL", "SO": "SOL"}.get(ended_in or "")
    return lost or ("OTL" if value == "O" else "L")


def figures(
    feed: Feed, scope: Literal["player", "goalie", "team", "period"], side: Side, person_id: Any,
    values: Mapping[str, Any], period: int = 0,
) -> None:  # fmt: skip
    """Add official figures by the column of the marts. Raises BadValueError for a number outside of bigint."""
    for name, value in values.items():
        feed.figure(scope, side, person_id, name, whole(value), period)


def name_of(*parts: Any) -> str | None:
    """Return the parts of a name with a space between them. A part is a text, or texts by language."""
    words = (text(part.get("default") if isinstance(part, dict) else part) for part in parts)
    return " ".join(word for word in words if word) or None


def one_word(value: Any) -> str | None:
    """Return a type of shot or an infraction as one word: TipIn for tip-in and TIP-IN, Wrist for Wrist Shot."""
    words = [word for word in (code(value) or "").split("_") if word and word.lower() != "shot"]
    return "".join(word.capitalize() for word in words) or None
