"""The servers from which an audit attacks: the server itself, or each node of a cluster.

A node of a cluster has the tables and functions of the tenants, but not the objects of the coordinator. Each shard is a
table of its own, which a login of the node can name, so shards with rows of a victim are attacked too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from psycopg.conninfo import make_conninfo

from stanchion.audit.attacks import Attacker
from stanchion.audit.findings import HIGH, AuditResult
from stanchion.audit.owners import Owners
from stanchion.audit.rules import broken, rules_without
from stanchion.audit.seed import Table, Victim, read_tables
from stanchion.cluster import rights
from stanchion.cluster.compare import objects_differ
from stanchion.cluster.nodes import connect_to, state_of, workers
from stanchion.cluster.plan import make_plan
from stanchion.cluster.shards import unprotected
from stanchion.deploy import catalog
from stanchion.paths import query
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server

NODES = "nodes"  # the part of an audit that compares nodes
_OF_COORDINATOR = {"objects_have_comments"}  # Citus copies no comments


@dataclass(frozen=True)
class Place:
    """A server to attack from: its operator, the addresses of the temporary logins, and the tables of the server."""

    owners: Owners
    logins: dict[str, str]
    tables: list[Table]
    maker: Connection  # the operator's connection to a server that is the home of new tenants
    suffix: str = ""  # of the names of attackers
    is_coordinator: bool = False
    is_node: bool = False
    calls: bool = True  # call the functions here; every node has the same ones, so one node is enough

    def at(self, login: str) -> str:
        """Return the connection string of any login at this server."""
        address = self.owners.operator.info
        return make_conninfo(login, host=address.host, port=address.port)

    def adapt(self, attacker: Attacker, role: str) -> Attacker:
        """Return the attacker with the name of this server, and at a coordinator with settings that reach the nodes."""
        reaches = self.is_coordinator and role not in ("stanchion_analyst", "stranger")
        return replace(attacker, name=attacker.name + self.suffix, reaches_nodes=reaches)

    def fill(self, table: Table, victim: Victim, by_name: dict[str, Table]) -> str | None:
        """Ensure that the victim has a row in a table. Return the reason when no row can be inserted."""
        # the coordinator has made the partitions of a node
        return self.owners.fill(replace(table, is_partitioned=False) if self.is_node else table, victim, by_name)

    def shards(self, victim: Victim, names: list[str]) -> dict[str, str]:
        """Return the table of each shard on this server that has rows of the victim, by the name of the shard."""
        if not self.is_node:
            return {}
        conn = self.owners.operator
        with conn.transaction():
            conn.execute("set local citus.override_table_visibility = off")  # else Citus hides the shards
            return dict(conn.execute(query("audit", "shards"), {"tenant": victim.tenant_id, "names": names}).fetchall())


@contextmanager
def places(
    conn: Connection, dsn: str, owners: Owners, logins: dict[str, str], tables: list[Table]
) -> Iterator[list[Place]]:
    """Yield the places to attack from: one on plain Postgres, else every node and the coordinator."""
    if state_of(conn) is None:
        yield [Place(owners, logins, tables, conn)]
        return
    server = Server(dsn, "--dsn", embedded=False, description="the coordinator")
    by_node = value(conn, "select entry = 'node' from core.cluster")
    with ExitStack() as stack:
        found: list[Place] = []
        for node in workers(conn):
            there = stack.enter_context(connect_to(server, node))
            here = {name: make_conninfo(login, host=node.host, port=node.port) for name, login in logins.items()}
            found.append(
                Place(
                    Owners(there, owners.builder),
                    here,
                    read_tables(there),
                    there if by_node else conn,
                    f" at {node}",
                    is_node=True,
                    calls=not found,
                )
            )
        if found and by_node:
            home, names = found[0].maker, frozenset(table.name for table in found[0].tables)
            owners = replace(owners, home=home, at_home=names)
        maker = owners.home or conn
        yield [*found, Place(owners, logins, tables, maker, " at the coordinator", is_coordinator=True)]


def compare_nodes(conn: Connection, dsn: str, result: AuditResult) -> None:
    """Add a finding for each object, policy or right that a node or a shard has otherwise than the coordinator.

    The tenancy rules run on each node too, except those that read a relation of the coordinator, such as the ledger.
    Those about members of our roles are among them, so a role or a membership of one node alone is a finding.
    """
    server = Server(dsn, "--dsn", embedded=False, description="the coordinator")
    remedy = "Run: stanchion deploy, then: stanchion cluster status"
    plan = make_plan(conn, value(conn, "select shards from core.cluster"))
    here, roles = catalog.read_catalog(conn), rights.read_roles(conn)
    local = [name for (name,) in conn.execute(query("cluster", "local_names")).fetchall()]
    rules = [rule for rule in rules_without(local) if rule.stem not in _OF_COORDINATOR]
    with ExitStack() as stack:
        nodes = {node: stack.enter_context(connect_to(server, node)) for node in workers(conn)}
        for node, there in nodes.items():
            for line in objects_differ(here, catalog.read_catalog(there), plan):
                result.add(NODES, str(node), line, severity=HIGH, remedy=remedy)
            for name, _ in rights.missing_roles(rights.read_roles(there), roles, conn.info.dbname):
                result.add(
                    NODES,
                    str(node),
                    f"has the {name}, which the coordinator has not",
                    remedy="Drop it on that node, with citus.enable_ddl_propagation off",
                )
            for finding in broken(there, *rules):
                target = f"{finding.object} at {node}"
                result.add(finding.check, target, finding.problem, severity=finding.severity, remedy=finding.remedy)
        names = {id(there): f" at {node}" for node, there in nodes.items()}
        for found, each, problem in unprotected(conn, nodes.values()):
            result.add(NODES, each.name + names.get(id(found), ""), problem, remedy=remedy)
