"""Equal reads at the same time become one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Reads that run now, each with a key."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    async def join(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the result of the read that runs with this key, or of a new one, and whether it was a new one.

        The read goes on when its first sender has gone, because others may wait for it. An error belongs to the sender
        that met it, so each of the others reads for itself.
        """
        task = self._running.get(key)
        if task is not None:
            try:
                return await asyncio.shield(task), False
            except asyncio.CancelledError:
                raise
            except Exception:
                return await read(), True
        return await asyncio.shield(self._begin(key, read)), True

    def is_running(self, key: Hashable) -> bool:
        return key in self._running

    def start(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> None:
        """Run a read for later requests, unless it runs already."""
        if key not in self._running:
            self._begin(key, read)

    def _begin(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        task = asyncio.create_task(_run(read))
        self._running[key] = task
        task.add_done_callback(lambda done: self._end(key, done))
        return task

    def _end(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # that nobody waits for it is no error


async def _run(read: Callable[[], Awaitable[T]]) -> T:
    return await read()
