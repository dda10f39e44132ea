"""Flat input, optimistically: typed rows by COPY in chunks; of a chunk that is refused, halves, down to the bad row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql

from stanchion.ingest.loading.keys import storable
from stanchion.server.connection import Connection

CHUNK = 2 * 2**20  # characters that go at once
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_COLUMN = re.compile(r"column (\w+)")

Line = tuple[int, str]  # where the row stands in the file, and the row as COPY reads it
Refused = tuple[int, str]  # where it stands, and why


def line(number: int, fields: Iterable[str | None]) -> Line:
    """A row as COPY reads it, its number first; an empty field is null."""
    cells = (storable(cell).translate(_ESCAPES) if cell else "\\N" for cell in fields)
    return number, f"{number}\t" + "\t".join(cells) + "\n"


def copy(conn: Connection, statement: sql.Composed, lines: Iterable[Line]) -> Iterator[Refused]:
    """Copy the rows, in the caller's transaction; what the server refuses is told, row by row."""
    chunk: list[Line] = []
    size = 0
    for each in lines:
        chunk.append(each)
        size += len(each[1])
        if size >= CHUNK:
            yield from _copy(conn, statement, chunk)
            chunk, size = [], 0
    if chunk:
        yield from _copy(conn, statement, chunk)


def _copy(conn: Connection, statement: sql.Composed, chunk: list[Line]) -> Iterator[Refused]:
    waiting = [chunk]
    while waiting:
        part = waiting.pop()
        try:
            with conn.transaction(), conn.cursor().copy(statement) as stream:
                stream.write("".join(text for _, text in part))
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as e:
            if len(part) == 1:
                yield part[0][0], _why(e)
                continue
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]


def _why(error: psycopg.Error) -> str:
    """What is wrong with a row, without the row."""
    column = error.diag.column_name or (found[1] if (found := _COLUMN.search(error.diag.context or "")) else None)
    if isinstance(error, psycopg.errors.NotNullViolation):
        return f"It has no {column}."
    if isinstance(error, psycopg.errors.CheckViolation):
        return f"It cannot be: {(error.diag.constraint_name or 'a rule').replace('_', ' ')}."
    return f"What it has as {column} is of another kind." if column else "It cannot be read."
