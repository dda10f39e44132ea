"""Answers of relations: JSON, one object or CSV, with Range, Content-Range and Prefer."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

import psycopg
from psycopg.pq.abc import PGresult
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from stanchion.serve.cache.answers import Cache
from stanchion.serve.cache.basis import basis_of
from stanchion.serve.cache.versions import join_versions, versions_query
from stanchion.serve.database import Database
from stanchion.serve.problems import Problem, unknown_sender
from stanchion.serve.read.catalog import Catalog, Catalogs, Relation
from stanchion.serve.read.compiler import Plan, Source, compile_read
from stanchion.serve.read.parser import MOST, parse
from stanchion.serve.read.tree import Request
from stanchion.serve.settings import Settings
from stanchion.serve.who.principal import STRANGER, Principal

Form = Literal["json", "object", "csv"]
Count = Literal["exact", "estimated"]
JSON, OBJECT, CSV = "application/json; charset=utf-8", "application/vnd.pgrst.object+json", "text/csv; charset=utf-8"
# A person who is not a member reads these schemas of the tenant of its token.
OPEN_SCHEMAS = ("marts",)
_ESTIMATE = 10_000  # rows that an estimate counts at most
_MOST_PLANS = 2000
_RANGE = re.compile(r"([0-9]{1,10})-([0-9]{1,10})?")
_PREFER = re.compile(r"\bcount=(exact|planned|estimated)\b")


@dataclass(frozen=True)
class Wish:
    """What the headers of a request ask for."""

    form: Form
    count: Count | None
    window: tuple[int, int | None] | None  # first and last row

    @classmethod
    def of(cls, request: HttpRequest) -> Wish:
        found = _PREFER.search(request.headers.get("prefer", ""))
        count = None if found is None else ("exact" if found[1] == "exact" else "estimated")
        window = None
        unit = request.headers.get("range-unit", "items")
        if unit == "items" and (span := _RANGE.fullmatch(request.headers.get("range", ""))):
            window = (int(span[1]), int(span[2]) if span[2] else None)
            if window[1] is not None and window[1] < window[0]:
                raise Problem(416, "the last row of the range is before its first row", code="PGRST103")
        return cls(_form(request.headers.get("accept", "*/*")), cast(Count | None, count), window)


def _form(accept: str) -> Form:
    for each in accept.lower().split(","):
        media = each.partition(";")[0].strip()
        if media in ("*/*", "application/*", "application/json", "application/vnd.pgrst.array+json", ""):
            return "json"
        if media == OBJECT:
            return "object"
        if media in ("text/csv", "text/*"):
            return "csv"
    raise Problem(406, f"the server has none of the media types {accept[:80]}", code="PGRST107")


def pairs_of(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the names and values of the query string in their order."""
    text = request.scope["query_string"].decode("latin-1")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST, separator="&")
    except UnicodeDecodeError:
        raise Problem(400, "the query string is not UTF-8", code="PGRST100") from None
    except ValueError:
        raise Problem(400, f"the request has more than {MOST} parameters", code="PGRST100") from None


def profile_of(request: HttpRequest, schemas: Iterable[str], header: str = "accept-profile") -> str | None:
    """Return the schema that a header chooses.

    The clients of Supabase send public unless they are told otherwise. It has no relation, so it chooses no schema.
    """
    given = request.headers.get(header)
    if given == "public" and given not in schemas:
        return None
    if given is not None and given not in schemas:
        raise Problem(406, f"the schema must be one of {', '.join(schemas)}, not '{given[:40]}'", code="PGRST106")
    return given


def require_readable(principal: Principal, relation: Relation) -> None:
    """Raise a problem when the sender may not read a relation, although its role may."""
    if principal.how == "anonymous":
        if relation.full_name not in principal.published:
            raise unknown_sender()
    elif principal.principal_id == STRANGER and relation.schema not in OPEN_SCHEMAS:
        raise Problem(403, f"only a member of the tenant may read the schema {relation.schema}", code="42501")


class Reader:
    """Answers requests that read a relation."""

    def __init__(self, settings: Settings, database: Database, catalogs: Catalogs, cache: Cache) -> None:
        self._settings, self._database, self._catalogs, self._cache = settings, database, catalogs, cache

    async def plan(self, request: HttpRequest, principal: Principal, wish: Wish) -> Plan:
        """Return the compiled request. It is kept until the catalog is read again."""
        name = request.path_params["relation"]
        profile = profile_of(request, self._settings.schemas)
        catalog = await self._catalogs.get()
        rights = principal.published if principal.how == "anonymous" else principal.principal_id == STRANGER
        key = (name, profile, rights, request.scope["query_string"], wish.window)
        plan = catalog.plans.get(key)
        if plan is None:
            catalog, relation = await self._catalogs.find(lambda each: each.relation(name, profile))
            if relation is None:
                raise Problem(404, f"relation {name[:63]} does not exist", code="42P01")
            tree = within(parse(pairs_of(request)), wish.window)
            plan = self._compile(catalog, relation, tree, principal)
            if len(catalog.plans) < _MOST_PLANS:
                catalog.plans[key] = plan
        return cast(Plan, plan)

    def _compile(self, catalog: Catalog, relation: Relation, tree: Request, principal: Principal) -> Plan:
        return compile_read(
            catalog,
            Source.of(relation),
            tree,
            max_rows=self._settings.max_rows,
            require=lambda each: require_readable(principal, each),
        )

    async def answer(self, request: HttpRequest, principal: Principal) -> Response:
        wish = Wish.of(request)
        plan = await self.plan(request, principal, wish)
        statements: list[Any] = [(statement_of(plan, wish), plan.values)]
        if wish.count is not None:
            statements.append((counting(plan, wish.count), plan.values))

        async def read(sources: tuple[str, ...], replica: bool) -> tuple[Response, str | None]:
            version = [(versions_query(), {"models": list(sources)})] if sources else []
            # a replica may get the version of the primary between the rows and the version
            before = version if replica else []
            cursors = await self._database.read(principal, *before, *statements, *version, replica=replica)
            rows = cursors[len(before) :]
            total = int(value_of(rows[1])) if wish.count is not None else None
            answer = respond(rows[0], plan, wish, total)
            around = (*cursors[: len(before)], *rows[len(statements) :])
            versions = {join_versions(await each.fetchall(), sources) for each in around}
            return answer, versions.pop() if len(versions) == 1 else None

        basis = basis_of((await self._catalogs.get()).bases, plan.relations, request.scope["query_string"])
        return await self._cache.answer(request, principal, basis, read)


def within(tree: Request, window: tuple[int, int | None] | None) -> Request:
    """Return the tree with the rows of a header Range, unless the query string has its own."""
    if window is None or () in tree.limits or () in tree.offsets:
        return tree
    first, last = window
    tree.offsets[()] = first
    if last is not None:
        tree.limits[()] = last - first + 1
    return tree


def statement_of(plan: Plan, wish: Wish) -> bytes:
    return {"json": plan.json(), "object": plan.single(), "csv": plan.rows}[wish.form].encode()


def counting(plan: Plan, count: Count) -> bytes:
    """Return the statement that counts. The planner is not asked: its estimates contain the rows of other tenants."""
    if count == "exact":
        return plan.count.encode()
    tail = plan.count.removeprefix("select count(*) ")
    return f"select count(*) from (select {tail} limit {_ESTIMATE}) as _counted".encode()


def value_of(cursor: psycopg.AsyncCursor[Any], column: int = 0) -> bytes:
    """Return a value of the only row as the server sent it."""
    return result_of(cursor).get_value(0, column) or b""


def result_of(cursor: psycopg.AsyncCursor[Any]) -> PGresult:
    """Return the result of a statement that returned rows."""
    if cursor.pgresult is None:
        raise RuntimeError("the statement has no result")
    return cursor.pgresult


def respond(cursor: psycopg.AsyncCursor[Any], plan: Plan, wish: Wish, total: int | None) -> Response:
    """Return the answer with its range, or a problem when one row was wanted and others were found."""
    result = result_of(cursor)
    if wish.form == "csv":
        body, found, media = _csv(plan.labels, result), result.ntuples, CSV
    else:
        body, found, media = value_of(cursor), int(value_of(cursor, 1)), JSON
    if wish.form == "object":
        media = f"{OBJECT}; charset=utf-8"
        if found != 1:
            raise Problem(
                406, "the answer is not one row", code="PGRST116", details=f"The result contains {found} rows"
            )
    if total is not None and plan.offset > total:
        raise Problem(
            416, f"the first row is {plan.offset}, but there are {total}", code="PGRST103",
            headers={"Content-Range": f"*/{total}"},
        )  # fmt: skip
    span = f"{plan.offset}-{plan.offset + found - 1}" if found else "*"
    headers = {"Content-Range": f"{span}/{'*' if total is None else total}"}
    status = 206 if total is not None and found < total else 200
    return Response(body, status, headers, media)


def _csv(labels: tuple[str, ...], result: PGresult) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(labels)
    for row in range(result.ntuples):
        values = [result.get_value(row, column) for column in range(result.nfields)]
        writer.writerow([None if value is None else value.decode() for value in values])
    return text.getvalue().encode()
