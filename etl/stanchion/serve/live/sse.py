"""Live streams as Server-Sent Events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stanchion.serve.live.part import Live
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.live.wanted import Wanted, wanted
from stanchion.serve.problems import Problem
from stanchion.serve.who.principal import STRANGER, Principal

LONGEST_SEND = 20.0  # seconds that a client may take to accept a message
CHECK_EVERY = 10.0  # seconds after which the sender of an open stream is identified again
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events before it passes them on
]


async def stream(request: Request) -> Response:
    """Answer with a stream that does not end by itself."""
    principal = await follower(request)
    return _Stream(request, principal, wanted(request.path_params["kind"], request))


async def follower(request: Request) -> Principal:
    """Return the sender of a request for a stream, which needs a token or an API key."""
    return _known(await request.app.state.gate.admit(request))


def _known(principal: Principal) -> Principal:
    if principal.how == "anonymous":
        raise Problem(401, "live streams need a token or an API key", headers={"WWW-Authenticate": "Bearer"})
    if principal.principal_id == STRANGER:
        raise Problem(403, "only a member of the tenant may follow its live streams", code="42501")
    return principal


class _Stream(Response):
    """A response of Server-Sent Events."""

    def __init__(self, request: Request, principal: Principal, wanted: Wanted) -> None:
        self._request, self._principal, self._wanted = request, principal, wanted
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - of Starlette
        live: Live = self._request.app.state.live
        subscriber = Subscriber(self._wanted.filter, "sse", live.hub.limits.queue_bytes)
        async with live.subscription(self._principal, self._wanted, subscriber) as frames:
            gone = asyncio.create_task(_until_gone(receive, subscriber))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await self._send(frames, subscriber, send)
                await send({"type": "http.response.body", "body": b""})
            except TimeoutError:  # the client accepts nothing: the server closes the connection of an incomplete answer
                subscriber.close("slow")
            finally:
                gone.cancel()

    async def _send(self, frames: AsyncGenerator[bytes], subscriber: Subscriber, send: Send) -> None:
        check = time.monotonic() + CHECK_EVERY
        async with aclosing(frames):
            async for data in frames:
                async with asyncio.timeout(LONGEST_SEND):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                if time.monotonic() > check:
                    check = time.monotonic() + CHECK_EVERY
                    await check_sender(self._request, self._principal, subscriber)


async def check_sender(request: Request, principal: Principal, subscriber: Subscriber) -> None:
    """End the stream of a sender whose token has expired, or whose key was revoked."""
    try:
        found = _known(await request.app.state.senders.identify(request))
    except Problem as e:
        if e.status in (401, 403):
            subscriber.close("refused")
    else:
        if found.tenant_id != principal.tenant_id:
            subscriber.close("refused")


async def _until_gone(receive: Receive, subscriber: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.close("gone")
