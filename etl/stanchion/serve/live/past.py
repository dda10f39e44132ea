"""Events that clients read when they resume: read once for all of them, although each has its own position."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from stanchion.serve.flights import Flights
from stanchion.serve.live.batch import Batch, Found, batches_of
from stanchion.serve.live.position import Position, Snapshot

_PAGE = 300  # bytes of the objects of a page, about
_MOST_APART = 20_000  # transactions between clients that read the same pages: each reads those of the other too
Place = tuple[int, int]  # transaction and number of the last event before a page


@dataclass
class _Page:
    """Events in their order; `is_last`: no event follows them. Clients at one snapshot share batches."""

    found: list[Found]
    is_last: bool
    batches: dict[str, list[Batch]] = field(default_factory=dict)

    def after(self, position: Position, to: Snapshot, most_bytes: int) -> list[Batch]:
        text = position.snapshot.text
        if text not in self.batches:
            if sum(batch.made for each in self.batches.values() for batch in each) > most_bytes:
                self.batches.clear()
            last = None if self.is_last else self.found[-1]
            new = [each for each in self.found if not position.snapshot.contains(each.writer)]
            batches, after = batches_of(new, position, to, last)
            self.batches[text] = batches or [Batch(after, [])]
        return self.batches[text]


class Past:
    """The events between two snapshots of a tenant. A client at a snapshot between them leaves out what it has."""

    def __init__(self, start: Snapshot, to: Snapshot, most_bytes: int) -> None:
        self.start, self.to, self._most = start, to, most_bytes
        self._size = 0
        self._pages: dict[Place, _Page] = {}
        self._reads: Flights[_Page] = Flights()

    @classmethod
    def of(cls, position: Position, others: Iterable[Position], to: Snapshot, most_bytes: int) -> Past:
        """Begin at the earliest of the clients that read now, so that all of them read the same pages."""
        start = position.snapshot
        for each in others:
            if (
                (each.to or to.text) == to.text
                and start.includes(each.snapshot)
                and _is_near(each.snapshot, position.snapshot)
            ):
                start = each.snapshot
        return cls(start, to, most_bytes)

    def serves(self, position: Position) -> bool:
        """Return whether all events after the position, up to the second snapshot, are between the snapshots."""
        return self.is_goal_of(position) and _is_near(self.start, position.snapshot)

    def is_goal_of(self, position: Position) -> bool:
        """Return whether a client at this position may read up to the second snapshot."""
        if position.to is not None:
            return position.to == self.to.text
        return position.snapshot.text != self.to.text and self.to.includes(position.snapshot)

    async def after(
        self, position: Position, page: int, read: Callable[[Position], Awaitable[list[Found]]]
    ) -> list[Batch]:
        """Return the next events of a client, by a read that all clients share."""
        place = (position.transaction, position.number)

        async def make() -> _Page:
            found = await read(Position(self.start).within(self.to.text, *place))
            made = _Page(found, len(found) < page)
            self._size += _PAGE + Batch(position, [each.event for each in found]).size
            if self._size <= self._most:
                self._pages[place] = made
            return made

        found = self._pages.get(place)
        if found is None:
            found, _ = await self._reads.join(place, make)
        return found.after(position, self.to, self._most // 2)


def _is_near(start: Snapshot, snapshot: Snapshot) -> bool:
    """Return whether a client at the snapshot may read from the start, which is not far before it."""
    return snapshot.includes(start) and snapshot.highest - start.highest <= _MOST_APART
