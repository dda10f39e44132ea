"""Digests of tables: equal before and after a table is moved to the nodes of a cluster or back."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from stanchion.cluster.nodes import identifier
from stanchion.paths import query
from stanchion.server.connection import Connection


@dataclass(frozen=True)
class Digest:
    """Number of rows, and the sum of their hashes, which is the same in every order of the rows."""

    rows: int
    sum: str


def digest(conn: Connection, relation: int, name: str) -> Digest:
    """Return the digest of a table. A superuser reads every row; each node hashes its own rows."""
    found = conn.execute(query("cluster", "columns"), {"relation": relation}).fetchall()
    columns = sql.SQL(", ").join(sql.SQL(expression) for (expression,) in found)
    row = conn.execute(
        sql.SQL("select count(*), coalesce(sum(hash_record_extended(row({}), 0)::numeric), 0)::text from {}").format(
            columns, identifier(name)
        )
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without groups returns one row
    return Digest(*row)
