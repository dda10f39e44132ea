"""A client that follows a tenant. What it is sent waits in the buffer of its connection, up to a limit."""

from __future__ import annotations

import asyncio
import time
from typing import Literal, get_args

from stanchion.serve.live.batch import Filter, Wire, beat, frame
from stanchion.serve.live.position import Position
from stanchion.serve.protocol import Outlet

Reason = Literal["slow", "reset", "shutdown", "refused", "gone"]
REASONS: tuple[Reason, ...] = get_args(Reason)
LONGEST_SEND = 20.0  # seconds in which a client accepts nothing until its connection is cut
_FULL = 64 * 1024  # bytes that wait, above which only the latest state is kept for later


class Subscriber:
    """One client. A client that does not read is disconnected, and resumes at its position."""

    def __init__(
        self, wanted: Filter, wire: Wire, outlet: Outlet, most_bytes: int, longest_send: float = LONGEST_SEND
    ) -> None:
        self.wanted, self.wire = wanted, wire
        self.reason: Reason | None = None
        self._outlet, self._most, self._longest_send = outlet, most_bytes, longest_send
        self._states: dict[str, bytes] = {}  # the latest state by its name, until the client has read what waits
        self._woken = asyncio.Event()
        self._is_quiet = False  # nothing was sent since the last heartbeat
        self._written = self._accepted = 0  # bytes
        self._accepted_at = time.monotonic()

    @property
    def waiting(self) -> int:
        """Return the number of bytes that the client has not accepted."""
        return self._outlet.transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Send a frame at once, or end the client when too much waits for it. One frame is never too much."""
        if self.reason is not None:
            return
        waiting = self._outlet.transport.get_write_buffer_size()
        if waiting and waiting + len(data) > self._most:
            self.close("slow")
            return
        self._is_quiet = False
        self._written += len(data)
        self._outlet.transport.write(data)

    def show(self, name: str, kind: str, text: bytes) -> None:
        """Send a state, such as standings. While much waits, a newer state of this name takes its place."""
        if self._states or self.waiting > _FULL:
            self._states[name] = frame(self.wire, kind, text)
            self._woken.set()
        else:
            self.write(frame(self.wire, kind, text))

    def close(self, reason: Reason) -> None:
        """End the client after what waits for it."""
        self.reason = self.reason or reason
        self._woken.set()

    async def drain(self) -> None:
        """Wait until the client has accepted most of what waits; cut the connection of one that accepts nothing."""
        try:
            async with asyncio.timeout(self._longest_send):
                await self._outlet.drain()
        except TimeoutError:
            self.abort()
        if self._outlet.transport.is_closing():
            self.close("gone")

    def abort(self) -> None:
        """Cut the connection: what waits would stay in memory as long as the client does not read."""
        self.close("slow")
        self._outlet.transport.abort()

    async def pause(self, seconds: float) -> None:
        """Wait for some seconds, or until the client is closed. Send the states that were kept for later."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
                if self.reason is None:
                    await self._outlet.drain()
                    self._woken.clear()
                    states, self._states = self._states, {}
                    for data in states.values():
                        self.write(data)
        except TimeoutError:
            pass
        now, waiting = time.monotonic(), self.waiting
        if waiting == 0 or self._written - waiting > self._accepted:
            self._accepted, self._accepted_at = self._written - waiting, now
        elif now - self._accepted_at > self._longest_send:
            self.abort()

    def beat(self, position: Position) -> None:
        """Send a heartbeat with the position, unless something was sent since the last one."""
        if self._is_quiet:
            self.write(beat(self.wire, position))
        self._is_quiet = True

    def start(self, position: Position) -> None:
        """Send the first heartbeat: the position from which the client follows."""
        self._is_quiet = True
        self.beat(position)

    def farewell(self, position: Position) -> None:
        """Send the last message: the reason, and for a reset the position of the present."""
        if not self._outlet.transport.is_closing():
            place = position if self.reason == "reset" else None
            text = b'{"reason":"%s"}' % str(self.reason).encode()
            self._outlet.transport.write(frame(self.wire, "closed", text, place))
