"""Columns in a form that every tool reads: no infinite days, and JSON instead of arrays."""

from __future__ import annotations

from psycopg import sql

from stanchion.export.marts import Column, column

_FINITE = sql.SQL("case when isfinite({0}) then {0} end")
_EXPRESSIONS = {
    "date": _FINITE,
    "timestamp with time zone": sql.SQL(
        """case when isfinite({0}) then to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end"""
    ),
    "interval": sql.SQL("extract(epoch from {0})::double precision"),
}
_PLAIN = {"smallint", "integer", "bigint", "numeric", "double precision", "real", "boolean", "text", "uuid"}


def plain(found: Column) -> sql.Composed:
    """Return the expression of a column. Infinite days become null, intervals seconds, and other values JSON."""
    name = column(found.name)
    if found.kind in _EXPRESSIONS:
        return _EXPRESSIONS[found.kind].format(name)
    return name if found.kind in _PLAIN else sql.SQL("to_jsonb({})::text").format(name)
