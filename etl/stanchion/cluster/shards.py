"""Protection of shards: each shard is a table of its own on its node, which a login can name.

Citus gives a new shard the policies and the grants of its table, but not the revoked rights of the owner. So every
command that creates shards ends with restore_rights, and `stanchion doctor` and `stanchion audit` compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from psycopg import sql
from psycopg.rows import class_row

from stanchion.cluster.nodes import connect_to, identifier, same_session, workers
from stanchion.paths import query
from stanchion.server.connection import Connection
from stanchion.server.locate import Server


@dataclass(frozen=True)
class Protected:
    """A distributed table or partition as one node has it (table and name are equal), or one of its shards."""

    table: str
    name: str
    owner: str
    is_secure: bool  # row-level security is enabled
    is_forced: bool  # also for the owner
    rights: list[str]
    policies: list[str]

    def differences(self, wanted: Protected) -> Iterator[str]:
        """Yield one problem for each difference from the table on the coordinator."""
        if wanted.is_secure and not self.is_secure:
            yield "has no row-level security"
        if wanted.is_forced and not self.is_forced:
            yield "does not force row-level security"
        if self.owner != wanted.owner:
            yield f"belongs to {self.owner}, expected {wanted.owner}"
        for right in sorted(set(self.rights) - set(wanted.rights)):
            yield f"has the right {right} that its table has not"
        for right in sorted(set(wanted.rights) - set(self.rights)):
            yield f"lacks the right {right} of its table"
        for policy in sorted(set(self.policies) ^ set(wanted.policies)):
            yield f"{'lacks' if policy in wanted.policies else 'has the additional'} policy {policy}"


def read_protected(conn: Connection) -> list[Protected]:
    """Return the distributed tables, their partitions and the shards that a node has."""
    with conn.transaction():
        conn.execute("set local citus.override_table_visibility = off")  # else Citus hides the shards
        return conn.cursor(row_factory=class_row(Protected)).execute(query("cluster", "protected")).fetchall()


def unprotected(conn: Connection, nodes: Iterable[Connection]) -> Iterator[tuple[Connection, Protected, str]]:
    """Yield the tables and shards on all nodes that differ from the coordinator, with each problem."""
    here = read_protected(conn)
    wanted = {each.table: each for each in here if each.name == each.table}
    for node in (conn, *nodes):
        for each in here if node is conn else read_protected(node):
            if each.table in wanted:
                for problem in each.differences(wanted[each.table]):
                    yield node, each, problem


def restore_rights(server: Server, conn: Connection) -> list[str]:
    """Revoke on every node the rights that its tables and shards have in addition. Return the changed tables.

    The statement repeats the one of a module on the coordinator: Citus sends it to the tables and shards of all nodes.
    """
    same_session(conn)
    with ExitStack() as stack:
        nodes = [stack.enter_context(connect_to(server, node)) for node in workers(conn)]
        wanted = {each.table: set(each.rights) for each in read_protected(conn) if each.name == each.table}
        extra: dict[tuple[str, str], set[str]] = {}
        for each in chain.from_iterable(map(read_protected, (conn, *nodes))):
            for right in set(each.rights) - wanted.get(each.table, set(each.rights)):
                privilege, _, grantee = right.rpartition(" of ")
                extra.setdefault((each.table, grantee), set()).add(privilege)
    for (table, grantee), privileges in sorted(extra.items()):
        conn.execute(
            sql.SQL("revoke {} on {} from {}").format(
                sql.SQL(", ".join(sorted(privileges))),
                identifier(table),
                sql.SQL("public") if grantee == "public" else sql.Identifier(grantee),
            )
        )
    return sorted({table for table, _ in extra})
