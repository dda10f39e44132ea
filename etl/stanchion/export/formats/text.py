"""CSV and JSON, rendered by the server, so that a row costs next to nothing here."""

from __future__ import annotations

from typing import BinaryIO

from psycopg import sql

from stanchion.export.marts import Mart, Selection, column, statement
from stanchion.server.connection import Connection

# JSON contains neither of the two control characters, so that this form of CSV changes nothing in it.
_AS_IT_IS = sql.SQL(r"(format csv, quote e'\x01', delimiter e'\x02')")


def write_csv(conn: Connection, mart: Mart, selection: Selection, out: BinaryIO) -> int:
    """Write a header and the rows as CSV. Null is an empty cell, and an empty text is two quotes."""
    found = statement(mart, selection, [column(each.name) for each in mart.columns])
    with conn.cursor() as cursor:
        with cursor.copy(sql.SQL("copy ({}) to stdout (format csv, header)").format(found)) as copy:
            for data in copy:
                out.write(data)
        return cursor.rowcount


def write_jsonl(conn: Connection, mart: Mart, selection: Selection, out: BinaryIO) -> int:
    """Write a JSON object for each row, each on a line of its own."""
    with conn.cursor() as cursor:
        with cursor.copy(_json_rows(mart, selection)) as copy:
            for data in copy:
                out.write(data)
        return cursor.rowcount


def write_json(conn: Connection, mart: Mart, selection: Selection, out: BinaryIO) -> int:
    """Write one JSON array with a row on each line."""
    with conn.cursor() as cursor:
        before = b"[\n"
        with cursor.copy(_json_rows(mart, selection)) as copy:
            for data in copy:
                out.write(before + bytes(data).rstrip(b"\n"))
                before = b",\n"
        out.write(b"[]\n" if before == b"[\n" else b"\n]\n")
        return cursor.rowcount


def _json_rows(mart: Mart, selection: Selection) -> sql.Composed:
    found = statement(mart, selection, [column(each.name) for each in mart.columns])
    return sql.SQL("copy (select row_to_json(r) from ({}) as r) to stdout {}").format(found, _AS_IT_IS)
