"""Calls a function in one transaction, and answers its result."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import psycopg
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from stanchion.serve.cache.answers import Cache
from stanchion.serve.cache.basis import basis_of_call
from stanchion.serve.call.arguments import bind, parse_body
from stanchion.serve.call.functions import Function
from stanchion.serve.database import Conn, Database, named
from stanchion.serve.problems import Problem, of_database, unknown_sender
from stanchion.serve.read.answers import JSON, Wish, pairs_of, profile_of, respond, statement_of, value_of, within
from stanchion.serve.read.catalog import Catalog, Catalogs, ColumnInfo, Relation
from stanchion.serve.read.compiler import Source, compile_read, quoted
from stanchion.serve.read.parser import RESERVED, parse
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import STRANGER, Principal

# Functions here trust the program that calls them, and do not look at the role of a person.
OF_PROGRAMS = ("core", "ops")
# They look at the role of the person themselves, or change nothing.
_OF_PERSONS = ("core.add_member", "core.member_role", "core.current_principal", "core.current_tenant")
# They look at the person instead of the role, so that every member may call them.
_OF_MEMBERS = (
    "contest.apply_offline", "contest.confirm_score", "contest.dispute_score", "contest.submit_score",
    "workspace.remove_favourite", "workspace.unblock",
)  # fmt: skip
_OF_INVITED = "workspace.accept_invitation"  # looks at the verified address of a person who is not a member yet
_MOST_KEY = 200
_BODY_SECONDS = 10
_DRAINED = 8  # times the largest body


class Caller:
    """Answers requests that call a function."""

    def __init__(self, settings: Settings, database: Database, catalogs: Catalogs, cache: Cache) -> None:
        self._settings, self._database, self._catalogs, self._cache = settings, database, catalogs, cache

    async def answer(self, request: HttpRequest, principal: Principal) -> Response:
        reads = request.method in ("GET", "HEAD")
        header = "accept-profile" if reads else "content-profile"
        schema = profile_of(request, self._settings.schemas, header)
        name = request.path_params["function"]
        catalog, function = await self._catalogs.find(lambda each: each.function(name, schema))
        if function is None:
            raise Problem(404, f"function {name[:63]} does not exist", code="PGRST202")
        _require_callable(principal, function, reads)
        pairs = pairs_of(request)
        if reads:
            known = {each.name for each in function.arguments} | {each.short_name for each in function.arguments}
            given: dict[str, Any] = {}
            for each, text in pairs:
                if each in known and each not in RESERVED:
                    if each in given:
                        raise Problem(400, f"the argument {each} is given twice", code="PGRST102")
                    given[each] = text
            pairs = [(each, text) for each, text in pairs if each not in given]
        else:
            given = parse_body(await body_of(request, self._settings.max_body))
        key = _key_of(request)
        bound = bind(function, given, key, from_query=reads)
        call = _Call(catalog, function, bound, pairs, Wish.of(request), self._settings.max_rows)
        try:
            if not function.is_volatile:
                read = partial(self._read, principal, call)
                if reads:
                    return await self._cache.answer(request, principal, basis_of_call(function.full_name), read)
                return (await self._database.from_replica(partial(read, ())))[0]
            answer = await self._write(_acting(principal, function), call, None if function.takes_key else key)
            if function.full_name == _OF_INVITED:
                request.app.state.senders.forget(request)
            return answer
        except psycopg.Error as e:
            meaning = function.errors.get(e.sqlstate or "")
            problem = of_database(e, is_foreseen=meaning is not None)
            problem.hint = problem.hint or meaning
            raise problem from e

    async def _read(
        self, principal: Principal, call: _Call, _: tuple[str, ...], replica: bool
    ) -> tuple[Response, None]:
        async with self._database.transaction(principal, replica=replica) as conn:
            return await call.run(conn), None

    async def _write(self, principal: Principal, call: _Call, key: str | None) -> Response:
        try:
            if key is not None:
                answer = await self._once(principal, call, key)
            else:
                async with self._database.transaction(principal, write=True) as conn:
                    answer = await call.run(conn)
        finally:
            self._cache.wrote(principal.tenant_id)
        if (position := await self._database.position()) is not None:
            answer.headers["Stanchion-Position"] = position
        return answer

    async def _once(self, principal: Principal, call: _Call, key: str) -> Response:
        """Call a function that claims no key itself. The claim, the call and the stored answer are one transaction."""
        async with self._database.transaction(principal, write=True) as conn:
            values = {"key": key, "fingerprint": call.fingerprint(principal)}
            row = await (await conn.execute(named("claim_key"), values)).fetchone()
            outcome, attempt, status, stored = row or (None, None, 500, None)
            if outcome == "replay":
                headers = {"Idempotency-Replayed": "true"}
                return Response(stored or b"", status, headers, JSON if stored else None)
            if outcome == "in_progress":
                raise Problem(409, "a request with this idempotency-key is running", headers={"Retry-After": "1"})
            if outcome == "mismatch":
                raise Problem(422, "the idempotency-key belongs to another request")
            answer = await call.run(conn)
            body = bytes(answer.body) or None
            await conn.execute(
                named("complete_key"), {"key": key, "attempt": attempt, "status": answer.status_code, "body": body}
            )
            return answer


class _Call:
    """A call that is ready to run."""

    def __init__(
        self,
        catalog: Catalog,
        function: Function,
        bound: dict[str, str | None],
        pairs: list[tuple[str, str]],
        wish: Wish,
        max_rows: int,
    ) -> None:
        self._function, self._bound, self._wish, self._pairs = function, bound, wish, pairs
        types = {each.name: each.type for each in function.arguments}
        listed = ", ".join(f"{quoted(name)} => %(a{at})s::{types[name]}" for at, name in enumerate(bound))
        self._text = f"{quoted(function.schema)}.{quoted(function.name)}({listed})"
        self._values = {f"a{at}": text for at, text in enumerate(bound.values())}
        self._plan = None
        if function.returns_set and function.columns:
            columns = {name: ColumnInfo(name, kind, True, None) for name, kind in function.columns.items()}
            relation = Relation(function.schema, function.name, "", columns)
            tree = within(parse(pairs), wish.window)
            self._plan = compile_read(catalog, Source(relation, self._text, self._values), tree, max_rows=max_rows)
        elif pairs:
            raise Problem(
                400, f"{function.full_name} does not return rows, so it has no parameter {pairs[0][0][:40]}",
                code="PGRST100",
            )  # fmt: skip

    def fingerprint(self, principal: Principal) -> bytes:
        """Return a digest of the sender and everything that it asks."""
        parts: Iterable[tuple[str, str | None]] = (
            ("sender", principal.subject), ("function", self._function.full_name), *sorted(self._bound.items()),
            *self._pairs, ("form", self._wish.form),
        )  # fmt: skip
        return hashlib.sha256(urlencode([(name, repr(text)) for name, text in parts]).encode()).digest()

    async def run(self, conn: Conn) -> Response:
        if self._plan is not None:
            cursor = await conn.execute(statement_of(self._plan, self._wish), self._plan.values)
            return respond(cursor, self._plan, self._wish, None)
        function = self._function
        if function.result == "void":
            await conn.execute(f"select {self._text}".encode(), self._values)
            return Response(status_code=204)
        if function.returns_set:
            text = f"select coalesce(json_agg(_row), '[]') from {self._text} as _row"
        elif function.columns:
            text = f"select row_to_json(_row) from {self._text} as _row"
        else:
            text = f"select to_json({self._text})"
        cursor = await conn.execute(text.encode(), self._values)
        return Response(value_of(cursor) or b"null", media_type=JSON)


def _require_callable(principal: Principal, function: Function, reads: bool) -> None:
    if principal.how == "anonymous":
        raise unknown_sender()
    if principal.how == "token" and is_of_programs(function):
        raise Problem(403, f"only a program with an API key may call {function.full_name}", code="42501")
    if function.is_volatile and reads:
        raise Problem(405, f"{function.full_name} may write, so it needs POST", headers={"Allow": "POST"})
    if function.is_volatile and not principal.may_write and not _is_for_all(principal, function):
        editors = f"only an editor may call {function.full_name}"
        raise Problem(403, editors if principal.how == "token" else "the API key has no scope write", code="42501")


def _is_for_all(principal: Principal, function: Function) -> bool:
    """Return whether a person without the right to write may call a function that writes."""
    if principal.how != "token":
        return False
    if principal.principal_id == STRANGER:
        return function.full_name == _OF_INVITED
    return function.full_name in _OF_MEMBERS


def _acting(principal: Principal, function: Function) -> Principal:
    """Return the principal as whom a function runs. A person who accepts an invitation has no principal yet."""
    if function.full_name == _OF_INVITED and principal.principal_id == STRANGER:
        return replace(principal, principal_id=None)
    return principal


def is_of_programs(function: Function) -> bool:
    """Return whether only a program may call the function."""
    return function.schema in OF_PROGRAMS and function.full_name not in _OF_PERSONS


def _key_of(request: HttpRequest) -> str | None:
    found = request.headers.getlist("idempotency-key")
    if len(found) > 1:
        raise Problem(400, "the header idempotency-key occurs more than once")
    if found and not 0 < len(found[0]) <= _MOST_KEY:
        raise Problem(400, f"the header idempotency-key must have 1 to {_MOST_KEY} characters")
    return found[0] if found else None


async def body_of(request: HttpRequest, most: int) -> bytes:
    """Return the body of a request, or raise a problem as soon as it is larger than allowed."""
    declared = request.headers.get("content-length", "0")
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Problem(415, f"the body must be application/json, not {media[:40]}")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _receive(request, int(declared) if declared.isdigit() else 0, most)
    except TimeoutError:
        raise Problem(408, f"the body did not arrive in {_BODY_SECONDS} s", headers={"Connection": "close"}) from None


async def _receive(request: HttpRequest, declared: int, most: int) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if max(size, declared) <= most:
            body += chunk
        elif size > most * _DRAINED:
            break
    # a connection that is closed while the client still sends loses the answer, so a part of the rest is read too
    if max(size, declared) > most:
        raise Problem(413, f"the body is larger than {most} bytes", headers={"Connection": "close"})
    return bytes(body)
