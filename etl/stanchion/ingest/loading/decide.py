"""Choose the revision of a game to publish, from the archived revisions alone.

The decision depends on no other input. Files may therefore arrive in any order, any number of times and from several
loader processes at once: the process that commits last sees every revision and reaches the same decision.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

State = Literal["published", "archived", "empty", "quarantined"]
# sort key of revisions: time of the latest export, rank of a merge, content hash
Position = tuple[datetime, str, bytes]

TRACKER = "tracker"
_OF_TRACKER = {"game export", "backup", "workbook", "roster"}
# the sources that record most come first
PREFERRED = (TRACKER, "hockeytech", "nhl api-web", "nhl statsapi", "event csv", "hockey_scraper")
_FIRST = datetime.min.replace(tzinfo=UTC)


def source_of(format_name: str) -> str:
    """Return the source of a revision: its format, or TRACKER for the formats of the browser tracker."""
    return TRACKER if format_name in _OF_TRACKER else format_name


def position(exported_at: datetime | None, content_hash: bytes, rank: str | None = None) -> Position:
    """Return the sort key of a revision. A revision without an export time sorts before all others.

    Among them, games merged from several documents follow the others, those of more and larger documents last.
    """
    return (exported_at or _FIRST, rank or "", content_hash)


@dataclass(frozen=True)
class Revision:
    """The facts about one revision that the decision depends on."""

    content_hash: bytes
    exported_at: datetime | None
    events: int  # accepted events
    is_empty: bool
    is_accepted: bool  # loaded with --accept-shrink: the revision may lose events
    rank: str | None = None  # of a game merged from several documents; see ingest/reading/parts.py
    source: str = TRACKER

    @property
    def position(self) -> Position:
        return position(self.exported_at, self.content_hash, self.rank)


@dataclass(frozen=True)
class Choice:
    """The revision that an operator chose (None: publish nothing). It overrides all revisions up to `over`."""

    content_hash: bytes | None
    over: Position


def decide(
    revisions: Iterable[Revision], choice: Choice | None, shrink_percent: Decimal, sources: Sequence[str] = ()
) -> tuple[bytes | None, dict[bytes, State]]:
    """Return the content hash of the revision to publish (None: no revision) and the state of each revision.

    A game may have revisions of several sources, of which one takes part: that of the revision that an operator chose,
    or else the first in `sources` with a revision that is not empty. Others follow as in PREFERRED, then by name.

    In the order of their exports, each revision replaces the one before it. A revision is skipped when it is empty, and
    quarantined when it loses more than `shrink_percent` of the events and was not loaded with --accept-shrink.

    Of the merges of several documents only the last one takes part. It contains the documents of all others, and which
    others exist depends on the order of arrival.
    """
    chain = sorted(revisions, key=lambda each: each.position)
    current: Revision | None = None
    if choice:
        current = next((each for each in chain if each.content_hash == choice.content_hash), None)
    usable = [each for each in chain if not (each.is_empty or (choice and each.position <= choice.over))]
    source = (
        current.source if current else min((each.source for each in usable), key=_preference(sources), default=None)
    )
    usable = [each for each in usable if each.source == source]
    last_merge = max((each.rank for each in usable if each.rank), default=None)
    refused: list[Revision] = []
    for each in usable:
        if each.rank and each.rank != last_merge:
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


def _preference(sources: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    order = (*sources, *PREFERRED)
    return lambda source: (order.index(source) if source in order else len(order), source)
