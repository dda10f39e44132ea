"""The tables that have rows of tenants, found in the catalog, so that no new table is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from psycopg import sql
from psycopg.rows import class_row

from stanchion.paths import query
from stanchion.server.connection import Connection

OWNER, BUILDER = "stanchion_owner", "stanchion_builder"
TENANT = "core.tenant"
_DETACHED = ("parts.", "expired_parts.")
GRANTS = "core.analyst_grant"  # belongs to logins of the server: an import grants nothing


@dataclass(frozen=True)
class Table:
    """One table with a column tenant_id."""

    name: str  # schema.table, quoted where the server needs it
    columns: list[list[str]]  # name and type
    day: str | None  # the column of its partitions
    refers_to: list[str]

    @property
    def identifier(self) -> sql.SQL:
        """The name for a statement. It comes from the catalog, quoted."""
        return sql.SQL(self.name)

    @property
    def is_detached(self) -> bool:
        """Whether the table is a partition that has expired and was not dropped."""
        return self.name.startswith(_DETACHED)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self.columns]

    def has(self, column: str) -> bool:
        """Return whether the table has a column."""
        return column in self.column_names

    def column_list(self) -> sql.Composed:
        """Return the columns for a statement."""
        return sql.SQL(", ").join(map(sql.Identifier, self.column_names))


def rows_of(table: str, number: int) -> str:
    """Return a line of progress."""
    return f"{table}: {number:,} {'row' if number == 1 else 'rows'}"


def tables_of(conn: Connection, owner: str = OWNER, *, with_detached: bool = False) -> list[Table]:
    """Return the tables of an owner, each after those that its foreign keys refer to.

    `with_detached` adds the partitions that have expired and are not dropped.
    """
    found = conn.cursor(row_factory=class_row(Table)).execute(query("transfer", "tables"), {"owner": owner}).fetchall()
    return ordered(table for table in found if with_detached or not table.is_detached)


def ordered(tables: Iterable[Table]) -> list[Table]:
    """Sort tables so that each one follows those that it refers to."""
    by_name = {table.name: table for table in tables}
    graph = {table.name: [other for other in table.refers_to if other in by_name] for table in by_name.values()}
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def partitions_of(conn: Connection, table: Table) -> list[str]:
    """Return the tables that contain the rows: the partitions of a partitioned table, else the table itself."""
    if table.day is None:
        return [table.name]
    return [name for (name,) in conn.execute(query("transfer", "partitions"), {"table": table.name}).fetchall()]
