"""Answers from memory before any layer of the application runs, to senders who were checked a moment ago."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from stanchion.serve.cache.answers import Cache, Wire
from stanchion.serve.cache.asked import asked_of
from stanchion.serve.limits import Gate
from stanchion.serve.who.identify import Senders

_FUNCTIONS = "/rpc/"


class Fast:
    """Passes on every request that it cannot answer, without a change."""

    def __init__(self, app: ASGIApp, cache: Cache, gate: Gate, senders: Senders) -> None:
        self._app, self._cache, self._gate, self._senders = app, cache, gate, senders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        if found is None:
            await self._app(scope, receive, send)
            return
        status, headers, body = found
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _find(self, scope: Scope) -> Wire | None:
        asked = asked_of(scope)
        client = scope["client"]
        if asked is None or not self._gate.is_open(client[0] if client else "unknown"):
            return None
        principal = self._senders.recall(asked.sender)
        found = self._cache.hit(asked, principal) if principal is not None else None
        if found is not None and principal is not None:
            path = asked.path
            scope["state"]["tenant"] = principal.slug
            scope["endpoint"] = self._find
            is_call = path.startswith(_FUNCTIONS)
            scope["path_params"] = {"function": path[len(_FUNCTIONS) :]} if is_call else {"relation": path[1:]}
        return found
