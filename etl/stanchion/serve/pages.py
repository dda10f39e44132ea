"""Serves the files of a folder, so that pages of an application have the same origin as the server."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HEADERS = {"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class Pages(StaticFiles):
    """The files of one folder. Hidden files, and links that lead out of the folder, do not exist for a client."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path != "." and any(part.startswith(".") for part in path.split("/")):
            raise HTTPException(404)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as e:
            raise HTTPException(404 if e.status_code == 401 else e.status_code) from None  # 401: an unreadable file
        response.headers.update(_HEADERS)
        return response
