"""The plan of a cluster, read from the catalog of any Postgres: the class of each table, the order, the refusals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from psycopg.rows import class_row

from stanchion.cluster.nodes import SETTINGS
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, value

ROLES = (
    "stanchion_owner",
    "stanchion_app",
    "stanchion_loader",
    "stanchion_builder",
    "stanchion_analyst",
    "stanchion_worker",
    "stanchion_dba",
)
ANCHOR = "core.event_stream"
MANY_SHARD_TABLES = 10_000  # on one node, unless ops.threshold has another number: each one is a file and a lock


@dataclass(frozen=True)
class Table:
    """One table of our schemas, partitions excluded."""

    relation: int
    name: str
    type: str | None  # distributed, reference or local; None when core.placement does not know it
    reason: str | None
    is_unlogged: bool
    partitions: int

    @property
    def relations(self) -> int:
        """Number of relations that one shard of the table has: itself and its partitions."""
        return 1 + self.partitions


@dataclass(frozen=True)
class Function:
    """One function or procedure of our schemas."""

    function: int
    name: str
    signature: str
    local_reason: str | None  # why it stays on the coordinator


@dataclass(frozen=True)
class Plan:
    """Everything that `cluster run` does, in its order."""

    tables: list[Table]  # in the order of their foreign keys
    functions: list[Function]
    local_views: list[tuple[str, str]]  # name and reason
    local_relations: list[str]  # materialized views, and sequences of the coordinator
    sequences: list[str]  # sequences that each node has on its own
    logins: list[str]  # roles beside ours that each node needs
    rights: int  # number of rights that each node gets
    faults: list[tuple[str, str]]  # object and problem; run refuses all of them
    shards: int

    def of(self, kind: str) -> list[Table]:
        """Return the tables of a class, in the order of their foreign keys."""
        return [table for table in self.tables if table.type == kind]

    @property
    def shard_tables(self) -> int:
        """Number of relations that the shards of all distributed tables are."""
        return self.shards * sum(table.relations for table in self.of("distributed"))

    def on_each(self, nodes: int) -> int:
        """Return the number of shard tables that each of these nodes gets at most."""
        return self.shard_tables * -(-self.shards // nodes) // self.shards

    def warnings(self, nodes: int, limit: int) -> list[str]:
        """Return what works and is unwise: more shard tables on a node than the limit."""
        if self.on_each(nodes) <= limit:
            return []
        largest = max(self.of("distributed"), key=lambda table: table.relations)
        return [
            f"{self.shards} shards of every table and partition are {self.on_each(nodes)} shard tables on each of "
            f"{nodes} nodes, more than {limit}: take fewer shards, or fewer and longer partitions "
            f"({largest.name} has {largest.partitions})."
        ]

    def sections(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return the parts of the plan as headings and rows of a table."""
        left = [{"function": f.name, "reason": f.local_reason} for f in self.functions if f.local_reason]
        return [
            (
                "Tables, in the order of their foreign keys",
                [
                    {"table": t.name, "class": t.type, "reason": t.reason, "partitions": t.partitions or None}
                    for t in self.tables
                ],
            ),
            ("Functions that stay on the coordinator", left),
            ("Views that stay on the coordinator", [{"view": n, "reason": reason} for n, reason in self.local_views]),
            (
                "Changed beside them",
                [
                    {"what": "roles that may log in", "names": list(ROLES)},
                    {"what": "roles and logins created on each node", "names": self.logins},
                    {"what": "sequences of each node", "names": self.sequences},
                    {"what": "unlogged tables that become logged", "names": [t.name for t in self.unlogged]},
                    {"what": "settings of the database", "names": [f"{n} = {v}" for n, v in SETTINGS.items()]},
                ],
            ),
        ]

    @property
    def unlogged(self) -> list[Table]:
        """Return the tables that become logged."""
        return [table for table in self.tables if table.is_unlogged and table.type in ("distributed", "reference")]

    def summary(self) -> str:
        """Return the numbers of the plan in one sentence."""
        moved = sum(not function.local_reason for function in self.functions)
        return (
            f"{len(self.of('distributed'))} distributed tables, {len(self.of('reference'))} reference tables, "
            f"{len(self.of('local'))} local tables, {moved} functions on every node; "
            f"{self.shards} shards are {self.shard_tables} shard tables."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as JSON shows it."""
        return {
            "tables": [
                {
                    "name": t.name,
                    "class": t.type,
                    "reason": t.reason,
                    "partitions": t.partitions,
                    "unlogged": t.is_unlogged,
                }
                for t in self.tables
            ],
            "functions": [{"name": f.name, "local_reason": f.local_reason} for f in self.functions],
            "local_views": [{"name": name, "reason": reason} for name, reason in self.local_views],
            "sequences": self.sequences,
            "roles": list(ROLES),
            "logins": self.logins,
            "rights": self.rights,
            "settings": SETTINGS,
            "shards": self.shards,
            "shard_tables": self.shard_tables,
            "refused": [{"object": name, "problem": problem} for name, problem in self.faults],
        }


def make_plan(conn: Connection, shards: int) -> Plan:
    """Return the plan for a number of shards. Nothing is changed, and no cluster is needed."""
    tables = conn.cursor(row_factory=class_row(Table)).execute(query("cluster", "tables")).fetchall()
    edges = conn.execute(query("cluster", "foreign_keys")).fetchall()
    functions = conn.cursor(row_factory=class_row(Function)).execute(query("cluster", "functions")).fetchall()
    sequences = [name for (name,) in conn.execute(query("cluster", "sequences")).fetchall()]
    views = [(name, reason) for _, name, _, reason in conn.execute(query("cluster", "views")).fetchall() if reason]
    relations = [name for (name,) in conn.execute(query("cluster", "local_relations")).fetchall()]
    roles = conn.execute(query("cluster", "role_names"), {"roles": list(ROLES)}).fetchall()
    rights = len(conn.execute(query("cluster", "grants")).fetchall())
    faults = [(name, problem) for name, problem in conn.execute(query("cluster", "faults")).fetchall()]
    logins = [name for (name,) in roles if name not in ROLES]
    return Plan(in_order(tables, edges), functions, views, relations, sequences, logins, rights, faults, shards)


def shard_table_limit(conn: Connection) -> int:
    """Return the number of shard tables on one node above which `cluster plan` warns."""
    return value(conn, query("cluster", "shard_table_limit")) or MANY_SHARD_TABLES


def in_order(tables: Iterable[Table], edges: Iterable[tuple[int, int]]) -> list[Table]:
    """Return the tables so that each one follows the tables that its foreign keys refer to; else by name.

    The table whose lock core.tenant_to_write() takes comes first. A move locks the shards in the order of their ids: so
    a transaction that has this lock never waits for a move that waits for it.
    """
    in_name_order = sorted(tables, key=lambda table: (table.name != ANCHOR, table.name))
    by_relation = {table.relation: table for table in in_name_order}
    needs: dict[int, set[int]] = {relation: set() for relation in by_relation}
    for source, target in edges:
        if source in needs and target in needs:
            needs[source].add(target)
    try:
        return [by_relation[relation] for relation in TopologicalSorter(needs).static_order()]
    except CycleError as e:
        names = " -> ".join(by_relation[relation].name for relation in e.args[1])
        raise StanchionError(f"The foreign keys of these tables are a circle: {names}; drop one of them.") from None
