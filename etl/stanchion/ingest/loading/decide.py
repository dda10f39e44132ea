"""Choose the revision of a game to publish, from the archived revisions alone.

The decision depends on no other input. Files may therefore arrive in any order, any number of times and from several
loader processes at once: the process that commits last sees every revision and reaches the same decision.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

State = Literal["published", "archived", "empty", "quarantined"]
Position = tuple[datetime, bytes]  # sort key of revisions: time of the latest export, then content hash

_FIRST = datetime.min.replace(tzinfo=UTC)


def position(exported_at: datetime | None, content_hash: bytes) -> Position:
    """Return the sort key of a revision. A revision without an export time sorts before all others."""
    return (exported_at or _FIRST, content_hash)


@dataclass(frozen=True)
class Revision:
    """The facts about one revision that the decision depends on."""

    content_hash: bytes
    exported_at: datetime | None
    events: int  # accepted events
    is_empty: bool
    is_accepted: bool  # loaded with --accept-shrink: the revision may lose events

    @property
    def position(self) -> Position:
        return position(self.exported_at, self.content_hash)


@dataclass(frozen=True)
class Choice:
    """The revision that an operator chose (None: publish nothing). It overrides all revisions up to `over`."""

    content_hash: bytes | None
    over: Position


def decide(
    revisions: Iterable[Revision], choice: Choice | None, shrink_percent: Decimal
) -> tuple[bytes | None, dict[bytes, State]]:
    """Return the content hash of the revision to publish (None: no revision) and the state of each revision.

    In the order of their exports, each revision replaces the one before it. A revision is skipped when it is empty, and
    quarantined when it loses more than `shrink_percent` of the events and was not loaded with --accept-shrink.
    """
    chain = sorted(revisions, key=lambda each: each.position)
    current: Revision | None = None
    if choice:
        current = next((each for each in chain if each.content_hash == choice.content_hash), None)
    refused: list[Revision] = []
    for each in chain:
        if each.is_empty or (choice and each.position <= choice.over):
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
