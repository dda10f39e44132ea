"""Decides whether a replica may answer a read: its delay is small, and it has what the sender wrote."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from stanchion.paths import query
from stanchion.serve.flights import Flights

_SECONDS = 1.0  # between two looks at the replica, and the longest time of one
_POSITION = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


def number_of(position: str | None) -> int | None:
    """Return a position in the write-ahead log as a number, or None for another text."""
    found = _POSITION.fullmatch(position or "")
    return (int(found[1], 16) << 32) + int(found[2], 16) if found else None


class Guard:
    """Looks at the replica once a second at most, while reads want it. No read waits for one that did not answer."""

    def __init__(self, primary: Pool, replica: Pool, max_lag: float) -> None:
        self._primary, self._replica, self._max_lag = primary, replica, max_lag
        self._looked = float("-inf")
        self._replayed: int | None = None  # None: the replica may not answer
        self._looks: Flights[None] = Flights()

    async def allows(self, position: int | None) -> bool:
        """Return whether the replica may answer a read of a sender who wrote at this position."""
        if time.monotonic() - self._looked > _SECONDS:
            if self._replayed is None and self._looked > 0:
                self._looks.start("look", self._look)
            else:
                await self._looks.join("look", self._look)
        return self._replayed is not None and (position is None or position <= self._replayed)

    def refuse(self) -> None:
        """Let the primary answer until the next look: a read of the replica failed."""
        self._replayed, self._looked = None, time.monotonic()

    async def _look(self) -> None:
        # a server that stands still would not even cancel the statement
        look = asyncio.create_task(self._find())
        await asyncio.wait({look}, timeout=_SECONDS)
        self._replayed, self._looked = look.result() if look.done() else None, time.monotonic()

    async def _find(self) -> int | None:
        """Return the replayed position, or None when the replica is too late, does not answer, or is not a replica."""
        try:
            written = number_of((await _row(self._primary, "written"))[0])
            is_replica, text, delay = await _row(self._replica, "replayed")
        except (psycopg.Error, PoolTimeout):
            return None
        replayed = number_of(text)
        if not is_replica or replayed is None or written is None:
            return None
        # a replica of an idle primary has an old transaction and no delay
        return replayed if replayed >= written or (delay is not None and delay <= self._max_lag) else None


async def _row(pool: Pool, name: str) -> Any:
    async with pool.connection(timeout=_SECONDS) as conn:
        return await (await conn.execute(query("serve", name).encode())).fetchone()
