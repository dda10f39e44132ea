"""The part of the application that serves live streams: its tasks and their connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from stanchion.ops.metrics import Metric
from stanchion.serve.cache.versions import MARTS
from stanchion.serve.database import Database
from stanchion.serve.live.hub import EVENTS, Channel, Hub, Limits
from stanchion.serve.live.listen import Listener
from stanchion.serve.live.presence import PRESENCE, Presence, Watcher
from stanchion.serve.live.standings import Standings
from stanchion.serve.live.subscriber import REASONS, Subscriber
from stanchion.serve.live.wanted import Wanted
from stanchion.serve.problems import Problem
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import Principal

Check = Callable[[Subscriber], Awaitable[None]]  # closes the subscriber of a sender that is no longer accepted
_CONNECTIONS = 3  # of their own, so that requests do not delay streams


class Live:
    """The streams of one process."""

    def __init__(
        self, settings: Settings, limits: Limits | None = None, on_marts: Callable[[], None] = lambda: None
    ) -> None:
        self._database = Database(replace(settings, connections=_CONNECTIONS, read_dsn=None))
        self.hub = Hub(self._database.as_nobody, limits)
        self.standings = Standings(self._database.as_nobody)
        self.presence = Presence(self._acting)
        self.listener = Listener(settings.listen_dsn or settings.dsn, (EVENTS, PRESENCE, MARTS), self._hear)
        self._on_marts = on_marts
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        await self._database.open()
        for work in (self.listener.run(), self.hub.run(), self.presence.run(), self.presence.run_watchers()):
            self._tasks.append(asyncio.create_task(work))

    async def close(self) -> None:
        """Store the presence that is only in memory, and end the tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._database.close()

    def metrics(self) -> Iterable[Metric]:
        """Yield the metrics of live streams and of presence."""
        hub, presence = self.hub, self.presence
        for name, text, number in (
            ("live_subscribers", "Clients that follow a live stream now.", hub.subscribers),
            ("live_waiting_bytes", "Bytes in memory that clients of live streams have not accepted.", hub.waiting),
            ("live_lag_seconds", "Time from the first event of the last read until it was sent.", hub.lag),
            ("live_presences", "Principals whose presence is in memory.", presence.held),
        ):
            yield Metric(f"serve_{name}", text, (), [((), float(number))])
        for name, text, number in (
            ("live_reads", "Reads of events from the database.", hub.reads),
            ("live_events", "Events that were read for live streams.", hub.events),
            ("live_sent", "Messages with events that were sent to clients.", hub.sent),
            ("live_connects", "Connections of the listener to the database.", self.listener.connects),
            ("live_presence_flushes", "Transactions that stored presence.", presence.transactions),
        ):
            yield Metric(f"serve_{name}", text, (), [((), float(number))], kind="counter")
        ended: list[tuple[tuple[str, ...], float]] = [((reason,), float(hub.ended[reason])) for reason in REASONS]
        yield Metric("serve_live_ended", "Live streams that ended, by reason.", ("reason",), ended, kind="counter")

    def _hear(self, channel: str) -> None:
        if channel == EVENTS:
            self.hub.wake()
        elif channel == MARTS:
            self._on_marts()
        else:
            self.presence.wake()

    @asynccontextmanager
    async def _acting(
        self, tenant: UUID | None, principal: UUID | None, write: bool
    ) -> AsyncIterator[AsyncConnection[Any]]:
        async with self._database.connection() as conn, conn.transaction():
            await conn.execute("set local role stanchion_app")
            if not write:
                await conn.execute("set local transaction_read_only = on")
            for name, value in (("app.tenant_id", tenant), ("app.principal_id", principal)):
                await conn.execute("select core.set_local(%s, %s)", [name, str(value) if value else None])
            yield conn

    @asynccontextmanager
    async def subscription(
        self, principal: Principal, wanted: Wanted, subscriber: Subscriber
    ) -> AsyncIterator[Callable[[Check], Awaitable[None]]]:
        """Join a subscriber, and yield the function that sends until the subscriber is closed."""
        if self.listener.is_pooled:
            raise Problem(503, "live streams need a connection to Postgres without a pooler: --listen-dsn")
        tenant = principal.tenant_id
        channel = await self.hub.join(tenant, wanted.position)
        person = principal.principal_id
        watcher = Watcher(tenant, person, list(wanted.principals), subscriber)
        if person is not None:
            self.presence.arrive(tenant, person)
        try:
            yield partial(self._send, channel, subscriber, wanted, watcher)
        finally:
            if person is not None:
                self.presence.depart(tenant, person)
            self.presence.unwatch(watcher)
            self.standings.leave(channel, subscriber, wanted.competitions)
            self.hub.leave(channel, subscriber)

    async def _send(
        self, channel: Channel, subscriber: Subscriber, wanted: Wanted, watcher: Watcher, check: Check
    ) -> None:
        await self.hub.follow(channel, subscriber, wanted.position)
        if subscriber.reason is None:
            if wanted.competitions:
                self.standings.follow(channel, subscriber, wanted.competitions)
            if wanted.principals:
                self.presence.watch(watcher)
            subscriber.start(channel.position)
        checked = time.monotonic()
        while subscriber.reason is None:
            await subscriber.pause(self.hub.limits.heartbeat / 2)
            if subscriber.reason is None and time.monotonic() - checked >= self.hub.limits.heartbeat:
                checked = time.monotonic()
                await check(subscriber)
            subscriber.beat(channel.position)
        subscriber.farewell(channel.position)
