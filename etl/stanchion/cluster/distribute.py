"""Distribute the tables, functions and views that are not yet on the nodes, and complete each node.

`cluster run` calls this, and the deployer at the end of each deploy on a cluster.
"""

from __future__ import annotations

from psycopg import errors, sql

from stanchion.cluster import rights
from stanchion.cluster.digest import digest
from stanchion.cluster.nodes import Node, connect_to, identifier, workers
from stanchion.cluster.plan import Plan, Table
from stanchion.cluster.plan_modes import plan_each_execution
from stanchion.cluster.shards import restore_rights
from stanchion.cluster.steps import Steps
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.server.connection import Connection, value
from stanchion.server.locate import Server


def distribute(server: Server, conn: Connection, steps: Steps, plan: Plan) -> None:
    """Distribute everything of the plan that is not yet distributed."""
    _make_logged(conn, steps, plan)
    conn.execute(sql.SQL("set citus.shard_count = {}").format(plan.shards))
    done = distributed_tables(conn)
    first = next((table.name for table in plan.of("distributed") if table.name in done), None)
    for table in plan.of("reference"):
        if table.name not in done:
            _distribute_table(conn, steps, table, "select create_reference_table(%s)", [table.name])
    for table in plan.of("distributed"):
        if table.name not in done:
            create = "select create_distributed_table(%s, 'tenant_id', colocate_with => %s)"
            _distribute_table(conn, steps, table, create, [table.name, first or "none"])
        first = first or table.name
    for table in [*plan.of("reference"), *plan.of("distributed")]:
        if has_local_rows(conn, table):
            with steps.step("truncate", table.name):
                conn.execute("select truncate_local_data_after_distributing_table(%s)", [table.name])
    plan_each_execution(conn, steps)
    _distribute_functions(conn, steps, plan)
    _distribute_views(conn, steps)
    for node in workers(conn):
        with connect_to(server, node) as there:
            complete_node(conn, there, steps, plan, node)
    restore_rights(server, conn)


def distributed_tables(conn: Connection) -> dict[str, str]:
    """Return the tables that Citus knows with their class, partitions excluded."""
    return dict(conn.execute(query("cluster", "citus_tables")).fetchall())


def has_local_rows(conn: Connection, table: Table) -> bool:
    """Return whether the coordinator still has the rows that were copied to the nodes: its own files are not empty."""
    return bool(value(conn, query("cluster", "local_bytes"), {"relation": table.relation}))


def _make_logged(conn: Connection, steps: Steps, plan: Plan) -> None:
    """Write the unlogged tables to the log: Citus moves shards by logical replication, which unlogged tables lack."""
    for table in plan.tables:
        if table.is_unlogged and table.type in ("distributed", "reference"):
            with steps.step("logged", table.name):
                conn.execute(sql.SQL("alter table {} set logged").format(identifier(table.name)))


def _distribute_table(conn: Connection, steps: Steps, table: Table, statement: str, parameters: list[str]) -> None:
    with steps.step(table.type or "", table.name) as found:
        conn.execute(sql.SQL("lock table {} in share row exclusive mode").format(identifier(table.name)))
        before = digest(conn, table.relation, table.name)
        try:
            conn.execute(statement, parameters)
        except errors.Error as e:
            detail = f" {e.diag.message_detail}" if e.diag.message_detail else ""
            raise StanchionError(f"{table.name} cannot be distributed: {e.diag.message_primary}.{detail}") from e
        found["digest"] = after = digest(conn, table.relation, table.name)
        if before != after:
            raise StanchionError(f"{table.name} has {before} here and {after} on the nodes; it was left as it was.")


def _distribute_functions(conn: Connection, steps: Steps, plan: Plan) -> None:
    """Distribute the functions, after the tables whose row types they use."""
    done = _known_objects(conn, "pg_proc")
    for function in plan.functions:
        if not function.local_reason and function.function not in done:
            with steps.step("function", function.name):
                conn.execute("select create_distributed_function(%s)", [function.signature])


def _distribute_views(conn: Connection, steps: Steps) -> None:
    """Create the views on every node, by replacing each one with itself: Citus repeats that on the nodes."""
    done = _known_objects(conn, "pg_class")
    for relation, name, statement, local_reason in conn.execute(query("cluster", "views")).fetchall():
        if relation not in done and not local_reason:
            with steps.step("view", name):
                conn.execute("set local role stanchion_owner")
                conn.execute(statement)
                conn.execute("reset role")


def _known_objects(conn: Connection, catalog: str) -> set[int]:
    rows = conn.execute("select objid::bigint from pg_dist_object where classid = %s::regclass", [catalog]).fetchall()
    return {object_id for (object_id,) in rows}


def complete_node(conn: Connection, there: Connection, steps: Steps, plan: Plan, node: Node) -> None:
    """Give a node the sequences that it has on its own, and the rights of the coordinator on every object it has."""
    have = rights.read_sequences(there, plan.sequences)
    for name, properties in rights.read_sequences(conn, plan.sequences).items():
        if name not in have:
            with steps.step("sequence", f"{name} on {node}"), there.transaction():
                rights.create_sequence(there, name, properties)
    for name, last in rights.stale_numbers(conn, there):
        with steps.step("numbers", f"{name} on {node}"):
            there.execute("select setval(%s, %s)", [name, last])
    if value(conn, query("cluster", "is_restricted")) and not value(there, query("cluster", "is_restricted")):
        with steps.step("restrict", str(node)):
            there.execute("select core.restrict_server()")
    if statements := rights.different_rights(rights.read_rights(conn), rights.read_rights(there)):
        with steps.step("rights", str(node)), there.transaction():
            for statement in statements:
                there.execute(statement.encode())
