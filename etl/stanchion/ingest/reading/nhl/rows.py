"""The plays of a game as both NHL formats have them, in the order of play."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import Struct

from stanchion.ingest.reading.model import Lacks, Side, Strength
from stanchion.ingest.reading.nhl.values import number

_WITHOUT_PLAYS: Final[tuple[Lacks, ...]] = (
    "assists", "blocks", "faceoffs", "giveaways", "goalies", "hits", "missed_shots", "penalties", "penalty_minutes",
    "saves", "shootouts", "strength", "takeaways",
)  # fmt: skip
_WITHOUT_FACEOFFS: Final[tuple[Lacks, ...]] = (
    "blocks", "faceoffs", "giveaways", "hits", "missed_shots", "saves", "takeaways",
)  # fmt: skip

Kind = Literal[
    "faceoff", "hit", "giveaway", "takeaway", "shot", "missed", "hit_post", "blocked", "goal", "penalty", "other"
]


class Row(Struct):
    """One play. People are the ids of the source by their part in the play."""

    position: int  # in the list of the source
    raw: Any  # the known fields of the row, for a reject
    kind: Kind
    written: str  # the type in the spelling of the source
    period: int
    left: Decimal | None
    side: Side | None  # of the winner, hitter, shooter, scorer or penalised team
    people: dict[str, Any]
    detail: Any = None  # type of the shot, or the infraction
    zone: Literal["o", "d", "n"] | None = None  # as seen by the side
    point: tuple[Any, Any] | None = None
    situation: str | None = None  # situationCode of api-web
    strength: Strength | None = None  # of the side, without a situation code
    is_empty_net: bool | None = None
    penalty_class: str | None = None  # such as Penalty_Minor
    minutes: int | None = None
    is_bench: bool = False
    is_own_block: bool = False  # a player of the shooter's team blocked the shot
    is_shootout: bool = False


def lacking(rows: Collection[Row]) -> set[Lacks]:
    """Return the figures that the plays do not contain. Plays without a faceoff are only goals and penalties."""
    found: set[Lacks] = {"passes"}
    if not rows:
        found.update(_WITHOUT_PLAYS)
    elif not any(row.kind == "faceoff" for row in rows):
        found.update(_WITHOUT_FACEOFFS)
    return found


def in_order(pieces: Sequence[Any], orders: Iterable[Any]) -> list[tuple[int, Any]]:
    """Return the pieces with their positions, sorted by their order.

    A piece without an order follows the piece before it in the document.
    """
    keys: list[tuple[int, int]] = []
    for position, order in enumerate(orders):
        found = number(order)
        keys.append((found, 0) if found is not None else (keys[-1][0] if keys else 0, position + 1))
    return [(position, pieces[position]) for position in sorted(range(len(pieces)), key=keys.__getitem__)]
