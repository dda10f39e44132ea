"""Live streams as Server-Sent Events."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stanchion.serve.live.part import Live
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.live.wanted import Wanted, wanted
from stanchion.serve.problems import Problem
from stanchion.serve.protocol import outlet_of
from stanchion.serve.who.principal import STRANGER, Principal

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events before it passes them on
]


async def stream(request: Request) -> Response:
    """Answer with a stream that does not end by itself."""
    principal = await follower(request)
    chosen = wanted(request.path_params["kind"], request)
    if request.method == "HEAD":
        return Response(headers={name.decode(): value.decode() for name, value in _HEADERS})
    return _Stream(request, principal, chosen)


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        live: Live = self._request.app.state.live
        subscriber = Subscriber(self._wanted.filter, "sse", outlet_of(scope), live.hub.limits.queue_bytes)
        gone = asyncio.create_task(_until_gone(receive, subscriber))
        try:
            async with live.subscription(self._principal, self._wanted, subscriber) as sending:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await sending(partial(check_sender, self._request, self._principal))
            await subscriber.drain()
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()


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
