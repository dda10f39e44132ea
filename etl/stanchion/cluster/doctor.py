"""stanchion doctor on a cluster: the checks of the nodes, the checks of one server on every node, and the shards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg

from stanchion.cluster.digest import Digest, digest
from stanchion.cluster.distribute import distributed_tables
from stanchion.cluster.nodes import Node, connect_to, has_citus, state_of, workers
from stanchion.cluster.problems import examine_nodes
from stanchion.cluster.shards import unprotected
from stanchion.errors import StanchionError
from stanchion.ops.check import Alert, Check, run_check
from stanchion.paths import queries
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server

# Checks of ops/checks.sql about one server, or about the tenants of a node. The others read objects of the coordinator,
# or tables that are the same on every node.
_OF_EACH_NODE = (
    "durability",
    "events_of_another_server",
    "invalid_indexes",
    "loads_dead",
    "long_transactions",
    "prepared_transactions",
    "security_fixes",
    "server_functions",
    "timeouts",
    "timezone",
    "version",
)


def examine_cluster(server: Server, conn: Connection) -> Iterator[Check]:
    """Yield the checks of a cluster; nothing on plain Postgres. A node that does not answer is an alert of its own."""
    if state_of(conn) is None:
        return
    try:
        yield from examine_nodes(server, conn)
    except (StanchionError, psycopg.Error) as e:  # a comparison that needs every node, while one does not answer
        alert = Alert(
            f"The nodes cannot be compared: {str(e).strip()}", "Start the node; its tenants cannot work until then."
        )
        yield Check("Every node answers and is active", [alert], "cluster_nodes")
    if not has_citus(conn):
        return
    with ExitStack() as stack:
        nodes = dict(_reach(server, conn, stack))
        yield _shards(conn, nodes)
        yield _copies(conn, nodes)
        for name in _OF_EACH_NODE:
            yield _on_each(name, nodes)


def _reach(server: Server, conn: Connection, stack: ExitStack) -> Iterator[tuple[Node, Connection]]:
    """Yield a connection to each node that answers. examine_nodes reports the others."""
    for node in workers(conn):
        try:
            yield node, stack.enter_context(connect_to(server, node))
        except StanchionError:
            continue


def _on_each(name: str, nodes: dict[Node, Connection]) -> Check:
    """Run a check of one server on every node."""
    text = queries("ops/checks.sql")[name]
    found = {node: _run(there, text, name) for node, there in nodes.items()}
    alerts = [Alert(f"{node}: {alert.problem}", alert.remedy) for node, alerts in found.items() for alert in alerts]
    promise = text.partition("\n")[0].removeprefix("-- ").removesuffix(".")
    return Check(f"{promise}, on every node.", alerts, f"cluster_{name}")


def _run(there: Connection, text: str, name: str) -> list[Alert]:
    try:
        return run_check(there, text, name).alerts
    except psycopg.Error as e:
        return [Alert(f"This check failed: {e.diag.message_primary or e}.", "Run: stanchion cluster status")]


def _copies(conn: Connection, nodes: dict[Node, Connection]) -> Check:
    """Check that every node has the same rows of the reference tables. Citus lets one copy change alone."""
    names = [name for name, kind in distributed_tables(conn).items() if kind == "reference"]
    here = {name: _digest(conn, name) for name in names}
    alerts = [
        Alert(
            f"{node}: its copy of {name} differs from that of the coordinator.",
            f"Correct the rows of {name} on the node, with citus.enable_ddl_propagation off.",
        )
        for node, there in nodes.items()
        for name in names
        if _digest(there, name) != here[name]
    ]
    return Check("Every node has the same rows of the reference tables.", alerts, "cluster_copies")


def _digest(there: Connection, name: str) -> Digest:
    return digest(there, value(there, "select to_regclass(%s)::oid::bigint", [name]), name)


def _shards(conn: Connection, nodes: dict[Node, Connection]) -> Check:
    """Check that the tables and shards on every node have the policies and rights of the coordinator."""
    names = {id(there): str(node) for node, there in nodes.items()}
    found: dict[str, list[str]] = {}
    for there, each, problem in unprotected(conn, nodes.values()):
        found.setdefault(names.get(id(there), "the coordinator"), []).append(f"{each.name} {problem}")
    alerts = [
        Alert(f"{node}: {len(each)} tables and shards differ, such as: {each[0]}.", "Run: stanchion deploy")
        for node, each in found.items()
    ]
    return Check("Every shard has the policies and the rights of its table.", alerts, "cluster_shards")
