"""The pieces of a game export that recur in it, each made from the values of one piece of the source."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from stanchion.ingest.reading.model import SLOTS, Action, OnIce, Participant, Side
from stanchion.ingest.reading.rosters import Rosters
from stanchion.ingest.reading.values import BadValueError, code, jersey, play_code, raw, role, seconds, success, text

_SIDES: dict[Any, Side] = {"home": "home", "away": "away"}
_ZONES: dict[Any, Literal["o", "d", "n"]] = {"o": "o", "d": "d", "n": "n"}


@lru_cache(maxsize=16384)
def action(kind: Any, detail1: Any, detail2: Any, team: Any, zone: Any, succeeded: Any) -> Action:
    """What is done in an event."""
    canonical = code(kind)
    if canonical is None:
        raise BadValueError("The event has no type.")
    return Action(
        type=canonical,
        detail1=code(detail1),
        detail2=code(detail2),
        type_raw=raw(kind) or "",
        detail1_raw=raw(detail1),
        detail2_raw=raw(detail2),
        side=_SIDES.get(team),
        zone=_ZONES.get(zone),
        success=success(succeeded),
    )


def participant(
    rosters: Rosters,
    number: int,
    team: Side | None,
    num: Any,
    name: Any,
    given: Any,
    role_: Any,
    detail1: Any,
    detail2: Any,
    succeeded: Any,
    pressure: Any,
    side_of_puck: Any,
) -> tuple[Participant, tuple[str, ...]]:
    """The participant of an event of this team, and what is odd about it."""
    flags: list[str] = []
    whose, role_no = role(role_)
    shirt, named = jersey(num), text(name)
    if whose is None:
        flags.append("participant_without_role")
    if shirt is None:
        flags.append("participant_without_jersey")
    side = rosters.side(team, _SIDES.get(given), whose == "opp", shirt, named, flags)
    found = Participant(
        participant_no=number,
        role=whose,
        role_no=role_no,
        side=side,
        jersey=shirt,
        name=named,
        person_key=rosters.person(side, shirt),
        detail1=play_code(detail1),
        detail2=play_code(detail2),
        detail1_raw=raw(detail1),
        detail2_raw=raw(detail2),
        success=success(succeeded),
        pressure=text(pressure),
        side_of_puck=text(side_of_puck),
    )
    return found, tuple(flags)


def on_ice(rosters: Rosters, side: Side, slot: str, shirt: str, name: str | None) -> tuple[OnIce, bool, bool]:
    """Who is in a slot, whether a roster has them, and whether it is a goalie."""
    entry = rosters.entry(side, shirt)
    there = OnIce(side, slot, shirt, name, entry.person_key if entry else None)
    return there, entry is not None, slot == "G" or (entry is not None and entry.position == "G")


def slot_order(player: OnIce) -> int:
    return SLOTS.index(player.slot)


def lengths(value: Any) -> Iterable[tuple[str, Decimal]]:
    """The lengths that can be read, by the text of their key."""
    for key, length in value.items() if isinstance(value, dict) else ():
        number = seconds(length)
        if number is not None and 0 <= number <= 1000 and len(str(key)) <= 20:
            yield str(key), number
