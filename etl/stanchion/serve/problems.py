"""Errors as application/problem+json (RFC 9457), with the fields that clients of PostgREST read."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
from starlette.responses import Response

CONTENT_TYPE = "application/problem+json"

# The status of a SQLSTATE: an entry for the code itself, else one for its class.
_STATUS_OF = {
    "08": 503, "22": 400, "23": 400, "40": 409, "42": 400, "44": 400, "53": 503, "54": 413, "55": 409, "57": 503,
    "58": 503, "P0": 400,
    "0A000": 400, "23503": 409, "23505": 409, "23P01": 409, "25006": 405, "25P03": 503, "25P04": 503, "42501": 403,
    "42P01": 404, "55P03": 503, "57014": 504, "P0002": 404,
}  # fmt: skip
_RETRY_AFTER = {"40001": "0", "40P01": "0", "55P03": "1", "53300": "1"}
# Errors whose text comes from the server's inside, which a caller does not need.
_HIDDEN = re.compile(r"^(XX|58|F0|08|53|57P|28|25P)")
_MEANING = {
    "08": "the database does not answer",
    "28": "the database refused the login of the server",
    "53": "the database has no resources left",
    "57": "the database is shutting down",
    "25": "the transaction took too long",
}


class Problem(Exception):  # noqa: N818 - the name of the thing in RFC 9457
    """An answer that is an error. `detail` is one sentence for the person who wrote the request."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.code, self.hint = status, detail, code, hint
        self.details, self.headers = details, headers or {}

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """Return the fields of RFC 9457, and code, message, details and hint of PostgREST."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code or str(self.status),
            "message": self.detail,
            "details": self.details,
            "hint": self.hint,
            "request_id": request_id,
        }

    def response(self, request_id: str | None = None) -> Response:
        headers = {"Cache-Control": "no-store"} | self.headers
        return Response(orjson.dumps(self.body(request_id)), self.status, headers, CONTENT_TYPE)


def unknown_sender() -> Problem:
    """Return the problem of a request whose sender must be known, and is not."""
    return Problem(401, "the request has neither a token nor an API key", headers={"WWW-Authenticate": "Bearer"})


def status_of(code: str) -> int:
    """Return the status of a SQLSTATE."""
    return _STATUS_OF.get(code) or _STATUS_OF.get(code[:2], 500)


def of_database(error: psycopg.Error, *, is_foreseen: bool = False) -> Problem:
    """Return the problem of an error of the database. `is_foreseen`: the function that was called lists its code.

    The message is that of the database when the request caused the error. The detail of the database is left out,
    because it can contain values of rows: "Key (slug)=(x) already exists" would show that another tenant has x.
    """
    code = error.sqlstate
    if code is None:  # the connection was lost, or could not be opened
        return Problem(503, "the database does not answer; try again", code="08006", headers={"Retry-After": "1"})
    status = status_of(code)
    if is_foreseen and status >= 500:  # such as 53400, with which a function says that every seat is taken
        return Problem(409, error.diag.message_primary or "the request was refused", code=code)
    headers = {"Retry-After": after} if (after := _RETRY_AFTER.get(code)) else {}
    if status == 500 or _HIDDEN.match(code):
        return Problem(status, _MEANING.get(code[:2], "the server failed"), code=code, headers=headers)
    message = error.diag.message_primary or "the request was refused"
    if code == "57014":
        message = "the statement took longer than the limit; ask for fewer rows"
    return Problem(status, message, code=code, hint=error.diag.message_hint, headers=headers)
