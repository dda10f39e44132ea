"""Build the parts that recur in a game: actions, participants and players on the ice."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from stanchion.ingest.reading.model import SLOTS, Action, OnIce, Participant, Side
from stanchion.ingest.reading.rosters import Rosters
from stanchion.ingest.reading.shape import SourcePlayer
from stanchion.ingest.reading.values import BadValueError, code, jersey, play_code, raw, role, seconds, success, text

_SIDES: dict[Any, Side] = {"home": "home", "away": "away"}
_ZONES: dict[Any, Literal["o", "d", "n"]] = {"o": "o", "d": "d", "n": "n"}


@lru_cache(maxsize=16384)
def action(kind: Any, detail1: Any, detail2: Any, team: Any, zone: Any, succeeded: Any) -> Action:
    """Build the action of an event. Raises BadValueError when the type is empty or a text is too long."""
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


class Participants:
    """The participants of one game. A game has few distinct persons and plays, and many combinations of them."""

    def __init__(self, rosters: Rosters) -> None:
        self._rosters = rosters
        self._people: dict[tuple[Any, ...], tuple[tuple[Any, ...], tuple[str, ...]]] = {}
        self._plays: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def get(self, number: int, team: Side | None, player: SourcePlayer) -> tuple[Participant, tuple[str, ...]]:
        """Return the participant at this position of an event of this team, and the flags to count for it.

        Raises BadValueError when a text is too long.
        """
        p = player
        by_role, role_no = role(p.role)
        # every field that _person() and _play() read; spelled out, because attrgetter takes twice the time
        who = (team, p.num, p.name, p.team, by_role)
        what = (p.play_detail1, p.play_detail2, p.success, p.pressure, p.side_of_puck)
        person = self._people.get(who)
        if person is None:
            person = self._people[who] = _person(self._rosters, *who)
        play = self._plays.get(what)
        if play is None:
            play = self._plays[what] = _play(*what)
        columns, flags = person
        return Participant(number, by_role, role_no, *columns, *play), flags


def _person(
    rosters: Rosters, team: Side | None, num: Any, name: Any, given: Any, by_role: Literal["event", "opp"] | None
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Return the fields of a participant from side to person_key, and the flags to count for it."""
    flags: list[str] = []
    shirt, name = jersey(num), text(name)
    if by_role is None:
        flags.append("participant_without_role")
    if shirt is None:
        flags.append("participant_without_jersey")
    side = rosters.side(team, _SIDES.get(given), by_role == "opp", shirt, name, flags)
    return (side, shirt, name, rosters.person(side, shirt)), tuple(flags)


def _play(detail1: Any, detail2: Any, succeeded: Any, pressure: Any, side_of_puck: Any) -> tuple[Any, ...]:
    """Return the fields of a participant from detail1 to side_of_puck."""
    codes = (play_code(detail1), play_code(detail2), raw(detail1), raw(detail2))
    return (*codes, success(succeeded), text(pressure), text(side_of_puck))


def on_ice(rosters: Rosters, side: Side, slot: str, shirt: str, name: str | None) -> tuple[OnIce, bool, bool]:
    """Build the player in a slot. Also returns whether the roster lists the player and whether it is a goalie."""
    entry = rosters.entry(side, shirt)
    player = OnIce(side, slot, shirt, name, entry.person_key if entry else None)
    return player, entry is not None, slot == "G" or (entry is not None and entry.position == "G")


def slot_order(player: OnIce) -> int:
    """Return the sort key of a player on the ice: forwards, defense, goalie, extra skater."""
    return SLOTS.index(player.slot)


def lengths(value: Any) -> Iterable[tuple[str, Decimal]]:
    """Yield the key, as text, and the value of each valid length. Other entries are ignored."""
    for key, length in value.items() if isinstance(value, dict) else ():
        number = seconds(length)
        if number is not None and 0 <= number <= 1000 and len(str(key)) <= 20:
            yield str(key), number
