"""The application: its routes, and the parts that live as long as the process."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stanchion.serve.call.answers import Caller
from stanchion.serve.database import Database, request_id
from stanchion.serve.problems import Problem, of_database
from stanchion.serve.read.answers import Reader
from stanchion.serve.read.catalog import Catalogs
from stanchion.serve.settings import Settings
from stanchion.serve.who.identify import Senders

_log = logging.getLogger("stanchion.serve")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")


class Requests:
    """Gives each request an id, and turns an unforeseen exception into a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        chosen = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        mark, started = request_id.set(chosen), False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] in ("http.response.start", "websocket.accept"):
                started = True
                message.setdefault("headers", [])
                message["headers"] = [*message["headers"], (b"x-request-id", chosen.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as e:
            if started or scope["type"] != "http":
                raise
            await answer_of(e)(scope, receive, send_with_id)
        finally:
            request_id.reset(mark)


def answer_of(error: Exception) -> Response:
    """Return the answer to a request that raised an exception. The text of an unforeseen one stays in the log."""
    chosen = request_id.get()
    match error:
        case Problem():
            problem = error
        case psycopg.Error():
            problem = of_database(error)
        case HTTPException():
            problem = Problem(error.status_code, str(error.detail).lower(), headers=dict(error.headers or {}))
        case _:
            problem = Problem(500, "the server failed; the request id is in its log")
    if problem.status >= 500:
        _log.error("%s: %s", chosen, error, exc_info=error if problem.status == 500 else None)
    return problem.response(chosen)


async def _answer(_: Request, error: Exception) -> Response:
    return answer_of(error)


def make_app(settings: Settings) -> FastAPI:
    """Return the application. Its lifespan opens the pools, and closes them at the end."""
    database = Database(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        try:
            yield
        finally:
            await database.close()

    app = FastAPI(
        title="Stanchion", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.settings, app.state.database = settings, database
    app.state.senders = Senders(settings, database)
    app.state.catalogs = Catalogs(database, settings.schemas)
    app.state.reader = Reader(settings, database, app.state.catalogs)
    app.state.caller = Caller(settings, database, app.state.catalogs)
    app.add_middleware(Requests)
    for kind in (Problem, psycopg.Error, HTTPException):
        app.add_exception_handler(kind, _answer)
    app.add_route("/healthz", _healthz, methods=["GET"])
    app.add_route("/readyz", _readyz, methods=["GET"])
    app.add_route("/me", _me, methods=["GET"])
    app.add_route("/rpc/{function}", _call, methods=["GET", "POST"])
    app.add_route("/{relation}", _read, methods=["GET"])  # last: the names above are not relations
    return app


async def _healthz(_: Request) -> Response:
    """Answer as long as the process can."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Answer 200 when the database does, and 503 otherwise."""
    database: Database = request.app.state.database
    async with database.as_nobody() as conn:
        await conn.execute("select core.clock()")
    return JSONResponse({"status": "ok"})


async def _me(request: Request) -> Response:
    """Answer the tenant and the rights of the sender."""
    principal = await request.app.state.senders.identify(request)
    async with request.app.state.database.transaction(principal) as conn:
        row = await (await conn.execute("select core.member_role()")).fetchone()
    return JSONResponse(
        {
            "how": principal.how,
            "tenant": principal.slug,
            "tenant_id": str(principal.tenant_id),
            "role": row[0],
            "scopes": sorted(principal.scopes),
        }
    )


async def _call(request: Request) -> Response:
    principal = await request.app.state.senders.identify(request)
    answer: Response = await request.app.state.caller.answer(request, principal)
    return answer


async def _read(request: Request) -> Response:
    principal = await request.app.state.senders.identify(request)
    answer: Response = await request.app.state.reader.answer(request, principal)
    return answer
