"""Standings of competitions: read once per process after a batch that changed them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from uuid import UUID

import msgspec
import psycopg

from stanchion.paths import query
from stanchion.serve.database import act_for
from stanchion.serve.live.batch import Batch
from stanchion.serve.live.hub import Channel, Transaction
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.problems import Problem

_log = logging.getLogger("stanchion.serve")
_PAUSE = 0.1  # seconds between two reads of the standings of a tenant
_AFTER_ERROR = 0.5  # seconds
_MOST_FIXTURES = 10_000  # whose competition is remembered


class _Followed:
    """The competitions of one tenant that subscribers follow."""

    def __init__(self) -> None:
        self.subscribers: dict[str, set[Subscriber]] = {}
        self.texts: dict[str, bytes] = {}  # the standings that are not out of date
        self.changed: set[str] = set()
        self.fixtures: set[str] = set()  # with new results, in a competition that is not known yet
        self.woken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Standings:
    """The standings that the subscribers of this process follow. A subscriber gets the latest ones only."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._followed: dict[UUID, _Followed] = {}
        self._competition_of: OrderedDict[tuple[UUID, str], str] = OrderedDict()
        self.reads = 0

    def follow(self, channel: Channel, subscriber: Subscriber, competitions: frozenset[str]) -> None:
        """Send the standings of the competitions now and after each change."""
        found = self._followed.get(channel.tenant)
        if found is None:
            found = self._followed[channel.tenant] = _Followed()
            channel.listeners.add(self._hear)
            found.task = asyncio.create_task(self._keep(channel.tenant, found))
        for name in competitions:
            found.subscribers.setdefault(name, set()).add(subscriber)
            if name in found.texts:
                subscriber.show(f"standings {name}", "standings", found.texts[name])
            else:
                found.changed.add(name)
                found.woken.set()

    def leave(self, channel: Channel, subscriber: Subscriber, competitions: frozenset[str]) -> None:
        found = self._followed.get(channel.tenant)
        if found is None:
            return
        for name in competitions & found.subscribers.keys():
            found.subscribers[name].discard(subscriber)
            if not found.subscribers[name]:
                del found.subscribers[name]
                found.texts.pop(name, None)
        if not found.subscribers:
            del self._followed[channel.tenant]
            channel.listeners.discard(self._hear)
            if found.task is not None:
                found.task.cancel()

    def _hear(self, tenant: UUID, batch: Batch) -> None:
        """Note the competitions whose standings a batch may have changed."""
        found = self._followed[tenant]
        for event in batch.events:
            if event.stream_type == "contest.competition" and event.stream_id in found.subscribers:
                found.changed.add(event.stream_id)
            elif event.stream_type == "contest.fixture" and event.event_type.startswith(("result.", "teams.")):
                name = self._competition_of.get((tenant, event.stream_id))
                if name is None:
                    found.fixtures.add(event.stream_id)
                elif name in found.subscribers:
                    found.changed.add(name)
        if found.changed or found.fixtures:
            found.woken.set()

    async def _keep(self, tenant: UUID, found: _Followed) -> None:
        while True:
            await found.woken.wait()
            found.woken.clear()
            changed, fixtures = found.changed, found.fixtures
            found.changed, found.fixtures = set(), set()
            for name in changed:
                found.texts.pop(name, None)
            try:
                await self._read(tenant, found, changed, fixtures)
            except (psycopg.Error, Problem) as e:
                _log.warning("standings wait for the database: %s", str(e).partition("\n")[0])
                found.changed |= changed
                found.fixtures |= fixtures
                found.woken.set()
                await asyncio.sleep(_AFTER_ERROR)
            await asyncio.sleep(_PAUSE)

    async def _read(self, tenant: UUID, found: _Followed, changed: set[str], fixtures: set[str]) -> None:
        async with self._transaction() as conn:
            await act_for(conn, tenant)
            if fixtures:
                cursor = await conn.execute(query("serve/live", "competitions"), {"fixtures": sorted(fixtures)})
                for fixture, name in await cursor.fetchall():
                    self._competition_of[tenant, fixture] = name
                    changed.add(name)
                while len(self._competition_of) > _MOST_FIXTURES:
                    self._competition_of.popitem(last=False)
            texts = {}
            for name in changed & found.subscribers.keys():
                cursor = await conn.execute(query("serve/live", "standings"), {"competition": name})
                row = await cursor.fetchone()
                texts[name] = b'{"competition":%s,"standings":%s}' % (
                    msgspec.json.encode(name),
                    str(row[0] if row else "[]").replace("\n", "").encode(),
                )
                self.reads += 1
        for name, text in texts.items():
            if name not in found.changed:
                found.texts[name] = text
            for subscriber in found.subscribers.get(name, ()):
                subscriber.show(f"standings {name}", "standings", text)
