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
    """The participants of one game. Each distinct combination of values is built once."""

    def __init__(self, rosters: Rosters) -> None:
        self._rosters = rosters
        self._built: dict[tuple[Any, ...], tuple[Participant, tuple[str, ...]]] = {}

    def get(self, number: int, team: Side | None, player: SourcePlayer) -> tuple[Participant, tuple[str, ...]]:
        """Return the participant at this position of an event of this team, and the flags to count for it."""
        p = player
        # every field that participant() reads; spelled out, because attrgetter takes twice the time
        values = (p.num, p.name, p.team, p.role, p.play_detail1, p.play_detail2, p.success, p.pressure, p.side_of_puck)
        key = (number, team, values)
        built = self._built.get(key)
        if built is None:
            built = self._built[key] = participant(self._rosters, number, team, player)
        return built


def participant(
    rosters: Rosters, number: int, team: Side | None, player: SourcePlayer
) -> tuple[Participant, tuple[str, ...]]:
    """Build the participant at this position of an event of this team. Also returns the flags to count for it."""
    flags: list[str] = []
    event_or_opp, role_no = role(player.role)
    shirt, name = jersey(player.num), text(player.name)
    if event_or_opp is None:
        flags.append("participant_without_role")
    if shirt is None:
        flags.append("participant_without_jersey")
    side = rosters.side(team, _SIDES.get(player.team), event_or_opp == "opp", shirt, name, flags)
    built = Participant(
        participant_no=number,
        role=event_or_opp,
        role_no=role_no,
        side=side,
        jersey=shirt,
        name=name,
        person_key=rosters.person(side, shirt),
        detail1=play_code(player.play_detail1),
        detail2=play_code(player.play_detail2),
        detail1_raw=raw(player.play_detail1),
        detail2_raw=raw(player.play_detail2),
        success=success(player.success),
        pressure=text(player.pressure),
        side_of_puck=text(player.side_of_puck),
    )
    return built, tuple(flags)


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
