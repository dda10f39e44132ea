"""The description of the interface in OpenAPI 3.1, from the catalog of the database and its comments."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import version
from typing import Any

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
}
_NOT_MODIFIED = {"description": "The client has the answer with this ETag."}
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
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for relation in sorted(catalog.relations.values(), key=lambda each: each.full_name):
        if catalog.relation(relation.name) is relation:
            schemas[relation.full_name] = _row(relation)
            paths[f"/{relation.name}"] = {"get": _read(relation)}
    for function in sorted(catalog.functions.values(), key=lambda each: each.full_name):
        if catalog.function(function.name) is function:
            operations = {"post": _call(function)}
            if not function.is_volatile:
                operations["get"] = _get(function)
            paths[f"/rpc/{function.name}"] = operations
    paths |= {f"/live/{name}": {"get": _stream(name)} for name in STREAMS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Stanchion",
            "version": version("stanchion"),
            "description": "Marts and functions of one tenant, which the token, the API key or the host name chooses.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
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


def _type(name: str) -> dict[str, Any]:
    if name.endswith("[]"):
        return {"type": "array", "items": _type(name.removesuffix("[]"))}
    return _TYPES.get(_SIZE.sub("", name), {"type": "string"})


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
        "application/json": {"schema": {"type": "array", "items": schema}},
        OBJECT: {"schema": schema},
        "text/csv": {"schema": {"type": "string"}},
    }


def _read(relation: Relation) -> dict[str, Any]:
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
    content = _rows({"$ref": f"#/components/schemas/{relation.full_name}"})
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
            "304": _NOT_MODIFIED,
            **_problems("408", "409", "415", "422"),
        },
    }


def _argument(argument: Argument) -> dict[str, Any]:
    kind = _type(argument.type)
    return kind if argument.required else _nullable(kind)


def _described(function: Function) -> dict[str, Any]:
    note = " Needs an API key." if is_of_programs(function) else ""
    responses: dict[str, Any] = {"200": {"description": "The result.", "content": {"application/json": {}}}}
    if function.returns_set and function.columns:
        responses["200"]["content"] = _rows({"type": "object"})
    elif function.result == "void":
        responses = {"204": {"description": "Done; the function returns nothing."}}
    return {
        "tags": [function.schema],
        "summary": function.comment.partition(". ")[0],
        "description": function.comment + note,
        "responses": responses | _problems(),
    }


def _call(function: Function) -> dict[str, Any]:
    properties = {each.short_name: _argument(each) for each in function.arguments}
    required = [each.short_name for each in function.arguments if each.required]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    described = _described(function)
    described["operationId"] = f"call_{function.name}"
    described["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": schema}}}
    if function.is_volatile:
        described["parameters"] = [_IDEMPOTENCY]
    return described


def _get(function: Function) -> dict[str, Any]:
    described = _described(function)
    described["operationId"] = f"get_{function.name}"
    described["parameters"] = [
        {"name": each.short_name, "in": "query", "required": each.required, "schema": {"type": "string"}}
        for each in function.arguments
    ]
    described["responses"]["304"] = _NOT_MODIFIED
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
    "required": ["type", "title", "status", "detail", "code", "message"],
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
