"""Presence: heartbeats that are collected in memory and flushed in batches, and clients that follow who is online."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection

from stanchion.paths import query
from stanchion.serve.database import act_for
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.problems import Problem

PRESENCE = "stanchion_presence"
_log = logging.getLogger("stanchion.serve")
_ARRIVALS = 1.0  # seconds after which principals that were not online are flushed
_REPEATS = 30.0  # seconds after which the heartbeats of those that stay are flushed
_MOST_PRINCIPALS, _MOST_TENANTS = 5_000, 200  # in one transaction
_MOST_HELD = 200_000  # principals of a process

# A transaction of stanchion_app for a tenant and a principal; both may be None.
Acting = Callable[[UUID | None, UUID | None, bool], AbstractAsyncContextManager[AsyncConnection[Any]]]


@dataclass
class _Seen:
    """A principal of a tenant."""

    at: float = 0.0  # time of the last heartbeat, in seconds since 1970
    flushed: float = 0.0  # the heartbeat that was flushed last
    streams: int = 0  # open streams: each is a heartbeat at all times


@dataclass(eq=False)
class Watcher:
    """A client that follows whether principals are online, as its own principal may know."""

    tenant: UUID
    principal: UUID | None
    principals: list[UUID]
    subscriber: Subscriber
    last: dict[str, bool] = field(default_factory=dict)
    until: float = 0.0  # time at which the first of them goes offline without a heartbeat


class Presence:
    """The principals that are connected to this process, and the clients that follow others."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
        self._seen: dict[UUID, dict[UUID, _Seen]] = {}
        self._arrived: set[tuple[UUID, UUID]] = set()
        self._watchers: set[Watcher] = set()
        self._looking: dict[Watcher, None] = {}
        self._woken, self._noticed = asyncio.Event(), asyncio.Event()
        self.held = self.transactions = self.flushed = 0

    def arrive(self, tenant: UUID, principal: UUID) -> None:
        """Count a stream of a principal that was opened."""
        self.beat(tenant, principal)
        if seen := self._seen.get(tenant, {}).get(principal):
            seen.streams += 1

    def depart(self, tenant: UUID, principal: UUID) -> None:
        """Count a stream of a principal that has ended: its end is the last heartbeat."""
        if seen := self._seen.get(tenant, {}).get(principal):
            seen.at, seen.streams = time.time(), seen.streams - 1

    def beat(self, tenant: UUID, principal: UUID) -> None:
        """Note a heartbeat. Heartbeats of more principals than a process holds are left out."""
        found = self._seen.setdefault(tenant, {})
        seen = found.get(principal)
        if seen is None:
            if self.held >= _MOST_HELD:
                return
            seen = found[principal] = _Seen()
            self.held += 1
            self._arrived.add((tenant, principal))
            self._woken.set()
        seen.at = time.time()

    async def run(self) -> None:
        """Flush heartbeats until the task is cancelled, and once more then."""
        repeats = time.monotonic() + _REPEATS
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(repeats - time.monotonic()):
                        await self._woken.wait()
                        await asyncio.sleep(_ARRIVALS)
                self._woken.clear()
                if time.monotonic() >= repeats:
                    repeats += _REPEATS
                    await self.flush()
                else:
                    await self._flush_arrived()
        finally:
            with suppress(psycopg.Error, Problem):
                await self.flush()

    async def flush(self) -> None:
        """Store the heartbeats of all principals that are not flushed yet, and forget principals that have left."""
        now, due = time.time(), []
        self._arrived.clear()
        for tenant, found in self._seen.items():
            for principal, seen in list(found.items()):
                if seen.streams > 0:
                    seen.at = now
                if seen.at > seen.flushed:
                    due.append((tenant, principal))
                elif seen.streams <= 0:
                    del found[principal]
                    self.held -= 1
        self._seen = {tenant: found for tenant, found in self._seen.items() if found}
        await self._store(due)

    async def _flush_arrived(self) -> None:
        due = list(self._arrived)
        self._arrived.clear()
        await self._store(due)

    async def _store(self, due: list[tuple[UUID, UUID]]) -> None:
        due.sort()  # processes that flush the same tenants lock them in one order
        while due:
            batch: list[tuple[UUID, UUID]] = []
            tenants: set[UUID] = set()
            while due and len(batch) < _MOST_PRINCIPALS and (due[-1][0] in tenants or len(tenants) < _MOST_TENANTS):
                batch.append(due.pop())
                tenants.add(batch[-1][0])
            try:
                await self._store_together(batch)
            except (psycopg.OperationalError, Problem) as e:
                _log.warning("presence waits for the database: %s", str(e).partition("\n")[0])
            except psycopg.Error as e:
                if len(tenants) == 1:
                    _log.warning("presence of tenant %s was refused: %s", batch[0][0], str(e).partition("\n")[0])
                    continue
                for tenant in tenants:  # so that one tenant that is removed does not keep back the others
                    await self._store([each for each in batch if each[0] == tenant])

    async def _store_together(self, batch: list[tuple[UUID, UUID]]) -> None:
        """Flush the heartbeats of several tenants in one transaction."""
        by_tenant: dict[UUID, dict[UUID, float]] = {}
        for tenant, principal in batch:
            if seen := self._seen.get(tenant, {}).get(principal):
                by_tenant.setdefault(tenant, {})[principal] = seen.at
        if not by_tenant:
            return
        async with self._acting(None, None, True) as conn:
            for tenant, beats in sorted(by_tenant.items()):
                rows = [{"principal_id": each, "at": datetime.fromtimestamp(at, UTC)} for each, at in beats.items()]
                await act_for(conn, tenant)
                await conn.execute(query("serve/live", "flush"), {"heartbeats": msgspec.json.encode(rows).decode()})
        self.transactions += 1
        self.flushed += len(batch)
        for tenant, beats in by_tenant.items():
            for principal, at in beats.items():
                if seen := self._seen.get(tenant, {}).get(principal):
                    seen.flushed = at

    def watch(self, watcher: Watcher) -> None:
        """Send the client who of its principals is online, now and after each change."""
        self._watchers.add(watcher)
        self._look(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        self._looking.pop(watcher, None)

    def wake(self) -> None:
        """Look again for all clients: a process has flushed heartbeats."""
        for watcher in self._watchers:
            self._look(watcher)

    def _look(self, watcher: Watcher) -> None:
        self._looking[watcher] = None
        self._noticed.set()

    async def run_watchers(self) -> None:
        """Look for clients after a flush, and when the time of a principal runs out, until the task is cancelled."""
        while True:
            first = min((each.until for each in self._watchers if each.until), default=0.0)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, first - time.time()) if first else None):
                    await self._noticed.wait()
            self._noticed.clear()
            now = time.time()
            due = {**self._looking, **{each: None for each in self._watchers if each.until and each.until <= now}}
            self._looking.clear()
            for watcher in due:
                try:
                    await self._show(watcher)
                except (psycopg.Error, Problem) as e:
                    _log.warning("presence waits for the database: %s", str(e).partition("\n")[0])
                    watcher.until = time.time() + _ARRIVALS
            await asyncio.sleep(_ARRIVALS)

    async def _show(self, watcher: Watcher) -> None:
        async with self._acting(watcher.tenant, watcher.principal, False) as conn:
            row = await (await conn.execute(query("serve/live", "presence_seconds"))).fetchone()
            seconds = row[0] if row else 0
            cursor = await conn.execute(query("serve/live", "online"), {"principals": watcher.principals})
            rows = await cursor.fetchall()
        online = {principal: is_online for principal, is_online, _ in rows}
        ends = [last_seen.timestamp() + seconds for _, is_online, last_seen in rows if is_online]
        watcher.until = min(ends) + 0.1 if ends else 0.0
        if online != watcher.last:
            watcher.last = online
            watcher.subscriber.show("presence", "presence", msgspec.json.encode(online))
