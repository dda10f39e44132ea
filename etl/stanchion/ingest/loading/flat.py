"""Copy flat rows in chunks. A chunk that the server refuses is split in half until the invalid rows are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import psycopg
from psycopg import sql

from stanchion.ingest.loading.keys import storable
from stanchion.server.connection import Connection

CHUNK = 2 * 2**20  # characters sent in one COPY
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_COLUMN = re.compile(r"column (\w+)")

Line = tuple[int, str]  # line number in the file, and the row in COPY format
Refused = tuple[int, str]  # line number in the file, and the reason


def line(number: int, fields: Iterable[str | None]) -> Line:
    """Format a row for COPY, with its line number as the first column. An empty field becomes null."""
    cells = (storable(cell).translate(_ESCAPES) if cell else "\\N" for cell in fields)
    return number, f"{number}\t" + "\t".join(cells) + "\n"


def copy(
    conn: Connection, statement: sql.Composed, lines: Iterable[Line], expected: Mapping[str, str]
) -> Iterator[Refused]:
    """Copy the rows in the caller's transaction and yield each row that the server refused, with the reason.

    `expected` describes valid values by column, for the reasons.
    """
    chunk: list[Line] = []
    size = 0
    for each in lines:
        chunk.append(each)
        size += len(each[1])
        if size >= CHUNK:
            yield from _copy(conn, statement, chunk, expected)
            chunk, size = [], 0
    if chunk:
        yield from _copy(conn, statement, chunk, expected)


def _copy(
    conn: Connection, statement: sql.Composed, chunk: list[Line], expected: Mapping[str, str]
) -> Iterator[Refused]:
    waiting = [chunk]
    while waiting:
        part = waiting.pop()
        try:
            with conn.transaction(), conn.cursor().copy(statement) as stream:
                stream.write("".join(text for _, text in part))
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as e:
            if len(part) == 1:
                yield part[0][0], _reason(e, expected)
                continue
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]


def _reason(error: psycopg.Error, expected: Mapping[str, str]) -> str:
    """Explain why a row was refused, without any of its data."""
    column = error.diag.column_name or (found[1] if (found := _COLUMN.search(error.diag.context or "")) else None)
    if isinstance(error, psycopg.errors.NotNullViolation):
        return f"The row has no {column}."
    if isinstance(error, psycopg.errors.CheckViolation):
        return f"The row violates a rule: {(error.diag.constraint_name or 'unnamed').replace('_', ' ')}."
    if column is None:
        return "The row cannot be read."
    return f"The value of {column} is not valid" + (f": expected {expected[column]}." if column in expected else ".")
