"""HTTP/1.1 with limits for connections, heads and slow clients, which the ASGI server does not have, and WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from stanchion.serve.crowd import Crowd

HEAD_SECONDS = 10.0  # from the first byte of a request, or the connection, to the end of its head
READ_SECONDS = 10.0  # longest time in which a client reads nothing of an answer that waits for it
MOST_HEAD = 64 * 1024  # bytes
_OUTLET = "stanchion.outlet"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Outlet:
    """The connection of a client, without the layers of ASGI.

    A live stream writes the same bytes to thousands of clients. Through ASGI each of them would need a task that wakes.
    """

    transport: asyncio.Transport
    drain: Callable[[], Awaitable[object]]  # waits while much is in the buffer of the connection
    is_taken: bool = False  # a stream writes, which itself ends clients that do not read


def outlet_of(scope: Any) -> Outlet:
    """Return the connection of a request. The answer must have begun, with chunks, before anything is written."""
    found: Outlet = scope["extensions"][_OUTLET]["outlet"]
    found.is_taken = True
    return found


class _Counted(asyncio.Protocol):
    """A connection that is counted from its beginning to its end."""

    crowd: Crowd
    _address: str | None = None

    def _enter(self, transport: asyncio.BaseTransport) -> bool:
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
        if self.crowd.enter(address):
            self._address = address
        return self._address is not None

    def _leave(self) -> None:
        if self._address is not None:
            self.crowd.leave(self._address)
            self._address = None


class Http(_Counted, HttpToolsProtocol):
    """Closes a connection whose client sends the head of a request, or reads an answer, too slowly."""

    _timer: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None
    _head = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._enter(transport):
            self._wait()
        else:
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._address is None:
            return
        if self._in_head:
            self._head += len(data)
            self._wait()
        super().data_received(data)
        if self._in_head and self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._outlet = Outlet(self.transport, self.flow.drain)
        self.scope["extensions"] = {_OUTLET: {"outlet": self._outlet}}

    def on_headers_complete(self) -> None:
        self._stop()
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head = True, 0

    def handle_websocket_upgrade(self) -> None:
        self._leave()  # the protocol that takes the connection counts it
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reader is None and not self._outlet.is_taken:
            self._expect_reading(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self.resume_writing()
        self._leave()
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

    def _expect_reading(self, waiting: int) -> None:
        self._reader = self.loop.call_later(READ_SECONDS, self._require_reading, waiting)

    def _require_reading(self, waited: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting < waited:
            self._expect_reading(waiting)
        else:
            self.transport.abort()


class Socket(_Counted, WebSocketsSansIOProtocol):
    """A WebSocket that is counted, and whose connection the application may write whole frames to."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._enter(transport)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # the application begins in the next turn of the loop
            self.scope["extensions"][_OUTLET] = {"outlet": Outlet(self.transport, self.writable.wait)}

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)


def protocols(crowd: Crowd) -> tuple[type[Http], type[Socket]]:
    """Return the classes for connections that are counted together."""
    counted: dict[str, Any] = {"crowd": crowd}
    return type("Http", (Http,), counted), type("Socket", (Socket,), counted)
