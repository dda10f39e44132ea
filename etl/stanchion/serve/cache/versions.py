"""The versions of marts that this process has read, and the time at which it read them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

import psycopg

from stanchion.paths import query
from stanchion.serve.database import Database
from stanchion.serve.problems import Problem

MARTS = "stanchion_marts"  # notified when a mart changed
BOUND = 1.0  # seconds: versions that were read before are not used
_RENEW = 0.5  # seconds after which they are read again, while answers are served from memory
_log = logging.getLogger("stanchion.serve")


def versions_query() -> str:
    return query("serve/cache", "versions")


def join_versions(rows: Iterable[tuple[str, str]], sources: tuple[str, ...]) -> str | None:
    """Return the version of an answer that reads these marts, or None when one of them has no version."""
    found = dict(rows)
    if not sources or any(each not in found for each in sources):
        return None
    return "\n".join(f"{each} {found[each]}" for each in sources)


class Versions:
    """Versions are read by one query for all marts in use: after a notification, and when they are old.

    A notification makes all of them unusable until they are read again. When notifications are lost, because the
    connection of the listener is, the age of the versions bounds the age of the answers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted: set[str] = set()
        self._joined: dict[tuple[str, ...], str | None] = {}
        self._read_at = float("-inf")
        self._notices = self._seen = 0
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None
        self.reads = 0

    def notice(self) -> None:
        """Use no version that was read before now: a mart changed, or notifications may have been lost."""
        self._notices += 1

    def current(self, sources: tuple[str, ...]) -> str | None:
        """Return the version of these marts, or None when it is unknown or too old."""
        if self._seen != self._notices or time.monotonic() - self._read_at > BOUND:
            return None
        return self._joined.get(sources)

    def renew_soon(self) -> None:
        """Read the versions in the background when they are half as old as they may be."""
        if time.monotonic() - self._read_at > _RENEW and self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            await self._read(time.monotonic())
        except (psycopg.Error, Problem) as e:
            _log.warning("answers in memory wait for the database: %s", str(e).partition("\n")[0])
        finally:
            self._renewal = None

    async def read(self, sources: tuple[str, ...], *, now: bool = False) -> str | None:
        """Return the version of these marts, with `now` by a query that begins after this call."""
        if sources not in self._joined:
            self._wanted.update(sources)
            self._joined[sources] = None
            now = True
        found = None if now else self.current(sources)
        if found is None:
            await self._read(time.monotonic())
        return self._joined[sources]

    async def _read(self, not_before: float) -> None:
        """Read the versions, unless another request has begun to read them after the given time."""
        async with self._lock:
            if self._read_at >= not_before and self._seen == self._notices:
                return
            began, noticed = time.monotonic(), self._notices
            async with self._database.as_nobody() as conn:
                cursor = await conn.execute(versions_query().encode(), {"models": sorted(self._wanted)})
                rows = await cursor.fetchall()
            self.reads += 1
            self._read_at, self._seen = began, noticed
            self._joined = {each: join_versions(rows, each) for each in self._joined}
