"""Checks of a cluster: each node answers, has everything that the coordinator has, and nothing was left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack

from stanchion.cluster import rights
from stanchion.cluster.compare import objects_differ
from stanchion.cluster.distribute import distributed_tables, has_local_rows
from stanchion.cluster.nodes import Node, connect_to, has_citus, parse_node, state_of, workers
from stanchion.cluster.plan import Plan, make_plan
from stanchion.deploy import catalog
from stanchion.errors import StanchionError
from stanchion.ops.check import Alert, Check
from stanchion.paths import query
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server

_SHOWN = 5  # names in one message
_COMPLETE = "Run: stanchion deploy"
_RUN = "Run the same stanchion cluster run again."


def examine_nodes(server: Server, conn: Connection) -> list[Check]:
    """Return the checks of the nodes, or one failed check when a command of the cluster stopped half-way."""
    state, shards, names = conn.execute("select state, shards, nodes from core.cluster").fetchone() or ("", 1, [])
    if state_of(conn) != "distributed" or not has_citus(conn):
        command = "undo" if state == "undoing" else "run"
        alert = Alert(f"stanchion cluster {command} stopped half-way.", f"Run: stanchion cluster {command}")
        return [Check("Every command of the cluster was completed", [alert], "cluster_state")]
    plan = make_plan(conn, shards)
    checks = [_tables(conn, plan), _moves(conn)]
    with ExitStack() as stack:
        nodes, lost = _reach(server, conn, stack, [parse_node(name) for name in names])
        checks.append(Check("Every node answers and is active", lost, "cluster_nodes"))
        checks.append(_prepared({Node("coordinator", 0): conn} | nodes))
        wanted = rights.read_roles(conn)
        granted, objects, partitions = rights.read_rights(conn), catalog.read_catalog(conn), _partitions(conn)
        of_node: list[tuple[str, str, str, Callable[[Connection], Iterable[str]]]] = [
            (
                "cluster_roles",
                "Every node has the roles of the coordinator",
                _RUN,
                lambda there: [
                    name for name, _ in rights.missing_roles(wanted, rights.read_roles(there), conn.info.dbname)
                ],
            ),
            ("cluster_settings", "Every node has the settings of the database", _RUN, rights.missing_settings),
            (
                "cluster_sequences",
                "Every node has its sequences, ahead of its rows",
                _COMPLETE,
                lambda there: [
                    *(name for name in plan.sequences if name not in rights.read_sequences(there, plan.sequences)),
                    # reads the shards of every node
                    *(f"{name} is before {last}" for name, last in (() if lost else rights.stale_numbers(conn, there))),
                ],
            ),
            (
                "cluster_rights",
                "Every node has the rights of the coordinator",
                _COMPLETE,
                lambda there: rights.different_rights(granted, rights.read_rights(there)),
            ),
            (
                "cluster_objects",
                "Every node has the objects of the coordinator",
                "Restore the object on the node, or deploy its module again.",
                lambda there: objects_differ(objects, catalog.read_catalog(there), plan),
            ),
            (
                "cluster_partitions",
                "Every node has the partitions of the coordinator",
                "Run on the coordinator: stanchion partitions run",
                lambda there: sorted(partitions ^ _partitions(there)),
            ),
        ]
        for name, promise, remedy, find in of_node:
            alerts = [
                Alert(f"{node}: {_some(found)}.", remedy)
                for node, there in nodes.items()
                if (found := list(find(there)))
            ]
            checks.append(Check(promise, alerts, name))
    return checks


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "; ".join(name.rstrip(".") for name in names[:_SHOWN]) + more


def _reach(
    server: Server, conn: Connection, stack: ExitStack, expected: list[Node]
) -> tuple[dict[Node, Connection], list[Alert]]:
    """Connect to every node; return the connections, and an alert for each node that is missing or inactive."""
    found, alerts, known = dict[Node, Connection](), list[Alert](), workers(conn)
    for node in dict.fromkeys([*expected, *known]):
        if node not in known:
            alerts.append(
                Alert(f"{node} is no longer a node of the cluster.", f"Run: stanchion cluster add-node {node}")
            )
            continue
        try:
            found[node] = stack.enter_context(connect_to(server, node))
        except StanchionError as e:
            alerts.append(Alert(str(e), "Start the node; its tenants cannot work until then."))
    alerts += [
        Alert(
            f"{host}:{port} is not active, so it gets no changes.",
            # activating a node creates its functions again, with rights for everyone
            f"Run: select citus_activate_node('{host}', {port}); then: stanchion deploy",
        )
        for host, port in conn.execute(query("cluster", "inactive_nodes")).fetchall()
    ]
    return found, alerts


def _tables(conn: Connection, plan: Plan) -> Check:
    """Check that each table has the class of the plan, and that the coordinator has no old rows of it."""
    have = distributed_tables(conn)
    alerts = [Alert(f"{name} {problem}.", _COMPLETE) for name, problem in plan.faults]
    for table in plan.tables:
        found = have.get(table.name, "local")
        if table.type and found != table.type:
            alerts.append(Alert(f"{table.name} is {found}, not {table.type}.", _COMPLETE))
        elif found != "local" and has_local_rows(conn, table):
            alerts.append(Alert(f"{table.name} has rows from before its distribution on the coordinator.", _COMPLETE))
    done = {function for (function,) in conn.execute(query("cluster", "distributed_functions")).fetchall()}
    missing = [each.name for each in plan.functions if not each.local_reason and each.function not in done]
    if missing:
        alerts.append(Alert(f"These functions are not distributed: {_some(missing)}.", _COMPLETE))
    return Check("Every table and function is distributed as planned", alerts, "cluster_tables")


def _moves(conn: Connection) -> Check:
    rows = conn.execute(query("cluster", "failed_moves")).fetchall()
    return Check("No move of a shard failed", [Alert(*row) for row in rows], "cluster_moves")


def _prepared(nodes: dict[Node, Connection]) -> Check:
    """Check that no transaction was left prepared: it keeps its locks until it is committed or rolled back."""
    remedy = "Run on the coordinator: select recover_prepared_transactions()"
    alerts = [
        Alert(
            f"{node if node.port else 'the coordinator'} has {count} prepared transactions older than a minute.", remedy
        )
        for node, there in nodes.items()
        if (count := value(there, query("cluster", "left_prepared")))
    ]
    return Check("No transaction was left prepared", alerts, "cluster_prepared")


def _partitions(conn: Connection) -> set[str]:
    return {name for (name,) in conn.execute(query("cluster", "partitions")).fetchall()}
