"""HTTP/1.1 with limits for the head of a request, which the ASGI server does not have, and WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_SECONDS = 10.0  # from the first byte of a request, or the connection, to the end of its head
MOST_HEAD = 64 * 1024  # bytes
_OUTLET = "stanchion.outlet"


@dataclass(frozen=True)
class Outlet:
    """The connection of a client, without the layers of ASGI.

    A live stream writes the same bytes to thousands of clients. Through ASGI each of them would need a task that wakes.
    """

    transport: asyncio.Transport
    drain: Callable[[], Awaitable[object]]  # waits while much is in the buffer of the connection


def outlet_of(scope: Any) -> Outlet:
    """Return the connection of a request. The answer must have begun, with chunks, before anything is written."""
    found: Outlet = scope["extensions"][_OUTLET]["outlet"]
    return found


class Protocol(HttpToolsProtocol):
    """Closes a connection whose client sends the head of a request too slowly, or one that is too large."""

    _timer: asyncio.TimerHandle | None = None
    _head = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
            self._wait()
        super().data_received(data)
        if self._in_head and self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_OUTLET: {"outlet": Outlet(self.transport, self.flow.drain)}}

    def on_headers_complete(self) -> None:
        self._stop()
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head = True, 0

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose connection the application may write whole frames to."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # the application begins in the next turn of the loop
            self.scope["extensions"][_OUTLET] = {"outlet": Outlet(self.transport, self.writable.wait)}
