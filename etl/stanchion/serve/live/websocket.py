"""Live streams over a WebSocket: the same messages as JSON, and heartbeats of the client for its presence."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from stanchion.serve.live.part import Live
from stanchion.serve.live.sse import check_sender, follower
from stanchion.serve.live.subscriber import Subscriber
from stanchion.serve.live.wanted import wanted
from stanchion.serve.problems import Problem
from stanchion.serve.protocol import outlet_of
from stanchion.serve.who.identify import BEARER, subprotocol

_REFUSED, _GOING_AWAY, _TRY_AGAIN = 1008, 1001, 1013  # codes of RFC 6455 and its registry
_CODE_OF = {"slow": _TRY_AGAIN, "shutdown": _GOING_AWAY, "reset": _GOING_AWAY, "refused": _REFUSED, "gone": 1000}


async def socket(websocket: WebSocket) -> None:
    """Serve one client until it leaves."""
    try:
        request: Any = websocket
        principal = await follower(request)
        chosen = wanted(websocket.path_params["kind"], websocket)
        live: Live = websocket.app.state.live
        subscriber = Subscriber(chosen.filter, "websocket", outlet_of(websocket.scope), live.hub.limits.queue_bytes)
        reading: asyncio.Task[None] | None = None
        try:
            async with live.subscription(principal, chosen, subscriber) as sending:
                await websocket.accept(BEARER if subprotocol(websocket) else None)
                reading = asyncio.create_task(_until_gone(websocket, subscriber))
                await sending(partial(check_sender, request, principal))
            await subscriber.drain()
            await websocket.close(_CODE_OF[subscriber.reason or "gone"], subscriber.reason)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client has left
        finally:
            if reading is not None:
                reading.cancel()
    except Problem as e:
        await websocket.send_denial_response(e.response())


async def _until_gone(websocket: WebSocket, subscriber: Subscriber) -> None:
    """Read the messages of the client, and ignore them: the open socket is the heartbeat of its person."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    subscriber.close("gone")
