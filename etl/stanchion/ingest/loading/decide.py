"""Which revision of a game is published: a function of the revisions that are archived, and of nothing else.

So files may come in any order, any number of times and from many loaders at once: whoever comes last sees all of
them, and decides the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

State = Literal["published", "archived", "empty", "quarantined"]
Place = tuple[datetime, bytes]  # in the order of revisions: when it was last exported, then its hash

_FIRST = datetime.min.replace(tzinfo=UTC)


def place(exported_at: datetime | None, content_hash: bytes) -> Place:
    """Where a revision stands; what does not say when it was exported comes before all that do."""
    return (exported_at or _FIRST, content_hash)


@dataclass(frozen=True)
class Revision:
    content_hash: bytes
    exported_at: datetime | None
    events: int  # accepted ones
    is_empty: bool
    is_accepted: bool  # somebody said that it may lose events

    @property
    def place(self) -> Place:
        return place(self.exported_at, self.content_hash)


@dataclass(frozen=True)
class Choice:
    """What a person chose over everything up to a place; None is to publish nothing of that."""

    content_hash: bytes | None
    over: Place


def decide(
    revisions: Iterable[Revision], choice: Choice | None, shrink_percent: Decimal
) -> tuple[bytes | None, dict[bytes, State]]:
    """The hash of the revision to publish, and the state of each.

    Each revision takes the place of the one before it, in the order of their exports, unless it is empty or loses
    more than so many percent of its events and nobody accepted that.
    """
    chain = sorted(revisions, key=lambda each: each.place)
    current: Revision | None = None
    if choice:
        current = next((each for each in chain if each.content_hash == choice.content_hash), None)
    refused: list[Revision] = []
    for each in chain:
        if each.is_empty or (choice and each.place <= choice.over):
            continue
        if current is None or each.is_accepted or each.events * 100 >= current.events * (100 - shrink_percent):
            current = each
            refused = []
        else:
            refused.append(each)
    states: dict[bytes, State] = {each.content_hash: "empty" if each.is_empty else "archived" for each in chain}
    states |= {each.content_hash: "quarantined" for each in refused}
    if current:
        states[current.content_hash] = "published"
    return current.content_hash if current else None, states
