"""Lets the page of the demonstration read: a browser sends no token when it follows a stream."""

from __future__ import annotations

import time
from collections.abc import Collection
from uuid import UUID

import jwt
from starlette.types import ASGIApp, Receive, Scope, Send

from stanchion.dev.demo import VIEWER
from stanchion.serve.settings import Settings

_PATHS = ("/live/scores", "/live/standings", "/fixture")
_CREDENTIALS = {b"authorization", b"apikey", b"x-api-key"}
_SECONDS = 24 * 3600


class Door:
    """Adds the token of a member that may only read to the three requests of the page.

    The name of the host is checked, so that a page of another site cannot read through a name that it chose.
    """

    def __init__(self, app: ASGIApp, settings: Settings, tenant_id: UUID, hosts: Collection[bytes]) -> None:
        self._app, self._settings, self._tenant_id, self._hosts = app, settings, tenant_id, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in _PATHS:
            names = [name for name, _ in scope["headers"]]
            hosts = [text for name, text in scope["headers"] if name == b"host"]
            if _CREDENTIALS.isdisjoint(names) and len(hosts) == 1 and hosts[0] in self._hosts:
                header = (b"authorization", b"Bearer " + self._token().encode())
                scope = {**scope, "headers": [*scope["headers"], header]}
        await self._app(scope, receive, send)

    def _token(self) -> str:
        claims = {
            "exp": time.time() + _SECONDS,
            "aud": self._settings.audience,
            "email": VIEWER,
            "app_metadata": {"tenant_id": str(self._tenant_id)},
        }
        return jwt.encode(claims, self._settings.jwt_secret or "", "HS256")
