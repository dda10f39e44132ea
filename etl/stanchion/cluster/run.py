"""`cluster run` and `cluster add-node`: distribute a deployed database over nodes, one resumable step after the other.

Each step looks at the catalog first and does nothing when its work is done, so a run that was interrupted at any step
is repeated from the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import sql

from stanchion.cluster import rights
from stanchion.cluster.distribute import complete_node, distribute
from stanchion.cluster.entry import change_entry
from stanchion.cluster.nodes import Node, alone, connect_to, has_citus, same_session, workers
from stanchion.cluster.plan import ROLES, Plan, make_plan
from stanchion.cluster.positions import forget_transactions
from stanchion.cluster.shards import restore_rights
from stanchion.cluster.steps import Steps, cluster_lock
from stanchion.deploy import catalog
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, require_deployed, value
from stanchion.server.locate import Server

_EXPECTED = re.compile(
    rf"changed: role ({'|'.join(ROLES)}): (no)?login(?P<rest>.*) -> (no)?login(?P=rest)"
    r"|changed: table [\w.]+: (unlogged -> nothing|nothing -> unlogged)"
    r"|changed: function [^:]+: (?P<before>.*plan_cache_mode=)\w+(?P<after>.*) -> (?P=before)\w+(?P=after)"
)


@dataclass(frozen=True)
class Target:
    """The cluster that a database is distributed over."""

    workers: tuple[Node, ...]
    coordinator: Node
    shards: int
    entry: str = "node"  # where the sessions of a tenant connect: at the node of its shards, or at the coordinator


def run(server: Server, conn: Connection, target: Target, report: Report) -> int:
    """Distribute the database over the nodes. Return the number of steps that changed something."""
    require_deployed(conn)
    with cluster_lock(conn, report):
        plan = make_plan(conn, target.shards)
        check(server, conn, plan, target)
        steps = Steps(conn, "run", report)
        _begin(conn, steps, target)
        for node in target.workers:
            _prepare_node(server, conn, steps, node)
        _join(conn, steps, target)
        distribute(server, conn, steps, plan)
        _finish(conn, steps)
        return steps.changed


def add_node(server: Server, conn: Connection, node: Node, report: Report) -> int:
    """Add a node without shards to the cluster. Return the number of steps that changed something."""
    require_deployed(conn)
    with cluster_lock(conn, report):
        found = conn.execute("select state, shards from core.cluster").fetchone()
        if found is None or found[0] != "distributed":
            raise StanchionError("The database is not distributed; run: stanchion cluster run --workers ...")
        plan, steps = make_plan(conn, found[1]), Steps(conn, "add-node", report)
        check_server(server, conn, node)
        _prepare_node(server, conn, steps, node)
        same_session(conn)
        _add(conn, steps, node)
        conn.execute("select replicate_reference_tables('block_writes')")
        with connect_to(server, node) as there:
            complete_node(conn, there, steps, plan, node)
        restore_rights(server, conn)
        return steps.changed


def check(server: Server, conn: Connection, plan: Plan, target: Target) -> None:
    """Refuse what cannot be distributed, before anything is changed."""
    if plan.faults:
        lines = "\n  ".join(f"{name} {problem}" for name, problem in plan.faults)
        raise StanchionError(f"The database cannot be distributed:\n  {lines}")
    if len(set(target.workers)) != len(target.workers) or not target.workers:
        raise StanchionError("Expected --workers host:port,... with at least one address, each of them once.")
    if target.coordinator in target.workers:
        raise StanchionError(f"{target.coordinator} is the coordinator and cannot be one of the --workers.")
    if has_citus(conn) and (others := sorted(set(workers(conn)) - set(target.workers))):
        raise StanchionError(f"The cluster has the node {others[0]}, which --workers does not name.")
    if (running := value(conn, query("cluster", "running_loads"))) and not has_citus(conn):
        raise StanchionError(
            f"{running} loads are running; wait until they have finished, then run this command again."
        )
    problems = [*server_problems(conn, str(target.coordinator))]
    for node in target.workers:
        with connect_to(server, node, "postgres") as there:
            problems += server_problems(there, str(node), conn)
    if problems:
        raise StanchionError("\n".join(problems))


def check_server(server: Server, conn: Connection, node: Node) -> None:
    """Refuse a node whose server cannot be part of the cluster."""
    with connect_to(server, node, "postgres") as there:
        if problems := server_problems(there, str(node), conn):
            raise StanchionError("\n".join(problems))


def server_problems(there: Connection, name: str, coordinator: Connection | None = None) -> list[str]:
    """Return one sentence for each property of a server that a cluster needs otherwise."""
    problems = [f"{name}: {problem}" for (problem,) in there.execute(query("cluster", "server_problems")).fetchall()]
    if coordinator is not None and there.info.server_version != coordinator.info.server_version:
        problems.append(
            f"{name}: is Postgres {there.info.server_version}, and the coordinator is "
            f"{coordinator.info.server_version}; install the same version on every node."
        )
    return problems


def _begin(conn: Connection, steps: Steps, target: Target) -> None:
    """Write the row of core.cluster, or compare it with the target."""
    found = conn.execute("select state, entry, shards, coordinator from core.cluster").fetchone()
    if found is None:
        # the roles may log in already when another database of this server is distributed
        if differences := [line for line in catalog.drift(conn) if not is_expected(line)]:
            raise StanchionError(
                "The database differs from the last deploy:\n  "
                + "\n  ".join(differences)
                + "\nUndo these changes by hand, or run: stanchion deploy --accept-drift"
            )
        with steps.step("state", "distributing"):
            conn.execute(
                "insert into core.cluster (state, entry, shards, coordinator, nodes) "
                "values ('distributing', %s, %s, %s, %s)",
                [target.entry, target.shards, str(target.coordinator), [str(node) for node in target.workers]],
            )
            forget_transactions(conn)
            conn.execute("select core.use_months()")
        return
    state, entry, shards, coordinator = found
    if state == "undoing":
        raise StanchionError("stanchion cluster undo stopped half-way; run it again before a new run.")
    if (shards, coordinator) != (target.shards, str(target.coordinator)):
        raise StanchionError(
            f"The cluster has {shards} shards and the coordinator {coordinator}, not {target.shards} shards and "
            f"{target.coordinator}; give the same values, or run first: stanchion cluster undo"
        )
    if entry != target.entry:
        if state == "distributed":
            change_entry(conn, steps, target.entry, target.coordinator)
            return
        with steps.step("entry", target.entry):
            conn.execute("update core.cluster set entry = %s", [target.entry])


def _prepare_node(server: Server, conn: Connection, steps: Steps, node: Node) -> None:
    """Create the database, the extensions, the roles and the settings of a node."""
    database = conn.info.dbname
    with connect_to(server, node, "postgres") as there:
        if not value(there, "select exists (select from pg_database where datname = %s)", [database]):
            with steps.step("database", str(node)):
                there.execute(_create_database(conn))
    with connect_to(server, node) as there:
        if not has_citus(there):
            if held := value(there, query("cluster", "foreign_objects")):
                raise StanchionError(
                    f"The database {database} on {node} is not empty: it contains {held}. Drop the database, or choose "
                    "another node."
                )
            with steps.step("extension", f"citus on {node}"):
                there.execute("create extension citus")
        have = {name for name, _ in there.execute(query("cluster", "extensions")).fetchall()}
        for name, schema in conn.execute(query("cluster", "extensions")).fetchall():
            if name not in have:
                with steps.step("extension", f"{name} on {node}"):
                    there.execute(
                        sql.SQL("create extension {} schema {}").format(sql.Identifier(name), sql.Identifier(schema))
                    )
        _allow_logins(conn, steps)
        if missing := rights.missing_roles(rights.read_roles(conn), rights.read_roles(there), database):
            with steps.step("roles", str(node)), there.transaction():
                for _, statement in missing:
                    there.execute(statement)
        rights.default_privileges(there)
        if names := rights.missing_settings(there):
            with steps.step("settings", str(node)):
                rights.set_database(there, names)


def _create_database(conn: Connection) -> sql.Composed:
    """Return the statement that creates a database with the name, encoding and locale of this one."""
    row = conn.execute(query("cluster", "database")).fetchone()
    assert row is not None  # noqa: S101 - the database of the connection exists
    return sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}").format(
        sql.Identifier(row[0]), *map(sql.Literal, row[1:])
    )


def _allow_logins(conn: Connection, steps: Steps) -> None:
    """Allow the roles to log in, without a password: a node connects to another one as the role of the statement."""
    names = conn.execute(
        "select rolname from pg_roles where rolname = any(%s) and not rolcanlogin order by 1", [list(ROLES)]
    ).fetchall()
    for (name,) in names:
        with steps.step("login", name):
            conn.execute("set local citus.enable_ddl_propagation = off")
            conn.execute(sql.SQL("alter role {} login").format(sql.Identifier(name)))


def _join(conn: Connection, steps: Steps, target: Target) -> None:
    """Create the extension on the coordinator, and add the nodes to the cluster."""
    if not has_citus(conn):
        with steps.step("extension", "citus"):
            conn.execute("create extension citus")
    if names := rights.missing_settings(conn):
        with steps.step("settings", str(target.coordinator)):
            conn.execute("set local citus.enable_ddl_propagation = off")
            rights.set_database(conn, names)
    same_session(conn)
    here = conn.execute("select nodename, nodeport from pg_dist_node where groupid = 0").fetchone()
    if here != (target.coordinator.host, target.coordinator.port):
        with steps.step("node", str(target.coordinator)):
            conn.execute(
                "select citus_set_coordinator_host(%s, %s)", [target.coordinator.host, target.coordinator.port]
            )
    for node in target.workers:
        _add(conn, steps, node)


def _add(conn: Connection, steps: Steps, node: Node) -> None:
    if node not in workers(conn):
        with steps.step("node", str(node)):
            conn.execute("select citus_add_node(%s, %s)", [node.host, node.port])
    if str(node) not in value(conn, "select nodes from core.cluster"):
        conn.execute("update core.cluster set nodes = array_append(nodes, %s)", [str(node)])


def _finish(conn: Connection, steps: Steps) -> None:
    """Record the catalog of the distributed database, which `verify` compares from now on."""
    if value(conn, "select state from core.cluster") == "distributed":
        return
    unexpected = [line for line in catalog.drift(conn) if not is_expected(line)]
    if unexpected:
        raise StanchionError("The distributed database differs from the last deploy:\n  " + "\n  ".join(unexpected))
    with steps.step("state", "distributed"):
        conn.execute("update core.cluster set state = 'distributed', completed_at = %s", [datetime.now(UTC)])
        alone(conn)
        catalog.record(conn)


def is_expected(difference: str) -> bool:
    """Return whether a difference from the catalog of the last deploy is one that a cluster needs or undo reverses."""
    return bool(_EXPECTED.fullmatch(difference))
