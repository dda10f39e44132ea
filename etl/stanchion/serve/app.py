"""The application: its routes, and the parts that live as long as the process."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import psycopg
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stanchion.ops.metrics import CONTENT_TYPE
from stanchion.serve.cache.answers import Cache
from stanchion.serve.cache.fast import Fast
from stanchion.serve.call.answers import Caller
from stanchion.serve.crowd import Crowd
from stanchion.serve.database import Database, request_id, written_at
from stanchion.serve.limits import Gate
from stanchion.serve.live.part import Live
from stanchion.serve.live.sse import stream
from stanchion.serve.live.websocket import socket
from stanchion.serve.metrics import Counts
from stanchion.serve.openapi import make_openapi
from stanchion.serve.pages import Pages
from stanchion.serve.problems import Problem, of_database
from stanchion.serve.read.answers import Reader
from stanchion.serve.read.catalog import Catalogs
from stanchion.serve.replica import number_of
from stanchion.serve.settings import Settings
from stanchion.serve.who.identify import Senders
from stanchion.serve.who.principal import Principal

_log = logging.getLogger("stanchion.serve")
# headers that pages of other origins may read
_SHOWN = ("Cache-Status", "Content-Range", "ETag", "RateLimit", "Retry-After", "Stanchion-Position", "X-Request-Id")
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Answered:
    """A request that was answered, for the log."""

    request_id: str
    tenant: str | None
    method: str
    path: str
    status: int
    milliseconds: float


Log = Callable[[Answered], None]


class Requests:
    """Gives each request an id, counts and logs it, and turns an exception into a problem."""

    def __init__(self, app: ASGIApp, counts: Counts, most_url: int, log: Log | None) -> None:
        self._app, self._counts, self._most_url, self._log = app, counts, most_url, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
        chosen = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        mark, began, status = request_id.set(chosen), time.monotonic(), 0
        position = next((value for name, value in scope["headers"] if name == b"stanchion-position"), b"")
        written = written_at.set(number_of(position.decode("latin-1")))
        state = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                added = {"x-request-id": chosen, **state.get("limit", {})}
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.lower().encode(), text.encode()) for name, text in added.items()),
                ]
                self._count(scope, status, time.monotonic() - began)
            await send(message)

        self._counts.running += 1
        try:
            if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > self._most_url:
                raise Problem(414, f"the URL is longer than {self._most_url} bytes")
            await self._app(scope, receive, send_with_headers)
        except Exception as e:
            if status or scope["type"] != "http":
                raise
            await answer_of(e)(scope, receive, send_with_headers)
        finally:
            self._counts.running -= 1
            request_id.reset(mark)
            written_at.reset(written)
            if self._log is not None and scope["type"] == "http":
                took = (time.monotonic() - began) * 1000
                self._log(Answered(chosen, state.get("tenant"), scope["method"], scope["path"], status, took))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        self._counts.add(_route(scope), scope.get("method", "WEBSOCKET"), status, seconds)


def _route(scope: Scope) -> str:
    """Return the path of a request with the names of its parameters: their values would be labels without end."""
    if "endpoint" not in scope:
        return "none"
    if isinstance(scope["endpoint"], Pages):
        return "/pages/{file}"
    parts = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(parts.get(part, part) for part in scope["path"].split("/"))


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


def make_app(settings: Settings, log: Log | None = None) -> FastAPI:
    """Return the application. Its lifespan opens the pools, and closes them at the end."""
    database = Database(settings)
    cache = Cache(settings, database)
    live = Live(settings, on_marts=cache.versions.notice)
    crowd = Crowd(settings.clients, settings.clients_per_address, settings.proxies)
    counts = Counts(database, crowd)
    counts.more += [live.metrics, cache.metrics]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        await live.open()
        try:
            yield
        finally:
            await live.close()
            await database.close()

    app = FastAPI(
        title="Stanchion", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.settings, app.state.database, app.state.live = settings, database, live
    app.state.senders = Senders(settings, database)
    app.state.catalogs = Catalogs(database, settings.schemas)
    app.state.reader = Reader(settings, database, app.state.catalogs, cache)
    app.state.caller = Caller(settings, database, app.state.catalogs, cache)
    app.state.gate = Gate(settings, database, app.state.senders)
    app.state.counts, app.state.crowd = counts, crowd
    if cache.is_on:
        app.add_middleware(Fast, cache=cache, gate=app.state.gate, senders=app.state.senders)
    app.add_middleware(Requests, counts=counts, most_url=settings.max_url, log=log)
    if settings.origins:  # outermost, so that a page can read a problem; credentials are headers, never cookies
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("*",),
            expose_headers=_SHOWN,
            max_age=7200,
        )
    for kind in (Problem, psycopg.Error, HTTPException):
        app.add_exception_handler(kind, _answer)
    app.add_route("/healthz", _healthz, methods=["GET"])
    app.add_route("/readyz", _readyz, methods=["GET"])
    if settings.metrics:
        app.add_route("/metrics", _metrics, methods=["GET"])
    app.add_route("/", _openapi, methods=["GET"])
    app.add_route("/me", _me, methods=["GET"])
    app.add_route("/live/{kind}", stream, methods=["GET"])
    app.add_api_websocket_route("/live/{kind}", socket)
    if settings.pages is not None:
        app.mount("/pages", Pages(directory=settings.pages, html=True))
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


async def _metrics(request: Request) -> Response:
    return Response(request.app.state.counts.text(), media_type=CONTENT_TYPE)


async def admit(request: Request) -> Principal:
    """Return the sender of a request that is within its limit, and note the tenant for the log."""
    gate: Gate = request.app.state.gate
    principal = await gate.admit(request)
    request.state.tenant = principal.slug
    return principal


async def _me(request: Request) -> Response:
    """Answer the tenant and the rights of the sender."""
    principal = await admit(request)
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


async def _openapi(request: Request) -> Response:
    await admit(request)
    catalog = await request.app.state.catalogs.get()
    if catalog.openapi is None:
        catalog.openapi = orjson.dumps(make_openapi(catalog))
    return Response(catalog.openapi, media_type="application/openapi+json;version=3.1")


async def _call(request: Request) -> Response:
    principal = await admit(request)
    answer: Response = await request.app.state.caller.answer(request, principal)
    return answer


async def _read(request: Request) -> Response:
    principal = await admit(request)
    answer: Response = await request.app.state.reader.answer(request, principal)
    return answer
