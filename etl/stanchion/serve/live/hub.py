"""Reads the events of the followed tenants once per process, and gives them to all of their subscribers.

A notification only wakes the reader: the reader continues at its position. So nothing is lost when notifications
are, and nothing is read twice when the connection is made again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor

from stanchion.paths import query
from stanchion.serve.database import act_for
from stanchion.serve.live.batch import Batch, Filter, Found, Wire, batches_of
from stanchion.serve.live.past import Past
from stanchion.serve.live.position import Position, Snapshot
from stanchion.serve.live.subscriber import Reason, Subscriber
from stanchion.serve.problems import Problem

EVENTS = "stanchion_events"
_log = logging.getLogger("stanchion.serve")
_A_TENTH = 0.11  # seconds: transactions that append in the tenth of a second of a notification send none of their own
_LONGEST_WAIT = 1.0  # seconds between reads while a transaction is open that may have appended
_AFTER_ERROR = 0.5  # seconds
_LONGEST_JOIN = 10.0  # seconds
_OLD = 3600  # seconds after which a position without events is renewed, so that its events do not expire
_MOST_TOGETHER = 50  # tenants whose events are in memory together
_MOST_RECENT = 2000  # batches in memory
_MOST_PASTS = 4  # groups of clients of a tenant that read older events, each from a start of its own

Connection = AsyncConnection[Any]
Transaction = Callable[[], AbstractAsyncContextManager[Connection]]


@dataclass(frozen=True)
class Limits:
    """The limits of memory and of time. They hold for each process."""

    window: float = 0.05  # seconds between two reads, and so between two batches
    page: int = 1000  # events in one batch
    queue_bytes: int = 1024 * 1024  # of one subscriber
    recent_bytes: int = 4 * 1024 * 1024  # batches of one tenant, for clients that resume
    subscribers: int = 20_000
    heartbeat: float = 10.0  # seconds without a message after which a client gets a heartbeat


class Channel:
    """The subscribers of one tenant, the position that was read for them, and the latest batches."""

    def __init__(self, tenant: UUID, position: Position) -> None:
        self.tenant, self.position = tenant, position
        self.groups: dict[tuple[Filter, Wire], set[Subscriber]] = {}  # clients that are sent the same bytes
        self.listeners: set[Callable[[UUID, Batch], None]] = set()
        self.joining: Counter[Position | None] = Counter()  # clients that read older events, by their first position
        self.pasts: deque[Past] = deque(maxlen=_MOST_PASTS)  # what they read
        self._recent: deque[tuple[str, Batch]] = deque()  # batches, each with the position before it
        self._size = 0

    @property
    def is_idle(self) -> bool:
        return not (self.groups or self.listeners or self.joining)

    @property
    def subscribers(self) -> list[Subscriber]:
        return [subscriber for group in self.groups.values() for subscriber in group]

    def attach(self, subscriber: Subscriber) -> None:
        self.groups.setdefault((subscriber.wanted, subscriber.wire), set()).add(subscriber)

    def end_joining(self, position: Position | None) -> None:
        self.joining[position] -= 1
        if not self.joining[position]:
            del self.joining[position]
        if not self.joining:
            self.pasts.clear()

    def detach(self, subscriber: Subscriber) -> None:
        key = (subscriber.wanted, subscriber.wire)
        group = self.groups.get(key, set())
        group.discard(subscriber)
        if not group:
            self.groups.pop(key, None)

    def publish(self, batch: Batch, most_bytes: int) -> int:
        """Send a batch to all subscribers, and remember it for clients that resume. Return the messages sent."""
        self._recent.append((str(self.position), batch))
        self._size += batch.size
        while self._size > most_bytes or len(self._recent) > _MOST_RECENT:
            self._size -= self._recent.popleft()[1].size
        self.position = batch.position
        sent = 0
        for (wanted, wire), group in self.groups.items():
            data = batch.frame(wanted, wire)
            if data is not None:
                sent += len(group)
                for subscriber in group:
                    subscriber.write(data)
        for listener in self.listeners:
            listener(self.tenant, batch)
        return sent

    def reset(self, position: Position) -> None:
        """Continue at a position of another server, and end the subscribers: they may have missed events."""
        self.position, self._size = position, 0
        self._recent.clear()
        for subscriber in self.subscribers:
            subscriber.close("reset")

    def after(self, position: Position) -> list[Batch] | None:
        """Return the batches after a position, or None when they are not in memory."""
        text = str(position)
        found: list[Batch] | None = None
        for before, batch in self._recent:
            if found is None and before == text:
                found = []
            if found is not None:
                found.append(batch)
        return found


class Hub:
    """All streams of one process."""

    def __init__(self, transaction: Transaction, limits: Limits | None = None) -> None:
        self._transaction, self.limits = transaction, limits or Limits()
        self._channels: dict[UUID, Channel] = {}
        self._waiting: list[asyncio.Future[None]] = []  # clients that need a position of the present
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        self._noticed: float | None = None  # time of the last notification, until the read after its tenth of a second
        self._open: frozenset[int] = frozenset()  # transactions that may have appended without a notification
        self._kept_since: int | None = None  # seconds since 1970: events before it may have expired
        self.reads = self.events = self.sent = 0
        self.lag = 0.0  # seconds from the first event of the last read until it was sent
        self.ended: Counter[Reason] = Counter()

    @property
    def subscribers(self) -> int:
        return sum(
            sum(map(len, channel.groups.values())) + channel.joining.total() for channel in self._channels.values()
        )

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is read until the next notification."""
        return self._noticed is None and not self._open and not self._woken.is_set()

    @property
    def waiting(self) -> int:
        """Return the number of bytes that subscribers have not accepted."""
        return sum(each.waiting for channel in self._channels.values() for each in channel.subscribers)

    def wake(self) -> None:
        """Read soon: a notification arrived."""
        self._noticed = asyncio.get_running_loop().time()
        self._woken.set()

    def shut_down(self) -> None:
        """End all streams. Their clients connect again, to another process."""
        for channel in self._channels.values():
            for subscriber in channel.subscribers:
                subscriber.close("shutdown")

    async def run(self) -> None:
        """Read after notifications until the task is cancelled. Nothing is read while none arrives."""
        clock = asyncio.get_running_loop().time
        wait: float | None = None
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            self._woken.clear()
            began = clock()
            try:
                wait = await self._read_all(wait or 0.0)
            except (psycopg.Error, Problem) as e:
                _log.warning("live streams wait for the database: %s", str(e).partition("\n")[0])
                wait = _AFTER_ERROR
            await asyncio.sleep(max(0.0, began + self.limits.window - clock()))

    async def _read_all(self, waited: float) -> float | None:
        """Read the events of every followed tenant. Return the longest wait before the next read; None: no limit."""
        self._channels = {tenant: each for tenant, each in self._channels.items() if not each.is_idle}
        if not self._channels:
            self._noticed, self._open = None, frozenset()
            return None
        noticed, waiting = self._noticed, len(self._waiting)
        is_after = noticed is not None and asyncio.get_running_loop().time() - noticed >= _A_TENTH
        before, channels = self.events, list(self._channels.values())
        async with self._transaction() as conn:
            # One snapshot for all statements, so that none has to wait for the answer of another.
            await conn.execute("set transaction isolation level repeatable read")
            for at in range(0, len(channels), _MOST_TOGETHER):
                snapshot = await self._read(conn, channels[at : at + _MOST_TOGETHER], resumes=waiting > 0)
        self.reads += 1
        for future in self._waiting[:waiting]:
            if not future.done():
                future.set_result(None)
        del self._waiting[:waiting]
        still_open = snapshot.open_transactions
        if is_after and noticed == self._noticed:
            self._noticed, self._open = None, still_open
        else:
            self._open &= still_open
        if self._noticed is not None or self.events > before:
            return 0.0
        return min(max(waited, self.limits.window) * 2, _LONGEST_WAIT) if self._open else None

    async def _read(self, conn: Connection, channels: list[Channel], *, resumes: bool) -> Snapshot:
        """Publish the events of some tenants up to the snapshot of the transaction, and return it.

        With `resumes` clients wait for a position of the present, and for the time since which events are kept.
        """
        async with conn.pipeline():
            taken = await conn.execute(query("serve/live", "snapshot"))
            kept = await conn.execute(query("serve/live", "kept_since")) if resumes else None
            pages = []
            for channel in channels:
                await act_for(conn, channel.tenant)
                pages.append(await _ask(conn, channel.position, channel.position.to, self.limits.page))
        to, now = await _snapshot_of(taken)
        if kept is not None:
            ((self._kept_since,),) = await kept.fetchall()
        began = time.monotonic()
        for channel, cursor in zip(channels, pages, strict=True):
            if not is_usable(channel.position, Position(to), None):  # another server has taken over
                channel.reset(Position(to))
                continue
            batches, position = _page_of(await cursor.fetchall(), channel.position, to, self.limits.page)
            if batches:
                self.lag = now - datetime.fromisoformat(batches[0].events[0].recorded_at).timestamp()
            self._publish(channel, batches)
            if position != Position(to):
                await act_for(conn, channel.tenant)
            while position != Position(to):
                more, position = await _read_page(conn, position, to, self.limits.page)
                self._publish(channel, more)
            if batches:
                self.lag += time.monotonic() - began
            is_old = to.taken_at - channel.position.snapshot.taken_at > _OLD
            if channel.position != position and (resumes or is_old or channel.position.to is not None):
                channel.publish(Batch(position, []), self.limits.recent_bytes)
        return to

    def _publish(self, channel: Channel, batches: list[Batch]) -> None:
        for batch in batches:
            self.events += len(batch.events)
            self.sent += channel.publish(batch, self.limits.recent_bytes)

    async def join(self, tenant: UUID, position: Position | None) -> Channel:
        """Return the channel of a tenant, whose position is not before the given one. Every call needs a `leave`."""
        if self.subscribers >= self.limits.subscribers:
            raise Problem(503, "the server has as many streams as it may have; try again", headers={"Retry-After": "5"})
        async with self._lock:
            channel = self._channels.get(tenant)
            if channel is None:
                async with self._transaction() as conn:
                    snapshot, _ = await _snapshot_of(await conn.execute(query("serve/live", "snapshot")))
                channel = self._channels[tenant] = Channel(tenant, Position(snapshot))
                self.wake()  # events since the snapshot may have been notified before the channel existed
        channel.joining[position] += 1
        try:
            if position is not None and channel.after(position) is None:
                # another process may have read further for this client than this process has
                future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(future)
                self._woken.set()
                async with asyncio.timeout(_LONGEST_JOIN):
                    await future
        except BaseException as e:
            channel.end_joining(position)
            if isinstance(e, TimeoutError):
                raise Problem(503, "the database does not answer; try again", headers={"Retry-After": "1"}) from None
            raise
        return channel

    async def follow(self, channel: Channel, subscriber: Subscriber, position: Position | None) -> None:
        """Send the events between the position and the present, and attach the subscriber without a gap."""
        first = position
        try:
            position = position or channel.position
            while position != channel.position and subscriber.reason is None:
                if not is_usable(position, channel.position, self._kept_since):
                    subscriber.close("reset")
                    return
                for batch in channel.after(position) or await self._page(channel, position):
                    position = batch.position
                    data = batch.frame(subscriber.wanted, subscriber.wire)
                    if data is not None and subscriber.reason is None:
                        self.sent += 1
                        subscriber.write(data)
                        await subscriber.drain()
            channel.attach(subscriber)
        finally:
            channel.end_joining(first)

    def leave(self, channel: Channel, subscriber: Subscriber) -> None:
        """Detach a subscriber."""
        channel.detach(subscriber)
        self.ended[subscriber.reason or "gone"] += 1

    async def _page(self, channel: Channel, position: Position) -> list[Batch]:
        """Read a page for a client that resumes. Clients share the reads, although their positions differ."""
        past = next((each for each in channel.pasts if each.serves(position)), None)
        if past is None:
            now = channel.position.snapshot
            to = now if position.to is None else Snapshot(now.server, position.snapshot.taken_at, position.to)
            to = next((each.to for each in channel.pasts if each.is_goal_of(position)), to)  # of others that read now
            usable = [each for each in channel.joining if each and is_usable(each, channel.position, self._kept_since)]
            past = Past.of(position, usable, to, self.limits.recent_bytes // _MOST_PASTS)
            channel.pasts.append(past)
        return await past.after(position, self.limits.page, partial(self._read_one, channel.tenant))

    async def _read_one(self, tenant: UUID, position: Position) -> list[Found]:
        async with self._transaction() as conn:
            await act_for(conn, tenant)
            cursor = await _ask(conn, position, position.to, self.limits.page)
            return [Found.of_row(row) for row in await cursor.fetchall()]


def is_usable(position: Position, now: Position, kept_since: int | None) -> bool:
    """Return whether the events after a position can be read: it is of this server, of its past, and not too old."""
    return (
        position.snapshot.server == now.snapshot.server
        and position.highest <= now.snapshot.highest
        and (kept_since is None or position.snapshot.taken_at >= kept_since)
    )


async def _snapshot_of(cursor: AsyncCursor[Any]) -> tuple[Snapshot, float]:
    """Return a snapshot, and the time of the database."""
    ((server, taken_at, text, now),) = await cursor.fetchall()
    return Snapshot(server, taken_at, text), now


async def _ask(conn: Connection, position: Position, goal: str | None, page: int) -> AsyncCursor[Any]:
    """Ask for the next events up to a snapshot, or to that of the transaction."""
    return await conn.execute(
        query("serve/live", "events"),
        {
            "earlier": position.snapshot.text,
            "later": goal,
            "last_transaction": position.transaction,
            "last_position": position.number,
            "page": page,
        },
    )


def _page_of(rows: list[Any], position: Position, to: Snapshot, page: int) -> tuple[list[Batch], Position]:
    """Return the events of a page, up to a snapshot or to the one of the position, and the position after them."""
    goal = to if position.to is None else Snapshot(to.server, position.snapshot.taken_at, position.to)
    found = [Found.of_row(row) for row in rows]
    return batches_of(found, position, goal, found[-1] if len(found) == page else None)


async def _read_page(conn: Connection, position: Position, to: Snapshot, page: int) -> tuple[list[Batch], Position]:
    cursor = await _ask(conn, position, position.to or to.text, page)
    return _page_of(await cursor.fetchall(), position, to, page)
