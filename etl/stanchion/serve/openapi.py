"""The description of the interface in OpenAPI 3.1, from the catalog of the database and its comments."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from stanchion.serve.call.answers import is_of_programs
from stanchion.serve.call.functions import Argument, Function
from stanchion.serve.database import Database
from stanchion.serve.live.wanted import STREAMS
from stanchion.serve.problems import CONTENT_TYPE
from stanchion.serve.read.answers import OBJECT
from stanchion.serve.read.catalog import Catalog, Catalogs, Relation
from stanchion.serve.read.parser import RESERVED
from stanchion.serve.settings import Settings

_TYPES: dict[str, dict[str, Any]] = {
    "smallint": {"type": "integer"},
    "integer": {"type": "integer", "format": "int32"},
    "bigint": {"type": "integer", "format": "int64"},
    "real": {"type": "number"},
    "double precision": {"type": "number", "format": "double"},
    "numeric": {"type": "number"},
    "boolean": {"type": "boolean"},
    "uuid": {"type": "string", "format": "uuid"},
    "text": {"type": "string"},
    "date": {"type": "string"},  # a date can be infinity
    "interval": {"type": "string"},
    "json": {},
    "jsonb": {},
    "record": {},
}
_SIZE = re.compile(r"\([0-9, ]+\)")
_REASONS = {
    "400": "The request is wrong; the detail contains the part that is wrong.",
    "401": "The token or the API key is missing or not valid.",
    "403": "The sender may not do this.",
    "404": "The relation, the function or the row does not exist.",
    "405": "The method is not allowed here.",
    "406": "The answer does not have the wanted form, or the schema is not served.",
    "408": "The body did not arrive in time.",
    "409": "The state of the data does not allow this, or another request was faster.",
    "413": "The request or a value is too large.",
    "415": "The body is not JSON.",
    "416": "The first row is beyond the last one.",
    "422": "The idempotency key belongs to another request.",
    "429": "The limit of requests is reached.",
    "503": "The database does not answer, or is busy.",
    "504": "The statement took longer than the limit.",
}


async def describe(settings: Settings) -> dict[str, Any]:
    """Return the description of what the login of the settings can reach."""
    database = Database(settings)
    await database.open()
    try:
        return make_openapi(await Catalogs(database, settings.schemas).get())
    finally:
        await database.close()


def describe_now(settings: Settings) -> dict[str, Any]:
    return asyncio.run(describe(settings))


def make_openapi(catalog: Catalog) -> dict[str, Any]:
    """Return the description of a catalog. A name that several schemas have is that of the first one."""
    paths: dict[str, Any] = {}
    schemas = _Schemas()
    for relation in sorted(catalog.relations.values(), key=lambda each: each.full_name):
        if catalog.relation(relation.name) is relation:
            row = schemas.add(relation.name, _row(relation))
            paths[f"/{quote(relation.name, safe='')}"] = {"get": _read(relation, row)}
    for function in sorted(catalog.functions.values(), key=lambda each: each.full_name):
        if catalog.function(function.name) is function:
            success = _success(function, schemas)
            operations = {"post": _call(function, success, schemas)}
            if not function.is_volatile:
                operations["get"] = _get(function, success)
            paths[f"/rpc/{quote(function.name, safe='')}"] = operations
    paths |= {f"/live/{name}": {"get": _stream(name)} for name in STREAMS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stanchion",
            "version": version("stanchion"),
            # No operation lists 304: because of it, generators would add an unknown type to each result
            "description": "Marts and functions of one tenant, which the token, the API key or the host name chooses. "
            "A GET that sends If-None-Match can get 304.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.by_name,
            "parameters": _PARAMETERS,
            "responses": {
                f"Problem{status}": {
                    "description": reason,
                    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, reason in _REASONS.items()
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


class _Schemas:
    """Schemas of the description. Their names are those of types in generated clients."""

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {"Problem": _PROBLEM}

    def add(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a reference to a new schema: fact_shot is FactShot, and FactShot2 when there is a FactShot already."""
        words = re.findall(r"[0-9A-Za-z]+", name) or ["Unnamed"]
        chosen = base = "".join(word[0].upper() + word[1:] for word in words)
        taken = {each.lower() for each in self.by_name}  # as names of files, which can ignore case
        number = 2
        while chosen.lower() in taken:
            chosen, number = f"{base}{number}", number + 1
        self.by_name[chosen] = schema
        return {"$ref": f"#/components/schemas/{chosen}"}


def _type(name: str) -> dict[str, Any]:
    if name.endswith("[]"):
        return _list(_type(name.removesuffix("[]")))
    return _TYPES.get(_SIZE.sub("", name), {"type": "string"})


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _nullable(kind: dict[str, Any]) -> dict[str, Any]:
    return kind | {"type": [kind["type"], "null"]} if "type" in kind else kind


def _row(relation: Relation) -> dict[str, Any]:
    """Return the schema of a row. No column is required: select chooses the columns."""
    properties = {}
    for column in relation.columns.values():
        kind = _nullable(_type(column.type)) if column.nullable else _type(column.type)
        properties[column.name] = kind | ({"description": column.comment} if column.comment else {})
    return {"type": "object", "description": relation.comment, "properties": properties}


def _problems(*left_out: str) -> dict[str, Any]:
    return {
        status: {"$ref": f"#/components/responses/Problem{status}"} for status in _REASONS if status not in left_out
    }


def _rows(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "application/json": {"schema": _list(schema)},
        OBJECT: {"schema": schema},
        "text/csv": {"schema": {"type": "string"}},
    }


def _read(relation: Relation, row: dict[str, Any]) -> dict[str, Any]:
    filters = [
        {
            "name": column.name,
            "in": "query",
            "description": f"Condition, such as eq.1. {column.comment or ''}".strip(),
            "schema": {"type": "string"},
        }
        for column in relation.columns.values()
        if column.name not in RESERVED
    ]
    content = _rows(row)
    shared = [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS]
    return {
        "operationId": f"read_{relation.name}",
        "tags": [relation.schema],
        "summary": relation.comment.partition("\n")[0],
        "parameters": shared + filters,
        "responses": {
            "200": {"description": "The rows.", "content": content},
            "206": {"description": "Some of the rows, with the number of all in Content-Range.", "content": content},
            "300": _AMBIGUOUS,
            **_problems("408", "409", "415", "422"),
        },
    }


def _argument(argument: Argument) -> dict[str, Any]:
    kind = _type(argument.type)
    return kind if argument.required else _nullable(kind)


def _object(description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": properties, "required": required}


def _success(function: Function, schemas: _Schemas) -> dict[str, Any]:
    """Return the answer of a function. All columns are required: clients cannot send select to a function."""
    if function.result == "void":
        return {"204": {"description": "Done; the function returns nothing."}}
    if function.columns:
        columns = {name: _nullable(_type(kind)) for name, kind in function.columns.items()}
        row = _object(f"Row that {function.full_name} returns.", columns, list(columns))
        result = schemas.add(f"{function.name}_{'row' if function.returns_set else 'result'}", row)
    else:
        result = _nullable(_type(function.result))
    content = {"application/json": {"schema": result}}
    if function.returns_set:
        content = _rows(result) if function.columns else {"application/json": {"schema": _list(result)}}
    return {"200": {"description": "The result.", "content": content}}


def _described(function: Function, success: dict[str, Any]) -> dict[str, Any]:
    note = " Needs an API key." if is_of_programs(function) else ""
    return {
        "tags": [function.schema],
        "summary": function.comment.partition(". ")[0],
        "description": function.comment + note,
        "responses": success | _problems(),
    }


def _call(function: Function, success: dict[str, Any], schemas: _Schemas) -> dict[str, Any]:
    described = _described(function, success)
    described["operationId"] = f"call_{function.name}"
    if function.arguments:
        properties = {each.short_name: _argument(each) for each in function.arguments}
        required = [each.short_name for each in function.arguments if each.required]
        body = _object(f"Arguments of {function.full_name}.", properties, required) | {"additionalProperties": False}
        schema = schemas.add(f"{function.name}_arguments", body)
        described["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": schema}}}
    if function.is_volatile:
        described["parameters"] = [_IDEMPOTENCY]
    return described


def _get(function: Function, success: dict[str, Any]) -> dict[str, Any]:
    described = _described(function, success)
    described["operationId"] = f"get_{function.name}"
    described["parameters"] = [
        {"name": each.short_name, "in": "query", "required": each.required, "schema": {"type": "string"}}
        for each in function.arguments
    ]
    return described


def _stream(name: str) -> dict[str, Any]:
    summary, parameters = STREAMS[name]
    listed = [_parameter(each, "query", text) for each, text in parameters.items()]
    messages = "Server-Sent Events that do not end: id is the position after the events, event is the kind of message."
    return {
        "operationId": f"follow_{name}",
        "tags": ["live"],
        "summary": summary,
        "description": f"{summary} A parameter can be repeated. A WebSocket at this path has the same messages.",
        "parameters": [*listed, _parameter("Last-Event-ID", "header", "Position after which the client resumes.")],
        "responses": {
            "200": {"description": messages, "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **_problems("405", "406", "408", "409", "413", "415", "416", "422"),
        },
    }


def _parameter(name: str, place: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "description": description, "schema": {"type": "string"} | schema}


_PARAMETERS = {
    "select": _parameter("select", "query", "Columns and embedded relations, such as team_key,dim_team(*)."),
    "order": _parameter("order", "query", "Columns that order the rows, such as place.asc,points.desc.nullslast."),
    "limit": _parameter("limit", "query", "Most rows.", type="integer", minimum=0, maximum=2**31 - 1),
    "offset": _parameter("offset", "query", "Rows to skip.", type="integer", minimum=0, maximum=2**31 - 1),
    "or": _parameter("or", "query", "Conditions of which one must hold, such as (place.eq.1,points.gt.10)."),
    "and": _parameter("and", "query", "Conditions that must all hold."),
    "prefer": _parameter("Prefer", "header", "count=exact or count=estimated counts all rows."),
    "range": _parameter("Range", "header", "First and last row, such as 0-24."),
}
_IDEMPOTENCY = _parameter(
    "Idempotency-Key", "header", "A text that makes it safe to repeat the request.", minLength=1, maxLength=200
)
_AMBIGUOUS = {
    "description": "Several foreign keys connect the relations; the detail lists them.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TEXT, _TEXT_OR_NULL = {"type": "string"}, {"type": ["string", "null"]}
_PROBLEM = {
    "type": "object",
    "description": "An error in the form of RFC 9457, with the fields of PostgREST.",
    "required": ["type", "title", "status", "detail", "code", "message", "details", "hint", "request_id"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": {"type": "string", "description": "SQLSTATE, or a code of PostgREST."},
        "message": _TEXT,
        "details": _TEXT_OR_NULL,
        "hint": {"type": ["string", "null"], "description": "Meaning of the code, from the comment of the function."},
        "request_id": _TEXT_OR_NULL,
    },
}
