"""The position of a follower in the events of a tenant: a snapshot of the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

_SNAPSHOT = r"\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?"
_TEXT = re.compile(
    rf"([0-9a-f]{{1,16}}\.[0-9A-F]{{1,8}})-(\d{{1,12}})-({_SNAPSHOT})"  # server, time and snapshot
    rf"(?:-({_SNAPSHOT})-(\d{{1,19}})\.(\d{{1,18}}))?",  # the next snapshot, and the last event that was read
    re.ASCII,
)
_LONGEST = 16_384  # characters; each open transaction takes about ten


@dataclass(frozen=True)
class Snapshot:
    """A snapshot with its server and its time."""

    server: str  # system identifier and timeline
    taken_at: int  # seconds since 1970
    text: str  # xmin:xmax:xip

    @cached_property
    def highest(self) -> int:
        return int(self.text.split(":")[1])

    @cached_property
    def open_transactions(self) -> frozenset[int]:
        """The transactions that were open in the snapshot."""
        return frozenset(int(each) for each in self.text.split(":")[2].split(",") if each)

    def contains(self, transaction: int) -> bool:
        """Return whether a transaction that has committed is visible in the snapshot."""
        return transaction < self.highest and transaction not in self.open_transactions

    def includes(self, earlier: Snapshot) -> bool:
        """Return whether every transaction that is visible in another snapshot of the server is visible in this one."""
        return (
            self.server == earlier.server
            and earlier.highest <= self.highest
            and not any(earlier.contains(each) for each in self.open_transactions)
        )


@dataclass(frozen=True)
class Position:
    """The events of a snapshot, and of the next snapshot those up to an event when a page ended there."""

    snapshot: Snapshot
    to: str | None = None  # the next snapshot, of which a part was read
    transaction: int = 0
    number: int = 0

    @property
    def highest(self) -> int:
        return max(self.snapshot.highest, int(self.to.split(":")[1]) if self.to else 0)

    def within(self, to: str, transaction: int, number: int) -> Position:
        return replace(self, to=to, transaction=transaction, number=number)

    def __str__(self) -> str:
        found = f"{self.snapshot.server}-{self.snapshot.taken_at}-{self.snapshot.text}"
        return found if self.to is None else f"{found}-{self.to}-{self.transaction}.{self.number}"


def parse(text: str) -> Position | None:
    """Return the position that a client sent back, or None when the text is not one."""
    found = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    server, taken_at, snapshot, to, transaction, number = found.groups()
    if not (_is_whole(snapshot) and (to is None or _is_whole(to))):
        return None
    return Position(Snapshot(server, int(taken_at), snapshot), to, int(transaction or 0), int(number or 0))


def _is_whole(snapshot: str) -> bool:
    """Return whether Postgres accepts the snapshot: a sorted list of transactions between its two ends."""
    low, high, listed = snapshot.split(":")
    between = [int(each) for each in listed.split(",") if each]
    ordered = [int(low), *between, int(high)]
    return (
        int(low) > 0
        and int(high) < 2**63
        and all(first < second for first, second in pairwise(between))
        and ordered == sorted(ordered)
        and (not between or between[-1] < int(high))
    )
