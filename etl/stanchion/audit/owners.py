"""The connections with which an audit writes and compares rows of its tenants.

The marts are written by a login of the builder. An operator's login would run the code that a builder may have planted
in them, such as a trigger, with the rights of the operator.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import psycopg

from stanchion.audit import seed
from stanchion.audit.seed import Table, Victim
from stanchion.server.connection import Connection

_BUILDER = "stanchion_builder"


def connect_builder(logins: dict[str, str]) -> AbstractContextManager[Connection]:
    """Connect with the temporary login of the builder."""
    return psycopg.connect(logins[_BUILDER], autocommit=True, application_name="stanchion")


@dataclass(frozen=True)
class Owners:
    """The operator's connection, and that of the builder for the tables of the builder."""

    operator: Connection
    builder: Connection
    home: Connection | None = None  # to the node of the victims, when the operator's is to the coordinator of a cluster
    at_home: frozenset[str] = frozenset()  # tables of that node

    def divide(self, tables: list[Table]) -> Iterator[tuple[Connection, list[Table]]]:
        """Yield each connection with the tables that it writes."""
        if self.home:
            yield self.home, [table for table in tables if table.name in self.at_home]
        yield self.operator, [table for table in tables if table.owner != _BUILDER and table.name not in self.at_home]
        yield self.builder, [table for table in tables if table.owner == _BUILDER]

    def fill(self, table: Table, victim: Victim, tables: dict[str, Table]) -> str | None:
        """Ensure that the victim has a row in a table. Return the reason when no row can be inserted."""
        if table.owner == _BUILDER:  # the build has made the partitions of a mart
            return seed.fill(self.builder, replace(table, is_partitioned=False), victim, tables)
        if self.home and table.name in self.at_home:  # the coordinator has made its partitions
            return seed.fill(self.home, replace(table, is_partitioned=False), victim, tables)
        return seed.fill(self.operator, table, victim, tables)

    def digest(self, tables: list[Table], victim: Victim) -> dict[str, str]:
        """Return a hash of the victim's rows for each table, to detect changes."""
        return {
            table: found
            for conn, owned in self.divide(tables)
            if owned
            for table, found in seed.digest(conn, owned, victim).items()
        }

    def remove(self, tables: list[Table]) -> None:
        """Delete the victims of this audit and of killed audits, first from the marts."""
        for conn, owned in reversed(list(self.divide(tables))):
            seed.remove(conn, owned)
