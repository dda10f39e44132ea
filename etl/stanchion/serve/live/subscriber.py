"""A client that follows a tenant: its frames that wait to be sent, up to a limit."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Literal

from stanchion.serve.live.batch import Batch, Filter, Wire, beat, frame
from stanchion.serve.live.position import Position

Reason = Literal["slow", "reset", "shutdown", "refused", "gone"]


class Subscriber:
    """The queue of one client. A client whose queue is full is disconnected and resumes at its position."""

    def __init__(self, wanted: Filter, wire: Wire, most_bytes: int) -> None:
        self.wanted, self.wire, self._most = wanted, wire, most_bytes
        self.position: Position | None = None  # after everything that was queued
        self.reason: Reason | None = None
        self._frames: deque[bytes] = deque()
        self._states: dict[str, bytes] = {}  # the latest state by its name; an older one is not sent
        self._size = 0
        self._ready = asyncio.Event()

    def deliver(self, batch: Batch) -> None:
        """Queue the events of a batch that the client wants."""
        data = batch.frame(self.wanted, self.wire)
        self.position = batch.position
        if data is not None:
            self._put(data)

    def show(self, name: str, kind: str, text: bytes) -> None:
        """Queue a state, such as standings, in place of an older one of this name."""
        self._states[name] = frame(self.wire, kind, text)
        self._ready.set()

    def close(self, reason: Reason) -> None:
        """End the client after the frames that are queued; a slow client loses them, and reads them again."""
        if self.reason is None:
            self.reason = reason
            if reason == "slow":
                self._frames.clear()
                self._states.clear()
        self._ready.set()

    def _put(self, data: bytes) -> None:
        if self.reason is not None:
            return
        self._size += len(data)
        if self._frames and self._size > self._most:
            self.close("slow")
            return
        self._frames.append(data)
        self._ready.set()

    async def next(self, heartbeat: float) -> list[bytes]:
        """Return the frames to send now, or a heartbeat with the position after some seconds without any."""
        if not (self._frames or self._states or self.reason):
            self._ready.clear()
            try:
                async with asyncio.timeout(heartbeat):
                    await self._ready.wait()
            except TimeoutError:
                return [beat(self.wire, self.position)]
        found = [*self._frames, *self._states.values()]
        self._frames.clear()
        self._states.clear()
        self._size = 0
        return found

    def beat(self) -> bytes:
        """Return a heartbeat with the position of the client."""
        return beat(self.wire, self.position)

    def farewell(self) -> bytes:
        """Return the last message: the reason, and for a reset the position of the present."""
        place = self.position if self.reason == "reset" else None
        return frame(self.wire, "closed", b'{"reason":"%s"}' % str(self.reason).encode(), place)
